"""The crew's listener: cues in, desk out. Never on the same port as the viewers.

A cue is a small HTTP request with an id of its own: sent again, because a reply was lost or a finger slipped,
it answers with what the first one did.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec
import socketio
from msgspec.structs import asdict, replace
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala import embargo, protocol
from gala.accounts import unlisted
from gala.as_run import as_run, call_taken, person
from gala.clock import Now
from gala.conductor import Snapshot, pages_of
from gala.cue_post import OF_PARTIES, cue_of, malformed, meets
from gala.desk import Gates, desk
from gala.edge.bearer import bearers, json_response
from gala.edge.broadcast import plain
from gala.edge.report import GONE_MS, Heard, Report
from gala.edge.socket import refuse
from gala.evidence import Books, evidence
from gala.follower import STALE, CueRefused, Follower
from gala.passes import BadPass, CrewPass, Passes
from gala.protocol import crew as protocol_crew
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show.reasons import Reason
from gala.show.refusals import not_caller
from gala.show.state import Round, State
from gala.store import keys
from gala.store.log import ShowLog
from gala.timekeeping import Standing, StoreTrouble
from gala.view import History
from voting.box import Box, GateState

NAMESPACE = "/crew"
DESK_MS = 250  # of real time between two desks while something changes
EVIDENCE_MS = 1_000  # of real time between two of the auditor's pages
NO_TIME = "clock"  # why a cue is refused by a process whose clock is off the show's


class Crew:
    """The crew's view of a show and their hand on it."""

    def __init__(
        self,
        rundown: Rundown,
        rounds: Rounds,
        log: ShowLog,
        redis: Redis,
        passes: Passes,
        *,
        now: Now,
        rate: Callable[[], float],
        wall_s: Callable[[], int],
        knows_the_time: Callable[[], bool],
        store_trouble: Callable[[], StoreTrouble] = lambda: "",
    ) -> None:
        self.rundown = rundown
        self.passes = passes
        self.wall_s = wall_s
        self._rounds = rounds
        self._redis = redis
        self.now = now
        self._rate = rate
        self._knows_the_time = knows_the_time
        self._store_trouble = store_trouble
        self._follower = Follower(rundown, log)
        self._counters: dict[str, dict[str, int]] = {}
        self._gates: dict[str, Gates] = {}  # of rounds that are locking
        self._edges = Heard(Report)
        self._clocks = Heard(Standing)
        self._desk_at_ms = 0
        self._desk_told = (0, 0.0)  # version and pace
        self._books = Books()
        self._evidence_at_ms = 0
        self._evidence_told: protocol_crew.Evidence | None = None
        self.members: dict[str, CrewPass] = {}
        self.auditing: set[str] = set()  # sockets that asked for the evidence
        self.sockets: socketio.AsyncServer | None = None

    @property
    def state(self) -> State:
        """The head of the log as read last."""
        return self._follower.state

    @property
    def history(self) -> History:
        """The log as read last."""
        return self._follower.history

    @property
    def books(self) -> Books:
        """What the notary told last."""
        return self._books

    @property
    def ready(self) -> bool:
        """Whether the show has begun and its log is being read."""
        return self.state.version > 0

    async def step(self, now_ms: int) -> None:
        """Reads the log and the live figures, and shows every console its desk: its last, where it cannot."""
        try:
            await self._show_desks(now_ms)
        except (RedisError, TimeoutError, OSError):
            await self._tell_desks(now_ms)
            raise

    async def _show_desks(self, now_ms: int) -> None:
        await self._follower.read()
        told = (self.state.version, self._rate())
        if told == self._desk_told and now_ms < self._desk_at_ms:
            return
        if told[1] != self._desk_told[1]:
            self._evidence_at_ms = now_ms  # what was planned at another pace is void
        self._desk_told = told
        self._desk_at_ms = now_ms + int(DESK_MS * self._rate())
        await self._read_figures(now_ms)
        await self._tell_desks(now_ms)
        if self.auditing and now_ms >= self._evidence_at_ms:
            self._evidence_at_ms = now_ms + int(EVIDENCE_MS * self._rate())
            await self._tell_evidence(now_ms)

    async def _tell_desks(self, now_ms: int) -> None:
        if self.sockets is not None:
            for sid, held in tuple(self.members.items()):
                message = plain(self.desk(now_ms, held.name))
                await self.sockets.emit("desk", message, to=sid, namespace=NAMESPACE)

    async def _tell_evidence(self, now_ms: int) -> None:
        """Sends the auditors' page to all who asked for it, when it is another than before."""
        assert self.sockets is not None
        found = self.evidence(now_ms)
        told = self._evidence_told
        if told is not None and replace(found, now_ms=told.now_ms) == told:
            return
        self._evidence_told = found
        for sid in tuple(self.auditing):
            await self.sockets.emit("evidence", plain(found), to=sid, namespace=NAMESPACE)

    async def _read_figures(self, now_ms: int) -> None:
        for round_ in self.state.rounds.values():
            if not round_.shut:
                found = await self._redis.get(keys.tally(round_.id))
                if found is not None:
                    snapshot = msgspec.msgpack.decode(cast("bytes", found), type=Snapshot)
                    self._counters[round_.id] = snapshot.counters
        self._gates = {
            round_.id: await self._read_gates(round_)
            for round_ in self.state.rounds.values()
            if round_.locked_at_ms and not round_.shut
        }
        self._edges.take(await self._redis.hgetall(keys.edges(self.rundown.id)), now_ms)
        self._clocks.take(await self._redis.hgetall(keys.clocks(self.rundown.id)), now_ms)
        written = await self._redis.get(keys.evidence(self.rundown.id))
        if written is not None:
            self._books = msgspec.msgpack.decode(cast("bytes", written), type=Books)

    async def _read_gates(self, round_: Round) -> Gates:
        """As they stand in the store: the conductor may have died half-way, or a page may not answer."""
        box = Box(self._redis, round_.id, self._rounds.opened(round_).layout.width)
        found = await box.gates(range(pages_of(self.rundown.numbers_max)))
        return Gates(sum(gate is not None and gate.state is not GateState.OPEN for gate in found), len(found))

    def desk(self, now_ms: int, crew: str) -> protocol_crew.Desk:
        """The desk as of the last step, for the console of `crew`."""
        within_ms = GONE_MS * max(self._rate(), 1)
        shown = desk(
            self.rundown,
            self._rounds,
            self.state,
            self._follower.history.entries,
            now_ms=now_ms,
            rate=self._rate(),
            crew=crew,
            counters=self._counters,
            gates=self._gates,
            edges=self._edges.present(now_ms, within_ms),
            books=self._books,
        )
        shown.store = self._store_trouble()
        shown.clocks = [
            protocol_crew.DeskClock(name=name, **asdict(clock))
            for name, clock in sorted(self._clocks.present(now_ms, within_ms).items())
        ]
        return shown

    def permitted(self, shown: protocol_crew.Desk) -> protocol_crew.Desk:
        """A desk as an overlay may know it: no counts and no outcome that the hall does not know yet."""
        return replace(shown, rounds=[self._permitted(round_) for round_ in shown.rounds])

    def _permitted(self, shown: protocol_crew.DeskRound) -> protocol_crew.DeskRound:
        round_ = self.state.rounds[shown.id]
        live = self._rounds.live(round_)
        if embargo.result(round_, round_) or embargo.counters(round_, round_, live=live):
            return shown
        return replace(shown, voters=0, choices=[], outcome="", refused={}, refused_by_channel={})

    def evidence(self, now_ms: int) -> protocol_crew.Evidence:
        """The auditor's page as of the last step."""
        return evidence(
            self.rundown,
            self.state,
            self._follower.history.entries,
            self._books,
            now_ms=now_ms,
            counters=self._counters,
            edges=self._edges.all.values(),
        )

    def as_run(self) -> list[protocol_crew.AsRun]:
        """Everything that was done, oldest first."""
        return as_run(self.rundown, self._follower.history.entries)

    async def post(self, post: protocol_crew.CuePost, by: CrewPass) -> tuple[int, protocol_crew.CueReply]:
        """Does a cue for one of the crew: (HTTP status, reply)."""
        if detail := malformed(post):
            return 422, protocol_crew.CueReply(
                version=self.state.version, reason=Reason.BAD_CUE, detail=detail
            )
        if not self._knows_the_time():
            return 422, protocol_crew.CueReply(version=self.state.version, reason=NO_TIME)
        now_ms = self.now()
        cue = cue_of(post, by.name)
        try:
            entry = await self._follower.call(
                cue,
                id=f"crew/{post.id}",
                by=f"{by.role} {by.name}",
                now_ms=now_ms,
                # who does not have the call is told that first, whatever else has changed
                expects=lambda state: not_caller(state, cue) or meets(state, post.expect),
            )
        except CueRefused as refusal:
            status = 409 if refusal.reason in (STALE, Reason.NOT_CALLER) else 422
            return status, protocol_crew.CueReply(
                version=self.state.version,
                reason=refusal.reason,
                detail=call_taken(self.rundown, self.state) if refusal.reason == Reason.NOT_CALLER else "",
                show=self.desk(now_ms, by.name) if status == 409 else None,
            )
        return 200, protocol_crew.CueReply(version=entry.version, show=self.desk(now_ms, by.name))


