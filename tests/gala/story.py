"""An evening written out by hand: a log in memory, entered through the same door as the real one."""

from pathlib import Path
from typing import Any

from gala.rundown import Rundown
from gala.rundown.file import load
from gala.show.reasons import Reason
from gala.show.refusals import due, refusal
from gala.show.state import Round, State
from gala.store.log import Entry
from gala.view import History

SHORT = load(Path("tests/gala/polls.toml"))
GALA_2019 = load(Path("gala/rundowns/countdown-gala-2019.toml"))

TETRIS = "short/tetris/1"
SONG = "short/last-song/1"


def entry_of(version: int, at_ms: int, cue: dict[str, Any], by: str = "director Mei") -> Entry:
    """An entry as the fold reads it; its digest is its number."""
    return Entry(
        version=version, id=f"{version}", at_ms=at_ms, by=by, cue=cue, prev="", digest=f"{version:064x}"
    )


class Story:
    """A log and its clock. `do` is what `Follower.call` does, without a store."""

    def __init__(self, rundown: Rundown = SHORT, *, begun: bool = True) -> None:
        self.rundown = rundown
        self.history = History(rundown)
        self.at_ms = rundown.starts_at_ms
        if begun:
            begin = {"cue": "begin", "epoch": "e", "rundown": rundown.digest, "rehearsal": True}
            assert self.do(begin) is None

    @property
    def state(self) -> State:
        return self.history.head

    @property
    def log(self) -> list[Entry]:
        return [entry for entry in self.history.entries if isinstance(entry, Entry)]

    def round(self, name: str) -> Round:
        return self.state.rounds[name]

    def do(self, cue: dict[str, Any], *, by: str = "director Mei") -> Reason | None:
        """Appends the cue now, or says why not."""
        reason = refusal(self.rundown, self.state, cue, self.at_ms)
        if reason is None:
            self.history.add(entry_of(self.state.version + 1, self.at_ms, cue, by))
        return reason

    def must(self, kind: str, **more: Any) -> None:
        assert self.do({"cue": kind, **more}) is None, (kind, more)

    def go(self, target: str, **more: Any) -> Reason | None:
        """Arms a cue and presses GO."""
        self.do({"cue": "standby", "target": target})
        return self.do({"cue": "go", "target": target, **more})

    def wait(self, seconds: float) -> None:
        """Lets time pass; timed cues are done at their very instants."""
        until_ms = self.at_ms + int(seconds * 1000)
        while found := due(self.rundown, self.state, until_ms):
            name, due_at_ms = found[0]
            self.at_ms = max(self.at_ms, due_at_ms)
            self.must("fire", target=name)
        self.at_ms = until_ms

    def shut(self, name: str, voters: int = 0) -> None:
        """What the conductor says once every gate is shut."""
        counters = {"voters": voters} if voters else {}
        self.must("locked", target=name, pages=1, counters=counters, tally={"voters": voters})

    def seal(self, name: str) -> None:
        """What the notary says once the box is recounted."""
        self.must("sealed", target=name, equal=True, plays=0, sha256="", recount={}, numbers=0)

    def freeze(self, draw: int) -> None:
        """What the notary says once the roster is fixed."""
        self.must(
            "frozen", draw=draw, root="00", entrants=3, tickets=3, beacon_round=9, beacon_at_ms=self.at_ms
        )


def locked_tetris() -> Story:
    """The short evening up to the lock of its first round, every gate shut."""
    story = Story()
    assert story.go("tetris.start") is None
    story.wait(30)
    story.shut(TETRIS, voters=3)
    return story
