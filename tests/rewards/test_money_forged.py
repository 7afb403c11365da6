"""Money forged by the operator, who signs everything again: both verifiers find it, and agree about all else.

The evening here is small: nine viewers, a cap of one prize, two tiers; so an alternate of the first tier has
won in the second, and must be passed over. A second draw is void; a third deals a deck of more cards than
viewers. All is published twice: before the window ends, and closed.
"""

import asyncio
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rewards.arithmetic import decks
from rewards.evidence import accounts
from rewards.evidence.checks import verify_bundle
from rewards.keeping.register import Register
from rewards.log import canonical
from rewards.money import books
from rewards.money.books import Row
from rewards.rules.leaves import Leaf, Prize, TicketRound, commitment, draw_id
from tests.rewards.evening import (
    BEACON,
    DATES,
    HOUR,
    RIGHT,
    SECRETS,
    SHOW,
    START,
    WINDOW,
    begin,
    issued,
    play_round,
    spec,
)
from tests.rewards.test_bundle import failing, read_leaves, sign_again

SHUT_MS = WINDOW.valid_until_ms


AMOUNTS, COUNTS = np.array([500, 100, 50]), np.array([1, 4, 20])
DECK = decks.encode(AMOUNTS, COUNTS)


async def play(folder: Path) -> None:
    """In the first draw a voucher is redeemed, and one is claimed; of the third nobody comes."""
    register = await begin(folder / "register")
    prizes = [Prize(1, "Gold", 2, 1_000, "XTS", 5), Prize(2, "Silver", 3, 100, "XTS", 3)]
    cards = Prize(1, "Envelopes", 25, 0, "XTS", deck=decks.leaf(DECK))
    rounds = [TicketRound("short/tetris/1", RIGHT)]
    at_once = {"alternates_at_ms": [], "reserve_rounds": spec(1).reserve_rounds}
    await register.specify(spec(1, prizes=prizes, rounds=rounds), at_ms=START)
    await register.specify(spec(2, prizes=prizes, rounds=rounds), at_ms=START)
    await register.specify(spec(3, prizes=[cards], rounds=rounds, **at_once), at_ms=START, decks={1: DECK})
    for draw in (1, 2, 3):
        for party, secret in SECRETS.items():
            sealed = commitment(draw_id(SHOW, draw), party, secret)
            await register.commit(draw, party, sealed, at_ms=START)
    await play_round(register, "short/tetris/1", [1, 2, 2, None, 1, 2, 3, 2, 2, 1])
    await register.void(2, "director", "the feed was down", at_ms=START + 60)
    at_ms = START + HOUR - 60_000
    for draw in (1, 3):
        await register.freeze(draw, issued=issued(10), at_ms=at_ms)
        chosen = await register.close_reveals(draw, at_ms=at_ms)
        await register.finish(draw, BEACON.signature(chosen), at_ms=START + HOUR)
    await spend(register)
    await register.publish(folder / "open", at_ms=SHUT_MS - 1)
    await register.payouts.do_due(at_ms=SHUT_MS)
    await register.publish(folder / "closed", at_ms=SHUT_MS)
    await register.close()


async def spend(register: Register) -> None:
    payouts, cashier = register.payouts, register.cashier
    await payouts.do_due(at_ms=START + HOUR)
    gold, _, silver, *_ = await payouts.vouchers(1)
    await cashier.redeem(cashier.code_of(gold), till="a", key="1", at_ms=START + 2 * HOUR)
    await cashier.roll_back(cashier.code_of(gold), till="a", key="2", at_ms=START + 2 * HOUR)
    await cashier.redeem(cashier.code_of(gold), till="b", key="1", at_ms=START + 2 * HOUR)
    await cashier.claim(silver.id, number=silver.number, at_ms=START + 2 * HOUR)
    for date in DATES:
        await payouts.do_due(at_ms=date)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    asyncio.run(play(folder))
    return folder


