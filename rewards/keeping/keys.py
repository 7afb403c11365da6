"""The keys under which an evening's books are kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """The operator's secrets, 32 bytes each: the log's Ed25519 key, the master of all place keys, the key of
    the voucher codes. Never printed."""

    log: bytes
    places: bytes
    codes: bytes
