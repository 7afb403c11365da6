"""``gala``: the composition root. Clock, entropy and environment enter here and nowhere else.

A command imports what it runs when it is run, and so does everything in this folder: whoever asks for help,
or for a pass, does not wait for the libraries of the ledger and of the sockets.
"""

import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gala.cli import outside as cli_outside
from gala.cli.audit import audit
from gala.cli.capacity import capacity_command
from gala.cli.console import fail, out, read_settings
from gala.cli.money import exclude_command, statement_command, vouchers
from gala.passes import CREW_ROLES, Passes
from gala.roles import ROLES

if TYPE_CHECKING:
    from gala import recount, settings
    from gala.rundown import Rundown

RUNDOWNS = Path(__file__).parent.parent / "rundowns"
CHECKOUT = Path(__file__).parent.parent.parent
BENCHES = {  # modules of tests/bench, which only a source checkout has
    "box": "what a play costs the store",
    "listening": "what an edge costs the log's node by listening alone",
    "recount": "how long ten million slots take to count anew",
    "draw": "how long a draw of ten million viewers and its verification take",
    "million": "a million votes through several edges, counted exactly through kills",
    "evening": "what a whole evening with ten thousand phones leaves in one process",
    "hotpath": "what a vote, a board and a connection cost, beside Node and Bun",
    "wire": "what a play, a board and a connection cost, beside python-socketio as it comes",
    "cluster": "what durable costs on a cluster, and what its faults cost",
    "return": "how soon phones are back, and with what, whose lines broke",
    "welcome": "what it costs an edge to welcome somebody back",
    "overload": "what is left off when an edge is too small, and what that is worth",
    "sync": "how nearly phones on four networks and five channels start a cue together",
}

