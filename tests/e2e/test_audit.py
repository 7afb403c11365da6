"""The auditor's page in a real Chromium, over a whole evening that is counted, drawn, paid and published."""

import json
import re
import shutil
from asyncio import to_thread
from pathlib import Path

import pytest
from playwright.async_api import Browser, FilePayload, Locator, Page, expect

from tests.e2e.conftest import Night
from tests.e2e.crew import crew_pass, crew_url, is_clean, vote, wire
from tests.e2e.test_overlay import get
from tests.e2e.test_story import open_poll, phone

pytestmark = pytest.mark.browser

DESK = {"width": 1440, "height": 900}
CODE = re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){3}-[0-9A-Z*~$=]")


async def desk(browser: Browser, night: Night) -> Page:
    page = await (await browser.new_context(viewport=DESK)).new_page()  # type: ignore[arg-type]
    await page.goto(crew_url(night, f"/audit#pass={crew_pass(night, 'auditor')}"))
    await expect(page.get_by_role("heading", name="Every vote once")).to_be_visible()
    return page


def bay(page: Page, name: str) -> Locator:
    return page.locator(".bay", has=page.get_by_role("heading", name=name, exact=True))


async def test_evidence_is_for_auditors_and_directors_alone(night: Night) -> None:
    assert (await to_thread(get, night, "/api/evidence"))[0] == 401
    for role, status in (("overlay", 403), ("merchant", 403), ("auditor", 200), ("director", 200)):
        token = crew_pass(night, role)  # type: ignore[arg-type]  # roles, written out
        assert (await to_thread(get, night, "/api/evidence", token))[0] == status, role


async def test_only_who_asks_is_sent_the_evidence_and_then_whenever_it_changes(night: Night) -> None:
    async with wire(crew_url(night), "/crew") as asked, wire(crew_url(night), "/crew") as silent:
        assert await asked.connect({"pass": crew_pass(night, "auditor")}) == {}
        assert await silent.connect({"pass": crew_pass(night, "director")}) == {}
        first = await asked.ask("evidence")
        assert "rounds" not in first
        await open_poll(night)
        while "rounds" not in await asked.until_event("evidence"):
            pass
        await silent.until_event("desk")
        assert "evidence" not in [name for name, _ in silent.events]


