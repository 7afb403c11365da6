"""What is served over HTTP on both listeners, to whom, and the crew's socket."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from gala.edge import pages
from gala.store.clients import Clients
from tests.conftest import PATIENCE_S
from tests.gala.phones import Join, Phone, Refused, Stage, running
from tests.gala.story import SHORT, TETRIS


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as session:
        yield session


async def post(http: aiohttp.ClientSession, stage: Stage, content: Any, role: str = "director") -> Any:
    """(status, reply) of a cue; content as JSON, or as the bytes it is."""
    headers = {"authorization": f"Bearer {stage.crew_pass(role)}"}
    sent: Any = {"data": content} if isinstance(content, bytes) else {"json": content}
    async with http.post(f"{stage.crew_url}/api/cues", headers=headers, **sent) as response:
        return response.status, await response.json()


async def get(http: aiohttp.ClientSession, url: str | URL, token: str = "") -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    async with http.get(url, headers=headers) as response:
        kind = response.content_type
        return response.status, await (response.json() if kind == "application/json" else response.text())


# ---------------------------------------------------------------- public


async def test_it_says_that_it_lives_and_that_it_is_ready(stage: Stage, http: aiohttp.ClientSession) -> None:
    for base in (stage.url, stage.crew_url):
        for path in ("/healthz", "/readyz"):
            assert await get(http, base + path) == (200, "ok\n")


async def test_every_answer_carries_the_headers_that_protect_its_reader(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    for url in (f"{stage.url}/healthz", f"{stage.url}/nowhere", f"{stage.crew_url}/director"):
        async with http.get(url) as response:
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["referrer-policy"] == "no-referrer"
            policy = response.headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert ("frame-ancestors 'none'" in policy) == url.startswith(stage.crew_url)
            assert "server" not in response.headers


async def test_texts_are_served_by_the_hash_that_a_show_tells_and_kept_for_ever(
    stage: Stage, http: aiohttp.ClientSession, join: Join
) -> None:
    phone = await join()
    await stage.go("tetris.start")
    show = await phone.hear("show", lambda show: show.get("segment"))
    async with http.get(f"{stage.url}/texts/{show['segment']['text']}.json") as response:
        assert (response.status, (await response.json())["title"]["en"]) == (200, "Human Tetris")
        assert "immutable" in response.headers["cache-control"]
    status, _ = await get(http, f"{stage.url}/texts/{'0' * 32}.json")
    assert status == 404


async def test_anyone_may_join_and_gets_a_pass_without_a_number(
    stage: Stage, http: aiohttp.ClientSession, join: Join
) -> None:
    async with http.post(f"{stage.url}/api/join") as response:
        joined = await response.json()
    assert joined["show"] == SHORT.id
    phone = await join(pass_=joined["pass"])
    welcome = await phone.hear("welcome")
    assert welcome["viewer"] == stage.evening.passes.read_viewer(joined["pass"]).viewer


async def test_the_bundle_is_not_there_before_it_is_published(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    bundle = stage.evening.bundle
    for path in ("", "/", "/MANIFEST.json", "/boxes/x.bin"):
        status, said = await get(http, f"{stage.url}/bundle{path}")
        assert status == 404
        assert "published after the show" in said
    bundle.mkdir(parents=True)
    (bundle / "log").write_text("half a bundle")  # its manifest is written last
    assert (await get(http, f"{stage.url}/bundle/log"))[0] == 404
    (bundle / "MANIFEST.json").write_text("{}")
    assert (await get(http, f"{stage.url}/bundle/log"))[0] == 200
    assert (await get(http, f"{stage.url}/bundle/nothing"))[0] == 404
    assert (bundle.parent / "books" / "ledger.sqlite").is_file()
    for path in ("..%2fbooks%2fledger.sqlite", "%2e%2e/books/ledger.sqlite"):
        url = URL(f"{stage.url}/bundle/{path}", encoded=True)  # as it is written, nothing tidied
        assert (await get(http, url))[0] == 404


async def test_without_built_pages_the_listeners_say_how_to_build_them(
    clients: Clients,
    valkey_url: str,
    http: aiohttp.ClientSession,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(pages, "PAGES", tmp_path / "none")
    async with running(valkey_url, tmp_path) as stage:
        for url in (f"{stage.url}/", f"{stage.crew_url}/director"):
            status, said = await get(http, url)
            assert status == 503
            assert "make pages" in said
        assert (await get(http, f"{stage.url}/assets/nothing.js"))[0] == 404


async def test_what_is_the_crews_is_not_on_the_public_listener(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    token = stage.crew_pass("director")
    for path in ("/director", "/api/state", "/api/rundown", "/api/asrun"):
        assert (await get(http, stage.url + path, token))[0] == 404
    async with http.post(f"{stage.url}/api/cues", json={}) as response:
        assert response.status == 404
    with pytest.raises(Refused):
        await Phone.connect(stage, namespace="/crew", pass_=token)
    with pytest.raises(Refused):
        await Phone.connect(stage, url=stage.crew_url)


# ---------------------------------------------------------------- the crew's HTTP


async def test_a_cue_is_done_once_and_its_id_again_gives_its_first_answer(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    press = {"id": "one", "cue": "go", "expect": {"standby": "welcome.start"}}
    status, first = await post(http, stage, press)
    assert (status, first["version"], first["show"]["on_air"]) == (200, 2, "welcome")
    status, again = await post(http, stage, press)
    assert (status, again["version"]) == (200, 2)
    status, stale = await post(http, stage, {**press, "id": "two"})
    assert (status, stale["reason"], stale["show"]["standby"]) == (409, "stale", "tetris.start")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "bad_cue"),
        (b"{", "bad_cue"),
        (b"[]", "bad_cue"),
        (b"null", "bad_cue"),
        (b"\xff\xfe", "bad_cue"),
        ({"id": "1"}, "bad_cue"),
        ({"id": 1, "cue": "hold"}, "bad_cue"),
        ({"id": "1", "cue": "fire", "target": "tetris.open"}, "bad_cue"),
        ({"id": "1", "cue": "hold", "expect": {"round": []}}, "bad_cue"),
        ({"id": "1", "cue": "standby", "target": "nothing"}, "unknown_cue"),
        ({"id": "1", "cue": "void", "target": TETRIS, "reason": "r"}, "unknown_round"),
        ({"id": "1", "cue": "resume"}, "not_held"),
    ],
    ids=str,
)
async def test_a_cue_that_cannot_be_is_422_with_a_reason(
    stage: Stage, http: aiohttp.ClientSession, content: Any, reason: str
) -> None:
    status, said = await post(http, stage, content)
    assert (status, said["reason"]) == (422, reason)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"cue": "standby"}, "the id of a cue"),
        ({"cue": "skip"}, "the id of a segment"),
        ({"cue": "extend", "ms": 5_000}, "the id of a round"),
        ({"cue": "extend", "target": TETRIS}, "extend takes ms"),
        ({"cue": "extend", "target": TETRIS, "ms": -600_001}, "extend takes ms"),
        ({"cue": "extend", "target": TETRIS, "ms": 5.5}, "int"),
        ({"cue": "extend", "target": TETRIS, "ms": True}, "int"),
        ({"cue": "retime", "at_ms": 1}, "the id of a cue"),
        ({"cue": "retime", "target": "tetris.lock"}, "an instant in milliseconds"),
        ({"cue": "retime", "target": "tetris.lock", "at_ms": 10**15}, "an instant in milliseconds"),
        ({"cue": "swap", "target": "welcome"}, "two segments"),
        ({"cue": "swap", "other": "welcome"}, "the id of a segment"),
        ({"cue": "kill"}, "a reason, which is logged"),
        ({"cue": "kill", "reason": " "}, "a reason, which is logged"),
        ({"cue": "kill", "reason": "x" * 201}, "at most 200"),
        ({"cue": "delay", "delay_ms": 1_000}, "the id of a channel"),
        ({"cue": "delay", "target": "app"}, "delay takes delay_ms"),
        ({"cue": "delay", "target": "app", "delay_ms": -1}, "delay takes delay_ms"),
        ({"cue": "delay", "target": "app", "delay_ms": 600_001}, "delay takes delay_ms"),
        ({"cue": "delay", "target": "app", "delay_ms": "8000"}, "int"),
    ],
    ids=str,
)
async def test_a_cue_that_lacks_something_is_told_in_words_what_it_takes(
    stage: Stage, http: aiohttp.ClientSession, content: dict[str, Any], says: str
) -> None:
    status, said = await post(http, stage, {"id": "1", **content})
    assert (status, said["reason"]) == (422, "bad_cue")
    assert says in said["detail"]
    assert stage.evening.crew.state.version == 1, "nothing was logged"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"cue": "delay", "target": "nothing", "delay_ms": 1}, "unknown_channel"),
        ({"cue": "retime", "target": "tetris.settle", "at_ms": SHORT.starts_at_ms + 60_000}, "not_timed"),
        ({"cue": "swap", "target": "welcome", "other": "draw"}, "draw_first"),
        ({"cue": "extend", "target": TETRIS, "ms": 5_000}, "no_open_round"),
        ({"cue": "clap"}, "not_asked"),
    ],
    ids=str,
)
async def test_a_cue_for_which_it_is_not_the_time_is_422_with_the_reason(
    stage: Stage, http: aiohttp.ClientSession, content: dict[str, Any], reason: str
) -> None:
    status, said = await post(http, stage, {"id": "1", **content})
    assert (status, said["reason"]) == (422, reason)


async def test_a_channel_is_tuned_over_http_and_the_flat_state_says_so(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    tuned = {"id": "1", "cue": "delay", "target": "app", "delay_ms": 20_500}
    assert (await post(http, stage, tuned))[0] == 200
    status, said = await post(
        http, stage, {"id": "2", "cue": "standby", "target": "tetris.start", "expect": {"version": 2}}
    )
    assert (status, said["version"]) == (200, 3)
    status, said = await post(http, stage, {"id": "3", "cue": "go", "expect": {"standby": "tetris.start"}})
    assert (status, said["reason"]) == (422, "red_window")
    state = (await get(http, f"{stage.crew_url}/api/state", stage.crew_pass("overlay")))[1]
    assert (state["standby_needs"], state["standby_red"]) == ("reason", "app")
    assert (state["channel_app_delay_ms"], state["channel_hall_delay_ms"]) == (20_500, 0)
    assert state["killed"] is False
    status, said = await post(http, stage, {"id": "4", "cue": "kill", "reason": "smoke"})
    assert (status, said["show"]["killed_at_ms"]) == (200, said["show"]["held_at_ms"])
    state = (await get(http, f"{stage.crew_url}/api/state", stage.crew_pass("overlay")))[1]
    assert (state["killed"], state["held"]) == (True, True)


async def test_only_a_directors_pass_moves_the_show(stage: Stage, http: aiohttp.ClientSession) -> None:
    press = {"id": "one", "cue": "hold"}
    for role in ("overlay", "auditor", "merchant", "metrics"):
        status, said = await post(http, stage, press, role)
        assert (status, said["reason"]) == (403, "wrong_role")
    viewer = stage.evening.passes.viewer("v", 3)
    late = stage.evening.passes.crew("director", "Mei", expires_at_s=1)
    for header in (
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        f"Bearer {viewer}",
        f"Bearer {late}",
        "Bearer x.y.z",
    ):
        headers = {"authorization": header} if header else {}
        async with http.post(f"{stage.crew_url}/api/cues", json=press, headers=headers) as response:
            assert response.status == 401, header
    assert stage.evening.crew.state.version == 1


async def test_the_state_is_flat_and_the_rundown_and_the_as_run_are_there_for_those_who_may(
    stage: Stage, http: aiohttp.ClientSession
) -> None:
    await stage.go("welcome.start")
    for role in ("director", "auditor", "overlay"):
        status, state = await get(http, f"{stage.crew_url}/api/state", stage.crew_pass(role))
        assert status == 200
        assert (state["on_air"], state["on_air_title"], state["held"]) == ("welcome", "Welcome", False)
        assert not [value for value in state.values() if isinstance(value, dict | list)]
    assert (await get(http, f"{stage.crew_url}/api/state", stage.crew_pass("merchant")))[0] == 403
    assert (await get(http, f"{stage.crew_url}/api/state"))[0] == 401
    status, rundown = await get(http, f"{stage.crew_url}/api/rundown", stage.crew_pass("auditor"))
    assert (status, rundown["id"]) == (200, "short")
    status, as_run = await get(http, f"{stage.crew_url}/api/asrun", stage.crew_pass("auditor"))
    assert status == 200
    assert as_run[-1]["by"] == "director Mei"
    assert (await get(http, f"{stage.crew_url}/api/asrun", stage.crew_pass("overlay")))[0] == 403


# ---------------------------------------------------------------- the crew's socket


async def test_a_console_is_shown_the_desk_and_every_change_of_it(stage: Stage) -> None:
    held = stage.crew_pass("director", "Mei")
    console = await Phone.connect(stage, url=stage.crew_url, namespace="/crew", pass_=held)
    try:
        await stage.go("tetris.start")
        desk = await console.hear("desk", lambda desk: desk.get("on_air") == "tetris")
        assert (desk["crew"], desk["standby"]) == ("Mei", "tetris.settle")
    finally:
        await console.close()


@pytest.mark.parametrize("role", ["overlay", "merchant", "metrics", "viewer", ""])
async def test_a_console_needs_a_pass_that_opens_the_desk(stage: Stage, role: str) -> None:
    tokens = {"": "", "viewer": stage.evening.passes.viewer("v", 1)}
    token = tokens[role] if role in tokens else stage.crew_pass(role)
    with pytest.raises(Refused) as refused:
        await Phone.connect(stage, url=stage.crew_url, namespace="/crew", pass_=token)
    expected = "bad_pass" if role in tokens else "wrong_role"
    assert refused.value.content["data"]["reason"] == expected
