"""Asks to the notary on a real store and real books: done once, whoever dies and whatever is lost."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from redis.asyncio import Redis

from gala import asks
from gala.asks import Asked, Asker, AtTill, Seal, Unanswered
from gala.clerk import Clerk
from gala.protocol.crew import TillReply
from gala.store import keys
from gala.store.clients import Clients
from rewards.keeping.register import Register
from tests.conftest import PATIENCE_S, emptied
from tests.gala.hall import SECRET, Killed, Life, Mortal
from tests.gala.paid import FROM_MS, SHOW, Till, books, code, vouchers


@pytest.fixture
async def till(clients: Clients, paid: Path, tmp_path: Path) -> AsyncIterator[Till]:
    register = await books(paid, tmp_path)
    yield Till(clients, register, Seal(SHOW, SECRET, os.urandom))
    await register.close()


async def answered(asker: Asker, clerk: Clerk | None, now_ms: int, ask: Any) -> TillReply:
    """An ask laid, done if there is a clerk, and its answer found."""
    asking = asyncio.create_task(asker.ask(ask))
    while not asking.done():
        if clerk is not None:
            await clerk.step(now_ms)
        await asker.step()
        await asyncio.sleep(0)
    return msgspec.msgpack.decode(asking.result(), type=TillReply)


async def kinds(register: Register) -> list[str]:
    """The kinds of the ledger's rows from the first one at a till on."""
    async with register._ledger.transaction() as db:
        lines = await register._ledger.lines(db, register._ledger.book.count)
    found = [line.split(",")[7] for line in lines]
    return found[max(n for n, kind in enumerate(found) if kind == "issue") + 1 :]


async def test_the_same_key_gives_the_first_answer_again_and_another_code_under_it_is_refused(
    till: Till,
) -> None:
    first, second, *_ = await vouchers(till.register)
    asker, clerk = till.asker(), till.clerk()
    ask = AtTill("redeem", code(first), "Lin's", "k-1")
    done = await answered(asker, clerk, FROM_MS, ask)
    assert (done.status, done.amount, done.currency, done.zone) == ("done", 10_000, "XTS", "Asia/Shanghai")
    back = AtTill("rollback", code(first), "Lin's", "k-2")
    assert (await answered(asker, clerk, FROM_MS, back)).status == "done"
    assert await answered(asker, clerk, FROM_MS, ask) == done
    again = await answered(asker, clerk, FROM_MS, AtTill("redeem", code(second), "Lin's", "k-1"))
    assert (again.status, again.reason) == ("refused", "key_reused")
    other_till = await answered(asker, clerk, FROM_MS, AtTill("redeem", code(first), "Mo's", "k-1"))
    assert other_till.status == "done", "a key is its till's own"
    used = await answered(asker, clerk, FROM_MS, AtTill("redeem", code(first), "Lin's", "k-3"))
    assert (used.status, used.reason) == ("refused", "used")
    assert (await kinds(till.register)).count("redeem") == 2


async def test_the_first_answer_is_given_again_when_the_store_has_lost_it(till: Till) -> None:
    first, *_ = await vouchers(till.register)
    ask = AtTill("redeem", code(first), "Lin's", "k-1")
    done = await answered(till.asker(), till.clerk(), FROM_MS, ask)
    await till.clients.once.flushall()
    assert await answered(till.asker(), till.clerk(), FROM_MS + 1_000, ask) == done
    assert (await kinds(till.register)).count("redeem") == 1


