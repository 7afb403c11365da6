"""``gala demo``: a whole evening in a few minutes, with a crowd, on this machine alone."""

import asyncio
import contextlib
import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import segno
from rich.console import Console

from gala.clock import GalaClock
from gala.draws.beacons import chain_and_signature
from gala.evening import Evening, open_evening
from gala.links import PASS_S, links
from gala.rehearsal import BEFORE_MS, hurry, next_act
from gala.rundown import Rundown, words
from gala.secret import Entropy, service_secret
from gala.settings import Settings
from gala.store.valkey import in_use
from gala.timekeeping import world_of
from gala.timing import GRACE_MS
from rewards.evidence.checks import verify_bundle

CROWD_READY_S = 15
DIRECTOR_S = 0.05
LATE_S = 12
KEPT = 4  # evenings of earlier demos, so that their bundles can still be looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``gala demo`` was asked for."""

    viewers: int
    speed: float
    manual: bool
    as_json: bool
    seed: str


@dataclass(slots=True)
class Crowd:
    """The crowd's process and its newest words."""

    process: asyncio.subprocess.Process
    newest: dict[str, Any] = field(default_factory=dict)
    spoke: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    async def start(cls, evening: Evening, options: Options) -> "Crowd":
        """Starts the crowd against the public listener."""
        weights = {channel.id: 1 for channel in evening.rundown.channels}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "gala.crowd",
            f"ws://127.0.0.1:{evening.public.port}",
            evening.rundown.id,
            str(options.viewers),
            options.seed,
            json.dumps(weights),
            str(LATE_S if options.speed < 10 else 1),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is ours; it ends with its standard input
        )
        return cls(process)

    async def listen(self) -> None:
        """Reads its words until it has no more."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.newest = json.loads(line)
            self.spoke.set()

    async def stop(self) -> None:
        """Ends it, and waits until it has ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.process.wait()
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def demo(
    rundown: Rundown,
    settings: Settings,
    options: Options,
    console: Console,
    stop: asyncio.Event,
    entropy: Entropy,
) -> int:
    """Plays the evening; the exit code: 0 when every equality holds, 1 when one fails, 130 after Ctrl-C."""
    began_s = time.monotonic()
    settings = msgspec.structs.replace(settings, data=_new_folder(settings.data / "demo"))
    if settings.redis_url:
        # a store that outlives the demo: every evening in it has a name of its own
        rundown = msgspec.structs.replace(rundown, id=f"{rundown.id}-{entropy(3).hex()}")
    secret = service_secret(settings, entropy)
    clock = GalaClock(rundown.starts_at_ms - BEFORE_MS)
    chain, signature = chain_and_signature(rundown, secret)
    async with (
        open_evening(
            settings,
            rundown,
            rehearsal=True,
            clock=clock,
            chain=chain,
            signature=signature,
            secret=secret,
            entropy=entropy,
            wall_s=lambda: int(time.time()),
            world=world_of,
            grace_ms=int(GRACE_MS * max(1, options.speed)),
        ) as evening,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(evening.run())
        crowd = await Crowd.start(evening, options)
        listening = tasks.create_task(crowd.listen())
        stopping = tasks.create_task(stop.wait())
        helpers: list[asyncio.Task[Any]] = [stopping]
        try:
            if not options.as_json:
                _welcome(evening, console)
                helpers.append(tasks.create_task(_tell(evening, crowd, console)))
            await _first(stopping, tasks.create_task(_crowd_is_here(crowd, options.viewers)))
            if not options.manual:
                helpers.append(tasks.create_task(direct(evening)))
            helpers.append(tasks.create_task(pace(evening, options.speed, manual=options.manual)))
            await _first(stopping, tasks.create_task(_published(evening)))
            if not stop.is_set() and not options.as_json and sys.stdin.isatty():
                console.print("The evening is over. The pages stay open; [bold]Ctrl-C[/] ends them.")
                await stopping
        finally:
            await crowd.stop()
            await listening  # its output ends with it
            for helper in helpers:
                helper.cancel()
            evening.stop()
            await running
        summary = await summary_of(evening, crowd.newest, int(time.monotonic() - began_s))
        stopped_early = not evening.notary.published.is_set()
    if options.as_json:
        sys.stdout.write(json.dumps(summary, ensure_ascii=False) + "\n")
    else:
        _print_summary(summary, console, stopped_early=stopped_early)
    if stopped_early:
        return 130
    return 0 if summary["problems"] == [] else 1


def _new_folder(demos: Path) -> Path:
    """A folder for this evening: ``1``, ``2`` … Of those that have ended the newest few are kept."""
    demos.mkdir(parents=True, exist_ok=True)
    numbers = sorted(int(found.name) for found in demos.iterdir() if found.name.isdigit())
    for old in numbers[:-KEPT]:
        if not in_use(demos / str(old) / "store"):
            shutil.rmtree(demos / str(old))
    folder = demos / str(numbers[-1] + 1 if numbers else 1)
    folder.mkdir()
    return folder


async def _first(*waiting: asyncio.Task[Any]) -> None:
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting[1:]:
        task.cancel()


async def _crowd_is_here(crowd: Crowd, viewers: int) -> None:
    until_s = time.monotonic() + CROWD_READY_S
    while crowd.newest.get("entered", 0) < viewers * 0.8 and time.monotonic() < until_s:
        crowd.spoke.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await crowd.spoke.wait()


async def _published(evening: Evening) -> None:
    await evening.notary.published.wait()


async def pace(evening: Evening, speed: float, *, manual: bool = False) -> None:
    """Runs gala time at the asked speed, faster while nothing happens unless a person presses GO."""
    while True:
        rate = speed
        if not manual:
            rate = hurry(evening.rundown, evening.crew.state, evening.clock.now_ms(), speed=speed)
        if rate != evening.clock.rate:
            evening.clock.pace(rate)
        await asyncio.sleep(DIRECTOR_S)


async def direct(evening: Evening) -> None:
    """Presses GO as a director would, through the crew's own door."""
    token = evening.passes.crew("director", "demo", expires_at_s=int(time.time()) + PASS_S)
    pressed = 0
    while True:
        act = next_act(evening.rundown, evening.crew.state, evening.clock.now_ms())
        if act is not None:
            pressed += 1
            post = {"id": f"demo-{pressed}", **act.content()}
            if act.cue == "go":
                post["expect"] = {"standby": act.target}
            await asyncio.to_thread(_post, evening.crew_listener.port, token, post)
        await asyncio.sleep(DIRECTOR_S)


def _post(port: int, token: str, post: dict[str, Any]) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/cues",
        json.dumps(post).encode(),
        {"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    try:
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - as above
    except urllib.error.HTTPError as refused:
        refused.close()  # a timed cue came in between; the next look at the state decides anew


# ---------------------------------------------------------------- what is told


def _welcome(evening: Evening, console: Console) -> None:
    found = links(evening.passes, evening.join_url, evening.crew_listener.port)
    console.print(
        f"\n[bold]{words(evening.rundown.name)}[/] · a rehearsal, {evening.clients.server} inside\n"
    )
    if sys.stdout.isatty():
        segno.make(found["phone"], error="m").terminal(compact=True)
    # for eyes, a sketched stage behind it; on air the picture is behind it
    found["overlay"] = found["overlay"].replace("#", "#stage&")
    for who, link in found.items():
        console.print(f"  {who.title():<9} {link}", soft_wrap=True, highlight=False)
    if "127.0.0.1" in found["phone"]:
        console.print("  [dim]A phone in your network reaches this only with --lan.[/]")
    console.print()


async def _tell(evening: Evening, crowd: Crowd, console: Console) -> None:
    """A line for whatever happens, as it happens."""
    told = 0
    while True:
        lines = evening.crew.as_run()
        for line in lines[told:]:
            if line.what.split()[0] not in ("begin", "standby"):
                phones = crowd.newest.get("connected", 0)
                counted = crowd.newest.get("plays_counted", 0)
                console.print(
                    f"  [dim]{evening_time(evening.rundown, line.at_ms)}[/]  {line.what:<36} "
                    f"[dim]{phones:>5} phones {counted:>6} counted[/]",
                    highlight=False,
                )
        told = len(lines)
        await asyncio.sleep(0.1)


def evening_time(rundown: Rundown, at_ms: int) -> str:
    """A time of day in the show's zone, for people."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(rundown.zone)):%H:%M:%S}"


async def summary_of(evening: Evening, seen: Mapping[str, Any], seconds: int) -> dict[str, Any]:
    """The figures, and every equality that does not hold. seen: the crowd's newest words."""
    state = evening.notary.state
    problems: list[str] = []
    rounds: dict[str, Any] = {}
    for round_ in state.rounds.values():
        if round_.void:
            continue
        rounds[round_.id] = {"counters": round_.counters, "recount_equal": round_.recount_equal}
        if not round_.recount_equal:
            problems.append(f"{round_.id}: recount differs from the counters")
        told = seen.get("voters", {}).get(round_.id, 0)
        voters = round_.counters.get("voters", 0)
        if told > voters:
            problems.append(f"{round_.id}: {told} viewers were told counted, {voters} are")
    equations = await evening.register.equations()
    problems += [f"ledger: {e.name} of draw {e.draw}: {e.left} ≠ {e.right}" for e in equations if not e.holds]
    issued = sum(drawing.winners for drawing in state.draws.values())
    verified = False
    if evening.notary.published.is_set():
        checks = await asyncio.to_thread(verify_bundle, evening.bundle)
        verified = all(check.ok for check in checks)
        problems += [f"bundle: {check.name}: {check.detail}" for check in checks if not check.ok]
    else:
        problems.append("the evening was stopped before its end: there is no bundle")
    problems += evening.faults
    return {
        "show": evening.rundown.id,
        "plays_sent": seen.get("plays_sent", 0),
        "plays_counted": seen.get("plays_counted", 0),
        "plays_refused": seen.get("plays_refused", {}),
        "plays_unanswered": seen.get("unanswered", 0),
        "reconnects": seen.get("reconnects", 0),
        "rounds": rounds,
        "vouchers_issued": issued,
        "vouchers_seen": seen.get("vouchers_seen", 0),
        "ledger_balanced": all(equation.holds for equation in equations),
        "bundle": str(evening.bundle),
        "verified": verified,
        "seconds": seconds,
        "problems": problems,
    }


def _print_summary(summary: dict[str, Any], console: Console, *, stopped_early: bool) -> None:
    sent, counted = summary["plays_sent"], summary["plays_counted"]
    refused = ", ".join(f"{count} {reason}" for reason, count in summary["plays_refused"].items()) or "none"
    console.print(f"\n[bold]{'Stopped' if stopped_early else 'The evening, counted'}[/]")
    console.print(f"  plays     {sent} sent, {counted} counted; refused: {refused}")
    for name, round_ in summary["rounds"].items():
        mark = "[green]=[/]" if round_["recount_equal"] else "[red]≠[/]"
        console.print(
            f"  {name:<28} {round_['counters'].get('voters', 0):>7} voters, counters {mark} recount"
        )
    console.print(
        f"  vouchers  {summary['vouchers_issued']} issued, ledger "
        f"{'[green]balanced[/]' if summary['ledger_balanced'] else '[red]not balanced[/]'}"
    )
    if summary["verified"]:
        # the command as it was called: after `make demo` it is not in the PATH
        gala = sys.argv[0] if Path(sys.argv[0]).name == "gala" else "gala"
        again = f"{gala} audit verify {summary['bundle']}"
        console.print(f"  bundle    [green]verifies[/]: {again}", soft_wrap=True)
    for problem in summary["problems"]:
        console.print(f"  [red]✗[/] {problem}", soft_wrap=True)
