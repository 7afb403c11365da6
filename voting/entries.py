"""Which slots earn tickets, as data.

The published form is a list of `{"when": EXPR, "tickets": n}`, where EXPR is one of

    ["eq", field, value]   ["ge", field, value]   ["popcount_ge", field, value]   ["and", EXPR, …]

and value an integer or "@settled", the number the round's settle leaf gives. Until then a comparison with
"@settled" holds for nobody. Tickets of all rules that hold add up; an empty slot has none.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from voting.layout import Layout

SETTLED = "@settled"
COMPARISONS = ("eq", "ge", "popcount_ge")
DEPTH_MAX = 8
TICKETS_MAX = 65_535  # a roster holds a number's tickets in 16 bits

Expr = list[Any]
"""An EXPR as above: nested lists, as JSON has them."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`tickets` for every slot for which `when` holds."""

    when: Expr
    tickets: int


def entries_to_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """The published form of `entries`."""
    return msgspec.json.decode(msgspec.json.encode(entries), type=list[dict[str, Any]])


def entries_from_json(published: object) -> list[Entry]:
    """Entry rules read from an opening leaf; msgspec.ValidationError names the place when it is not."""
    return msgspec.convert(published, list[Entry])


def check_entries(layout: Layout, entries: Sequence[Entry]) -> None:
    """ValueError when a rule is none of the closed list, or reads a field the layout does not have."""
    for entry in entries:
        if not 0 <= entry.tickets <= TICKETS_MAX:
            raise ValueError(f"an entry gives 0 to {TICKETS_MAX} tickets, not {entry.tickets}")
        _check(layout, entry.when, DEPTH_MAX)


def _check(layout: Layout, when: object, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"an entry rule is nested deeper than {DEPTH_MAX}")
    match when:
        case ["and", _, *_]:
            for part in when[1:]:
                _check(layout, part, depth - 1)
        case [str(op), str(field), int() | "@settled" as value] if (
            op in COMPARISONS and type(value) is not bool
        ):
            if field not in layout.names:
                raise ValueError(f"an entry rule reads {field!r}, which the layout does not have")
        case _:
            raise ValueError(f"no entry rule: {when!r}")


def tickets(entries: Sequence[Entry], values: Mapping[str, int], settled: int | None) -> int:
    """The tickets one slot earns, from its unpacked fields; `settled` is None until the round is settled."""
    if not values["seq"]:
        return 0
    return sum(entry.tickets for entry in entries if _holds(entry.when, values, settled))


def _holds(when: Expr, values: Mapping[str, int], settled: int | None) -> bool:
    op, *rest = when
    if op == "and":
        return all(_holds(part, values, settled) for part in rest)
    field, bound = rest
    wanted = settled if bound == SETTLED else bound
    if wanted is None:
        return False
    present = values[field]
    match op:
        case "eq":
            return bool(present == wanted)
        case "ge":
            return bool(present >= wanted)
        case "popcount_ge":
            return bool(present.bit_count() >= wanted)
    raise ValueError(f"no entry rule: {when!r}")
