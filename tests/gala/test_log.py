"""The cue log against a real server.

First the laws as a state machine: several writers with heads of any age, ids used twice, replies that get
lost and scripts that get flushed; the model is a list. Then the story: following, forks, and what the
chain catches.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from redis import exceptions

from gala.store import keys
from gala.store.clients import Clients, connect
from gala.store.log import GENESIS, Appended, Entry, Forked, Head, ShowLog, Stale, chain, verify
from tests.conftest import emptied, patient

cues = st.dictionaries(
    st.sampled_from(["do", "target", "note"]), st.text(max_size=8) | st.integers(0, 9), max_size=3
)
ids = st.integers(0, 30).map(lambda n: f"cue-{n}")


class Writers(RuleBasedStateMachine):
    """Three writers, each with a head that may be old. `history` is what the log must be."""

    url: str

    @initialize()
    def connect(self) -> None:
        self.runner = asyncio.Runner()
        self.clients = self.runner.run(patient(self.url))
        self.runner.run(self._empty())
        self.logs = [ShowLog(self.clients, "show") for _ in range(3)]
        self.heads = [Head()] * 3
        self.history: list[Entry] = []

    async def _empty(self) -> None:
        await self.clients.once.flushall()

    def teardown(self) -> None:
        self.runner.run(self.clients.close())
        self.runner.close()

    @rule(who=st.integers(0, 2), cue=cues, id=ids, at_ms=st.integers(0, 1000), lost=st.booleans())
    def append(self, who: int, cue: dict[str, Any], id: str, at_ms: int, lost: bool) -> None:  # noqa: A002
        known = next((entry for entry in self.history if entry.id == id), None)
        head = self.heads[who]
        current = self.history[-1].head if self.history else Head()
        with contextlib.nullcontext() if known or head == current else pytest.raises(Stale) as stale:
            if lost:
                self.runner.run(self._append(who, cue, id, at_ms))
            appended = self.runner.run(self._append(who, cue, id, at_ms))
            assert appended.existed == (lost or known is not None)
            if known:
                assert appended.entry == known
            else:
                self.history.append(appended.entry)
                self.heads[who] = appended.entry.head
                assert (appended.entry.cue, appended.entry.at_ms) == (cue, max(current.at_ms, at_ms))
        if stale is not None:
            assert (stale.value.version, stale.value.digest) == (current.version, current.digest)

    async def _append(self, who: int, cue: dict[str, Any], id: str, at_ms: int) -> Appended:  # noqa: A002
        return await self.logs[who].append(self.heads[who], cue, id=id, by=f"writer-{who}", at_ms=at_ms)

    @rule(who=st.integers(0, 2), count=st.integers(1, 4))
    def catch_up(self, who: int, count: int) -> None:
        entries = self.runner.run(self.logs[who].read(self.heads[who].version, count))
        self.heads[who] = verify(self.heads[who], entries)

    @rule(who=st.integers(0, 2), n=st.integers(0, 40))
    def guess_a_digest(self, who: int, n: int) -> None:
        head = Head(n, "ab" * 32)
        with pytest.raises(Stale):
            self.runner.run(self.logs[who].append(head, {}, id="never", by="stranger", at_ms=0))

    @rule()
    def forget_scripts(self) -> None:
        self.runner.run(self._forget_scripts())

    async def _forget_scripts(self) -> None:
        await self.clients.once.script_flush()

    @invariant()
    def there_is_one_history(self) -> None:
        found = self.runner.run(self.logs[0].read(0, 1000))
        assert found == self.history
        assert [entry.version for entry in found] == list(range(1, len(found) + 1))
        verify(Head(), found)


@pytest.fixture
async def clients(any_url: str) -> AsyncIterator[Clients]:
    """What holds for the log holds on one server and on a cluster."""
    async with emptied(any_url) as clients:
        yield clients


def test_whatever_the_writers_do_there_is_one_gapless_history(any_url: str) -> None:
    machine = type("Machine", (Writers,), {"url": any_url})
    clustered = "," in any_url  # every step waits for two disks there
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=5 if clustered else 25, stateful_step_count=30, deadline=None),
    )


async def begun(clients: Clients, count: int = 1) -> tuple[ShowLog, list[Entry]]:
    """A log of `count` entries."""
    log = ShowLog(clients, "gala")
    entries = [await log.begin("0123abcd", {"do": "begin"}, id="first", by="conductor", at_ms=1000)]
    for n in range(1, count):
        cue = {"do": "go", "target": f"seg-{n}"}
        entries.append(
            (await log.append(entries[-1].head, cue, id=f"go-{n}", by="ana", at_ms=1000 + n)).entry
        )
    return log, entries


async def test_the_first_entry_carries_the_epoch_and_beginning_again_gives_it_back(clients: Clients) -> None:
    log, [first] = await begun(clients)
    assert (first.version, first.prev, first.cue) == (1, GENESIS, {"epoch": "0123abcd", "do": "begin"})
    assert await log.begin("ffff", {"do": "begin"}, id="first", by="other", at_ms=9) == first
    with pytest.raises(Stale) as stale:
        await log.begin("ffff", {"do": "begin"}, id="another", by="other", at_ms=9)
    assert stale.value.version == 1


async def test_of_sixteen_writers_at_once_one_wins(clients: Clients) -> None:
    log, [first] = await begun(clients)
    outcomes = await asyncio.gather(
        *(log.append(first.head, {"n": n}, id=f"w{n}", by="w", at_ms=0) for n in range(16)),
        return_exceptions=True,
    )
    won = [outcome for outcome in outcomes if isinstance(outcome, Appended)]
    assert len(won) == 1
    assert sum(isinstance(outcome, Stale) for outcome in outcomes) == 15
    assert await log.read(1) == [won[0].entry]


async def test_an_id_is_answered_with_its_first_entry_however_stale_the_head(clients: Clients) -> None:
    log, entries = await begun(clients, 4)
    again = await log.append(Head(), {"other": "cue"}, id="go-2", by="eve", at_ms=0)
    assert again == Appended(entries[2], existed=True)


async def test_time_never_goes_backwards(clients: Clients) -> None:
    log, [first] = await begun(clients)
    appended = await log.append(first.head, {}, id="late clock", by="ana", at_ms=5)
    assert appended.entry.at_ms == first.at_ms == 1000


async def test_an_entry_that_nobody_could_read_is_not_written(clients: Clients) -> None:
    log, [first] = await begun(clients)
    with pytest.raises(TypeError):
        await log.append(first.head, {7: "key"}, id="odd", by="ana", at_ms=0)  # type: ignore[dict-item]
    assert await log.read(1) == []


async def test_a_reply_cut_off_is_not_retried_behind_our_back_and_asking_again_tells(
    valkey_url: str,
) -> None:
    async with emptied(valkey_url) as clients:
        log, [first] = await begun(clients)
        async with await asyncio.start_server(_swallow_one_reply(valkey_url), "127.0.0.1", 0) as proxy:
            cut = await connect(f"redis://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
            with pytest.raises(exceptions.ConnectionError):
                await ShowLog(cut, "gala").append(first.head, {"do": "go"}, id="once", by="ana", at_ms=2000)
            await cut.close()
        again = await log.append(first.head, {"do": "go"}, id="once", by="ana", at_ms=2000)
        assert again.existed
        assert await log.read(1) == [again.entry]


def _swallow_one_reply(url: str) -> Any:
    """A proxy to the server that passes script calls on, and closes instead of bringing the first reply."""
    swallowed = False

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal swallowed
        up_reader, up_writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))
        try:
            while asked := await reader.read(65536):
                up_writer.write(asked)
                reply = await up_reader.read(65536)
                if b"EVALSHA" in asked and not reply.startswith(b"-NOSCRIPT") and not swallowed:
                    swallowed = True
                    break
                writer.write(reply)
        finally:
            up_writer.close()
            writer.close()

    return serve


@pytest.mark.parametrize("field", ["id", "by", "at_ms", "cue", "prev", "digest", "version"])
def test_any_change_to_an_entry_breaks_the_chain(field: str) -> None:
    entries: list[Entry] = []
    for n in range(3):
        prev = entries[-1].digest if entries else GENESIS
        bare = Entry(n + 1, f"id-{n}", 10 + n, "ana", {"do": "go", "n": n}, prev, "")
        entries.append(msgspec.structs.replace(bare, digest=chain(prev, bare)))
    assert verify(Head(), entries) == entries[-1].head
    changed = {
        "id": "x",
        "by": "eve",
        "at_ms": 99,
        "cue": {"do": "hold"},
        "prev": "ab" * 32,
        "digest": "ab" * 32,
    }
    tampered = msgspec.structs.replace(entries[1], **{field: changed.get(field, 7)})
    with pytest.raises(Forked):
        verify(Head(), [entries[0], tampered, entries[2]])


async def test_reading_finds_a_change_in_the_store(clients: Clients) -> None:
    log, _ = await begun(clients, 3)
    raw: Any = await clients.once.xrange(keys.log("gala"))
    await clients.once.delete(keys.log("gala"))
    for n, (stream_id, fields) in enumerate(raw):
        await clients.once.xadd(keys.log("gala"), fields | ({b"by": b"eve"} if n == 1 else {}), id=stream_id)
    with pytest.raises(Forked, match="entry 2"):
        await log.read(0)
    with pytest.raises(Forked, match="no entry 9"):
        await log.read(9)


def test_the_digest_is_what_the_docstring_says() -> None:
    """By hand: lengths as u32, then the fields; the cue is msgpack {"do": "go"}."""
    entry = Entry(1, "a", 5, "ana", {"do": "go"}, GENESIS, "")
    framed = (
        b"\0\0\0\x011" + b"\0\0\0\x01a" + b"\0\0\0\x015" + b"\0\0\0\x03ana" + b"\0\0\0\x07\x81\xa2do\xa2go"
    )
    assert chain(GENESIS, entry) == hashlib.sha256(b"gala/cue/1\0" + bytes(32) + framed).hexdigest()
