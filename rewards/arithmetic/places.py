"""Public order: which viewer stands where, without saying so.

A stable number in published files would publish a viewer's whole evening. So each box is published in
the order of AES-256 of the number under a key of that round, each roster under a key of that draw: a
*place* is an index in that order. The keys are committed beforehand and given to the auditor only.
"""

import hashlib
import hmac
import os

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from rewards.arithmetic.stretches import stretches

PLACES_AT_ONCE = 1 << 16  # a MiB of blocks, which stay in the processor's cache


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


class Blocks:
    """AES-256 under one key of up to `rows` blocks u64be ‖ u64be at a time, in memory that is used again."""

    def __init__(self, key: bytes, rows: int) -> None:
        self._plain = np.zeros((rows, 2), dtype=np.uint64)  # as the bytes lie in memory; `write` writes it
        self._ciphered = np.empty((rows + 1, 2), dtype=np.uint64)  # the cipher asks for a block to spare
        # ECB here is the bare permutation on distinct blocks: it hides order and draws lots, no text.
        self._encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()  # noqa: S305

    def write(self, rows: int, half: int, values: npt.NDArray[np.int64] | int) -> None:
        """The first half (0) or the second (1) of the first `rows` blocks; one value for all, or one each."""
        self._plain[:rows, half] = np.asarray(values).astype(">u8").view(np.uint64)

    def ciphered(self, rows: int) -> npt.NDArray[np.uint64]:
        """The first `rows` blocks ciphered, shape (rows, 2), as the bytes lie in memory: `as_numbers` reads
        them. The next call overwrites them."""
        plain, ciphered = (blocks.view(np.uint8).reshape(-1).data for blocks in (self._plain, self._ciphered))
        self._encryptor.update_into(plain[: 16 * rows], ciphered)
        return self._ciphered[:rows]


def as_numbers(ciphered: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Blocks as numbers, so that comparing rows compares 16 big-endian bytes."""
    return ciphered.view(">u8").astype(np.uint64)


def sort_blocks(blocks: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    """The order that sorts blocks, shape (any, 2), as 16-byte strings."""
    order, unsure = _by_first_bits(blocks[:, 0], np.arange(len(blocks)))
    few = order[unsure]
    order[unsure] = few[np.lexsort((blocks[few, 1], blocks[few, 0]))]
    return order


def public_order(key: bytes, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The order of numbers (natural, distinct) by AES_key(u64be(0) ‖ u64be(number)): indices into them."""
    order, unsure = _by_first_bits(_first_halves(key, numbers), np.arange(len(numbers)))
    few = order[unsure]
    order[unsure] = few[sort_blocks(as_numbers(_ciphered(key, numbers[few])))]
    return order


def in_public_order(key: bytes, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The numbers (natural, distinct) themselves in that order."""
    found, unsure = _by_first_bits(_first_halves(key, numbers), numbers)
    few = found[unsure]
    found[unsure] = few[sort_blocks(as_numbers(_ciphered(key, few)))]
    return found


def _by_first_bits(
    values: npt.NDArray[np.uint64], labels: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Labels, one a value, in the order of the values' first bits; and where these were not enough to tell.

    Sorted are words of those bits and the label: several times quicker than to sort indices by the values.
    """
    below = np.uint64((1 << int(labels.max(initial=0)).bit_length()) - 1)
    words = np.empty(len(values), dtype=np.uint64)
    found = np.empty(len(values), dtype=np.int64)

    def write(first: int, last: int) -> None:
        np.bitwise_and(values[first:last], ~below, out=words[first:last])
        words[first:last] |= labels[first:last].view(np.uint64)

    def put_in_order(first: int, last: int) -> None:
        own = words[first:last]
        own.sort()
        np.bitwise_and(own, below, out=found[first:last].view(np.uint64))
        own &= ~below

    stretches(len(words), PLACES_AT_ONCE, write)
    share = max(PLACES_AT_ONCE, -(-len(words) // (os.cpu_count() or 1)))
    if len(words) > share:
        words.partition(range(share, len(words), share))  # what each processor then sorts by itself
    stretches(len(words), share, put_in_order)
    alike = words[1:] == words[:-1]
    return found, np.flatnonzero(np.append(alike, False) | np.append(False, alike))


def _first_halves(key: bytes, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    def of(first: int, last: int) -> npt.NDArray[np.uint64]:
        return as_numbers(_ciphered(key, numbers[first:last])[:, 0])

    return np.concatenate([np.empty(0, dtype=np.uint64), *stretches(len(numbers), PLACES_AT_ONCE, of)])


def _ciphered(key: bytes, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    blocks = Blocks(key, len(numbers))
    blocks.write(len(numbers), 1, numbers)
    return blocks.ciphered(len(numbers))
