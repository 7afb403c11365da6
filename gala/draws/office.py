"""The notary's draws: rules published, commitments and reveals taken in, closed under a witness, drawn, paid.

Each draw goes one way: specified at the beginning, its roster fixed at the freeze; then the parties reveal,
and the reveals are closed, which chooses the beacon round that decides. In a show the close waits for a
witness who is awake, and counts only if one cosigned it before the beacon spoke; a draw that nobody saw
close, or that was not closed in time, is void. What a killed notary had done is done again, to no effect.
"""

import hashlib
import hmac
from typing import Any, cast

import msgspec
import numpy as np
import structlog
from redis.asyncio import Redis

from gala import admitted
from gala.accounts import pseudonym
from gala.draws.beacons import Signature
from gala.edge import wallet
from gala.follower import Follower
from gala.passes import derive
from gala.protocol import Standing
from gala.readiness import AWAKE_MS
from gala.rundown import Draw, Prize, Rundown, Segment, words
from gala.show.state import Drawing, LogEntry, State, round_id
from gala.store import keys
from gala.wallets import Wallets
from games import GAMES
from games.game import open_round
from rewards.arithmetic import beacon, decks
from rewards.arithmetic.beacon import BadBeacon, Chain
from rewards.keeping.register import Register
from rewards.keeping.standing import Standing as Drawn
from rewards.keeping.told import Frozen, frozen_of
from rewards.rules import leaves

log = structlog.get_logger("gala.draws")

RESERVE_EVERY_MS = 300_000
RESERVE_EVERY_MS_REHEARSAL = 6_000
RESERVE_EVERY_MS_ENVELOPES = 15_000  # an envelope is opened about a minute after it was caught
RESERVES_MAX = 600
DAY_MS = 86_400_000
REVEAL_MS = 60_000  # how long a party has to reveal before its commitment is taken instead
GRACE_MS = 30_000  # how long after the beacon a cosignature from before may still be on its way


def party_secret(secret: bytes, draw: int, party: str) -> bytes:
    """A party's 32 random-looking bytes for a draw: the operator's own, and in a rehearsal everybody's."""
    return hmac.digest(derive(secret, "parties"), f"{draw}/{party}".encode(), hashlib.sha256)