async def test_a_clerk_killed_at_any_call_redeems_once_and_the_till_hears_it(till: Till) -> None:
    held = await vouchers(till.register)
    deaths = 0
    for n, voucher in enumerate(held[:3]):
        asker = till.asker()
        ask = AtTill("redeem", code(voucher), "Lin's", f"k-{n}")
        asking = asyncio.create_task(asker.ask(ask))
        while not await till.asked().waiting(FROM_MS):
            await asyncio.sleep(0)
        for calls in range(20):
            life = Life(calls)
            redis = cast("Redis", Mortal(till.clients.once, life))
            asked = Asked(redis, SHOW, till.seal)
            clerk = Clerk(mortal(till.register, life), asked, till.wallets(), lambda: None)
            try:
                await clerk.step(FROM_MS)
            except Killed:
                deaths += 1
            else:
                break
        while not asking.done():
            await asker.step()
            await asyncio.sleep(0)
        assert msgspec.msgpack.decode(asking.result(), type=TillReply).status == "done"
    assert deaths >= 3 * 2
    assert (await kinds(till.register)).count("redeem") == 3


def mortal(register: Register, life: Life) -> Register:
    """The register whose cashier may be killed before each act and after it."""

    class Dying:
        cashier = Mortal(register.cashier, life)
        payouts = register.payouts

    return cast("Register", Dying())


async def test_whoever_dies_after_asking_finds_the_answer_when_they_ask_again(till: Till) -> None:
    first, *_ = await vouchers(till.register)
    ask = AtTill("redeem", code(first), "Lin's", "k-1")
    await laid(till, ask)
    await till.clerk().step(FROM_MS)
    reply = await answered(till.asker(), None, FROM_MS, ask)
    assert reply.status == "done"
    assert (await kinds(till.register)).count("redeem") == 1


async def laid(till: Till, ask: asks.Ask, count: int = 1) -> None:
    """Lays an ask whose asker is gone as soon as it is there."""
    asking = asyncio.create_task(till.asker().ask(ask))
    while len(await till.asked().waiting(till.now_ms)) < count:
        await asyncio.sleep(0)
    asking.cancel()


async def test_who_gets_no_answer_is_told_so(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asks, "DEADLINE_S", 0.05)
    with pytest.raises(Unanswered):
        await till.asker().ask(AtTill("redeem", "x", "Lin's", "k-1"))


async def test_an_ask_that_waited_too_long_is_not_done_behind_anybodys_back(till: Till) -> None:
    first, *_ = await vouchers(till.register)
    ask = AtTill("redeem", code(first), "Lin's", "k-1")
    await laid(till, ask)
    await till.clerk().step(FROM_MS + asks.LATE_MS)
    assert await till.clients.once.hlen(keys.asks(SHOW)) == 0
    assert await kinds(till.register) == []
    till.now_ms += asks.LATE_MS
    assert (await answered(till.asker(), till.clerk(), till.now_ms, ask)).status == "done"


async def test_all_that_waits_is_done_in_one_step_each_after_the_other(till: Till) -> None:
    held = await vouchers(till.register)
    some = [AtTill("redeem", code(voucher), "Lin's", f"k-{n}") for n, voucher in enumerate(held)]
    some += [AtTill("redeem", code(voucher), "Mo's", f"m-{n}") for n, voucher in enumerate(held)]
    asker = till.asker()
    asking = [asyncio.create_task(asker.ask(ask)) for ask in some]
    while len(await till.asked().waiting(FROM_MS)) < len(some):
        await asyncio.sleep(0)
    await till.clerk().step(FROM_MS)
    while not all(task.done() for task in asking):
        await asker.step()
        await asyncio.sleep(0)
    replies = [msgspec.msgpack.decode(task.result(), type=TillReply) for task in asking]
    assert sorted(reply.status for reply in replies) == ["done"] * 10 + ["refused"] * 10
    for first, second in zip(replies[:10], replies[10:], strict=True):
        assert {first.reason, second.reason} == {"", "used"}
    assert (await kinds(till.register)).count("redeem") == 10


async def test_no_more_wait_than_may_and_tills_keep_their_places(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asks, "ASKS_MAX", 4)
    monkeypatch.setattr(asks, "VIEWERS_MAX", 2)
    claims = [asks.Claim(n, "00" * 16) for n in range(3)]
    tills = [AtTill("redeem", "x", "Lin's", f"k-{n}") for n in range(3)]
    some: list[asks.Ask] = [*claims[:2], *tills[:2]]
    for count, one in enumerate(some, 1):
        await laid(till, one, count)
    more: list[asks.Ask] = [claims[2], tills[2]]
    for one in more:
        with pytest.raises(Unanswered, match="too many"):
            await till.asker().ask(one)
    await laid(till, tills[1], 4)


