"""How long a draw and its proof take: `python -m tests.bench.draw`.

A large evening is played once into a real folder (or found there: `--folder`); then every figure is taken
from its files by a process of its own, which reports the median of some runs and the most memory it took.
Files are in the system's cache, as they are after writing them. The two verifiers are timed as a stranger
runs them, with starting Python.
"""

import argparse
import asyncio
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rewards.arithmetic import beacon, decks, ranking, roster
from rewards.arithmetic.beacon import QUICKNET
from rewards.arithmetic.ranking import Tier
from rewards.keeping.played import rounds_of
from rewards.money.books import Row
from rewards.money.ledger import Ledger
from rewards.rules import draws
from tests import postgres
from tests.bench.draw_evening import play, reopened

CHECKOUT = Path(__file__).parents[2]
SEED = hashlib.sha256(b"bench").digest()
# drand quicknet, round 1000, as its relays serve it
SIGNATURE = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"


@dataclass(frozen=True)
class Size:
    """viewers: of the evening; large: of the largest roster that is ranked; prizes: vouchers of the evening,
    and winners, and alternates, of what is ranked; rows: of the ledger that is written; envelopes: of the
    deck, ¥25 each on average."""

    folder: Path
    viewers: int = 10_000_000
    large: int = 50_000_000
    prizes: int = 200_000
    rows: int = 200_000
    envelopes: int = 10_000_000
    times: int = 5


@dataclass(frozen=True)
class Took:
    """value: in the goal's unit. cpu_s: processor time of one run, which says more on a busy machine."""

    value: float
    cpu_s: float


@dataclass(frozen=True)
class Goal:
    """What is measured: the figure's unit, and what it is to be at most (or at least)."""

    what: str
    unit: str
    bound: float
    measure: Callable[[Size], Took]
    at_least: bool = False
    memory_mb: int = 0  # the most the process may take, where that is a goal

    def met(self, value: float, memory_mb: float) -> bool:
        fast = value >= self.bound if self.at_least else value <= self.bound
        return fast and (not self.memory_mb or memory_mb <= self.memory_mb)


