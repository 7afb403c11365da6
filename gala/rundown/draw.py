"""The draws of a segment as a rundown states them: tiers of equal prizes, or a deck of envelopes."""

import datetime as dt
from collections.abc import Collection

from gala.rundown import Deck, Draw, Prize, Text
from gala.rundown.lists import Lists
from gala.rundown.table import Table
from gala.rundown.times import Calendar
from rewards.arithmetic import decks


def read_draws(
    segment: Table,
    calendar: Calendar,
    channels: Collection[str],
    lists: Lists,
    *,
    own_round: bool,
    title: Text,
) -> tuple[Draw, ...]:
    """Those of a segment's table: ``[segments.draw]``, or several ``[[segments.draw]]``.

    own_round: the segment has a game, from whose round a draw draws if it does not say otherwise. title: the
    segment's, which is a deck's if it has none of its own.
    """
    if isinstance(segment.raw.get("draw"), list):
        tables = segment.tables("draw")
    else:
        single = segment.table("draw", needed=False)
        tables = [single] if single is not None else []
    own = str(segment.raw.get("id", "")) if own_round else ""
    return tuple(_draw(table, calendar, channels, lists, own, title) for table in tables)


def _draw(
    table: Table, calendar: Calendar, channels: Collection[str], lists: Lists, own: str, title: Text
) -> Draw:
    sources = table.take("from", list, needed=not own) or ([own] if own else [])
    if not sources or any(not isinstance(name, str) for name in sources):
        table.note("from", '`from` must name segments, such as ["tetris"]')
        sources = []
    named = table.take("channels", list, needed=False) or []
    strange = [name for name in named if name not in channels]
    if strange:
        table.note("channels", f"`channels`: there is no channel {strange[0]!r}")
    prizes = _prizes(table, title)
    valid = {key: _moment(table, calendar, key) for key in ("valid_from", "valid_until")}
    accounts = _accounts(table)
    draw = Draw(
        number=table.count("number", 1) or 0,
        segments=tuple(sources),
        prizes=prizes,
        valid_from_at_ms=valid["valid_from"],
        valid_until_at_ms=valid["valid_until"],
        cap=table.count("cap", 1, needed=False) or 1,
        cap_with=_cap_with(table),
        alternates_at_ms=_dates(table, calendar),
        channels=tuple(name for name in named if name not in strange),
        apart=table.take("apart", bool, needed=False) or False,
        accounts=accounts,
        excluded=_excluded(table, lists, accounts=accounts),
    )
    table.done()
    return draw


def _prizes(table: Table, title: Text) -> tuple[Prize, ...]:
    if "deck" not in table.raw:
        prizes = []
        for tier, prize in enumerate(table.tables("prizes"), start=1):
            words = prize.text("title")
            count, face_minor = prize.count("count", 1) or 0, prize.count("face_minor", 1) or 0
            prizes.append(Prize(tier=tier, title=words, count=count, face_minor=face_minor))
            prize.done()
        return tuple(prizes)
    ordered = table.table("deck")
    if table.take("prizes", list, needed=False) is not None:
        table.note("deck", "has `prizes` and a `deck`: a draw has one of them")
    if ordered is None:
        return ()
    words = ordered.text("title", needed=False) or title
    budget_minor = ordered.count("budget_minor", 1)
    envelopes = ordered.count("envelopes", 1)
    least_minor, most_minor = ordered.count("least_minor", 1), ordered.count("most_minor", 1)
    shape = ordered.take("shape", str)
    ordered.done()
    if not (budget_minor and envelopes and least_minor and most_minor and shape):
        return ()
    try:
        amounts, counts = decks.deal_out(budget_minor, envelopes, least_minor, most_minor, shape)
    except decks.BadDeck as error:
        table.note("deck", f"`deck`: {error}")
        return ()
    deck = Deck(
        budget_minor=budget_minor,
        least_minor=int(amounts[-1]),
        most_minor=int(amounts[0]),
        content=decks.encode(amounts, counts),
    )
    return (Prize(tier=1, title=words, count=envelopes, face_minor=deck.most_minor, deck=deck),)


def _accounts(table: Table) -> bool:
    said = table.take("eligibility", str, needed=False) or "number"
    if said not in ("number", "account"):
        table.note(
            "eligibility", '`eligibility` must be "number" (all who play) or "account" (of the host app)'
        )
    return said == "account"


def _excluded(table: Table, lists: Lists, *, accounts: bool) -> tuple[bytes, ...]:
    named = table.take("exclude", list, needed=False) or []
    if named and not accounts:
        table.note("exclude", '`exclude` names accounts, so the draw needs eligibility = "account"')
        return ()
    if any(not isinstance(written, str) for written in named):
        table.note("exclude", '`exclude` must be lists beside the rundown, such as ["lists/staff.txt"]')
        return ()
    found: set[bytes] = set()
    for written in named:
        try:
            found.update(lists.take(written))
        except ValueError as error:
            table.note("exclude", f"`exclude`: {written}: {error}")
    return tuple(sorted(found))


def _cap_with(table: Table) -> tuple[int, ...]:
    found = table.take("cap_with", list, needed=False) or []
    if any(type(number) is not int or number < 1 for number in found):
        table.note("cap_with", "`cap_with` must be numbers of earlier draws, such as [1]")
        return ()
    return tuple(sorted(set(found)))


def _dates(table: Table, calendar: Calendar) -> tuple[int, ...]:
    found = table.take("alternates_at", list, needed=False) or []
    if any(not isinstance(moment, dt.datetime) for moment in found):
        table.note("alternates_at", "`alternates_at` must be dates and times, such as [2019-11-11T12:00:00]")
        return ()
    return tuple(_instant(table, calendar, "alternates_at", moment) for moment in found)


def _moment(table: Table, calendar: Calendar, key: str) -> int:
    moment = table.take(key, dt.datetime)
    return 0 if moment is None else _instant(table, calendar, key, moment)


def _instant(table: Table, calendar: Calendar, key: str, moment: dt.datetime) -> int:
    if moment.tzinfo is not None:
        table.note(key, f"`{key}`: the show's zone holds, write the date and time without offset")
        return 0
    try:
        return calendar.instant_ms(moment)
    except ValueError as error:
        table.note(key, f"`{key}`: {error}")
        return 0
