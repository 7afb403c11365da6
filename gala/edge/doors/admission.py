"""Who gets a number: so many a second from one network, and, where that is asked for, who has worked for it.

A bucket a network, in this process: a rush from a stadium's Wi-Fi or a carrier's gateway is let in as far as
the bucket reaches and then in the order of its asking again; it is never turned away. An account of the host
app needs neither bucket nor work, since it has one number however often it comes.

The work is a number whose SHA-256 behind a challenge begins with so many zero bits. A challenge is one
connection's, and a connection gets one number, so that no piece of work is of use twice.
"""

import hashlib
import hmac
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence

from gala.edge.doors.networks import Listed, Network, around, is_among
from gala.work import zero_bits

RATE_PER_S = 20.0  # numbers to one network; a house has five, an office of thousands comes within minutes
BURST = 600
WIDE = 16  # of these for an IPv6 /48, which may be one household or a small town
SHARED = 100  # of these for a network that is known to be shared
NETWORKS_MAX = 65_536  # remembered, about 20 MB; the one not heard of for longest is forgotten
WAIT_MS_MAX = 10_000
PROOF_BITS_MAX = 24
PROVEN = "+"
"""In the place of a challenge: it was solved."""


class Admission:
    """One edge's. now_s: a clock that nobody sets, seconds. key: under which networks are told apart in the
    trace, and by nobody who does not have it."""

    def __init__(
        self,
        *,
        now_s: Callable[[], float],
        entropy: Callable[[int], bytes],
        key: bytes,
        shared: Sequence[Listed] = (),
        proof_bits: int = 0,
    ) -> None:
        self.proof_bits = proof_bits
        self._now_s = now_s
        self._entropy = entropy
        self._key = key
        self._shared = shared
        # tokens, as of when (s), how many times a house's allowance
        self._buckets: OrderedDict[Network, tuple[float, float, int]] = OrderedDict()
        self.given: Counter[Network] = Counter()  # numbers, since the trace began its minute
        self.held_up: Counter[Network] = Counter()  # how often it was told to wait, likewise

    def challenge(self) -> str:
        """A new one, hex."""
        return self._entropy(16).hex()

    def solved(self, challenge: str, proof: str) -> bool:
        """Whether this is work done for that challenge; takes microseconds."""
        return bool(challenge) and len(proof) <= 32 and zero_bits(challenge, proof) >= self.proof_bits

    def wait_ms(self, address: str) -> int:
        """0, with a token taken, if a viewer there may have a number now; else how long to wait, real ms."""
        now_s = self._now_s()
        networks = around(address)
        held: list[tuple[Network, float, int]] = []
        for network in networks:
            tokens, at_s, times = self._buckets.get(network) or self._full(network, now_s)
            tokens = min(float(BURST * times), tokens + (now_s - at_s) * RATE_PER_S * times)
            if tokens < 1:
                self._count(self.held_up, networks[0])
                # spread: else all who were turned away would be back at the same moment
                spread = 1 + self._entropy(1)[0] / 255
                return min(
                    WAIT_MS_MAX, math.ceil(max(1.0, (1 - tokens) / RATE_PER_S / times) * 1000 * spread)
                )
            held.append((network, tokens, times))
        for network, tokens, times in held:
            self._buckets[network] = tokens - 1, now_s, times
            self._buckets.move_to_end(network)
        while len(self._buckets) > NETWORKS_MAX:
            self._buckets.popitem(last=False)
        if networks:
            self._count(self.given, networks[0])
        return 0

    def tag(self, network: Network) -> str:
        """Eight hex digits by which the trace tells networks apart."""
        return hmac.digest(self._key, b"gala/network/1\0" + network, hashlib.sha256)[:4].hex()

    def _full(self, network: Network, now_s: float) -> tuple[float, float, int]:
        times = (WIDE if len(network) == 6 else 1) * (SHARED if is_among(network, self._shared) else 1)
        return float(BURST * times), now_s, times

    @staticmethod
    def _count(counts: Counter[Network], network: Network) -> None:
        if network in counts or len(counts) < NETWORKS_MAX:
            counts[network] += 1
