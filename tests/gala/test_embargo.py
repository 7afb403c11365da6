"""The embargo (A3): nothing on any output of a slow channel lets a result follow before its time.

The proof is by interference. An evening is played again with another outcome, other votes, other winners,
and all that anybody could hear is recorded, byte for byte. Until the secret's own instant on a channel, what
came over its wires must be the same in both; after it, it must not.
"""

import asyncio
from pathlib import Path
from typing import Any

import msgpack
from msgspec.structs import replace
from structlog.testing import capture_logs

from gala import embargo
from gala.secret import register_keys
from gala.store.clients import connect
from rewards.money.codes import voucher_code
from tests.gala.gates import GATES
from tests.gala.hall import SECRET
from tests.gala.phones import NOW_S
from tests.gala.sniffer import CROWD, Heard, Night, night
from tests.gala.story import SHORT, TETRIS, Story, locked_tetris

PREDICT, INFLUENCE = "gates/predict/1", "gates/influence/1"
REVEAL_MS = 18_000  # when the hall hears who won
FANS_MS = 34_000  # when the crowd taps in other ways
WORDS = {"comets": 1_733, "harbour": 1_009}
OTHER_WORDS = {"comets": 1_171, "harbour": 1_613}

DELAYS_MS = {
    "hall": 0,
    "aerial": 3_000,
    "app": 8_000,
    "late": 12_000,  # on the app's channel, and four seconds later still by their own word
    "back": 8_000,  # hangs up and comes back
    "tuner": 8_000,  # began in the hall, and has been on the app's channel since before anything was secret
    "odd": 8_000,  # says what no phone says
    "overlay": 0,
    "state": 0,  # /api/state with an overlay's pass
    "http": 8_000,  # whatever a browser can fetch
    "crew": 8_000,  # the crew's listener, without or with the wrong pass
    "files": 8_000,  # the bundle's folder
    "logs": 8_000,
}

AUTHS: dict[str, dict[str, Any]] = {
    "hall": {"channel": "hall"},
    "aerial": {"channel": "aerial"},
    "app": {"channel": "app"},
    "late": {"channel": "app", "delay_ms": 12_000},
    "back": {"channel": "app"},
    "tuner": {"channel": "hall"},
    "odd": {"channel": "app", "delay": 0, "role": "director", "secret": True},
}


class Played:
    """What was heard of an evening, and when its secrets came out in the hall."""

    def __init__(self, heard: dict[str, Heard], announced_ms: int, codes: dict[int, str]) -> None:
        self.heard = heard
        self.announced_ms = announced_ms
        self.codes = codes  # of vouchers, by their owner's number

    def until(self, name: str, ms: int) -> Heard:
        """What came over a wire before an instant of the hall had come to it."""
        return [(at_ms, said) for at_ms, said in self.heard[name] if at_ms < ms + DELAYS_MS[name]]


