"""The arithmetic of a draw: laws against a slow, obvious version, then the beacon's published rounds."""

import hashlib
import hmac

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from rewards.arithmetic import beacon, places, ranking, roster, scores
from rewards.arithmetic.beacon import QUICKNET, BadBeacon, Chain, RehearsalBeacon
from rewards.arithmetic.ranking import Ranked, Ranks, Tier

# drand quicknet, rounds 1000 to 1002, as its relays serve them; also in the tests of ideal-lab5/pallets.
QUICKNET_ROUNDS = {
    1000: "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
    1001: "b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41",
    1002: "ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e",
}
RANDOMNESS_1000 = "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd"

SEEDS = st.binary(min_size=32, max_size=32)
ROSTERS = st.lists(st.integers(1, 5), max_size=40)


def slow_ranks(seed: bytes, tier: int, tickets: list[int], eligible: list[bool]) -> list[Ranked]:
    """One ticket at a time, in Python."""
    key = hmac.digest(seed, b"gala/tier/1\x00" + tier.to_bytes(2, "big"), "sha256")
    cipher = Cipher(algorithms.AES256(key), modes.ECB())
    scores = []
    for place, count in enumerate(tickets):
        mine = []
        for ticket in range(count):
            block = place.to_bytes(8, "big") + ticket.to_bytes(8, "big")
            mine.append((cipher.encryptor().update(block), ticket))
        if eligible[place]:
            score, ticket = min(mine)
            scores.append((score, place, ticket))
    return [Ranked(place, ticket, score) for score, place, ticket in sorted(scores)]


def lowest(key: bytes, tickets: roster.Tickets, eligible: roster.Flags, count: int) -> list[Ranked]:
    return list(Ranks(scores.lowest(key, tickets, eligible, count)))


def arrays(tickets: list[int], eligible: list[bool]) -> tuple[roster.Tickets, roster.Flags]:
    return np.array(tickets, dtype=np.int64), np.array(eligible, dtype=np.bool_)


@given(SEEDS, ROSTERS, st.data(), st.integers(0, 50))
def test_the_ranking_is_that_of_the_slow_version(
    seed: bytes, tickets: list[int], data: st.DataObject, count: int
) -> None:
    eligible = data.draw(st.lists(st.booleans(), min_size=len(tickets), max_size=len(tickets)))
    found = lowest(ranking.tier_key(seed, 3), *arrays(tickets, eligible), count)
    assert list(found) == slow_ranks(seed, 3, tickets, eligible)[:count]


@given(SEEDS, st.lists(st.integers(1, 4), min_size=1, max_size=30), st.data())
def test_the_draw_of_all_without_some_is_the_draw_of_the_rest(
    seed: bytes, tickets: list[int], data: st.DataObject
) -> None:
    kept = data.draw(st.lists(st.booleans(), min_size=len(tickets), max_size=len(tickets)))
    everyone = lowest(seed, *arrays(tickets, [True] * len(tickets)), len(tickets))
    assert list(lowest(seed, *arrays(tickets, kept), len(tickets))) == [r for r in everyone if kept[r.place]]


@given(SEEDS, st.lists(st.integers(1, 4), min_size=0, max_size=25), st.integers(1, 3), st.integers(1, 3))
def test_nobody_wins_above_the_cap_and_every_prize_that_can_be_is_won(
    seed: bytes, tickets: list[int], cap: int, count: int
) -> None:
    tiers = [Tier(tier, count, 2) for tier in (1, 2, 3, 4)]
    results = ranking.draw(seed, tiers, *arrays(tickets, [True] * len(tickets)), cap)
    won = [ranked.place for result in results for ranked in result.winners]
    assert all(won.count(place) <= cap for place in won)
    for tier, result in zip(tiers, results, strict=True):
        ranks = slow_ranks(seed, tier.tier, tickets, [True] * len(tickets))
        walked = len(result.winners) + result.skipped
        assert len(result.winners) == tier.count or walked == len(tickets)
        assert list(result.alternates) == ranks[walked : walked + 2]
        assert result.cutoff == (result.winners[-1].score if result.winners else b"")
    sizes = [(r.tier, len(r.winners), len(r.alternates), r.skipped) for r in results]
    assert ranking.decode(ranking.encode(results), sizes) == results


