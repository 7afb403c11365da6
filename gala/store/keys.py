"""Every key of a show, in one place. The braces are the hash tag: keys that share it share a cluster node.

======================== ======= ==================================================================
log:{SHOW}               stream  the cue log: ``n-0`` -> id, by, at_ms, cue, prev, digest
log:{SHOW}:ids           hash    a cue's own id -> its entry number n
numbers:{SHOW}           string  how many viewer numbers were handed out to edges, in blocks
numbers:{SHOW}:minutes   hash    minute, ms -> how many of them were handed out in it
accounts:{SHOW}          hash    an account's pseudonym, 16 bytes -> its number
accounts:{SHOW}:bits     string  a bit a number, the first in the highest bit: it is an account's
wallet:{SHOW}            hash    viewer number -> what became true of that viewer, msgpack
tally:{SHOW/SEGMENT/RUN} string  the newest snapshot of a round's counters, msgpack
edges:{SHOW}             hash    edge name -> its last report, msgpack
trace:{SHOW}             hash    edge name/minute -> whom it turned away, sampled; msgpack, for auditors
clock:{SHOW}             string  the newest reading of the show's clock, msgpack
clocks:{SHOW}            hash    a process's clock -> how it stands, msgpack
vitals:{SHOW}            hash    a process -> how it is doing, msgpack
evidence:{SHOW}          string  what the auditor may watch of the books, msgpack
cosigned:{SHOW}          hash    witness -> the newest checkpoint of the log that it has cosigned
asks:{SHOW}              hash    an ask's id -> what the notary is asked for, sealed (`gala.vouchers.asks`)
answers:{SHOW}           hash    an ask's id -> its answer, sealed; the newest of them
answers:{SHOW}:order     list    the ids of these, oldest first
mark:{N}                 string  empty; in a cluster one a node, set behind all that must be durable there
======================== ======= ==================================================================

Those with SHOW as their tag are on one node of a cluster; tallies and the pages of boxes are spread.
A box's keys ``box:{SHOW/SEGMENT/RUN#PAGE}:…`` belong to `voting.box`. Nothing expires during an evening.
SHOW, SEGMENT and RUN are slugs, so no brace ever stands inside a tag.
"""

RENEWED = frozenset(("tally", "edges", "trace", "clock", "clocks", "vitals", "asks", "answers"))
"""What these keys hold is written anew all the time, or laid again by whoever asked (what an answer says is
in the ledger), and nothing is told that rests on it. Of all others a write must outlive the loss of a
machine."""


def log(show: str) -> str:
    return f"log:{{{show}}}"


def log_ids(show: str) -> str:
    return f"log:{{{show}}}:ids"


def numbers(show: str) -> str:
    return f"numbers:{{{show}}}"


def number_minutes(show: str) -> str:
    return f"numbers:{{{show}}}:minutes"


def accounts(show: str) -> str:
    return f"accounts:{{{show}}}"


def account_bits(show: str) -> str:
    return f"accounts:{{{show}}}:bits"


def wallet(show: str) -> str:
    return f"wallet:{{{show}}}"


def tally(round_id: str) -> str:
    return f"tally:{{{round_id}}}"


def edges(show: str) -> str:
    return f"edges:{{{show}}}"


def trace(show: str) -> str:
    return f"trace:{{{show}}}"


def clock(show: str) -> str:
    return f"clock:{{{show}}}"


def clocks(show: str) -> str:
    return f"clocks:{{{show}}}"


def vitals(show: str) -> str:
    return f"vitals:{{{show}}}"


def evidence(show: str) -> str:
    return f"evidence:{{{show}}}"


def cosigned(show: str) -> str:
    return f"cosigned:{{{show}}}"


def asks(show: str) -> str:
    return f"asks:{{{show}}}"


def answers(show: str) -> str:
    return f"answers:{{{show}}}"


def answers_order(show: str) -> str:
    return f"answers:{{{show}}}:order"
