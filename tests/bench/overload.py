"""An edge that is really too small for a while: `gala bench overload`.

The edge and the other roles are two `gala serve`, the store is a process too; the phones, who tap in a boost,
and the director are this one. After a calm time, in which it is measured what the edge needs, it gets a
part of that only (`tests.bench.choke`), and later all that it wants again. The director presses a cue every
few seconds meanwhile. The same is done with phones that do not do what a level asks them for, on a service of
their own: between the two lies what the levels are worth, but for the boards, which an edge leaves off alone.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import msgspec
import uvloop

from gala.edge.report import Report
from gala.processes.serving import as_many_sockets_as_allowed
from gala.roles import ROLES
from gala.store import keys, users
from gala.store.clients import Clients
from gala.store.valkey import embedded
from tests.bench.choke import choked, cpu_s
from tests.bench.goals import Goals, judged, lines_of
from tests.bench.plans import ONE_HALL
from tests.bench.returning import chances, seated
from tests.bench.sync_report import share as at
from tests.bench.tapping import Heard, Tapper
from tests.gala.serving import Service, serving_plan

PATIENCE_S = 300
JOIN_PER_S = 500
SETTLE_S = 4.0  # joining is a load too
CUE_EVERY_S = 3.0
FICKLE = 0.1  # of the phones
RELIEVED_S = 10.0  # what comes after is judged: three rungs up, and what had piled up
DEAF_AFTER_S = 5.0  # how they come home is nothing to learn from
CALM, TIGHT, AFTER = "calm", "tight", "after"
GOALS: Goals = {
    "ack p99 once relieved": ("ack_p99_ms", 1_000.0),
    "a cue is with everybody": ("cue_most_ms", 1_000.0),
    "acknowledged and not counted": ("lost", 0.0),
    "cut off": ("cut_off", 0.0),
    "nothing left off any more": ("home_after_s", 45.0),
}
PLAN = (
    ONE_HALL
    + """
[[segments]]
id = "boost"
plan = 19:30:00
title = { en = "The last song" }
card = { en = "Tap for your star." }
question = { en = "Who shall shine?" }
[segments.boost]
cap = 60_000
[[segments.boost.choices]]
id = "hare"
shape = "disc"
label = { en = "Hare" }
[[segments.boost.choices]]
id = "owl"
shape = "diamond"
label = { en = "Owl" }
[segments.cues]
start = "go"
open = "go"
cut = "go"
lock = "go"
reveal = "go"
end = "go"
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """share: of what it used in the calm, which the edge gets in the tight time."""

    phones: int
    share: float
    settle_s: float
    calm_s: float
    tight_s: float
    after_s: float
    seed: int


@dataclass(frozen=True, slots=True)
class Second:
    """What happened in one. ack_*: as the phones saw it; edge_*: as the edge says of about then. late_ms: how
    late this process was at the end of it. boards: to each phone."""

    at_s: float
    part: str
    level: int
    share: float
    acks: int
    ack_p50_ms: float
    ack_p99_ms: float
    edge_p99_ms: float
    boards: float
    cores: float
    out: str
    late_ms: float


