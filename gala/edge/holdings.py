"""What viewers have: their slots in the rounds and what is in their wallets, read for many of them at once.

A command costs its client as much as a thousand bytes more in the answer to another, so whoever has to tell
many asks for all of them together: one round trip for the slots, one for the wallets.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

from redis.asyncio import Redis

from gala import embargo
from gala.edge import wallet
from gala.edge.audience import Viewer
from gala.edge.waiting import mine_of
from gala.protocol import Mine, RoundMine, VoucherView
from gala.rounds import Rounds
from gala.show.state import Round, State
from gala.store import keys
from games.game import AnyOpened
from voting.box import Box, read_slots
from voting.layout import channel_of

Slots = Mapping[Box, Mapping[int, bytes]]
"""By box and number."""
Fields = Mapping[str, bytes | None]
"""Of the wallets' hash (`gala.edge.wallet`)."""


class Sight(NamedTuple):
    """Of what a cohort sees, that in which a viewer may have something: rounds that were not void when it was
    looked at, with their boxes, and announced draws."""

    rounds: Sequence[tuple[Round, AnyOpened, Box]]
    draws: Sequence[int]


class Holdings:
    """Those of one edge's viewers, as far as their cohorts may know. Errors of the store rise: then nobody's
    were read. head: the newest state that this edge has read. code_key: the key of voucher codes."""

    def __init__(
        self, redis: Redis, show: str, rounds: Rounds, head: Callable[[], State], code_key: bytes
    ) -> None:
        self._redis = redis
        self._show = show
        self._rounds = rounds
        self._head = head
        self._code_key = code_key
        self._boxes: dict[str, Box] = {}  # a cache by round: to make one costs more than to ask it

    async def of(self, viewers: Sequence[Viewer]) -> list[Mine]:
        """What is true of each of these viewers."""
        sights = {viewer.cohort: self._sight(viewer.cohort.visible) for viewer in viewers}
        asked = [(viewer.number, bool(viewer.account), sights[viewer.cohort]) for viewer in viewers]
        numbered = [(number, sight) for number, _, sight in asked if number >= 0]
        slots = await self._slots(numbered)
        fields = await self._fields(numbered)
        return [
            Mine(account=account) if number < 0 else self._mine(number, account, sight, slots, fields)
            for number, account, sight in asked
        ]

    async def voucher(self, viewer: Viewer, voucher: str) -> VoucherView | None:
        """A voucher of this viewer's, as far as their cohort may know of it."""
        if viewer.number < 0:
            return None
        number, sight = viewer.number, self._sight(viewer.cohort.visible)
        _, held = wallet.read(_of(number, sight, await self._fields([(number, sight)])))
        return next((self._shown(one) for one in held if one.id == voucher), None)

    def _sight(self, visible: State) -> Sight:
        newest = self._head().rounds
        rounds = [round_ for round_ in visible.rounds.values() if not newest[round_.id].void]
        return Sight(
            [(round_, self._rounds.opened(round_), self._box(round_)) for round_ in rounds],
            [drawing.number for drawing in embargo.announced(visible)],
        )

    def _box(self, round_: Round) -> Box:
        box = self._boxes.get(round_.id)
        if box is None:
            box = Box(self._redis, round_.id, self._rounds.opened(round_).layout.width)
            self._boxes[round_.id] = box
        return box

    async def _slots(self, asked: Sequence[tuple[int, Sight]]) -> Slots:
        numbers: dict[Box, set[int]] = {}
        for number, sight in asked:
            for _, _, box in sight.rounds:
                numbers.setdefault(box, set()).add(number)
        return await read_slots(self._redis, numbers)

    async def _fields(self, asked: Sequence[tuple[int, Sight]]) -> Fields:
        names = list({name: None for number, sight in asked for name in wallet.fields(number, sight.draws)})
        if not names:
            return {}
        found = cast("list[bytes | None]", await self._redis.hmget(keys.wallet(self._show), names))
        return dict(zip(names, found, strict=True))

    def _mine(self, number: int, account: bool, sight: Sight, slots: Slots, fields: Fields) -> Mine:
        newest = self._head().rounds
        rounds: dict[str, RoundMine] = {}
        for round_, opened, box in sight.rounds:
            slot = slots[box][number]
            if channel_of(slot) is None or newest[round_.id].void:
                continue
            found = mine_of(opened.mine(slot))
            assert found is not None, "a slot with a channel has a play"
            if embargo.result(round_, newest[round_.id]):
                found.entries = opened.tickets(slot, self._rounds.settled(round_))
            rounds[round_.id] = found
        draws, held = wallet.read(_of(number, sight, fields))
        vouchers = [self._shown(one) for one in held]
        return Mine(number=number, account=account, rounds=rounds, draws=draws, vouchers=vouchers)

    def _shown(self, held: wallet.Held) -> VoucherView:
        return wallet.shown(held, self._code_key, rehearsal=self._head().rehearsal)


def _of(number: int, sight: Sight, fields: Fields) -> list[bytes | None]:
    """What stands in the fields of one of them, for `wallet.read`."""
    return [fields[name] for name in wallet.fields(number, sight.draws)]
