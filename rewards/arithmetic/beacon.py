"""The public source of chance: drand, scheme `bls-unchained-g1-rfc9380`.

Round r's message is SHA-256(u64be(r)), its signature a point of G1 (48 bytes), hashed to the curve under
the RFC 9380 tag below, its randomness SHA-256(signature), its time genesis + (r-1)·period. A signature
is unique, so it proves itself: where it came from does not matter. The quicknet chain is pinned here.
A rehearsal runs a chain of the same scheme under a key of its own, whose name says so.

Refused: the older "fastnet" tag (its signatures do not verify under this one), the point at
infinity, and points outside the subgroup (pyblst checks the subgroup when it uncompresses).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pyblst import BlstP1Element, BlstP2Element, final_verify, miller_loop

SCHEME = "bls-unchained-g1-rfc9380"
DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
LEAD_MS = 30_000  # from `reveals-closed` to the beacon round at least: no choice is left by then
ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
_INFINITY = 0x40  # the flag bit of the point at infinity in a compressed point
# The generator of G2 from the draft's ciphersuites, compressed.
_G2 = bytes.fromhex(
    "93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
    "024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
)


class BadBeacon(ValueError):
    """A chain or a signature that cannot be accepted; says why."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A beacon: its public key in G2 (96 bytes), the instant of round 1, the period, its hash."""

    public_key: bytes
    genesis_ms: int
    period_ms: int
    chain_hash: bytes

    @property
    def rehearsal(self) -> bool:
        return self != QUICKNET

    def time_ms(self, beacon_round: int) -> int:
        return self.genesis_ms + (beacon_round - 1) * self.period_ms

    def round_at(self, at_ms: int) -> int:
        """The first round at or after an instant."""
        return max(1, 1 - (self.genesis_ms - at_ms) // self.period_ms)

    def to_json(self) -> dict[str, Any]:
        return {
            "scheme": SCHEME,
            "public_key": self.public_key.hex(),
            "genesis_ms": self.genesis_ms,
            "period_ms": self.period_ms,
            "chain_hash": self.chain_hash.hex(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Chain":
        """BadBeacon for another scheme, or a rehearsal chain that is not named by its own hash."""
        if data["scheme"] != SCHEME:
            raise BadBeacon(f"scheme {data['scheme']!r} is not {SCHEME}")
        found = cls(
            bytes.fromhex(data["public_key"]),
            data["genesis_ms"],
            data["period_ms"],
            bytes.fromhex(data["chain_hash"]),
        )
        named = rehearsal_hash(found.public_key, found.genesis_ms, found.period_ms)
        if found != QUICKNET and found.chain_hash != named:
            raise BadBeacon("neither the pinned quicknet chain nor a rehearsal chain")
        return found


QUICKNET = Chain(
    public_key=bytes.fromhex(
        "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
        "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
    ),
    genesis_ms=1_692_803_367_000,
    period_ms=3_000,
    chain_hash=bytes.fromhex("52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"),
)


def rehearsal_hash(public_key: bytes, genesis_ms: int, period_ms: int) -> bytes:
    framed = public_key + genesis_ms.to_bytes(8, "big") + period_ms.to_bytes(8, "big")
    return hashlib.sha256(b"gala/rehearsal-chain/1\x00" + framed).digest()


@dataclass(frozen=True, slots=True, repr=False)
class RehearsalBeacon:
    """A local chain that whoever holds `secret` (32 bytes) can run ahead: for rehearsals only."""

    secret: bytes
    genesis_ms: int
    period_ms: int = 3_000

    def _scalar(self) -> int:
        wide = hashlib.sha512(b"gala/rehearsal-beacon/1\x00" + self.secret).digest()
        return int.from_bytes(wide, "big") % (ORDER - 1) + 1

    @property
    def chain(self) -> Chain:
        public = bytes(_point(_G2).scalar_mul(self._scalar()).compress())
        return Chain(
            public, self.genesis_ms, self.period_ms, rehearsal_hash(public, self.genesis_ms, self.period_ms)
        )

    def signature(self, beacon_round: int) -> bytes:
        """The 48-byte signature of a round. The caller keeps to its time."""
        return bytes(_message_point(beacon_round).scalar_mul(self._scalar()).compress())


def check(chain: Chain, beacon_round: int, signature: bytes) -> None:
    """BadBeacon unless `signature` is the chain's for this round. About a millisecond."""
    if len(signature) != 48 or signature[0] & _INFINITY:
        raise BadBeacon("a signature is 48 bytes and not the point at infinity")
    if len(chain.public_key) != 96 or chain.public_key[0] & _INFINITY:
        raise BadBeacon("a chain key is 96 bytes and not the point at infinity")
    try:
        left = miller_loop(BlstP1Element.uncompress(signature), _point(_G2))
        key = _point(chain.public_key)
    except ValueError as error:
        raise BadBeacon(f"not a point of the group: {error}") from error
    if not final_verify(left, miller_loop(_message_point(beacon_round), key)):
        raise BadBeacon(f"not the signature of round {beacon_round}")


def choose_round(chain: Chain, reserve_rounds: Sequence[int], closed_at_ms: int) -> int | None:
    """The first reserve round at least 30 s after the reveals closed; None when they are used up."""
    return next((r for r in reserve_rounds if chain.time_ms(r) >= closed_at_ms + LEAD_MS), None)


@lru_cache(maxsize=8)
def _point(compressed: bytes) -> BlstP2Element:
    """A point of G2 once it was found to be one, which takes a third of a check; a beacon keeps its key."""
    return BlstP2Element.uncompress(compressed)


def _message_point(beacon_round: int) -> BlstP1Element:
    message = hashlib.sha256(beacon_round.to_bytes(8, "big")).digest()
    return BlstP1Element.hash_to_group(message, DST)
