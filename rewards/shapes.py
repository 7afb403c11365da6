"""Which members a leaf has, and of what kind; a leaf has exactly these, `schema` and `at_ms`."""

import re

from rewards.leaves import Leaf

# schema -> members; a question mark after one that may be absent; hash: 32 bytes in lower-case hex
SHAPES = {
    "evening": "algorithm:text show:text origin:text rehearsal:bool",
    "spec": "draw:int draw_id:text algorithm:text title:text rehearsal:bool prizes:list budget:object "
    "cap:object rounds:list eligibility:text exclusions:object window:object alternates_at_ms:list "
    "close_ms:int parties:list witnesses:list beacon:object reserve_rounds:list place_key_commitment:hash "
    "files:object",
    "commit": "draw:int draw_id:text party:text commitment:hash",
    "open": "round:text rehearsal:bool layout:object counts:list entries:list place_key_commitment:hash "
    "rerun_of:text? chains:object? game:text? settings:object?",
    "lock": "round:text",
    "settle": "round:text settled:int by:text reason:text",
    "round-void": "round:text reason:text",
    "seal": "round:text plays:int counters_sha256:hash recount_equal:bool numbers_mac:hash size:int? "
    "sha256:hash? root:hash? withheld_mac:hash? heads:list?",
    "roster": "draw:int draw_id:text rounds:list numbers_count:int issued:list places:int tickets_total:int "
    "eligible_places:int eligible_tickets:int histogram:list size:int sha256:hash root:hash "
    "eligible_sha256:hash numbers_mac:hash won_sha256:hash? won_total:int?",
    "reveal": "draw:int draw_id:text party:text r:hash",
    "reveals-closed": "draw:int draw_id:text roster:int parties:list beacon_round:int",
    "result": "draw:int draw_id:text reveals_closed:int beacon_round:int signature:text seed:hash "
    "tiers:list size:int sha256:hash root:hash",
    "void": "draw:int draw_id:text cause:text reason:text",
    "alternate": "draw:int draw_id:text date:int first:int last:int",
    "close-out": "draw:int draw_id:text rows:int redeemed:object returned:object",
    "ledger": "rows:int hash:hash",
}
_KINDS = {"int": int, "text": str, "hash": str, "bool": bool, "list": list, "object": dict}


def fault(leaf: Leaf) -> str:
    """What is wrong with a leaf's shape, or an empty string."""
    schema = leaf.get("schema")
    name = re.fullmatch(r"gala/([a-z-]+)/1", schema) if isinstance(schema, str) else None
    if name is None or name[1] not in SHAPES:
        return f"unknown leaf {schema!r}"
    missing = {"schema", "at_ms"}
    allowed = {"schema": "text", "at_ms": "int"}
    for member in SHAPES[name[1]].split():
        key, kind = member.rstrip("?").split(":")
        allowed[key] = kind
        missing |= set() if member.endswith("?") else {key}
    for key in sorted(missing - set(leaf)):
        return f"{schema} has no {key}"
    for key, value in leaf.items():
        if key not in allowed:
            return f"{schema} has no member {key}"
        if type(value) is not _KINDS[allowed[key]]:
            return f"{schema}: {key} is no {allowed[key]}"
        if allowed[key] == "hash" and not re.fullmatch("[0-9a-f]{64}", str(value)):
            return f"{schema}: {key} is no hash"
    return ""
