"""The public beacon, fetched: drand's relays asked for a round, side by side, until one answers truly.

What a relay says is believed only if the chain's key has signed it, so which one answered does not matter.
"""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Sequence

import structlog

from rewards.arithmetic import beacon
from rewards.arithmetic.beacon import BadBeacon, Chain

log = structlog.get_logger("gala.beacon")

TIMEOUT_S = 4.0
AGAIN_S = 1.0
ANSWER_BYTES_MAX = 4096


class Relays:
    """Asked for a round again and again, it answers once it knows. Belongs to one event loop."""

    def __init__(self, chain: Chain, relays: Sequence[str]) -> None:
        self._chain = chain
        self._relays = tuple(relays)
        self._known: dict[int, bytes] = {}  # written by `_ask`
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._silent: set[str] = set()  # relays that did not answer when they were asked last; by `_answer`

    def signature(self, beacon_round: int) -> bytes | None:
        """The round's 48-byte signature, or None while no relay has told it; it is being asked for then."""
        if beacon_round not in self._known and beacon_round not in self._asking:
            self._asking[beacon_round] = asyncio.get_running_loop().create_task(self._ask(beacon_round))
        return self._known.get(beacon_round)

    async def aclose(self) -> None:
        """Asks no more."""
        for task in self._asking.values():
            task.cancel()
        await asyncio.gather(*self._asking.values(), return_exceptions=True)

    async def _ask(self, beacon_round: int) -> None:
        path = f"/{self._chain.chain_hash.hex()}/public/{beacon_round}"
        try:
            async for found in self._as_they_come(path):
                if self._take(beacon_round, found):
                    return
            await asyncio.sleep(AGAIN_S)  # nobody knows it yet: not asked more often than this
        finally:
            del self._asking[beacon_round]

    def _take(self, beacon_round: int, answer: bytes) -> bool:
        try:
            said = json.loads(answer)
            signature = bytes.fromhex(said["signature"])
            beacon.check(self._chain, beacon_round, signature)
        except (ValueError, KeyError, TypeError, BadBeacon) as error:
            log.warning("a relay's answer that is none", round=beacon_round, why=str(error))
            return False
        self._known[beacon_round] = signature
        return True

    async def _as_they_come(self, path: str) -> AsyncIterator[bytes]:
        """The answers of all that answer at all, the quickest first."""
        asked = [asyncio.create_task(self._answer(relay, path)) for relay in self._relays]
        try:
            for answer in asyncio.as_completed(asked):
                found = await answer
                if found is not None:
                    yield found
        finally:
            for task in asked:
                task.cancel()

    async def _answer(self, relay: str, path: str) -> bytes | None:
        """None if it gives none; said when that begins and ends, since it is asked every second or two."""
        name = relay.split("/")[2]
        try:
            found = await asyncio.to_thread(_fetch, f"{relay.rstrip('/')}{path}")
        except (OSError, ValueError) as error:
            if relay not in self._silent:
                log.warning("a relay does not answer, and is asked again", relay=name, why=str(error))
            self._silent.add(relay)
            return None
        if relay in self._silent:
            log.info("a relay answers again", relay=name)
        self._silent.discard(relay)
        return found


def _fetch(address: str) -> bytes:
    """Raises OSError (URLError is one) or ValueError where there is no answer."""
    request = urllib.request.Request(address, headers={"user-agent": "gala-companion"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - an operator's setting
        return bytes(answer.read(ANSWER_BYTES_MAX))
