"""Long arrays, a stretch at a time on all processors: numpy and the ciphers leave the interpreter free."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Found = TypeVar("Found")


def stretches(count: int, step: int, of: Callable[[int, int], Found]) -> list[Found]:
    """What `of(first, last)` gives for each stretch of at most `step` of `count` items, in order."""
    bounds = [(first, min(first + step, count)) for first in range(0, count, step)]
    if len(bounds) < 2:
        return [of(*bound) for bound in bounds]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(lambda bound: of(*bound), bounds))
