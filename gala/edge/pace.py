"""How often boards go out: so often that they take a fifth of a core, and one in two seconds under load.

They are the first that an edge leaves off (`gala.edge.load`). A phone that reads slowly gets the newest board
alone. What a phone is told to do, and what became of its plays, is never thinned.
"""

import math

EDGE_S = 0.02  # how long an edge rests between two of its steps
BEAT_S = 0.1  # how often it looks how late its event loop comes
FRAME_MS = 0.010  # of CPU, a board to one phone: 7 to 10 µs (`gala bench hotpath`)
SHARE = 0.2  # of a core
FASTEST_MS = 200  # no newer picture is there: that is how often the conductor takes one
SLOWEST_MS = 2_000


def every_ms(phones: int, level: int) -> int:
    """How long from one board to the next for so many phones of an edge at that level, real ms."""
    if level > 0:
        return SLOWEST_MS
    return min(SLOWEST_MS, max(FASTEST_MS, math.ceil(phones * FRAME_MS / SHARE)))
