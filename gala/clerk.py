"""The notary's window: asks from tills and phones done, many in one step, their answers laid.

What an ask does is in the ledger before its answer is laid; asked again it is answered as before. So the
clerk may be killed anywhere, and whoever takes its place finds the asks that are left and does them again.
"""

import msgspec

from gala.asks import Asked, AtTill
from gala.protocol_crew import TillReply
from rewards.cashier import IdempotencyClash
from rewards.register import Register


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
    )


class Clerk:
    """Answers what is asked through the store."""

    def __init__(self, register: Register, asked: Asked) -> None:
        self._register = register
        self._asked = asked

    async def step(self, now_ms: int) -> bool:
        """Does all that waits; whether there was anything."""
        asks = await self._asked.waiting(now_ms)
        answers = {
            name: msgspec.msgpack.encode(await at_till(self._register, ask, now_ms))
            for name, ask in asks.items()
            if isinstance(ask, AtTill)
        }
        await self._asked.answer(answers)
        return bool(answers)
