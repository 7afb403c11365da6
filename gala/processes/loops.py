"""A role's step, again and again, until the process is to stop."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from redis.exceptions import RedisError

BACKOFF_S = 0.5

Step = Callable[[], Awaitable[None]]

log = structlog.get_logger("gala")


@dataclass(slots=True)
class Steps:
    """How often a role has done its step, missed it because the store did not answer, or failed in it.

    longest_s: the longest since somebody set it to 0. failing: the newest step did not succeed.
    """

    done: int = 0
    missed: int = 0
    failed: int = 0
    longest_s: float = 0.0
    failing: bool = False


class Loops:
    """The loops of one process. faults: what its roles stumbled over, and went on from.

    late_s: how late the event loop came back to one of them, at worst since somebody set it to 0.
    """

    def __init__(self) -> None:
        self.steps: dict[str, Steps] = {}
        self.late_s = 0.0
        self.faults: list[str] = []
        self.stopping = asyncio.Event()

    async def forever(self, name: str, step: Step, every_s: float) -> None:
        """Steps a role until `stopping`. A store that does not answer is waited for.

        Any other failure is a fault of ours. It is told, kept in `faults`, and the role goes on with its
        next step: what one role stumbles over must not take the others off the air, and every step may be
        done again.
        """
        steps = self.steps[name] = Steps()
        while not self.stopping.is_set():
            began_s = time.monotonic()
            try:
                await step()
            except (RedisError, TimeoutError, OSError) as error:
                if not steps.failing:
                    log.warning("store does not answer", role=name, error=repr(error))
                steps.failing = True
                steps.missed += 1
                await self.rest(BACKOFF_S)
            except Exception as error:
                if not steps.failing:
                    log.exception("role failed", role=name)
                    self.faults.append(f"{name}: {error!r}")
                steps.failing = True
                steps.failed += 1
                await self.rest(BACKOFF_S)
            else:
                if steps.failing:
                    log.info("role goes on", role=name)
                steps.failing = False
                steps.done += 1
                if every_s:  # one without a pause waits for its work itself
                    steps.longest_s = max(steps.longest_s, time.monotonic() - began_s)
                await self.rest(every_s)

    async def rest(self, seconds: float) -> None:
        """Sleeps, but not through `stopping`."""
        due_s = time.monotonic() + seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
            return
        self.late_s = max(self.late_s, time.monotonic() - due_s)