app = typer.Typer(
    help="The second screen of a live gala: games in time with the show, votes counted once, "
    "draws anyone can check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(audit, name="audit")
app.add_typer(vouchers, name="vouchers")
audit.command("statement")(statement_command)
app.add_typer(cli_outside.draw, name="draw")
app.command("exclude")(exclude_command)
app.command("witness")(cli_outside.witness)
app.command("capacity")(capacity_command)


def find_rundown(name: str) -> Path:
    """A rundown by path, or by the name of one that we ship."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = RUNDOWNS / f"{name}.toml"
    if shipped.is_file():
        return shipped
    known = ", ".join(sorted(found.stem for found in RUNDOWNS.glob("*.toml")))
    raise fail(f"no rundown at {name}; shipped are: {known}")


def read_rundown(name: str) -> "Rundown":
    """A checked rundown, or the end."""
    from gala.rundown.file import Faults, load

    path = find_rundown(name)
    try:
        return load(path)
    except Faults as faults:
        raise fail(f"{path} cannot be played:\n{faults}", 1) from None


RundownOption = Annotated[str, typer.Option(help="A rundown's file, or the name of a shipped one.")]


@app.command("demo")
def demo_command(
    rundown: RundownOption = "countdown-gala-2019",
    viewers: Annotated[int, typer.Option(min=0, max=20_000, help="Simulated phones.")] = 300,
    speed: Annotated[
        float, typer.Option(min=1, max=60, help="Gala seconds in a real one while something is on.")
    ] = 8,
    manual: Annotated[
        bool, typer.Option("--manual", help="Nobody presses GO but you, at the director's link.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="No words; one line of JSON at the end.")] = False,
    seed: Annotated[str, typer.Option(help="Another crowd.")] = "gala",
    lan: Annotated[
        bool, typer.Option("--lan", help="Let phones of this network in: the public pages listen everywhere.")
    ] = False,
) -> None:
    """Play an evening in a few minutes, with a simulated crowd, on this machine alone."""
    import msgspec

    from gala.cli.running import run_or_say, stop_on_signals
    from gala.demo import Options, demo
    from gala.processes.logs import set_up_logs

    if manual and as_json:
        raise fail("--manual waits for you and --json asks nobody: choose one")
    chosen = read_settings()
    if lan:
        chosen = msgspec.structs.replace(chosen, public_host="0.0.0.0")  # noqa: S104 - what --lan asks for
    set_up_logs("warning" if as_json else chosen.log)
    plan = read_rundown(rundown)
    options = Options(viewers=viewers, speed=speed, manual=manual, as_json=as_json, seed=seed)

    async def run() -> int:
        stop = stop_on_signals()
        return await demo(plan, chosen, options, out, stop, secrets.token_bytes)

    raise typer.Exit(run_or_say(run))


@app.command()
def serve(
    rundown: Annotated[
        str,
        typer.Argument(
            metavar="[RUNDOWN]",
            help="A rundown's file, or the name of a shipped one. Without it, the counter: no show, but the "
            "books in GALA_DATA, for tills, dates and evidence, as long as vouchers are good.",
        ),
    ] = "",
    rehearsal: Annotated[
        bool,
        typer.Option("--rehearsal", help="Bannered, in XTS, gala time starts a minute before the show."),
    ] = False,
    role: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Only this role: {', '.join(ROLES)}. May be given again. The processes of an evening "
            "share GALA_REDIS_URL and GALA_SECRET."
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="So many edges, each a process of its own, on one port, and one process for the other "
            "roles. SIGHUP restarts the edges, one after the other.",
        ),
    ] = 1,
    worker: Annotated[
        str, typer.Option(hidden=True, help="Our name, among those that one has started.")
    ] = "",
) -> None:
    """Run an evening until Ctrl-C: in this process, some roles of it, or in several processes."""
    from gala.cli.running import run_or_say, stop_on_signals
    from gala.processes.logs import set_up_logs
    from gala.processes.serving import Unserved, command_of, roles_of, serve_here, serve_with_workers

    chosen = read_settings()
    set_up_logs(chosen.log, worker or ("workers" if workers > 1 else ""))
    if not rundown:
        if rehearsal or role or workers > 1:
            raise fail("the counter has no roles: name a rundown, or leave the options away")
        raise typer.Exit(run_or_say(lambda: counter(chosen)))
    plan = read_rundown(rundown)
    if (plan.currency == "XTS") != rehearsal:
        raise fail("XTS is for rehearsals, and rehearsals are in XTS: set the currency, or --rehearsal")
    try:
        wanted = roles_of(role or (), chosen, workers)
    except Unserved as why:
        raise fail(str(why)) from None

    async def run() -> int:
        stop = stop_on_signals()
        if workers > 1:
            return await serve_with_workers(
                chosen,
                plan,
                command=[sys.executable, *command_of(find_rundown(rundown), rehearsal=rehearsal)],
                environment=os.environ,
                rehearsal=rehearsal,
                count=workers,
                stop=stop,
                console=out,
                entropy=secrets.token_bytes,
            )
        return await serve_here(
            chosen,
            plan,
            rehearsal=rehearsal,
            wanted=wanted,
            worker=worker,
            stop=stop,
            console=out,
            entropy=secrets.token_bytes,
            wall_ms=lambda: time.time_ns() // 1_000_000,
        )

    raise typer.Exit(run_or_say(run))


async def counter(chosen: "settings.Settings") -> int:
    """Keeps an evening's books open until a signal."""
    from gala.cli.running import stop_on_signals
    from gala.secret import service_secret
    from gala.vouchers.counter import serve_counter
    from rewards.keeping.reopening import NoEvening

    if not (chosen.data / "books").is_dir():
        raise NoEvening(f"no books in {chosen.data}: an evening keeps them, and GALA_DATA says where")
    return await serve_counter(
        chosen,
        service_secret(chosen, secrets.token_bytes),
        wall_ms=lambda: time.time_ns() // 1_000_000,
        stop=stop_on_signals(),
        say=lambda line: out.print(line, highlight=False, soft_wrap=True),
    )


@app.command()
def check(
    rundown: Annotated[str, typer.Argument(help="A rundown's file, or the name of a shipped one.")],
) -> None:
    """Check a rundown: every fault with its line and segment, or the evening as a table."""
    from gala.rundown.check import check as checked

    raise typer.Exit(checked(find_rundown(rundown), out))


@app.command("pass")
def pass_command(
    show: Annotated[str, typer.Option(help="The show's id.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(CREW_ROLES)}.")],
    name: Annotated[str, typer.Option(help="Whose pass it is; the as-run names them.")],
    hours: Annotated[int, typer.Option(min=1, max=24 * 30, help="How long it is good.")] = 24,
) -> None:
    """Make a pass for one of the crew, and print it."""
    from gala.secret import service_secret

    chosen = read_settings()
    found = next((known for known in CREW_ROLES if known == role), None)
    if found is None:
        raise fail(f"no role {role}: {', '.join(CREW_ROLES)}")
    if not name.strip():
        raise fail("a pass needs the name of a person")
    passes = Passes(service_secret(chosen, secrets.token_bytes), show)
    out.print(
        passes.crew(found, name.strip(), expires_at_s=int(time.time()) + hours * 3600),
        soft_wrap=True,
        highlight=False,
    )


@app.command()
def acl() -> None:
    """Print the store's users, a line each, for the ACL file of a Redis or Valkey of your own.

    A role may then write what is its own, and no more: set GALA_REDIS_URL to ``redis://{role}@HOST``.
    """
    from gala.secret import service_secret
    from gala.store import users

    for line in users.lines(service_secret(read_settings(), secrets.token_bytes)):
        sys.stdout.write(f"{line}\n")


@app.command("recount")
def recount_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="[SHOW|BUNDLE]",
            help="A bundle's folder; or a rundown (its file, or a shipped one's name) whose evening is in "
            "the store. Without it, the one show in the store.",
        ),
    ] = "",
    asked: Annotated[
        str, typer.Option("--round", help="Only this one: its id, SEGMENT/RUN, or its segment.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON instead of tables.")] = False,
) -> None:
    """Count boxes anew, and hold the counters to it. Exit 1: something is not equal; 2: cannot be read.

    The store is GALA_REDIS_URL, or that of GALA_DATA, whether its evening runs or is over.
    """
    import uvloop
    from redis.exceptions import RedisError

    from gala import recount
    from gala.store.clients import StoreUnusable
    from gala.store.log import Forked
    from gala.store.valkey import ValkeyUnusable

    chosen = read_settings()
    try:
        found = (
            recount.of_bundle(Path(target), asked)
            if Path(target).is_dir() and target
            else uvloop.run(recount_store(chosen, target, asked))
        )
    except (recount.CannotRead, StoreUnusable, ValkeyUnusable, Forked, RedisError, OSError) as problem:
        raise fail(str(problem)) from None
    if not found:
        raise fail(f"no round {asked} here" if asked else "no round has been opened here")
    if as_json:
        sys.stdout.write(recount.as_json(found).decode() + "\n")
    else:
        for one in found:
            out.print(recount.table(one))
            for wrong in one.wrong:
                out.print(f"  {wrong}", style="red", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if any(one.wrong for one in found) else 0)


