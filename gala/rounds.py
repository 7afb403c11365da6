"""Rounds as their games open them: derived from the rundown and a seed, never stored."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gala.fans import Fan
from gala.rundown import Rundown, Text
from gala.show.state import Round, State
from games import GAMES
from games.game import AnyOpened, open_round, running_ms
from voting.tally import By

FANS_TOLD = 3  # of those that are kept: a board has no room for more, and every phone is sent them


class ByChannel(NamedTuple):
    """Players by channel, in the rundown's order: all, and those of each choice; empty where not counted."""

    voters: list[int]
    choices: dict[str, list[int]]


def ran_ms(round_: Round, channel: int, now_ms: int) -> int:
    """How long a round has run on a channel, pauses left out; negative before it opens there.

    A viewer's own nudge does not enter: it must not show early, to one phone, what another phone of the
    channel plays for. `round_` as of the log's head: what the hall did later than this channel sees changes
    nothing here.
    """
    return running_ms(round_.opened_at_ms, round_.pauses, now_ms - round_.delays_ms[channel])


class Rounds:
    """Opens a show's rounds. `seed` is 32 secret bytes of the show; each round has its own, derived."""

    def __init__(self, rundown: Rundown, seed: bytes) -> None:
        self._rundown = rundown
        self._seed = seed
        self._opened: dict[str, AnyOpened] = {}  # a cache: opening again gives the same

    def opened(self, round_: Round) -> AnyOpened:
        """The round with all that follows from its game, settings and seed."""
        found = self._opened.get(round_.id)
        if found is None:
            game = self._rundown.segment(round_.segment).game
            assert game is not None, "only game segments open rounds: the loader checked it"
            seed = hmac.digest(self._seed, b"gala/round/1\0" + round_.id.encode(), hashlib.sha256)
            found = self._opened[round_.id] = open_round(GAMES[game.name], game.settings, seed)
        return found

    def public(self, round_: Round, channel: int, now_ms: int) -> dict[str, Any]:
        """What the game shows of a round to a channel (its index in the rundown) now."""
        opened = self.opened(round_)
        return opened.game.public(opened.round, channel, ran_ms(round_, channel, now_ms))

    def beats(self, visible: State, head: State, channel: int, now_ms: int) -> int:
        """How often time alone has changed what a channel is shown, in all rounds of `visible` together."""
        found = 0
        for name in visible.rounds:
            round_ = head.rounds[name]
            opened = self.opened(round_)
            found += opened.game.beats(opened.round, ran_ms(round_, channel, now_ms))
        return found

    def tally(self, round_: Round, counters: dict[str, int]) -> dict[str, Any]:
        """A round's counters as pages show them."""
        opened = self.opened(round_)
        return opened.game.tally(opened.round, counters)

    def board(self, round_: Round, counters: dict[str, int], fans: Iterable[Fan]) -> dict[str, Any]:
        """As `tally`, of a round that runs: where somebody is to be shown, with its first few top fans."""
        shown = [{"seat": fan.number, "for": fan.choice, "points": fan.points} for fan in fans][:FANS_TOLD]
        return {**self.tally(round_, counters), **({"fans": shown} if shown else {})}

    def live(self, round_: Round) -> bool:
        """Whether phones may see the counters while the round is open."""
        opened = self.opened(round_)
        return opened.game.live(opened.settings)

    def settled(self, round_: Round) -> int | None:
        """What "@settled" stands for in the entry rules; None until the stage has decided."""
        opened = self.opened(round_)
        return opened.game.settle(opened.settings, round_.outcome) if round_.outcome else None

    def by_channel(self, round_: Round, counters: Mapping[str, int]) -> "ByChannel":
        """How many played on each channel, as far as the game counts it."""
        opened = self.opened(round_)
        found = ByChannel([], {})
        count = next(
            (c for c in opened.tally.counts if isinstance(c, By) and c.fields[-1] == "channel"), None
        )
        if count is None:
            return found
        none = [0] * len(self._rundown.channels)
        found.voters.extend(none)
        ids = [choice for choice, _, _ in self.choices(round_)] if len(count.fields) == 2 else []
        found.choices.update({choice: list(none) for choice in ids})
        for name, value in counters.items():
            counter, *values = name.split("/")
            if counter == count.name:
                found.voters[int(values[-1])] += value
                if ids:
                    found.choices[ids[int(values[0]) - 1]][int(values[-1])] += value
        return found

    def allowance(self, round_: Round) -> int:
        """How many choices a ballot may name; 0 for games without ballots."""
        return getattr(self.opened(round_).settings, "allowance", 0)

    def choices(self, round_: Round) -> list[tuple[str, Text, str]]:
        """(id, label, shape) of what a round's players choose from; empty for games without choices."""
        return [
            (choice.id, choice.label, choice.shape or "")
            for choice in getattr(self.opened(round_).settings, "choices", ())
        ]
