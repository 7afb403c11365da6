"""A partner's list of codes: checked row by row, kept encrypted, handed out one by one, taken at a till."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from rewards.keeping.register import Register
from rewards.money import codes
from rewards.money.codes import BadList, read_list
from rewards.money.holders import Imported
from tests.rewards.evening import DATES, KEYS, START, WINDOW, begin

OPEN_MS = WINDOW.valid_from_ms
LIST = [f"PARTNER-{n:04d}-{'abcdefghijk'[n]}" for n in range(11)]


@pytest.fixture
async def register(drawn: Path, tmp_path: Path) -> AsyncIterator[Register]:
    shutil.copytree(drawn, tmp_path / "register")
    opened = await begin(tmp_path / "register")
    yield opened
    await opened.close()


def faults(content: bytes) -> dict[int, str]:
    return {row.line: row.fault for row in read_list(content) if row.fault}


def listed(content: bytes) -> list[str]:
    assert faults(content) == {}
    return [row.code for row in read_list(content)]


@pytest.mark.parametrize(
    "content",
    [
        b"AAAA-1111-x\nBBBB-2222-y\n",
        b"code\r\nAAAA-1111-x\r\nBBBB-2222-y\r\n",
        b"\xef\xbb\xbfCode,note\r\nAAAA-1111-x,for the first\r\nBBBB-2222-y,\r\n",
        b'"AAAA-1111-x","a note, with a comma\nand a line"\n\n  \n"BBBB-2222-y"',
        b" AAAA-1111-x ,n\n\nBBBB-2222-y",
    ],
)
def test_a_list_is_read_as_partners_export_it(content: bytes) -> None:
    assert listed(content) == ["AAAA-1111-x", "BBBB-2222-y"]


def test_each_bad_row_is_named_by_its_line_and_what_is_wrong_and_never_by_its_code() -> None:
    rows = {
        2: (b"SHORT-1", "6 characters without hyphens: at least 8"),
        3: (b"X" * 65, "65 characters: at most 64"),
        4: ("K\u00d6NIG-12345".encode(), "other characters than letters, digits and - . _ / +"),
        5: (b"AAAA-1111-x;note", "other characters"),
        6: (b"aaaa1111X", "the same code as line 1"),
        7: (b",only a note", "no code"),
        8: (b"BBBB-2222-y,note,more", "3 columns"),
        9: (b"=cmd|'/c calc'!A0", "other characters"),
    }
    content = b"\n".join([b"AAAA-1111-x", *(row for row, _ in rows.values()), b"CCCC-3333-z"])
    found = faults(content)
    assert found.keys() == rows.keys()
    for line, (row, wrong) in rows.items():
        assert wrong in found[line]
        assert row.split(b",")[0].decode() not in found[line] or not row.split(b",")[0]
    assert "AAAA" not in repr(read_list(content))


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("AAAA-1111-x".encode("utf-16"), "UTF-8"),
        (b'AAAA-1111-x\n"BBBB', "line 2"),
        (b'AAAA-1111-x\n"BB"BB-2222', "line 2"),
    ],
)
def test_a_file_that_is_no_such_list_is_refused_whole(content: bytes, named: str) -> None:
    with pytest.raises(BadList, match=named):
        read_list(content)


@given(st.binary(max_size=200))
def test_no_file_at_all_makes_the_reader_fall_over(content: bytes) -> None:
    try:
        rows = read_list(content)
    except BadList:
        return
    assert all(bool(row.fault) or codes.PARTNER_CODE.fullmatch(row.code) for row in rows)


@given(
    st.text("ABCDEFGHabcdefgh0123456789-._/+", min_size=8, max_size=64), st.binary(min_size=32, max_size=32)
)
def test_a_sealed_code_is_opened_by_its_key_alone_and_found_however_it_is_typed(
    code: str, key: bytes
) -> None:
    sealed = codes.seal(key, code)
    assert codes.shown(key, b"v" * 16, sealed) == code
    assert code.encode() not in sealed
    assert codes.seal(key, code) == sealed
    with pytest.raises(InvalidTag):
        codes.shown(key[:-1] + bytes([key[-1] ^ 1]), b"v" * 16, sealed)
    with pytest.raises(InvalidTag):
        codes.shown(key, b"v" * 16, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert codes.partner_lookup(key, code.lower().replace("-", " ")) == codes.partner_lookup(key, code)


async def bring(register: Register, rows: list[str], *, skip_bad: bool = False) -> Imported:
    content = "\r\n".join(["code", *rows]).encode()
    return await register.payouts.import_codes(1, 2, content, skip_bad=skip_bad)


async def test_nothing_is_stored_unless_all_is_good_or_the_bad_is_to_be_skipped(register: Register) -> None:
    spoilt = [*LIST[:3], "short", LIST[0]]
    refused = await bring(register, spoilt)
    assert (refused.rows, refused.stored, refused.held, refused.needed) == (5, 0, 0, 9)
    assert [line for line, _ in refused.faults] == [5, 6]
    assert (await bring(register, spoilt, skip_bad=True)).held == 3
    again = await bring(register, LIST[2:5])
    assert (again.stored, again.faults) == (0, [(2, "a code that was imported before")])
    assert (await bring(register, LIST[3:9])).held == 9
    with pytest.raises(ValueError, match="no tier 7"):
        await register.payouts.import_codes(1, 7, b"AAAA-1111-x")


async def test_vouchers_take_the_codes_in_order_the_promoted_the_next_and_the_rest_have_ours(
    register: Register,
) -> None:
    cashier = register.cashier
    await bring(register, LIST[:8])
    issued = await register.issue(1, at_ms=START)
    shown = [cashier.code_of(one) for one in issued]
    assert shown == [codes.voucher_code(KEYS.codes, issued[0].id), *LIST[:6]]
    assert await register.issue(1, at_ms=START) == issued
    await register.payouts.pass_on(1, 1, at_ms=DATES[0])
    heirs = [one for one in await register.payouts.vouchers(1) if one.alternate and one.tier == 2]
    own = [codes.voucher_code(KEYS.codes, one.id) for one in heirs[2:]]  # perhaps none
    assert [cashier.code_of(one) for one in heirs] == [*LIST[6:8], *own]


async def test_a_till_takes_either_code_of_a_voucher_and_no_code_that_nobody_holds(
    register: Register, tmp_path: Path
) -> None:
    cashier = register.cashier
    await bring(register, LIST)
    voucher = (await register.issue(1, at_ms=START))[1]
    own = codes.voucher_code(KEYS.codes, voucher.id)
    unused = await cashier.redeem(LIST[10], till="a", key="0", at_ms=OPEN_MS)
    assert (unused.status, unused.reason) == ("refused", "unknown")
    done = await cashier.redeem(f" {LIST[0].lower()} ", till="a", key="1", at_ms=OPEN_MS)
    assert (done.status, done.amount) == ("done", 500)
    assert (await cashier.redeem(own, till="a", key="2", at_ms=OPEN_MS)).reason == "used"
    assert (await cashier.roll_back(own, till="a", key="3", at_ms=OPEN_MS)).status == "done"
    for code in (own, LIST[0]):
        found = await cashier.find(code)
        assert found is not None
        assert (found.id, found.state) == (voucher.id, "claimed")
    assert await cashier.find(LIST[10]) is None
    await register.close()
    stored = b"".join(path.read_bytes() for path in (tmp_path / "register").glob("ledger*"))
    for code in LIST:
        assert code.encode() not in stored
        assert code.upper().replace("-", "").encode() not in stored
