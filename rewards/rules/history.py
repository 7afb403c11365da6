"""The log read from its beginning: which rounds and draws there are, how far each has come.

A pure fold of the leaves. `apply` refuses a leaf that may not follow, with a sentence that names it; the
register asks it before it writes, the auditor while reading, so both keep the same rules:

- the first leaf opens the evening; draws are numbered without a gap; each leaf has one key, once
- a draw is specified before any round that gives tickets in it opens, with the very rules it opens under
- open, lock, settle, seal come in this order; a rerun names a round that stands before it; a void round
  gives nothing
- of a box that is not sealed yet a part may be, of some channels, once the round is locked
- the roster names every counting round, sealed, or the part of it that its spec promised to draw from apart;
  all parties have committed before it
- a reveal fits its commitment; `reveals-closed` lists every party and chooses the first reserve round
  at least 30 s later; one result follows it
- a draw ends in its result or is void; after that only its fixed dates and its close-out follow
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rewards.arithmetic import beacon, slots
from rewards.log import shapes
from rewards.rules import boxes, chains, leaves, parts
from rewards.rules.leaves import Leaf


class BrokenHistory(ValueError):
    """A leaf that may not follow those before it."""


@dataclass(slots=True)
class Stages:
    """The leaves of one subject so far: stage -> (index in the log, leaf)."""

    at: dict[str, tuple[int, Leaf]] = field(default_factory=dict)

    def __contains__(self, stage: str) -> bool:
        return stage in self.at

    def __getitem__(self, stage: str) -> Leaf:
        return self.at[stage][1]

    def index(self, stage: str) -> int:
        return self.at[stage][0]

    def parts(self) -> list[Leaf]:
        """Of a round: the parts of its box that were sealed before it."""
        return [leaf for _, leaf in self.at.values() if leaf["schema"] == "gala/part/1"]


@dataclass(slots=True)
class Draw:
    """A draw: its stages (`spec roster reveals-closed result void close-out`), commitments and reveals by
    party, and the `alternate` leaf of each date so far, with its index."""

    stages: Stages = field(default_factory=Stages)
    commits: dict[str, str] = field(default_factory=dict)
    reveals: dict[str, str] = field(default_factory=dict)
    dates: list[tuple[int, Leaf]] = field(default_factory=list)

    @property
    def spec(self) -> Leaf:
        return self.stages["spec"]

    @property
    def ended(self) -> bool:
        """Whether it has its result, or is void."""
        return "result" in self.stages or "void" in self.stages

    @property
    def chain(self) -> beacon.Chain:
        return beacon.Chain.from_json(self.spec["beacon"])

    @property
    def decided_at_ms(self) -> int:
        """When the beacon speaks that decides it: the chosen round, or the last that could be chosen."""
        closed = "reveals-closed" in self.stages
        chosen = self.stages["reveals-closed"]["beacon_round"] if closed else self.spec["reserve_rounds"][-1]
        return self.chain.time_ms(chosen)


@dataclass(slots=True)
class History:
    """Owned by whoever folds; only `apply` writes it."""

    size: int = 0
    evening: Leaf = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    rounds: dict[str, Stages] = field(default_factory=dict)
    reruns: dict[str, str] = field(default_factory=dict)  # round -> the round that replaced it
    draws: dict[int, Draw] = field(default_factory=dict)
    ledger: Leaf = field(default_factory=dict)  # the newest roll-up
    ledger_rows: list[tuple[int, str]] = field(default_factory=list)  # every roll-up: (rows, hash)

    def apply(self, leaf: Leaf) -> None:
        """Takes the next leaf. BrokenHistory if it may not follow; the state is then unchanged."""
        wrong = shapes.fault(leaf)
        if wrong:
            raise BrokenHistory(wrong)
        schema = leaf["schema"]
        if (self.size == 0) != (schema == "gala/evening/1"):
            raise BrokenHistory("the first leaf, and only it, opens the evening")
        try:
            key = leaves.key_of(leaf)
            if key in self.keys:
                raise BrokenHistory(f"{key} stands twice")
            _RULES[schema](self, leaf)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise BrokenHistory(f"{schema}: malformed ({error!r})") from error
        self.keys.add(key)
        self.size += 1

    def original(self, round_id: str) -> str:
        """The round a chain of reruns began with."""
        while "rerun_of" in self.rounds[round_id]["open"]:
            round_id = self.rounds[round_id]["open"]["rerun_of"]
        return round_id

    def counting(self, draw: int) -> list[str]:
        """The rounds that give tickets in a draw now: of those it names, the newest run each, opened."""
        found = []
        for named in self.draws[draw].spec["rounds"]:
            round_id = named["round"]
            while round_id in self.reruns:
                round_id = self.reruns[round_id]
            if round_id in self.rounds and "round-void" not in self.rounds[round_id]:
                found.append(round_id)
        return found

    def ticket_round(self, draw: int, round_id: str) -> Leaf:
        """What a draw's spec says of a round that counts in it."""
        named, original = self.draws[draw].spec["rounds"], self.original(round_id)
        found: Leaf = next(item for item in named if item["round"] == original)
        return found

    def sealed(self, draw: int, round_id: str) -> str:
        """The stage of a counting round that the draw's roster names: its `seal`, or a part's."""
        named = self.ticket_round(draw, round_id)
        return f"part/{parts.name(named['channels'])}" if named.get("apart") else "seal"

    def draw_of(self, leaf: Leaf) -> Draw:
        found = self.draws.get(leaf["draw"])
        if found is None or found.spec["draw_id"] != leaf["draw_id"]:
            raise BrokenHistory(f"draw {leaf['draw']} was not specified")
        return found


