"""Phones that are not what they seem, and phones that come and go, for minutes: what is left of them.

Memory is the edge's, as the system counts it. Each act leaves the scene whole again.
"""

import asyncio
import itertools
import time
from collections.abc import Callable
from statistics import linear_regression, median
from typing import TypeVar

from tests.gala.attacks import ATTACKS
from tests.gala.wires import PATH, Closed, Raw
from tests.soak.scene import Outcome, Scene
from tests.soak.store_acts import ACKS

ATTACK_KIB = 5 * 1024
LORIS_S = 6.0
VANISHED_S = 20.0
VANISHING = 50
T = TypeVar("T")
SMALL_BUFFER = 4_096
SAMPLE_S = 1.0
COMING = 4  # visitors at a time, beside the crowd
LOSING = 0.02  # of the crowd lose their line in each second
SPARE = 60  # descriptors: the store, listeners, files, and lines that have just been lost
CHURN_KIB = 4 * 1024  # what an allocator may be off by from one look to the next


async def attacked(on: Scene, rounds: int, outcome: Outcome) -> None:
    """The list of attacks, against the port that the crowd plays over; the first round is to warm up."""
    for round_ in range(rounds + 1):
        for attack in ATTACKS:
            await _cost(on, attack, outcome if round_ else None)
        took_s = {
            "slow requests were shed": (LORIS_S, await _cost(on, slow_requests, outcome if round_ else None)),
            "phones that vanish were noticed": (
                VANISHED_S,
                await _cost(on, vanish, outcome if round_ else None),
            ),
        }
        for what, (most_s, found_s) in took_s.items():
            if found_s > most_s:
                outcome.wrong.append(f"{what} after {found_s:.1f} s")
        told = "; ".join(f"{what} after {found_s:.1f} s" for what, (_, found_s) in took_s.items())
    outcome.said.append(told)
    outcome.runs += rounds * (len(ATTACKS) + 2)


async def _cost(on: Scene, attack: Callable[[int], T], outcome: Outcome | None) -> T:
    """What an attack returns. What it cost is told, once all its connections are gone; not where None."""
    descriptors = on.theatre.descriptors()
    before_kib = on.theatre.rss_kib()
    said = await asyncio.to_thread(attack, on.theatre.port)
    async with asyncio.timeout(2 * VANISHED_S):
        while on.theatre.descriptors() > descriptors + 2:  # the store's, and one that asks how it is
            await asyncio.sleep(0.05)
    await on.crowd.more(ACKS)
    if outcome is not None:
        kib = on.theatre.rss_kib() - before_kib
        outcome.grew(kib)
        if kib > ATTACK_KIB:
            outcome.wrong.append(f"{attack.__name__} cost {kib} KiB")
    return said


def slow_requests(port: int) -> float:
    """A byte of a header now and then; until all are cut off. How long that took."""
    raws = [Raw(port) for _ in range(100)]
    for raw in raws:
        raw.socket.settimeout(0.0)
    head = itertools.cycle(b"X-Slow: ")
    open_ = raws
    for raw in raws:
        raw.socket.send(f"GET {PATH} HTTP/1.1\r\nHost: a\r\n".encode())
    began_s = time.monotonic()
    while open_:
        byte = bytes([next(head)])
        open_ = [raw for raw in open_ if _takes(raw, byte)]
        time.sleep(0.1)
    shed_s = time.monotonic() - began_s
    for raw in raws:
        raw.close()
    return shed_s


def _takes(raw: Raw, byte: bytes) -> bool:
    try:
        if raw.socket.recv(1_024) == b"":
            return False
    except BlockingIOError:
        pass
    except OSError:
        return False
    try:
        raw.socket.send(byte)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def vanish(port: int) -> float:
    """Phones of which nothing is heard any more, and that read nothing; until all are noticed.

    How long that took for the one that was on longest.
    """
    raws = [Raw.join(port, receive_bytes=SMALL_BUFFER) for _ in range(VANISHING)]
    gone_s = time.monotonic()  # of the last: the others have been silent a little longer
    for raw in raws:
        while True:
            try:
                if raw.socket.recv(65_536) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    noticed_s = time.monotonic() - gone_s
    for raw in raws:
        raw.close()
    return noticed_s


async def churned(on: Scene, seconds: int, outcome: Outcome) -> None:
    """Visitors come and go all the time, and the crowd loses its lines: nothing may stay behind."""
    end_s = time.monotonic() + seconds
    visits, turned_away = 0, 0

    async def visit() -> None:
        nonlocal visits, turned_away
        while time.monotonic() < end_s:
            try:
                raw = await asyncio.to_thread(Raw.join, on.theatre.port)
            except (Closed, EOFError, OSError):  # too slow to say what it wants, on a machine that is busy
                turned_away += 1
                continue
            await asyncio.sleep(on.chance.uniform(0, 0.2))
            raw.close()
            visits += 1

    samples: list[tuple[float, int]] = []
    descriptors = 0

    async def watch() -> None:
        nonlocal descriptors
        while time.monotonic() < end_s:
            samples.append((time.monotonic(), on.theatre.rss_kib()))
            descriptors = max(descriptors, on.theatre.descriptors())
            for phone in on.crowd.phones:
                if on.chance.random() < LOSING:
                    phone.hang_up()
            await asyncio.sleep(SAMPLE_S)

    await asyncio.gather(watch(), *(visit() for _ in range(COMING)))
    await on.crowd.until(lambda: on.crowd.online == len(on.crowd.phones))
    settled = samples[len(samples) // 3 :]  # the first of them pay for what is used at all
    slope = linear_regression(*zip(*settled, strict=True)).slope if len(settled) > 2 else 0.0
    half = len(settled) // 2
    grew_kib = int(median(kib for _, kib in settled[half:]) - median(kib for _, kib in settled[: half + 1]))
    outcome.grew(grew_kib)
    outcome.runs += visits
    outcome.said.append(
        f"{visits} visits, {turned_away} turned away, {on.crowd.connects} connections of the crowd "
        f"in {seconds} s: {slope * 3600 / 1024:+.1f} MB/h, at most {descriptors} descriptors"
    )
    if grew_kib > CHURN_KIB:
        outcome.wrong.append(f"the edge grew by {grew_kib} KiB while phones came and went")
    if descriptors > len(on.crowd.phones) + COMING + SPARE:
        outcome.wrong.append(f"{descriptors} descriptors for {len(on.crowd.phones)} phones")
