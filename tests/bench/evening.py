"""A whole evening with a full process: `gala bench evening`.

One process serves, with all roles in it; the phones are raw sockets in another, `tests.bench.evening_phones`.
They hear everything, play now and then, and a few in a hundred a minute lose their lines and return. At the
start of each segment the service says what it holds of the machine. The segment after the first round is
compared with the end: in between the same phones are told everything, play, and come back.

What this can see: an evening has 8 MiB of its own, whoever watches (cues, states, draws, what is imported on
the way, the bundle's making; found with a thousand phones). Beyond that a phone may leave 1 KiB, which is a
byte and a half for each of the seven hundred messages that it gets. What leaks more slowly, a day of churn
shows (`make soak`).
"""

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from gala.processes.serving import as_many_sockets_as_allowed
from tests.bench.evening_phones import Crowd
from tests.bench.goals import Goals, judged, lines_of
from tests.bench.sync_report import share

STAGE = "from tests.bench.evening_stage import main; main()"
ATTENTION = 0.5
JOIN_PER_S = 400  # below what a process lets in, so that nobody stands in line at the start
SETTLE_S = 1.0
OWN_KIB = 8 * 1024
GOALS: Goals = {
    "shows missed": ("missed", 0),
    "phones behind": ("behind", 0),
    "out of order, gone back": ("out_of_order", 0),
    "numbers lost": ("numbers_lost", 0),
    "cut off": ("cut_off", 0),
    "plays unanswered": ("unanswered", 0),
    "memory grown, KiB a phone": ("grown_kib_a_phone", 1.0),
    "descriptors beside sockets": ("descriptors_spread", 16),
    "tasks grown": ("tasks_grown", 8),
    "equalities that do not hold": ("problems", 0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """churn_per_minute: of a hundred phones, how many lose their line in a minute."""

    phones: int
    rundown: str
    speed: float
    churn_per_minute: float
    seed: int


@dataclass
class Stage:
    """The service's process, and what it says."""

    process: asyncio.subprocess.Process
    port: int = 0
    show: str = ""
    channels: list[str] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)

    async def heard(self) -> dict[str, Any]:
        """Its next line."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the service has ended"
        said: dict[str, Any] = json.loads(line)
        return said

    async def listen(self) -> None:
        """Hears it out."""
        while not self.summary:
            said = await self.heard()
            if "segment" in said:
                self.samples.append(said)
            else:
                self.summary = said


@contextlib.asynccontextmanager
async def stage(options: Options, folder: Path) -> AsyncIterator[Stage]:
    """The service, up; it has ended afterwards."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GALA_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STAGE, options.rundown, str(options.speed)),
        env=environment
        | {"GALA_DATA": str(folder), "GALA_PUBLIC_PORT": "0", "GALA_CREW_PORT": "0", "GALA_LOG": "warning"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        found = Stage(process)
        said = await found.heard()
        found.port, found.show, found.channels = said["port"], said["show"], said["channels"]
        yield found
        process.stdin.close()
        await process.wait()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """One evening; what it found, see `report`."""
    async with stage(options, folder) as service:
        crowd = Crowd(service.port, service.show, options.seed, ATTENTION)
        await crowd.come(service.channels, options.phones, JOIN_PER_S)
        assert service.process.stdin is not None
        service.process.stdin.write(b"begin\n")
        churning = asyncio.create_task(crowd.churn(options.churn_per_minute))
        await service.listen()
        churning.cancel()
        await crowd.until(lambda: crowd.inside == len(crowd.phones))
        await asyncio.sleep(SETTLE_S)
        behind = crowd.behind()
        for phone in crowd.phones:
            phone.leave()
    return report(crowd, behind, service.samples, service.summary)


def grown(samples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the service held more at the end than when the segment after the first round began."""
    first, last = samples[2], samples[-1]
    kib = last["resident_kib"] - first["resident_kib"]
    beside = [one["open_files"] - one["sockets"] for one in samples]
    return {
        "grown_kib": kib,
        "grown_kib_a_phone": round(max(0, kib - OWN_KIB) / last["sockets"], 2),
        "blocks_grown": last["blocks"] - first["blocks"],
        "descriptors_spread": max(beside) - min(beside),
        "tasks_grown": last["tasks"] - first["tasks"],
    }


def report(
    crowd: Crowd, behind: int, samples: Sequence[dict[str, Any]], summary: dict[str, Any]
) -> dict[str, Any]:
    """The figures, and the goals they meet."""
    figures: dict[str, Any] = {
        "phones": len(crowd.phones),
        "seconds": summary["seconds"],
        "cues": samples[-1]["version"],
        "shows_told": sum(life.shows for life in crowd.lives),
        "missed": crowd.missed(),
        "behind": behind,
        "out_of_order": crowd.faults["out of order"] + crowd.faults["went back"],
        "returns": crowd.returns,
        "sent_away": crowd.sent_away,
        "numbers_lost": crowd.faults["number lost"],
        "cut_off": crowd.faults["cut off"],
        "dropped": summary["dropped"],
        "shed": summary["shed"],
        "answers": dict(sorted(crowd.answers.items())),
        "unanswered": crowd.unanswered,
        "ack_p50_ms": round(share(crowd.waits_ms, 0.5), 1),
        "ack_p99_ms": round(share(crowd.waits_ms, 0.99), 1),
        "service_cpu_s": samples[-1]["cpu_s"],
        **grown(samples),
        "problems": len(summary["problems"]),
        "samples": list(samples),
    }
    played = crowd.answers["counted"] > 0 and crowd.returns > 0
    return judged(figures, GOALS, ran=played)


def main(arguments: list[str]) -> int:
    """The command. 0: every goal is met; 1: one is missed."""
    parser = argparse.ArgumentParser(
        prog="gala bench evening", description="A whole evening with one process full of phones."
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON, no table")
    parser.add_argument("--phones", type=int, default=10_000, help="(10000)")
    parser.add_argument("--rundown", default="countdown-gala-2019", help="(countdown-gala-2019)")
    parser.add_argument("--speed", type=float, default=8, help="as of the demo (8)")
    parser.add_argument("--churn", type=float, default=5, help="lines lost a minute, in a hundred (5)")
    parser.add_argument("--seed", type=int, default=2019, help="another crowd")
    asked = parser.parse_args(arguments)
    options = Options(
        phones=max(1, asked.phones),
        rundown=asked.rundown,
        speed=asked.speed,
        churn_per_minute=asked.churn,
        seed=asked.seed,
    )
    as_many_sockets_as_allowed()
    with tempfile.TemporaryDirectory(prefix="gala-bench-") as folder:
        said = uvloop.run(measure(options, Path(folder)))
    if asked.json:
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        samples = said.pop("samples")
        columns = ("segment", "version", "sockets", "resident_kib", "blocks", "open_files", "tasks", "cpu_s")
        lines = ["".join(f"{name:>14}" for name in columns)]
        lines += ["".join(f"{one[name]:>14}" for name in columns) for one in samples]
        lines += lines_of(said)
        sys.stdout.write("\n".join(lines) + "\n")
    return 0 if said["met"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
