"""What must be so after an evening, whatever went wrong in it.

Only what phones, tills and directors did and were told, the log, the boxes, the published bundle, and what
the gods of this world saw (when an entry was really written) are looked at; nothing a role remembers but how
far it has read.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from gala.rundown import Rundown
from gala.show.state import State
from gala.store.log import Entry
from gala.timekeeping import OFF_MS
from rewards.evidence.checks import Check
from rewards.money.vouchers import Voucher
from tests.sim.phones import Crowd, Heard
from tests.soak.check import check as check_history
from tests.soak.history import NONE, Attempt, BoxFound

EARLY_MS = (
    OFF_MS + 15
)  # how far an edge's clock may be off and nobody has to notice; and its drift in a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is left of an evening when all is over. appended_ms: by version. versions: the newest entry's
    digest that each role has read. equations: those that did not hold whenever the books were told."""

    rundown: Rundown
    log: Sequence[Entry]
    state: State
    crowd: Crowd
    boxes: Sequence[BoxFound]
    appended_ms: dict[int, int]
    read: dict[str, str]
    stumbles: Sequence[str]
    equations: Sequence[str]
    pressed: dict[str, dict[str, Any]]
    till: Sequence[tuple[str, str, str]]
    vouchers: dict[int, Sequence[Voucher]]
    audit: Sequence[Check]
    bundle: Path
    fired: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.log:
            if entry.cue["cue"] in ("go", "fire"):
                self.fired.setdefault(entry.cue["target"], entry)


def faults(found: Remains) -> list[str]:
    """All that is not as it must be, in words; each begins with the law that is broken."""
    laws = {
        "no role fails": found.stumbles,
        "nobody is told what is false": found.crowd.wrong,
        "receipts are in boxes that count each once": check_history(list(_told(found)), found.boxes).faults,
        "recount = counters": _counters(found),
        "nothing counts after its lock": _after_the_lock(found),
        "nothing is told before its time": (
            fault for heard in found.crowd.heard for fault in _early(found, heard)
        ),
        "one history for all": _history(found),
        "the same view at the same step": _views(found),
        "each button is done once": _buttons(found),
        "each winner has one voucher": _vouchers(found),
        "the budget's equations hold at every step": found.equations,
        "what a till was told is in the ledger once": _tills(found),
        "the bundle verifies": (str(one) for one in found.audit if not one.ok),
    }
    return [f"{law}: {fault}" for law, broken in laws.items() for fault in broken]


def _told(found: Remains) -> Iterator[Attempt]:
    """The attempts as the history's checker takes them, for which *too late* is final.

    It is, once the gates are shut. Before, it speaks of the message it answers: the same play, sent over
    another line that the phone has given up, or from another tab whose clock is right, may count.
    """
    shut_ms = _shut_ms(found)
    sent = Counter((one.number, one.round, one.seq) for one in found.crowd.attempts)
    for attempt in found.crowd.attempts:
        again = sent[attempt.number, attempt.round, attempt.seq] > 1
        late = attempt.reason in ("locked", "sealed")
        if again and late and attempt.heard_ms <= shut_ms.get(attempt.round, attempt.heard_ms):
            yield replace(attempt, status=NONE, reason="")
        else:
            yield attempt


def _shut_ms(found: Remains) -> dict[str, int]:
    """When it was written of each round that its gates are shut."""
    return {
        entry.cue["target"]: found.appended_ms[entry.version]
        for entry in found.log
        if entry.cue["cue"] == "locked"
    }


def _counters(found: Remains) -> Iterator[str]:
    """Locked, sealed and final counters are the same, and the fold of the slots."""
    locked = {
        entry.cue["target"]: entry.cue["counters"] for entry in found.log if entry.cue["cue"] == "locked"
    }
    sealed = {entry.cue["target"]: entry.cue for entry in found.log if entry.cue["cue"] == "sealed"}
    for box in found.boxes:
        counters = {name: value for name, value in box.counters.items() if value}
        round_ = found.state.rounds[box.round]
        if locked.get(box.round) != counters and not round_.void:
            yield f"{box.round}: locked with {locked.get(box.round)}, in the end there are {counters}"
        if not round_.void and (box.round not in sealed or not sealed[box.round]["equal"]):
            yield f"{box.round}: sealed as {sealed.get(box.round)}"


def _after_the_lock(found: Remains) -> Iterator[str]:
    """A play that counts was sent before all its round's gates were said to be shut."""
    shut_ms = _shut_ms(found)
    for attempt in found.crowd.attempts:
        if attempt.status == "counted" and attempt.sent_ms > shut_ms.get(attempt.round, attempt.sent_ms):
            late_ms = attempt.sent_ms - shut_ms[attempt.round]
            yield f"{attempt.round} number {attempt.number} seq {attempt.seq} was sent {late_ms} ms after it"


# ---------------------------------------------------------------- what phones were told


