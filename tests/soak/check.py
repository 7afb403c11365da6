"""The offline checker: ``python -m tests.soak.check HISTORY BOXES``. Exit 1: something does not hold.

From a history and the boxes alone it shows that acknowledged ⊆ counted ⊆ sent:

- *lost*: an acknowledged play that is in no slot, neither itself nor a later one of that viewer's; or a slot
  that holds something else than what was acknowledged under its seq;
- *invented*: a slot that nobody's plays explain: its seq was not sent, or was only ever refused, or the moves
  sent do not make it;
- *doubled*: counters that are not the fold of the slots, a viewer with two slots in a round, a number that
  two viewers hold;
- *went back*: an answer that knows less than an earlier answer to the same number had told.

A play is one (number, round, seq), however often it was sent. An attempt that was not answered, or answered
with `retry`, may count or not; both are right.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from games.game import AnyOpened
from tests.soak.history import Attempt, BoxFound, read, read_boxes
from voting.ballot import ballot
from voting.recount import recount

Values = Mapping[str, int]
SHOWN_MAX = 20  # of each kind of fault in words


class Verdict(msgspec.Struct, kw_only=True):
    """What a history and its boxes say of each other. `sent` and `acked` are plays, `counted` slots."""

    sent: int = 0
    acked: int = 0
    counted: int = 0
    attempts: int = 0
    lost: list[str] = []
    doubled: list[str] = []
    invented: list[str] = []
    went_back: list[str] = []

    @property
    def faults(self) -> list[str]:
        """All that does not hold, in words."""
        kinds = {
            "lost": self.lost,
            "doubled": self.doubled,
            "invented": self.invented,
            "went back": self.went_back,
        }
        return [f"{kind}: {fault}" for kind, found in kinds.items() for fault in found]


# ---------------------------------------------------------------- do these moves make this slot?


def _ballot_sent(opened: AnyOpened, slot: Values, moves: Mapping[int, Sequence[Attempt]]) -> bool:
    """A poll's slot is the ballot sent under its seq."""
    round_, settings = opened.round, opened.settings
    return any(
        body is not None and all(slot[name] == value for name, value in body.items())
        for attempt in moves[slot["seq"]]
        for body in [ballot(attempt.move["choices"], round_.place_of, settings.allowance)]
    )


def _taps_sent(opened: AnyOpened, slot: Values, moves: Mapping[int, Sequence[Attempt]]) -> bool:
    """A boost's slot never has more taps than were sent for its star, up to its seq."""
    star = opened.round.ids[slot["star"] - 1] if slot["star"] else ""
    totals = (
        attempt.move["total"]
        for seq, attempts in moves.items()
        if seq <= slot["seq"]
        for attempt in attempts
        if attempt.move["for"] == star
    )
    return slot["total"] <= max(totals, default=0)


def _hits_sent(_opened: AnyOpened, slot: Values, moves: Mapping[int, Sequence[Attempt]]) -> bool:
    """Every mascot a slot has was among the hits sent, up to its seq."""
    told = 0
    for seq, attempts in moves.items():
        if seq <= slot["seq"]:
            for attempt in attempts:
                for mole, _at_ms in attempt.move["hits"]:
                    told |= 1 << mole
    return not slot["hits"] & ~told


def _grab_sent(_opened: AnyOpened, slot: Values, moves: Mapping[int, Sequence[Attempt]]) -> bool:
    """An envelope in a slot was caught by a play up to its seq."""
    return not slot["grabbed"] or any(seq <= slot["seq"] for seq in moves)


EXPLAINS: dict[str, Callable[[AnyOpened, Values, Mapping[int, Sequence[Attempt]]], bool]] = {
    "poll": _ballot_sent,
    "boost": _taps_sent,
    "whack": _hits_sent,
    "rain": _grab_sent,
}


# ---------------------------------------------------------------- the check


