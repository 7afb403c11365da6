"""The auditor's rules on money: prizes from results, rows from prizes, equations over rows.

A `Book` refuses what no ledger may hold; here stands what this evening's log promised beyond that. Each row
is held against the terms of its draw: budgets, face values, windows, and the fixed dates, whose rows are
computed again and must stand exactly there.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from rewards import books, bundle, prizes
from rewards.books import OF_A_TIER, UNSETTLED, BadRow, Book, Row, Subject
from rewards.history import Draw, History
from rewards.leaves import Leaf, Window
from rewards.prizes import Prizes
from rewards.rounds import Failed
from rewards.vouchers import IssuingIds

Files = Mapping[str, bytes]

FEW, MANY = 16, 4096  # vouchers whose rows are written and compared at once: at first, and at most


def check_prizes(history: History, files: Files, ids: IssuingIds) -> str:
    """prizes.csv against the ranking of every finished draw, and who was promoted since."""
    text = files["ledger.csv"].decode("utf-8")
    promoting = ",promote," in text  # a big ledger is cut into lines for it only where it must be
    expected = bundle.prizes_csv(_finished(history, files), text.split("\n") if promoting else (), ids)
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
    text = files["ledger.csv"].decode("utf-8")
    lines = text.split("\n")
    if lines[0] != books.HEADER or lines[-1] != "":
        raise Failed("ledger.csv does not begin with its header or end with a newline")
    roll_ups = dict(history.ledger_rows)
    reading = _Reading(history, files, ids)
    book = reading.book
    while book.count < len(lines) - 2:
        if reading.issued(lines, roll_ups):
            continue
        line = lines[book.count + 1]
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


def _same(some: Sequence[str], others: Sequence[str]) -> int:
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

    def issued(self, lines: Sequence[str], roll_ups: Mapping[int, str]) -> bool:
        """Reads on while vouchers of one tier are issued one after the other, comparing the rows with the
        text they must have: a big draw has hundreds of thousands, and is nearly all of a ledger.

        False if the next rows are none, or something else is due there; then they are read one by one.
        """
        seq, book = self.book.count + 1, self.book
        if ",reserve,0," not in lines[seq]:
            return False
        cells = lines[seq].split(",")
        if self._asked or self._returning is not None or cells[7:9] != ["reserve", "0"]:
            return False
        numbers = cells[2:6]
        if not all(cell.isascii() and cell.isdecimal() and str(int(cell)) == cell for cell in numbers):
            return False
        at_ms, draw, tier, first = map(int, numbers)
        terms = self._terms.get(draw)
        if terms is None or terms.closed or terms.prizes is None or tier not in terms.prizes.faces:
            return False
        if at_ms >= 2**53:
            return False
        faces, currency = terms.prizes.faces[tier], terms.spec["prizes"][tier - 1]["currency"]
        # not across a row after which, or before which, the log says something
        stops = [row for row in (*roll_ups, *self._closings) if row >= seq]
        stops += [row - 1 for row in self._dates if row >= seq]
        last = min(len(faces), first + (min([len(lines) - 2, *stops]) - seq + 1) // 2)
        ids = self._ids.of(draw, tier, len(faces))
        after, tip, size = first, book.tip, FEW
        while after < last:
            until = min(after + size, last)
            texts = []
            for prize, face, (reserve, issue) in zip(
                range(after, until), faces[after:until], ids[after:until], strict=True
            ):
                at, of = seq + 2 * (prize - first), f"{at_ms},{draw},{tier},{prize},0"
                texts.append(f"{at},{reserve},{of},reserve,0,BUDGET,RESERVED,{face},{currency}")
                texts.append(f"{at + 1},{issue},{of},issue,1,RESERVED,ISSUED,{face},{currency}")
            tips = books.chains(tip, texts)
            shown = b"".join(tips).hex()
            written = [f"{text},{shown[64 * at : 64 * at + 64]}" for at, text in enumerate(texts)]
            found = lines[seq + 2 * (after - first) : seq + 2 * (until - first)]
            same = len(written) if found == written else _same(found, written)
            if same >= 2:
                after, tip = after + same // 2, tips[same // 2 * 2 - 1]
            if same < len(written):
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
        states = self.book.states
        for number, terms in self._terms.items():
            if terms.prizes is None or not self.book.begun(number):
                continue
            for tier, faces in terms.prizes.faces.items():
                for prize in range(len(faces)):
                    if states.get((number, tier, prize, 0), ("none",))[0] in ("none", "reserved"):
                        raise Failed(
                            f"the winning rank of voucher {(number, tier, prize, 0)} was paid nothing"
                        )
                if terms.left(tier) and ("leftover", number, tier) not in self.book.tiers:
                    raise Failed(f"draw {number} tier {tier}: what nobody won did not return")

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
