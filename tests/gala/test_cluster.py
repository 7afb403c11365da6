"""An evening on a real cluster, and what happens to it when slots move, nodes die and a primary is cut off.

What holds on one server as well is in `test_log` and `tests/voting`, which run over both. Every test that
harms the cluster mends it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis import exceptions
from redis.asyncio import ConnectionPool
from typer.testing import CliRunner

from gala.cli import app
from gala.store import keys, users
from gala.store.chart import Chart
from gala.store.clients import Clients, Forgets, NoCluster
from gala.store.cluster import Cluster
from gala.store.disks import NotDurable, check
from gala.store.log import ShowLog
from gala.store.topology import SLOTS, Node, Topology, mark_of, merged, parse, slot_of
from tests.conftest import PATIENCE_S, emptied, patient
from tests.gala.hall import SECRET
from tests.gala.phones import Phone, Stage, running
from tests.gala.story import SHORT, TETRIS
from tests.primaries import Member, Primaries
from tests.voting.test_box import NARROW, Plays, box_of
from voting.box import PAGE, Box, Gate, GateState, Shut

FIRST, SECOND = f"{{{TETRIS}#0}}", f"{{{TETRIS}#1}}"
CONTROL = "{short}"


@pytest.fixture
async def clients(primaries: Primaries) -> AsyncIterator[Clients]:
    """Connected to an empty cluster."""
    async with emptied(primaries.url) as clients:
        yield clients


# ---------------------------------------------------------------- an evening

NUMBERS = (3, 4, PAGE + 5, PAGE + 6)


@contextlib.asynccontextmanager
async def round_on(primaries: Primaries, data: Path) -> AsyncIterator[tuple[Stage, list[Phone]]]:
    """An evening with an open round, and four phones whose slots are on two pages of different nodes."""
    async with emptied(primaries.url) as clients:
        assert primaries.owner(FIRST) is not primaries.owner(SECOND)
        await clients.once.set(keys.numbers(SHORT.id), max(NUMBERS) + 1)
    for member in primaries.members:
        for line in users.lines(SECRET):
            member.say("ACL", "SETUSER", *line.removeprefix("user ").split())
    async with contextlib.AsyncExitStack() as stack:
        # one node is enough to find the others: here the replica of the last primary
        url = users.marked(f"redis://127.0.0.1:{primaries.members[5].port}")
        stage = await stack.enter_async_context(running(url, data))
        phones = []
        for number in NUMBERS:
            phone = await Phone.connect(stage, pass_=stage.evening.passes.viewer(f"viewer-{number}", number))
            stack.push_async_callback(phone.close)
            await phone.hear("welcome")
            phones.append(phone)
        await stage.go("tetris.start")
        stage.wait(1)
        for phone in phones:
            await phone.hear("show", lambda show: show.get("round", {}).get("id") == TETRIS)
        yield stage, phones


async def all_settled(phones: list[Phone], seq: int, choice: str) -> set[str]:
    async with asyncio.timeout(PATIENCE_S):
        replies = await asyncio.gather(*(phone.play_until_told(TETRIS, seq, choice) for phone in phones))
    return {reply["status"] for reply in replies}


async def sealed(stage: Stage) -> Any:
    """Lets the round end; the round as the desk has it."""
    stage.wait(20)
    async with asyncio.timeout(PATIENCE_S):
        while not (round_ := stage.evening.crew.state.rounds[TETRIS]).sealed:
            await asyncio.sleep(0)
    return round_


every_place = pytest.mark.parametrize("key", [SECOND, CONTROL], ids=["of a page", "of the log"])


@every_place
async def test_a_round_on_two_pages_is_exact_though_scripts_are_forgotten_and_a_slot_moves(
    primaries: Primaries, tmp_path: Path, key: str
) -> None:
    async with round_on(primaries, tmp_path) as (stage, phones):
        assert await all_settled(phones, 1, "comets") == {"counted"}
        for member in primaries.members:
            if member.is_primary:
                member.say("SCRIPT", "FLUSH")
        assert await all_settled(phones, 2, "harbour") == {"counted"}
        steps = primaries.move(key)
        next(steps)  # both nodes know of the move
        assert await all_settled(phones, 3, "comets") == {"counted"}
        next(steps)  # one of the keys is at the other node: what needs two of them has to wait
        waiting = asyncio.create_task(all_settled(phones[2:], 4, "harbour"))
        assert await all_settled(phones[:2], 4, "comets") == {"counted"}
        for _ in steps:
            await asyncio.sleep(0)
        assert await waiting <= {"counted", "already"}
        assert await all_settled(phones, 5, "harbour") == {"counted"}
        viewers = list(stage.evening.edge.audience)
        mines = await stage.evening.edge.holdings.of(viewers)
        assert sorted((mine.number, mine.rounds[TETRIS].seq) for mine in mines) == [(n, 5) for n in NUMBERS]
        found = await sealed(stage)
        assert found.tally == {"voters": 4, "choices": {"comets": 0, "harbour": 4}}
        assert found.recount_equal
        asked = ["recount", "tests/gala/polls.toml", "--json"]
        environment = {"GALA_REDIS_URL": primaries.url}
        told = await asyncio.to_thread(CliRunner().invoke, app, asked, env=environment)
        assert told.exit_code == 0, told.output


@every_place
async def test_a_primary_killed_in_a_round_is_replaced_and_no_acknowledged_vote_is_lost_or_doubled(
    primaries: Primaries, tmp_path: Path, key: str
) -> None:
    with primaries.hasty():
        async with round_on(primaries, tmp_path) as (stage, phones):
            assert await all_settled(phones, 1, "comets") == {"counted"}
            killed = primaries.owner(key)
            replica = primaries.replica_of(killed)
            killed.kill()
            assert await all_settled(phones, 2, "comets") <= {"counted", "already"}
            await asyncio.to_thread(primaries.promoted, replica)
            assert await all_settled(phones, 3, "harbour") <= {"counted", "already"}
            for phone in phones:  # the first ones' acknowledgements may have come before the kill was felt
                assert (await phone.play(TETRIS, 1, "comets"))["status"] in ("already", "retry")
            found = await sealed(stage)
            assert found.tally == {"voters": 4, "choices": {"comets": 0, "harbour": 4}}
            assert found.recount_equal


# ---------------------------------------------------------------- what is durable


BESIDE_S = 2.5  # more than on the night, for a busy machine; each refusal takes as long


class Minority(Chart):
    """What an edge knows that reaches one node and no other."""

    only: Node

    async def _ask(self, node: Node) -> Any:
        if node != self.only:
            raise exceptions.ConnectionError("cut off")
        return await super()._ask(node)


@contextlib.asynccontextmanager
async def beside(member: Member) -> AsyncIterator[Cluster]:
    """A client on one node's side of a partition."""
    node = Node("127.0.0.1", member.port)
    options = ConnectionPool(host=node.host, port=node.port, socket_timeout=BESIDE_S)
    chart = Minority([node], options)
    chart.only = node
    cluster = Cluster(chart, BESIDE_S)
    yield cluster
    await cluster.aclose()