def cpu_s() -> float:
    """Processor time so far, of this process and of those it ran."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def timed(size: Size, act: Callable[[], object]) -> Took:
    """The medians, in seconds."""
    took, spent = [], []
    for _ in range(size.times):
        start, before = time.perf_counter(), cpu_s()
        act()
        took.append(time.perf_counter() - start)
        spent.append(cpu_s() - before)
    return Took(median(took), median(spent))


def rank(tickets: roster.Tickets, winners: int, alternates: int) -> int:
    """A whole draw of one tier, to the bytes of its file."""
    everyone = np.ones(len(tickets), dtype=np.bool_)
    return len(ranking.encode(ranking.draw(SEED, [Tier(1, winners, alternates)], tickets, everyone, 1)))


def ranked(size: Size) -> Took:
    content = (size.folder / "books" / "draws" / "1" / "roster.bin").read_bytes()
    tickets = np.frombuffer(content, dtype=">u2", offset=64).astype(np.uint16)
    return timed(size, lambda: rank(tickets, size.prizes // 2, size.prizes // 2))


def ranked_large(size: Size) -> Took:
    tickets = np.random.default_rng(2019).integers(1, 10, size.large).astype(np.uint16)
    return timed(size, lambda: rank(tickets, size.prizes // 2, size.prizes // 2))


def rostered(size: Size) -> Took:
    async def run() -> Took:
        register = await reopened(size.folder / "books")
        spec, key = register._draw(1).spec, register._draw_key(1)

        def made() -> object:
            played = rounds_of(register._journal.history, size.folder / "books", 1)
            return draws.make_roster(spec, [(0, size.viewers)], key, played, ()).leaf["root"]

        found = timed(size, made)
        await register.close()
        return found

    return asyncio.run(run())


def audited(size: Size) -> Took:
    return timed(size, lambda: told("-m", "rewards.audit", str(size.folder / "bundle")))


def verified(size: Size) -> Took:
    return timed(size, lambda: told(str(size.folder / "bundle" / "verify.py")))


def told(*arguments: str) -> None:
    """Runs a verifier, which must find nothing."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rows_of(count: int) -> list[Row]:
    """A funded tier, and of each prize its reserve and its issue."""
    each = [("reserve", 0), ("issue", 1)]
    rows = [Row(1, 0, 1, 1, 0, 0, "fund", 0, 888 * count, "XTS")]
    for prize in range(count // 2):
        rows += [Row(len(rows) + 1 + n, 0, 1, 1, prize, 0, kind, n, 888, "XTS") for kind, n in each]
    return rows


async def written(size: Size, where: Path | str) -> Took:
    """Rows a second, from the first call to the durable commit, in one transaction."""
    ledger, rows = await Ledger.open(where), rows_of(size.rows)
    start, before = time.perf_counter(), cpu_s()
    async with ledger.transaction() as db:
        await ledger.add(db, rows)
    took, spent = time.perf_counter() - start, cpu_s() - before
    await ledger.close()
    return Took(len(rows) / took, spent)


def middle(found: list[Took]) -> Took:
    return Took(median(one.value for one in found), median(one.cpu_s for one in found))


def ledger_sqlite(size: Size) -> Took:
    with tempfile.TemporaryDirectory(dir=size.folder) as folder:
        files = [Path(folder) / f"{n}.sqlite" for n in range(size.times)]
        return middle([asyncio.run(written(size, file)) for file in files])


def ledger_postgresql(size: Size) -> Took:
    with postgres.running() as server:
        urls = [asyncio.run(server.make(f"bench{n}")) for n in range(size.times)]
        return middle([asyncio.run(written(size, url)) for url in urls])


def beacon_checked(size: Size) -> Took:
    signature = bytes.fromhex(SIGNATURE)
    some = Size(size.folder, times=20 * size.times)
    took = timed(some, lambda: beacon.check(QUICKNET, 1000, signature))
    return Took(1000 * took.value, took.cpu_s)


def dealt(size: Size) -> Took:
    ones = np.ones(size.envelopes, dtype=np.uint16)

    def deal() -> None:
        amounts, counts = decks.deal_out(2500 * size.envelopes, size.envelopes, 1, 1_000_000, "lucky")
        assert decks.total(amounts, counts) == 2500 * size.envelopes
        results = ranking.draw(SEED, [Tier(1, size.envelopes, 0)], ones, ones.astype(np.bool_), 1)
        assert len(decks.cards(amounts, counts)) == len(results[0].winners)

    return timed(size, deal)


GOALS = {
    "ranking": Goal("seed to winners and as many alternates", "s", 0.6, ranked),
    "roster": Goal("sealed boxes to the roster and its root", "s", 1.5, rostered),
    "audit": Goal("python -m rewards.audit, the whole bundle", "s", 3.0, audited, memory_mb=800),
    "standalone": Goal("verify.py, the whole bundle", "s", 10.0, verified),
    "large": Goal("seed to winners, the large roster", "s", 6.0, ranked_large),
    "ledger": Goal("ledger on SQLite, durable", "rows/s", 50_000, ledger_sqlite, at_least=True),
    "postgresql": Goal("ledger on PostgreSQL, durable", "rows/s", 50_000, ledger_postgresql, at_least=True),
    "beacon": Goal("one round of drand checked", "ms", 2.0, beacon_checked),
    "deck": Goal("a deck made and dealt", "s", 3.0, dealt),
}


def peak_mb() -> float:
    """The most memory this process took, or one that it ran, in MiB."""
    own, theirs = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return max(own, theirs) / 1024


@contextmanager
def folder_of(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="gala-draw-") as made:
        yield Path(made)


def in_a_process(name: str, arguments: list[str], folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.draw", *arguments, "--folder", str(folder), "--only", name]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> int:
    """The command. 0: every goal is met; 1: one is missed."""
    parser = argparse.ArgumentParser(prog="gala bench draw", description=__doc__)
    for name in ("viewers", "large", "prizes", "rows", "envelopes", "times"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Size, name))
    parser.add_argument("--folder", type=Path, help="where the evening is played, or was")
    parser.add_argument("--json", action="store_true", help="one line of JSON, and nothing else")
    parser.add_argument(
        "--only", choices=["play", *GOALS], help="one figure, from a folder that holds the evening"
    )
    options = parser.parse_args()
    with folder_of(options.folder) as folder:
        sizes = {name: getattr(options, name) for name in Size.__dataclass_fields__ if name != "folder"}
        size = Size(folder=folder, **sizes)
        if options.only == "play":
            asyncio.run(play(folder / "books", folder / "bundle", viewers=size.viewers, prizes=size.prizes))
            sys.stdout.write("{}\n")
            return 0
        if options.only:
            took = GOALS[options.only].measure(size)
            sys.stdout.write(json.dumps(asdict(took) | {"memory_mb": peak_mb()}) + "\n")
            return 0
        arguments = [part for name, value in sizes.items() for part in (f"--{name}", str(value))]
        if not (folder / "bundle" / "MANIFEST.json").exists():
            in_a_process("play", arguments, folder)
        found = {name: in_a_process(name, arguments, folder) for name in GOALS}
    for name, goal in GOALS.items():
        found[name]["met"] = goal.met(found[name]["value"], found[name]["memory_mb"])
    met = all(figure["met"] for figure in found.values())
    if options.json:
        sys.stdout.write(json.dumps({"size": sizes, "figures": found, "met": met}) + "\n")
    else:
        sys.stdout.write(f"{size.viewers:,} viewers, {size.prizes:,} prizes; {os.cpu_count()} processors\n")
        for name, goal in GOALS.items():
            value, spent, memory = (found[name][part] for part in ("value", "cpu_s", "memory_mb"))
            verdict = "met" if found[name]["met"] else "MISSED"
            bound = f"{'at least' if goal.at_least else 'at most'} {goal.bound:,g}"
            cost = f"{spent:.2f} s of CPU, {memory:,.0f} MiB"
            sys.stdout.write(f"  {goal.what:42} {value:10,.2f} {goal.unit:6} {verdict:6} ({bound}); {cost}\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