async def test_an_auditor_watches_an_evening_counted_drawn_paid_and_verified(
    night: Night, browser: Browser, tmp_path: Path
) -> None:
    page = await desk(browser, night)
    await expect(page.locator("#log")).to_contain_text("gala/spec/1")
    verify = page.locator("#verify")
    await verify.get_by_role("button", name="Verify what is published").click()
    await expect(verify.get_by_role("status")).to_contain_text("Nothing is published yet")
    await expect(page.locator(".run")).to_contain_text("when every channel has seen the end")
    await is_clean(page)

    voter = await phone(browser, night)
    await open_poll(night)
    await voter.get_by_role("button", name="Comets").click()
    await expect(voter.get_by_text("Counted", exact=True)).to_be_visible()
    assert (await vote(night, "harbour"))["status"] == "counted"
    row = page.locator(".card tr", has_text="Human Tetris").first
    await expect(row).to_contain_text("open")
    await night.to_locked()
    await expect(row).to_contain_text("equal")
    await expect(row).to_contain_text("leaf 4")
    await expect(bay(page, "Boxes")).to_contain_text("PASS")

    await night.go("tetris.settle", "comets")
    await night.go("tetris.reveal")
    await night.go("tetris.end")
    await night.go("draw.start")
    await night.go("draw.freeze")
    await expect(page.locator("#log")).to_contain_text("draw/1/roster")
    for party in ("operator", "auditor"):
        await expect(page.locator("#vouching tr", has_text=party)).to_contain_text("revealed")
    await expect(page.locator("#vouching")).to_contain_text("A rehearsal needs none.")
    night.evening.clock.pace(20)
    await night.until(lambda state: state.draws[1].state == "drawn")
    night.evening.clock.pace(1)
    await night.go("draw.announce")
    await expect(page.locator("#money")).to_contain_text("payouts = winning ranks")
    await night.go("draw.end")
    night.evening.clock.pace(20)
    await expect(page.get_by_text("11 checks pass")).to_be_visible()

    for name in ("Boxes", "Roster", "Draw", "Vouchers", "Ledger"):
        await expect(bay(page, name)).to_contain_text("PASS")
    await expect(page.locator(".run")).to_contain_text("11 passed, 0 failed")
    await expect(page.get_by_text("Checkpoint 14 signed")).to_be_visible()
    await is_clean(page)
    async with page.context.expect_page() as opened:
        await page.get_by_role("button", name="Statement").click()
    statement = await opened.value
    await expect(statement.get_by_role("heading", name="Statement: ")).to_be_visible()
    await expect(statement.locator("tbody").first).to_contain_text("First prize")
    await is_clean(statement)
    await statement.close()

    await verify.get_by_role("button", name="Verify what is published").click()
    await expect(verify.get_by_role("status")).to_contain_text("PASS: the evidence published here")
    await expect(verify).to_contain_text("draw 1 result")
    await is_clean(page)
    copy = Path(shutil.copytree(night.evening.bundle, tmp_path / "copy"))
    (copy / "prizes.csv").write_text((copy / "prizes.csv").read_text().replace(",0,", ",1,", 1))
    await verify.get_by_label("Choose a folder").set_input_files(copy)
    await expect(verify.get_by_role("status")).to_contain_text("FAIL: copy")
    await expect(verify.locator(".bad")).to_contain_text("prizes.csv is another file")
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", night.evening.bundle)
    await verify.get_by_label("Choose a zip").set_input_files(packed)
    await expect(verify.get_by_role("status")).to_contain_text("PASS: packed.zip")

    fetched = "fetch('/api/proof?draw=1', {headers: {authorization: `Bearer ${localStorage['gala.pass']}`}})"
    proof = await voter.evaluate(f"{fetched}.then((reply) => reply.text())")
    bring = verify.get_by_label("Choose a viewer’s proof")
    file: FilePayload = {
        "name": "gala-proof-1.json",
        "mimeType": "application/json",
        "buffer": proof.encode(),
    }
    await bring.set_input_files(file)
    await expect(verify.get_by_role("status")).to_contain_text("PASS: the proof in gala-proof-1.json")
    await expect(verify).to_contain_text("a REHEARSAL beacon, whose signature is good")
    await is_clean(page)
    await bring.set_input_files({**file, "name": "letter.json", "buffer": b"{}"})
    await expect(verify.get_by_role("status")).to_contain_text("FAIL: the proof in letter.json")
    await expect(verify.locator(".bad")).to_contain_text("no proof that a phone saved")

    status, body = await to_thread(get, night, "/api/evidence", crew_pass(night, "auditor"))
    assert status == 200
    assert len(json.loads(body)["leaves"]) == 14
    token = await voter.evaluate("localStorage['gala.pass']")
    for private in (token, night.evening.passes.read_viewer(token).viewer):
        assert private.encode() not in body
    assert CODE.search(body.decode()) is None, "no code of a voucher leaves the wallet"


async def test_a_refused_play_is_told_by_its_reason(night: Night, browser: Browser) -> None:
    page = await desk(browser, night)
    await open_poll(night)
    async with wire(night.phone_url.rstrip("/"), "/viewer") as stranger:
        assert await stranger.connect({}) == {}
        await stranger.until_event("welcome")
        await stranger.send(
            "play", {"round": "hands/tetris/1", "seq": 1, "at_ms": 0, "move": {"choices": []}}
        )
        await expect(page.get_by_role("heading", name="Why 1 play was refused")).to_be_visible()
    await expect(page.locator("#plays")).to_contain_text("Take your seat first.")


async def test_a_pass_for_another_role_is_told_so_and_how_to_get_one(night: Night, browser: Browser) -> None:
    page = await browser.new_page()
    await page.goto(crew_url(night, f"/audit#pass={crew_pass(night, 'overlay')}"))
    await expect(page.get_by_role("alert")).to_contain_text("for another role")
    await expect(page.get_by_text("gala pass --role auditor")).to_be_visible()
    assert "pass=" not in page.url
    await is_clean(page)
