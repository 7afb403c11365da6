"""How people whack: they see a mascot, react, tire, miss, use one finger; and how a few try to cheat."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from gala.crowd.people import Person

SEND_EVERY_MS = 1_000  # as the phone page does
REACTION_MS = (330, 520)  # typical of people who look at a phone and a show at once
FINGER_MS = 95  # between two taps of a fast hand
TIRES = 0.01  # slower by this much with every tap
FRENZY_MS = 16  # sixty taps a second

Hit = list[int]

TRICKS: dict[str, str] = {
    "late": "claims, four seconds later, what was there then",
    "unknown_choice": "claims moles at the times of a channel that is not its own",
    "old_seq": "claims each mole before anybody could have seen it",
    "too_many": "claims all moles at once, sixty taps a second",
}
"""What each kind of cheat (`people.CHEATS`) tries here."""


class Whacker:
    """One person at one round. `chance` is this person's own; instants are gala milliseconds."""

    def __init__(self, person: Person, chance: random.Random) -> None:
        self._person = person
        self._chance = chance
        self._plays = chance.random() <= person.attention
        self._hits = chance.betavariate(9, 2)  # chance to notice a mole
        self._reaction_ms = chance.uniform(*REACTION_MS)
        self._last_ms = 0
        self._taps = 0
        self._seen: set[int] = set()
        self._planned: list[Hit] = []

    def see(self, public: Mapping[str, Any], opens_at_ms: int, now_ms: int) -> None:
        """Looks at a `show`: what is new in it is hit, or missed."""
        if not self._plays:
            return
        for wave in public["waves"]:
            if wave["index"] not in self._seen:
                self._seen.add(wave["index"])
                planned = self._cheats(wave["moles"], opens_at_ms, now_ms)
                self._planned += (
                    planned if planned is not None else self._hit(wave["moles"], opens_at_ms, now_ms)
                )
        self._planned.sort(key=lambda hit: hit[1])

    def _hit(self, moles: Sequence[Sequence[int]], opens_at_ms: int, now_ms: int) -> list[Hit]:
        hits = []
        for mole, _hole, up_ms, down_ms, _mascot in moles:
            if self._chance.random() > self._hits:
                continue
            reaction_ms = max(150, self._chance.gauss(self._reaction_ms, 60)) * (1 + TIRES * self._taps)
            seen_at_ms = max(opens_at_ms + up_ms, now_ms)
            at_ms = max(int(seen_at_ms + reaction_ms), self._last_ms + FINGER_MS)
            if at_ms < opens_at_ms + down_ms:
                self._last_ms = at_ms
                self._taps += 1
                hits.append([mole, at_ms])
        return hits

    def _cheats(self, moles: Sequence[Sequence[int]], opens_at_ms: int, now_ms: int) -> list[Hit] | None:
        match self._person.cheat:
            case "late":
                return [[mole, opens_at_ms + up_ms + 300 - 4_000] for mole, _, up_ms, _, _ in moles]
            case "unknown_choice":
                shifted = [*moles[1:], moles[0]]
                return [
                    [mole, opens_at_ms + other[2] + 200]
                    for (mole, *_), other in zip(moles, shifted, strict=True)
                ]
            case "old_seq":
                return [[mole, opens_at_ms + up_ms + 20] for mole, _, up_ms, _, _ in moles]
            case "too_many":
                known = [mole for mole, *_ in moles]
                return [[known[n % len(known)], now_ms + n * FRENZY_MS] for n in range(4 * len(known))]
        return None

    def move(self, now_ms: float) -> dict[str, Any]:
        """All hits up to now, as the wire has them; a frenzy's newest only, since a move has its limit."""
        return {"hits": [hit for hit in self._planned if hit[1] <= now_ms][-64:]}
