"""How to play each registered game at random: the one thing a law over all games cannot know by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from hypothesis import strategies as st

from games import boost, poll, rain, whack
from games.chains import Chains


@dataclass(frozen=True)
class Examples:
    """settings: any a rundown may hold. moves: decoded messages for a round of these settings, mostly legal
    ones.

    outcomes: what a director may settle such a round with; none when it has no outcome.
    twins(round, channel, elapsed_ms): rounds that differ from it only in what that channel is not shown by
    then.
    """

    settings: st.SearchStrategy[msgspec.Struct]
    moves: Callable[[Any], st.SearchStrategy[Any]]
    outcomes: Callable[[Any], list[str]]
    twins: Callable[[Any, int, int], list[Any]]


@st.composite
def _poll_settings(draw: st.DrawFn) -> poll.Settings:
    kind = draw(st.sampled_from(["predict", "opinion"]))
    count = draw(st.one_of(st.integers(2, 4), st.integers(2, 64)))
    shapes = draw(st.lists(st.sampled_from([None, "disc", "cross"]), min_size=count, max_size=count))
    choices = [
        {"id": f"team-{place}", "label": {"en": f"Team {place}"}, **({"shape": shape} if shape else {})}
        for place, shape in enumerate(shapes)
    ]
    said: dict[str, Any] = {"kind": kind, "choices": choices, "revise": draw(st.booleans())}
    said["tickets"] = draw(st.integers(0, 2))
    if kind == "opinion":
        said["allowance"] = draw(st.integers(1, min(count, 5)))
        said["tally"] = draw(st.sampled_from(["hidden", "live"]))
    return poll.GAME.read_settings(said)


def _poll_moves(settings: poll.Settings) -> st.SearchStrategy[Any]:
    known = st.sampled_from([choice.id for choice in settings.choices])
    legal = st.lists(known, min_size=1, max_size=settings.allowance, unique=True)
    wrong = st.lists(st.one_of(known, st.just("nobody")), max_size=settings.allowance + 1)
    return st.one_of(legal, legal, wrong).map(lambda ids: {"choices": ids})


@st.composite
def _whack_settings(draw: st.DrawFn) -> whack.Settings:
    waves, moles, holes = draw(st.integers(1, 8)), draw(st.integers(1, 8)), draw(st.integers(8, 16))
    up_ms = draw(st.integers(300, 900))
    least_ms = max(500, up_ms + whack.GAP_MS + whack.BEAT_MS * moles)
    said = {
        "waves": waves,
        "wave_ms": draw(st.integers(least_ms, least_ms + 1_000)),
        "moles": moles,
        "holes": holes,
        "up_ms": up_ms,
        "threshold": draw(st.integers(1, min(3, waves * moles))),
        "tickets": draw(st.integers(0, 2)),
    }
    return whack.GAME.read_settings(said)


def _whack_moves(settings: whack.Settings) -> st.SearchStrategy[Any]:
    # The laws' window opens at 1 000, when the first moles are about to rise.
    hit = st.tuples(st.integers(0, settings.total), st.integers(0, 4_000)).map(list)
    fresh = st.tuples(st.integers(0, settings.moles - 1), st.integers(1_650, 2_000)).map(list)
    return st.lists(st.one_of(hit, fresh, fresh), max_size=8).map(
        lambda hits: {"hits": sorted(hits, key=lambda one: one[1])}
    )


@dataclass(frozen=True)
class ForgedChains(Chains):
    """Chains with the keys of another seed, but for a channel's first `kept` ones."""

    true: Chains = field(kw_only=True)
    channel: int = field(kw_only=True)
    kept: int = field(kw_only=True)

    def keys(self, channel: int) -> tuple[bytes, ...]:
        forged = super().keys(channel)
        return (
            self.true.keys(channel)[: self.kept] + forged[self.kept :] if channel == self.channel else forged
        )


def whack_twin(opened: whack.Round, channel: int, elapsed_ms: int) -> whack.Round:
    """A round that shows a channel the same so far, and goes on otherwise; its other channels are others."""
    told = whack.beats(opened, elapsed_ms)
    forged = ForgedChains(bytes(32), opened.settings.waves, true=opened.chains, channel=channel, kept=told)
    return whack.Round(opened.settings, forged)


@st.composite
def _boost_settings(draw: st.DrawFn) -> boost.Settings:
    count, cap = draw(st.integers(1, 5)), draw(st.integers(1, 60))
    choices = [{"id": f"star-{place}", "label": {"en": f"Star {place}"}} for place in range(count)]
    threshold, tickets = draw(st.integers(1, cap)), draw(st.integers(0, 2))
    return boost.GAME.read_settings(
        {"choices": choices, "cap": cap, "threshold": threshold, "tickets": tickets}
    )


def _boost_moves(settings: boost.Settings) -> st.SearchStrategy[Any]:
    stars = st.sampled_from([*(choice.id for choice in settings.choices), "nobody"])
    totals = st.one_of(st.integers(1, settings.cap), st.integers(-1, settings.cap + 40))
    return st.fixed_dictionaries({"total": totals, "for": stars}, optional={"fan": st.booleans()})


EXAMPLES: dict[str, Examples] = {
    "boost": Examples(
        settings=_boost_settings(),
        moves=_boost_moves,
        outcomes=lambda _settings: [],
        # A boost draws nothing either.
        twins=lambda opened, _channel, _elapsed_ms: [boost.open_round(opened.settings, bytes(32))],
    ),
    "poll": Examples(
        settings=_poll_settings(),
        moves=_poll_moves,
        outcomes=lambda settings: (
            [choice.id for choice in settings.choices] if settings.kind == "predict" else []
        ),
        # A poll draws nothing: any other seed is the same round.
        twins=lambda opened, _channel, _elapsed_ms: [poll.open_round(opened.settings, bytes(32))],
    ),
    "rain": Examples(
        settings=st.just(rain.Settings()),
        moves=lambda _settings: st.just({}),
        outcomes=lambda _settings: [],
        # A rain draws nothing while it falls: there is one round.
        twins=lambda opened, _channel, _elapsed_ms: [opened],
    ),
    "whack": Examples(
        settings=_whack_settings(),
        moves=_whack_moves,
        outcomes=lambda _settings: [],
        twins=lambda opened, channel, elapsed_ms: [whack_twin(opened, channel, elapsed_ms)],
    ),
}