async def test_what_an_old_primary_takes_behind_a_partition_is_not_acknowledged_and_vanishes(
    primaries: Primaries, clients: Clients
) -> None:
    box, plays = box_of(clients.once, NARROW, TETRIS), Plays(NARROW)
    await box.set_gate([0], 1, GateState.OPEN)
    assert await box.apply(0, 1, [plays.first(1)]) == [None]
    old = primaries.owner(FIRST)
    try:
        async with beside(old) as cut_off:
            theirs = Box(cut_off, TETRIS, NARROW.width)
            assert await theirs.apply(0, 1, [plays.first(2)]) == [None]
            with primaries.isolated(old):
                # a conductor who sees the others locks the gate there; the old primary's is open still
                conductors = await patient(primaries.url)
                [gate] = await box_of(conductors.once, NARROW, TETRIS).set_gate([0], 1, GateState.LOCKED)
                await conductors.close()
                assert gate.state is GateState.LOCKED
                assert primaries.owner(FIRST) is not old
                with pytest.raises(NotDurable):
                    await theirs.apply(0, 1, [plays.first(3)])
                with pytest.raises(NotDurable):  # the slot says it is counted; nobody may be told so
                    await theirs.slot(3)
                assert plays.slot(1, 1) in old.say("GET", f"box:{FIRST}:slots")
            await asyncio.to_thread(primaries.await_whole)
        assert [await box.slot(number) for number in (1, 2, 3)] == [
            plays.slot(1, 1),
            plays.slot(1, 1),
            NARROW.empty,
        ]
        assert await box.counters([0]) == {"body/1": 2, "voters": 2}
        with pytest.raises(Shut):
            await box.apply(0, 1, [plays.first(3)])
        assert await box.gates([0]) == [Gate(1, GateState.LOCKED)]
    finally:
        await asyncio.to_thread(primaries.mend)


