"""The store's users, one for each role: what a role may write is said a second time, in the store itself.

Everybody may read, and run scripts. A user writes its own keys and no others, whatever its code does: what a
script calls is held to the rules of its caller, so an edge can fill slots and cannot open a gate.

============== ======================================================================================
gala-edge      slots and counters of boxes, blocks of numbers, numbers of accounts, its report and trace, asks
gala-conductor cues, gates, tallies, the show's clock
gala-notary    cues, gates, wallets, what the auditor may watch, answers in the place of asks
gala-crew      cues, asks, what witnesses cosigned
============== ======================================================================================

and all of them how their clock stands, how they are doing, and marks behind what must be durable. Passwords
are derived from the service's secret; the store holds their digests. An address with ``{role}`` in the place
of a name, ``redis://{role}@HOST``, means these users. They need Redis 7.2 or Valkey; the rules are those of
ACL SETUSER, and of an ACL file.
"""

import hashlib

from gala.passes import derive

MARK = "{role}"

EVERYBODY = (
    "on resetkeys resetchannels -@all +@read %R~* +ping +info +time +role +command +client|setinfo "
    "+client|setname +multi +exec +discard +asking +wait +waitaof +script|load +script|exists +readonly "
    "+cluster|slots +cluster|shards +cluster|nodes +cluster|keyslot +cluster|myid "
    "(-@all +eval +evalsha ~*) (-@all +hset +hdel ~clocks:* ~vitals:*) (-@all +set ~mark:*)"
)
CUES = "(-@all +xadd ~log:*) (-@all +hset ~log:*:ids)"
GATES = "(-@all +hset ~box:*:gate)"
ASKS = "(-@all +hset ~asks:*)"

RULES = {
    "edge": "(-@all +bitfield +setrange ~box:*:slots) (-@all +hincrby ~box:*:counters) "
    "(-@all +incrby +hincrby ~numbers:*) (-@all +hsetnx +setbit ~accounts:*) "
    f"(-@all +hset ~edges:*) (-@all +hset +hdel ~trace:*) {ASKS}",
    "conductor": f"{CUES} {GATES} (-@all +set ~tally:*) (-@all +set +del ~clock:*)",
    "notary": f"{CUES} {GATES} (-@all +hset ~wallet:*) (-@all +set ~evidence:*) (-@all +hdel ~asks:*) "
    "(-@all +hset +hdel +rpush +lpop ~answers:*)",
    "crew": f"{CUES} {ASKS} (-@all +hset ~cosigned:*)",
}


def _password(role: str, secret: bytes) -> str:
    return derive(secret, f"store/{role}").hex()


def lines(secret: bytes) -> list[str]:
    """All users, a line each, as an ACL file has them."""
    return [
        f"user gala-{role} {EVERYBODY.replace('on ', f'on #{_digest(role, secret)} ', 1)} {rules}"
        for role, rules in RULES.items()
    ]


def _digest(role: str, secret: bytes) -> str:
    return hashlib.sha256(_password(role, secret).encode()).hexdigest()


def marked(url: str) -> str:
    """The address of a store of our own, for `address`."""
    return url.replace("://", f"://{MARK}@", 1)


def address(url: str, role: str, secret: bytes) -> str:
    """The address as this role; one without ``{role}`` stays what it is."""
    return url.replace(f"{MARK}@", f"gala-{role}:{_password(role, secret)}@", 1)
