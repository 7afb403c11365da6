"""The commands of those outside: ``gala draw …`` for a party, ``gala witness``. See `gala.draws.outside`."""

import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gala.cli.console import err, fail, out

draw = typer.Typer(
    help="A party of a draw, on a machine of its own: commit before the show, reveal after the roster.",
    no_args_is_help=True,
)
Crew = Annotated[str, typer.Option(help="The crew's listener, such as https://crew.gala.example.")]
Pass = Annotated[str, typer.Option("--pass", help="An auditor's pass, or @FILE with it.")]
Number = Annotated[int, typer.Option("--draw", min=1, help="The draw's number.")]
Party = Annotated[str, typer.Option(help="Which of the rundown's parties this is.")]
Secret = Annotated[
    Path | None, typer.Option(help="The file of the secret; by default DRAW-PARTY.secret here.")
]


def _done(act: Callable[[], str]) -> None:
    from gala.draws.outside import Mistaken, Unreachable

    try:
        out.print(act(), soft_wrap=True, highlight=False)
    except (Unreachable, Mistaken, OSError) as problem:
        raise fail(str(problem)) from None


def _file(path: Path | None, number: int, party: str) -> Path:
    return path or Path(f"draw-{number}-{party}.secret")


@draw.command()
def commit(crew: Crew, token: Pass, number: Number, party: Party = "auditor", secret: Secret = None) -> None:
    """Make a secret, keep it in a file here, and publish what commits to it. Again: the same."""
    from gala.draws import outside

    path = _file(secret, number, party)

    def act() -> str:
        sealed = outside.commit(outside.CrewDoor(crew, token), number, party, path, secrets.token_bytes)
        return f"committed: {sealed}\nKeep {path}: it is what you will reveal. Nobody else has it."

    _done(act)


@draw.command()
def reveal(crew: Crew, token: Pass, number: Number, party: Party = "auditor", secret: Secret = None) -> None:
    """Open the commitment, once the roster is fixed and before the reveals are closed (a minute)."""
    from gala.draws import outside

    def act() -> str:
        outside.reveal(outside.CrewDoor(crew, token), number, party, _file(secret, number, party))
        return "revealed"

    _done(act)


@draw.command()
def beacon(
    signature: Annotated[str, typer.Argument(help="48 bytes in hex, or a file with a relay's answer.")],
    crew: Crew,
    token: Pass,
    number: Number,
) -> None:
    """Bring the beacon's signature by hand, where the service reaches no relay. It proves itself."""
    from gala.draws import outside

    def act() -> str:
        outside.bring_beacon(outside.CrewDoor(crew, token), number, signature)
        return "brought; the draw goes on if it is the signature of its round"

    _done(act)


@draw.command("void")
def void_(
    crew: Crew,
    token: Annotated[str, typer.Option("--pass", help="A director's pass.")],
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it is published.")],
) -> None:
    """End a draw without a result, before its reveals are closed. Its prizes return to the budget."""
    from gala.draws import outside

    def act() -> str:
        outside.give_up(outside.CrewDoor(crew, token), number, reason)
        return f"draw {number} is void"

    _done(act)


def witness(
    name: Annotated[str, typer.Option(help="The witness's name, such as auditor.example/w1.")],
    key: Annotated[Path, typer.Option(help="The witness's private key; made if there is none.")] = Path(
        "witness.key"
    ),
    crew: Annotated[str, typer.Option(help="The crew's listener. Without it, print the key and end.")] = "",
    token: Pass = "",
    state: Annotated[Path, typer.Option(help="What was cosigned so far.")] = Path("witness.json"),
    log_key: Annotated[str, typer.Option(help="The log's verifier key, as known from elsewhere.")] = "",
    every_s: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
) -> None:
    """Watch a show's log: cosign it while it only grows, sound the alarm when it was changed (exit 1).

    Give the operator the printed key for the rundown's `witnesses`; keep this running through the draws.
    """
    from gala.draws.outside import CrewDoor, Mistaken, Unreachable, Watcher, cosigner_of
    from rewards.rules.witness import NotCosigned

    try:
        cosigner = cosigner_of(key, name, secrets.token_bytes)
        if not crew:
            out.print(str(cosigner.verifier), soft_wrap=True, highlight=False)
            return
        watcher = Watcher(CrewDoor(crew, token), cosigner, state, log_key, lambda: int(time.time()))
    except (Mistaken, OSError, ValueError) as problem:
        raise fail(str(problem)) from None
    said = ""
    while True:
        try:
            seen = watcher.look()
        except NotCosigned as lie:
            err.print(
                f"NOT COSIGNED: {lie}. Tell everybody; {state} holds what was shown before.", style="red"
            )
            raise typer.Exit(1) from None
        except (Unreachable, Mistaken, OSError) as problem:
            if once:
                raise fail(str(problem)) from None
            if str(problem) != said:  # said once, however long it lasts
                said = str(problem)
                err.print(said, style="yellow", soft_wrap=True, highlight=False)
        else:
            said = ""
            if seen is not None:
                at = datetime.now(UTC).strftime("%H:%M:%S")
                sys.stdout.write(f"{at}  {seen.size} leaves, root {seen.root.hex()[:16]}, cosigned\n")
                sys.stdout.flush()
        if once:
            return
        time.sleep(every_s)