class CrewSocket(socketio.AsyncNamespace):  # type: ignore[misc]  # python-socketio has no types
    """Namespace /crew: a console connects with a crew pass and is shown the desk."""

    def __init__(self, crew: Crew) -> None:
        super().__init__(NAMESPACE)
        self._crew = crew

    async def on_connect(self, sid: str, _environ: dict[str, Any], auth: object = None) -> None:
        """Accepts directors and auditors."""
        try:
            said = msgspec.convert(auth or {}, protocol.Auth)
            held = self._crew.passes.read_crew(said.pass_, self._crew.wall_s())
        except msgspec.ValidationError as error:
            raise refuse("bad_auth", detail=str(error)) from None
        except BadPass as error:
            raise refuse("bad_pass", detail=str(error)) from None
        if held.role not in embargo.KNOW_BEFORE:
            raise refuse("wrong_role", detail=f"a pass for {held.role} does not open the desk")
        self._crew.members[sid] = held

    async def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """A console is gone."""
        self._crew.members.pop(sid, None)
        self._crew.auditing.discard(sid)

    async def on_evidence(self, sid: str, _data: object = None) -> Any:
        """The evidence now, and from now on whenever it changes."""
        if sid not in self._crew.members:
            return {"reason": "gone"}
        self._crew.auditing.add(sid)
        return plain(self._crew.evidence(self._crew.now()))


