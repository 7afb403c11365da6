"""The wire of the auditor's private trace (`gala.edge.trace`). As `gala.protocol`."""

import msgspec

from gala.protocol import Message


class TraceBurst(Message):
    """A network that asked for much in one minute: numbers it was given, and how often it was told to wait.

    `network`: a tag by which it can be recognised, and not named.
    """

    network: str
    numbers: int = 0
    held_up: int = 0


class TraceMinute(Message):
    """A minute of the evening, in gala time. Timings are samples, ascending, in ms."""

    at_ms: int
    numbers: int = 0  # given out
    accounts: int = 0  # of these to accounts of the host app
    refused: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)  # by reason and channel
    bursts: list[TraceBurst] = msgspec.field(default_factory=list)
    entering_ms: list[int] = msgspec.field(default_factory=list)  # from a connection to its `enter`
    playing_ms: list[int] = msgspec.field(default_factory=list)  # from a round's opening there to a play


class Trace(Message):
    """``GET /api/trace``, for an auditor alone: the newest minute first. It is in no bundle."""

    minutes: list[TraceMinute] = msgspec.field(default_factory=list)
