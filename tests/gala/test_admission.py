"""The way to a number: a bucket a network, work for a challenge, and what the auditor sees of both.

Buckets are tested with a clock of their own, turned by hand, and once through a real server behind a proxy.
"""

import itertools
import os
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.edge.doors import admission as admissions
from gala.edge.doors.admission import BURST, RATE_PER_S, WIDE, Admission
from gala.edge.doors.networks import around, shared_networks
from gala.edge.trace import BURSTS_MAX, SAMPLES_MAX, EdgeTrace, Sample, merged
from gala.protocol.trace import Trace, TraceBurst, TraceMinute
from gala.settings import SettingsFault, read
from gala.store import keys
from gala.store.clients import Clients
from gala.wire.peer import forwarded, nth_from_end
from gala.work import solve, zero_bits
from tests.gala.hall import Hall
from tests.gala.phones import Join, Phone, Stage, running
from tests.gala.test_accounts import ANN, ask, passed, with_host

HERE, THERE = "198.51.101.7", "203.0.114.9"


class Bell:
    """A clock in seconds that stands until it is moved."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def door(bell: Bell, *, shared: str = "", proof_bits: int = 0) -> Admission:
    return Admission(
        now_s=bell, entropy=os.urandom, key=bytes(32), shared=shared_networks(shared), proof_bits=proof_bits
    )


def let_in(admission: Admission, address: str, tries: int) -> int:
    return sum(admission.wait_ms(address) == 0 for _ in range(tries))


# ---------------------------------------------------------------- buckets


def test_a_network_gets_a_burst_and_then_so_many_a_second() -> None:
    bell = Bell()
    admission = door(bell)
    assert let_in(admission, HERE, 2 * BURST) == BURST
    assert let_in(admission, "198.51.101.250", 1) == 0, "the whole /24 is one network"
    assert let_in(admission, THERE, 5) == 5, "and its rush is nobody else's"
    bell.now_s += 3
    assert let_in(admission, HERE, 2 * BURST) == 3 * RATE_PER_S
    bell.now_s += 10_000
    assert let_in(admission, HERE, 2 * BURST) == BURST, "no more is saved up than a burst"


def test_who_is_held_up_is_told_when_to_come_again_and_not_all_at_once() -> None:
    bell = Bell()
    admission = door(bell)
    let_in(admission, HERE, BURST)
    waits = {admission.wait_ms(HERE) for _ in range(50)}
    assert len(waits) > 10
    assert 1_000 <= min(waits) <= max(waits) <= admissions.WAIT_MS_MAX


def test_a_network_that_is_known_to_be_shared_gets_far_more() -> None:
    bell = Bell()
    admission = door(bell, shared="198.51.101.0/26, 2001:4860::/32")
    assert let_in(admission, HERE, 3 * BURST) == 3 * BURST
    assert let_in(admission, "2001:4860::1", 3 * BURST) == 3 * BURST
    assert let_in(admission, THERE, 3 * BURST) == BURST


def test_of_ipv6_a_household_is_one_network_and_so_is_what_it_lies_in() -> None:
    bell = Bell()
    admission = door(bell)
    assert let_in(admission, "2001:4860:1:2::1", BURST + 9) == BURST
    assert let_in(admission, "2001:4860:1:2:ffff::1", 1) == 0
    farm = (f"2001:4860:1:{n:x}::1" for n in itertools.count(3))
    assert sum(admission.wait_ms(next(farm)) == 0 for _ in range(WIDE * BURST)) == (WIDE - 1) * BURST
    assert let_in(admission, "2001:4860:2::1", 1) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "::1", "fd00::1", "fe80::1%eth0", "", "unix"])
def test_our_own_machine_and_proxies_are_not_held_up(address: str) -> None:
    assert around(address) == ()
    assert let_in(door(Bell()), address, 3 * BURST) == 3 * BURST


def test_an_ipv4_address_is_the_same_network_however_it_is_written() -> None:
    assert around(f"::ffff:{HERE}") == around(HERE)


def test_no_more_networks_are_remembered_than_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admissions, "NETWORKS_MAX", 10)
    admission = door(Bell())
    for n in range(50):
        assert admission.wait_ms(f"100.{n}.1.1" if n > 63 else f"5.{n}.1.1") == 0
    assert len(admission._buckets) == len(admission.given) == 10


@given(st.lists(st.sampled_from(["192.0.2.1", "x", "", "2001:db8::1"]), max_size=4), st.integers(0, 3))
def test_what_stands_before_our_own_proxies_words_is_never_believed(said: list[str], proxies: int) -> None:
    ours = ["198.51.100.1", "10.0.0.1", "10.0.0.2"][:proxies]
    assert nth_from_end(",".join([*said, *ours]), proxies) == (ours[0] if ours else "")


def test_the_address_is_read_from_the_head_as_proxies_write_it() -> None:
    head = b"GET / HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 1.1.1.1, 8.8.8.8:4711\r\nx-other: 9.9.9.9"
    assert forwarded(head, 1) == "8.8.8.8"
    assert forwarded(head, 2) == "1.1.1.1"
    assert forwarded(head, 3) == ""
    twice = b"GET / HTTP/1.1\r\nx-forwarded-for: 1.1.1.1\r\nx-forwarded-for: [2001:4860::1]:4711\r\nhost: x"
    assert forwarded(twice, 1) == "2001:4860::1"
    assert forwarded(b"GET / HTTP/1.1\r\nhost: x", 1) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("SHARED_NETWORKS", "10.0.0.0/8,here"), ("PROXIES", "-1"), ("PROOF_BITS", "25"), ("HOST_ISSUER", "x")],
)
def test_a_wrong_setting_of_the_door_is_told(name: str, value: str) -> None:
    with pytest.raises(SettingsFault, match=f"^GALA_{name}"):
        read({f"GALA_{name}": value})


# ---------------------------------------------------------------- work


def test_work_is_for_its_challenge_alone_and_for_as_many_bits_as_were_asked() -> None:
    admission = door(Bell(), proof_bits=8)
    challenge = admission.challenge()
    proof = solve(challenge, 8)
    assert admission.solved(challenge, proof)
    assert not door(Bell(), proof_bits=40).solved(challenge, proof)
    assert not admission.solved("", solve("", 8))
    others = [admission.challenge() for _ in range(64)]
    assert sum(admission.solved(other, proof) for other in others) < 8
    assert not any(admission.solved(challenge, rubbish) for rubbish in ("", "x" * 33, "\udc80"))


def test_the_bits_of_a_known_digest_are_counted_from_its_first() -> None:
    # the page finds the same ones: gala/web/tests/identity.test.ts
    assert (solve("00", 8), solve("00", 12), solve("00", 0)) == ("42", "280", "0")


# ---------------------------------------------------------------- a real server


@pytest.fixture
async def stage(clients: Clients, valkey_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Behind one proxy, asking for work, believing the host app's tokens."""
    more = with_host(tmp_path) | {"proxies": 1, "proof_bits": 6}
    async with running(valkey_url, tmp_path, settings=more) as stage:
        yield stage


