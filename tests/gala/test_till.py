"""The tills' HTTP door, from a request to the ledger and back, on an evening that runs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gala.edge import till as door
from gala.edge.till import Attempts
from gala.store.clients import Clients
from gala.vouchers.asks import Asked
from rewards.money.vouchers import Voucher
from tests.gala.paid import DATED, FROM_MS, UNTIL_MS, books, code, vouchers
from tests.gala.phones import Stage, running

FIELDS = {"status", "reason", "amount", "currency", "zone", "valid_from_at_ms", "valid_until_at_ms"}
UNKNOWN = "0000-0000-0000-0000-0"


@dataclass
class Shop:
    stage: Stage
    held: list[Voucher]
    http: aiohttp.ClientSession

    async def post(
        self, act: str, body: Any, key: str | None, role: str = "merchant", name: str = "Lin's"
    ) -> tuple[int, dict[str, Any]]:
        headers = {"authorization": f"Bearer {self.stage.crew_pass(role, name)}"}
        if key is not None:
            headers["idempotency-key"] = key
        url = f"{self.stage.crew_url}/api/vouchers/{act}"
        async with self.http.post(url, headers=headers, json=body) as response:
            assert response.headers["cache-control"] == "no-store"
            return response.status, await response.json()

    async def redeem(self, code: str, key: str, **who: str) -> dict[str, Any]:
        status, reply = await self.post("redeem", {"code": code}, key, **who)
        assert status == 200, reply
        assert set(reply) == FIELDS
        return reply

    async def at(self, at_ms: int) -> None:
        """Gala time goes on to this instant, and the clerk has noticed it: the step that answers an ask may
        have begun before."""
        self.stage.wait((at_ms - self.stage.evening.clock.now_ms()) / 1000 + 0.001)
        await self.redeem(UNKNOWN, f"at-{at_ms}", name="the clock")


@pytest.fixture
async def shop(clients: Clients, valkey_url: str, paid: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    await (await books(paid, tmp_path)).close()
    async with running(valkey_url, tmp_path, rundown=DATED) as stage, aiohttp.ClientSession() as http:
        yield Shop(stage, await vouchers(stage.evening.register), http)


async def test_a_voucher_is_taken_once_given_back_and_taken_again(shop: Shop) -> None:
    first = code(shop.held[0])
    early = await shop.redeem(first, "k-0")
    assert (early["status"], early["reason"], early["zone"]) == ("refused", "not_yet", "Asia/Shanghai")
    assert (early["valid_from_at_ms"], early["amount"]) == (FROM_MS, 0)
    await shop.at(FROM_MS)
    done = {
        "status": "done",
        "reason": "",
        "amount": 10_000,
        "currency": "XTS",
        "zone": "Asia/Shanghai",
        "valid_from_at_ms": FROM_MS,
        "valid_until_at_ms": UNTIL_MS,
    }
    assert await shop.redeem(first, "k-1") == done
    assert await shop.redeem(first, "k-1") == done
    assert (await shop.redeem(first.lower().replace("-", " "), "k-2", name="Mo's"))["reason"] == "used"
    assert await shop.post("rollback", {"code": first}, "k-3") == (200, done)
    assert await shop.redeem(first, "k-4", name="Mo's") == done
    assert await shop.redeem(first, "k-1") == done, "the first answer, whatever has happened since"
    status, clash = await shop.post("redeem", {"code": code(shop.held[1])}, "k-1")
    assert (status, clash["reason"], set(clash)) == (422, "key_reused", FIELDS)
    await shop.at(UNTIL_MS)
    late = await shop.redeem(code(shop.held[1]), "k-5")
    assert (late["status"], late["reason"]) == ("refused", "expired")
    assert all(equation.holds for equation in await shop.stage.evening.register.equations())


async def test_an_unknown_a_mistyped_and_a_foreign_code_get_the_very_same_answer(shop: Shop) -> None:
    await shop.at(FROM_MS)
    foreign = "7KX0-0000-0000-0000"
    answers = [
        await shop.post("redeem", {"code": text}, f"k-{n}")
        for n, text in enumerate((UNKNOWN, foreign, "", "ü", "x" * 64))
    ]
    assert answers[0][1]["reason"] == "unknown"
    assert all(answer == answers[0] for answer in answers)


async def test_two_clicks_at_once_take_a_voucher_once(shop: Shop) -> None:
    await shop.at(FROM_MS)
    first = code(shop.held[0])
    same = await asyncio.gather(*(shop.redeem(first, "k-1") for _ in range(4)))
    assert [reply["status"] for reply in same] == ["done"] * 4
    second = code(shop.held[1])
    tills = await asyncio.gather(*(shop.redeem(second, f"k-{n}", name=f"till {n}") for n in range(4)))
    assert sorted(reply["reason"] for reply in tills) == ["", "used", "used", "used"]


@pytest.mark.parametrize("role", ["director", "overlay", "auditor", "metrics"])
async def test_only_a_merchants_pass_opens_the_till(shop: Shop, role: str) -> None:
    status, reply = await shop.post("redeem", {"code": UNKNOWN}, "k-1", role=role)
    assert (status, reply["reason"]) == (403, "wrong_role")


async def test_without_a_pass_a_key_or_a_body_nothing_is_asked(shop: Shop) -> None:
    url = f"{shop.stage.crew_url}/api/vouchers/redeem"
    async with shop.http.post(url, json={"code": UNKNOWN}) as response:
        assert (response.status, (await response.json())["reason"]) == (401, "pass_needed")
    bearer = {"authorization": f"Bearer {shop.stage.evening.passes.viewer('v', 3)}"}
    async with shop.http.post(url, headers=bearer, json={"code": UNKNOWN}) as response:
        assert (response.status, (await response.json())["reason"]) == (401, "bad_pass")
    for key in (None, " ", "k" * 201, "k\u00e9"):
        status, reply = await shop.post("redeem", {"code": UNKNOWN}, key)
        assert (status, reply["reason"]) == (400, "key_needed")
    bodies: list[Any] = [{}, {"code": 7}, {"code": "x" * 65}, [], None, "x"]
    for body in bodies:
        status, reply = await shop.post("redeem", body, "k-1")
        assert (status, reply["reason"]) == (400, "bad_body")
    async with shop.http.get(url) as response:
        assert response.status == 405


async def test_a_till_that_tries_too_often_is_told_when_to_go_on_and_others_are_not(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "BURST", 3)
    monkeypatch.setattr(door, "PER_S", 0.001)
    for n in range(3):
        assert (await shop.redeem(UNKNOWN, f"k-{n}"))["reason"] == "unknown"
    status, reply = await shop.post("redeem", {"code": UNKNOWN}, "k-9")
    assert (status, reply["reason"]) == (429, "too_many")
    assert 0 < reply["retry_after_ms"] <= 1_000_000
    assert (await shop.redeem(UNKNOWN, "k-1", name="Mo's"))["reason"] == "unknown"


async def test_a_till_whose_ask_is_not_answered_hears_when_to_ask_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.at(FROM_MS)
    monkeypatch.setattr("gala.vouchers.asks.DEADLINE_S", 0.05)

    async def nothing(_asked: Asked, _now_ms: int) -> dict[str, Any]:
        return {}

    monkeypatch.setattr(Asked, "waiting", nothing)  # the notary is away
    status, reply = await shop.post("redeem", {"code": code(shop.held[0])}, "k-1")
    assert (status, reply) == (504, {"reason": "no_answer", "retry_after_ms": 1_000})
    monkeypatch.undo()
    assert (await shop.redeem(code(shop.held[0]), "k-1"))["status"] == "done"


def test_attempts_come_back_with_time_and_no_till_is_remembered_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    attempts = Attempts()
    assert [attempts.retry_after_ms("a", 0) for _ in range(door.BURST)] == [0] * door.BURST
    wait_ms = attempts.retry_after_ms("a", 0)
    assert 0 < wait_ms <= 1_000 // door.PER_S + 1
    assert attempts.retry_after_ms("a", wait_ms) == 0
    assert attempts.retry_after_ms("a", wait_ms) > 0
    monkeypatch.setattr(door, "TILLS_MAX", 10)
    for n in range(100):
        assert attempts.retry_after_ms(f"till {n}", wait_ms) == 0
    assert len(attempts._left) == 10
