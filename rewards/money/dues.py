"""What is due on the books of a draw, by the clock: a process without a show can do it weeks later.

The life of a finished draw's money: issued; on each fixed date what nobody claimed passes on; at the end of
the window what nobody redeemed expires and returns; then the books close. A void draw's only close.
"""

from dataclasses import dataclass
from enum import StrEnum

from rewards.money.books import Book
from rewards.rules.history import History


class Act(StrEnum):
    """What may be due."""

    ISSUE = "issue"
    NEXT_DATE = "next date"
    EXPIRE = "expire"
    CLOSE_OUT = "close out"


@dataclass(frozen=True, slots=True)
class Due:
    """An act that is due on a draw. date: which of its fixed dates has come, from 1; else 0."""

    act: Act
    draw: int
    date: int = 0


def due(history: History, book: Book, now_ms: int) -> list[Due]:
    """What is due, the next act of each draw; when it is done, another may be."""
    found = []
    for number, draw in history.draws.items():
        if not draw.ended or "close-out" in draw.stages:
            continue
        dates, done = draw.spec["alternates_at_ms"], len(draw.dates)
        if "void" in draw.stages:
            found.append(Due(Act.CLOSE_OUT, number))
        elif not book.begun(number):
            found.append(Due(Act.ISSUE, number))
        elif done < len(dates):
            if now_ms >= dates[done]:
                found.append(Due(Act.NEXT_DATE, number, done + 1))
        elif now_ms >= draw.spec["window"]["valid_until_ms"]:
            found.append(Due(Act.EXPIRE if book.outstanding(number) else Act.CLOSE_OUT, number))
    return found
