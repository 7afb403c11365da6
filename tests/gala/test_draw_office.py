"""The draws of a real show: parties and a witness elsewhere, quicknet as the beacon, a notary that may die.

The evening is laid so that quicknet's round 1000 is a reserve round, whose signature is published.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from redis.asyncio import Redis

from gala.draws.office import GRACE_MS, REVEAL_MS
from gala.evidence import Books
from gala.follower import CueRefused
from gala.notary import Notary
from gala.publishing import Publishing
from gala.rundown import Rundown
from gala.rundown.file import load
from gala.secret import register_keys
from gala.show.reasons import Reason
from gala.store import keys
from gala.store.clients import Clients
from gala.store.log import ShowLog
from gala.wallets import Wallets, titles_of
from rewards import verify
from rewards.arithmetic.beacon import QUICKNET
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.log.note import Cosigner, Verifier
from rewards.rules import leaves, witness
from rewards.rules.witness import Seen
from tests.gala.hall import SECRET, Hall, Killed, Life, Mortal
from tests.rewards.test_draw import QUICKNET_ROUNDS

DECIDES = 1000
DECIDED_AT = QUICKNET.time_ms(DECIDES)  # 2023-08-23T15:59:24Z
AUDITOR = Cosigner("auditor.example/w1", b"w" * 32)
OURS = b"a" * 32  # the auditor's secret

RUNDOWN = """
[show]
id = "real"
languages = ["en"]
name = {{ en = "A real show" }}
zone = "UTC"
date = 2023-08-23
starts = {starts}
ends = 17:30:00
currency = "CNY"
numbers_max = 1000
witnesses = ["{witness}"]

[[channels]]
id = "hall"
name = {{ en = "Hall" }}
delay = "0s"

[[segments]]
id = "song"
plan = {starts}
title = {{ en = "The song" }}
card = {{ en = "Vote." }}
question = {{ en = "Owl or hare?" }}
[segments.poll]
kind = "opinion"
tickets = 1
[[segments.poll.choices]]
id = "owl"
label = {{ en = "Owl" }}
[[segments.poll.choices]]
id = "hare"
label = {{ en = "Hare" }}
[segments.cues]
start = "go"
open = "go"
lock = "go"
reveal = "go"