def _early(found: Remains, heard: Heard) -> Iterator[str]:
    """What this message tells was in the hall long enough ago for whoever watches so far behind it."""
    if heard.wrong_clock:
        return  # its edge has a moment to find out; what it decides meanwhile, gates keep
    seen_ms = heard.at_ms - heard.delay_ms + EARLY_MS

    def check(what: str, at_ms: int | None) -> Iterator[str]:
        if at_ms is None or at_ms > seen_ms:
            yield f"{heard.edge} told {what} of {at_ms} at {heard.at_ms}, {heard.delay_ms} ms behind the hall"

    content = heard.content or {}
    show = content if heard.event == "show" else content.get("show", {})
    mine = content if heard.event == "mine" else content.get("mine", {})
    if show:
        if show["version"]:
            yield from check(f"version {show['version']}", found.log[show["version"] - 1].at_ms)
        round_, drawing = show.get("round") or {}, show.get("draw") or {}
        if round_.get("result"):
            yield from check(
                f"the result of {round_['id']}", _done_ms(found, round_["id"].split("/")[1], "reveal")
            )
        if drawing.get("winners"):
            yield from check("winners", _announced_ms(found, drawing["draw"]))
    for round_id, has in mine.get("rounds", {}).items():
        if has.get("entries"):
            yield from check(f"entries of {round_id}", _done_ms(found, round_id.split("/")[1], "reveal"))
    for voucher in mine.get("vouchers", ()):
        yield from check("a voucher", _announced_ms(found, voucher["draw"]))
    for standing in mine.get("draws", ()):
        yield from check("a standing", _announced_ms(found, standing["draw"]))
    if heard.event == "tally":
        yield from check(f"a board of {content['round']}", content["seq"])
        if found.state.rounds[content["round"]].timing == "predict":
            yield from check(
                "a prediction's board", _done_ms(found, content["round"].split("/")[1], "reveal")
            )


def _done_ms(found: Remains, segment: str, act: str) -> int | None:
    entry = found.fired.get(f"{segment}.{act}")
    return None if entry is None else entry.at_ms


def _announced_ms(found: Remains, draw: int) -> int | None:
    segment = next(s.id for s in found.rundown.segments for d in s.draws if d.number == draw)
    return _done_ms(found, segment, "announce")


def _views(found: Remains) -> Iterator[str]:
    """Whichever edge tells it: who is as far behind the hall on the same channel is told the same."""
    told: dict[tuple[Any, ...], Any] = {}
    for heard in found.crowd.heard:
        if heard.event == "show":
            # a round's generation counts its re-timings before they are in sight
            show = heard.content | {"round": (heard.content.get("round") or {}) | {"generation": 0}}
            key = heard.channel, show.get("delay_ms", 0), show["epoch"], show["step"]
            before = told.setdefault(key, show)
            if before != show:
                yield f"{key}: {before} and {show}"


# ---------------------------------------------------------------- the log, the money


def _history(found: Remains) -> Iterator[str]:
    head = found.log[-1].digest
    for name, digest in found.read.items():
        if digest != head:
            yield f"{name} has read to {digest[:8]}, the log is at {head[:8]}"


def _buttons(found: Remains) -> Iterator[str]:
    times = Counter(entry.id for entry in found.log)
    for name, count in times.items():
        if count > 1:
            yield f"{name} is {count} times in the log"
    for entry in found.log:
        if entry.id.startswith("crew/") and entry.cue != found.pressed.get(entry.id):
            yield f"{entry.id} is {entry.cue}, pressed was {found.pressed.get(entry.id)}"


def _vouchers(found: Remains) -> Iterator[str]:
    """As many as the log says there are winners, each prize once, and nobody above the cap."""
    for number, drawing in found.state.draws.items():
        held = found.vouchers.get(number, ())
        if drawing.winners != len(held):
            yield f"draw {number}: {drawing.winners} winners, {len(held)} vouchers"
        for prize, count in Counter((one.tier, one.prize) for one in held if not one.alternate).items():
            if count > 1:
                yield f"draw {number}: prize {prize} has {count} vouchers"
        for viewer, count in Counter(one.number for one in held).items():
            if count > 1:
                yield f"draw {number}: number {viewer} has {count} vouchers"
    issued = {one.id.hex(): one.number for held in found.vouchers.values() for one in held}
    for voucher, numbers in found.crowd.owners.items():
        if numbers != {issued.get(voucher)}:
            yield f"voucher {voucher} is {issued.get(voucher)}'s and was shown to {numbers}"


def _tills(found: Remains) -> Iterator[str]:
    """Each key that was told `done` is one row, and there is no row that no key asked for."""
    with (found.bundle / "ledger.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    spent: dict[str, set[str]] = defaultdict(set)
    for key, act, _ in found.till:
        spent[act].add(key)
    for act in ("redeem", "rollback"):
        count = sum(row["kind"] == act for row in rows)
        if count != len(spent[act]):
            yield f"{len(spent[act])} keys were told that {act} is done, the ledger has {count}"
    claimed = sum(row["kind"] == "claim" for row in rows)
    if claimed < len(found.crowd.claimed):
        yield f"{len(found.crowd.claimed)} vouchers were claimed, the ledger has {claimed}"
