"""The auditor's rules on money: prizes from results, rows from prizes, equations over rows."""

from collections.abc import Mapping

from rewards import books, bundle, draws
from rewards.books import BadRow, Book
from rewards.history import History
from rewards.rounds import Failed

Files = Mapping[str, bytes]


def check_prizes(history: History, files: Files) -> str:
    """prizes.csv against the ranking of every finished draw."""
    finished = [
        (draw, draws.read_ranking(draw.stages["result"], files[bundle.draw_path(number, "ranking.bin")]))
        for number, draw in history.draws.items()
        if "result" in draw.stages
    ]
    expected = bundle.prizes_csv(finished).decode().splitlines()
    found = files["prizes.csv"].decode("utf-8")
    if found != "\n".join(expected) + "\n":
        lines = found.split("\n")
        at = next(
            (n for n, line in enumerate(expected) if n >= len(lines) or lines[n] != line), len(expected)
        )
        raise Failed(f"prizes.csv line {at + 1} is not what the rankings give")
    return f"{len(expected) - 1} prizes"


def check_ledger(history: History, files: Files) -> str:
    """ledger.csv against the roll-ups in the log, the specs' budgets and the winning ranks."""
    text = files["ledger.csv"].decode("utf-8")
    lines = text.split("\n")
    if lines[0] != books.HEADER or lines[-1] != "":
        raise Failed("ledger.csv does not begin with its header or end with a newline")
    roll_ups = dict(history.ledger_rows)
    book = Book()
    for line in lines[1:-1]:
        try:
            written = book.add(books.parse_line(line))
        except BadRow as error:
            raise Failed(str(error)) from error
        if written != line:
            raise Failed(f"row {book.count}: its hash does not follow from the rows before")
        if book.count in roll_ups and roll_ups[book.count] != book.tip.hex():
            raise Failed(f"row {book.count}: the log's roll-up has another hash")
    if book.count != history.ledger.get("rows", 0):
        raise Failed(f"{book.count} rows, the log's last roll-up says {history.ledger.get('rows', 0)}")
    for equation in book.equations():
        if not equation.holds:
            where = f"draw {equation.draw} tier {equation.tier}"
            raise Failed(f"{where}: {equation.name} fails: {equation.left} and {equation.right}")
    return (
        f"{book.count} rows, {_check_payouts(history, book)} vouchers, {len(book.equations())} equations hold"
    )


def _check_payouts(history: History, book: Book) -> int:
    """Budgets are the specs', and each draw's vouchers are its winning ranks, all or none yet."""
    promised = {}
    budgets = {}
    for number, draw in history.draws.items():
        for prize in draw.spec["prizes"]:
            budgets[number, prize["tier"], prize["currency"]] = prize["count"] * prize["amount"]
        for tier in draw.stages["result"]["tiers"] if "result" in draw.stages else ():
            prize = draw.spec["prizes"][tier["tier"] - 1]
            for at in range(tier["winners"]):
                promised[number, tier["tier"], at, 0] = (prize["amount"], prize["currency"])
    for group, sums in book.groups.items():
        if sums.budget != budgets.get(group):
            raise Failed(
                f"draw {group[0]} tier {group[1]}: {sums.budget} {group[2]} of budget were not promised"
            )
    for subject, (state, _, amount, currency) in book.states.items():
        if promised.get(subject) != (amount, currency):
            raise Failed(f"voucher {subject} of {amount} {currency}, {state}, is no winning rank's")
    begun = {subject[0] for subject in book.states}
    for subject in promised:
        if subject[0] in begun and subject not in book.states:
            raise Failed(f"the winning rank of voucher {subject} was paid nothing")
    return len(book.states)
