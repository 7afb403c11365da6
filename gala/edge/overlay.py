"""What may go on air: the overlay's socket, told what the hall may know by now and nothing else.

An overlay is on the crew's listener and is no crew: whatever it is sent can be in the picture a frame later.
So it gets the view of a viewer in the hall (`gala.view.show`, no delay), live counters only of rounds that
show theirs, and the public address for the code that people scan. Outcomes and winners come with their cues.
"""

from collections.abc import Callable
from typing import Any, cast

import msgspec
import socketio
from redis.asyncio import Redis

from gala import embargo, protocol, view
from gala.clock import Now
from gala.conductor import Snapshot
from gala.edge.broadcast import plain
from gala.edge.socket import refuse, sync_reply
from gala.passes import BadPass, Passes
from gala.rounds import Rounds
from gala.rundown import Rundown
from gala.show.state import State
from gala.store import keys
from gala.texts import Texts
from gala.view import History

NAMESPACE = "/overlay"
TALLY_MS = 250  # of real time between two boards: bars on air move more often than on phones


class Overlays:
    """Every overlay that is connected; all see the same. `history`: the log as this listener follows it."""

    def __init__(
        self,
        rundown: Rundown,
        rounds: Rounds,
        texts: Texts,
        history: History,
        redis: Redis,
        *,
        join_url: str,
        now: Now,
        rate: Callable[[], float],
    ) -> None:
        self.texts = texts
        self.join_url = join_url
        self.now = now
        self.sockets: socketio.AsyncServer | None = None
        self._rundown = rundown
        self._rounds = rounds
        self._history = history
        self._redis = redis
        self._rate = rate
        # the venue's own picture is that of the channel which is first to see
        self._channel = min(
            range(len(rundown.channels)), key=lambda index: (rundown.channels[index].delay_ms, index)
        )
        self._arrivals: list[str] = []  # written by `arrive`, emptied by `step`
        self._visible = State()  # this and all below are written by `step`
        self._step = -1
        self._told_rate = rate()
        self._tally: protocol.Tally | None = None
        self._tally_at_ms = 0

    @property
    def ready(self) -> bool:
        """Whether the show has begun."""
        return self._history.head.version > 0

    def arrive(self, sid: str) -> None:
        """A connection was accepted: its first words go out in the next step, after its CONNECT."""
        self._arrivals.append(sid)

    async def step(self, now_ms: int) -> None:
        """Tells every overlay what has come into the hall's sight."""
        assert self.sockets is not None, "the listener was given its sockets"
        if self._rate() != self._told_rate:
            self._told_rate = self._rate()
            self._tally_at_ms = now_ms
            await self._tell("clock", protocol.Clock(now_ms=self.now(), rate=self._told_rate))
        visible = self._history.visible(now_ms, 0)
        step = self._history.step(visible)
        if step > self._step:
            self._visible, self._step = visible, step
            await self._tell("show", self.show(now_ms))
        if now_ms >= self._tally_at_ms:
            self._tally_at_ms = now_ms + int(TALLY_MS * self._told_rate)
            await self._board(now_ms)
        arrived, self._arrivals = self._arrivals, []
        for sid in arrived:
            welcome = protocol.OverlayWelcome(
                now_ms=self.now(),
                rate=self._told_rate,
                show=self.show(now_ms),
                tally=self._tally if self._on_board() else None,
                join_url=self.join_url,
            )
            await self.sockets.emit("welcome", plain(welcome), to=sid, namespace=NAMESPACE)

    def show(self, now_ms: int) -> protocol.Show:
        """The hall's whole view as of the last step."""
        return view.show(
            self._rundown,
            self._visible,
            self._history.head,
            step=max(self._step, 0),
            delay_ms=0,
            channel=-1,
            public=lambda round_: self._rounds.public(round_, self._channel, now_ms),
            text_of=self.texts.hash_of,
        )

    def _on_board(self) -> bool:
        return self._tally is not None and self._tally.round in self._live()

    def _live(self) -> list[str]:
        """The round whose counters may be on air now, if there is one."""
        segment = self._visible.on_air
        newest = self._visible.newest_round(segment) if segment else None
        if newest is None:
            return []
        head = self._history.head.rounds[newest.id]
        return [newest.id] if embargo.counters(newest, head, live=self._rounds.live(newest)) else []

    async def _board(self, now_ms: int) -> None:
        for round_id in self._live():
            packed = await self._redis.get(keys.tally(round_id))
            if packed is None:
                return
            snapshot = msgspec.msgpack.decode(cast("bytes", packed), type=Snapshot)
            known = self._tally is not None and self._tally.round == round_id
            if not embargo.in_sight(snapshot.at_ms, 0, now_ms) or (
                known and self._tally and snapshot.at_ms <= self._tally.seq
            ):
                return
            self._tally = protocol.Tally(
                round=round_id,
                seq=snapshot.at_ms,
                counters=self._rounds.board(self._visible.rounds[round_id], snapshot.counters, snapshot.fans),
                online=0,
            )
            await self._tell("tally", self._tally)

    async def _tell(self, event: str, message: msgspec.Struct) -> None:
        assert self.sockets is not None
        await self.sockets.emit(event, plain(message), namespace=NAMESPACE)


class OverlaySocket(socketio.AsyncNamespace):  # type: ignore[misc]  # python-socketio has no types
    """Namespace /overlay: for passes of role overlay or director. `wall_s`: the world's time, seconds UTC."""

    def __init__(self, overlays: Overlays, passes: Passes, wall_s: Callable[[], int]) -> None:
        super().__init__(NAMESPACE)
        self._overlays = overlays
        self._passes = passes
        self._wall_s = wall_s

    async def on_connect(self, sid: str, _environ: dict[str, Any], auth: object = None) -> None:
        """Accepts an overlay once there is something to show."""
        try:
            said = msgspec.convert(auth or {}, protocol.Auth)
            held = self._passes.read_crew(said.pass_, self._wall_s())
        except msgspec.ValidationError as error:
            raise refuse("bad_auth", detail=str(error)) from None
        except BadPass as error:
            raise refuse("bad_pass", detail=str(error)) from None
        if held.role not in ("overlay", "director"):
            raise refuse("wrong_role", detail=f"a pass for {held.role} does not open the overlay")
        if not self._overlays.ready:
            raise refuse("starting", retry_after_ms=1_000)
        self._overlays.arrive(sid)

    async def on_sync(self, _sid: str, data: object) -> Any:
        """Server times for the overlay's clock."""
        return sync_reply(data, self._overlays.now)
