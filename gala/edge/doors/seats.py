"""``enter``: the way to a number, past work and bucket, and what is told of it."""

from collections.abc import Callable

from gala.edge.audience import Viewer
from gala.edge.doors.admission import PROVEN, Admission
from gala.edge.edge import Edge
from gala.edge.trace import EdgeTrace
from gala.protocol import EnterReply, Mine
from games.game import Reason

FULL_MS = 30_000


class Seats:
    """The numbers of one edge as phones ask for them. address(sid): where that connection comes from."""

    def __init__(
        self, edge: Edge, admission: Admission, trace: EdgeTrace, address: Callable[[str], str]
    ) -> None:
        self._edge = edge
        self._admission = admission
        self._trace = trace
        self._address = address

    async def take(self, viewer: Viewer, proof: str) -> EnterReply:
        """Gives this viewer a number; again, the same one. Errors of the store rise."""
        fresh = viewer.number < 0 and not viewer.account
        if viewer.number < 0:
            refusal = (self._refusal(viewer, proof) if fresh else None) or await self._number(viewer)
            if refusal is not None:
                self._edge.turned_away[refusal.reason] += 1
                self._trace.refused(refusal.reason, viewer.cohort.channel.id)
                return refusal
        token = self._edge.passes.viewer(viewer.viewer, viewer.number, viewer.account)
        if fresh:  # nobody has played for that number: a rush of viewers asks the store nothing
            return EnterReply(pass_=token, mine=Mine(number=viewer.number))
        (mine,) = await self._edge.holdings.of([viewer])
        return EnterReply(pass_=token, mine=mine)

    def _refusal(self, viewer: Viewer, proof: str) -> EnterReply | None:
        """What is lacking before a number: work, then room in the network's bucket."""
        if self._admission.proof_bits and viewer.challenge != PROVEN:
            if not self._admission.solved(viewer.challenge, proof):
                viewer.challenge = self._admission.challenge()
                bits = self._admission.proof_bits
                return EnterReply(reason="proof", challenge=viewer.challenge, bits=bits)
            viewer.challenge = PROVEN
        wait_ms = self._admission.wait_ms(self._address(viewer.sid))
        return EnterReply(reason="busy_network", retry_after_ms=wait_ms) if wait_ms else None

    async def _number(self, viewer: Viewer) -> EnterReply | None:
        numbers = self._edge.numbers
        number = await (numbers.of(viewer.account) if viewer.account else numbers.next())
        if number < 0:
            return EnterReply(reason=Reason.HALL_FULL, retry_after_ms=FULL_MS)
        viewer.number = number
        self._trace.seated(self._edge.now() - viewer.came_at_ms, account=bool(viewer.account))
        return None