[[segments]]
id = "draw"
plan = {draws}
title = {{ en = "The draw" }}
card = {{ en = "Prizes." }}
[segments.draw]
number = 1
from = ["song"]
valid_from = 2023-08-24T00:00:00
valid_until = 2023-08-25T00:00:00
[[segments.draw.prizes]]
count = 3
face_minor = 500
title = {{ en = "Voucher" }}
[segments.cues]
start = "go"
freeze = "go"
announce = "go"
end = "go"
"""


def real(folder: Path, starts: str, draws: str) -> Rundown:
    path = folder / "real.toml"
    path.write_text(RUNDOWN.format(starts=starts, draws=draws, witness=AUDITOR.verifier))
    return load(path)


@dataclass
class Evening:
    """One real show, in steps of five seconds, and who does what in it."""

    hall: Hall
    folder: Path
    deadly: bool = False
    reveals: bool = True
    witness_from_ms: int = 0
    beacon_from_ms: int = 0
    deaths: int = 0
    _calls: int = 0  # that a notary makes to come as far as the last one came
    _seen: Seen | None = None
    _told: set[str] = field(default_factory=set)

    @property
    def state(self) -> Any:
        return self.hall.state

    async def register(self) -> Register:
        return await Register.open(
            self.folder / "books", show="real", rehearsal=False, keys=register_keys(SECRET)
        )

    def signature(self, beacon_round: int) -> bytes | None:
        known = QUICKNET_ROUNDS.get(beacon_round)
        late = self.hall.now_ms < max(self.beacon_from_ms, QUICKNET.time_ms(beacon_round))
        return None if known is None or late else bytes.fromhex(known)

    def notary(self, register: Register, life: Life | None) -> Notary:
        hall = self.hall
        clients = hall.clients
        if life is not None:
            clients = Clients(cast("Redis", Mortal(hall.clients.once, life)), "")
            register = cast("Register", Mortal(register, life))
        return Notary(
            hall.rundown,
            hall.rounds,
            ShowLog(clients, "real"),
            clients.once,
            register,
            Wallets(clients.once, "real", register, titles_of(hall.rundown)),
            chain=QUICKNET,
            signature=self.signature,
            secret=SECRET,
            publishing=Publishing(register, self.folder, lambda: hall.now_ms),
        )

    async def step(self) -> None:
        """Five seconds: the notary (dying at every call it makes, if it is to), the witness, the auditor."""
        budget = self._calls
        while True:
            register = await self.register()
            life = Life(budget)
            try:
                await self.notary(register, life if self.deadly else None).step(self.hall.now_ms)
            except Killed:
                self.deaths += 1
                budget += 1
            else:
                self._calls = max(0, life.made - 1)
                break
            finally:
                await register.close()
        await self.hall.desk.read()
        if self.hall.now_ms >= self.witness_from_ms:
            await self.watch()
        drawing = self.state.draws.get(1)
        if self.reveals and drawing is not None and drawing.root and "1/auditor" not in self.state.reveals:
            cue = {"cue": "reveal", "draw": 1, "party": "auditor", "r": OURS.hex()}
            await self.hall.desk.call(cue, id="reveal", by="auditor Wu", now_ms=self.hall.now_ms)
        self.hall.now_ms += 5_000

    async def watch(self) -> None:
        """What `gala witness` does, without its HTTP."""
        told = await self.hall.clients.once.get(keys.evidence("real"))
        if told is None:
            return
        books = msgspec.msgpack.decode(cast("bytes", told), type=Books)
        hashes = [bytes.fromhex(leaf.hash) for leaf in books.leaves]
        self._seen = witness.look(self._seen, books.checkpoint, Verifier.parse(books.key), hashes)
        note = books.checkpoint + witness.cosign(books.checkpoint, AUDITOR, self.hall.now_ms // 1000)
        await self.hall.clients.once.hset(keys.cosigned("real"), AUDITOR.name, note.encode())

    async def commit(self) -> None:
        sealed = leaves.commitment(leaves.draw_id("real", 1), "auditor", OURS).hex()
        cue = {"cue": "commit", "draw": 1, "party": "auditor", "commitment": sealed}
        await self.hall.desk.call(cue, id="commit", by="auditor Wu", now_ms=self.hall.now_ms)

    async def until(self, at_ms: int) -> None:
        while self.hall.now_ms < at_ms and not (self.state.draws.get(1) and self.state.draws[1].decided):
            await self.step()
            drawing = self.state.draws.get(1)
            if drawing is not None and drawing.state == "frozen" and self.hall.now_ms < drawing.beacon_at_ms:
                # nothing is to be done until the beacon speaks
                self.hall.now_ms = max(self.hall.now_ms, min(at_ms, drawing.beacon_at_ms) - 10_000)


async def begun(clients: Clients, folder: Path, **roles: Any) -> Evening:
    """An evening up to its freeze, 40 viewers having voted. It starts ten minutes before round 1000."""
    rundown = real(folder, "15:54:24", "15:55:24")
    hall = Hall(clients, folder, rundown)
    cue = {"cue": "begin", "epoch": "e", "rundown": rundown.digest, "rehearsal": False}
    await hall.call(cue, "begin")
    await hall.numbers(64)
    evening = Evening(hall, folder, **roles)
    await evening.step()
    assert "1/operator" in evening.state.commits, "ours is made by the notary itself"
    conductor, booth = hall.conductor(), hall.booth()
    await hall.go("song.start")
    await hall.go("song.open")
    hall.now_ms += 2_000
    await conductor.step(hall.now_ms)
    await booth.follower.read()
    plays = [booth.submit("real/song/1", number, 1, ("owl", "hare")[number % 2]) for number in range(40)]
    assert {reply.status for reply in await booth.flush(*plays)} == {"counted"}
    await hall.go("song.lock")
    hall.now_ms += 2_000
    await conductor.step(hall.now_ms)
    await hall.desk.read()
    await evening.step()
    await hall.go("song.reveal")
    await hall.go("draw.start")
    return evening


async def good(evening: Evening) -> Register:
    """The evidence as it stands passes both verifiers; the open books."""
    register = await evening.register()
    await register.publish(evening.folder / "bundle", at_ms=evening.hall.now_ms)
    assert [str(check) for check in verify_bundle(evening.folder / "bundle") if not check.ok] == []
    told, lines = verify.verify(evening.folder / "bundle")
    assert told, lines[-1]
    return register


@pytest.mark.parametrize("deadly", [False, True])
async def test_a_draw_of_a_show_is_closed_under_a_witness_and_decided_by_quicknet(
    clients: Clients, tmp_path: Path, deadly: bool
) -> None:
    evening = await begun(clients, tmp_path, deadly=deadly)
    with pytest.raises(CueRefused, match=Reason.NOT_COMMITTED):
        await evening.hall.go("draw.freeze")
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.until(DECIDED_AT + 20_000)
    drawing = evening.state.draws[1]
    assert (drawing.state, drawing.beacon_round, drawing.winners) == ("drawn", DECIDES, 3)
    assert evening.state.reveals.keys() == {"1/operator", "1/auditor"}
    register = await good(evening)
    closed = (await register.draw(1)).stages["reveals-closed"]
    assert [party["revealed"] for party in closed["parties"]] == [True, True]
    assert len(await register.issue(1, at_ms=evening.hall.now_ms)) == 3
    assert all(equation.holds for equation in await register.equations())
    await register.close()
    assert (evening.deaths > 20) == deadly


@pytest.mark.parametrize("deadly", [False, True])
async def test_who_keeps_a_secret_back_has_the_commitment_taken_instead(
    clients: Clients, tmp_path: Path, deadly: bool
) -> None:
    evening = await begun(clients, tmp_path, deadly=deadly, reveals=False)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    frozen_at_ms = evening.hall.now_ms
    await evening.until(DECIDED_AT + 20_000)
    assert evening.state.draws[1].state == "drawn"
    register = await good(evening)
    closed = (await register.draw(1)).stages["reveals-closed"]
    assert [party["revealed"] for party in closed["parties"]] == [True, False]
    assert closed["at_ms"] >= frozen_at_ms + REVEAL_MS
    await register.close()


async def test_a_late_beacon_is_waited_for_and_can_be_brought_by_hand(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, beacon_from_ms=DECIDED_AT + 10 * 60_000)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.until(DECIDED_AT + 60_000)
    assert evening.state.draws[1].state == "frozen", "there is no other source"
    wrong = {"cue": "beacon", "draw": 1, "signature": QUICKNET_ROUNDS[1001]}
    await evening.hall.call(wrong, "beacon-1")
    await evening.step()
    assert evening.state.draws[1].state == "frozen", "the signature of another round is not its own"
    await evening.hall.call(wrong | {"signature": QUICKNET_ROUNDS[DECIDES]}, "beacon-2")
    await evening.step()
    assert evening.state.draws[1].state == "drawn"
    await (await good(evening)).close()


async def test_a_beacon_ten_minutes_late_decides_as_it_would_have_at_once(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, beacon_from_ms=DECIDED_AT + 10 * 60_000)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.until(DECIDED_AT)
    evening.hall.now_ms = DECIDED_AT + 10 * 60_000 - 5_000
    await evening.step()
    assert evening.state.draws[1].state == "frozen"
    await evening.step()
    assert evening.state.draws[1].state == "drawn"
    register = await good(evening)
    assert (await register.draw(1)).stages["result"]["beacon_round"] == DECIDES
    await register.close()


async def test_a_close_that_no_witness_would_see_waits_for_a_later_reserve_round(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, witness_from_ms=DECIDED_AT - 20_000)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.until(DECIDED_AT - 25_000)
    assert evening.state.draws[1].state == "armed"
    assert evening.state.draws[1].root
    await evening.until(DECIDED_AT + 10_000)
    # within 30 s of round 1000 it is too late for that one
    assert evening.state.draws[1].beacon_round == DECIDES + 100
    register = await good(evening)
    assert await register.watched.unwitnessed() == []
    await register.close()


async def test_a_draw_whose_close_nobody_cosigned_is_void_and_the_show_goes_on(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    while evening.state.draws[1].state != "frozen":
        evening.witness_from_ms = 0
        await evening.step()
    assert evening.state.draws[1].beacon_round == DECIDES
    # it saw the roster, and then its network went
    evening.witness_from_ms = 1 << 60
    await clients.once.delete(keys.cosigned("real"))
    await forget_cosignatures(evening)
    await evening.until(DECIDED_AT + GRACE_MS - 6_000)
    assert evening.state.draws[1].state == "frozen"
    await evening.until(DECIDED_AT + GRACE_MS + 10_000)
    assert evening.state.draws[1].state == "void"
    with pytest.raises(CueRefused):
        await evening.hall.go("draw.announce")
    await evening.hall.go("draw.end")
    await (await good(evening)).close()


async def forget_cosignatures(evening: Evening) -> None:
    """As if the one over the close had never arrived."""
    for path in (evening.folder / "books/witness").glob("*"):
        path.unlink()


async def test_a_director_may_call_a_draw_off_until_its_reveals_are_closed(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, witness_from_ms=1 << 60)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.step()
    cue = {"cue": "void_draw", "draw": 1, "cause": "director", "reason": "the prizes were misprinted"}
    await evening.hall.call(cue, "void")
    evening.witness_from_ms = 0
    for _ in range(3):
        await evening.step()
    assert evening.state.draws[1].state == "void"
    with pytest.raises(CueRefused, match=Reason.ALREADY_DONE):
        await evening.hall.call(cue, "void-again")
    await (await good(evening)).close()


async def test_a_draw_that_is_not_closed_by_its_last_reserve_round_is_void(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, witness_from_ms=1 << 60)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.step()
    register = await evening.register()
    last = (await register.draw(1)).spec["reserve_rounds"][-1]
    await register.close()
    evening.hall.now_ms = QUICKNET.time_ms(last) - 29_000
    await evening.step()
    assert evening.state.draws[1].state == "void"
    await (await good(evening)).close()


async def test_a_reveal_said_as_the_reveals_are_closed_comes_too_late_and_holds_nothing_up(
    clients: Clients, tmp_path: Path
) -> None:
    evening = await begun(clients, tmp_path, reveals=False)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.step()
    await evening.step()
    register = await evening.register()  # the notary died between its books and its cue
    assert await register.close_reveals(1, at_ms=evening.hall.now_ms) == DECIDES
    await register.close()
    cue = {"cue": "reveal", "draw": 1, "party": "auditor", "r": OURS.hex()}
    await evening.hall.desk.call(cue, id="reveal", by="auditor Wu", now_ms=evening.hall.now_ms)
    await evening.until(DECIDED_AT + 20_000)
    assert evening.state.draws[1].state == "drawn"
    register = await good(evening)
    closed = (await register.draw(1)).stages["reveals-closed"]
    assert [party["revealed"] for party in closed["parties"]] == [True, False]
    await register.close()


@pytest.mark.parametrize("lapsed_first", [False, True])
async def test_a_draw_called_off_as_it_lapses_is_void_once_and_holds_nothing_up(
    clients: Clients, tmp_path: Path, lapsed_first: bool
) -> None:
    evening = await begun(clients, tmp_path, witness_from_ms=1 << 60)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.step()
    register = await evening.register()
    evening.hall.now_ms = QUICKNET.time_ms((await register.draw(1)).spec["reserve_rounds"][-1]) + 1_000
    if lapsed_first:  # the notary died between its books and its cue
        await register.void(1, "lapsed", "too late", at_ms=evening.hall.now_ms - 500)
    await register.close()
    cue = {"cue": "void_draw", "draw": 1, "cause": "director", "reason": "it is past midnight"}
    await evening.hall.call(cue, "void")
    await evening.step()
    assert evening.state.draws[1].state == "void"
    register = await good(evening)
    assert (await register.draw(1)).stages["void"]["cause"] == "lapsed"
    await register.close()


@pytest.mark.parametrize(
    ("cue", "why"),
    [
        ({"cue": "commit", "draw": 1, "party": "thief", "commitment": "0" * 64}, Reason.UNKNOWN_PARTY),
        ({"cue": "commit", "draw": 1, "party": "operator", "commitment": "0" * 64}, Reason.ALREADY_DONE),
        ({"cue": "commit", "draw": 2, "party": "auditor", "commitment": "0" * 64}, Reason.UNKNOWN_DRAW),
        ({"cue": "commit", "draw": 1, "party": "auditor", "commitment": "zero"}, Reason.BAD_CUE),
        ({"cue": "reveal", "draw": 1, "party": "auditor", "r": OURS.hex()}, Reason.NOT_FROZEN),
        ({"cue": "beacon", "draw": 1, "signature": "00" * 48}, Reason.NOT_FROZEN),
        ({"cue": "void_draw", "draw": 1, "cause": "director"}, Reason.REASON_NEEDED),
        ({"cue": "void_draw", "draw": 1, "cause": "mood", "reason": "x"}, Reason.BAD_CUE),
    ],
)
async def test_what_a_party_may_not_say_is_refused_in_words(
    clients: Clients, tmp_path: Path, cue: dict[str, Any], why: Reason
) -> None:
    evening = await begun(clients, tmp_path)
    with pytest.raises(CueRefused, match=why):
        await evening.hall.call(cue, "said")


async def test_a_reveal_that_does_not_fit_its_commitment_is_refused(clients: Clients, tmp_path: Path) -> None:
    evening = await begun(clients, tmp_path, reveals=False)
    await evening.commit()
    await evening.hall.go("draw.freeze")
    await evening.step()
    cue = {"cue": "reveal", "draw": 1, "party": "auditor", "r": "b" * 64}
    with pytest.raises(CueRefused, match=Reason.BAD_REVEAL):
        await evening.hall.call(cue, "lie")