@dataclass
class Watch:
    """Who writes down what happens, a second a time."""

    service: Service
    clients: Clients
    pid: int
    heard: Heard
    phones: int
    part: str = CALM
    began_s: float = 0.0  # that part
    judged_ms: list[float] = field(default_factory=list)  # answers of the tight time, once relieved
    seconds: list[Second] = field(default_factory=list)
    pressed: list[tuple[float, str]] = field(default_factory=list)

    def enter(self, part: str) -> None:
        """Another part of the run begins."""
        self.part, self.began_s = part, time.monotonic()

    async def look(self) -> None:
        """Until cancelled."""
        began_s = due_s = time.monotonic()
        used_s = cpu_s(self.pid)
        self.heard.acks_ms.clear()
        boards = self.heard.boards
        while True:
            before_s, due_s = due_s, due_s + 1
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            now_s = time.monotonic()
            took_s, late_s, due_s = now_s - before_s, now_s - due_s, now_s
            acks_ms, self.heard.acks_ms = self.heard.acks_ms, []
            if self.part == TIGHT and before_s - self.began_s >= RELIEVED_S:
                self.judged_ms += acks_ms
            found = cast("dict[bytes, bytes]", await self.clients.once.hgetall(keys.edges("short")))
            (told,) = [msgspec.msgpack.decode(said, type=Report) for said in found.values()]
            used_before_s, used_s = used_s, cpu_s(self.pid)
            boards_before, boards = boards, self.heard.boards
            self.seconds.append(
                Second(
                    round(now_s - began_s, 1),
                    self.part,
                    self.heard.level,
                    round(told.share, 3),
                    len(acks_ms),
                    round(at(acks_ms, 0.5), 1),
                    round(at(acks_ms, 0.99), 1),
                    round(told.ack_p99_ms, 1),
                    round((boards - boards_before) / self.phones / took_s, 2),
                    round((used_s - used_before_s) / took_s, 3),
                    told.rotation,
                    round(late_s * 1_000, 1),
                )
            )

    async def press(self) -> None:
        """A cue every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(CUE_EVERY_S)
            self.pressed.append((time.monotonic(), self.part))
            await self.service.cue("ask_clap")

    def cues_ms(self, part: str, after_s: float = 0.0) -> list[float]:
        """How long each cue of this part took until all had heard of it; infinite: somebody never did.

        after_s: without those of its first so many seconds.
        """
        since_s = after_s + min((when_s for when_s, during in self.pressed if during == part), default=0.0)
        heard = [self.heard.claps[instant] for instant in sorted(self.heard.claps)]
        heard += [[]] * (len(self.pressed) - len(heard))
        return [
            (max(when) - pressed_s) * 1_000 if len(when) >= self.phones else float("inf")
            for (pressed_s, during), when in zip(self.pressed, heard, strict=True)
            if during == part and pressed_s >= since_s
        ]


@contextlib.asynccontextmanager
async def alongside(*running: Any) -> AsyncIterator[None]:
    """These run meanwhile; a fault of theirs is raised."""
    tasks = [asyncio.create_task(one) for one in running]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    for one in found:
        if isinstance(one, Exception):
            raise one


@contextlib.asynccontextmanager
async def apart(plan: Path, folder: Path) -> AsyncIterator[tuple[Service, Service]]:
    """A service with all roles but the edge, and one that is an edge alone."""
    data, secret = folder / "data", b"a secret of this bench's alone, and of no evening"
    async with embedded(data / "store", users=users.lines(secret)) as url:
        shared = {"GALA_REDIS_URL": users.marked(url), "GALA_SECRET": secret.decode()}
        others = [part for role in ROLES if role != "edge" for part in ("--role", role)]
        async with serving_plan(plan, data, *others, **shared) as service:
            await service.desk_up()
            shared["GALA_ADMIT_PER_S"] = str(JOIN_PER_S)
            async with serving_plan(plan, folder / "edge", "--role", "edge", **shared) as front:
                await front.front_up()
                yield service, front


def planned(folder: Path) -> Path:
    """The evening's rundown, in a folder that is there then."""
    folder.mkdir()
    plan = folder / "boost.toml"
    plan.write_text(PLAN, "utf-8")
    return plan


async def episode(options: Options, folder: Path, *, deaf: bool) -> dict[str, Any]:
    """One service, one crowd; what it found, see `figures`."""
    plan = planned(folder)
    async with (
        asyncio.timeout(PATIENCE_S + options.calm_s + options.tight_s + options.after_s),
        apart(plan, folder) as (service, front),
    ):
        pid = front.process.pid
        clients = await service.store()
        try:
            async with seated(front.port, chances(options.seed, options.phones), Tapper) as phones:
                await service.go("boost.start")
                await service.go("boost.open")
                heard = Heard()
                for phone in phones:
                    phone.all, phone.deaf, phone.fickle = heard, deaf, phone.chance.random() < FICKLE
                    phone.begin()
                await asyncio.sleep(options.settle_s)
                watch = Watch(service, clients, pid, heard, len(phones))
                async with alongside(watch.look(), watch.press()):
                    began_s, used_s = time.monotonic(), cpu_s(pid)
                    await asyncio.sleep(options.calm_s)
                    need = (cpu_s(pid) - used_s) / (time.monotonic() - began_s)
                    watch.enter(TIGHT)
                    async with choked(pid, need * options.share):
                        await asyncio.sleep(options.tight_s)
                    watch.enter(AFTER)
                    await asyncio.sleep(options.after_s)
                for phone in phones:
                    phone.end()
                while not all(phone.settled for phone in phones):
                    await asyncio.sleep(0.1)
                counted = (await service.counted("boost.lock")).get("taps", 0)
                said = figures(watch, need, [phone.acked for phone in phones], counted)
                return said | {"edge_said": [line for line in front.said if "edge load" in line]}
        finally:
            await clients.close()