async def test_a_cue_that_an_old_primary_took_is_told_to_nobody(
    primaries: Primaries, clients: Clients
) -> None:
    log = ShowLog(clients, "short")
    first = await log.begin("epoch", {}, id="first", by="ana", at_ms=0)
    old = primaries.owner(CONTROL)
    try:
        async with beside(old) as cut_off:
            theirs = ShowLog(Clients(cut_off, ""), "short")
            with primaries.isolated(old):
                with pytest.raises(NotDurable):
                    await theirs.append(first.head, {"do": "go"}, id="theirs", by="eve", at_ms=1)
                assert len(old.say("XRANGE", keys.log("short"), "-", "+")) == 2
                with pytest.raises(NotDurable):
                    await theirs.read(1)
            await asyncio.to_thread(primaries.await_whole)
            assert await log.read(1) == []
            second = await log.append(first.head, {"do": "hold"}, id="ours", by="ana", at_ms=1)
            assert await log.read(1) == [second.entry]
    finally:
        await asyncio.to_thread(primaries.mend)


async def test_a_page_whose_only_replica_is_gone_takes_plays_but_acknowledges_none_until_it_is_back(
    primaries: Primaries, clients: Clients
) -> None:
    box, plays = box_of(clients.once, NARROW, TETRIS), Plays(NARROW)
    await box.set_gate([0], 1, GateState.OPEN)
    try:
        async with beside(primaries.owner(FIRST)) as impatient:
            theirs = Box(impatient, TETRIS, NARROW.width)
            primaries.replica_of(primaries.owner(FIRST)).kill()
            with pytest.raises(NotDurable):
                await theirs.apply(0, 1, [plays.first(1)])
            with pytest.raises(NotDurable):  # although it finds the play in its slot
                await theirs.apply(0, 1, [plays.first(1)])
        await asyncio.to_thread(primaries.mend)
        assert await box.apply(0, 1, [plays.first(1), plays.first(2)]) == [plays.slot(1, 1), None]
        assert await box.counters([0]) == {"body/1": 2, "voters": 2}
    finally:
        await asyncio.to_thread(primaries.mend)


# ---------------------------------------------------------------- at the start


async def test_a_node_that_keeps_too_little_is_refused_with_words(primaries: Primaries) -> None:
    member = primaries.members[4]
    for setting, said, right in (("appendfsync", "everysec", "always"), ("appendonly", "no", "yes")):
        member.say("CONFIG", "SET", setting, said)
        try:
            with pytest.raises(Forgets, match=rf"node 127.0.0.1:{member.port}: {setting} "):
                await patient(primaries.url)
        finally:
            member.say("CONFIG", "SET", setting, right)
            await asyncio.to_thread(primaries.await_whole)


async def test_several_addresses_are_those_of_a_cluster(primaries: Primaries, valkey_url: str) -> None:
    with pytest.raises(NoCluster, match="name it alone"):
        await patient(f"{valkey_url},{primaries.url}")
    clients = await patient(f"redis://127.0.0.1:1,{primaries.url.removeprefix('redis://')}")
    assert clients.server.endswith("a cluster of 3")
    await clients.close()


async def test_a_cluster_is_found_again_when_the_node_that_was_named_has_gone(
    primaries: Primaries,
) -> None:
    async with emptied(primaries.url):
        pass
    named = primaries.replica_of(primaries.owner(FIRST))
    clients = await patient(f"redis://127.0.0.1:{named.port}")
    try:
        box = box_of(clients.once, NARROW, TETRIS)
        await box.set_gate([0], 1, GateState.OPEN)
        named.kill()
        for _ in primaries.move(FIRST):
            pass
        assert await box.apply(0, 1, [Plays(NARROW).first(1)]) == [None]
    finally:
        await clients.close()
        await asyncio.to_thread(primaries.mend)


async def test_a_cluster_that_nobody_reaches_is_waited_for_by_no_command_for_ever() -> None:
    node = Node("127.0.0.1", 1)
    cluster = Cluster(Chart([node], ConnectionPool(host=node.host, port=node.port)), 0.05)
    asked = [cluster.get("a"), cluster.flushall(), anext(cluster.scan_iter())]
    async with asyncio.timeout(PATIENCE_S):
        for one in asked:
            with pytest.raises(exceptions.TimeoutError):
                await one
    await cluster.aclose()


