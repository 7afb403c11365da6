"""The store refuses each role what is not its own. (It allows what is: evenings in these tests run by it.)"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis import exceptions
from typer.testing import CliRunner

from gala.cli import app
from gala.edge.numbers import Numbers
from gala.roles import ROLES
from gala.store import keys, users
from gala.store.clients import Clients, WrongPassword, connect
from gala.store.log import ShowLog
from gala.store.valkey import EmbeddedValkey, embedded
from tests.conftest import patient
from tests.gala.hall import SECRET
from tests.gala.story import TETRIS
from tests.primaries import Primaries
from voting.box import Box, Change, GateState

PAGE = f"box:{{{TETRIS}#0}}"
CUE = ("XADD", keys.log("short"), "9-0", "id", "x")
CUE_ID = ("HSET", keys.log_ids("short"), "x", 9)
SLOT = ("SETRANGE", f"{PAGE}:slots", 0, "x")
COUNTER = ("HINCRBY", f"{PAGE}:counters", "voters", 1)
GATE = ("HSET", f"{PAGE}:gate", "state", "open")
TALLY = ("SET", keys.tally(TETRIS), "x")
NUMBERS = ("INCRBY", keys.numbers("short"), 64)
MINUTE = ("HINCRBY", keys.number_minutes("short"), 0, 64)
ACCOUNT = ("HSETNX", keys.accounts("short"), "x", 7)
ACCOUNT_BIT = ("SETBIT", keys.account_bits("short"), 7, 1)
TRACE = ("HSET", keys.trace("short"), "edge-x/0", "x")
REPORT = ("HSET", keys.edges("short"), "edge-x", "x")
CLOCK = ("SET", keys.clock("short"), "x")
STANDING = ("HSET", keys.clocks("short"), "x", "x")
VITALS = ("HSET", keys.vitals("short"), "x", "x")
WALLET = ("HSET", keys.wallet("short"), "1/1", "x")
EVIDENCE = ("SET", keys.evidence("short"), "x")
ASK = ("HSET", keys.asks("short"), "x", "x")
ASKED = ("HDEL", keys.asks("short"), "x")
ANSWER = ("HSET", keys.answers("short"), "x", "x")
ANSWERED = ("RPUSH", keys.answers_order("short"), "x")
WRITES = [
    *(CUE, CUE_ID, SLOT, COUNTER, GATE, TALLY, NUMBERS, REPORT, CLOCK, STANDING, WALLET, EVIDENCE),
    *(MINUTE, ACCOUNT, ACCOUNT_BIT, TRACE, VITALS),
    *(ASK, ASKED, ANSWER, ANSWERED),
    ("DEL", f"{PAGE}:slots"),
    ("RENAME", f"{PAGE}:slots", f"{PAGE}:old"),
    ("SET", "anything", "x"),
    ("FLUSHALL",),
    ("CONFIG", "SET", "appendonly", "no"),
    ("ACL", "SETUSER", "gala-edge", "allkeys"),
    ("SHUTDOWN",),
    ("PUBLISH", "anywhere", "x"),
]
OWN = {
    "edge": (SLOT, COUNTER, NUMBERS, MINUTE, ACCOUNT, ACCOUNT_BIT, TRACE, REPORT, STANDING, VITALS, ASK),
    "conductor": (CUE, CUE_ID, GATE, TALLY, CLOCK, STANDING, VITALS),
    "notary": (CUE, CUE_ID, GATE, WALLET, EVIDENCE, STANDING, VITALS, ASKED, ANSWER, ANSWERED),
    "crew": (CUE, CUE_ID, STANDING, VITALS, ASK),
}


async def command(clients: Clients, *words: str | int) -> None:
    """Any command at all."""
    await clients.once.execute_command(*words)  # type: ignore[no-untyped-call]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[str]:
    """The address of a store with the roles' users."""
    async with embedded(tmp_path / "store", durable=False, users=users.lines(SECRET)) as url:
        yield users.marked(url)


@pytest.fixture
async def by_role(store: str) -> AsyncIterator[dict[str, Clients]]:
    found = {role: await connect(users.address(store, role, SECRET)) for role in ROLES}
    yield found
    for clients in found.values():
        await clients.close()