def _evening(history: History, leaf: Leaf) -> None:
    if leaf["algorithm"] != leaves.ALGORITHM or not leaf["show"]:
        raise BrokenHistory(f"not an evening of {leaves.ALGORITHM}")
    history.evening = leaf


def _spec(history: History, leaf: Leaf) -> None:
    draw = leaf["draw"]
    if draw != len(history.draws) + 1:
        raise BrokenHistory(f"draw {draw}: the next number is {len(history.draws) + 1}")
    if leaf["draw_id"] != leaves.draw_id(history.evening["show"], draw):
        raise BrokenHistory(f"draw {draw}: draw_id {leaf['draw_id']!r} is not its own")
    if leaf["rehearsal"] != history.evening["rehearsal"] or leaf["algorithm"] != leaves.ALGORITHM:
        raise BrokenHistory(f"draw {draw}: not of this evening")
    try:
        leaves.DrawSpec.from_json(leaf).check(rehearsal=leaf["rehearsal"])
    except (leaves.BadSpec, beacon.BadBeacon, ValueError) as error:
        raise BrokenHistory(f"draw {draw}: {error}") from error
    totals: dict[str, int] = {}
    for prize in map(leaves.Prize.from_json, leaf["prizes"]):
        totals[prize.currency] = totals.get(prize.currency, 0) + prize.budget
    if totals != leaf["budget"]:
        raise BrokenHistory(f"draw {draw}: the budget is not the sum of the prizes")
    if leaf["cap"]["draws"][-1:] != [draw]:
        raise BrokenHistory(f"draw {draw}: its cap ends with another draw")
    for named in leaf["rounds"]:
        if named["round"] in history.rounds:
            raise BrokenHistory(f"draw {draw}: round {named['round']} had opened before")
    history.draws[draw] = Draw(Stages({"spec": (history.size, leaf)}))


