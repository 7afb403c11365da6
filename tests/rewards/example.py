"""The worked example of SPEC.md, computed: `python -m tests.rewards.example` prints it as it stands there."""

import hashlib

import numpy as np

from rewards.arithmetic import places, ranking, roster, scores, slots
from rewards.arithmetic.beacon import RehearsalBeacon
from rewards.log import merkle
from rewards.money import books, vouchers
from rewards.rules import leaves


def worked() -> dict[str, str]:
    """Every value of the example by its name, as text."""
    show = leaves.draw_id("short", 1)
    r = bytes(range(32))
    beacon = RehearsalBeacon(bytes(32), 1_700_000_000_000)
    signature = beacon.signature(1000)
    seed = leaves.seed(b"spec", b"roster", b"closed", beacon.chain, 1000, signature)
    key = ranking.tier_key(seed, 1)
    key0 = bytes(range(32, 64))
    order = places.public_order(key0, np.arange(5))
    tickets = np.array([2, 1, 3], dtype=np.int64)
    layout = slots.Layout.from_json(
        {"width": 5, "fields": [["seq", "u16"], ["channel", "u8"], ["flags", "u8"], ["choice", "u8"]]}
    )
    box = bytes.fromhex("000100000200030100010002010002")
    first = books.Row(1, 1_700_000_000_000, 1, 1, 0, 0, "fund", 0, 10_000, "XTS")
    tiers = ranking.draw(seed, [ranking.Tier(1, 1, 1)], tickets, np.ones(3, dtype=np.bool_), 1)
    return {
        "draw_id32(short/draw/1)": leaves.draw_id32(show).hex(),
        "commitment(operator, 00 01 … 1f)": leaves.commitment(show, "operator", r).hex(),
        "leaf_hash(spec)": merkle.leaf_hash(b"spec").hex(),
        "root(spec, roster, closed)": merkle.root(
            map(merkle.leaf_hash, (b"spec", b"roster", b"closed"))
        ).hex(),
        "public key of the rehearsal beacon": beacon.chain.public_key.hex(),
        "chain_hash": beacon.chain.chain_hash.hex(),
        "signature of round 1000": signature.hex(),
        "seed": seed.hex(),
        "tier key 1": key.hex(),
        "score(place 0, ticket 0)": scores.score(key, 0, 0).hex(),
        "score(place 2, ticket 2)": scores.score(key, 2, 2).hex(),
        "ranking.bin": ranking.encode(tiers).hex(),
        "place key commitment": places.key_commitment(key0).hex(),
        "public order of 0 1 2 3 4": " ".join(map(str, order.tolist())),
        "numbers_mac": places.numbers_mac(key0, order).hex(),
        "box root": merkle.chunked_root(box, layout.width).hex(),
        "tickets": " ".join(
            map(
                str,
                slots.tickets(
                    layout,
                    [{"when": ["eq", "choice", "@settled"], "tickets": 1}],
                    slots.records(layout, box),
                    2,
                ).tolist(),
            )
        ),
        "roster.bin": roster.encode(leaves.draw_id32(show), tickets).hex(),
        "roster root": roster.root(roster.encode(leaves.draw_id32(show), tickets)).hex(),
        "row id of issue 1": vouchers.voucher_id(1, 1, 0, 0).hex(),
        "row 1": first.line(),
        "hash of row 1": books.chain(books.CHAIN_START, first.line()).hex(),
        "randomness of round 1000": hashlib.sha256(signature).hexdigest(),
    }


if __name__ == "__main__":
    print("\n".join(f"{name} = {value}" for name, value in worked().items()))  # noqa: T201
