"""The vectors every evaluator of layouts, counts and entry rules must agree on, whoever wrote it."""

import json
from pathlib import Path
from typing import Any

import pytest

from voting.entries import entries_from_json
from voting.entries import tickets as tickets_of_a_slot
from voting.layout import Layout
from voting.recount import recount, tickets
from voting.tally import Tally, counts_from_json

VECTORS = Path(__file__).parents[1] / "vectors" / "counts.json"
CASES: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]

every_case = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


@every_case
def test_the_recount_and_the_page_s_tickets_are_the_published_ones(case: dict[str, Any]) -> None:
    layout, counts = Layout.from_json(case["layout"]), counts_from_json(case["counts"])
    box = bytes.fromhex("".join(case["slots"]))
    assert recount(layout, counts, [box]) == case["counters"]
    entries = entries_from_json(case["entries"])
    assert tickets(layout, entries, box, case["settled"]).tolist() == case["tickets"]


@every_case
def test_the_hot_path_counts_and_rewards_each_slot_the_same(case: dict[str, Any]) -> None:
    layout, entries = Layout.from_json(case["layout"]), entries_from_json(case["entries"])
    tally = Tally(layout, counts_from_json(case["counts"]))
    counters: dict[str, int] = {}
    for slot in map(bytes.fromhex, case["slots"]):
        for counter, delta in tally.deltas(layout.empty, slot).items():
            counters[counter] = counters.get(counter, 0) + delta
    assert counters == case["counters"]
    slots = [layout.unpack(bytes.fromhex(slot)) for slot in case["slots"]]
    assert [tickets_of_a_slot(entries, slot, case["settled"]) for slot in slots] == case["tickets"]
