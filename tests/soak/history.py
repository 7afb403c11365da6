"""What phones did and what they were told, as it happened; and the boxes as they were in the end.

A history is JSON lines, one an attempt, in no particular order; the boxes are one JSON file. Nothing in them
comes from what an edge remembers: `check` reads these two files and the rules of the games.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from gala.rundown import Rundown
from games import GAMES
from games.game import AnyOpened, open_round
from voting.box import PAGE, Box

NONE = "none"
"""The status of an attempt that nobody answered: the line went down, or the phone stopped waiting."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One play, once over the wire. Instants are milliseconds of one clock, the same for the whole history.

    status: `counted`, `already`, `refused` or `retry` as it was answered, or `none`. mine: what the answer
    said the viewer has, ``{"seq": …, "has": {…}}``. heard_ms: when it was answered, or given up.
    """

    viewer: str
    number: int
    round: str
    seq: int
    move: dict[str, Any]
    sent_ms: float
    heard_ms: float
    status: str = NONE
    reason: str = ""
    mine: dict[str, Any] | None = None

    @property
    def acked_seq(self) -> int:
        """The seq that this answer says is in the slot, or has been surpassed there; 0: it says nothing."""
        if self.mine is not None and self.status in ("counted", "already"):
            # a final ballot, or a greater total, answers a later play with what stands: an earlier seq
            return int(self.mine["seq"])
        return self.seq if self.status == "counted" else 0


class BoxFound(msgspec.Struct, frozen=True, kw_only=True):
    """One round in the end: its pages' slots, and its counters of all pages added up.

    settings: the game's, as plain values. counters: zeros may be left out.
    """

    round: str
    game: str
    settings: dict[str, Any]
    pages: list[bytes]
    counters: dict[str, int]

    def opened(self) -> AnyOpened:
        """The round's rules. Its seed is not known here, so a game's secrets are not these."""
        game = GAMES[self.game]
        return open_round(game, game.read_settings(self.settings), bytes(32))

    def slots(self, width: int) -> Iterable[tuple[int, bytes]]:
        """(number, slot) of everyone who has one."""
        for page, content in enumerate(self.pages):
            for ordinal in range(len(content) // width):
                slot = content[ordinal * width : (ordinal + 1) * width]
                if any(slot):
                    yield page * PAGE + ordinal, slot


def write(path: Path, attempts: Iterable[Attempt]) -> None:
    """A history as a file."""
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.writelines(encode(attempt) + b"\n" for attempt in attempts)


def read(path: Path) -> list[Attempt]:
    """A history from a file; msgspec.ValidationError when it is none."""
    decode = msgspec.json.Decoder(Attempt).decode
    return [decode(line) for line in path.read_bytes().splitlines() if line]


def write_boxes(path: Path, boxes: Sequence[BoxFound]) -> None:
    """The boxes as a file."""
    path.write_bytes(msgspec.json.encode(boxes))


def read_boxes(path: Path) -> list[BoxFound]:
    """The boxes from a file; msgspec.ValidationError when it is none."""
    return msgspec.json.decode(path.read_bytes(), type=list[BoxFound])


async def boxes_of(redis: Redis, rundown: Rundown, rounds: Iterable[str], pages: int = 1) -> list[BoxFound]:
    """These rounds' boxes as they are in the store now; each page's slots and counters of one instant.

    pages: how many pages may be in use.
    """
    found: list[BoxFound] = []
    for round_id in rounds:
        game = rundown.segment(round_id.split("/")[1]).game
        assert game is not None, f"{round_id} is no round of a game"
        layout = open_round(GAMES[game.name], game.settings, bytes(32)).layout
        box = Box(redis, round_id, layout.width)
        slots: list[bytes] = []
        counters: dict[str, int] = {}
        for page in range(pages):
            content, beside = await box.whole(page)
            slots.append(content)
            for name, value in beside.items():
                counters[name] = counters.get(name, 0) + value
        found.append(
            BoxFound(
                round=round_id,
                game=game.name,
                settings=msgspec.to_builtins(game.settings),
                pages=slots,
                counters=counters,
            )
        )
    return found
