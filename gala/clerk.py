"""The notary's window: asks from tills and phones done, what is due done, wallets brought up to date.

All that waits at a step is one transaction: a disk is asked once for many. What an ask does is in the
ledger before its answer is laid; asked again it is answered as before. So the clerk may be killed anywhere,
and whoever takes its place finds the asks that are left and does them again.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
import structlog

from gala.asks import Ask, Asked, AtTill, Claim, Claimed
from gala.protocol.crew import TillReply
from gala.wallets import Wallets
from rewards.keeping.register import Register
from rewards.money import cashier
from rewards.money.vouchers import Answer

log = structlog.get_logger("gala")


def _request(ask: Ask) -> cashier.AtTill | cashier.Wanted:
    """The same in the cashier's words; an id that is none is nobody's voucher."""
    if isinstance(ask, AtTill):
        return cashier.AtTill(ask.act, ask.code, ask.till, ask.key)
    try:
        return cashier.Wanted(bytes.fromhex(ask.voucher), ask.number)
    except ValueError:
        return cashier.Wanted(b"", ask.number)


def _reply(ask: Ask, answer: Answer | None) -> TillReply | Claimed:
    if answer is None:
        return TillReply(status="refused", reason="key_reused")
    status: Literal["done", "refused"] = "done" if answer.status == "done" else "refused"
    if isinstance(ask, Claim):
        return Claimed(status, answer.reason)
    return TillReply(
        status=status,
        reason=answer.reason,
        amount=answer.amount,
        currency=answer.currency,
        zone=answer.zone,
        valid_from_at_ms=answer.valid_from_ms,
        valid_until_at_ms=answer.valid_until_ms,
    )


async def at_till(register: Register, ask: AtTill, now_ms: int) -> TillReply:
    """A voucher taken or given back at a till, in the ledger when this returns."""
    (answer,) = await register.cashier.serve([_request(ask)], at_ms=now_ms)
    reply = _reply(ask, answer)
    assert isinstance(reply, TillReply)
    return reply


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
        if not asks:
            return
        requests = [_request(ask) for ask in asks.values()]
        done = await self._register.cashier.serve(requests, at_ms=now_ms)
        replies = {name: _reply(ask, answer) for (name, ask), answer in zip(asks.items(), done, strict=True)}
        if any(reply.status == "done" for reply in replies.values()):
            self._grew()
            await self._wallets.follow()  # before the answers: who hears one finds it in the wallet
        await self._asked.answer({name: msgspec.msgpack.encode(reply) for name, reply in replies.items()})

    async def do_due(self, now_ms: int) -> None:
        """Does what the clock asks for: fixed dates, ends of windows, the closing of books."""
        for one in await self._register.payouts.do_due(at_ms=now_ms):
            log.info("done as due", act=one.act.value, draw=one.draw, date=one.date)
            self._grew()
        await self._wallets.follow()