async def seated(phone: Phone) -> dict[str, Any]:
    """`enter`, with the work that is asked for; the last answer."""
    reply: dict[str, Any] = await phone.ask("enter", {})
    if reply.get("reason") == "proof":
        reply = await phone.ask("enter", {"proof": solve(reply["challenge"], reply["bits"])})
    return reply


async def trace_of(stage: Stage, role: str = "auditor") -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {stage.crew_pass(role)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{stage.crew_url}/api/trace") as response,
    ):
        return response.status, await response.json()


async def test_a_number_is_had_for_one_piece_of_work_and_no_other(stage: Stage, join: Join) -> None:
    phone, other = await join(by=HERE), await join(by=HERE)
    asked = await phone.ask("enter", {})
    assert (asked["reason"], asked["bits"], "pass" in asked) == ("proof", 6, False)
    proof = solve(asked["challenge"], 6)
    elsewhere = await other.ask("enter", {})
    while zero_bits(elsewhere["challenge"], proof) >= 6:
        elsewhere = await other.ask("enter", {})
    assert (await other.ask("enter", {"proof": proof}))["reason"] == "proof", "another's work"
    assert (await phone.ask("enter", {"proof": 7}))["reason"] == "proof"
    assert (await phone.ask("enter", {"proof": solve("not asked", 6) + " "})).get("reason") == "proof"
    assert (await seated(phone))["mine"]["number"] == 0
    again = await phone.ask("enter", {})
    assert again["mine"]["number"] == 0, "who has a number is asked for nothing more"
    assert (await seated(other))["mine"]["number"] == 1


async def test_a_rush_from_one_network_waits_and_an_account_does_not(
    stage: Stage, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admissions, "BURST", 2)
    monkeypatch.setattr(admissions, "RATE_PER_S", 0.01)
    crowd = [await join(by=f"8.8.8.8, {HERE}") for _ in range(3)]
    replies = [await seated(phone) for phone in crowd]
    assert ["mine" in reply for reply in replies] == [True, True, False]
    assert (replies[2]["reason"], replies[2]["retry_after_ms"] > 0) == ("busy_network", True)
    assert (await crowd[2].ask("enter", {}))["reason"] == "busy_network", "its work is done, and remembered"
    assert "mine" in await seated(await join(by=THERE))
    verified = await join(by=HERE, pass_=await passed(stage, ANN))
    assert (await verified.ask("enter", {}))["mine"]["number"] == 3