def figures(watch: Watch, need: float, acked: Sequence[int], counted: int) -> dict[str, Any]:
    """Of one episode."""
    tight = [one for one in watch.seconds if one.part == TIGHT]
    relieved = [one for one in tight if one.at_s - tight[0].at_s >= RELIEVED_S]
    calm = [one for one in watch.seconds if one.part == CALM]
    levels = [one.level for one in tight]
    swings = sum(now < before for before, now in pairwise(levels))
    late = [one for one in tight if one.ack_p99_ms > 1_000]
    return {
        "edge_needs_cores": round(need, 3),
        "calm_ack_p99_ms": max((one.ack_p99_ms for one in calm), default=0.0),
        "calm_cue_ms": round(max(watch.cues_ms(CALM), default=0.0), 1),
        "ack_p50_ms": round(at(watch.judged_ms, 0.5), 1),
        "ack_p99_ms": round(at(watch.judged_ms, 0.99), 1),
        "ack_worst_second_p99_ms": max((one.ack_p99_ms for one in relieved), default=0.0),
        "ack_before_p99_ms": max((one.ack_p99_ms for one in tight if one not in relieved), default=0.0),
        "seconds_over_1000_ms": len(late),
        "the_last_of_them_s": round(max((one.at_s - tight[0].at_s for one in late), default=0.0), 1),
        "cue_before_ms": round(max(watch.cues_ms(TIGHT), default=0.0), 1),
        "cue_most_ms": round(max(watch.cues_ms(TIGHT, RELIEVED_S), default=0.0), 1),
        "highest_level": max(levels, default=0),
        "steps_down": swings,
        "plays_per_s": round(sum(one.acks for one in relieved) / max(1, len(relieved))),
        "answers": dict(watch.heard.answers),
        "cut_off": watch.heard.cut_off,
        "taps_acknowledged": sum(acked),
        "taps_counted": counted,
        "lost": abs(sum(acked) - counted),
        "home_after_s": round(home_s(watch.seconds), 1),
        "crowd_late_ms": max((one.late_ms for one in watch.seconds), default=0.0),
        "seconds": [asdict(one) for one in watch.seconds],
    }


def home_s(seconds: Sequence[Second]) -> float:
    """How long after the tight time it was until nothing was left off; infinite: it never came to that."""
    after = [one for one in seconds if one.part == AFTER]
    return min((one.at_s - after[0].at_s for one in after if one.level == 0), default=float("inf"))


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """Both crowds; what was found."""
    obeying = await episode(options, folder / "obeying", deaf=False)
    deaf = await episode(replace(options, after_s=DEAF_AFTER_S), folder / "deaf", deaf=True)
    return report(options, obeying, deaf)


def report(options: Options, obeying: dict[str, Any], deaf: dict[str, Any]) -> dict[str, Any]:
    """The figures of those who obey, beside them those of the deaf, and the goals that the first meet."""
    ran = obeying["highest_level"] > 0 and obeying["taps_counted"] > 0
    said = {"phones": options.phones, "share": options.share, **obeying, "deaf": deaf}
    return judged(said, GOALS, ran=ran)


def table(seconds: Sequence[dict[str, Any]]) -> list[str]:
    """Second by second."""
    names = list(seconds[0])
    lines = ["".join(f"{name:>12}" for name in names)]
    return lines + ["".join(f"{one[name]:>12}" for name in names) for one in seconds]


def main(arguments: list[str]) -> int:
    """The command. 0: every goal is met; 1: one is missed."""
    parser = argparse.ArgumentParser(
        prog="gala bench overload", description="What the levels are worth when an edge is too small."
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    parser.add_argument("--phones", type=int, default=800, help="who tap (800)")
    parser.add_argument("--share", type=float, default=0.3, help="of what the edge needs (0.3)")
    parser.add_argument("--calm-s", type=float, default=8.0, help="before (8)")
    parser.add_argument("--tight-s", type=float, default=40.0, help="with too little (40)")
    parser.add_argument("--after-s", type=float, default=45.0, help="with all it wants again (45)")
    parser.add_argument("--seed", type=int, default=2019, help="other moments")
    asked = parser.parse_args(arguments)
    options = Options(
        phones=max(1, asked.phones),
        share=asked.share,
        settle_s=SETTLE_S,
        calm_s=asked.calm_s,
        tight_s=asked.tight_s,
        after_s=asked.after_s,
        seed=asked.seed,
    )
    as_many_sockets_as_allowed()
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        said = uvloop.run(measure(options, Path(folder)))
    if asked.json:
        sys.stdout.write(json.dumps(said) + "\n")
        return 0 if said["met"] else 1
    deaf = said.pop("deaf")
    lines = [*table(said.pop("seconds")), "", *said.pop("edge_said"), ""]
    lines += ["the deaf:", *table(deaf.pop("seconds")), "", *deaf.pop("edge_said"), ""]
    lines += [f"deaf {name:22}{value}" for name, value in deaf.items()]
    sys.stdout.write("\n".join([*lines, "", *lines_of(said)]) + "\n")
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
