"""The auditor's rules on money: prizes from results, rows from prizes, equations over rows.

A `Book` refuses what no ledger may hold; here stands what this evening's log promised beyond that. Each row
is held against the terms of its draw: budgets, face values, windows, and the fixed dates, whose rows are
computed again and must stand exactly there.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from rewards.evidence import bundle
from rewards.evidence.rounds import Failed
from rewards.money import books, prizes
from rewards.money.books import OF_A_TIER, UNSETTLED, BadRow, Book, Row, Subject
from rewards.money.prizes import Prizes
from rewards.money.vouchers import IssuingIds
from rewards.rules.history import Draw, History
from rewards.rules.leaves import Leaf, Window

Files = Mapping[str, bytes]

HASHED = 65  # bytes at a row's end: a comma and its hash
FEW, MANY = 16, 4096  # vouchers whose rows are written and compared at once: at first, and at most


def check_prizes(history: History, files: Files, ids: IssuingIds) -> str:
    """prizes.csv against the ranking of every finished draw, and who was promoted since."""
    ledger = files["ledger.csv"]
    # a big ledger is cut into lines for it only where it must be
    lines = ledger.decode("utf-8").split("\n") if b",promote," in ledger else ()
    expected = bundle.prizes_csv(_finished(history, files), lines, ids)
    if files["prizes.csv"] != expected:
        found = files["prizes.csv"].decode("utf-8").split("\n")
        lines = expected.decode().split("\n")
        at = next((n for n, line in enumerate(lines) if n >= len(found) or found[n] != line), len(lines))
        raise Failed(f"prizes.csv line {at + 1} is not what the rankings give")
    count = expected.count(b"\n") - 1
    return f"{count} prizes"


def _finished(history: History, files: Files) -> list[Prizes]:
    return [
        prizes.read_prizes(draw, files.__getitem__)
        for draw in history.draws.values()
        if "result" in draw.stages
    ]


def check_ledger(history: History, files: Files, ids: IssuingIds) -> str:
    """ledger.csv against the roll-ups in the log and the terms of every draw."""
    rows = files["ledger.csv"].split(b"\n")
    if rows[0] != books.HEADER.encode() or rows[-1] != b"":
        raise Failed("ledger.csv does not begin with its header or end with a newline")
    roll_ups = dict(history.ledger_rows)
    reading = _Reading(history, files, ids)
    book = reading.book
    while book.count < len(rows) - 2:
        if reading.issued(rows, roll_ups):
            continue
        line = rows[book.count + 1].decode("utf-8")
        try:
            row = books.parse_line(line)
            reading.before(row)
            text = line.rpartition(",")[0]
            book.add(row, text)
        except BadRow as error:
            raise Failed(str(error)) from error
        if line != f"{text},{book.tip.hex()}":
            raise Failed(f"row {book.count}: its hash does not follow from the rows before")
        if book.count in roll_ups and roll_ups[book.count] != book.tip.hex():
            raise Failed(f"row {book.count}: the log's roll-up has another hash")
        reading.after()
    if book.count != history.ledger.get("rows", 0):
        raise Failed(f"{book.count} rows, the log's last roll-up says {history.ledger.get('rows', 0)}")
    reading.end()
    for equation in book.equations():
        if not equation.holds:
            where = f"draw {equation.draw} tier {equation.tier}"
            raise Failed(f"{where}: {equation.name} fails: {equation.left} and {equation.right}")
    return f"{book.count} rows, {len(book.states)} vouchers, {len(book.equations())} equations hold"


def _same(some: Sequence[bytes], others: Sequence[bytes]) -> int:
    """How many begin alike, of two lists that differ."""
    return next(at for at, (one, other) in enumerate(zip(some, others, strict=True)) if one != other)


class _Terms:
    """What the log promised of one draw, and how far its rows have come."""

    def __init__(self, draw: Draw, files: Files) -> None:
        self.draw = draw
        self.spec = draw.spec
        self.number: int = draw.spec["draw"]
        self.window = Window(**draw.spec["window"])
        self.dates: Sequence[int] = draw.spec["alternates_at_ms"]
        self.prizes = prizes.read_prizes(draw, files.__getitem__) if "result" in draw.stages else None
        self.done = 0  # fixed dates whose rows were read
        self.closed = False

    def left(self, tier: int) -> int:
        """What returns with the issue: what no rank won; of a void draw everything."""
        if "void" in self.draw.stages:
            return prizes.budget_of(self.spec["prizes"][tier - 1])
        return self.prizes.leftover(tier) if self.prizes else 0

    def fault(self, row: Row) -> str:
        """What is wrong with a row that no fixed date wrote, or an empty string."""
        if self.closed:
            return "its books are closed"
        if not 1 <= row.tier <= len(self.spec["prizes"]):
            return f"draw {self.number} has no tier {row.tier}"
        prize = self.spec["prizes"][row.tier - 1]
        if row.kind in OF_A_TIER:
            due = prizes.budget_of(prize) if row.kind == "fund" else self.left(row.tier)
            if (row.amount, row.currency) != (due, prize["currency"]):
                where = f"draw {self.number} tier {row.tier}"
                return f"{where}: {row.kind} of {row.amount} {row.currency}, not {due}"
            return ""
        if row.kind == "reserve":
            faces = self.prizes.faces[row.tier] if self.prizes else ()
            if row.prize >= len(faces) or (row.amount, row.currency) != (faces[row.prize], prize["currency"]):
                return f"voucher {row.subject} of {row.amount} {row.currency} is no winning rank's"
        elif row.kind in ("promote", "pass", "return"):
            return f"{row.kind} of {row.subject}, which no date asks for"
        elif row.kind == "claim":
            late = self.done < len(self.dates) and row.at_ms >= self.dates[self.done]
            if late or row.at_ms >= self.window.valid_until_ms:
                return f"claimed at {row.at_ms}, too late"
        elif row.kind == "redeem":
            return "" if self.window.holds(row.at_ms) else f"redeemed at {row.at_ms}, outside its window"
        elif row.kind in ("expire", "lapse") and (
            row.at_ms < self.window.valid_until_ms or self.done < len(self.dates)
        ):
            return f"{row.kind} of {row.subject} before its window ended and its dates were done"
        return ""


class _Reading:
    """The rows while they are read: the book, each draw's terms, and what must stand next."""

    def __init__(self, history: History, files: Files, ids: IssuingIds) -> None:
        self.book = Book()
        self._ids = ids
        self._terms = {number: _Terms(draw, files) for number, draw in history.draws.items()}
        self._dates: dict[int, list[tuple[_Terms, Leaf]]] = {}  # by first row, as logged
        self._closings: dict[int, list[tuple[_Terms, Leaf]]] = {}  # by last row
        self._asked: deque[Row] = deque()  # by a fixed date: these, and at_ms its time
        self._returning: Subject | None = None  # expired with its window, and must return next
        every = [(index, terms, leaf) for terms in self._terms.values() for index, leaf in terms.draw.dates]
        for _, terms, leaf in sorted(every, key=lambda one: one[0]):
            self._dates.setdefault(leaf["first"], []).append((terms, leaf))
        for terms in self._terms.values():
            if "close-out" in terms.draw.stages:
                leaf = terms.draw.stages["close-out"]
                self._closings.setdefault(leaf["rows"], []).append((terms, leaf))

    def issued(self, rows: Sequence[bytes], roll_ups: Mapping[int, str]) -> bool:
        """Reads on while vouchers of one tier are issued one after the other, comparing the rows with the
        text they must have: a big draw has hundreds of thousands, and is nearly all of a ledger.

        rows: the lines of the file. False if the next ones are none, or something else is due there; then
        they are read one by one.
        """
        seq, book = self.book.count + 1, self.book
        cells = rows[seq].split(b",")
        if self._asked or self._returning is not None or cells[7:9] != [b"reserve", b"0"]:
            return False
        if not all(cell.isdigit() and str(int(cell)).encode() == cell for cell in cells[2:6]):
            return False
        at_ms, draw, tier, first = map(int, cells[2:6])
        terms = self._terms.get(draw)
        if terms is None or terms.closed or terms.prizes is None or tier not in terms.prizes.faces:
            return False
        if at_ms >= 2**53:
            return False
        faces, currency = terms.prizes.faces[tier], terms.spec["prizes"][tier - 1]["currency"]
        # not across a row after which, or before which, the log says something
        stops = [row for row in (*roll_ups, *self._closings) if row >= seq]
        stops += [row - 1 for row in self._dates if row >= seq]
        last = min(len(faces), first + (min([len(rows) - 2, *stops]) - seq + 1) // 2)
        reserves, issues = self._ids.of(draw, tier, len(faces))
        whose = f",{at_ms},{draw},{tier},"
        moved = {
            face: (
                f",0,reserve,0,BUDGET,RESERVED,{face},{currency},",
                f",0,issue,1,RESERVED,ISSUED,{face},{currency},",
            )
            for face in set(faces)
        }
        after, tip, size = first, book.tip, FEW
        while after < last:
            until, at = min(after + size, last), seq + 2 * (after - first)
            found = rows[at : at + 2 * (until - after)]
            # These hashes follow from the rows as they are. If all is as it is written here, they are right.
            tips = books.chains(tip, [row[:-HASHED] for row in found])
            shown = b"".join(tips).hex()
            hashes = [shown[start : start + 64] for start in range(0, len(shown), 64)]
            some = slice(after, until)
            columns = zip(reserves[some], issues[some], faces[some], hashes[::2], hashes[1::2], strict=True)
            written = "\n".join(
                [
                    f"{at + 2 * n},{reserve}{whose}{after + n}{moved[face][0]}{one}\n"
                    f"{at + 2 * n + 1},{issue}{whose}{after + n}{moved[face][1]}{other}"
                    for n, (reserve, issue, face, one, other) in enumerate(columns)
                ]
            ).encode()
            same = len(found) if b"\n".join(found) == written else _same(written.split(b"\n"), found)
            if same >= 2:
                after, tip = after + same // 2, tips[same // 2 * 2 - 1]
            if same < len(found):
                break
            size = min(4 * size, MANY)
        if after == first or not book.add_issued(draw, tier, first, faces[first:after], currency, tip):
            return False
        if book.count in roll_ups and roll_ups[book.count] != tip.hex():
            raise Failed(f"row {book.count}: the log's roll-up has another hash")
        self.after()
        return True

    def before(self, row: Row) -> None:
        """Failed unless the next row may be this one."""
        self._begin_dates(row.seq)
        if self._asked:
            asked = self._asked.popleft()
            if row != asked._replace(at_ms=row.at_ms):
                raise Failed(f"row {row.seq}: its date asks for {asked.kind} of {asked.subject} here")
            if row.at_ms < asked.at_ms:
                raise Failed(f"row {row.seq}: before its date")
            return
        if self._returning is not None:
            if (row.subject, row.kind) != (self._returning, "return"):
                raise Failed(f"row {row.seq}: {self._returning} expired before it and must return")
            self._returning = None
            return
        if row.draw not in self._terms:
            raise Failed(f"row {row.seq}: there is no draw {row.draw}")
        fault = self._terms[row.draw].fault(row)
        if fault:
            raise Failed(f"row {row.seq}: {fault}")
        if row.kind in ("expire", "lapse"):
            self._returning = row.subject

    def after(self) -> None:
        """Failed if the books of a draw close with the row just read, and may not."""
        for terms, leaf in self._closings.pop(self.book.count, ()):
            self._close(terms, leaf)

    def end(self) -> None:
        """Failed if something is still to follow, or a rank was paid nothing."""
        self._begin_dates(self.book.count + 1)
        if self._asked or self._returning is not None or self._dates or self._closings:
            raise Failed(f"after row {self.book.count}: rows that must follow do not")
        for number, terms in self._terms.items():
            if terms.prizes is None or not self.book.begun(number):
                continue
            reserved = {tier: sums.moved["reserve"] for (tier, _), sums in self.book.sums(number).items()}
            for tier, faces in terms.prizes.faces.items():
                # Each rank is reserved once at most, and for what it is worth.
                if self.book.held["reserved"] or reserved.get(tier) != sum(faces):
                    self._find_unpaid(number, tier, len(faces))
                if terms.left(tier) and ("leftover", number, tier) not in self.book.tiers:
                    raise Failed(f"draw {number} tier {tier}: what nobody won did not return")

    def _find_unpaid(self, number: int, tier: int, count: int) -> None:
        for subject in ((number, tier, prize, 0) for prize in range(count)):
            if self.book.state(subject)[0] in ("none", "reserved"):
                raise Failed(f"the winning rank of voucher {subject} was paid nothing")

    def _begin_dates(self, seq: int) -> None:
        for terms, leaf in self._dates.pop(seq, ()):
            where = f"draw {terms.number} date {leaf['date']}"
            if self._asked or self._returning is not None:
                raise Failed(f"{where}: its rows begin within others")
            if leaf["date"] != terms.done + 1 or not self.book.begun(terms.number) or not terms.prizes:
                raise Failed(f"{where}: out of order, or before the issue")
            rows, _ = prizes.date_rows(self.book, terms.prizes, terms.dates[terms.done])
            if len(rows) != leaf["last"] - leaf["first"] + 1:
                raise Failed(f"{where}: rows {leaf['first']} to {leaf['last']}, it asks for {len(rows)}")
            self._asked.extend(rows)
            terms.done += 1

    def _close(self, terms: _Terms, leaf: Leaf) -> None:
        where = f"close-out of draw {terms.number}"
        totals = {name: dict.fromkeys(terms.spec["budget"], 0) for name in ("redeemed", "returned")}
        for (tier, currency), sums in self.book.sums(terms.number).items():
            for account in UNSETTLED:
                if sums.balances[account]:
                    raise Failed(f"{where}: tier {tier}: {account} holds {sums.balances[account]}")
            for name, found in totals.items():
                found[currency] += sums.balances[name.upper()]
        if totals != {name: leaf[name] for name in totals}:
            raise Failed(f"{where}: it says other totals than the rows: {totals}")
        given = {
            currency: sum(found[currency] for found in totals.values()) for currency in terms.spec["budget"]
        }
        if given != terms.spec["budget"]:
            raise Failed(f"{where}: the budget is {terms.spec['budget']}, redeemed and returned are {given}")
        if terms.prizes and terms.done < len(terms.dates):
            raise Failed(f"{where}: date {terms.done + 1} was left out")
        terms.closed = True
