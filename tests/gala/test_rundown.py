"""Rundowns as files: whatever is wrong is said, all of it, each on its line.

A small rundown is good; each case breaks one thing of it. The line on which the fault must be reported is
the one that holds ``# here``.
"""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from gala.rundown import Cue, Rundown
from gala.rundown.check import check
from gala.rundown.file import Faults, load, read
from gala.rundown.lines import Lines
from gala.rundown.rules import prizes_minor
from gala.rundown.times import Calendar, duration_ms, shown
from gala.show.planner import Window, planned_windows, window_ms


def windows(rundown: Rundown) -> list[Window]:
    """As planned, of all rounds."""
    delays_ms = [channel.delay_ms for channel in rundown.channels]
    return [window for segment in rundown.segments for window in planned_windows(rundown, segment, delays_ms)]


SHIPPED = Path(__file__).parents[2] / "gala" / "rundowns"

GOOD = """
[show]
id = "gala"
name = { en = "Gala", zh-CN = "晚会" }
languages = ["en", "zh-CN"]
zone = "Asia/Shanghai"
date = 2019-11-10
starts = 23:00:00
ends = 00:30:00
currency = "XTS"

[[channels]]
id = "hall"
name = { en = "Hall", zh-CN = "现场" }
delay = "0s"
[[channels]]
id = "cable"
name = { en = "Cable", zh-CN = "有线" }
delay = "20s"

[[segments]]
id = "opening"
title = { en = "Opening", zh-CN = "开场" }
card = { en = "Hello", zh-CN = "你好" }
plan = 23:00:00

[[segments]]
id = "tetris"
title = { en = "Tetris", zh-CN = "方块" }
card = { en = "Two teams", zh-CN = "两队" }
question = { en = "Who wins?", zh-CN = "谁赢？" }
plan = 23:30:00
[segments.poll]
kind = "predict"
tickets = 1
[[segments.poll.choices]]
id = "comets"
label = { en = "Comets", zh-CN = "彗星" }
[[segments.poll.choices]]
id = "harbour"
label = { en = "Harbour", zh-CN = "港湾" }
[segments.cues]
start = "go"
open = "go; both teams stand"
lock = "after 1m"
settle = "go"
reveal = "go"
end = "after 20s"

[[segments]]
id = "draw"
title = { en = "Draw", zh-CN = "抽奖" }
card = { en = "Ten prizes", zh-CN = "十份奖" }
plan = 23:50:00
[segments.draw]
number = 1
from = ["tetris"]
valid_from = 2019-11-11T00:00:00
valid_until = 2019-11-12T00:00:00
cap = 2
[[segments.draw.prizes]]
count = 10
face_minor = 50_00
title = { en = "Voucher", zh-CN = "券" }
[segments.cues]
start = "go"
freeze = "go"
announce = "go"

[[segments]]
id = "midnight"
title = { en = "Midnight", zh-CN = "零点" }
card = { en = "Soon", zh-CN = "快了" }
plan = 23:58:00
countdown = 00:00:00
[segments.cues]
start = "at 23:58:00"
end = "at 00:01:00"
"""

