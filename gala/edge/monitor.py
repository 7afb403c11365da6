"""``GET /metrics`` on the crew's listener: one scrape tells of every process of the evening.

Edges share a port, and a scraper that came there would find one of them by chance; and the public port is no
place for it. So every process tells through the store, and this one shows them all (docs/decisions/0025).
"""

from collections.abc import Callable
from typing import cast

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala import embargo, metrics
from gala.edge.bearer import Allowed
from gala.edge.crew import Crew
from gala.edge.report import GONE_MS, Heard, Report
from gala.processes.vitals import Vitals
from gala.store import keys
from gala.timekeeping import Standing, StoreTrouble


class Monitor:
    """Knows how every process of the evening is doing, as of its last step."""

    def __init__(
        self,
        crew: Crew,
        redis: Redis,
        *,
        rate: Callable[[], float],
        store_trouble: Callable[[], StoreTrouble],
    ) -> None:
        self._crew = crew
        self._redis = redis
        self._rate = rate
        self._store_trouble = store_trouble
        self._edges = Heard(Report)
        self._clocks = Heard(Standing)
        self._vitals = Heard(Vitals)
        self._numbers = 0

    async def step(self, now_ms: int) -> None:
        """Reads what the processes have told."""
        show = self._crew.rundown.id
        for heard, key in (
            (self._edges, keys.edges(show)),
            (self._clocks, keys.clocks(show)),
            (self._vitals, keys.vitals(show)),
        ):
            heard.take(await self._redis.hgetall(key), now_ms)
        self._numbers = int(cast("bytes | None", await self._redis.get(keys.numbers(show))) or 0)

    def exposition(self, now_ms: int) -> bytes:
        """The page of a scrape."""
        within_ms = GONE_MS * max(1.0, self._rate())
        return metrics.exposition(
            metrics.Watched(
                rundown=self._crew.rundown,
                state=self._crew.state,
                entries=self._crew.history.entries,
                books=self._crew.books,
                edges=self._edges.present(now_ms, within_ms),
                clocks=self._clocks.present(now_ms, within_ms),
                vitals=self._vitals.present(now_ms, within_ms),
                store=self._store_trouble(),
                numbers=self._numbers,
                now_ms=now_ms,
                rate=max(1.0, self._rate()),
            )
        )


def metrics_route(monitor: Monitor, now: Callable[[], int], allowed: Allowed) -> Route:
    """``GET /metrics``, for a pass of the role `metrics`, or of those who see everything anyway."""

    async def scrape(request: Request) -> Response:
        held = allowed(request, "metrics", *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        return Response(
            monitor.exposition(now()),
            media_type=CONTENT_TYPE_PLAIN_0_0_4,
            headers={"cache-control": "no-store"},
        )

    return Route("/metrics", scrape)
