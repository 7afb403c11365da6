"""Public order: which viewer stands where, without saying so.

A stable number in published files would publish a viewer's whole evening. So each box is published in
the order of AES-256 of the number under a key of that round, each roster under a key of that draw: a
*place* is an index in that order. The keys are committed beforehand and given to the auditor only.
"""

import hashlib
import hmac

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def place_key(master: bytes, subject: str) -> bytes:
    """The 32-byte key of one round or draw, from the operator's master key. Known keys of other
    rounds say nothing about it."""
    return hmac.digest(master, b"gala/place-key/1\x00" + subject.encode(), "sha256")


def key_commitment(key: bytes) -> bytes:
    """What `open` and `spec` leaves hold of a place key. It is 32 random-looking bytes, so its hash
    gives nothing away."""
    return hashlib.sha256(b"gala/place-key-commitment/1\x00" + key).digest()


def numbers_mac(key: bytes, numbers: npt.NDArray[np.int64]) -> bytes:
    """Commits a seal to which viewers stand behind a published box; checked by whoever has the key.

    numbers: in public order. HMAC-SHA256 under the round's place key of u32be of each.
    """
    return hmac.digest(key, b"gala/numbers/1\x00" + numbers.astype(">u4").tobytes(), "sha256")


def aes_blocks(
    key: bytes, high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]
) -> npt.NDArray[np.uint64]:
    """AES-256 under `key` of the blocks u64be(high) ‖ u64be(low); shape (n, 2) of uint64, so that
    comparing rows compares the ciphertexts as 16 big-endian bytes."""
    blocks = np.empty((len(high), 2), dtype=">u8")
    blocks[:, 0] = high
    blocks[:, 1] = low
    # ECB here is the bare permutation on distinct blocks: it hides order and draws lots, no text.
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305
    out = encryptor.update(blocks.tobytes()) + encryptor.finalize()
    return np.frombuffer(out, dtype=">u8").reshape(-1, 2).astype(np.uint64)


def sort_blocks(blocks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The order that sorts blocks as 16-byte strings."""
    order = np.argsort(blocks[:, 0], kind="stable")
    high = blocks[order, 0]
    if len(high) > 1 and bool((high[1:] == high[:-1]).any()):
        order = np.lexsort((blocks[:, 1], blocks[:, 0]))
    return order.astype(np.int64)


def public_order(key: bytes, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The order of `numbers` (natural, distinct) by AES_key(u64be(0) ‖ u64be(number)): indices into them."""
    wide = numbers.astype(np.uint64)
    return sort_blocks(aes_blocks(key, np.zeros_like(wide), wide))
