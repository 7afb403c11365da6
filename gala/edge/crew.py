"""The crew's listener: cues in, desk out. Never on the same port as the viewers.

A cue is a small HTTP request with an id of its own: sent again, because a reply was lost or a finger slipped,
it answers with what the first one did.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec
import socketio
from msgspec.structs import replace
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala import embargo, protocol
from gala.clock import Now
from gala.conductor import Snapshot
from gala.desk import as_run, desk
from gala.edge.broadcast import plain
from gala.edge.report import Report
from gala.edge.socket import refuse
from gala.evidence import Books, evidence
from gala.follower import STALE, CueRefused, Follower
from gala.passes import BadPass, CrewPass, CrewRole, Passes
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show_refusals import FACTOR_BP_MAX, FACTOR_BP_MIN, SPELL_MS_MAX, Reason
from gala.show_state import State
from gala.store import keys
from gala.store.log import ShowLog
from gala.view import History

NAMESPACE = "/crew"
DESK_MS = 250  # of real time between two desks while something changes
EVIDENCE_MS = 1_000  # of real time between two of the auditor's pages
GONE_MS = 5_000  # an edge not heard of for so long (real time) is not listed

FIELDS: dict[str, tuple[str, ...]] = {
    "multiply": ("factor_bp", "ms"),
    "extend": ("ms",),
    "retime": ("at_ms",),
    "swap": ("other",),
    "delay": ("delay_ms",),
}
"""What a kind of cue takes beside its target, outcome and reason."""
KINDS = ("standby", "go", "hold", "resume", "skip", "void", "kill", "ask_clap", "clap", *FIELDS)


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
    ) -> None:
        self.rundown = rundown
        self.passes = passes
        self.wall_s = wall_s
        self._rounds = rounds
        self._redis = redis
        self.now = now
        self._rate = rate
        self._follower = Follower(rundown, log)
        self._counters: dict[str, dict[str, int]] = {}
        self._edges: dict[str, Report] = {}
        self._desk_at_ms = 0
        self._desk_told = (0, 0.0)  # version and pace
        self._reports: list[Report] = []  # of all edges, those that are gone too
        self._books = Books()
        self._evidence_at_ms = 0
        self._evidence_told: protocol.Evidence | None = None
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
    def ready(self) -> bool:
        """Whether the show has begun and its log is being read."""
        return self.state.version > 0

    async def step(self, now_ms: int) -> None:
        """Reads the log and the live figures, and shows every console its desk."""
        await self._follower.read()
        told = (self.state.version, self._rate())
        if told == self._desk_told and now_ms < self._desk_at_ms:
            return
        if told[1] != self._desk_told[1]:
            self._evidence_at_ms = now_ms  # what was planned at another pace is void
        self._desk_told = told
        self._desk_at_ms = now_ms + int(DESK_MS * self._rate())
        await self._read_figures(now_ms)
        if self.sockets is not None:
            for sid, held in tuple(self.members.items()):
                message = plain(self.desk(now_ms, held.name))
                await self.sockets.emit("desk", message, to=sid, namespace=NAMESPACE)
            if self.auditing and now_ms >= self._evidence_at_ms:
                self._evidence_at_ms = now_ms + int(EVIDENCE_MS * self._rate())
                await self._tell_evidence(now_ms)

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
        reports = await self._redis.hgetall(keys.edges(self.rundown.id))
        self._edges, self._reports = {}, []
        for name, packed in reports.items():
            report = msgspec.msgpack.decode(cast("bytes", packed), type=Report)
            self._reports.append(report)
            if now_ms - report.seen_at_ms <= GONE_MS * max(self._rate(), 1):
                self._edges[cast("bytes", name).decode()] = report
        written = await self._redis.get(keys.evidence(self.rundown.id))
        if written is not None:
            self._books = msgspec.msgpack.decode(cast("bytes", written), type=Books)

    def desk(self, now_ms: int, crew: str) -> protocol.Desk:
        """The desk as of the last step, for the console of `crew`."""
        return desk(
            self.rundown,
            self._rounds,
            self.state,
            self._follower.history.entries,
            now_ms=now_ms,
            rate=self._rate(),
            crew=crew,
            counters=self._counters,
            edges=self._edges,
        )

    def permitted(self, shown: protocol.Desk) -> protocol.Desk:
        """A desk as an overlay may know it: no counts and no outcome that the hall does not know yet."""
        return replace(shown, rounds=[self._permitted(round_) for round_ in shown.rounds])

    def _permitted(self, shown: protocol.DeskRound) -> protocol.DeskRound:
        round_ = self.state.rounds[shown.id]
        live = self._rounds.live(round_)
        if embargo.result(round_, round_) or embargo.counters(round_, round_, live=live):
            return shown
        return replace(shown, voters=0, choices=[], outcome="", refused={})

    def evidence(self, now_ms: int) -> protocol.Evidence:
        """The auditor's page as of the last step."""
        return evidence(
            self.rundown,
            self.state,
            self._follower.history.entries,
            self._books,
            now_ms=now_ms,
            counters=self._counters,
            edges=self._reports,
        )

    def as_run(self) -> list[protocol.AsRun]:
        """Everything that was done, oldest first."""
        return as_run(self.rundown, self._follower.history.entries)

    async def post(self, post: protocol.CuePost, by: CrewPass) -> tuple[int, protocol.CueReply]:
        """Does a cue for one of the crew: (HTTP status, reply)."""
        refused = self._malformed(post)
        if refused is not None:
            return 422, protocol.CueReply(version=self.state.version, reason=refused[0], detail=refused[1])
        cue: dict[str, Any] = {"cue": post.cue}
        if post.cue == "go":
            cue["target"] = post.expect["standby"]
        elif post.target:
            cue["target"] = post.target
        if post.outcome:
            cue["outcome"] = post.outcome
        if post.reason:
            cue["reason"] = post.reason
        cue |= {name: getattr(post, name) for name in FIELDS.get(post.cue, ())}
        now_ms = self.now()
        try:
            entry = await self._follower.call(
                cue,
                id=f"crew/{post.id}",
                by=f"{by.role} {by.name}",
                now_ms=now_ms,
                expects=lambda state: _meets(state, post.expect),
            )
        except CueRefused as refusal:
            status = 409 if refusal.reason == STALE else 422
            shown = self.desk(now_ms, by.name) if status == 409 else None
            return status, protocol.CueReply(version=self.state.version, reason=refusal.reason, show=shown)
        return 200, protocol.CueReply(version=entry.version, show=self.desk(now_ms, by.name))

    def _malformed(self, post: protocol.CuePost) -> tuple[str, str] | None:
        if not post.id or len(post.id) > 80:
            return Reason.BAD_CUE, "a cue needs an id of its own, at most 80 characters"
        if post.cue not in KINDS:
            return Reason.BAD_CUE, f"cue is one of {', '.join(KINDS)}"
        if post.cue == "go" and not isinstance(post.expect.get("standby"), str):
            return Reason.BAD_CUE, 'GO says which cue it means: "expect": {"standby": CUE}'
        if post.cue == "multiply" and not (
            FACTOR_BP_MIN <= post.factor_bp <= FACTOR_BP_MAX and 0 < post.ms <= SPELL_MS_MAX
        ):
            return Reason.BAD_CUE, (
                f"multiply takes a factor_bp of {FACTOR_BP_MIN} to {FACTOR_BP_MAX} "
                f"(ten-thousandths) for 1 to {SPELL_MS_MAX} ms"
            )
        unknown = set(post.expect) - {"standby", "round", "generation", "version"}
        if unknown:
            return Reason.BAD_CUE, f"expect does not know {', '.join(sorted(unknown))}"
        if not isinstance(post.expect.get("round", ""), str):
            return Reason.BAD_CUE, "expect: round is the id of a round"
        return None