BROKEN = {
    # name: (what is replaced, what replaces it, segment, what the fault says)
    "not TOML": ('currency = "XTS"', "currency = XTS # here", "", "not TOML"),
    "no id": ('id = "gala"\n', "", "", "`id` is missing"),
    "an id that is no slug": ('id = "hall"', 'id = "The Hall" # here', "", "is no id"),
    "an unknown key": (
        'currency = "XTS"',
        'currency = "XTS"\ncurency = "XTS" # here',
        "",
        "did you mean `currency`?",
    ),
    "an unknown table": ("[[channels]]\nid", "[[chanels]] # here\nid", "", "did you mean `channels`?"),
    "an unknown key of a segment": (
        "countdown = 00:00:00",
        "countdwn = 00:00:00 # here",
        "midnight",
        "unknown key `countdwn`: did you mean `countdown`?",
    ),
    "an unknown game": (
        "[segments.poll]",
        "[segments.pol] # here",
        "tetris",
        "unknown game `pol`: did you mean `poll`",
    ),
    "a game that does not exist": (
        "plan = 23:00:00",
        "plan = 23:00:00\n[segments.juggling] # here",
        "opening",
        "unknown game `juggling`: known are poll",
    ),
    "a key the game does not know": ("tickets = 1", "ticket = 1 # here", "tetris", "unknown field `ticket`"),
    "a setting the game refuses": (
        'kind = "predict"',
        'kind = "guess" # here',
        "tetris",
        "poll: Invalid enum value",
    ),
    "a choice twice": ('id = "harbour"', 'id = "comets"', "tetris", "'comets' comes twice"),
    "a time in quotes": ("starts = 23:00:00", 'starts = "23:00:00" # here', "", "without quotes"),
    "a zone nobody knows": ('zone = "Asia/Shanghai"', 'zone = "Asia/Shangai" # here', "", "is no time zone"),
    "an odd currency": ('currency = "XTS"', 'currency = "yuan" # here', "", "is no currency"),
    "an odd language": ('["en", "zh-CN"]', '["en", "zh-CN", "x"] # here', "", "different language tags"),
    "a delay that is no duration": ('delay = "20s"', 'delay = "20" # here', "", "is no duration"),
    "a delay beyond sense": ('delay = "20s"', 'delay = "1h" # here', "", "at most 10m"),
    "a channel twice": ('id = "cable"', 'id = "hall" # here', "", "stands for another channel"),
    "a segment twice": ('id = "draw"', 'id = "tetris" # here', "tetris", "stands for another segment"),
    "a text without the first language": (
        'title = { en = "Opening", zh-CN = "开场" }',
        'title = { zh-CN = "开场" } # here',
        "opening",
        "`title` is missing in en",
    ),
    "a text in a language not declared": (
        'title = { en = "Opening",',
        'title = { en = "Opening", zh = "开场",',
        "opening",
        "unknown language `zh`: known are en, zh-CN",
    ),
    "an empty text": ('{ en = "Hello",', '{ en = " ",', "opening", "`card.en` must be words"),
    "a choice without the first language": (
        'label = { en = "Comets", zh-CN = "彗星" }',
        'label = { zh-CN = "彗星" } # here',
        "tetris",
        "`label` is missing in en",
    ),
    "no question": (
        'question = { en = "Who wins?", zh-CN = "谁赢？" }\n',
        "",
        "tetris",
        "`question` is missing",
    ),
    "a plan that goes back": ("plan = 23:50:00", "plan = 23:20:00 # here", "draw", "earlier than tetris"),
    "a plan at the same moment": (
        "plan = 23:50:00",
        "plan = 23:30:00 # here",
        "draw",
        "same moment as tetris",
    ),
    "a plan outside the show": ("plan = 23:58:00", "plan = 22:58:00 # here", "midnight", "outside the show"),
    "a countdown into the past": (
        "countdown = 00:00:00",
        "countdown = 23:57:00 # here",
        "midnight",
        "before the segment begins",
    ),
    "a game and a countdown": (
        "plan = 23:30:00",
        "plan = 23:30:00\ncountdown = 23:40:00",
        "tetris",
        "has a game and a countdown",
    ),
    "an unknown cue": (
        'lock = "after 1m"',
        'lok = "after 1m" # here',
        "tetris",
        "unknown cue `lok`: did you mean `lock`",
    ),
    "a cue nobody understands": ('lock = "after 1m"', 'lock = "soon" # here', "tetris", "neither"),
    "a cue after a time that is none": (
        'lock = "after 1m"',
        'lock = "after lunch" # here',
        "tetris",
        "no duration",
    ),
    "a cue at a time that is none": (
        'start = "at 23:58:00"',
        'start = "at 25:00" # here',
        "midnight",
        "is no time",
    ),
    "go with a time": ('settle = "go"', 'settle = "go 5s" # here', "tetris", "neither"),
    "a first cue that waits": (
        'start = "go"\nopen',
        'start = "after 5s" # here\nopen',
        "tetris",
        "after nothing",
    ),
    "a first cue other than start": ('start = "go"\nopen', "open", "tetris", "the first cue is `start`"),
    "lock before open": (
        'open = "go; both teams stand"\nlock = "after 1m"',
        'lock = "after 1m" # here\nopen = "go"',
        "tetris",
        "`lock` needs `open` before it",
    ),
    "end before reveal": (
        'reveal = "go"\nend = "after 20s"',
        'end = "after 20s"\nreveal = "go" # here',
        "tetris",
        "`reveal` cannot come after `end`",
    ),
    "open without lock": (
        'lock = "after 1m"\nsettle = "go"\nreveal = "go"\n',
        "",
        "tetris",
        "`open` without `lock`",
    ),
    "a prediction without settle": ('settle = "go"\n', "", "tetris", "a prediction needs `settle`"),
    "settle by itself": (
        'settle = "go"',
        'settle = "after 5s" # here',
        "tetris",
        "a person names the outcome",
    ),
    "an opinion with settle": ('kind = "predict"', 'kind = "opinion"', "tetris", "the stage decides nothing"),
    "a lock without a game": (
        'end = "at 00:01:00"',
        'lock = "go" # here\nend = "at 00:01:00"',
        "midnight",
        "has none",
    ),
    "a freeze without a draw": ('reveal = "go"', 'freeze = "go" # here', "tetris", "has none"),
    "announce without freeze": ('freeze = "go"\nannounce', "announce", "draw", "`announce` needs `freeze`"),
    "no end": ('end = "at 00:01:00"\n', "", "midnight", "the last segment needs an `end`"),
    "a draw from nowhere": ('from = ["tetris"]', 'from = ["tetriss"]', "draw", "no segment `tetriss`"),
    "a draw from a card": ('from = ["tetris"]', 'from = ["opening"]', "draw", "`opening` gives no entries"),
    "a draw from a game without tickets": ("tickets = 1\n", "", "draw", "`tetris` gives no entries"),
    "a draw from nothing": ('from = ["tetris"]', "from = [] # here", "draw", "`from` must name segments"),
    "a prize for nobody": ("count = 10", "count = 0 # here", "draw", "at least 1"),
    "a price in quotes": (
        "face_minor = 50_00",
        'face_minor = "50.00" # here',
        "draw",
        "must be a whole number",
    ),
    "a segment twice in a draw": ('["tetris"]', '["tetris", "tetris"]', "draw", "`tetris` is named twice"),
    "a cap above the prizes": (
        "cap = 2",
        "cap = 11",
        "draw",
        "a cap of 11 prizes a viewer, and there are 10",
    ),
    "a cap that no byte holds": (
        "cap = 2",
        "cap = 256\ncap_with = [1]",
        "draw",
        "a `cap` with earlier draws is at most 255, not 256",
    ),
    "a cap of nothing": ("cap = 2", "cap = 0 # here", "draw", "at least 1"),
    "vouchers that end before they begin": (
        "valid_until = 2019-11-12",
        "valid_until = 2019-11-10",
        "draw",
        "end before they begin",
    ),
    "a validity with an offset": (
        "valid_from = 2019-11-11T00:00:00",
        "valid_from = 2019-11-11T00:00:00Z # here",
        "draw",
        "without offset",
    ),
}


