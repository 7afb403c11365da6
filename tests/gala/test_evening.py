"""A whole evening over real sockets: what a fast channel and a slow one were told, and when."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import aiohttp

from gala.rehearsal import next_act
from gala.store.clients import Clients
from rewards.evidence.checks import verify_bundle
from tests.gala.phones import Phone, Stage, running
from tests.gala.story import SONG, TETRIS

RATE = 20


async def direct(stage: Stage, done: asyncio.Event) -> None:
    """The rehearsal's director, until the evidence is published."""
    while not done.is_set():
        crew = stage.evening.crew
        act = next_act(crew.rundown, crew.state, stage.evening.clock.now_ms())
        if act is not None:
            await stage.cue("go", expect={"standby": act.target}, outcome=act.outcome)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                await done.wait()


async def play(phone: Phone, *choices: tuple[str, str]) -> None:
    """Votes in each round as soon as it is open on this phone."""
    for round_id, choice in choices:
        async with asyncio.timeout(30):
            while True:
                wanted = {"id": round_id, "state": "open"}
                shows = [c["round"] for name, c, _ in phone.heard if name == "show" and c.get("round")]
                if any(wanted.items() <= shown.items() for shown in shows):
                    break
                async with phone.news:
                    await phone.news.wait()
        assert (await phone.play(round_id, 1, choice))["status"] == "counted"


def first(phone: Phone, event: str, meets: Any) -> int:
    """When this phone first heard such a message."""
    return next(now_ms for name, content, now_ms in phone.heard if name == event and meets(content))


async def test_each_channel_learns_results_entries_and_winners_in_its_own_time(
    clients: Clients, valkey_url: str, tmp_path: Path
) -> None:
    async with running(valkey_url, tmp_path, rate=RATE) as stage, aiohttp.ClientSession() as http:
        evening = stage.evening
        phones = {
            0: await Phone.connect(stage, channel="hall"),
            8_000: await Phone.connect(stage, channel="app"),
        }
        for phone in phones.values():
            await phone.ask("enter", {})
        directing = asyncio.create_task(direct(stage, evening.notary.published))
        await asyncio.gather(*(play(phone, (TETRIS, "comets"), (SONG, "owl")) for phone in phones.values()))
        async with http.get(f"{stage.url}/bundle/MANIFEST.json") as response:
            assert response.status == 404
        async with asyncio.timeout(60):
            await directing
        async with http.get(f"{stage.url}/bundle/MANIFEST.json") as response:
            assert response.status == 200
        fired = evening.crew.state.fired
        for delay_ms, phone in phones.items():
            for round_id, cue in ((TETRIS, "tetris.reveal"), (SONG, "last-song.reveal")):

                def is_result(show: Any, round_id: str = round_id) -> bool:
                    shown = show.get("round") or {}
                    return shown.get("id") == round_id and bool(shown.get("result"))

                assert first(phone, "show", is_result) >= fired[cue].at_ms + delay_ms
            announced_ms = fired["draw.announce"].at_ms + delay_ms
            assert first(phone, "show", lambda show: (show.get("draw") or {}).get("winners")) >= announced_ms
            assert first(phone, "mine", lambda mine: mine.get("vouchers")) >= announced_ms
            assert first(phone, "mine", lambda mine: mine.get("draws")) >= announced_ms
            entries = first(phone, "mine", lambda mine: mine.get("rounds", {}).get(SONG, {}).get("entries"))
            assert entries >= fired["last-song.reveal"].at_ms + delay_ms
            mine = await phone.hear("mine", lambda mine: mine.get("vouchers"))
            assert len(mine["vouchers"]) == 1, "ten prizes, two entrants, one each"
            assert mine["vouchers"][0]["currency"] == "XTS"
            assert mine["vouchers"][0]["code"]
            assert mine["draws"][0]["won"] is True
            back = await Phone.connect(stage, channel="app", pass_=(await phone.ask("enter", {}))["pass"])
            assert (await back.hear("welcome"))["mine"]["vouchers"] == mine["vouchers"]
            await back.close()
            await phone.close()
        assert all(check.ok for check in verify_bundle(evening.bundle))
