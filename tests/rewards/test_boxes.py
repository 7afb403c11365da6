"""A published box holds the very slots of the pages, byte for byte, and nothing else."""

from rewards.arithmetic import slots
from rewards.log import canonical
from rewards.rules import boxes

FIELDS = [*map(list, slots.HEAD), ["total", "u16"], ["stage", "u32"], ["hits", "u64"]]
OPENING = {
    "round": "short/beam/1",
    "layout": {"width": 18, "fields": FIELDS},
    "counts": [
        {"name": "taps", "op": "sum", "field": "total"},
        {"name": "hits", "op": "bits", "field": "hits"},
    ],
}


def slot(number: int) -> bytes:
    """A slot in which every field of more than a byte tells its byte order."""
    total, stage, hits = 300 + number, 70_000 + number, 1 << 40 | number
    return bytes([0, 1, 0, 0]) + total.to_bytes(2, "big") + stage.to_bytes(4, "big") + hits.to_bytes(8, "big")


def test_a_box_is_the_slots_of_its_pages_in_another_order() -> None:
    played = [slot(number) for number in range(30)]
    page = b"".join([*played[:10], bytes(18), *played[10:]])
    box = boxes.seal(OPENING, bytes(32), [page], {})
    content = box.content
    found = [content[at : at + 18] for at in range(0, len(content), 18)]
    assert found != played
    assert sorted(found) == sorted(played)
    assert box.recount["taps"] == sum(300 + number for number in range(30))
    assert box.recount["hits/40"] == 30
    assert canonical.decode(box.counters)["recount"] == box.recount