def _meets(state: State, expect: dict[str, Any]) -> bool:
    """Whether the state is what a cue depends on."""
    if "standby" in expect and state.standby != expect["standby"]:
        return False
    if "version" in expect and state.version != expect["version"]:
        return False
    if "round" in expect:
        round_ = state.rounds.get(expect["round"])
        return round_ is not None and round_.generation == expect.get("generation", round_.generation)
    return True


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


def json_response(content: object, status: int = 200) -> Response:
    """JSON of a message or of plain values; never kept by a cache."""
    body = msgspec.json.encode(content)
    return Response(
        body, status_code=status, media_type="application/json", headers={"cache-control": "no-store"}
    )


def crew_routes(crew: Crew) -> list[Route]:
    """The HTTP side of the crew's listener."""

    def allowed(request: Request, *roles: CrewRole) -> CrewPass | Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return json_response({"reason": "pass_needed", "detail": "Authorization: Bearer PASS"}, 401)
        try:
            held = crew.passes.read_crew(token, crew.wall_s())
        except BadPass as error:
            return json_response({"reason": "bad_pass", "detail": str(error)}, 401)
        if held.role not in roles:
            return json_response(
                {"reason": "wrong_role", "detail": f"this needs a pass for {' or '.join(roles)}"}, 403
            )
        return held

    async def cues(request: Request) -> Response:
        held = allowed(request, "director")
        if isinstance(held, Response):
            return held
        try:
            post = msgspec.json.decode(await request.body(), type=protocol.CuePost)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            return json_response(protocol.CueReply(reason=Reason.BAD_CUE, detail=str(error)), 422)
        try:
            status, reply = await crew.post(post, held)
        except (RedisError, TimeoutError, OSError):
            detail = "the store did not answer; send the same cue again, with the same id"
            return json_response(protocol.CueReply(reason="retry", detail=detail), 503)
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
        return json_response(crew.rundown)

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


def flat(shown: protocol.Desk) -> dict[str, Any]:
    """The state in one level of names and plain values, as show-control software likes to read it."""
    on_air = next((segment for segment in shown.segments if segment.state == "on_air"), None)
    newest = shown.rounds[-1] if shown.rounds else None
    found: dict[str, Any] = {
        "version": shown.version,
        "now_ms": shown.now_ms,
        "phase": shown.phase,
        "rehearsal": shown.rehearsal,
        "held": bool(shown.held_at_ms),
        "on_air": shown.on_air,
        "on_air_title": on_air.title if on_air is not None else "",
        "standby": shown.standby,
        "over_ms": shown.over_ms,
        "expected_end_at_ms": shown.expected_end_at_ms,
        "online": shown.online,
        "round": newest.id if newest is not None else "",
        "round_state": newest.state if newest is not None else "",
        "round_closes_at_ms": newest.closes_at_ms if newest is not None else 0,
        "round_voters": newest.voters if newest is not None else 0,
    }
    for choice in newest.choices if newest is not None else ():
        found[f"round_count_{choice.id}"] = choice.count
    return found
