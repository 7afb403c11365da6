"""Taking typed values out of a table of decoded TOML, noting every fault with its line instead of stopping.

What is at fault is taken as absent, so that one mistake is reported once and the rest is still read.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from typing import Any, Literal, TypeVar

import msgspec

from gala.rundown import Text
from gala.rundown.lines import Lines, Where
from gala.rundown.times import duration_ms

T = TypeVar("T")

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
SLUG_MAX = 32

_KINDS: dict[type, str] = {
    str: "a text in quotes",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
    dt.time: "a time such as 20:10:00, without quotes",
    dt.date: "a date such as 2019-11-10, without quotes",
    dt.datetime: "a date and time such as 2019-11-11T00:00:00, without quotes",
}


class Fault(msgspec.Struct, frozen=True):
    """What is to be mended; or, when `level` is not "fault", what should be looked at.

    line: from 1. segment: its id; "" outside of segments.
    """

    line: int
    segment: str
    message: str
    level: Literal["fault", "yellow", "red"] = "fault"

    def __str__(self) -> str:
        return f"line {self.line}: {self.segment}{': ' if self.segment else ''}{self.message}"


class Notes:
    """The faults and warnings found so far. `noted` grows only."""

    def __init__(self, raw: dict[str, Any], lines: Lines) -> None:
        self._raw = raw
        self._lines = lines
        self.noted: list[Fault] = []
        self.languages: tuple[str, ...] = ()  # set once [show] was read; texts are checked against them

    def note(self, where: Where, message: str, level: Literal["fault", "yellow", "red"] = "fault") -> None:
        self.noted.append(Fault(self._lines.of(where), self._segment(where), message, level))

    def _segment(self, where: Where) -> str:
        if len(where) < 2 or where[0] != "segments":
            return ""
        assert isinstance(where[1], int)
        named = self._raw["segments"][where[1]].get("id")
        return named if isinstance(named, str) else f"segment {where[1] + 1}"

    def unknown(self, where: Where, name: str, known: Collection[str], what: str = "key") -> None:
        """Notes a name nobody knows, with the one that was likely meant."""
        close = get_close_matches(name, known, 1, cutoff=0.6)
        meant = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(known)}"
        self.note(where, f"unknown {what} `{name}`: {meant}")


class Table:
    """One table of the file. What is never asked for is unknown; `done` says so."""

    def __init__(self, notes: Notes, where: Where, raw: dict[str, Any]) -> None:
        self.notes = notes
        self.where = where
        self.raw = raw
        self.asked: dict[str, None] = {}

    def take(self, key: str, kind: type[T], *, needed: bool = True) -> T | None:
        """The value of `key`; None, noted, if it is missing or not of that kind."""
        self.asked[key] = None
        if key not in self.raw:
            if needed:
                self.note("", f"`{key}` is missing")
            return None
        value = self.raw[key]
        # bool is an int and datetime is a date to Python, but not to people
        if type(value) is not kind:
            self.note(key, f"`{key}` must be {_KINDS[kind]}")
            return None
        return value

    def note(self, key: str, message: str) -> None:
        self.notes.note((*self.where, key) if key else self.where, message)

    def written(self, key: str, read: Callable[[str], T], *, needed: bool = True) -> T | None:
        """A quoted value as `read` understands it; what it raises as ValueError is noted."""
        value = self.take(key, str, needed=needed)
        if value is None:
            return None
        try:
            return read(value)
        except ValueError as error:
            self.note(key, f"`{key}`: {error}")
            return None

    def slug(self, key: str = "id") -> str:
        return self.written(key, _slug) or ""

    def count(self, key: str, least: int, *, needed: bool = True) -> int | None:
        value = self.take(key, int, needed=needed)
        if value is not None and value < least:
            self.note(key, f"`{key}` must be at least {least}")
            return None
        return value

    def duration(self, key: str) -> int:
        return self.written(key, duration_ms) or 0

    def text(self, key: str, *, needed: bool = True) -> Text:
        """A text in several languages: it has the first, and what it lacks is warned of."""
        value = self.take(key, dict, needed=needed)
        if value is not None:
            check_text(self.notes, (*self.where, key), value)
        return value or {}

    def tables(self, key: str) -> "list[Table]":
        """The tables of a list of tables such as ``[[segments]]``, at least one."""
        values = self.take(key, list)
        if values is None:
            return []
        if not values or any(not isinstance(value, dict) for value in values):
            self.note(key, f"`{key}` must be tables, one or more: [[{key}]]")
            return []
        return [Table(self.notes, (*self.where, key, n), value) for n, value in enumerate(values)]

    def table(self, key: str, *, needed: bool = True) -> "Table | None":
        value: dict[str, Any] | None = self.take(key, dict, needed=needed)
        return None if value is None else Table(self.notes, (*self.where, key), value)

    def done(self) -> None:
        """Notes every key that nobody asked for."""
        for key in self.raw:
            if key not in self.asked:
                self.notes.unknown((*self.where, key), key, self.asked)


def check_text(notes: Notes, where: Where, text: dict[str, Any]) -> None:
    """Notes what is wrong with a text: other than words, empty, without the first language, with gaps."""
    name = str(where[-1])
    for language, words in text.items():
        if not isinstance(words, str) or not words.strip():
            notes.note((*where, language), f"`{name}.{language}` must be words")
        elif language not in notes.languages:
            notes.unknown((*where, language), language, notes.languages, "language")
    missing = [language for language in notes.languages if language not in text]
    if missing and missing[0] == notes.languages[0]:
        notes.note(where, f"`{name}` is missing in {missing[0]}, the first language")
    elif missing:
        notes.note(where, f"`{name}` is not translated to {', '.join(missing)}", "yellow")


def _slug(value: str) -> str:
    if SLUG.fullmatch(value) is None or len(value) > SLUG_MAX:
        raise ValueError(f"{value!r} is no id: at most {SLUG_MAX} small letters, digits and single hyphens")
    return value