class DrawOffice:
    """The draws of one evening. Its owner lets one task in at a time, and brings it what the log says."""

    def __init__(
        self,
        rundown: Rundown,
        follower: Follower,
        redis: Redis,
        register: Register,
        wallets: Wallets,
        *,
        chain: Chain,
        signature: Signature,
        secret: bytes,
    ) -> None:
        self._rundown = rundown
        self._follower = follower
        self._redis = redis
        self._register = register
        self._wallets = wallets
        self._chain = chain
        self._signature = signature
        self._secret = secret
        self._by_hand: dict[int, bytes] = {}  # signatures that somebody brought; written by `take`
        self._lapses: dict[int, int] = {}  # as the specs say, which never change; written by `lapses`
        self.awake: dict[str, tuple[int, int]] = {}  # witness -> leaves it has seen, when (ms); by the notary

    @property
    def _state(self) -> State:
        return self._follower.state

    # ------------------------------------------------------------ what the log says

    async def specify(self, at_ms: int, now_ms: int) -> None:
        """Publishes every draw's rules before the show, and our own commitment."""
        for segment, draw in self._drawings():
            dealt = {prize.tier: prize.deck.content for prize in draw.prizes if prize.deck is not None}
            spec, excluded = self._spec(segment, draw), self._excluded(draw)
            await self._register.specify(spec, at_ms=at_ms, decks=dealt, excluded=excluded)
            if not self._state.rehearsal:
                ours = self._rundown.parties[0]
                cue = {"cue": "commit", "draw": draw.number, "party": ours}
                sealed = self._commitment(draw.number, ours).hex()
                await self._follower.say(
                    cue | {"commitment": sealed},
                    id=f"commit/{draw.number}/{ours}",
                    by="notary",
                    now_ms=now_ms,
                )

    async def take(self, entry: LogEntry) -> None:
        """Writes down what a party or a director said of a draw."""
        cue, at_ms = entry.cue, entry.at_ms
        number = cue["draw"]
        stands = await self._register.draw(number)
        if stands.ended or (cue["cue"] == "reveal" and "reveals-closed" in stands.stages):
            return  # the books went on as this was said, or have it: what they say stands
        if cue["cue"] == "commit":
            sealed = bytes.fromhex(cue["commitment"])
            await self._register.commit(number, cue["party"], sealed, at_ms=at_ms)
        elif cue["cue"] == "reveal":
            await self._register.reveal(number, cue["party"], bytes.fromhex(cue["r"]), at_ms=at_ms)
        elif cue["cue"] == "beacon":
            chosen, signature = self._state.draws[number].beacon_round, bytes.fromhex(cue["signature"])
            try:
                beacon.check(self._chain, chosen, signature)
            except BadBeacon as error:
                log.warning("a signature that is not the beacon's", draw=number, round=chosen, why=str(error))
            else:
                self._by_hand[chosen] = signature
        elif cue["cue"] == "void_draw":
            cause = "lapsed" if await self._late(number, at_ms) else cue["cause"]
            await self._register.void(number, cause, cue["reason"], at_ms=at_ms)

    async def freeze(self, draw: Draw, entry: LogEntry, now_ms: int) -> None:
        """Fixes the roster of a draw, as of an entry."""
        drawing = self._state.draws[draw.number]
        if drawing.root or drawing.state == "void":
            return  # the log goes on to say it was done
        if self._state.rehearsal:
            for party in self._played():
                if f"{draw.number}/{party}" not in self._state.commits:
                    sealed = self._commitment(draw.number, party)
                    await self._register.commit(draw.number, party, sealed, at_ms=entry.at_ms)
        frozen = await self._frozen(draw, entry)
        cue = {
            "cue": "rostered",
            "draw": draw.number,
            "root": frozen.root,
            "entrants": frozen.eligible_places,
            "tickets": frozen.eligible_tickets,
        }
        await self._follower.say(cue, id=f"rostered/{draw.number}", by="notary", now_ms=now_ms)

    async def _frozen(self, draw: Draw, entry: LogEntry) -> Frozen:
        """The roster; where it stands already, as it stands: accounts that came since are not in it."""
        standing = await self._register.draw(draw.number)
        if "roster" in standing.stages:
            return frozen_of(standing.stages["roster"])
        show, count = self._rundown.id, self._numbers(entry.version)
        minutes = cast("dict[bytes, bytes]", await self._redis.hgetall(keys.number_minutes(show)))
        issued = admitted.by_minute({int(at): int(n) for at, n in minutes.items()}, count, entry.at_ms)
        barred = np.empty(0, dtype=np.int64)
        if draw.accounts:
            bits = cast("bytes", await self._redis.getrange(keys.account_bits(show), 0, (count - 1) // 8))
            names = [bytes.fromhex(pseudonym(self._secret, hashed)) for hashed in draw.excluded]
            held = await self._redis.hmget(keys.accounts(show), names) if names else []
            excluded = [int(number) for number in held if number is not None]
            barred = admitted.barred(bits, count, excluded)
        return await self._register.freeze(draw.number, issued=issued, at_ms=entry.at_ms, barred=barred)

    # ------------------------------------------------------------ what time brings

    async def step(self, now_ms: int) -> bool:
        """Closes, draws or gives up what is ready; whether anything was written."""
        wrote = False
        for number, drawing in tuple(self._state.draws.items()):
            if drawing.state == "armed" and drawing.root:
                wrote = await self._close(drawing, now_ms) or wrote
            elif drawing.state == "frozen" and now_ms >= drawing.beacon_at_ms:
                wrote = await self._decide(number, drawing, now_ms) or wrote
            elif drawing.state == "armed" and await self._late(number, now_ms):
                await self._give_up(number, "lapsed", "no roster by the last reserve round", now_ms)
                wrote = True
        return wrote

    async def _close(self, drawing: Drawing, now_ms: int) -> bool:
        number = drawing.number
        if await self._late(number, now_ms):
            await self._give_up(
                number, "lapsed", "the reveals were not closed by the last reserve round", now_ms
            )
            return True
        await self._reveal_ours(number, now_ms)
        owed = [
            party
            for party in self._rundown.parties
            if f"{number}/{party}" in self._state.commits and f"{number}/{party}" not in self._state.reveals
        ]
        if owed and now_ms < drawing.rostered_at_ms + REVEAL_MS:
            return False
        if not self._state.rehearsal and not await self._watched(number, now_ms):
            return False  # nobody would see it: a later reserve round will do as well
        chosen = await self._register.close_reveals(number, at_ms=max(now_ms, drawing.rostered_at_ms))
        cue = {
            "cue": "frozen",
            "draw": number,
            "beacon_round": chosen,
            "beacon_at_ms": self._chain.time_ms(chosen),
        }
        await self._follower.say(cue, id=f"frozen/{number}", by="notary", now_ms=now_ms)
        return True

    async def _reveal_ours(self, number: int, now_ms: int) -> None:
        """Opens the commitments that we hold: the operator's, and in a rehearsal those nobody else made."""
        for party in self._played():
            key, r = f"{number}/{party}", party_secret(self._secret, number, party)
            sealed = self._state.commits.get(key)
            if sealed is None:
                await self._register.reveal(number, party, r, at_ms=self._state.draws[number].rostered_at_ms)
            elif sealed == self._commitment(number, party).hex() and key not in self._state.reveals:
                cue = {"cue": "reveal", "draw": number, "party": party, "r": r.hex()}
                await self._follower.say(cue, id=f"reveal/{number}/{party}", by="notary", now_ms=now_ms)

    async def _watched(self, number: int, now_ms: int) -> bool:
        """Whether a witness is awake who has seen the roster."""
        size = (await self._register.draw(number)).stages.index("roster") + 1
        return any(seen >= size and now_ms - at_ms <= AWAKE_MS for seen, at_ms in self.awake.values())

    async def _late(self, number: int, now_ms: int) -> bool:
        """Whether the last reserve round is too near for the reveals to be closed any more."""
        reserves = (await self._register.draw(number)).spec["reserve_rounds"]
        return beacon.choose_round(self._chain, reserves, now_ms) is None

    async def lapses(self) -> dict[int, int]:
        """By draw: from when on its reveals can no longer be closed, ms."""
        for _, draw in self._drawings():
            if draw.number not in self._lapses:
                stands = await self._register.draw(draw.number)
                last_ms = stands.chain.time_ms(stands.spec["reserve_rounds"][-1])
                self._lapses[draw.number] = last_ms - beacon.LEAD_MS + 1
        return self._lapses

    async def _decide(self, number: int, drawing: Drawing, now_ms: int) -> bool:
        if not self._state.rehearsal and not await self._register.watched.vouched(number):
            if now_ms < drawing.beacon_at_ms + GRACE_MS:
                return False
            await self._give_up(number, "unwitnessed", "nobody cosigned its close before the beacon", now_ms)
            return True
        signature = self._by_hand.get(drawing.beacon_round) or self._signature(drawing.beacon_round)
        if signature is None:
            return False  # late: it is waited for, there is no other source
        drawn = await self._register.finish(number, signature, at_ms=now_ms)
        await self._pay(number, now_ms)
        cue = {"cue": "drawn", "draw": number, "winners": len(drawn.winners)}
        await self._follower.say(cue, id=f"drawn/{number}", by="notary", now_ms=now_ms)
        return True

    async def _give_up(self, number: int, cause: str, reason: str, now_ms: int) -> None:
        await self._register.void(number, cause, reason, at_ms=now_ms)
        cue = {"cue": "void_draw", "draw": number, "cause": cause, "reason": reason}
        await self._follower.say(cue, id=f"void/{number}", by="notary", now_ms=now_ms)

    # ------------------------------------------------------------ vouchers and wallets

    async def _pay(self, number: int, now_ms: int) -> None:
        """Vouchers, and every entrant's page of the draw."""
        await self._register.issue(number, at_ms=now_ms)
        await self._write_pages(number)
        await self._wallets.follow()  # before anybody is told: whoever won finds their voucher

    async def _write_pages(self, draw: int) -> None:
        pages: dict[Any, Any] = {}
        for viewer in range(self._numbers(self._state.version)):
            found = await self._register.standing(draw, viewer)
            if found.tickets:
                page = wallet.Page(standing=_standing(draw, found))
                pages[wallet.field(viewer, draw)] = msgspec.msgpack.encode(page)
            if len(pages) >= 1000:
                await self._redis.hset(keys.wallet(self._rundown.id), mapping=pages)
                pages = {}
        if pages:
            await self._redis.hset(keys.wallet(self._rundown.id), mapping=pages)

    # ------------------------------------------------------------ inside

    def _played(self) -> tuple[str, ...]:
        """The parties whose secrets are ours."""
        return self._rundown.parties if self._state.rehearsal else self._rundown.parties[:1]

    def _commitment(self, number: int, party: str) -> bytes:
        name = leaves.draw_id(self._rundown.id, number)
        return leaves.commitment(name, party, party_secret(self._secret, number, party))

    def _drawings(self) -> list[tuple[Segment, Draw]]:
        found = [(segment, draw) for segment in self._rundown.segments for draw in segment.draws]
        return sorted(found, key=lambda pair: pair[1].number)

    def _numbers(self, version: int) -> int:
        """Numbers that boxes sealed by entry `version`, whole or in part, have room for: the same whenever it
        is asked."""
        return max(
            (
                entry.cue["numbers"]
                for entry in self._follower.history.entries[:version]
                if entry.cue["cue"] in ("sealed", "freeze_draw")
            ),
            default=0,
        )

    def _spec(self, segment: Segment, draw: Draw) -> leaves.DrawSpec:
        rundown = self._rundown
        places = {channel.id: place for place, channel in enumerate(rundown.channels)}
        return leaves.DrawSpec(
            draw=draw.number,
            title=words(segment.title),
            prizes=[self._prize(prize) for prize in draw.prizes],
            rounds=[
                leaves.TicketRound(
                    round_id(rundown.id, name, 1),
                    self._entries(rundown.segment(name)),
                    sorted(places[channel] for channel in draw.channels),
                    draw.apart,
                )
                for name in draw.segments
            ],
            parties=rundown.parties,
            window=leaves.Window(draw.valid_from_at_ms, draw.valid_until_at_ms, rundown.zone),
            close_ms=segment.plan_at_ms,
            chain=self._chain,
            reserve_rounds=self._reserves(segment, draw),
            cap=draw.cap,
            cap_with=draw.cap_with,
            alternates_at_ms=draw.alternates_at_ms,
            witnesses=rundown.witnesses,
            eligibility="account" if draw.accounts else "number",
            exclusions=leaves.Exclusions.of(self._excluded(draw)),
        )

    def _excluded(self, draw: Draw) -> bytes:
        secret = derive(self._secret, f"exclusions/{self._rundown.id}/{draw.number}")
        return leaves.excluded_list(draw.excluded, secret)

    def _prize(self, prize: Prize) -> leaves.Prize:
        return leaves.Prize(
            tier=prize.tier,
            name=words(prize.title),
            count=prize.count,
            amount=0 if prize.deck else prize.face_minor,
            currency=self._rundown.currency,
            alternates=0 if prize.deck else prize.count,
            deck=decks.leaf(prize.deck.content) if prize.deck else {},
        )

    @staticmethod
    def _entries(segment: Segment) -> list[dict[str, Any]]:
        assert segment.game is not None, "a draw names segments with games: the loader checked it"
        opened = open_round(GAMES[segment.game.name], segment.game.settings, bytes(32))
        return list(opened.leaf(1)["entries"])

    def _reserves(self, segment: Segment, draw: Draw) -> list[int]:
        """Beacon rounds from the draw's plan on, one of which will decide; early enough for a show that is
        ahead of its plan, late enough for one that is far behind."""
        rundown = self._rundown
        envelopes = any(prize.deck is not None for prize in draw.prizes)
        every_ms = RESERVE_EVERY_MS_ENVELOPES if envelopes else RESERVE_EVERY_MS
        if self._state.rehearsal and not envelopes:
            every_ms = max(RESERVE_EVERY_MS_REHEARSAL, (rundown.ends_at_ms - rundown.starts_at_ms) // 200)
        first_ms = max(rundown.starts_at_ms, segment.plan_at_ms - 100 * every_ms)
        instants = [first_ms + n * every_ms for n in range(RESERVES_MAX)]
        if envelopes:  # where they end, those of any draw go on
            instants += range(instants[-1], instants[-1] + DAY_MS, RESERVE_EVERY_MS)
        return sorted({self._chain.round_at(at_ms) for at_ms in instants})


def _standing(draw: int, found: Drawn) -> Standing:
    """A viewer's standing in words for the phone: the best tier they won, else the first."""
    won = [tier for tier in found.tiers if tier.won is not None]
    best = won[0] if won else (found.tiers[0] if found.tiers else None)
    standing = Standing(draw=draw, tickets=found.tickets, entrants=found.entrants, won=bool(won))
    if found.place is not None:
        standing.place = found.place
    if best is not None:
        standing.rank, standing.score, standing.cutoff = best.rank, best.score, best.cutoff
    return standing
