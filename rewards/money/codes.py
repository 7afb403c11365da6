"""The code a voucher's owner shows at a till: one of our own, or one of a partner's.

Our own: 80 bits of HMAC-SHA256 under a key that only the operator holds, in Crockford's base32 (16 letters)
with the check symbol of his scheme (value mod 37), written in groups of four: `7KX0-…-…-…-C`. It is derived
again whenever its owner asks, so it is stored nowhere.

A partner's come as a list (CSV: code, perhaps a note) before the show. They rest encrypted (AES-GCM under a
key derived from the operator's) and are handed to the vouchers of a tier one by one.

A till's code is looked up by an HMAC. No code appears in log, bundle, SQL, report or repr.
"""

import csv
import hmac
import io
import re
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PARTNER_CODE = re.compile(r"[A-Za-z0-9._/+-]+")
PARTNER_CODE_MIN = 8  # shorter ones are soon guessed
PARTNER_CODE_MAX = 64

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECK = _ALPHABET + "*~$=U"
_NONCE_BYTES = 12


class BadList(ValueError):
    """A file that is no list of codes at all; says why."""


# Our own


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
    """What SQL knows of a code of ours (in its one form): enough to find it, useless to spend it."""
    return hmac.digest(code_key, b"gala/code-lookup/1\x00" + code.encode(), "sha256")


# A partner's


def partner_lookup(code_key: bytes, text: str) -> bytes:
    """The same of a partner's code, however it is typed: case, spaces and hyphens do not matter."""
    plain = text.upper().translate(str.maketrans("", "", "- "))
    return hmac.digest(code_key, b"gala/partner-lookup/1\x00" + plain.encode(), "sha256")


def typed_lookup(code_key: bytes, text: str) -> bytes:
    """What tells one typed code from another, whichever kind it may be."""
    own = read_code(text)
    return partner_lookup(code_key, text) if own is None else code_lookup(code_key, own)


def seal(code_key: bytes, code: str) -> bytes:
    """A partner's code as it may be stored: nonce ‖ AES-GCM. The nonce is an HMAC of the code, so the same
    code gives the same bytes and no nonce serves two."""
    nonce = hmac.digest(code_key, b"gala/partner-nonce/1\x00" + code.encode(), "sha256")[:_NONCE_BYTES]
    return nonce + AESGCM(_partner_key(code_key)).encrypt(nonce, code.encode(), None)


def shown(code_key: bytes, voucher: bytes, sealed: bytes = b"") -> str:
    """What the owner of a voucher id shows at a till: the partner's code sealed for it, or ours without one.

    cryptography's InvalidTag if the sealed code was made under another key, or was changed.
    """
    if not sealed:
        return voucher_code(code_key, voucher)
    nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return AESGCM(_partner_key(code_key)).decrypt(nonce, content, None).decode()


def _partner_key(code_key: bytes) -> bytes:
    return hmac.digest(code_key, b"gala/partner-key/1\x00", "sha256")


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of a partner's list. line: where it begins, from 1; fault: what is wrong with it, or empty."""

    line: int
    code: str = field(repr=False)
    fault: str = ""


def read_list(content: bytes) -> list[Listed]:
    """The rows of a partner's CSV file, each checked by itself and against those before it.

    Columns are the code and perhaps a note, which is not kept; a first row `code` is a header; empty lines
    are none. UTF-8, with or without a byte order mark. BadList if it is no such text.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadList("the file is not UTF-8 text: export it as CSV in UTF-8") from error
    found: list[Listed] = []
    first: dict[str, int] = {}
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return found
        except csv.Error as error:
            raise BadList(f"line {reader.line_num}: {error}") from error
        at, line = line, reader.line_num + 1
        code = cells[0].strip() if cells else ""
        if not any(cell.strip() for cell in cells) or (not found and not first and code.lower() == "code"):
            continue
        fault = _fault(code, cells)
        plain = code.upper().replace("-", "")
        if not fault and plain in first:
            fault = f"the same code as line {first[plain]}"
        first.setdefault(plain, at)
        found.append(Listed(at, code, fault))


def _fault(code: str, cells: list[str]) -> str:
    if len(cells) > 2:
        return f"{len(cells)} columns: a code and perhaps a note"
    if not code:
        return "no code"
    if not PARTNER_CODE.fullmatch(code):
        return "other characters than letters, digits and - . _ / +"
    length = len(code.replace("-", ""))
    if length < PARTNER_CODE_MIN:
        return f"{length} characters without hyphens: at least {PARTNER_CODE_MIN}"
    if len(code) > PARTNER_CODE_MAX:
        return f"{len(code)} characters: at most {PARTNER_CODE_MAX}"
    return ""
