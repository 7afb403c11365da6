"""One meaning for layouts, counts and entry rules: every evaluator against the same vectors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewards import verify
from rewards.arithmetic import slots

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parents[1] / "vectors" / "counts.json").read_text())[
    "cases"
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_counters_and_tickets_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    layout = slots.Layout.from_json(case["layout"])
    records = slots.records(layout, bytes.fromhex("".join(case["slots"])))
    assert slots.recount(layout, case["counts"], records) == case["counters"]
    assert slots.tickets(layout, case["entries"], records, case["settled"]).tolist() == case["tickets"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_the_standalone_verifier_says_the_same(case: dict[str, Any]) -> None:
    layout = slots.Layout.from_json(case["layout"])
    records = slots.records(layout, bytes.fromhex("".join(case["slots"])))
    full = records[records["seq"] != 0]
    assert verify.Bundle({}, "").count({"counts": case["counts"]}, full) == case["counters"]
    earned = np.zeros(len(full), dtype=np.int64)
    for rule in case["entries"]:
        earned[verify.matches(rule["when"], full, case["settled"])] += rule["tickets"]
    assert earned.tolist() == [n for n, slot in zip(case["tickets"], records, strict=True) if slot["seq"]]


@pytest.mark.parametrize(
    ("counts", "entries"),
    [
        ([{"name": "n", "op": "median", "field": "seq"}], []),
        ([{"name": "n", "op": "sum", "field": "absent"}], []),
        ([{"name": "n", "op": "by", "fields": []}], []),
        ([{"name": "n", "op": "sum", "field": "seq", "by": []}], []),
        ([{"name": "n", "op": "sum", "field": "seq", "by": ["absent"]}], []),
        ([{"name": "n/1", "op": "count"}], []),
        ([{"name": "n", "op": "count"}, {"name": "n", "op": "count"}], []),
        ([], [{"when": ["lt", "seq", 1], "tickets": 1}]),
        ([], [{"when": ["eq", "absent", 1], "tickets": 1}]),
        ([], [{"when": ["eq", "seq", -1], "tickets": 1}]),
        ([], [{"when": ["eq", "seq", "1"], "tickets": 1}]),
        ([], [{"when": ["ge", "seq", 1], "tickets": -1}]),
        ([], [{"when": [], "tickets": 1}]),
    ],
)
def test_rules_outside_the_closed_lists_are_refused(counts: Any, entries: Any) -> None:
    layout = slots.Layout.from_json({"width": 4, "fields": [list(field) for field in slots.HEAD]})
    with pytest.raises(slots.BadRules):
        slots.check_rules(layout, counts, entries)


@pytest.mark.parametrize(
    "layout",
    [
        {"width": 4, "fields": [["seq", "u16"], ["flags", "u8"], ["channel", "u8"]]},
        {"width": 5, "fields": [["seq", "u16"], ["channel", "u8"], ["flags", "u8"]]},
        {"width": 6, "fields": [["seq", "u16"], ["channel", "u8"], ["flags", "u8"], ["x", "u24"]]},
        {
            "width": 6,
            "fields": [["seq", "u16"], ["channel", "u8"], ["flags", "u8"], ["x", "u8"], ["x", "u8"]],
        },
    ],
)
def test_layouts_without_the_head_or_with_a_wrong_width_are_refused(layout: Any) -> None:
    with pytest.raises(slots.BadRules):
        slots.Layout.from_json(layout)
