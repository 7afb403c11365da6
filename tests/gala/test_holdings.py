"""What many viewers are told they have is what each would be told alone: the same evening, read twice."""

import random
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from gala import embargo
from gala.edge import wallet
from gala.edge.audience import Audience, Cohort, Tuning, Viewer
from gala.edge.holdings import Holdings
from gala.edge.waiting import mine_of
from gala.protocol import Mine
from gala.show.state import State
from gala.store import keys
from gala.store.clients import Clients
from tests.gala.hall import Hall
from tests.gala.story import SHORT, SONG, TETRIS
from tests.gala.test_notary import VOTERS, Undying, play
from voting.box import Box

CODE_KEY = bytes(32)


async def alone(hall: Hall, viewer: Viewer, head: State) -> Mine:
    """What one viewer has: a command for every round, and one for the wallet."""
    visible, number, redis = viewer.cohort.visible, viewer.number, hall.clients.once
    mine = Mine(number=number, account=bool(viewer.account))
    if number < 0:
        return mine
    for round_ in visible.rounds.values():
        newest, opened = head.rounds[round_.id], hall.rounds.opened(round_)
        slot = await Box(redis, round_.id, opened.layout.width).slot(number)
        found = mine_of(opened.mine(slot))
        if found is not None and not newest.void:
            mine.rounds[round_.id] = found
            if embargo.result(round_, newest):
                found.entries = opened.tickets(slot, hall.rounds.settled(round_))
    for drawing in embargo.announced(visible):
        names = wallet.fields(number, [drawing.number])
        found_there: Sequence[bytes | None] = await redis.hmget(keys.wallet(SHORT.id), names)  # type: ignore[assignment]
        standings, held = wallet.read(found_there)
        mine.draws += standings
        mine.vouchers += [wallet.shown(one, CODE_KEY, rehearsal=head.rehearsal) for one in held]
    return mine


class Announced(Undying):
    """A notary that is done when the winners are known."""

    async def step(self, now_ms: int) -> bool:
        await self.notary.step(now_ms)
        return bool(embargo.announced(self._hall.state))


async def test_what_many_have_is_what_each_of_them_has_alone(clients: Clients, tmp_path: Path) -> None:
    hall = Hall(clients, tmp_path)
    await play(hall, Announced(hall))
    await hall.desk.read()
    states, chance = hall.desk.history.states, random.Random(2019)
    assert embargo.announced(states[-1])
    void = replace(states[-1].rounds[TETRIS], void=True)
    voided = replace(states[-1], rounds={**states[-1].rounds, TETRIS: void})
    seat = Audience(SHORT, lambda _channel: 0).seat(Tuning())

    def viewer(place: int, number: int, visible: State) -> Viewer:
        cohort = Cohort(seat.cohort.channel, 0, place * 500, 0)
        cohort.visible = visible
        return Viewer(f"{place}", "v", number, seat._replace(cohort=cohort), "a" * (place % 2))

    for head in (states[-1], voided):
        holdings = Holdings(clients.once, SHORT.id, hall.rounds, lambda head=head: head, CODE_KEY)  # type: ignore[misc]
        everyone = [viewer(place, place, states[-1]) for place in range(VOTERS)]
        numbers = [-1, *range(VOTERS), 63, 100_000]
        others = [viewer(place, chance.choice(numbers), chance.choice(states)) for place in range(60)]
        found = await holdings.of([*everyone, *others])
        assert found == [await alone(hall, one, head) for one in (*everyone, *others)]
        assert any(mine.rounds[SONG].entries for mine in found if SONG in mine.rounds)
        held = [
            (one, voucher) for one, mine in zip(everyone, found, strict=False) for voucher in mine.vouchers
        ]
        assert held
        one, voucher = held[0]
        assert await holdings.voucher(one, voucher.id) == voucher
        assert await holdings.voucher(one, "00" * 16) is None
        assert await holdings.of([]) == []