def files(folder: Path) -> bytes:
    """All that is in a folder."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"\n".join(str(path.relative_to(folder)).encode() + b" " + path.read_bytes() for path in found)


async def look_around(here: Night, folder: Path) -> None:
    """Everything that can be fetched or read without being of the crew."""
    for path in ("/", "/healthz", "/readyz", "/nowhere", "/bundle/", "/bundle/MANIFEST.json", "/bundle/log"):
        await here.get("http", path)
    for path in (f"/texts/{'0' * 32}.json", f"/pictures/{'0' * 32}", "/api/state", "/api/evidence"):
        await here.get("http", path)
    await here.get("http", "/api/join", post=True)
    passes = here.evening.passes
    overlay = passes.crew("overlay", "Obs", expires_at_s=NOW_S + 60)
    merchant = passes.crew("merchant", "Li", expires_at_s=NOW_S + 60)
    await here.get("state", "/api/state", crew=True, token=overlay)
    for path in ("/api/state", "/api/evidence", "/api/asrun", "/api/rundown", "/api/trace", "/overlay"):
        for token in ("", passes.viewer("somebody", 3), merchant):
            await here.get("crew", path, crew=True, token=token)
    for path in ("/api/evidence", "/api/asrun", "/api/rundown", "/api/trace"):
        await here.get("crew", path, crew=True, token=overlay)
    here.heard.setdefault("files", []).append((here.since_ms, await asyncio.to_thread(files, folder)))


async def meddle(here: Night) -> None:
    """Everything a phone can say, and more; the answers are recorded with the rest."""
    odd = here["odd"]
    for event, content in (
        ("enter", {}),
        ("tune", {"channel": "nowhere"}),
        ("tune", {"channel": "app", "sees": "everything"}),
        ("sync", {"t0_ms": "soon"}),
        ("play", {"round": "gates/predict/9", "seq": 1, "at_ms": 0, "move": {}}),
        ("play", {"round": "gates/influence/1", "seq": 1, "at_ms": 0, "move": {"total": -1}, "spy": 1}),
        ("play", {"round": PREDICT, "seq": 9, "at_ms": 1, "move": {"choices": ["nobody"]}}),
        ("play", None),
    ):
        await odd.ask(event, content)


async def play(
    url: str,
    folder: Path,
    *,
    outcome: str = "comets",
    words: dict[str, int] | None = None,
    late_taps: int = 3,
    fans: bool = False,
    lots: bytes = SECRET,
) -> Played:
    """The evening from its beginning until the bundle can be read."""
    clients = await connect(url)
    await clients.once.flushall()
    await clients.close()
    with capture_logs() as logs:
        async with night(url, folder, GATES, lots=lots) as here:

            async def until(since_ms: int) -> None:
                while here.since_ms < since_ms:
                    await here.step()
                    if here.since_ms % 4_000 == 1_000:
                        await look_around(here, folder / "bundle")
                        await meddle(here)
                    if here.since_ms % 5_000 == 2_000:
                        held = await here.leave("back")
                        await here.join("back", pass_=held, channel="app")
                    here.heard.setdefault("logs", []).append((here.since_ms, repr(logs).encode()))

            for name, auth in AUTHS.items():
                await here.join(name, **auth)
            overlay = here.evening.passes.crew("overlay", "Obs", expires_at_s=NOW_S + 60)
            await here.join("overlay", crew=True, pass_=overlay)
            await here.step()
            for name in ("hall", "aerial", "app", "late", "back", "tuner"):
                await here[name].ask("enter", {})
            await here.evening.clients.once.incrby("numbers:{gates}", 5_000)
            await here["tuner"].ask("tune", {"channel": "app"})
            await here.go("predict.start")  # opens a second from now, locks twelve seconds later
            await until(4_000)
            crowd = [choice for choice, count in (words or WORDS).items() for _ in range(count)]
            await here.crowd(PREDICT, 1, {n: {"choices": [c]} for n, c in enumerate(crowd)})
            await until(12_000)
            for name in ("hall", "aerial", "app", "back"):
                mine = {"round": PREDICT, "seq": 1, "at_ms": 0, "move": {"choices": ["comets"]}}
                assert (await here[name].ask("play", mine))["status"] == "counted", name
            await until(17_000)
            await here.go("predict.settle", outcome=outcome)
            await until(REVEAL_MS)
            await here.go("predict.reveal")
            await until(28_000)
            await here.go("influence.start")
            await until(31_000)
            taps = {n: {"total": 2 + n % 7, "for": ("mei", "ana")[n % 2], "fan": n < 5} for n in range(400)}
            await here.crowd(INFLUENCE, 1, taps)
            await until(FANS_MS)
            rush = {
                n: {"total": 30 + late_taps * (n % 3), "for": "ana", "fan": fans} for n in range(401, 420)
            }

            await here.crowd(INFLUENCE, 1, rush)
            await until(45_000)
            await here.go("influence.reveal")
            await until(46_000)
            await here.cue("skip", target="appear")
            await here.go("lots.start")
            while here.evening.crew.state.draws[1].state != "drawn":
                await until(here.since_ms + 1_000)
            await until(here.since_ms + 2_000)
            await here.go("lots.announce")
            announced_ms = here.since_ms
            await until(here.since_ms + 2_000)
            await here.go("lots.end")
            while not here.evening.notary.published.is_set():
                await until(here.since_ms + 1_000)
            await until(here.since_ms + 6_000)
            key = register_keys(SECRET).codes
            vouchers = await here.evening.register.issue(1, at_ms=here.evening.clock.now_ms())
            codes = {one.number: voucher_code(key, one.id) for one in vouchers}
            return Played(here.heard, announced_ms, codes)


def leaks(one: Played, other: Played, ms: int) -> list[str]:
    """The wires that told two evenings apart before the instant at which the hall could."""
    return [name for name in DELAYS_MS if one.until(name, ms) != other.until(name, ms)]


def tells(one: Played, other: Played) -> set[str]:
    """The wires that told them apart in the end."""
    return {name for name in DELAYS_MS if one.heard[name] != other.heard[name]}


PHONES = {"hall", "aerial", "app", "late", "back", "tuner", "odd"}


async def test_until_its_instant_no_output_of_a_channel_tells_two_evenings_apart(
    valkey_url: str, tmp_path: Path
) -> None:
    plain = await play(valkey_url, tmp_path / "plain")
    same = await play(valkey_url, tmp_path / "same")
    assert tells(plain, same) == set(), "played again it is the same, to the byte"

    settled = await play(valkey_url, tmp_path / "other", outcome="harbour", words=OTHER_WORDS)
    assert leaks(plain, settled, REVEAL_MS) == []
    assert tells(plain, settled) >= PHONES | {"overlay", "state", "files", "http"}

    tapped = await play(valkey_url, tmp_path / "taps", late_taps=7, fans=True)
    assert leaks(plain, tapped, FANS_MS) == []
    assert tells(plain, tapped) >= PHONES | {"overlay", "state", "files", "http"}

    drawn = await play(valkey_url, tmp_path / "lots", lots=b"another secret of sixteen bytes")
    assert leaks(plain, drawn, plain.announced_ms) == []
    assert tells(plain, drawn) >= {"hall", "app", "files", "http"}

    no_count_or_code_is_out(plain)


def no_count_or_code_is_out(plain: Played) -> None:
    """By words as well: the counts before the reveal, and every code but to its owner, ever."""
    counts = [*WORDS.values(), WORDS["comets"] + 4, sum(WORDS.values()) + 4]
    for name in DELAYS_MS:
        early = b"\n".join(said for _, said in plain.until(name, REVEAL_MS))
        for count in counts:
            assert msgpack.packb(count) not in early, (name, count)
            assert f":{count}".encode() not in early, (name, count)
    late = b"\n".join(said for _, said in plain.heard["app"])
    assert msgpack.packb(WORDS["comets"] + 4) in late, "the sniffer would have found it"
    for owner, code in plain.codes.items():
        for name in DELAYS_MS:
            heard = b"\n".join(said for _, said in plain.heard[name])
            assert owner < CROWD or code.encode() not in heard, name


# ---------------------------------------------------------------- the rules themselves


def test_a_prediction_shows_no_counters_before_its_reveal_whatever_its_game_says() -> None:
    story = Story()
    story.go("tetris.start")
    story.wait(5)
    running = story.round(TETRIS)
    assert not embargo.counters(running, running, live=True)
    opinion = replace(running, timing="influence")
    assert embargo.counters(opinion, opinion, live=True)
    assert not embargo.counters(opinion, opinion, live=False)


def test_a_round_that_was_voided_tells_nothing_any_more_even_where_that_is_not_in_sight_yet() -> None:
    story = locked_tetris()
    story.go("tetris.settle", outcome="comets")
    story.go("tetris.reveal")
    seen = story.state
    assert embargo.results(seen, seen) == [story.round(TETRIS)]
    story.must("void", target=TETRIS, reason="the wall fell over")
    assert embargo.results(seen, story.state) == []
    live = replace(seen.rounds[TETRIS], timing="influence")
    assert not embargo.counters(live, story.round(TETRIS), live=True)


def test_the_bundle_waits_for_the_slowest_channel_and_for_a_result_told_after_the_end() -> None:
    story = locked_tetris()
    for name in ("last-song", "draw"):
        story.must("skip", target=name)
    assert embargo.bundle_at_ms(SHORT, story.state) == 0
    story.go("goodbye.start")
    story.wait(10)
    assert story.state.phase == "ended"
    ended_ms = story.state.segments["goodbye"].ended_at_ms
    assert embargo.bundle_at_ms(SHORT, story.state) == ended_ms + 8_000 + 1_000
    story.wait(5)
    story.go("tetris.settle", outcome="comets")
    assert story.go("tetris.reveal") is None
    assert embargo.bundle_at_ms(SHORT, story.state) == story.at_ms + 8_000 + 1_000
    story.must("delay", target="app", delay_ms=20_000)
    assert embargo.bundle_at_ms(SHORT, story.state) == story.at_ms + 20_000 + 1_000