@dataclass
class Forger:
    """A bundle while it is forged: leaves, and rows that are renumbered and chained anew at the end."""

    folder: Path
    leaves: list[Leaf]
    rows: list[Row]

    def leaf(self, schema: str, draw: int = 1) -> Leaf:
        return next(
            leaf for leaf in self.leaves if leaf["schema"] == f"gala/{schema}/1" and leaf["draw"] == draw
        )

    def at(self, kind: str, *subject: int) -> int:
        """The first row of a kind, of draw 1, and of a tier, prize and alternate as far as they are given."""
        return next(
            index
            for index, row in enumerate(self.rows)
            if row.kind == kind and row.draw == 1 and row.subject[1:][: len(subject)] == subject
        )

    def change(self, index: int, **values: int | str) -> None:
        self.rows[index] = self.rows[index]._replace(**values)  # type: ignore[arg-type]

    def sign(self) -> None:
        tip, lines = books.CHAIN_START, []
        for seq, row in enumerate(self.rows, 1):
            line = row._replace(seq=seq).line()
            tip = books.chain(tip, line)
            lines.append(f"{line},{tip.hex()}")
        (self.folder / "ledger.csv").write_bytes(books.csv(lines))
        *earlier, last = (leaf for leaf in self.leaves if leaf["schema"] == "gala/ledger/1")
        last |= {"rows": len(lines), "hash": tip.hex()}
        for leaf in earlier:
            self.leaves.remove(leaf)
        sign_again(self.folder, self.leaves)


def forger(folder: Path) -> Forger:
    lines = (folder / "ledger.csv").read_text().splitlines()[1:]
    return Forger(folder, read_leaves(folder), [books.parse_line(line) for line in lines])


def drop(kind: str, *subject: int, count: int = 1) -> Callable[[Forger], None]:
    def forge(found: Forger) -> None:
        at = found.at(kind, *subject)
        del found.rows[at : at + count]

    return forge


def change(kind: str, *subject: int, **values: int | str) -> Callable[[Forger], None]:
    return lambda found: found.change(found.at(kind, *subject), **values)


def set_in(schema: str, draw: int = 1, /, **values: object) -> Callable[[Forger], None]:
    return lambda found: found.leaf(schema, draw).update(values)


def another_order_within_a_date(found: Forger) -> None:
    """Two prizes of one date change places, so that the alternates get each other's."""
    first, second = found.at("expire", 2, 1), found.at("expire", 2, 2)
    block = found.rows[first:second]
    rest = 2 if found.rows[second + 1].kind == "return" else 4
    found.rows[first : second + rest] = [*found.rows[second : second + rest], *block]


def another_rank_promoted(found: Forger) -> None:
    """prizes.csv gives a promoted voucher to the rank that was passed over."""
    path = found.folder / "prizes.csv"
    lines = path.read_text().splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("1,1,1,1,"))
    winner = next(line for line in lines if line.startswith("1,2,0,0,")).split(",")
    cells = lines[at].split(",")
    lines[at] = ",".join([*cells[:4], *winner[4:7], *cells[7:]])
    path.write_text("\n".join(lines) + "\n")


def cap_ignored(found: Forger) -> None:
    """A prize that returned, since all who were left were at the cap, is given to one of them."""
    at = max(index for index, row in enumerate(found.rows) if row.kind == "return" and row.at_ms < SHUT_MS)
    row = found.rows[at]
    heir = row._replace(alternate=row.alternate + 1, n=0)
    issue = [heir._replace(kind="promote"), heir._replace(kind="issue", n=1)]
    found.rows[at : at + 1] = [row._replace(kind="pass"), *issue]
    dates = [leaf for leaf in found.leaves if leaf["schema"] == "gala/alternate/1"]
    date = next(leaf for leaf in dates if leaf["first"] <= at + 1 <= leaf["last"])
    for leaf in dates:
        leaf["first"] += 2 * (leaf["first"] > date["first"])
        leaf["last"] += 2 * (leaf["first"] >= date["first"])


def date_left_out(found: Forger) -> None:
    last = [leaf for leaf in found.leaves if leaf["schema"] == "gala/alternate/1"][-1]
    found.leaves.remove(last)
    del found.rows[last["first"] - 1 : last["last"]]


def dates_in_one(found: Forger) -> None:
    first, second = (leaf for leaf in found.leaves if leaf["schema"] == "gala/alternate/1")
    first["last"] = second["last"]
    second["first"] = second["last"] + 1