@given(SEEDS, st.lists(st.integers(1, 4), min_size=1, max_size=25), st.integers(1, 3), st.data())
def test_a_cap_over_several_draws_counts_what_was_won_in_the_earlier_ones(
    seed: bytes, tickets: list[int], cap: int, data: st.DataObject
) -> None:
    before = data.draw(st.lists(st.integers(0, 3), min_size=len(tickets), max_size=len(tickets)))
    tiers = [Tier(tier, 3, 2) for tier in (1, 2)]
    everyone = arrays(tickets, [True] * len(tickets))
    results = ranking.draw(seed, tiers, *everyone, cap, np.array(before, dtype=np.uint8))
    times = list(before)
    for tier, result in zip(tiers, results, strict=True):
        ranks = slow_ranks(seed, tier.tier, tickets, [True] * len(tickets))
        walked = 0
        winners: list[Ranked] = []
        while walked < len(ranks) and len(winners) < tier.count:
            if times[ranks[walked].place] < cap:
                winners.append(ranks[walked])
            walked += 1
        for ranked in winners:
            times[ranked.place] += 1
        assert list(result.winners) == winners
        assert list(result.alternates) == ranks[walked : walked + 2]
        assert result.skipped == walked - len(winners)


@given(st.lists(st.integers(0, 300), max_size=20))
def test_what_was_won_before_is_a_byte_a_place(won: list[int]) -> None:
    content = roster.encode_won(np.array(won, dtype=np.int64))
    assert roster.decode_won(content, len(won)).tolist() == [min(times, 255) for times in won]
    with pytest.raises(roster.BadRoster):
        roster.decode_won(content + b"\0", len(won))


@given(st.lists(st.integers(0, 2**32 - 1), unique=True, max_size=50), SEEDS)
def test_public_order_is_a_permutation_by_aes(numbers: list[int], key: bytes) -> None:
    def block(number: int) -> bytes:
        encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()
        return encryptor.update(bytes(8) + number.to_bytes(8, "big"))

    expected = sorted(numbers, key=block)
    given_out = np.array(numbers, dtype=np.int64)
    assert [numbers[at] for at in places.public_order(key, given_out)] == expected
    assert places.in_public_order(key, given_out).tolist() == expected


@given(st.lists(st.integers(2**62, 2**63 - 1), unique=True, min_size=2, max_size=50), SEEDS)
def test_numbers_that_leave_no_room_beside_them_are_ordered_all_the_same(
    numbers: list[int], key: bytes
) -> None:
    given_out = np.array(numbers, dtype=np.int64)
    assert places.in_public_order(key, given_out).tolist() == [
        numbers[at] for at in places.public_order(key, given_out)
    ]


def test_the_order_of_very_many_is_that_of_their_blocks() -> None:
    key, numbers = b"k" * 32, np.random.default_rng(11).permutation(300_000)[:250_000]
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()
    plain = np.zeros((len(numbers), 2), dtype=">u8")
    plain[:, 1] = numbers
    raw = encryptor.update(plain.tobytes())
    blocks = np.frombuffer(raw, dtype=">u8").reshape(-1, 2).astype(np.uint64)
    expected = places.sort_blocks(blocks)
    assert places.public_order(key, numbers).tolist() == expected.tolist()
    assert places.in_public_order(key, numbers).tolist() == numbers[expected].tolist()


def test_blocks_that_begin_alike_are_ordered_by_their_second_half() -> None:
    blocks = np.array([[5, 9], [5, 1], [2, 7], [5, 4]], dtype=np.uint64)
    assert places.sort_blocks(blocks).tolist() == [2, 1, 3, 0]