async def test_an_auditor_sees_who_was_turned_away_and_nobody_else_does(
    stage: Stage, join: Join, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admissions, "BURST", 1)
    monkeypatch.setattr(admissions, "RATE_PER_S", 0.01)
    first, second = await join(by=HERE, channel="app"), await join(by=HERE, channel="app")
    assert "mine" in await seated(first)
    assert (await seated(second))["reason"] == "busy_network"
    assert (await ask(stage, {"token": "x.y.z"}))[0] == 401
    assert (await first.play("short/tetris/9", 1, "comets"))["status"] == "refused"
    front = stage.evening.front
    assert front is not None
    await front.trace.step(stage.evening.clock.now_ms(), stage.evening.edge.plays)
    status, told = await trace_of(stage)
    assert status == 200
    (minute,) = told["minutes"]
    assert minute["numbers"] == 1
    assert minute["refused"] == {"proof": {"app": 2}, "busy_network": {"app": 1}, "bad_token": {"": 1}}
    assert [(burst["numbers"], burst["held_up"]) for burst in minute["bursts"]] == [(1, 1)]
    assert len(minute["entering_ms"]) == 1
    kept = repr(await clients.once.hgetall(keys.trace("short"))) + repr(told)
    assert HERE not in kept
    assert "198.51" not in kept
    for role in ("director", "overlay", "merchant"):
        assert (await trace_of(stage, role))[0] == 403


# ---------------------------------------------------------------- the trace is bounded


async def test_a_trace_keeps_the_newest_minutes_and_samples_of_each(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gala.edge.trace.MINUTES_MAX", 3)
    hall = Hall(clients, tmp_path)
    plays = hall.booth().plays
    admission = door(Bell())
    trace = EdgeTrace(clients.once, "short", "edge-x", admission, os.urandom)
    for minute in range(1, 9):
        for n in range(2 * SAMPLES_MAX):
            trace.seated(n, account=n % 2 == 0)
        for n in range(20):
            let_in(admission, f"5.{n}.0.1", 100)
        await trace.step(minute * 60_000 + 59_000, plays)
        await trace.step((minute + 1) * 60_000, plays)
    found = cast("dict[bytes, bytes]", await clients.once.hgetall(keys.trace("short")))
    names = sorted(int(name.rpartition(b"/")[2]) for name in found)
    assert names == [360_000, 420_000, 480_000]
    for word in found.values():
        kept = msgspec.msgpack.decode(word, type=TraceMinute)
        assert (kept.numbers, kept.accounts) == (2 * SAMPLES_MAX, SAMPLES_MAX)
        assert (len(kept.entering_ms), len(kept.bursts)) == (SAMPLES_MAX, BURSTS_MAX)


def test_a_sample_is_of_the_whole_stream_and_not_of_its_beginning() -> None:
    chance = random.Random(7)
    sample = Sample(chance.randbytes)
    for value in range(64_000):
        sample.take(value)
    assert len(sample.kept) == len(set(sample.kept)) == SAMPLES_MAX
    quarters = Counter(value // 16_000 for value in sample.kept)
    assert min(quarters[quarter] for quarter in range(4)) > SAMPLES_MAX // 12


def test_the_edges_minutes_are_laid_together_newest_first() -> None:
    one = TraceMinute(
        at_ms=60_000,
        numbers=5,
        refused={"proof": {"app": 2}},
        bursts=[TraceBurst(network="aa", numbers=4, held_up=1)],
        entering_ms=[9, 3],
    )
    two = TraceMinute(
        at_ms=60_000,
        numbers=2,
        accounts=1,
        refused={"proof": {"app": 1, "hall": 1}, "hall_full": {"hall": 1}},
        bursts=[TraceBurst(network=f"{n:02x}", held_up=n) for n in range(BURSTS_MAX)]
        + [TraceBurst(network="aa", numbers=1, held_up=99)],
        entering_ms=[5],
    )
    told = merged([one, TraceMinute(at_ms=120_000), two])
    assert [minute.at_ms for minute in told.minutes] == [120_000, 60_000]
    minute = told.minutes[1]
    assert (minute.numbers, minute.accounts, minute.entering_ms) == (7, 1, [3, 5, 9])
    assert minute.refused == {"proof": {"app": 3, "hall": 1}, "hall_full": {"hall": 1}}
    assert minute.bursts[0] == TraceBurst(network="aa", numbers=5, held_up=100)
    assert len(minute.bursts) == BURSTS_MAX
    assert merged([]) == Trace()
