"""The games of the evening: rules only, no I/O, no clock, no chance of their own.

A game is one file exporting one value `GAME` (its shape: `games.game.Game`), one line below, and one module
for the browser. A game judges one viewer's move against that viewer's own slot; it never sees the crowd.
What it stores, counts and rewards is data (see `voting`), so that its results are recomputed without it.
"""

from games import boost, poll, rain, whack
from games.game import AnyGame

GAMES: dict[str, AnyGame] = {game.GAME.name: game.GAME for game in (poll, whack, boost, rain)}
"""Every game a rundown may name."""
