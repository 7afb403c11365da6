"""One simulated viewer: connects, enters, plays as planned, comes back when the line is lost."""

import asyncio
import contextlib
import hashlib
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from gala.crowd.line import Line, LineDown, RefusedConnect
from gala.crowd.people import PLANS, Person, Plan
from gala.crowd.whacking import SEND_EVERY_MS, Whacker
from gala.work import solve

TRIES_MAX = 8
PLAYED = frozenset({*PLANS, "whack"})  # games the crowd plays; others it watches


@dataclass(slots=True)
class Report:
    """What the crowd saw. A play is one (viewer, round, seq), however often it went over the wire."""

    connected: int = 0
    entered: int = 0
    reconnects: int = 0
    plays_sent: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    voters: dict[str, set[int]] = field(default_factory=dict)  # by round: numbers with a counted play
    vouchers: set[str] = field(default_factory=set)
    unanswered: int = 0

    def shown(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "connected": self.connected,
            "entered": self.entered,
            "reconnects": self.reconnects,
            "plays_sent": self.plays_sent,
            "plays_counted": self.statuses["counted"] + self.statuses["already"],
            "plays_refused": dict(sorted(self.reasons.items())),
            "unanswered": self.unanswered,
            "voters": {round_id: len(numbers) for round_id, numbers in sorted(self.voters.items())},
            "vouchers_seen": len(self.vouchers),
        }


