"""The auditor's private trace: who was turned away in which minute, bursts, sampled timings. Bounded.

Each edge writes a field a minute to ``trace:{SHOW}`` and rewrites only the minute it is in. The notary never
reads it, so it is in no bundle; an auditor's pass shows it (`trace_route`). Networks stand there by a keyed
tag: the same one can be recognised and not named. Nobody's number, pass or account stands there.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import cast

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala.edge.bearer import Allowed, json_response
from gala.edge.doors.admission import Admission
from gala.edge.plays import Plays
from gala.protocol.trace import Trace, TraceBurst, TraceMinute
from gala.store import keys

MINUTE_MS = 60_000
MINUTES_MAX = 300  # of one edge: five hours, at a few hundred bytes each
SAMPLES_MAX = 64  # of each timing, a minute and edge
BURSTS_MAX = 16  # of one edge's minute: those with most numbers and waits
BURST_NUMBERS = 100  # to one network in a minute; a house asks for a few

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TraceMinute).decode


class Sample:
    """As many of a stream as fit, any of it as likely as any other. `kept` is in no order."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._entropy = entropy
        self._seen = 0
        self.kept: list[int] = []

    def take(self, value: int) -> None:
        self._seen += 1
        if len(self.kept) < SAMPLES_MAX:
            self.kept.append(value)
            return
        at = int.from_bytes(self._entropy(4)) % self._seen
        if at < SAMPLES_MAX:
            self.kept[at] = value


class EdgeTrace:
    """One edge's. Everything is told in gala time; written by this edge's handlers and its report."""

    def __init__(
        self, redis: Redis, show: str, name: str, admission: Admission, entropy: Callable[[int], bytes]
    ) -> None:
        self._redis = redis
        self._key = keys.trace(show)
        self._name = name
        self._admission = admission
        self._entropy = entropy
        self._begin(0)
        self._plays = Counter[tuple[str, str]]()  # refused, by reason and channel, as of the last step
        self._written: deque[str] = deque()

    def _begin(self, minute_ms: int) -> None:
        self._now = TraceMinute(at_ms=minute_ms)
        self._entering, self._playing = Sample(self._entropy), Sample(self._entropy)

    def refused(self, reason: str, channel: str, count: int = 1) -> None:
        """Somebody was turned away at a door."""
        channels = self._now.refused.setdefault(reason, {})
        channels[channel] = channels.get(channel, 0) + count

    def seated(self, after_ms: int, *, account: bool) -> None:
        """Somebody has a number, so long after their connection came."""
        self._now.numbers += 1
        self._now.accounts += account
        self._entering.take(after_ms)

    async def step(self, now_ms: int, plays: Plays) -> None:
        """Takes in what became of plays, and writes the minute down. Errors of the store rise."""
        minute_ms = now_ms // MINUTE_MS * MINUTE_MS
        self._now.at_ms = self._now.at_ms or minute_ms
        self._take(plays)
        told = self._now
        over = minute_ms > told.at_ms
        if over:  # before it is written: what comes meanwhile is the next one's
            self._begin(minute_ms)
            self._admission.given.clear()
            self._admission.held_up.clear()
        field = f"{self._name}/{told.at_ms}"
        await self._redis.hset(self._key, field, _encode(told))
        if over:
            self._written.append(field)
        if len(self._written) > MINUTES_MAX:
            await self._redis.hdel(self._key, self._written.popleft())

    def _take(self, plays: Plays) -> None:
        found: Counter[tuple[str, str]] = Counter()
        for reasons in plays.refusals_by_channel().values():
            for reason, channels in reasons.items():
                for channel, count in channels.items():
                    found[reason, channel] += count
        for (reason, channel), count in (found - self._plays).items():
            self.refused(reason, channel, count)
        self._plays = found
        for sampled_ms in plays.sampled_ms:
            self._playing.take(sampled_ms)
        plays.sampled_ms.clear()
        self._now.entering_ms, self._now.playing_ms = sorted(self._entering.kept), sorted(self._playing.kept)
        given, held_up = self._admission.given, self._admission.held_up
        busy = [network for network in given if given[network] >= BURST_NUMBERS or network in held_up]
        busy += [network for network in held_up if network not in given]
        busy.sort(key=lambda network: (-held_up[network], -given[network]))
        self._now.bursts = [
            TraceBurst(network=self._admission.tag(network), numbers=given[network], held_up=held_up[network])
            for network in busy[:BURSTS_MAX]
        ]


def merged(minutes: Iterable[TraceMinute]) -> Trace:
    """What all edges wrote, minute by minute, the newest first."""
    found: dict[int, TraceMinute] = {}
    for minute in minutes:
        into = found.setdefault(minute.at_ms, TraceMinute(at_ms=minute.at_ms))
        for reason, channels in minute.refused.items():
            told = Counter(into.refused.get(reason, {}))
            told.update(channels)
            into.refused[reason] = dict(told)
        into.numbers += minute.numbers
        into.accounts += minute.accounts
        into.bursts = _together([*into.bursts, *minute.bursts])
        into.entering_ms = sorted([*into.entering_ms, *minute.entering_ms])
        into.playing_ms = sorted([*into.playing_ms, *minute.playing_ms])
    return Trace(minutes=[found[at_ms] for at_ms in sorted(found, reverse=True)])


def _together(bursts: Iterable[TraceBurst]) -> list[TraceBurst]:
    numbers: Counter[str] = Counter()
    held_up: Counter[str] = Counter()
    for burst in bursts:
        numbers[burst.network] += burst.numbers
        held_up[burst.network] += burst.held_up
    order = sorted(numbers, key=lambda network: (-held_up[network], -numbers[network], network))
    return [
        TraceBurst(network=network, numbers=numbers[network], held_up=held_up[network])
        for network in order[:BURSTS_MAX]
    ]


def trace_route(redis: Redis, show: str, allowed: Allowed) -> Route:
    """``GET /api/trace``, for an auditor alone."""

    async def trace(request: Request) -> Response:
        held = allowed(request, "auditor")
        if isinstance(held, Response):
            return held
        try:
            found = cast("dict[bytes, bytes]", await redis.hgetall(keys.trace(show)))
        except (RedisError, TimeoutError, OSError):
            return json_response({"reason": "retry", "detail": "the store did not answer; ask again"}, 503)
        return json_response(merged(map(_decode, found.values())))

    return Route("/api/trace", trace)
