"""The work that is asked for a number: a text whose digest behind a challenge begins with so many zero bits.

Phones do the same in ``gala/web/src/wire/work.ts``.
"""

import hashlib
from itertools import count


def zero_bits(challenge: str, proof: str) -> int:
    """How many zero bits SHA-256 of "gala/proof/1" NUL, challenge, ``:`` and proof (as text) begins with."""
    digest = hashlib.sha256(f"gala/proof/1\0{challenge}:{proof}".encode("utf-8", "replace")).digest()
    return 256 - int.from_bytes(digest).bit_length()


def solve(challenge: str, bits: int) -> str:
    """The first decimal number that is enough; takes 2^bits tries, more or less."""
    return next(proof for proof in map(str, count()) if zero_bits(challenge, proof) >= bits)