class SimulatedViewer:
    """`chance` is this viewer's own. Gala time is what the service tells, from `welcome` and `clock`."""

    def __init__(self, url: str, show: str, person: Person, seed: str, report: Report) -> None:
        self._url = url
        self._show = show
        self.person = person
        self._seed = seed
        self._report = report
        self._pass = ""
        self._number = -1
        self._line: Line | None = None
        self._now_ms = 0.0
        self._rate = 1.0
        self._read_at = 0.0
        self._told = (-1, -1)
        self._back_s = 0.0  # over how long those spread whose line was lost
        self._planned: set[str] = set()
        self._whackers: dict[str, Whacker] = {}
        self._seq: Counter[str] = Counter()
        self.ended = False
        self._clock_changed = asyncio.Event()

    def now_ms(self) -> float:
        """Gala time as this phone has it."""
        return self._now_ms + (time.monotonic() - self._read_at) * 1000 * self._rate

    def _set_clock(self, content: dict[str, Any]) -> None:
        self._now_ms, self._rate = float(content["now_ms"]), float(content.get("rate", 1.0))
        self._read_at = time.monotonic()
        self._clock_changed.set()
        self._clock_changed = asyncio.Event()

    async def run(self, join_delay_s: float) -> None:
        """Watches until the show has ended, or for ever if nobody ends it."""
        await asyncio.sleep(join_delay_s)
        slot = ""
        async with asyncio.TaskGroup() as tasks:
            while not self.ended:
                auth = {"pass": self._pass, "channel": self.person.channel, "show": self._show}
                auth["slot"], slot = slot, ""
                try:
                    self._line = await Line.open(self._url, auth)
                except RefusedConnect as refused:
                    wait_ms = refused.content.get("retry_after_ms", 1000)
                    slot = refused.content.get("queue", {}).get("slot", "")
                    await asyncio.sleep(wait_ms / 1000)
                    continue
                except LineDown:
                    await asyncio.sleep(self._chance("again").uniform(0.05, 0.5))
                    continue
                self._report.connected += 1
                try:
                    async for event, content in self._line.events():
                        self._hear(event, content, tasks)
                        if event == "drain":
                            moment_s = self._chance("drain").random() * content["within_ms"] / 1000
                            tasks.create_task(_leave(self._line, moment_s))
                            self._back_s = 0.0  # that was its moment
                        if self.ended:
                            break
                finally:
                    self._report.connected -= 1
                    with contextlib.suppress(OSError):
                        await self._line.close()
                if not self.ended:
                    self._report.reconnects += 1
                    await asyncio.sleep(self._back_s * self._chance("back").random())

    def _chance(self, use: str) -> random.Random:
        digest = hashlib.sha256(f"{self._seed}/{use}".encode()).digest()
        return random.Random(int.from_bytes(digest[:8], "big"))

    def _hear(self, event: str, content: Any, tasks: asyncio.TaskGroup) -> None:
        if event == "welcome":
            self._pass = content["pass"]
            self._back_s = content.get("back_ms", 0) / 1000
            self._set_clock(content)
            self._take(content.get("mine", {}))
            if self._number < 0:
                tasks.create_task(self._enter())
            self._see(content["show"], tasks)
        elif event == "back":
            self._back_s = content.get("within_ms", 0) / 1000
        elif event == "clock":
            self._set_clock(content)
        elif event == "show":
            self._see(content, tasks)
        elif event == "mine":
            self._take(content)

    def _take(self, mine: dict[str, Any]) -> None:
        self._number = mine.get("number", self._number)
        self._report.vouchers.update(voucher["id"] for voucher in mine.get("vouchers", ()))

    async def _enter(self) -> None:
        assert self._line is not None
        with contextlib.suppress(LineDown):
            reply = await self._line.ask("enter", {})
            if reply.get("reason") == "proof":
                proof = await asyncio.to_thread(solve, reply["challenge"], reply["bits"])
                reply = await self._line.ask("enter", {"proof": proof})
            if "pass" in reply:
                self._pass = reply["pass"]
                self._take(reply.get("mine", {}))
                self._report.entered += 1

    def _see(self, show: dict[str, Any], tasks: asyncio.TaskGroup) -> None:
        told = (show["step"], show["version"])
        if told < self._told:
            return
        self._told = told
        if show["phase"] == "ended":
            self.ended = True
            return
        round_ = show.get("round")
        if round_ and round_["game"] == "whack":
            self._see_moles(round_, tasks)
        elif round_ and round_["state"] == "open" and round_["id"] not in self._planned:
            plan = PLANS.get(round_["game"])
            if plan is not None:
                self._planned.add(round_["id"])
                mood = int.from_bytes(hashlib.sha256(round_["id"].encode()).digest()[:4], "big") / 2**32
                chance = self._chance(round_["id"])
                opens_at_ms = int(max(round_["opens_at_ms"], self.now_ms()))
                planned = plan(
                    self.person, chance, round_["public"], opens_at_ms, round_.get("closes_at_ms", 0), mood
                )
                tasks.create_task(self._play(round_["id"], planned))

    def _see_moles(self, round_: dict[str, Any], tasks: asyncio.TaskGroup) -> None:
        """Whack unfolds: every `show` brings the next wave."""
        whacker = self._whackers.get(round_["id"])
        if whacker is None:
            if round_["state"] != "open":
                return
            whacker = self._whackers[round_["id"]] = Whacker(self.person, self._chance(round_["id"]))
            tasks.create_task(self._whack(round_["id"], whacker, round_["opens_at_ms"], round_["public"]))
        whacker.see(round_["public"], round_["opens_at_ms"], int(self.now_ms()))

    async def _whack(self, round_id: str, whacker: Whacker, opens_at_ms: int, public: dict[str, Any]) -> None:
        """Sends all hits so far about once a second while there are new ones."""
        ends_at_ms = opens_at_ms + public["length_ms"] + SEND_EVERY_MS
        sent: dict[str, Any] = {"hits": []}
        while not self.ended and self.now_ms() < ends_at_ms:
            await self._until(self.now_ms() + SEND_EVERY_MS)
            move = whacker.move(self.now_ms())
            if move != sent:
                sent = move
                self._seq[round_id] += 1
                await self._send(round_id, self._seq[round_id], move)

    async def _until(self, at_ms: float) -> None:
        while (left_ms := at_ms - self.now_ms()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_ms / 1000 / self._rate):
                    await self._clock_changed.wait()

    async def _play(self, round_id: str, plan: Plan) -> None:
        for at_ms, move in plan.plays:
            await self._until(at_ms)
            if self.ended:
                return
            self._seq[round_id] += 1
            seq = self._seq[round_id]
            if plan.drop_line and self._line is not None:
                plan.drop_line = False
                await self._line.close()
            await self._send(round_id, seq, move)
            if plan.double:
                await self._wire(round_id, seq, move)
        if plan.resend_old and self._seq[round_id]:
            await self._wire(round_id, 1, plan.plays[-1][1])

    async def _wire(self, round_id: str, seq: int, move: dict[str, Any]) -> Any:
        """One play over the wire, once; None when there was no answer."""
        play = {"round": round_id, "seq": seq, "at_ms": int(self.now_ms()), "move": move}
        if self._line is None:
            return None
        with contextlib.suppress(LineDown):
            return await self._line.ask("play", play)
        return None

    async def _send(self, round_id: str, seq: int, move: dict[str, Any]) -> None:
        """A play, sent again until its fate is known, as the phone page does."""
        self._report.plays_sent += 1
        for _ in range(TRIES_MAX):
            reply = await self._wire(round_id, seq, move)
            if reply is None or reply["status"] == "retry":
                wait_ms = 200 if reply is None else reply.get("retry_after_ms", 200)
                await asyncio.sleep(min(wait_ms, 1000) / 1000)
                continue
            if reply.get("reason") == "enter_first":
                # the line came back under a pass without the number we had asked for
                await asyncio.sleep(0.1)
                await self._enter()
                continue
            self._report.statuses[reply["status"]] += 1
            if reply["status"] == "refused":
                self._report.reasons[reply["reason"]] += 1
            else:
                self._report.voters.setdefault(round_id, set()).add(self._number)
            return
        self._report.unanswered += 1


async def _leave(line: Line, after_s: float) -> None:
    """Hangs up in a moment, served until then."""
    await asyncio.sleep(after_s)
    with contextlib.suppress(OSError):
        await line.close()