# ---------------------------------------------------------------- HTTP


def crew_routes(crew: Crew) -> list[Route]:
    """The HTTP side of the crew's listener."""

    allowed = bearers(crew.passes, crew.wall_s)

    async def cues(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        try:
            post = msgspec.json.decode(await request.body(), type=protocol_crew.CuePost)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            return json_response(protocol_crew.CueReply(reason=Reason.BAD_CUE, detail=str(error)), 422)
        if held.role != "director" and post.cue not in OF_PARTIES:
            return json_response({"reason": "wrong_role", "detail": "only a director calls this"}, 403)
        try:
            status, reply = await crew.post(post, held)
        except (RedisError, TimeoutError, OSError):
            detail = "the store did not answer; send the same cue again, with the same id"
            return json_response(protocol_crew.CueReply(reason="retry", detail=detail), 503)
        return json_response(reply, status)

    async def state(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE, "overlay")
        if isinstance(held, Response):
            return held
        shown = crew.desk(crew.now(), held.name)
        return json_response(flat(shown if held.role in embargo.KNOW_BEFORE else crew.permitted(shown)))

    async def rundown(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        return json_response(unlisted(crew.rundown))

    async def as_run_(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        return json_response(crew.as_run())

    async def evidence_(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        return json_response(crew.evidence(crew.now()))

    return [
        Route("/api/cues", cues, methods=["POST"]),
        Route("/api/state", state),
        Route("/api/rundown", rundown),
        Route("/api/asrun", as_run_),
        Route("/api/evidence", evidence_),
    ]


def flat(shown: protocol_crew.Desk) -> dict[str, Any]:
    """The state in one level of names and plain values, as show-control software likes to read it."""
    on_air = next((segment for segment in shown.segments if segment.state == "on_air"), None)
    newest = shown.rounds[-1] if shown.rounds else None
    segment, standby = next(
        ((part, cue) for part in shown.segments for cue in part.cues if cue.id == shown.standby), (None, None)
    )
    windows = segment.windows if segment is not None and standby and standby.needs == "reason" else []
    red = [window.channel for window in windows if window.level == "red"]
    found: dict[str, Any] = {
        "version": shown.version,
        "now_ms": shown.now_ms,
        "store": shown.store,
        "phase": shown.phase,
        "rehearsal": shown.rehearsal,
        "caller": person(shown.caller.by) if shown.caller is not None else "",
        "caller_console": shown.caller.console if shown.caller is not None else "",
        "held": bool(shown.held_at_ms),
        "killed": bool(shown.killed_at_ms),
        "on_air": shown.on_air,
        "on_air_title": on_air.title if on_air is not None else "",
        "standby": shown.standby,
        "standby_needs": standby.needs if standby is not None else "",
        "standby_red": " ".join(red),
        "over_ms": shown.over_ms,
        "expected_end_at_ms": shown.expected_end_at_ms,
        "online": shown.online,
        "round": newest.id if newest is not None else "",
        "round_state": newest.state if newest is not None else "",
        "round_closes_at_ms": newest.closes_at_ms if newest is not None else 0,
        "round_pages": newest.pages if newest is not None else 0,
        "round_pages_locked": newest.pages_locked if newest is not None else 0,
        "round_voters": newest.voters if newest is not None else 0,
    }
    for channel in shown.channels:
        found[f"channel_{channel.channel}_delay_ms"] = channel.delay_ms
        found[f"channel_{channel.channel}_phones"] = channel.phones
    for choice in newest.choices if newest is not None else ():
        found[f"round_count_{choice.id}"] = choice.count
    return found
