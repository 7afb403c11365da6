"""How an edge says it is doing."""

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How one edge is doing: ``edges:{SHOW}``, field its name, msgpack; absolute. Times are real ms."""

    phones: int
    ack_p50_ms: float
    ack_p99_ms: float
    plays_per_s: float
    seen_at_ms: int
    refused: dict[str, dict[str, int]]  # by round and reason
    channels: dict[str, int] = msgspec.field(default_factory=dict)  # phones on each
