"""``gala audit …``: the published evidence checked, and what the auditor is given beside it."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from gala.cli.console import fail, out, read_settings

audit = typer.Typer(help="Check the published evidence.", no_args_is_help=True)


@audit.command()
def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle's folder.")],
    key: Annotated[str, typer.Option(help="The log's verifier key, as published elsewhere.")] = "",
    keys: Annotated[
        Path | None, typer.Option(help="The folder of `gala audit keys`: each viewer's way to the roster.")
    ] = None,
) -> None:
    """Check a bundle from its files alone. Exit 0: every check passes; 1: one fails."""
    from rewards.evidence.checks import verify_bundle

    if not bundle.is_dir():
        raise fail(f"{bundle} is no folder")
    try:
        checks = verify_bundle(bundle, key or None, keys)
    except ValueError as problem:
        raise fail(str(problem)) from None
    for found in checks:
        out.print(str(found), style="" if found.ok else "red", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if checks and all(found.ok for found in checks) else 1)


@audit.command("keys")
def keys_command(
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, for the auditor's eyes.")],
) -> None:
    """Write the place keys of the evening in GALA_DATA, for `gala audit verify --keys`.

    With them and the bundle every viewer's plays can be told apart: give them to the auditor alone.
    """
    import uvloop

    from gala.secret import service_secret
    from rewards.keeping.reopening import NoEvening, OtherKeys

    chosen = read_settings()
    try:
        uvloop.run(_export(chosen.data / "books", service_secret(chosen, secrets.token_bytes), to))
    except (NoEvening, OtherKeys, OSError) as problem:
        raise fail(str(problem)) from None
    out.print(f"{to}: for the auditor alone", highlight=False, soft_wrap=True)


async def _export(folder: Path, secret: bytes, to: Path) -> None:
    from gala.secret import register_keys
    from rewards.keeping.reopening import reopen

    books = await reopen(folder, keys=register_keys(secret))
    try:
        await books.register.export_keys(to)
    finally:
        await books.register.close()