def check(attempts: Iterable[Attempt], boxes: Sequence[BoxFound]) -> Verdict:
    """Holds a history against the boxes. A round that is played and has no box has lost everything."""
    by_round: dict[str, dict[int, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
    viewers: dict[int, str] = {}
    verdict = Verdict()
    for attempt in attempts:
        verdict.attempts += 1
        by_round[attempt.round][attempt.number].append(attempt)
        other = viewers.setdefault(attempt.number, attempt.viewer)
        if other != attempt.viewer:
            verdict.doubled.append(f"number {attempt.number} is {other}'s and {attempt.viewer}'s")
    found = {box.round: box for box in boxes}
    for round_id in sorted({*found, *by_round}):
        box = found.get(round_id)
        if box is None:
            verdict.lost.append(f"{round_id} has no box")
        else:
            _check_round(box, by_round[round_id], viewers, verdict)
    return verdict


def _check_round(
    box: BoxFound, played: Mapping[int, Sequence[Attempt]], viewers: Mapping[int, str], verdict: Verdict
) -> None:
    opened = box.opened()
    layout = opened.layout
    slots = {number: layout.unpack(slot) for number, slot in box.slots(layout.width)}
    verdict.counted += len(slots)

    fold = recount(layout, opened.tally.counts, box.pages)
    for name in sorted({*fold, *box.counters}):
        has, should = box.counters.get(name, 0), fold.get(name, 0)
        if has != should:
            verdict.doubled.append(f"{box.round}: counter {name} is {has}, the slots make {should}")
    owners: dict[str, int] = {}
    for number in slots:
        viewer = viewers.get(number, f"nobody of {number}")
        if viewer in owners:
            verdict.doubled.append(f"{box.round}: {viewer} has the slots {owners[viewer]} and {number}")
        owners[viewer] = number

    explains = EXPLAINS[box.game]
    for number in sorted({*slots, *played}):
        moves: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in played.get(number, ()):
            moves[attempt.seq].append(attempt)
        verdict.sent += len(moves)
        acked = [attempt for attempt in played.get(number, ()) if attempt.acked_seq]
        verdict.acked += len({attempt.seq for attempt in acked})
        slot, who = slots.get(number), f"{box.round} number {number}"
        _check_acked(who, slot, acked, verdict)
        if slot is not None:
            seq = slot["seq"]
            if seq not in moves:
                verdict.invented.append(f"{who}: its slot has seq {seq}, which was never sent")
            elif all(attempt.status == "refused" for attempt in moves[seq]):
                verdict.invented.append(f"{who}: seq {seq} was refused and counts")
            elif any(attempt.reason in ("locked", "sealed") for attempt in moves[seq]):
                verdict.invented.append(f"{who}: seq {seq} came too late, as its viewer was told, and counts")
            elif not explains(opened, slot, moves):
                verdict.invented.append(f"{who}: the moves sent do not make {dict(slot)}")
            else:
                _check_told(who, opened, slot, acked, verdict)
        _check_order(who, played.get(number, ()), verdict)


def _check_acked(who: str, slot: Values | None, acked: Sequence[Attempt], verdict: Verdict) -> None:
    newest = max((attempt.acked_seq for attempt in acked), default=0)
    seq = 0 if slot is None else slot["seq"]
    if newest > seq:
        verdict.lost.append(f"{who}: seq {newest} was acknowledged, its slot has {seq or 'nothing'}")


def _check_told(
    who: str, opened: AnyOpened, slot: Values, acked: Sequence[Attempt], verdict: Verdict
) -> None:
    """Whoever was told what stands under the slot's seq was told just this."""
    mine = opened.mine_of(slot)
    assert mine is not None, "a slot that is not empty"
    has = {name: value for name, value in mine.items() if name != "seq"}
    for attempt in acked:
        if attempt.mine is not None and attempt.mine["seq"] == slot["seq"] and attempt.mine["has"] != has:
            verdict.lost.append(
                f"{who}: {attempt.mine['has']} was acknowledged under seq {slot['seq']}, its slot says {has}"
            )
            return


def _check_order(who: str, played: Sequence[Attempt], verdict: Verdict) -> None:
    """An answer to what was sent after another answer had come knows at least as much."""
    heard = sorted((attempt for attempt in played if attempt.acked_seq), key=lambda attempt: attempt.heard_ms)
    known, place = 0, 0
    for attempt in sorted(played, key=lambda attempt: attempt.sent_ms):
        while place < len(heard) and heard[place].heard_ms < attempt.sent_ms:
            known = max(known, heard[place].acked_seq)
            place += 1
        told = attempt.mine["seq"] if attempt.mine is not None else 0
        if attempt.status in ("counted", "already") and told < known:
            verdict.went_back.append(f"{who}: seq {known} was acknowledged, and then {told}")
            return


def main(arguments: Sequence[str]) -> int:
    """The command."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m tests.soak.check HISTORY BOXES\n")
        return 2
    try:
        verdict = check(read(Path(arguments[0])), read_boxes(Path(arguments[1])))
    except (OSError, msgspec.MsgspecError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    faults = verdict.faults
    for fault in faults[:SHOWN_MAX]:
        sys.stdout.write(f"{fault}\n")
    if len(faults) > SHOWN_MAX:
        sys.stdout.write(f"and {len(faults) - SHOWN_MAX} more\n")
    sys.stdout.write(
        f"{verdict.sent} plays sent in {verdict.attempts} attempts, {verdict.acked} acknowledged, "
        f"{verdict.counted} slots: {'NOT EXACT' if faults else 'exact'}\n"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
