"""Which faults there are, and a campaign of each: a scene, the fault in every game, the checker's verdict."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.sim import __main__ as sim
from tests.soak import cluster_acts, edge_acts, phone_acts, store_acts
from tests.soak.scene import Outcome, Scene, scene

Act = Callable[[Scene, Any, Outcome], Awaitable[None]]
STUCK_S = 3600.0
SMALL_DISK = "48m"


class Fault(NamedTuple):
    """A fault and what it needs. size: of a whole soak, shared by the two games; see the act. act None: it is
    no scene, but so many simulated evenings (`tests.sim`)."""

    words: str
    act: Act | None
    size: float
    phones: int = 100
    edges: int = 1
    own_store: bool = False
    pace_s: float = 0.15
    small_disk: bool = False
    cluster: bool = False
    halves: bool = True

    def parts(self, size: float) -> tuple[float, float]:
        """The size of it in each of the two games: halves, or a short time and a long one."""
        if self.halves:
            return int(size) // 2, int(size) - int(size) // 2
        return size / 10, size * 9 / 10


FAULTS = {
    "replies": Fault("store's reply lost after it applied", store_acts.lost_replies, 10_000, pace_s=0.05),
    "store": Fault("store killed", store_acts.store_killed, 100, own_store=True),
    "power": Fault("power cut: file cut to its last sync", store_acts.power_cut, 50),
    "edge": Fault("edge killed anywhere", edge_acts.edge_killed, 200, phones=60, edges=2),
    "frozen": Fault("store frozen", store_acts.store_frozen, 66, phones=200, halves=False),
    "disk": Fault("disk full", store_acts.disk_full, 4, own_store=True, small_disk=True),
    "memory": Fault("memory full", store_acts.memory_full, 4),
    "scripts": Fault("SCRIPT FLUSH", store_acts.scripts_forgotten, 200),
    "lines": Fault("all sockets dropped at a cue", edge_acts.lines_cut, 2_000, phones=20),
    "attacks": Fault("the attack list", phone_acts.attacked, 4, phones=20),
    "churn": Fault("phones come and go", phone_acts.churned, 1_200, phones=60),
    "directors": Fault("two directors, double click, lost ack", edge_acts.two_directors, 200, 20, edges=2),
    "cluster": Fault(
        "a primary killed, cut off, frozen", cluster_acts.primaries_harmed, 48, edges=2, cluster=True
    ),
    "slots": Fault("slots move between primaries", cluster_acts.slots_moved, 100, edges=2, cluster=True),
    "tabs": Fault("two tabs on two edges", edge_acts.two_tabs, 10_000, phones=40, edges=2),
    "evenings": Fault("all of it at once, simulated", None, 2_000),
}


async def campaign(name: str, folder: Path, seed: str, size: float) -> Outcome:
    """One campaign in an empty folder. What goes wrong is in the outcome, errors included."""
    fault = FAULTS[name]
    outcome = Outcome(fault=fault.words, seed=seed)
    if fault.act is None:
        await asyncio.to_thread(_evenings, seed, int(size), outcome)
        return outcome
    try:
        with small_disk(folder / "edge-0") if fault.small_disk else contextlib.nullcontext():
            async with (
                asyncio.timeout(STUCK_S),
                scene(
                    folder,
                    seed,
                    phones=fault.phones,
                    edges=fault.edges,
                    own_store=fault.own_store,
                    cluster=fault.cluster,
                    pace_s=fault.pace_s,
                ) as on,
            ):
                for segment, part in zip(("vote", "cheer"), fault.parts(size), strict=True):
                    await on.open(segment)
                    await fault.act(on, part, outcome)
                    await on.lock()
                await on.judge(outcome)
    except NotHere as reason:
        outcome.skipped = str(reason)
    except Exception as error:  # noqa: BLE001 - a campaign that stumbles is a finding; the others go on
        outcome.wrong.append(repr(error))
    return outcome


def _evenings(seed: str, count: int, outcome: Outcome) -> None:
    """So many simulated evenings."""
    for name, found in sim.played([f"{seed}/{n}" for n in range(count)]):
        outcome.runs += 1
        outcome.sent += found.attempts
        outcome.acked += found.acked
        outcome.wrong += [f"{fault} (make sim SEED={name})" for fault in found.faults]


class NotHere(Exception):
    """The fault cannot be made on this machine; the text says what it would take."""


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of a few MiB at `folder`. NotHere where we may not mount one."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "gala-soak", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        raise NotHere("a small disk has to be mounted, which takes root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