def faults_of(source: str) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.segment, fault.message) for fault in read(source.encode()).faults]


def test_the_good_one_is_good() -> None:
    reading = read(GOOD.encode())
    assert (reading.faults, reading.warnings) == ([], [])


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_said_once_with_its_line_and_segment(name: str) -> None:
    old, new, segment, words = BROKEN[name]
    assert GOOD.count(old) >= 1
    source = GOOD.replace(old, new, 1)
    found = faults_of(source)
    [(line, where, _)] = [fault for fault in found if words in fault[2]]
    assert where == segment
    if "# here" in source:
        assert "# here" in source.splitlines()[line - 1]


def test_all_faults_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    source = GOOD
    for name in ("an odd currency", "a delay that is no duration", "an unknown cue", "a prize for nobody"):
        old, new, *_ = BROKEN[name]
        source = source.replace(old, new, 1)
    (tmp_path / "evening.toml").write_text(source)
    with pytest.raises(Faults) as caught:
        load(tmp_path / "evening.toml")
    lines = [fault.line for fault in caught.value.faults]
    assert len(lines) >= 4
    assert lines == sorted(lines)
    assert "evening.toml, line 10: " in str(caught.value)


def test_what_is_missing_altogether_is_said() -> None:
    messages = [message for _, _, message in faults_of("")]
    assert messages == [
        f"`{key}` is missing" for key in ("show", *messages_of_an_empty_show(), "channels", "segments")
    ]


def messages_of_an_empty_show() -> list[str]:
    return ["id", "languages", "zone", "date", "starts", "ends", "name", "currency"]


def test_missing_translations_warn_and_do_not_prevent() -> None:
    reading = read(GOOD.replace(', zh-CN = "港湾"', "").encode())
    [warning] = reading.warnings
    assert (warning.segment, warning.message, warning.level) == (
        "tetris",
        "`label` is not translated to zh-CN",
        "yellow",
    )
    assert reading.rundown is not None


@pytest.mark.parametrize(
    ("delay", "level", "words"),
    [
        ("52s", "ok", ""),
        ("53s", "yellow", "sees only 7 s"),
        ("60s", "red", "open 8 s earlier"),
        ("90s", "red", "-30 s"),
    ],
)
def test_a_channel_too_slow_for_a_window_is_named_with_its_seconds(
    delay: str, level: str, words: str
) -> None:
    reading = read(GOOD.replace('delay = "20s"', f'delay = "{delay}"').encode())
    assert reading.rundown is not None
    assert [w.level for w in windows(reading.rundown) if w.channel.id == "cable"] == [level]
    if level == "ok":
        assert not reading.warnings
    else:
        [warning] = reading.warnings
        assert warning.level == level
        assert "cable" in warning.message
        assert words in warning.message
        assert GOOD.splitlines()[warning.line - 1].startswith("open =")


