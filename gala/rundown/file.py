"""Reads a rundown from TOML, and says everything that is wrong with it at once, line by line.

A rundown is written like this. Times are wall-clock times of the show's zone; durations "36s", "5m30s", "1h":

    [show]
    id = "my-gala"
    name = { en = "My gala" }
    languages = ["en", "zh-CN"]     # every text has the first; where others are missing, a warning says so
    zone = "Asia/Shanghai"
    date = 2019-11-10
    starts = 19:30:00
    ends = 00:05:00                 # the next day: a time is its first occurrence from the start on
    currency = "XTS"
    numbers_max = 1_000_000         # optional: viewers who may play
    parties = ["operator", "auditor"]   # optional: who commit to a secret for each draw; the first is us
    witnesses = ["auditor.example+…"]   # keys of those who may cosign the log; a show with draws needs one

    [[channels]]
    id = "cable"
    name = { en = "Cable" }
    delay = "20s"                   # behind the hall

    [[segments]]
    id = "tetris"
    title = { en = "Human Tetris" }
    card = { en = "Shown while nothing is open." }
    question = { en = "Who is still standing?" }
    plan = 20:10:00                 # planned to last until the next one
    [segments.poll]                 # its game, by name, with the game's settings
    kind = "predict"
    [segments.cues]                 # in this order; without cues a segment starts by GO
    start = "go"
    open = "go; when both teams stand"        # what follows the semicolon is for the crew
    lock = "after 36s"
    settle = "go"                   # a prediction; a boost has `cut` before its `lock` instead
    reveal = "go"
    end = "after 20s"               # or "at 00:00:00", an instant which nothing moves by accident

A choice of a poll or boost may show a file beside the rundown: ``picture = "pictures/owl.webp"`` (PNG, JPEG,
WebP or SVG, at most 64 KiB).

In place of a game a segment may have a ``[segments.draw]`` (number, from, valid_from, valid_until, cap,
cap_with: earlier draws that the cap counts too, alternates_at: moments when unclaimed prizes pass on, and
``[[segments.draw.prizes]]`` with title, count, face_minor) or ``countdown = 00:00:00``; any may be
``look_up = true``, have a ``note`` for the crew, and name channels that are too late to play
(``watch_only``). A draw with ``eligibility = "account"`` is for verified accounts of the host app alone, but
for those in the lists it may name: ``exclude = ["lists/staff.txt"]``.

A segment with a game may have a draw beside it, from its own round: so a red-envelope rain has

    [segments.rain]
    [segments.draw]
    number = 3
    valid_from = 2019-11-11T00:00:00
    valid_until = 2019-11-12T00:00:00
    [segments.draw.deck]            # in place of prizes: envelopes that sum to the budget exactly
    budget_minor = 250_000_00
    envelopes = 100_000
    least_minor = 1_00
    most_minor = 888_00
    shape = "lucky"                 # a few large, many small; or "even", or "slope"
    [segments.cues]
    start = "go"
    open = "go"
    lock = "after 15s"
    reveal = "after 0s"             # waits until the slowest channel has played
    freeze = "after 0s"             # waits until the box is sealed
    announce = "after 2s"           # waits until the envelopes are drawn; another segment may be on air

or several ``[[segments.draw]]``, each with ``channels = ["cable", "app"]`` and a deck of its own. With
``apart = true`` in each of them a deck is dealt after its own channels' close and announced by itself: such a
segment has no ``freeze`` and no ``announce``.
"""

import datetime as dt
import re
import tomllib
from functools import partial
from pathlib import Path
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from gala.rundown import Act, Channel, Cue, Rundown, Segment
from gala.rundown.beside import digest
from gala.rundown.draw import read_draws
from gala.rundown.game import read_game
from gala.rundown.lines import Lines, Where
from gala.rundown.lists import Lists
from gala.rundown.pictures import Pictures
from gala.rundown.rules import findings
from gala.rundown.table import Fault, Notes, Table
from gala.rundown.times import Calendar, clock_time, duration_ms
from rewards.log.note import COSIGNATURE, BadNote, Verifier

ACTS: tuple[Act, ...] = get_args(Act)

PARTIES = ("operator", "auditor")
CHANNELS_MAX = 64
DELAY_MS_MAX = 600_000
"""Ten minutes: what lags further is not watching the evening."""

