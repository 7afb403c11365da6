"""A role's step, again and again, until the process is to stop."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from redis.exceptions import RedisError

BACKOFF_S = 0.5

Step = Callable[[], Awaitable[None]]

log = structlog.get_logger("gala")


class Loops:
    """The loops of one process. faults: what its roles stumbled over, and went on from."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.stopping = asyncio.Event()

    async def forever(self, name: str, step: Step, every_s: float) -> None:
        """Steps a role until `stopping`. A store that does not answer is waited for.

        Any other failure is a fault of ours. It is told, kept in `faults`, and the role goes on with its
        next step: what one role stumbles over must not take the others off the air, and every step may be
        done again.
        """
        failing = False
        while not self.stopping.is_set():
            try:
                await step()
            except (RedisError, TimeoutError, OSError) as error:
                if not failing:
                    log.warning("store does not answer", role=name, error=repr(error))
                failing = True
                await self.rest(BACKOFF_S)
            except Exception as error:
                if not failing:
                    log.exception("role failed", role=name)
                    self.faults.append(f"{name}: {error!r}")
                failing = True
                await self.rest(BACKOFF_S)
            else:
                if failing:
                    log.info("role goes on", role=name)
                failing = False
                await self.rest(every_s)

    async def rest(self, seconds: float) -> None:
        """Sleeps, but not through `stopping`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
