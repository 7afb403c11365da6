"""How to play each registered game at random: the one thing a law over all games cannot know by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from hypothesis import strategies as st

from games import boost, poll


@dataclass(frozen=True)
class Examples:
    """settings: any a rundown may hold. moves: decoded messages for a round of these settings, mostly legal
    ones.

    outcomes: what a director may settle such a round with; none when it has no outcome.
    twins(settings, seed, at_ms): seeds of rounds that differ only in what is shown after `at_ms`.
    """

    settings: st.SearchStrategy[msgspec.Struct]
    moves: Callable[[Any], st.SearchStrategy[Any]]
    outcomes: Callable[[Any], list[str]]
    twins: Callable[[Any, bytes, int], list[bytes]]


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
    return st.fixed_dictionaries({"total": totals, "for": stars})


EXAMPLES: dict[str, Examples] = {
    "boost": Examples(
        settings=_boost_settings(),
        moves=_boost_moves,
        outcomes=lambda _settings: [],
        # A boost draws nothing either.
        twins=lambda _settings, seed, _at_ms: [bytes(32), seed[::-1]],
    ),
    "poll": Examples(
        settings=_poll_settings(),
        moves=_poll_moves,
        outcomes=lambda settings: (
            [choice.id for choice in settings.choices] if settings.kind == "predict" else []
        ),
        # A poll draws nothing: any other seed is the same round.
        twins=lambda _settings, seed, _at_ms: [bytes(32), seed[::-1]],
    ),
}
