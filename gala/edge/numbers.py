"""The numbers of one edge: taken from the store in blocks, given out one by one; an account's only once."""

import asyncio
from pathlib import Path
from typing import cast

from redis.asyncio import Redis

from gala.clock import Now
from gala.store import keys

BLOCK = 64
MINUTE_MS = 60_000
_LUA = Path(keys.__file__).parent / "lua"
_BLOCK = (_LUA / "block.lua").read_text("utf-8")
_BIND = (_LUA / "bind.lua").read_text("utf-8")


class Numbers:
    """What an edge has of them. `most`: the show's numbers are fewer than this. Errors of the store rise."""

    def __init__(self, redis: Redis, show: str, most: int, now: Now) -> None:
        self._redis = redis
        self._show = show
        self._most = most
        self._now = now
        self._block = redis.register_script(_BLOCK)
        self._bind = redis.register_script(_BIND)
        self._free: range = range(0)  # by `next`, one at a time
        self._taking = asyncio.Lock()

    async def next(self) -> int:
        """The next free number, or -1 when all of the show's are given out."""
        async with self._taking:  # else everyone of a rush would fetch a block and waste the others'
            if not self._free:
                minute_ms = self._now() // MINUTE_MS * MINUTE_MS
                names = [keys.numbers(self._show), keys.number_minutes(self._show)]
                end = int(await self._block(keys=names, args=[BLOCK, minute_ms]))
                self._free = range(end - BLOCK, min(end, self._most))
                if not self._free:
                    return -1
            number, self._free = self._free[0], self._free[1:]
            return number

    async def held_by(self, account: str) -> int:
        """The number that an account has had before, or -1. account: its pseudonym, hex."""
        found = await self._redis.hget(keys.accounts(self._show), bytes.fromhex(account))
        return -1 if found is None else int(cast("bytes", found))

    async def of(self, account: str) -> int:
        """The account's number, the same on every device; -1 when there is none left for it."""
        held = await self.held_by(account)
        if held >= 0:
            return held
        number = await self.next()
        if number < 0:
            return -1
        # where another device was faster, this number is nobody's: a gap costs a slot, a second use a vote
        names = [keys.accounts(self._show), keys.account_bits(self._show)]
        return int(await self._bind(keys=names, args=[bytes.fromhex(account), number]))