def before_the_issue(found: Forger) -> None:
    """The first date is held when nothing is issued yet, so that nobody is promoted on it."""
    date = next(leaf for leaf in found.leaves if leaf["schema"] == "gala/alternate/1")
    del found.rows[date["first"] - 1 : date["last"]]
    date |= {"first": 5, "last": 4}


def close_early(found: Forger) -> None:
    """The books close while vouchers are claimed and live."""
    spent = {"redeemed": {"XTS": 1_000}, "returned": {"XTS": 1_300}}
    head = {"schema": "gala/close-out/1", "draw": 1, "draw_id": f"{SHOW}/draw/1", "at_ms": SHUT_MS}
    found.leaves.append(head | {"rows": len(found.rows)} | spent)


def one_more_row(kind: str, *subject: int, **values: int | str) -> Callable[[Forger], None]:
    """A row of a voucher after all others."""

    def forge(found: Forger) -> None:
        row = [row for row in found.rows if row.draw == 1 and row.subject[1:] == subject][-1]
        found.rows.append(row._replace(**{"kind": kind, "n": row.n + 1} | values))  # type: ignore[arg-type]

    return forge


def void_draw_kept(found: Forger) -> None:
    found.rows.remove(next(row for row in found.rows if row.draw == 2 and row.kind == "leftover"))


def void_draw_spent(found: Forger) -> None:
    row = next(row for row in found.rows if row.draw == 2 and row.kind == "leftover")
    found.rows.append(row._replace(kind="reserve"))


def another_card(found: Forger) -> None:
    """The envelopes of two viewers are exchanged."""
    for prize, amount in ((4, 50), (5, 100)):
        for at, row in enumerate(found.rows):
            if (row.draw, row.prize) == (3, prize):
                found.change(at, amount=amount)


def cards_kept(found: Forger) -> None:
    """The cards that nobody was dealt do not return."""
    at = next(index for index, row in enumerate(found.rows) if row.draw == 3 and row.kind == "leftover")
    del found.rows[at]


def promoted_between_dates(found: Forger) -> None:
    """Somebody at the desk passes a prize on, on no fixed date."""
    at = found.at("expire", 1, 1)
    row = found.rows[at - 1]
    moved = found.rows[at : at + 4]
    found.rows[at : at + 4] = []
    found.rows[found.at("claim", 2) : found.at("claim", 2)] = moved
    assert row.kind != "promote"


OPEN: list[tuple[str, Callable[[Forger], None], str]] = [
    ("a row of a date changed", change("expire", 2, 1, at_ms=DATES[0] - 1), "before its date"),
    ("another amount promoted", change("promote", 1, 1, amount=999), "its date asks for promote"),
    ("another order within a date", another_order_within_a_date, "its date asks for expire"),
    ("another rank promoted", another_rank_promoted, "prizes.csv line"),
    ("the cap ignored", cap_ignored, "it asks for"),
    ("two dates in one", dates_in_one, "it asks for"),
    ("a date before the issue", before_the_issue, "before the issue"),
    ("promoted between the dates", promoted_between_dates, "its dates were done"),
    ("a date of other rows", set_in("alternate", last=90), "it asks for"),
    ("a redeemed voucher expired", one_more_row("lapse", 1, 0, 0), "lapse"),
    ("expired before its window ends", one_more_row("lapse", 2, 0, 0), "before its window ended"),
    ("claimed after the window", change("claim", 2, 0, at_ms=SHUT_MS), "too late"),
    ("claimed after the date", change("claim", 2, 0, at_ms=DATES[0]), "too late"),
    ("redeemed before the window", change("redeem", 1, 0, at_ms=START), "outside its window"),
    ("redeemed after the window", change("redeem", 1, 0, at_ms=SHUT_MS), "outside its window"),
    ("a claim kept silent", drop("claim", 2, 0), "its dates were done"),
    ("a voucher not issued", drop("reserve", 2, 2, count=2), "ledger: "),
    ("closed with money left", close_early, "holds"),
]
CLOSED: list[tuple[str, Callable[[Forger], None], str]] = [
    ("a date left out", date_left_out, "its dates were done"),
    ("money kept back at the close", drop("return", 2, 0, 0), "must return"),
    ("other totals", set_in("close-out", redeemed={"XTS": 0}, returned={"XTS": 2_300}), "other totals"),
    (
        "another currency in the totals",
        set_in("close-out", redeemed={"XTS": 1_000, "CNY": 5}),
        "other totals",
    ),
    ("a row after the close", one_more_row("rollback", 1, 0, 0), "its books are closed"),
    ("closed at an earlier row", lambda found: found.leaf("close-out").update(rows=7), "close-out of draw 1"),
    ("closed at a later row", lambda found: found.leaf("close-out").update(rows=999), "must follow"),
    ("a void draw whose budget stays", void_draw_kept, "close-out of draw 2"),
    ("a void draw's budget spent", void_draw_spent, "its books are closed"),
    ("another card dealt", another_card, "no winning rank's"),
    ("cards kept back", cards_kept, "ledger: "),
]


