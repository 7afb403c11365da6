"""Wallets in the store, brought up to date from the ledger: whatever a row changed, its owner sees.

What stands in a wallet is what the books say now, so it may be written any number of times. The rows are gone
through from the first on: a store that was emptied is filled again, and nobody keeps a list of what to do.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from redis.asyncio import Redis

from gala.edge import wallet
from gala.edge.wallet import Held
from gala.rundown import Rundown, Text
from gala.store import keys
from rewards.keeping.register import Register
from rewards.money.vouchers import Voucher

ROWS_AT_ONCE = 1_000
HIDDEN = ("none", "reserved")
STATES = {"live": "issued"}  # what the ledger calls otherwise than a wallet


def titles_of(rundown: Rundown) -> dict[tuple[int, int], Text]:
    """What the prizes of each draw and tier are called, in the show's languages."""
    return {
        (draw.number, prize.tier): prize.title
        for segment in rundown.segments
        for draw in segment.draws
        for prize in draw.prizes
    }


class Wallets:
    """The wallets of one show. They are brought up to date by one task at a time."""

    def __init__(
        self, redis: Redis, show: str, register: Register, titles: Mapping[tuple[int, int], Text]
    ) -> None:
        self._redis = redis
        self._key = keys.wallet(show)
        self._register = register
        self._titles = titles
        self._turn = asyncio.Lock()
        self._row = 0  # up to which the wallets show what the ledger says; by `_some`

    async def follow(self) -> None:
        """Returns when they show what the ledger said when this was called, or later."""
        async with self._turn:
            while await self._some():
                pass

    async def _some(self) -> bool:
        """Whether there were rows to go through."""
        row, found = await self._register.cashier.changed(self._row, ROWS_AT_ONCE)
        if row == self._row:
            return False
        by_owner: dict[tuple[int, int], list[Voucher]] = {}
        for voucher in found:
            if voucher.state not in HIDDEN:
                by_owner.setdefault((voucher.number, voucher.draw), []).append(voucher)
        if by_owner:
            names = [wallet.vouchers_field(*owner) for owner in by_owner]
            before: Any = await self._redis.hmget(self._key, names)
            written: dict[Any, Any] = {}
            for name, content, changed in zip(names, before, by_owner.values(), strict=True):
                held = {one.id: one for one in wallet.read([None, content])[1]}
                held |= {voucher.id.hex(): self._held(voucher) for voucher in changed}
                order = sorted(held.values(), key=lambda one: (one.tier, one.prize, one.alternate))
                written[name] = msgspec.msgpack.encode(order)
            await self._redis.hset(self._key, mapping=written)
        self._row = row  # only now: what failed is done again
        return True

    def _held(self, voucher: Voucher) -> Held:
        return Held(
            id=voucher.id.hex(),
            draw=voucher.draw,
            tier=voucher.tier,
            prize=voucher.prize,
            alternate=voucher.alternate,
            title=self._titles.get((voucher.draw, voucher.tier), {"en": voucher.name}),
            face_minor=voucher.amount,
            currency=voucher.currency,
            valid_from_at_ms=voucher.window.valid_from_ms,
            valid_until_at_ms=voucher.window.valid_until_ms,
            zone=voucher.window.zone,
            state=STATES.get(voucher.state, voucher.state),
            claim_until_at_ms=voucher.claim_until_ms,
            sealed=voucher.sealed_code,
        )
