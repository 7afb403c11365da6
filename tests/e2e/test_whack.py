"""Whack over real sockets: each channel is told its own waves when they begin, and people's hits count.

The players are scripts, but nothing else is: edge, store, conductor and notary run as on the night.
"""

import asyncio
from pathlib import Path
from typing import Any

from gala.crowd.line import Line
from rewards.evidence.checks import verify_bundle
from tests.conftest import PATIENCE_S
from tests.e2e.conftest import Night, running_night

RUNDOWN = Path(__file__).parent / "whack.toml"
REACTION_MS = 250


class Phone:
    """One viewer on a channel. Written by `listen`: `waves` (index -> moles), `round`."""

    def __init__(self, night: Night, channel: str) -> None:
        self.night = night
        self.channel = channel
        self.waves: dict[int, list[list[int]]] = {}
        self.round: dict[str, Any] = {}
        self.told = asyncio.Event()
        self._seq = 0
        self._line: Line | None = None

    @property
    def line(self) -> Line:
        assert self._line is not None
        return self._line

    async def join(self, tasks: asyncio.TaskGroup) -> "asyncio.Task[None]":
        url = f"ws://127.0.0.1:{self.night.evening.public.port}"
        self._line = await Line.open(url, {"channel": self.channel, "show": "moles"})
        listening = tasks.create_task(self._listen())
        async with asyncio.timeout(PATIENCE_S):
            assert "pass" in await self.line.ask("enter", {})
        return listening

    async def _listen(self) -> None:
        async for event, content in self.line.events():
            round_ = content.get("show", {}).get("round") if event == "welcome" else None
            round_ = content.get("round") if event == "show" else round_
            if round_:
                self.round = round_
                self.waves |= {wave["index"]: wave["moles"] for wave in round_["public"]["waves"]}
                self.told.set()

    async def wave(self, index: int) -> list[list[int]]:
        """The moles of a wave, as soon as this phone has been told of it."""
        async with asyncio.timeout(PATIENCE_S):
            while index not in self.waves:
                self.told.clear()
                await self.told.wait()
        return self.waves[index]

    async def at(self, instant_ms: int) -> None:
        """Waits for an instant of gala time."""
        while (left_ms := instant_ms - self.night.evening.clock.now_ms()) > 0:
            await asyncio.sleep(left_ms / 1000)

    def instant(self, since_ms: int) -> int:
        return int(self.round["opens_at_ms"]) + since_ms

    async def play(self, hits: list[list[int]]) -> dict[str, Any]:
        self._seq += 1
        play = {
            "round": "moles/whack/1",
            "seq": self._seq,
            "at_ms": self.night.evening.clock.now_ms(),
            "move": {"hits": hits},
        }
        reply: dict[str, Any] = await self.line.ask("play", play)
        return reply

    async def whack(self, waves: int) -> dict[str, Any]:
        """Hits every mole of the first waves, tells of them after each, and returns the last answer."""
        hits: list[list[int]] = []
        reply: dict[str, Any] = {}
        for index in range(waves):
            for mole, _, up_ms, _, _ in await self.wave(index):
                await self.at(self.instant(up_ms + REACTION_MS))
                hits.append([mole, self.instant(up_ms + REACTION_MS)])
            reply = await self.play(hits)
            assert reply["status"] == "counted", reply
            assert reply.get("refused", []) == []
        return reply


async def test_people_on_two_channels_whack_their_own_moles_and_the_seal_opens_both_chains(
    tmp_path: Path,
) -> None:
    async with running_night(tmp_path, RUNDOWN) as night, asyncio.TaskGroup() as tasks:
        hall, cable = Phone(night, "hall"), Phone(night, "cable")
        listening = [await phone.join(tasks) for phone in (hall, cable)]
        await night.go("whack.start")
        await night.go("whack.open")
        near, far = await asyncio.gather(hall.whack(3), cable.whack(2))
        assert near["mine"]["has"]["hits"] == 12
        assert far["mine"]["has"]["hits"] == 8
        assert sorted(far["mine"]["has"]["moles"]) == list(range(8))
        # The same round, three seconds apart, and no wave alike.
        assert cable.round["opens_at_ms"] - hall.round["opens_at_ms"] == 3_000
        assert all(hall.waves[index] != cable.waves[index] for index in cable.waves)
        await night.until(lambda state: all(round_.sealed for round_ in state.rounds.values()))
        sealed = night.state.rounds["moles/whack/1"]
        assert sealed.recount_equal
        assert sealed.counters == {"voters": 2, "hits": 20, "channel/0": 1, "channel/1": 1}
        bundle = tmp_path / "published"
        await night.evening.register.publish(bundle, at_ms=night.evening.clock.now_ms())
        assert [str(check) for check in verify_bundle(bundle) if not check.ok] == []
        leaves = b"".join(path.read_bytes() for path in (bundle / "log/tile/entries").rglob("*.p/*"))
        assert leaves.count(b'"chains":{"commitments":[') == leaves.count(b'"heads":[') == 1
        for phone in (hall, cable):
            await phone.line.close()
        await asyncio.gather(*listening)