async def test_only_the_newest_answers_are_kept(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asks, "ANSWERS_MAX", 3)
    asked = till.asked()
    for n in range(5):
        await asked.answer({f"a{n}": b"x", f"b{n}": b"x"})
    await asked.answer({"b4": b"y"})
    left = cast("dict[bytes, bytes]", await till.clients.once.hgetall(keys.answers(SHOW)))
    assert set(left) == {b"b3", b"a4", b"b4"}
    assert till.seal.open("answer", "b4", left[b"b4"]) == b"y"
    assert await till.clients.once.llen(keys.answers_order(SHOW)) == 3


async def test_the_store_never_holds_a_code_in_the_clear(till: Till) -> None:
    first, *_ = await vouchers(till.register)
    asker = till.asker()
    ask = AtTill("redeem", code(first), "Lin's", "k-1")
    asking = asyncio.create_task(asker.ask(ask))
    while not await till.asked().waiting(FROM_MS):
        await asyncio.sleep(0)
    found = cast("dict[bytes, bytes]", await till.clients.once.hgetall(keys.asks(SHOW)))
    await till.clerk().step(FROM_MS)
    found |= cast("dict[bytes, bytes]", await till.clients.once.hgetall(keys.answers(SHOW)))
    while not asking.done():
        await asker.step()
        await asyncio.sleep(0)
    for name, sealed in found.items():
        for secret in (code(first), code(first).replace("-", ""), "Lin's", "k-1"):
            assert secret.encode() not in name + sealed
    assert code(first) not in repr(ask)


async def test_what_was_not_sealed_by_us_is_neither_done_nor_believed(till: Till) -> None:
    first, *_ = await vouchers(till.register)
    ask = AtTill("redeem", code(first), "Lin's", "k-1", FROM_MS + 1_000)
    content = msgspec.msgpack.encode(ask)
    forger = Seal(SHOW, b"another secret of sixteen bytes", os.urandom)
    name = till.seal.id_of(ask)
    forged = {
        name: forger.close("ask", name, content),
        "moved": till.seal.close("ask", "elsewhere", content),
        "turned": till.seal.close("answer", "turned", content),
        b"\xff": b"short",
    }
    await till.clients.once.hset(keys.asks(SHOW), mapping=forged)  # type: ignore[arg-type]
    assert await till.asked().waiting(FROM_MS) == {}
    assert await till.clients.once.hlen(keys.asks(SHOW)) == 0
    said = msgspec.msgpack.encode(TillReply(status="done", amount=1))
    await till.clients.once.hset(keys.answers(SHOW), name, forger.close("answer", name, said))
    with pytest.raises(Unanswered):
        await till.asker().ask(ask)


async def test_asks_work_on_a_cluster_as_on_one_server(any_url: str, paid: Path, tmp_path: Path) -> None:
    async with emptied(any_url) as clients:
        register = await books(paid, tmp_path)
        till = Till(clients, register, Seal(SHOW, SECRET, os.urandom))
        first, *_ = await vouchers(register)
        ask = AtTill("redeem", code(first), "Lin's", "k-1")
        assert (await answered(till.asker(), till.clerk(), FROM_MS, ask)).status == "done"
        assert (await answered(till.asker(), None, FROM_MS, ask)).status == "done"
        await register.close()


async def test_who_asks_is_told_that_there_is_no_answer_whenever_the_deadline_falls(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = till.asker()
    async with asyncio.timeout(PATIENCE_S):
        for n in range(40):  # most of them fall while the store is still asked
            monkeypatch.setattr(asks, "DEADLINE_S", n / 10_000)
            with pytest.raises(Unanswered):
                await asker.ask(AtTill("redeem", "a code", "Lin's", f"k-{n}"))
