"""A viewer says that they want a voucher of theirs, before it passes on: to the notary and back."""

import msgspec
import structlog
from redis.exceptions import RedisError

from gala.asks import Asker, Claim, Claimed, Unanswered
from gala.edge.audience import Viewer
from gala.edge.edge import Edge
from gala.protocol import ClaimReply

RETRY_MS = 1_000

log = structlog.get_logger("gala")


class Claims:
    """The claims of one edge."""

    def __init__(self, edge: Edge, asker: Asker) -> None:
        self._edge = edge
        self._asker = asker

    async def claim(self, viewer: Viewer, voucher: str) -> ClaimReply:
        """Asks the notary, unless the wallet says already how it stands. Done when the ledger has it."""
        try:
            held = await self._edge.holdings.voucher(viewer, voucher)
            if held is None:
                return ClaimReply(status="refused", reason="unknown")
            if held.state == "issued":
                claimed = await self._ask(viewer.number, voucher)
                if claimed.status != "done":
                    return ClaimReply(status="refused", reason=claimed.reason)
                held = await self._edge.holdings.voucher(viewer, voucher)
        except (Unanswered, RedisError, TimeoutError, OSError):
            return ClaimReply(status="retry", retry_after_ms=RETRY_MS)
        if held is None or held.state not in ("claimed", "redeemed"):
            return ClaimReply(status="refused", reason="expired", voucher=held)
        return ClaimReply(status="claimed", voucher=held)

    async def _ask(self, number: int, voucher: str) -> Claimed:
        # a name of its own each time: what is refused now may be granted later
        answer = await self._asker.ask(Claim(number, voucher), name=self._asker.seal.nonce())
        return msgspec.msgpack.decode(answer, type=Claimed)
