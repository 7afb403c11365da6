"""Claims from phones, and wallets that show what became of a voucher."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from gala.edge import wallet
from gala.store import keys
from gala.store.clients import Clients
from gala.vouchers.asks import AtTill, Seal
from gala.vouchers.clerk import at_till
from rewards.money.vouchers import Voucher
from tests.conftest import PATIENCE_S
from tests.gala.hall import SECRET
from tests.gala.paid import DATED, DATES_MS, FROM_MS, SHOW, UNTIL_MS, Till, books, code, restore, vouchers
from tests.gala.phones import Phone, Stage, running
from tests.gala.test_notary import VOTERS


@pytest.fixture
async def over(clients: Clients, valkey_url: str, paid: Path, tmp_path: Path) -> AsyncIterator[Stage]:
    """The evening after its end, taken up again: ten of twelve have won."""
    shutil.copytree(paid, tmp_path, dirs_exist_ok=True)
    await restore(paid, clients)
    async with running(valkey_url, tmp_path, rundown=DATED) as stage:
        yield stage


async def phone_of(stack: contextlib.AsyncExitStack, stage: Stage, number: int) -> tuple[Phone, Any]:
    """The phone of that number, and what it was told is its own."""
    phone = await Phone.connect(stage, pass_=stage.evening.passes.viewer(f"viewer {number}", number))
    stack.push_async_callback(phone.close)
    return phone, (await phone.hear("welcome"))["mine"]


async def held(phone: Phone) -> list[dict[str, Any]]:
    """Its vouchers now."""
    return cast("list[dict[str, Any]]", (await phone.ask("enter"))["mine"].get("vouchers", []))


async def until(phone: Phone, meets: Any) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE_S):
        while not meets(found := await held(phone)):
            await asyncio.sleep(0.05)
    return found


def at(stage: Stage, at_ms: int) -> None:
    stage.wait((at_ms - stage.evening.clock.now_ms()) / 1000 + 0.001)


async def test_a_claimed_voucher_stays_an_unclaimed_one_passes_on_and_phones_say_so(over: Stage) -> None:
    won = await vouchers(over.evening.register)
    owner, idle = won[1].number, won[2].number
    (heir,) = set(range(VOTERS)) - {one.number for one in won} - {min_loser(won)}
    async with contextlib.AsyncExitStack() as stack:
        phone, mine = await phone_of(stack, over, owner)
        (mine_own,) = mine["vouchers"]
        assert mine_own.get("state", "issued") == "issued"
        assert mine_own["claim_until_at_ms"] == DATES_MS[0]
        other, _ = await phone_of(stack, over, idle)
        name = mine_own["id"]
        assert await other.ask("claim", {"voucher": name}) == {"status": "refused", "reason": "unknown"}
        for nonsense in ({"voucher": "ü"}, {"voucher": 7}, {}, None):
            assert (await other.ask("claim", nonsense))["reason"] == "unknown"
        reply = await phone.ask("claim", {"voucher": name})
        assert reply["status"] == "claimed"
        assert reply["voucher"] == {k: v for k, v in mine_own.items() if k != "claim_until_at_ms"} | {
            "state": "claimed"
        }
        assert (await phone.ask("claim", {"voucher": name}))["status"] == "claimed", "again is as good"
        assert [one["state"] for one in await held(phone)] == ["claimed"]
        third, mine = await phone_of(stack, over, heir)
        assert not mine.get("vouchers")
        at(over, DATES_MS[0])
        (lost,) = await until(other, lambda found: found[0].get("state") in ("passed", "returned"))
        reply = await other.ask("claim", {"voucher": lost["id"]})
        assert (reply["status"], reply["reason"]) == ("refused", "expired")
        await until(third, lambda found: found)
        assert [one["state"] for one in await held(phone)] == ["claimed"]
    assert all(equation.holds for equation in await over.evening.register.equations())


def min_loser(won: list[Voucher]) -> int:
    """The other of the two who won nothing."""
    return min(set(range(VOTERS)) - {one.number for one in won})


async def test_a_till_that_redeems_shows_in_the_wallet_and_needs_no_claim(over: Stage) -> None:
    voucher = (await vouchers(over.evening.register))[0]
    async with contextlib.AsyncExitStack() as stack:
        phone, _ = await phone_of(stack, over, voucher.number)
        at(over, FROM_MS)
        ask = AtTill("redeem", code(voucher), "Lin's", "k-1")
        assert (await at_till(over.evening.register, ask, FROM_MS)).status == "done"
        await until(phone, lambda found: found[0].get("state") == "redeemed")
        assert (await phone.ask("claim", {"voucher": voucher.id.hex()}))["status"] == "claimed"


async def test_when_all_is_over_every_voucher_says_how_it_ended_and_the_books_are_closed(over: Stage) -> None:
    at(over, UNTIL_MS)
    register = over.evening.register
    async with asyncio.timeout(PATIENCE_S):
        while "close-out" not in (await register.draw(1)).stages:
            await asyncio.sleep(0.05)
    equations = await register.equations()
    assert equations
    assert all(equation.holds for equation in equations)
    found = await over.evening.clients.once.hgetall(keys.wallet(SHOW))
    states = {
        one.state
        for name, content in cast("dict[bytes, bytes]", found).items()
        if name.endswith(b"/vouchers")
        for one in wallet.read([None, content])[1]
    }
    assert states <= {"passed", "returned"}


async def test_a_store_that_was_emptied_is_filled_again_from_the_ledger(
    clients: Clients, paid: Path, tmp_path: Path
) -> None:
    register = await books(paid, tmp_path)
    till = Till(clients, register, Seal(SHOW, SECRET, os.urandom))
    wallets = till.wallets()
    await wallets.follow()
    before = await clients.once.hgetall(keys.wallet(SHOW))
    assert len(before) == 10
    await clients.once.flushall()
    await wallets.follow()
    assert not await clients.once.exists(keys.wallet(SHOW)), "nothing new has happened"
    await till.wallets().follow()
    assert await clients.once.hgetall(keys.wallet(SHOW)) == before
    await register.close()