async def test_a_role_writes_what_is_its_own_and_nothing_else(by_role: dict[str, Clients]) -> None:
    for role, clients in by_role.items():
        for write in WRITES:
            try:
                await command(clients, *write)
                allowed = True
            except exceptions.NoPermissionError:
                allowed = False
            except exceptions.ResponseError:
                allowed = True  # and refused for another reason: the same entry twice
            assert allowed == (write in OWN[role]), (role, write)


async def test_what_a_role_may_not_write_its_scripts_may_not_either(by_role: dict[str, Clients]) -> None:
    open_gate = "return redis.call('HSET', KEYS[3], 'state', 'open')"
    box = [f"{PAGE}:slots", f"{PAGE}:counters", f"{PAGE}:gate"]
    with pytest.raises(exceptions.ResponseError, match="ermission"):
        await command(by_role["edge"], "EVAL", open_gate, 3, *box)
    assert not await by_role["edge"].once.exists(f"{PAGE}:gate")


async def test_gates_are_the_conductors_and_the_notarys(by_role: dict[str, Clients]) -> None:
    steps = (("conductor", GateState.OPEN), ("conductor", GateState.LOCKED), ("notary", GateState.SEALED))
    for role, state in steps:
        (gate,) = await Box(by_role[role].once, TETRIS, 6).set_gate(range(1), 1, state)
        assert gate.state is state
    for role in ("edge", "crew"):
        with pytest.raises(exceptions.ResponseError, match="ermission"):
            await Box(by_role[role].once, TETRIS, 6).set_gate(range(1, 2), 1, GateState.OPEN)


async def test_on_a_cluster_the_roles_do_their_work_and_no_other(primaries: Primaries) -> None:
    primaries.empty()
    for member in primaries.members:
        for line in users.lines(SECRET):
            member.say("ACL", "SETUSER", *line.split()[1:])
    url = primaries.url.replace("redis://", f"redis://{users.MARK}@", 1)
    by_role = {role: await patient(users.address(url, role, SECRET)) for role in ROLES}
    try:
        box = {role: Box(clients.once, TETRIS, 6) for role, clients in by_role.items()}
        await box["conductor"].set_gate(range(2), 1, GateState.OPEN)
        for page in range(2):
            change = Change(0, bytes(6), b"\0\1\0\0\0\1", {"voters": 1})
            assert await box["edge"].apply(page, 1, [change]) == [None]
            assert await box["notary"].whole(page) == (change.after, {"voters": 1})
        numbers = Numbers(by_role["edge"].once, "short", 1_000, lambda: 61_000)
        assert [await numbers.next(), await numbers.of("ab" * 16), await numbers.of("ab" * 16)] == [0, 1, 1]
        assert await by_role["notary"].once.hgetall(keys.number_minutes("short")) == {b"60000": b"64"}
        with pytest.raises(exceptions.ResponseError, match="ermission"):
            await Numbers(by_role["crew"].once, "short", 1_000, lambda: 0).next()
        show_log = ShowLog(by_role["conductor"], "short")
        await show_log.begin("epoch", {"cue": "begin"}, id="begin", by="conductor", at_ms=1)
        for role, clients in by_role.items():
            assert len(await ShowLog(clients, "short").read(0)) == 1
            if role in ("edge", "crew"):
                with pytest.raises(exceptions.ResponseError, match="ermission"):
                    await box[role].set_gate(range(2, 3), 1, GateState.OPEN)
        with pytest.raises(exceptions.ResponseError, match="ermission"):
            await ShowLog(by_role["edge"], "other").begin("epoch", {}, id="begin", by="edge", at_ms=1)
    finally:
        for clients in by_role.values():
            await clients.close()
        for member in primaries.members:
            member.say("ACL", "DELUSER", *(f"gala-{role}" for role in ROLES))
        primaries.empty()


async def test_another_secret_does_not_open_the_store(store: str) -> None:
    with pytest.raises(WrongPassword):
        await connect(users.address(store, "edge", b"another secret of sixteen bytes"))


def test_the_users_are_printed_for_another_store_without_their_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALA_DATA", str(tmp_path))
    monkeypatch.setenv("GALA_SECRET", SECRET.decode())
    said = CliRunner().invoke(app, ["acl"])
    assert said.exit_code == 0
    assert said.output.splitlines() == users.lines(SECRET)
    for role in ROLES:
        password = users.address("redis://{role}@host", role, SECRET).split(":")[2].partition("@")[0]
        assert password not in said.output


async def test_an_address_without_the_mark_is_left_alone(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path)
    assert users.address(server.url, "edge", SECRET) == server.url
