"""The wire at the door: the line before a full hall, and when to come back after a lost line."""

from gala.protocol import Message


class Queue(Message):
    """The hall is full: `place` in the line, and how long it takes until then. ``slot`` keeps the place: it
    is said in the next CONNECT (`Auth.slot`), by whichever tab, to whichever process."""

    place: int
    wait_ms: int
    slot: str


class Refusal(Message):
    """A refused CONNECT. Its `queue` goes with the reason ``queue``."""

    reason: str
    retry_after_ms: int = 0
    queue: Queue | None = None


class Back(Message):
    """If the line is lost, come back at a moment of your own within this time: as long as it takes to let
    everybody in who is here. Also in `Welcome`; told anew when it has become twice or half as long."""

    within_ms: int


class Drain(Message):
    """A planned restart: connect again, each phone at a moment of its own within this time."""

    within_ms: int