async def test_pages_are_told_apart_by_their_node_and_one_server_is_one_node(
    primaries: Primaries, clients: Clients, valkey_url: str
) -> None:
    box = box_of(clients.once, NARROW, TETRIS)
    for page, tag in enumerate((FIRST, SECOND)):
        assert clients.node_of(box.key(page, "slots")) == ("127.0.0.1", primaries.owner(tag).port)
    alone = await patient(valkey_url)
    assert alone.node_of(FIRST) == alone.node_of(SECOND)
    await alone.close()


# ---------------------------------------------------------------- what nodes say


def test_of_two_claims_to_a_slot_that_with_the_greater_epoch_holds_whoever_says_it() -> None:
    one, two, three = (Node("10.0.0.1", 7), Node("10.0.0.2", 7), Node("10.0.0.3", 7))
    old = (
        "aa 10.0.0.1:7@17 myself,master - 0 0 3 connected 0-9 20\n"
        "bb 10.0.0.2:7@17,name master,fail - 0 0 2 disconnected 10-19 [20-<-aa]\n"
        "cc 10.0.0.3:7@17 slave aa 0 0 3 connected\n"
        "dd :0@0 master,noaddr - 0 0 9 disconnected 0-16383\n"
    )
    new = (
        "aa 10.0.0.1:7@17 slave cc 0 0 4 connected\n"
        "bb 10.0.0.2:7@17 master - 0 0 2 connected 10-19\n"
        "cc :7@17 myself,master - 0 0 4 connected 0-9 20\n"
    )
    views = [parse(old, one), parse(new, three)]
    for ordered in (views, views[::-1]):
        found = merged(ordered)
        assert {found.owner(slot) for slot in (*range(10), 20)} == {three}
        assert {found.owner(slot) for slot in range(10, 20)} == {two}
        assert found.owner(21) is None
        assert found.primaries == (two, three)
        assert found.known == (one, two, three)
        assert found.replicas == {one: 1, three: 1}


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ([], 0),
        (["slave"], 1),
        (["slave,fail"], 1),
        (["slave", "slave,fail?"], 2),
        (["slave", "slave,fail"], 1),
    ],
)
def test_every_replica_that_might_be_promoted_must_have_what_is_acknowledged(
    flags: list[str], wanted: int
) -> None:
    node = Node("10.0.0.3", 7)
    rows = [f"{n} 10.0.1.{n}:7@17 {said} cc 0 0 4 connected" for n, said in enumerate(flags)]
    rows.append("cc 10.0.0.3:7@17 myself,master - 0 0 4 connected 0-16383")
    rows.append("ee 10.0.0.9:7@17 master,fail - 0 0 3 disconnected")  # whose place it has taken
    assert merged([parse("\n".join(rows), node)]).replicas == {node: wanted}


def test_a_mark_is_on_its_node_and_in_no_slot_that_moves() -> None:
    one, two, three = (Node("10.0.0.1", 7), Node("10.0.0.2", 7), Node("10.0.0.3", 7))
    some = SLOTS // 10
    topology = Topology((one,) * (SLOTS - some) + (two,) * some, (one, two, three), {})
    shunned: set[int] = set()
    for node, slots in ((one, range(SLOTS - some)), (two, range(SLOTS - some, SLOTS))):
        for _ in range(2):
            mark = mark_of(topology, node, shunned)
            assert mark is not None
            assert slot_of(mark) in slots
            assert slot_of(mark) not in shunned
            shunned.add(slot_of(mark))
    assert mark_of(topology, two, range(SLOTS)) is None
    assert mark_of(topology, three, ()) is None, "it owns nothing yet"


@pytest.mark.parametrize(
    ("local", "copying", "known", "durable"),
    [
        (1, [], "", True),
        (0, [], "", False),
        (1, [[b"10.0.0.4", b"7", b"99"]], "", False),
        (1, [], "dd 10.0.0.4:7@17 slave cc 0 0 4 connected", False),  # cut off by now, and perhaps promoted
        (1, [], "dd 10.0.0.4:7@17 slave ee 0 0 4 connected", True),
    ],
)
def test_a_primary_without_a_replica_acknowledges_by_itself_only_while_none_has_come(
    local: int, copying: list[list[bytes]], known: str, durable: bool
) -> None:
    node = Node("10.0.0.3", 7)
    said = f"cc 10.0.0.3:7@17 myself,master - 0 0 4 connected 0-16383\n{known}"
    with contextlib.nullcontext() if durable else pytest.raises(NotDurable):
        check([b"OK", [local, 0], [b"master", 99, copying], said.encode()], node, 0)