def _commit(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    if leaf["party"] not in draw.spec["parties"] or "roster" in draw.stages or draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: {leaf['party']} cannot commit (any more)")
    draw.commits[leaf["party"]] = leaf["commitment"]


def _open(history: History, leaf: Leaf) -> None:
    round_id = leaf["round"]
    if leaf["rehearsal"] != history.evening["rehearsal"]:
        raise BrokenHistory(f"round {round_id}: not of this evening")
    if ("game" in leaf) != ("settings" in leaf):
        raise BrokenHistory(f"round {round_id}: a game and its settings, both or neither")
    try:
        slots.check_rules(slots.Layout.from_json(leaf["layout"]), leaf["counts"], leaf["entries"])
        chains.check_opening(leaf)
    except (slots.BadRules, chains.BadChains) as error:
        raise BrokenHistory(f"round {round_id}: {error}") from error
    original = round_id
    if "rerun_of" in leaf:
        before = leaf["rerun_of"]
        if before not in history.rounds or before in history.reruns:
            raise BrokenHistory(f"round {round_id}: it cannot repeat {before}")
        original = history.original(before)
    for number, draw in history.draws.items():
        for named in draw.spec["rounds"]:
            if named["round"] == round_id != original:
                raise BrokenHistory(f"round {round_id}: draw {number}'s spec names it, and it is a rerun")
            if named["round"] != original:
                continue
            if named["entries"] != leaf["entries"]:
                raise BrokenHistory(
                    f"round {round_id}: its entry rules are not those of draw {number}'s spec"
                )
            if "rerun_of" in leaf and "roster" in draw.stages:
                raise BrokenHistory(f"round {round_id}: draw {number} has its roster already")
    history.rounds[round_id] = Stages({"open": (history.size, leaf)})
    if "rerun_of" in leaf:
        history.reruns[leaf["rerun_of"]] = round_id


def _after(stage: str, *needed: str) -> Callable[[History, Leaf], None]:
    def rule(history: History, leaf: Leaf) -> None:
        round_id = leaf["round"]
        stages = history.rounds.get(round_id, Stages())
        for before in needed:
            if before not in stages:
                raise BrokenHistory(f"round {round_id}: {stage} without {before}")
        try:
            if stage == "seal":
                boxes.check_shown(leaf)
                chains.check_heads(stages["open"], leaf)
            elif stage == "part":
                boxes.check_shown(leaf)
                parts.check_follows(stages.parts(), leaf, over="seal" in stages or "round-void" in stages)
        except (boxes.BadBox, chains.BadChains, parts.BadPart) as error:
            raise BrokenHistory(f"round {round_id}: {error}") from error
        for number, draw in history.draws.items():
            counted = draw.stages["roster"]["rounds"] if "roster" in draw.stages else ()
            if round_id not in [item["round"] for item in counted]:
                continue
            if stage not in ("seal", "part") or not history.ticket_round(number, round_id).get("apart"):
                raise BrokenHistory(f"round {round_id}: {stage} after the roster of draw {number}")
        stages.at[leaves.stage_of(leaf)] = (history.size, leaf)

    return rule


def _roster(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    if draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: a roster after its end")
    *earlier, _ = draw.spec["cap"]["draws"]
    for number in earlier:
        if not history.draws[number].ended:
            raise BrokenHistory(f"draw {leaf['draw']}: its cap counts draw {number}, which has not ended")
    if ("won_sha256" in leaf, "won_total" in leaf) != (bool(earlier), bool(earlier)):
        raise BrokenHistory(f"draw {leaf['draw']}: what was won before is told if, and only if, the cap asks")
    missing = [party for party in draw.spec["parties"] if party not in draw.commits]
    if missing:
        raise BrokenHistory(f"draw {leaf['draw']}: {missing[0]} has not committed")
    wanted = [
        (round_id, history.sealed(leaf["draw"], round_id)) for round_id in history.counting(leaf["draw"])
    ]
    for round_id, stage in wanted:
        if stage not in history.rounds[round_id]:
            raise BrokenHistory(f"draw {leaf['draw']}: round {round_id} is not sealed")
    seals = [(round_id, history.rounds[round_id].index(stage)) for round_id, stage in wanted]
    if [(item["round"], item["seal"]) for item in leaf["rounds"]] != seals:
        raise BrokenHistory(f"draw {leaf['draw']}: the roster's rounds are not the sealed ones: {seals}")
    draw.stages.at["roster"] = (history.size, leaf)


def _reveal(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    party = leaf["party"]
    if "roster" not in draw.stages or "reveals-closed" in draw.stages or draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: {party} reveals out of time")
    r = bytes.fromhex(leaf["r"])
    if leaves.commitment(leaf["draw_id"], party, r).hex() != draw.commits[party]:
        raise BrokenHistory(f"draw {leaf['draw']}: {party}'s reveal does not fit the commitment")
    draw.reveals[party] = leaf["r"]


def mixed(draw: Draw) -> list[Mapping[str, Any]]:
    """What each party puts into the seed: its secret, or the commitment of one who kept it back."""
    return [
        {
            "party": party,
            "revealed": party in draw.reveals,
            "value": draw.reveals.get(party, draw.commits[party]),
        }
        for party in draw.spec["parties"]
    ]


def _closed(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    if "roster" not in draw.stages or draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: reveals closed without a roster, or after the end")
    if leaf["parties"] != mixed(draw) or leaf["roster"] != draw.stages.index("roster"):
        raise BrokenHistory(f"draw {leaf['draw']}: reveals-closed does not list every party as it stands")
    chosen = beacon.choose_round(draw.chain, draw.spec["reserve_rounds"], leaf["at_ms"])
    if chosen is None or leaf["beacon_round"] != chosen:
        raise BrokenHistory(
            f"draw {leaf['draw']}: beacon round {leaf['beacon_round']} is not the first reserve, {chosen}"
        )
    draw.stages.at["reveals-closed"] = (history.size, leaf)


def _result(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    if "reveals-closed" not in draw.stages or draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: a result before the reveals closed, or after the end")
    if leaf["reveals_closed"] != draw.stages.index("reveals-closed"):
        raise BrokenHistory(f"draw {leaf['draw']}: the result follows another leaf")
    draw.stages.at["result"] = (history.size, leaf)


def _void(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    if draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: void after its end")
    closed, at_ms = "reveals-closed" in draw.stages, leaf["at_ms"]
    allowed = {
        "director": at_ms < draw.decided_at_ms,
        "lapsed": not closed and at_ms + beacon.LEAD_MS > draw.decided_at_ms,
        "unwitnessed": closed and at_ms >= draw.decided_at_ms and not draw.spec["rehearsal"],
    }
    if not allowed.get(leaf["cause"], False):
        raise BrokenHistory(f"draw {leaf['draw']}: it cannot be void by {leaf['cause']} then")
    draw.stages.at["void"] = (history.size, leaf)


def _alternate(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    dates = draw.spec["alternates_at_ms"]
    if "result" not in draw.stages or "close-out" in draw.stages:
        raise BrokenHistory(f"draw {leaf['draw']}: alternates before its result, or after its close-out")
    if leaf["date"] != len(draw.dates) + 1 or leaf["date"] > len(dates):
        raise BrokenHistory(f"draw {leaf['draw']}: date {leaf['date']} is not the next of {len(dates)}")
    if leaf["at_ms"] < dates[leaf["date"] - 1]:
        raise BrokenHistory(f"draw {leaf['draw']}: date {leaf['date']} has not come")
    if leaf["first"] < 1 or leaf["last"] < leaf["first"] - 1:
        raise BrokenHistory(f"draw {leaf['draw']}: date {leaf['date']}: rows that are none")
    draw.dates.append((history.size, leaf))


def _close_out(history: History, leaf: Leaf) -> None:
    draw = history.draw_of(leaf)
    if not draw.ended:
        raise BrokenHistory(f"draw {leaf['draw']}: closed out before its end")
    draw.stages.at["close-out"] = (history.size, leaf)


def _ledger(history: History, leaf: Leaf) -> None:
    if leaf["rows"] <= history.ledger.get("rows", 0):
        raise BrokenHistory("a ledger roll-up that does not grow")
    history.ledger = leaf
    history.ledger_rows.append((leaf["rows"], leaf["hash"]))


_RULES: dict[str, Callable[[History, Leaf], None]] = {
    "gala/evening/1": _evening,
    "gala/spec/1": _spec,
    "gala/commit/1": _commit,
    "gala/open/1": _open,
    "gala/lock/1": _after("lock", "open"),
    "gala/settle/1": _after("settle", "open", "lock"),
    "gala/seal/1": _after("seal", "open", "lock"),
    "gala/part/1": _after("part", "open", "lock"),
    "gala/round-void/1": _after("round-void", "open"),
    "gala/roster/1": _roster,
    "gala/reveal/1": _reveal,
    "gala/reveals-closed/1": _closed,
    "gala/result/1": _result,
    "gala/void/1": _void,
    "gala/alternate/1": _alternate,
    "gala/close-out/1": _close_out,
    "gala/ledger/1": _ledger,
}
