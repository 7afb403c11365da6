"""The notary on a real store and real books: killed anywhere, the evidence is the same."""

from pathlib import Path
from typing import Any

import pytest

from gala.edge import wallet
from gala.notary import Notary
from gala.store import keys
from gala.store.clients import Clients
from rewards.evidence.checks import verify_bundle
from tests.gala.hall import STEP_MS, Hall, Killed, Life
from tests.gala.story import SONG, TETRIS

VOTERS = 12


async def vote(hall: Hall) -> None:
    """Twelve viewers vote in both rounds, as soon as they can; some change their minds."""
    booth = hall.booth()
    await booth.follower.read()
    for round_id, choices in ((TETRIS, ("comets", "harbour")), (SONG, ("owl", "hare", "frog"))):
        round_ = hall.state.rounds.get(round_id)
        if round_ is not None and hall.now_ms == round_.opened_at_ms + 2_000:
            plays = [
                booth.submit(round_id, number, 1, choices[number % len(choices)]) for number in range(VOTERS)
            ]
            replies = await booth.flush(*plays)
            assert {reply.status for reply in replies} == {"counted"}
            assert (await booth.play(round_id, 3, 2, choices[0])).status == "counted"


class Undying:
    """A notary that lives through every step."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def open(self) -> None:
        self.register = await self._hall.register()
        self.notary = self._hall.notary(self.register)

    async def step(self, now_ms: int) -> bool:
        await self.notary.step(now_ms)
        return self.notary.published.is_set()

    async def close(self) -> None:
        await self.register.close()


class Dying:
    """Notaries that die one after another: each a call further on in the step, until one lives through it.

    A new one begins with nothing but the store and the folder. Where there is nothing new to write, nothing
    new can go wrong, so only steps that have something to do are died in.
    """

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._calls = 0  # that a notary makes to come as far as the last one came
        self._seen: Any = None
        self.deaths = 0

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def step(self, now_ms: int) -> bool:
        """Whether the bundle is published."""
        state = self._hall.state
        seen = (state.version, *(now_ms >= drawing.beacon_at_ms for drawing in state.draws.values()))
        last = state.phase == "ended"
        if seen == self._seen and not last:
            return False
        budget = self._calls
        while True:
            register = await self._hall.register()
            life = Life(budget)
            notary = self._hall.notary(register, life)
            try:
                await notary.step(now_ms)
            except Killed:
                self.deaths += 1
                budget += 1
            else:
                self._calls = max(0, life.made - 2)
                return notary.published.is_set()
            finally:
                await register.close()
                await self._hall.desk.read()
                self._seen = (
                    self._hall.state.version,
                    *(now_ms >= drawing.beacon_at_ms for drawing in self._hall.state.draws.values()),
                )


async def play(hall: Hall, notaries: Undying | Dying) -> None:
    """The whole short evening under these notaries."""
    await hall.begin()
    await hall.numbers(64)
    conductor = hall.conductor()
    await notaries.open()
    try:
        for now_ms in hall.evening():
            await hall.direct()
            await conductor.step(now_ms)
            await hall.desk.read()
            await vote(hall)
            if await notaries.step(now_ms):
                return
    finally:
        await notaries.close()
    pytest.fail("nothing was published")


def told(hall: Hall) -> list[tuple[int, str, dict[str, Any]]]:
    return [(entry.at_ms, entry.by, entry.cue) for entry in hall.desk.history.entries]


def files(bundle: Path) -> dict[str, bytes]:
    return {str(p.relative_to(bundle)): p.read_bytes() for p in bundle.rglob("*") if p.is_file()}


async def wallets(hall: Hall) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = await hall.clients.once.hgetall(keys.wallet("short"))  # type: ignore[assignment]
    return found


async def test_a_notary_that_dies_at_any_call_leaves_the_same_log_books_and_bundle(
    clients: Clients, tmp_path: Path
) -> None:
    calm = Hall(clients, tmp_path / "calm")
    await play(calm, Undying(calm))
    await calm.desk.read()
    expected = (told(calm), files(calm.folder / "bundle"), await wallets(calm))
    checks = verify_bundle(calm.folder / "bundle")
    assert all(check.ok for check in checks), [str(check) for check in checks if not check.ok]
    await clients.once.flushall()
    hall = Hall(clients, tmp_path / "dying")
    notaries = Dying(hall)
    await play(hall, notaries)
    await hall.desk.read()
    assert notaries.deaths > 40
    assert told(hall) == expected[0]
    assert files(hall.folder / "bundle") == expected[1]
    assert await wallets(hall) == expected[2]
    register = await hall.register()
    assert all(equation.holds for equation in await register.equations())
    vouchers = await register.issue(1, at_ms=hall.now_ms)
    await register.close()
    winners = [voucher.number for voucher in vouchers]
    assert len(winners) == len(set(winners)) == hall.state.draws[1].winners == 10


async def test_every_winner_finds_one_voucher_in_the_wallet_and_every_entrant_a_standing(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path)
    await play(hall, Undying(hall))
    found = await wallets(hall)
    winners = 0
    for number in range(VOTERS):
        fields = (wallet.field(number, 1), wallet.vouchers_field(number, 1))
        (standing,), held = wallet.read([found.pop(name.encode(), None) for name in fields])
        assert standing.entrants == VOTERS
        assert len(held) == standing.won
        winners += standing.won
    assert winners == 10
    assert found == {}, "all had voted, and nobody else"


async def test_what_others_do_while_the_notary_writes_is_written_down_as_well(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    register = await hall.register()
    conductor = hall.conductor()
    await hall.numbers(64)
    await hall.go("tetris.start")
    for seconds in (0, 3, 20):
        hall.now_ms += seconds * 1_000
        await conductor.step(hall.now_ms)
        await hall.desk.read()
        await vote(hall)
    notary: Notary = hall.notary(register)
    seal = register.round_sealed

    async def settle_meanwhile(*args: Any, **more: Any) -> Any:
        found = await seal(*args, **more)
        await hall.go("tetris.settle", outcome="harbour")
        return found

    register.round_sealed = settle_meanwhile  # type: ignore[method-assign]
    await notary.step(hall.now_ms)
    await notary.step(hall.now_ms)
    await hall.desk.read()
    assert hall.state.rounds[TETRIS].sealed
    assert hall.state.rounds[TETRIS].outcome == "harbour"
    await hall.go("draw.start")
    await hall.go("draw.freeze")
    await notary.step(hall.now_ms)
    await hall.desk.read()
    counters = hall.state.rounds[TETRIS].counters
    assert hall.state.draws[1].tickets == counters["choice/2"] > 0, "the settle is in the books"
    await register.close()


async def test_two_notaries_taking_turns_over_the_same_books_write_everything_once(
    clients: Clients, tmp_path: Path
) -> None:
    hall = Hall(clients, tmp_path)

    class Two(Undying):
        async def open(self) -> None:
            await super().open()
            self.other_register = await hall.register()
            self.other = hall.notary(self.other_register)

        async def step(self, now_ms: int) -> bool:
            turns = [self.notary, self.other]
            for notary in turns if now_ms // STEP_MS % 2 else reversed(turns):
                await notary.step(now_ms)
            return self.notary.published.is_set()

        async def close(self) -> None:
            await super().close()
            await self.other_register.close()

    await play(hall, Two(hall))
    await hall.desk.read()
    once = [e.cue["cue"] for e in hall.desk.history.entries if e.by == "notary"]
    assert once == ["sealed", "sealed", "rostered", "frozen", "drawn"]
    assert all(check.ok for check in verify_bundle(tmp_path / "bundle"))


@pytest.mark.parametrize("how", ["kill", "hold"])
async def test_a_round_that_was_locked_without_its_cue_is_sealed_like_any_other(
    clients: Clients, tmp_path: Path, how: str
) -> None:
    hall = Hall(clients, tmp_path)
    await hall.begin()
    await hall.numbers(64)
    register, conductor = await hall.register(), hall.conductor()
    notary = hall.notary(register)
    await hall.go("tetris.start")
    await conductor.step(hall.now_ms)
    await hall.desk.read()
    hall.now_ms = hall.state.rounds[TETRIS].opened_at_ms + 2_000
    await conductor.step(hall.now_ms)
    await vote(hall)
    if how == "hold":  # at the very instant of the lock, before the conductor has noticed it
        hall.now_ms = hall.state.rounds[TETRIS].lock_due_at_ms
    await hall.call({"cue": how, "reason": "smoke"}, how)
    hall.now_ms += 1_000
    await conductor.step(hall.now_ms)
    await notary.step(hall.now_ms)
    await hall.desk.read()
    assert hall.state.rounds[TETRIS].sealed
    assert hall.state.rounds[TETRIS].recount_equal
    await register.close()
