"""The notary's window: asks from tills and phones done, what is due done, wallets brought up to date.

What an ask does is in the ledger before its answer is laid; asked again it is answered as before. So the
clerk may be killed anywhere, and whoever takes its place finds the asks that are left and does them again.
"""

from collections.abc import Callable

import msgspec
import structlog

from gala.asks import Ask, Asked, AtTill, Claim
from gala.protocol_crew import TillReply
from gala.wallets import Wallets
from rewards.cashier import IdempotencyClash
from rewards.register import Register

log = structlog.get_logger("gala")


class Claimed(msgspec.Struct, frozen=True):
    """The answer to a claim. status: done | refused; reason as for a till."""

    status: str
    reason: str


async def at_till(register: Register, ask: AtTill, now_ms: int) -> TillReply:
    """A voucher taken or given back at a till, in the ledger when this returns."""
    act = register.cashier.redeem if ask.act == "redeem" else register.cashier.roll_back
    try:
        answer = await act(ask.code, till=ask.till, key=ask.key, at_ms=now_ms)
    except IdempotencyClash:
        return TillReply(status="refused", reason="key_reused")
    return TillReply(
        status="done" if answer.status == "done" else "refused",
        reason=answer.reason,
        amount=answer.amount,
        currency=answer.currency,
        zone=answer.zone,
        valid_from_at_ms=answer.valid_from_ms,
        valid_until_at_ms=answer.valid_until_ms,
    )


async def claim(register: Register, ask: Claim, now_ms: int) -> Claimed:
    """A voucher claimed by its owner, in the ledger when this returns; an id that is none is unknown."""
    try:
        voucher = bytes.fromhex(ask.voucher)
    except ValueError:
        voucher = b""
    answer = await register.cashier.claim(voucher, number=ask.number, at_ms=now_ms)
    return Claimed(answer.status, answer.reason)


class Clerk:
    """Answers what is asked through the store. grew: is told whenever the books have grown."""

    def __init__(self, register: Register, asked: Asked, wallets: Wallets, grew: Callable[[], None]) -> None:
        self._register = register
        self._asked = asked
        self._wallets = wallets
        self._grew = grew

    async def step(self, now_ms: int) -> None:
        """Does all that waits."""
        asks = await self._asked.waiting(now_ms)
        if asks:
            answers = {name: await self._answer(ask, now_ms) for name, ask in asks.items()}
            await self._wallets.follow()  # before the answers: who hears one finds it in the wallet
            await self._asked.answer(answers)

    async def do_due(self, now_ms: int) -> None:
        """Does what the clock asks for: fixed dates, ends of windows, the closing of books."""
        for one in await self._register.payouts.do_due(at_ms=now_ms):
            log.info("done as due", act=one.act.value, draw=one.draw, date=one.date)
            self._grew()
        await self._wallets.follow()

    async def _answer(self, ask: Ask, now_ms: int) -> bytes:
        reply: TillReply | Claimed
        if isinstance(ask, AtTill):
            reply = await at_till(self._register, ask, now_ms)
        else:
            reply = await claim(self._register, ask, now_ms)
        if reply.status == "done":
            self._grew()
        return msgspec.msgpack.encode(reply)
