"""What the process does with its memory once it stands."""

import gc

NEW_OBJECTS = 50_000
"""The collector looks at what is young after so many new objects, and not after 700. Plays leave no cycles
behind, but thousands of them wait for their batch at once, and at every look all of them were looked at: that
was a fifth of a vote's cost."""


def settle() -> None:
    """What there is by now stays: the collector leaves it alone, and comes less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