@pytest.mark.parametrize(
    ("state", "forge", "named"),
    [
        pytest.param(state, forge, named, id=name)
        for state, every in (("open", OPEN), ("closed", CLOSED))
        for name, forge, named in every
    ],
)
def test_money_forged_and_signed_again_is_found_and_named(
    small: Path, tmp_path: Path, state: str, forge: Callable[[Forger], None], named: str
) -> None:
    found = forger(Path(shutil.copytree(small / state, tmp_path / "bundle")))
    forge(found)
    found.sign()
    failures = [str(check) for check in verify_bundle(found.folder) if not check.ok]
    assert failing(found.folder)
    assert any(named in failure for failure in failures), failures


def test_the_small_evening_passes_open_and_closed_and_the_forger_s_tools_change_nothing(
    small: Path, tmp_path: Path
) -> None:
    for state in ("open", "closed"):
        found = forger(Path(shutil.copytree(small / state, tmp_path / state)))
        found.sign()
        assert not failing(found.folder)
    kinds = {row.kind for row in found.rows}
    assert kinds == set(books.MOVES)


def test_a_deck_is_dealt_by_rank_and_the_cards_nobody_was_dealt_return(small: Path) -> None:
    rows = [row for row in forger(small / "closed").rows if row.draw == 3]
    dealt = [row.amount for row in rows if row.kind == "reserve"]
    assert dealt == [500, 100, 100, 100, 100, 50, 50, 50, 50]
    assert [row.amount for row in rows if row.kind == "leftover"] == [sum(AMOUNTS * COUNTS) - sum(dealt)]
    assert sum(row.amount for row in rows if row.kind == "return") == sum(dealt)


def test_rows_read_in_runs_and_one_by_one_give_the_same_verdict(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(12)
    folder = Path(shutil.copytree(small / "closed", tmp_path / "bundle"))
    good = forger(folder)
    for _ in range(10):
        found = Forger(folder, canonical.decode(canonical.encode(good.leaves)), list(good.rows))
        found.change(chance.randrange(4, 14), at_ms=START + HOUR + chance.randrange(2))
        found.rows[5:9] = chance.sample(found.rows[5:9], 4)
        found.sign()
        in_runs = [str(check) for check in verify_bundle(folder)]
        with monkeypatch.context() as patch:
            patch.setattr(accounts._Reading, "issued", lambda *_: False)
            assert [str(check) for check in verify_bundle(folder)] == in_runs


def test_both_verifiers_agree_about_any_row_an_operator_could_write(small: Path, tmp_path: Path) -> None:
    chance = random.Random(11)
    folder = Path(shutil.copytree(small / "closed", tmp_path / "bundle"))
    good = forger(folder)
    for _ in range(40):
        found = Forger(folder, canonical.decode(canonical.encode(good.leaves)), list(good.rows))
        at, other = chance.randrange(len(found.rows)), chance.randrange(len(found.rows))
        act = chance.randrange(4)
        if act == 0:
            found.rows[at], found.rows[other] = found.rows[other], found.rows[at]
        elif act == 1:
            del found.rows[at]
        elif act == 2:
            found.rows.insert(other, found.rows[at])
        else:
            name = chance.choice(["at_ms", "draw", "tier", "prize", "alternate", "kind", "n", "amount"])
            value = chance.choice([getattr(row, name) for row in found.rows])
            found.change(at, **{name: value})
        found.sign()
        failing(folder)  # says that they agree, or fails
