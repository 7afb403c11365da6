"""The statement: figures from the published files, names from the notary's notes, nothing that runs."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gala.as_run import as_run
from gala.edge.report import Report
from gala.statement import statement
from gala.statement.chronicle import Chronicle, Deed, Refused, chronicle, keep, kept
from gala.statement.look import amount, money
from gala.statement.reckoning import Chance, reckoning
from rewards.evidence.checks import Check, verify_bundle
from tests.gala.story import SHORT, TETRIS, Story

NASTY = '<script>alert("1")</script><img src=x onerror=y>&amp;\''


class Shape(HTMLParser):
    """The tags of a page, their attributes, and the words between them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def notes(**more: object) -> Chronicle:
    found = Chronicle(
        show="short",
        name="The Short Gala",
        zone="Asia/Shanghai",
        starts_at_ms=SHORT.starts_at_ms,
        rounds={TETRIS: "Tetris"},
        deeds=[],
        refused=[],
    )
    return replace(found, **more)


def test_it_tells_what_was_promised_and_given_and_who_did_what(paid: Path) -> None:
    found = reckoning(paid / "bundle", verify_bundle(paid / "bundle"))
    deeds = [Deed(SHORT.starts_at_ms, "director Mei", "override", "open · Tetris: OVERRIDE wide shot")]
    page = statement(
        found,
        notes(deeds=deeds, refused=[Refused(TETRIS, "locked", "Cable", 1_042)]),
        made_at_ms=SHORT.ends_at_ms,
    )
    words = " ".join(Shape(page).words).replace("says PASS or FAIL", "")
    for told in (
        "Statement: The Short Gala",
        "A rehearsal",
        "XTS 310.00",
        "in wallets",
        "Every number could win. 12 numbers had been given out, 12 of them in the busiest minute",
        "12 viewers held 17 tickets",
        "1 in 17.0",
        "director Mei",
        "OVERRIDE wide shot",
        "1,042",
        "Asia/Shanghai",
        found.root,
        found.key,
    ):
        assert told in words, told
    assert words.count("PASS") == len(found.checks)
    assert "FAIL" not in words


def test_its_sums_are_those_of_the_ledger_and_the_winners_those_of_the_ranking(paid: Path) -> None:
    found = reckoning(paid / "bundle", [])
    (draw,) = found.draws
    assert [(tier.budget, tier.issued, tier.winners, tier.vouchers) for tier in draw.tiers] == [
        (10_000, 10_000, 1, 1),
        (15_000, 15_000, 3, 3),
        (6_000, 6_000, 6, 6),
    ]
    for tier in draw.tiers:
        assert tier.budget == tier.redeemed + tier.outstanding + tier.returned
    assert sum(chance.viewers for chance in draw.chances) == draw.entrants == 12
    assert sum(chance.winners for chance in draw.chances) == 10
    assert sum(chance.viewers * chance.tickets for chance in draw.chances) == draw.tickets
    assert draw.chances == sorted(draw.chances, key=lambda chance: chance.tickets)
    assert isinstance(draw.chances[0], Chance)


def test_whatever_people_write_stays_text_and_nothing_runs_or_is_fetched(paid: Path) -> None:
    found = reckoning(paid / "bundle", [Check(NASTY, False, NASTY)])
    hostile = notes(
        name=NASTY,
        rounds={TETRIS: NASTY},
        deeds=[Deed(0, NASTY, kind, NASTY) for kind in ("override", "hold", "kill", "void", "change")],
        refused=[Refused(NASTY, NASTY, NASTY, 1)],
    )
    page = statement(found, hostile, made_at_ms=0)
    shape = Shape(page)
    assert not {"script", "img", "link", "iframe", "object", "form"} & set(shape.tags)
    assert not {name for name in shape.attributes if name.startswith("on") or name in ("src", "href")}
    assert "url(" not in page
    assert "".join(shape.words).count(NASTY) > 10


def test_without_notes_it_says_so_and_stands(paid: Path, tmp_path: Path) -> None:
    page = statement(reckoning(paid / "bundle", []), kept(tmp_path), made_at_ms=0)
    assert page.count("notes are not on this machine") == 2
    assert "has not been checked" in page


def test_the_notes_are_kept_for_the_operator_alone_and_read_again(paid: Path, tmp_path: Path) -> None:
    found = notes(deeds=[Deed(1, "director Mei", "hold", "hold")])
    keep(tmp_path / "books", found)
    assert kept(tmp_path / "books") == found
    assert (tmp_path / "books" / "chronicle.json").stat().st_mode & 0o077 == 0
    shutil.copytree(paid, tmp_path / "played")
    told = kept(tmp_path / "played" / "books")
    assert told is not None, "the notary kept its own when it published"
    assert list(told.rounds) == [TETRIS, "short/last-song/1"]


def test_what_is_out_of_the_ordinary_is_told_with_names_and_the_ordinary_is_not() -> None:
    story = Story()
    assert story.go("tetris.start", reason="the host is late") is None
    assert story.do({"cue": "hold"}, by="director Ana") is None
    story.must("resume")
    story.wait(30)
    story.shut(TETRIS)
    void = {"cue": "void", "target": TETRIS, "reason": "smoke"}
    assert story.do(void, by="director Ana") is None
    report = Report(
        phones=0,
        ack_p50_ms=0,
        ack_p99_ms=0,
        plays_per_s=0,
        seen_at_ms=0,
        refused={},
        refused_by_channel={TETRIS: {"locked": {"hall": 2, "app": 0}}},
    )
    found = chronicle(SHORT, story.state, story.log, [report, report])
    assert [(deed.kind, deed.by) for deed in found.deeds] == [
        ("override", "director Mei"),
        ("hold", "director Ana"),
        ("hold", "director Mei"),
        ("void", "director Ana"),
    ]
    assert "the host is late" in found.deeds[0].what
    assert "smoke" in found.deeds[-1].what
    assert [(one.round, one.reason, one.count) for one in found.refused] == [(TETRIS, "locked", 4)]
    assert len(as_run(SHORT, story.log)) > len(found.deeds)


@settings(max_examples=40)
@given(st.integers(-(10**15), 10**15), st.sampled_from(["CNY", "XTS", "JPY", "KWD"]))
def test_an_amount_says_every_minor_unit(minor: int, currency: str) -> None:
    shown = amount(minor, currency)
    assert int(re.sub(r"[.,]", "", shown)) == minor
    assert money(minor, currency) == f"{currency} {shown}"
    digits = {"JPY": 0, "KWD": 3}.get(currency, 2)
    assert len(shown.partition(".")[2]) == digits
