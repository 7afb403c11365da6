"""How people behave: when they decide, what they want, how they fumble, and a few who try to cheat."""

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CHEATS = ("late", "unknown_choice", "old_seq", "too_many")


@dataclass(frozen=True, slots=True)
class Person:
    """One viewer's temperament. Times are venue milliseconds."""

    channel: str
    late: float  # 0: there from the start; else how late, up to 1
    attention: float  # chance to take part in a round
    median_ms: int  # how long a decision takes, typically
    fickle: float  # chance to change their mind
    clumsy: float  # chance to lose the line around a play
    doubles: float  # chance to send a play twice
    cheat: str = ""  # one of CHEATS, or honest


def people(chance: random.Random, count: int, channels: Mapping[str, int]) -> list[Person]:
    """`count` people over `channels` (id -> weight); about two in a hundred cheat, one in ten comes late."""
    found = []
    for _ in range(count):
        late = chance.random() < 0.1
        found.append(
            Person(
                channel=chance.choices(list(channels), list(channels.values()))[0],
                late=chance.random() if late else 0,
                attention=chance.betavariate(8, 2),
                median_ms=int(chance.uniform(1_500, 5_000)),
                fickle=chance.betavariate(1.2, 8),
                clumsy=0.04,
                doubles=0.03,
                cheat=chance.choice(CHEATS) if chance.random() < 0.02 else "",
            )
        )
    return found


@dataclass(slots=True)
class Plan:
    """What one person will do in one round: (venue instant, move) in order."""

    plays: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    drop_line: bool = False
    double: bool = False
    resend_old: bool = False


def poll_plan(
    person: Person,
    chance: random.Random,
    public: Mapping[str, Any],
    opens_at_ms: int,
    closes_at_ms: int,
    mood: float,
) -> Plan:
    """What a person does in a poll. `mood` in [0, 1) is what the whole crowd leans to this time."""
    choices = _ids(public["choices"])
    plan = Plan()
    if chance.random() > person.attention:
        return plan
    at_ms = opens_at_ms + int(chance.lognormvariate(0, 0.5) * person.median_ms)
    weights = [1 + 2 * abs((place / len(choices) + mood) % 1 - 0.5) for place in range(len(choices))]
    allowance = int(public.get("allowance", 1))

    def ballot() -> dict[str, Any]:
        wanted: list[str] = []
        while len(wanted) < min(allowance, 1 + chance.randrange(allowance)):
            choice = chance.choices(choices, weights)[0]
            if choice not in wanted:
                wanted.append(choice)
        return {"choices": wanted}

    plan.plays.append((at_ms, ballot()))
    while chance.random() < person.fickle and len(plan.plays) < 4:
        at_ms += int(chance.lognormvariate(0, 0.6) * 3_000)
        plan.plays.append((at_ms, ballot()))
    plan.drop_line = chance.random() < person.clumsy
    plan.double = chance.random() < person.doubles
    if person.cheat == "late" and closes_at_ms:
        plan.plays.append((closes_at_ms + 1_500, ballot()))
    elif person.cheat == "unknown_choice":
        plan.plays.append((at_ms + 500, {"choices": ["nobody-at-all"]}))
    elif person.cheat == "too_many":
        plan.plays.append((at_ms + 500, {"choices": choices * 2}))
    elif person.cheat == "old_seq":
        plan.resend_old = True
    return plan


def boost_plan(
    person: Person,
    chance: random.Random,
    public: Mapping[str, Any],
    opens_at_ms: int,
    closes_at_ms: int,
    mood: float,
) -> Plan:
    """How a fan taps: bursts with rests between them, each slower than the last, until bored or at the cap.

    A few go on tapping beyond the cap, and a cheat's thumbs do sixty taps a second.
    """
    stars = _ids(public["choices"])
    plan = Plan()
    if chance.random() > person.attention:
        return plan
    weights = [1 + 3 * abs((place / len(stars) + mood) % 1 - 0.5) for place in range(len(stars))]
    star = chance.choices(stars, weights)[0]
    cap = int(public["cap"])
    eager = chance.random() < 0.05
    most = cap + chance.randrange(1, 30) if eager else cap
    taps_per_s = 60.0 if person.cheat == "too_many" else chance.uniform(4, 10)
    at_ms = opens_at_ms + int(chance.lognormvariate(0, 0.5) * person.median_ms)
    total = 0
    for _ in range(12 if eager else chance.randrange(2, 7)):
        burst_ms = int(chance.uniform(2_000, 7_000))
        for _ in range(2):  # what a burst has reached by its middle, then by its end
            at_ms += burst_ms // 2
            total = min(most, total + max(1, int(taps_per_s * burst_ms / 2_000)))
            plan.plays.append((at_ms, {"total": total, "for": star}))
        if total == most or 0 < closes_at_ms < at_ms:
            break
        taps_per_s *= chance.uniform(0.8, 1.0)  # thumbs tire
        at_ms += int(chance.lognormvariate(0, 0.6) * 3_000)
    plan.drop_line = chance.random() < person.clumsy
    plan.double = chance.random() < person.doubles
    if person.cheat == "late" and closes_at_ms:
        plan.plays.append((max(at_ms, closes_at_ms) + 1_500, {"total": total + 5, "for": star}))
    elif person.cheat == "unknown_choice":
        plan.plays.append((at_ms + 500, {"total": total + 5, "for": "nobody-at-all"}))
    elif person.cheat == "old_seq":
        plan.resend_old = True
    return plan


def rain_plan(
    person: Person,
    chance: random.Random,
    _public: Mapping[str, Any],
    opens_at_ms: int,
    closes_at_ms: int,
    _mood: float,
) -> Plan:
    """How people catch envelopes: soon, since one is enough; the greedy grasp at every one they see."""
    plan = Plan()
    if chance.random() > person.attention:
        return plan
    at_ms = opens_at_ms + int(chance.lognormvariate(0, 0.5) * person.median_ms)
    plan.plays.append((at_ms, {}))
    if person.cheat == "too_many":
        plan.plays += [(at_ms + n * 40, {}) for n in range(1, 30)]
    elif person.cheat == "late" and closes_at_ms:
        plan.plays = [(closes_at_ms + 1_500, {})]
    elif person.cheat == "old_seq":
        plan.resend_old = True
    elif chance.random() < person.fickle:
        plan.plays.append((at_ms + 1_000, {}))  # once more, to be sure
    plan.drop_line = chance.random() < person.clumsy
    plan.double = chance.random() < person.doubles
    return plan


def _ids(choices: Iterable[Any]) -> list[str]:
    return [choice if isinstance(choice, str) else choice["id"] for choice in choices]


PLANS = {"poll": poll_plan, "boost": boost_plan, "rain": rain_plan}
"""How a game is played, by its name; a game that is not here is watched."""