@given(st.lists(st.integers(1, 65535), max_size=40), st.data())
def test_rosters_are_read_back_and_no_changed_one_is(tickets: list[int], data: st.DataObject) -> None:
    content = roster.encode(b"d" * 32, np.array(tickets, dtype=np.int64))
    assert roster.decode(content, b"d" * 32).tolist() == tickets
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= data.draw(st.integers(1, 255))
    if at < 64 or len(tickets) == 1:
        with pytest.raises(roster.BadRoster):
            roster.decode(bytes(changed), b"d" * 32)
    with pytest.raises(roster.BadRoster):
        roster.decode(content + b"\0", b"d" * 32)


@given(st.lists(st.booleans(), max_size=40))
def test_flags_are_read_back_and_spare_bits_are_zero(flags: list[bool]) -> None:
    content = roster.encode_flags(np.array(flags, dtype=np.bool_))
    assert roster.decode_flags(content, len(flags)).tolist() == flags
    if len(flags) % 8:
        with pytest.raises(roster.BadRoster):
            roster.decode_flags(content[:-1] + bytes([content[-1] | 1]), len(flags))


@pytest.mark.parametrize("tickets", [[0], [65536], [-1]])
def test_a_place_cannot_hold_no_tickets_or_too_many(tickets: list[int]) -> None:
    with pytest.raises(roster.BadRoster):
        roster.encode(bytes(32), np.array(tickets, dtype=np.int64))


def test_quicknet_rounds_verify_under_the_pinned_chain_and_under_no_other_round() -> None:
    for number, signature in QUICKNET_ROUNDS.items():
        beacon.check(QUICKNET, number, bytes.fromhex(signature))
        with pytest.raises(BadBeacon):
            beacon.check(QUICKNET, number + 1, bytes.fromhex(signature))
    assert hashlib.sha256(bytes.fromhex(QUICKNET_ROUNDS[1000])).hexdigest() == RANDOMNESS_1000


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (b"\xc0" + bytes(47), "infinity"),
        (b"\x80" + bytes(46) + b"\x04", "NOT_IN_GROUP"),  # x = 4: on the curve, outside the subgroup
        (b"\x80" + bytes(46) + b"\x01", "NOT_ON_CURVE"),
        (bytes(48), "ENCODING"),
        (b"", "48 bytes"),
    ],
)
def test_signatures_that_are_no_point_of_the_subgroup_are_refused(signature: bytes, why: str) -> None:
    with pytest.raises(BadBeacon, match=why):
        beacon.check(QUICKNET, 1000, signature)


def test_a_signature_under_the_older_tag_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    local = RehearsalBeacon(b"s" * 32, 0)
    good = local.signature(7)
    beacon.check(local.chain, 7, good)
    monkeypatch.setattr(beacon, "DST", b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_")
    older = local.signature(7)
    monkeypatch.undo()
    with pytest.raises(BadBeacon, match="not the signature of round 7"):
        beacon.check(local.chain, 7, older)


def test_a_rehearsal_chain_is_known_by_its_own_hash_and_quicknet_only_as_pinned() -> None:
    local = RehearsalBeacon(b"s" * 32, 1_000)
    assert local.chain.rehearsal
    assert not QUICKNET.rehearsal
    for chain in (local.chain, QUICKNET):
        assert Chain.from_json(chain.to_json()) == chain
        for name, value in (("period_ms", 1), ("chain_hash", "00" * 32), ("scheme", "bls-unchained-on-g1")):
            with pytest.raises(BadBeacon):
                Chain.from_json(chain.to_json() | {name: value})
    assert "s" * 8 not in repr(local)


@given(st.integers(0, 10**13))
def test_the_round_at_an_instant_is_the_first_that_is_not_before_it(at_ms: int) -> None:
    found = QUICKNET.round_at(at_ms)
    assert QUICKNET.time_ms(found) >= at_ms
    assert found == 1 or QUICKNET.time_ms(found - 1) < at_ms


def test_the_first_reserve_round_half_a_minute_later_decides() -> None:
    chain = RehearsalBeacon(bytes(32), 0).chain
    assert beacon.choose_round(chain, [11, 21, 31], 0) == 11
    assert beacon.choose_round(chain, [11, 21, 31], 1) == 21
    assert beacon.choose_round(chain, [11, 21, 31], 60_001) is None
