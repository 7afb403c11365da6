"""What all commands share: where they speak, how they fail, and where they read their settings."""

import os
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from gala import settings

out = Console()
err = Console(stderr=True)


def fail(message: str, code: int = 2) -> typer.Exit:
    """Says what is wrong on standard error; raise what it returns."""
    err.print(message, style="red", highlight=False, soft_wrap=True)
    return typer.Exit(code)


def read_settings() -> "settings.Settings":
    """The environment's settings, or the end."""
    from gala import settings

    try:
        return settings.read(os.environ)
    except settings.SettingsFault as fault:
        raise fail(str(fault)) from None
