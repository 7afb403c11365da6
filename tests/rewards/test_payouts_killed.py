"""A23: killed at any step between won and closed, a draw's money ends as if nothing had happened.

Every statement that writes to the database is a step, and so is each commit. In one test each step raises,
one after the other; in the other a process is really killed at some of them.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from rewards.keeping.register import Register
from rewards.money.dues import Act
from rewards.money.vouchers import Voucher
from tests.rewards.evening import DATES, START, WINDOW, begin

SHUT_MS = WINDOW.valid_until_ms
CLOCK = [START, DATES[0], DATES[1], SHUT_MS]  # a claim stands between the first date and the second


class Died(Exception):
    """The step after which nothing more was done."""


def at_each_step(register: Register, step: Callable[[], None]) -> None:
    """Calls `step` before every statement that writes, and before the commit of what was written."""
    engine = register._ledger._engine.sync_engine
    written = False

    def statement(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        nonlocal written
        if text.startswith(("INSERT", "UPDATE")):
            written = True
            step()

    def commit(_connection: Any) -> None:
        nonlocal written
        if written:
            written = False
            step()

    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)


async def keep_books(register: Register) -> list[list[Voucher]]:
    """From won to closed. Begun again at any point, it does what is still to be done."""
    for at_ms in CLOCK:
        await register.payouts.do_due(at_ms=at_ms)
        if at_ms == DATES[0]:
            heirs = [one for one in await register.payouts.vouchers(2) if one.alternate]
            await register.cashier.claim(heirs[-1].id, number=heirs[-1].number, at_ms=at_ms)
    assert [equation for equation in await register.equations() if not equation.holds] == []
    return [await register.payouts.vouchers(draw) for draw in (1, 2)]


async def undisturbed(drawn: Path, folder: Path) -> tuple[list[list[Voucher]], int]:
    """What the books come to, and how many steps that takes."""
    shutil.copytree(drawn, folder)
    register = await begin(folder)
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    at_each_step(register, count)
    found = await keep_books(register)
    await register.close()
    return found, steps


async def test_money_ends_the_same_when_every_step_of_every_act_is_interrupted(
    drawn: Path, tmp_path: Path
) -> None:
    expected, steps = await undisturbed(drawn, tmp_path / "whole")
    assert {one.state for draw in expected for one in draw} == {"passed", "returned"}
    shutil.copytree(drawn, tmp_path / "register")
    deaths, allowed, rows = 0, 0, -1
    while True:
        register = await begin(tmp_path / "register")
        # dies one step later each time, until an act has come through: then at the first step of the next
        count = register._ledger.book.count + len(register._journal.bodies)
        allowed, rows = (allowed + 1 if count == rows else 0), count
        left = allowed

        def die() -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Died

        at_each_step(register, die)
        try:
            found = await keep_books(register)
        except Died:
            deaths += 1
            await register.close()
            continue
        await register.close()
        break
    assert found == expected
    assert deaths >= steps - 1


@pytest.mark.parametrize("part", [0.3, 0.7])
async def test_money_ends_the_same_after_a_kill(drawn: Path, tmp_path: Path, part: float) -> None:
    expected, steps = await undisturbed(drawn, tmp_path / "whole")
    shutil.copytree(drawn, tmp_path / "killed")
    arguments = [sys.executable, "-m", __name__, str(tmp_path / "killed"), str(int(part * steps))]
    done = await asyncio.to_thread(subprocess.run, arguments, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    register = await begin(tmp_path / "killed")
    assert await keep_books(register) == expected
    await register.close()


async def test_every_winner_has_exactly_one_voucher_however_often_it_is_issued(
    drawn: Path, tmp_path: Path
) -> None:
    shutil.copytree(drawn, tmp_path / "register")
    registers = [await begin(tmp_path / "register") for _ in range(3)]
    issued = await asyncio.gather(*(one.issue(1, at_ms=START) for one in registers * 3))
    assert all(found == issued[0] for found in issued)
    winners = registers[0]._scores_of(1).drawn().winners
    assert [(one.tier, one.prize, one.number) for one in issued[0]] == [
        (one.tier, one.prize, one.number) for one in winners
    ]
    assert await registers[1].payouts.vouchers(1) == issued[0]
    for one in registers:
        await one.close()


async def test_weeks_later_all_that_was_left_undone_is_done_in_its_order(drawn: Path, tmp_path: Path) -> None:
    shutil.copytree(drawn, tmp_path / "register")
    register = await begin(tmp_path / "register")
    try:
        done = await register.payouts.do_due(at_ms=SHUT_MS + 30 * 86_400_000)
        for draw in (1, 2):
            acts = [(one.act, one.date) for one in done if one.draw == draw]
            assert acts[:3] == [(Act.ISSUE, 0), (Act.NEXT_DATE, 1), (Act.NEXT_DATE, 2)]
            # whether any heir is left for the end of the window to expire hangs on who won
            assert acts[3:] in ([(Act.EXPIRE, 0), (Act.CLOSE_OUT, 0)], [(Act.CLOSE_OUT, 0)])
            settled = {one.state for one in await register.payouts.vouchers(draw)}
            assert settled <= {"passed", "returned", "redeemed"}
        assert await register.payouts.do_due(at_ms=SHUT_MS + 31 * 86_400_000) == []
    finally:
        await register.close()


async def _killed(folder: Path, last: int) -> None:
    register = await begin(folder)
    left = last

    def die() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    at_each_step(register, die)
    await keep_books(register)


if __name__ == "__main__":
    asyncio.run(_killed(Path(sys.argv[1]), int(sys.argv[2])))
