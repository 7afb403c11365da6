"""``gala vouchers …`` and ``gala audit statement``: the commands about money, beside the evening itself."""

import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gala.cli.console import fail, out, read_settings

if TYPE_CHECKING:
    from gala.settings import Settings
    from rewards.money.holders import Imported

FAULTS_SHOWN = 200

vouchers = typer.Typer(help="Vouchers: a partner's codes.", no_args_is_help=True)


@vouchers.command("import")
def import_command(
    listed: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: code, and perhaps a note.")],
    draw: Annotated[int, typer.Option(min=1, help="The draw's number.")],
    tier: Annotated[int, typer.Option(min=1, help="Its tier, from 1.")],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Take the good rows and leave the bad.")
    ] = False,
) -> None:
    """Give a tier's vouchers a partner's codes, in the order of the list, before the draw.

    Every row is checked by itself and against the others; if one is bad nothing is taken, unless --skip-bad.
    Exit 1: rows are bad, and nothing was taken; 2: the file or the books cannot be read.
    """
    import uvloop

    from rewards.keeping.reopening import NoEvening, OtherKeys
    from rewards.money.codes import BadList
    from rewards.rules.history import BrokenHistory

    chosen = read_settings()
    try:
        content = listed.read_bytes()
        found = uvloop.run(_import(chosen, draw, tier, content, skip_bad=skip_bad))
    except (OSError, BadList, BrokenHistory, NoEvening, OtherKeys, ValueError) as problem:
        raise fail(str(problem)) from None
    _report(found)
    raise typer.Exit(1 if found.faults and not found.stored else 0)


async def _import(chosen: "Settings", draw: int, tier: int, content: bytes, *, skip_bad: bool) -> "Imported":
    from gala.secret import register_keys, service_secret
    from rewards.keeping.reopening import NoEvening, reopen

    if not (chosen.data / "books").is_dir():
        raise NoEvening(f"no books in {chosen.data}: the evening founds them when it begins")
    keys = register_keys(service_secret(chosen, secrets.token_bytes))
    books = await reopen(chosen.data / "books", keys=keys, ledger_url=chosen.ledger_url)
    try:
        return await books.register.payouts.import_codes(draw, tier, content, skip_bad=skip_bad)
    finally:
        await books.register.close()


def _report(found: "Imported") -> None:
    """Row by row what is wrong, never the code itself."""
    from rich.table import Table

    if found.faults:
        table = Table("line", "what is wrong", title=f"{len(found.faults)} of {found.rows} rows are bad")
        for line, fault in found.faults[:FAULTS_SHOWN]:
            table.add_row(str(line), fault)
        out.print(table)
        if len(found.faults) > FAULTS_SHOWN:
            out.print(f"and {len(found.faults) - FAULTS_SHOWN} more")
    if found.faults and not found.stored:
        out.print("nothing was taken: mend the list, or leave these rows with --skip-bad", style="red")
        return
    out.print(f"{found.stored} of {found.rows} codes taken", highlight=False)
    missing = found.needed - found.held
    if missing > 0:
        out.print(
            f"this tier needs {found.needed} (prizes and alternates) and has {found.held}: "
            f"{missing} more, or as many winners get a code of ours",
            style="yellow",
            highlight=False,
        )
    else:
        out.print(f"this tier needs {found.needed} and has {found.held}: enough", highlight=False)


def statement_command(
    data: Annotated[
        Path | None, typer.Argument(help="A data folder with a bundle in it; without it, GALA_DATA.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--out", help="Where to; else into the data folder.")] = None,
) -> None:
    """Check the bundle in a data folder and write the statement of its evening, to be read or printed.

    Exit 1: it is written, and says that a check fails; 2: there is no bundle.
    """
    from gala.publishing import write_statement
    from rewards.evidence.checks import verify_bundle

    folder = data or read_settings().data
    if not (folder / "bundle").is_dir():
        raise fail(f"no bundle in {folder}: it is published after the show")
    checks = verify_bundle(folder / "bundle")
    try:
        path = write_statement(folder, checks, made_at_ms=time.time_ns() // 1_000_000, to=to)
    except (OSError, ValueError, KeyError) as problem:
        raise fail(f"the bundle in {folder} cannot be read: {problem}") from None
    out.print(str(path), highlight=False, soft_wrap=True)
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def exclude_command(
    listed: Annotated[Path, typer.Argument(metavar="FILE", help="Accounts of the host app, one a line.")],
) -> None:
    """Print the hash of each account, as a rundown's lists of those who may not win hold them.

    An account is what the host app's tokens call `sub`. Empty lines are left out. Exit 2: it cannot be read.
    """
    from rewards.rules.leaves import account_hash

    try:
        accounts = [line.strip() for line in listed.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as problem:
        raise fail(str(problem)) from None
    for hashed in sorted({account_hash(account) for account in accounts if account}):
        typer.echo(hashed.hex())