def test_times_after_midnight_are_the_next_days_and_printed_in_the_shows_zone(tmp_path: Path) -> None:
    (tmp_path / "evening.toml").write_text(GOOD)
    rundown = load(tmp_path / "evening.toml")

    def utc(text: str) -> int:
        return int(dt.datetime.fromisoformat(text + "+00:00").timestamp() * 1000)

    assert rundown.starts_at_ms == utc("2019-11-10T15:00:00")
    assert rundown.ends_at_ms == utc("2019-11-10T16:30:00")
    midnight = rundown.segment("midnight")
    assert midnight.countdown_at_ms == utc("2019-11-10T16:00:00")
    assert [cue.at_ms for cue in midnight.cues] == [utc("2019-11-10T15:58:00"), utc("2019-11-10T16:01:00")]
    assert [segment.plan_ms // 60_000 for segment in rundown.segments] == [30, 20, 8, 32]


def test_cues_say_who_fires_them_and_what_the_crew_should_know() -> None:
    rundown = read(GOOD.encode()).rundown
    assert rundown is not None
    assert rundown.segment("tetris").cues[1:3] == (
        Cue(id="tetris.open", do="open", by="go", note="both teams stand"),
        Cue(id="tetris.lock", do="lock", by="after", after_ms=60_000),
    )
    assert rundown.segment("opening").cues == (Cue(id="opening.start", do="start", by="go"),)
    assert rundown.segment("tetris").game is not None
    assert rundown.segment("tetris").game.outcomes == ("comets", "harbour")  # type: ignore[union-attr]


def test_notes_are_for_the_crew_and_a_viewer_wins_once_unless_said_otherwise() -> None:
    source = GOOD.replace("cap = 2\n", "").replace('id = "draw"', 'id = "draw"\nnote = "urn on"')
    rundown = read(source.encode()).rundown
    assert rundown is not None
    draw = rundown.segment("draw")
    assert (draw.note, draw.draws[0].cap) == ("urn on", 1)


def test_a_clock_change_leaves_no_doubt() -> None:
    """Berlin 2019: 02:00-03:00 came twice on 27 October and not at all on 31 March."""
    berlin = ZoneInfo("Europe/Berlin")
    autumn = Calendar(berlin, dt.date(2019, 10, 26), dt.time(22))
    with pytest.raises(ValueError, match="comes twice"):
        autumn.at_ms(dt.time(2, 30))
    assert autumn.at_ms(dt.time(3)) - autumn.at_ms(dt.time(1)) == 3 * 3_600_000
    spring = Calendar(berlin, dt.date(2019, 3, 30), dt.time(22))
    with pytest.raises(ValueError, match="does not come"):
        spring.at_ms(dt.time(2, 30))
    assert spring.at_ms(dt.time(3)) - spring.at_ms(dt.time(1)) == 3_600_000


def test_durations() -> None:
    assert [duration_ms(text) for text in ("36s", "5m30s", "1h", "0.5s", "0s", "1h1s")] == [
        36_000,
        330_000,
        3_600_000,
        500,
        0,
        3_601_000,
    ]
    assert [shown(ms) for ms in (0, 500, 75_000, -9_000, 7_200_000)] == ["0s", "0.5s", "1m15s", "-9s", "2h"]
    for text in ("", "36", "s", "-5s", "1m 5s", "5s3m", "25h", "1e3s", "٣s" * 2):
        with pytest.raises(ValueError, match=r"no duration|more than a day"):
            duration_ms(text)


@pytest.mark.parametrize("name", ["countdown-gala-2019", "short", "rain"])
def test_the_shipped_ones_have_neither_faults_nor_warnings(name: str) -> None:
    reading = read((SHIPPED / f"{name}.toml").read_bytes(), SHIPPED)
    assert (reading.faults, reading.warnings) == ([], [])
    assert reading.rundown is not None
    assert reading.rundown.id == name
    assert reading.rundown.currency == "XTS"
    for segment in reading.rundown.segments:
        texts = [segment.title, segment.card, *([segment.question] if segment.question else [])]
        assert all(set(text) == {"en", "zh-CN", "ar", "es", "th", "sw"} for text in texts)


def test_the_real_evening_is_the_real_evening() -> None:
    rundown = load(SHIPPED / "countdown-gala-2019.toml")
    clock = dt.datetime.fromtimestamp(rundown.ends_at_ms / 1000, ZoneInfo(rundown.zone))
    assert f"{clock}" == "2019-11-11 00:05:00+08:00"
    assert [channel.delay_ms for channel in rundown.channels] == [0, 7000, 20_000, 29_000, 45_000]
    rain = {window.visible_ms for window in windows(rundown) if window.segment == "red-envelopes"}
    assert rain == {15_000}, "everyone has the same"
    others = [window.visible_ms for window in windows(rundown) if window.segment != "red-envelopes"]
    assert min(others) >= 30_000
    assert [segment.id for segment in rundown.segments if segment.look_up] == ["quiet-song"]
    assert sum(prizes_minor(segment) for segment in rundown.segments) == 81_850_000


def test_the_short_one_leaves_time_for_the_beacon_within_two_minutes() -> None:
    """The beacon's round is at least 30 s after the roster is frozen."""
    rundown = load(SHIPPED / "short.toml")
    assert rundown.ends_at_ms - rundown.starts_at_ms == 120_000
    draw = rundown.segment("draw")
    frozen_at_ms = draw.plan_at_ms + sum(cue.after_ms for cue in draw.cues if cue.do == "freeze")
    assert frozen_at_ms - rundown.starts_at_ms <= 70_000
    assert rundown.segment("goodbye").plan_at_ms - frozen_at_ms >= 36_000 + draw.cues[-1].after_ms
    assert (window_ms(rundown.segment("tetris")) or 0) >= 18_000


def test_check_prints_the_evening_or_the_faults(tmp_path: Path) -> None:
    console = Console(width=160, record=True, file=(tmp_path / "out").open("w"))
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text(GOOD)
    bad.write_text(GOOD.replace('delay = "20s"', 'delay = "20"'))
    assert check(good, console) == 0
    printed = console.export_text()
    for words in (
        "Asia/Shanghai",
        "lock +1m",
        "at 23:58:00",
        "cable +20s",
        "40s",
        "10 prizes",
        "good, no warnings",
    ):
        assert words in printed
    assert check(bad, console) == 1
    printed = console.export_text()
    assert "bad.toml:19: `delay`: '20' is no duration" in printed
    assert "1 fault" in printed
    assert check(tmp_path / "none.toml", console) == 1
    assert "No such file" in console.export_text()
    console.file.close()


def test_lines_are_found_through_everything_toml_allows() -> None:
    source = '''# a comment with [a.table] and key = 1
top = """
[not.a.table]
key = 1
"""
list = [
  "a]", # ]
  { x = 1, y = ["}"] },
]
a.b."c d" = '#'   # comment
[[t]]
k = 1
[t.s]
m = \'\'\'
 n = 2
\'\'\'
n = 3
[[t]]
k = 4
[[t.u]]
v = 5
[[t.u]]
v = 6 # last
'''
    lines = Lines(source)
    assert [
        lines.of(path)
        for path in (
            ("top",),
            ("list",),
            ("list", 1, "x"),
            ("a", "b", "c d"),
            ("t", 0),
            ("t", 0, "k"),
            ("t", 0, "s", "m"),
            ("t", 0, "s", "n"),
            ("t", 1, "k"),
            ("t", 1, "u", 0, "v"),
            ("t", 1, "u", 1, "v"),
            ("t", 1, "u", 1, "w"),
            ("nowhere",),
        )
    ] == [2, 6, 6, 10, 11, 12, 14, 17, 19, 21, 23, 22, 1]


odd = st.sampled_from(
    [
        "0",
        "-1",
        '""',
        '"x"',
        "[]",
        "[1]",
        "{}",
        '{ en = "a" }',
        "true",
        "1.5",
        "0001-01-01",
        "23:00:00",
        "[[1]]",
    ]
)
whole = GOOD.splitlines()


@given(st.lists(st.tuples(st.integers(0, len(whole) - 1), odd | st.none()), min_size=1, max_size=6))
def test_no_file_however_odd_is_more_than_a_fault(edits: list[tuple[int, str | None]]) -> None:
    """Lines dropped, or given another value."""
    lines = list(whole)
    for n, value in edits:
        lines[n] = (
            "" if value is None or " = " not in lines[n] else f"{lines[n].partition(' = ')[0]} = {value}"
        )
    reading = read("\n".join(lines).encode())
    assert (reading.rundown is None) == bool(reading.faults)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_are_more_than_a_fault(source: bytes) -> None:
    assert read(source).faults