_CUE = re.compile(r"(go|after|at)(?:\s+([^\s;]+))?\s*(?:;\s*(.*))?", re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_PARTY = re.compile(r"[a-z][a-z0-9-]{0,39}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_LINE = re.compile(r"\(at line (\d+)")


class Faults(Exception):
    """A rundown that cannot be used; `faults` in the order of the file, the message one a line."""

    def __init__(self, name: str, faults: list[Fault]) -> None:
        super().__init__("\n".join(f"{name}, {fault}" for fault in faults))
        self.faults = faults


class Reading(msgspec.Struct, frozen=True):
    """A file as read: no rundown if there are faults. `warnings` do not prevent its use."""

    rundown: Rundown | None
    faults: list[Fault]
    warnings: list[Fault]


def load(path: Path) -> Rundown:
    """The rundown in a file. Raises Faults, or OSError if it cannot be read at all."""
    reading = read(path.read_bytes(), path.parent)
    if reading.rundown is None:
        raise Faults(path.name, reading.faults)
    return reading.rundown


def read(source: bytes, folder: Path | None = None) -> Reading:
    """Reads and checks a rundown; never raises, whatever the bytes. `folder`: where its pictures and
    lists are."""
    try:
        text = source.decode()
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        return Reading(None, [Fault(line, "", "not UTF-8")], [])
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        return Reading(None, [Fault(line, "", f"not TOML: {_LINE.split(str(error))[0].strip()}")], [])
    notes = Notes(raw, Lines(text))
    rundown = _Reader(notes, Table(notes, (), raw), source, Pictures(folder), Lists(folder)).rundown()
    index = {segment.id: n for n, segment in reversed(list(enumerate(rundown.segments)))}
    for finding in findings(rundown):
        at: Where = ("segments", index[finding.segment])
        key = ("cues", finding.cue) if finding.cue in ACTS else (finding.cue,)
        notes.note((*at, *key), finding.message, finding.level)
    noted = sorted(notes.noted, key=lambda fault: fault.line)
    faults = [fault for fault in noted if fault.level == "fault"]
    warnings = [fault for fault in noted if fault.level != "fault"]
    return Reading(None if faults else rundown, faults, warnings)


class _Reader:
    """One reading of one file. `calendar` is set by `show` before segments are read."""

    def __init__(self, notes: Notes, top: Table, source: bytes, pictures: Pictures, lists: Lists) -> None:
        self.notes = notes
        self.top = top
        self.source = source
        self.pictures = pictures
        self.lists = lists
        self.calendar = Calendar(ZoneInfo("UTC"), dt.date(1970, 1, 1), dt.time())
        self.seen: dict[tuple[str, str], None] = {}

    def rundown(self) -> Rundown:
        """The rundown, with empty values in place of what was at fault."""
        show = self.top.table("show") or Table(self.notes, ("show",), {})
        show_id = show.slug()
        languages = self._languages(show)
        self.notes.languages = languages
        zone = show.written("zone", _zone)
        date = show.take("date", dt.date)
        starts = show.take("starts", dt.time)
        if zone and date and starts:
            self.calendar = Calendar(zone, date, starts)
        starts_at_ms = self._at_ms(show, "starts", starts)
        ends_at_ms = self._at_ms(show, "ends", show.take("ends", dt.time))
        name = show.text("name")
        currency = show.written("currency", _currency) or ""
        numbers_max = show.count("numbers_max", 1, needed=False)
        parties, witnesses = self._parties(show), self._witnesses(show)
        show.done()
        channels = self._channels()
        segments = self._segments(ends_at_ms)
        self.top.done()
        return Rundown(
            id=show_id,
            name=name,
            zone=zone.key if zone else "",
            starts_at_ms=starts_at_ms,
            ends_at_ms=ends_at_ms,
            currency=currency,
            languages=languages,
            channels=channels,
            segments=segments,
            digest=digest(self.source, self.pictures.held | self.lists.held),
            pictures=self.pictures.held,
            numbers_max=numbers_max or 1_000_000,
            parties=parties,
            witnesses=witnesses,
        )

    def _parties(self, show: Table) -> tuple[str, ...]:
        found = show.take("parties", list, needed=False)
        if found is None:
            return PARTIES
        if len(set(map(str, found))) != len(found) or len(found) < 2 or any(not _is_name(p) for p in found):
            show.note(
                "parties", '`parties` must be at least two different names, such as ["operator", "auditor"]'
            )
            return PARTIES
        return tuple(found)

    def _witnesses(self, show: Table) -> tuple[str, ...]:
        found = show.take("witnesses", list, needed=False) or []
        for key in found:
            try:
                kind = Verifier.parse(key).kind if isinstance(key, str) else b""
            except BadNote as error:
                show.note("witnesses", f"`witnesses`: {key!r} is {error}")
                return ()
            if kind != COSIGNATURE:
                show.note("witnesses", f"`witnesses`: {key!r} is no key of `gala witness`")
                return ()
        return tuple(found)

    def _languages(self, show: Table) -> tuple[str, ...]:
        languages = show.take("languages", list)
        if languages is None:
            return ()
        good = tuple(tag for tag in languages if isinstance(tag, str) and _LANGUAGE.fullmatch(tag))
        if len(good) != len(languages) or len(set(good)) != len(good) or not good:
            show.note("languages", '`languages` must be different language tags, such as ["en", "zh-CN"]')
        return good

    def _at_ms(self, table: Table, key: str, time: dt.time | None) -> int:
        try:
            return 0 if time is None else self.calendar.at_ms(time)
        except ValueError as error:
            table.note(key, f"`{key}`: {error}")
            return 0

    def _unique(self, table: Table, kind: str, name: str) -> None:
        if name and (kind, name) in self.seen:
            table.note("id", f"the id `{name}` stands for another {kind} already")
        self.seen[kind, name] = None

    def _channels(self) -> tuple[Channel, ...]:
        channels = []
        for table in self.top.tables("channels"):
            channel = Channel(
                id=table.slug(),
                name=table.text("name"),
                delay_ms=table.duration("delay"),
                region=table.take("region", str, needed=False) or "",
            )
            self._unique(table, "channel", channel.id)
            if channel.delay_ms > DELAY_MS_MAX:
                table.note("delay", "`delay` must be at most 10m")
            table.done()
            channels.append(channel)
        if len(channels) > CHANNELS_MAX:
            self.top.note("channels", f"at most {CHANNELS_MAX} channels")
        return tuple(channels)

    def _segments(self, ends_at_ms: int) -> tuple[Segment, ...]:
        segments: list[Segment] = []
        for table in self.top.tables("segments"):
            before = segments[-1].plan_at_ms + 1 if segments else 0
            segments.append(self._segment(table, before))
            self._unique(table, "segment", segments[-1].id)
        ends = [*(segment.plan_at_ms for segment in segments), ends_at_ms][1:]
        return tuple(
            msgspec.structs.replace(segment, plan_ms=max(0, end - segment.plan_at_ms))
            for segment, end in zip(segments, ends, strict=True)
        )

    def _segment(self, table: Table, plan_at_ms: int) -> Segment:
        """A segment; `plan_at_ms` is taken if its own plan is at fault, so that this shows once."""
        segment_id = table.slug()
        title, card = table.text("title"), table.text("card")
        question = table.text("question", needed=False)
        note = table.take("note", str, needed=False) or ""
        plan = table.take("plan", dt.time)
        countdown = table.take("countdown", dt.time, needed=False)
        watch_only = table.take("watch_only", list, needed=False) or []
        strange = [name for name in watch_only if ("channel", name) not in self.seen]
        if strange:
            table.note("watch_only", f"`watch_only`: there is no channel {strange[0]!r}")
        look_up = table.take("look_up", bool, needed=False) or False
        cues = table.table("cues", needed=False)
        table.asked["draw"] = None
        game = read_game(table, self.pictures)
        channels = [name for kind, name in self.seen if kind == "channel"]
        own_round = game is not None
        draws = read_draws(table, self.calendar, channels, self.lists, own_round=own_round, title=title)
        given = [name for name, it in (("a game", game), ("a draw", draws), ("a countdown", countdown)) if it]
        if len(given) > 1 and given != ["a game", "a draw"]:
            table.note("", f"has {' and '.join(given)}: a segment is one of them")
        kind: Literal["card", "game", "draw", "countdown"] = "card"
        if game is not None:
            kind = "game"
            if not question:
                table.note("", "`question` is missing: a game asks one")
        elif draws:
            kind = "draw"
        elif countdown is not None:
            kind = "countdown"
        return Segment(
            id=segment_id,
            title=title,
            card=card,
            plan_at_ms=self._at_ms(table, "plan", plan) or plan_at_ms,
            plan_ms=0,
            note=note,
            kind=kind,
            question=question,
            look_up=look_up,
            watch_only=tuple(watch_only),
            countdown_at_ms=self._at_ms(table, "countdown", countdown),
            game=game,
            draws=draws,
            cues=self._cues(cues, segment_id),
        )

    def _cues(self, table: Table | None, segment_id: str) -> tuple[Cue, ...]:
        if table is None:
            return (Cue(id=f"{segment_id}.start", do="start", by="go"),)
        cues = []
        for act in table.raw:
            if act not in ACTS:
                self.notes.unknown((*table.where, act), act, ACTS, "cue")
                continue
            cue = table.written(act, partial(self._cue, f"{segment_id}.{act}", act))
            if cue is not None:
                cues.append(cue)
        return tuple(cues)

    def _cue(self, cue_id: str, act: Act, written: str) -> Cue:
        """``go``, ``after 36s`` or ``at 00:00:00``, each with ``; a note``. ValueError otherwise."""
        found = _CUE.fullmatch(written.strip())
        by = found[1] if found else ""
        if found is None or (by == "go") != (found[2] is None):
            raise ValueError(f'{written!r} is neither "go" nor "after 36s" nor "at 00:00:00"')
        note = (found[3] or "").strip()
        if by == "after":
            return Cue(id=cue_id, do=act, by="after", after_ms=duration_ms(found[2]), note=note)
        if by == "at":
            at_ms = self.calendar.at_ms(clock_time(found[2]))
            return Cue(id=cue_id, do=act, by="at", at_ms=at_ms, note=note)
        return Cue(id=cue_id, do=act, by="go", note=note)


def _zone(written: str) -> ZoneInfo:
    try:
        return ZoneInfo(written)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{written!r} is no time zone: write one such as Asia/Shanghai") from None


def _is_name(party: object) -> bool:
    return isinstance(party, str) and _PARTY.fullmatch(party) is not None


def _currency(written: str) -> str:
    if _CURRENCY.fullmatch(written) is None:
        raise ValueError(f"{written!r} is no currency: three capitals as in ISO 4217, XTS in rehearsals")
    return written
