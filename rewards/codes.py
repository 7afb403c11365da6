"""The code a voucher's owner shows at a till: one of our own, or one of a partner's.

Our own: 80 bits of HMAC-SHA256 under a key that only the operator holds, in Crockford's base32 (16 letters)
with the check symbol of his scheme (value mod 37), written in groups of four: `7KX0-…-…-…-C`. It is derived
again whenever its owner asks, so it is stored nowhere; a till's code is looked up by another HMAC. Neither
appears in log, bundle, SQL or repr.
"""

import hmac

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK = _ALPHABET + "*~$=U"


def voucher_code(code_key: bytes, voucher: bytes) -> str:
    """The code of a voucher id, e.g. `7K3M-Q9TB-0H5W-2ZJD-4`: 80 bits and a check symbol. Pure."""
    digest = hmac.digest(code_key, b"gala/code/1\x00" + voucher, "sha256")
    value = int.from_bytes(digest[:10], "big")
    letters = "".join(_ALPHABET[value >> shift & 31] for shift in range(75, -1, -5))
    groups = [letters[at : at + 4] for at in range(0, 16, 4)]
    return "-".join([*groups, _CHECK[value % 37]])


def read_code(text: str) -> str | None:
    """A typed code in its one form, or None if it is none: case and hyphens do not matter, O reads as 0,
    I and L as 1, and a wrong check symbol is a typing mistake."""
    plain = text.upper().translate(str.maketrans("OIL", "011", "- "))
    if len(plain) != 17 or any(letter not in _ALPHABET for letter in plain[:16]):
        return None
    value = 0
    for letter in plain[:16]:
        value = value << 5 | _ALPHABET.index(letter)
    if plain[16] != _CHECK[value % 37]:
        return None
    return "-".join([plain[0:4], plain[4:8], plain[8:12], plain[12:16], plain[16]])


def code_lookup(code_key: bytes, code: str) -> bytes:
    """What SQL knows of a code (in its one form): enough to find it, useless to spend it."""
    return hmac.digest(code_key, b"gala/code-lookup/1\x00" + code.encode(), "sha256")
