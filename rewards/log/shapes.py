"""Which members everything in the bundle's JSON has, and of what kind: exactly these, all the way down.

A kind is `text`, `bool`, `natural` (an integer from 0), `positive` (from 1), `hash` (32 bytes in lower-case
hex), `point` (48 of them: G1), `key` (96: G2), `any` (an object nobody here reads), `when` (the condition of
an entry rule), or the name of a part. `[]` after a kind is a list of it, `{}` an object with any keys and one
kind of value. A question mark stands after a member that may be absent.
"""

import re
from typing import Any

LEAVES = {
    "evening": "algorithm:text show:text origin:text rehearsal:bool",
    "spec": "draw:positive draw_id:text algorithm:text title:text rehearsal:bool prizes:prize[] "
    "budget:natural{} cap:cap rounds:promise[] eligibility:text exclusions:exclusions window:window "
    "alternates_at_ms:natural[] close_ms:natural parties:text[] witnesses:text[] beacon:chain "
    "reserve_rounds:positive[] place_key_commitment:hash files:files",
    "commit": "draw:positive draw_id:text party:text commitment:hash",
    "open": "round:text rehearsal:bool layout:layout counts:count[] entries:entry[] "
    "place_key_commitment:hash rerun_of:text? chains:chains? game:text? settings:any?",
    "lock": "round:text",
    "settle": "round:text settled:natural by:text reason:text",
    "round-void": "round:text reason:text",
    "seal": "round:text plays:natural counters_sha256:hash recount_equal:bool numbers_mac:hash size:natural? "
    "sha256:hash? root:hash? withheld_mac:hash? heads:hash[]?",
    "part": "round:text channels:natural[] plays:natural numbers_mac:hash size:natural? sha256:hash? "
    "root:hash? withheld_mac:hash?",
    "roster": "draw:positive draw_id:text rounds:share[] numbers_count:natural issued:natural[][] "
    "places:natural tickets_total:natural eligible_places:natural eligible_tickets:natural "
    "histogram:positive[][] size:natural sha256:hash root:hash eligible_sha256:hash numbers_mac:hash "
    "won_sha256:hash? won_total:natural?",
    "reveal": "draw:positive draw_id:text party:text r:hash",
    "reveals-closed": "draw:positive draw_id:text roster:natural parties:mixed[] beacon_round:positive",
    "result": "draw:positive draw_id:text reveals_closed:natural beacon_round:positive signature:point "
    "seed:hash tiers:drawn[] size:natural sha256:hash root:hash",
    "void": "draw:positive draw_id:text cause:text reason:text",
    "alternate": "draw:positive draw_id:text date:positive first:positive last:natural",
    "close-out": "draw:positive draw_id:text rows:natural redeemed:natural{} returned:natural{}",
    "ledger": "rows:positive hash:hash",
}
PARTS = {
    "prize": "tier:positive name:text count:positive currency:text alternates:natural "
    "amount:positive? deck:deck?",
    "deck": "sum:positive least:positive most:positive size:positive sha256:hash",
    "cap": "draws:positive[] prizes:positive",
    "promise": "round:text entries:entry[] channels:natural[]? apart:bool?",
    "entry": "when:when tickets:natural",
    "exclusions": "count:natural commitment:hash",
    "window": "valid_from_ms:natural valid_until_ms:natural zone:text",
    "chain": "scheme:text public_key:key genesis_ms:natural period_ms:positive chain_hash:hash",
    "files": "SPEC.md:hash verify.py:hash",
    "layout": "width:positive fields:text[][]",
    "count": "name:text op:text",
    "by": "name:text op:text fields:text[]",
    "bits": "name:text op:text field:text",
    "popcount": "name:text op:text field:text",
    "sum": "name:text op:text field:text by:text[]?",
    "chains": "length:positive commitments:hash[]",
    "share": "round:text seal:natural tickets:natural",
    "mixed": "party:text revealed:bool value:hash",
    "drawn": "tier:positive winners:natural alternates:natural skipped:natural cutoff:text",
    "manifest": "schema:text show:text rehearsal:bool files:listed[]",
    "listed": "path:text size:natural sha256:hash",
    "counters": "counters:positive{} recount:positive{}",
}
COUNTS = ("count", "by", "bits", "popcount", "sum")
_BYTES = {"hash": 32, "point": 48, "key": 96}


def fault(leaf: Any) -> str:
    """What is wrong with a leaf's shape, or an empty string."""
    schema = leaf.get("schema") if isinstance(leaf, dict) else None
    name = re.fullmatch(r"gala/([a-z-]+)/1", schema) if isinstance(schema, str) else None
    if name is None or name[1] not in LEAVES:
        return f"unknown leaf {schema!r}"
    return _members(leaf, f"schema:text at_ms:natural {LEAVES[name[1]]}", str(schema))


def part_fault(value: Any, kind: str, where: str) -> str:
    """What is wrong with a value of a kind, or an empty string; `where` names it."""
    if kind.endswith("[]"):
        if type(value) is not list:
            return f"{where} is not list"
        faults = (part_fault(one, kind[:-2], f"{where}[{at}]") for at, one in enumerate(value))
        return next(filter(None, faults), "")
    if kind.endswith("{}"):
        if type(value) is not dict:
            return f"{where} is not object"
        return next(
            filter(None, (part_fault(one, kind[:-2], f"{where}.{key}") for key, one in value.items())), ""
        )
    if kind == "count" and isinstance(value, dict) and value.get("op") in COUNTS:
        kind = value["op"]
    if kind in PARTS:
        return _members(value, PARTS[kind], where)
    return "" if _is(value, kind) else f"{where} is not {kind}"


def _members(value: Any, members: str, where: str) -> str:
    if type(value) is not dict:
        return f"{where} is not object"
    kinds = dict(member.split(":") for member in members.split())
    for key in value:
        if key not in kinds:
            return f"{where} has no member {key}"
    for key, kind in kinds.items():
        if key not in value and not kind.endswith("?"):
            return f"{where} has no {key}"
        if key in value and (wrong := part_fault(value[key], kind.rstrip("?"), f"{where} {key}")):
            return wrong
    return ""


def _is(value: Any, kind: str) -> bool:
    if kind == "any":
        return type(value) is dict
    if kind == "when":
        return _is_condition(value)
    if kind in ("natural", "positive"):
        return type(value) is int and value >= (kind == "positive")
    if kind in _BYTES:
        return type(value) is str and re.fullmatch(f"[0-9a-f]{{{2 * _BYTES[kind]}}}", value) is not None
    return type(value) is (bool if kind == "bool" else str)


def _is_condition(value: Any) -> bool:
    if type(value) is not list or not value:
        return False
    if value[0] == "and":
        return all(_is_condition(one) for one in value[1:])
    if len(value) != 3 or value[0] not in ("eq", "ge", "popcount_ge") or type(value[1]) is not str:
        return False
    return value[2] == "@settled" or _is(value[2], "natural")
