"""Over how long phones spread their coming back after a lost line: W = phones here / phones let in a second.

Each is told in its welcome, and all again when W has become twice or half of what they know: before the line
is lost, since afterwards nobody can be told anything.
"""

from collections.abc import Callable

SMALL_MS = 1_000  # below this a phone tries again at once, and need not know by how much


class Window:
    """One edge's. back_ms: how long it takes to let so many in, real ms."""

    def __init__(self, back_ms: Callable[[int], int]) -> None:
        self._back_ms = back_ms
        self._told_ms = 0  # to all, last

    def ms(self, online: int) -> int:
        """For so many; 0: it is small."""
        found = self._back_ms(online)
        return found if found > SMALL_MS else 0

    def news(self, online: int) -> int | None:
        """What all are to be told now; None: what they know is near enough."""
        now_ms = self.ms(online)
        if now_ms == self._told_ms or self._told_ms < 2 * now_ms < 4 * self._told_ms:
            return None
        self._told_ms = now_ms
        return now_ms