async def recount_store(chosen: "settings.Settings", target: str, asked: str) -> "list[recount.Recount]":
    """The rounds of a show in the store; of the only one there when none is named."""
    import msgspec

    from gala import recount
    from gala.secret import service_secret
    from gala.store import users

    plan = read_rundown(target) if target else None
    if users.MARK in chosen.redis_url:
        url = users.address(chosen.redis_url, "notary", service_secret(chosen, secrets.token_bytes))
        chosen = msgspec.structs.replace(chosen, redis_url=url)
    async with recount.store_of(chosen) as clients:
        if plan is None:
            shows = await recount.shows(clients)
            if len(shows) != 1:
                raise recount.CannotRead(f"name the show; the store holds: {', '.join(shows) or 'none'}")
            plan = read_rundown(shows[0])
        return await recount.of_store(clients, plan, asked)


@app.command()
def protocol() -> None:
    """Print the wire's types as TypeScript."""
    from gala.protocol import typescript

    sys.stdout.write(typescript.wire())


@app.command(
    "bench",
    # what stands after the name is the bench's own, --help too
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    },
    epilog="There are: " + "; ".join(f"{name} ({what})" for name, what in BENCHES.items()) + ".",
)
def bench_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(BENCHES)}; its own options follow it.")],
) -> None:
    """Measure, from a source checkout with its test packages. Exit 1: a goal was missed."""
    if name not in BENCHES:
        raise fail(f"no bench {name}: {', '.join(BENCHES)}")
    if not (CHECKOUT / "tests" / "bench" / f"{name}.py").is_file():
        raise fail("benches are run from a source checkout, and this is an installed package without them")
    command = [sys.executable, "-m", f"tests.bench.{name}", *context.args]
    raise typer.Exit(subprocess.run(command, cwd=CHECKOUT, check=False).returncode)  # noqa: S603


def main() -> None:
    """The console script."""
    app()
