"""Asks to the notary through the store: what only it may do, for whoever stands at a till or holds a phone.

A crew or an edge lays an *ask* under an id (``asks:{SHOW}``), the notary takes all that wait at each of its
steps, does them, and lays the answers (``answers:{SHOW}``). Nobody blocks on the store: who asked looks for
the answers of all its asks at once, until a deadline. An ask may be laid and done any number of times, since
what it does has a key of its own in the ledger; so neither a lost answer nor a death on either side does
anything twice. One that has waited past its `until_ms` is not done: who asked was told long ago that there is
no answer, and is to ask again.

Both lie there sealed (AES-256-GCM under a key of the service's secret, a random nonce before the text, the id
bound in): the store's file holds no voucher code, and whoever can write to the store can neither ask nor
answer in our name.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from redis.asyncio import Redis

from gala.passes import derive
from gala.store import keys

ASKS_MAX = 1024
"""How many may wait: the notary does them all in one step. Above it who asks is told to come again."""

VIEWERS_MAX = 768
"""Of these, how many may be viewers': a rush of winners leaves the tills their places."""

ANSWERS_MAX = 8192
"""How many answers are kept: of eight full steps, so that who asked has most of a second to look."""

DEADLINE_S = 3.0
LATE_MS = 10_000  # real time; how long an ask that nobody answered may still be done
NONCE_BYTES = 12

_LUA = Path(__file__).parent / "store" / "lua"
_LAY = (_LUA / "lay.lua").read_text("utf-8")
_ANSWER = (_LUA / "answer.lua").read_text("utf-8")

log = structlog.get_logger("gala")


class AtTill(msgspec.Struct, frozen=True, tag="till"):
    """A voucher's code at a till. till: whose pass; key: the till's own for this act."""

    act: str  # redeem | rollback
    code: str
    till: str
    key: str
    until_ms: int = 0

    def __repr__(self) -> str:
        return f"AtTill({self.act}, {self.till})"  # a code is for nobody's log


class Claim(msgspec.Struct, frozen=True, tag="claim"):
    """A viewer says that they take their voucher. voucher: its id, hex."""

    number: int
    voucher: str
    until_ms: int = 0


class Claimed(msgspec.Struct, frozen=True):
    """The answer to a claim. status: done | refused; reason as for a till."""

    status: str
    reason: str


Ask = AtTill | Claim


_decode: Callable[[bytes], Ask] = msgspec.msgpack.Decoder(Ask).decode


class Unanswered(Exception):
    """No answer came in time, or too many wait: the same again may be asked, with the same id."""


class Seal:
    """What both sides of a show's asks share. entropy: gives random bytes."""

    def __init__(self, show: str, secret: bytes, entropy: Callable[[int], bytes]) -> None:
        self._show = show
        self._cipher = AESGCM(derive(secret, "asks"))
        self._id_key = derive(secret, "asks/id")
        self._entropy = entropy

    def id_of(self, ask: Ask) -> str:
        """The name of an ask: the same whenever the same is asked, and it tells nothing."""
        content = msgspec.msgpack.encode(msgspec.structs.replace(ask, until_ms=0))
        return hmac.digest(self._id_key, self._bound("id", content.hex()), hashlib.sha256)[:16].hex()

    def nonce(self) -> str:
        """A name for an ask that is never the same as another: its answer may change from time to time."""
        return self._entropy(16).hex()

    def close(self, what: str, name: str, content: bytes) -> bytes:
        """`content` sealed. what: ask | answer; it opens as nothing else, and under no other name."""
        nonce = self._entropy(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, self._bound(what, name))

    def open(self, what: str, name: str, sealed: bytes) -> bytes | None:
        """What was sealed; None: it is not of our making."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._bound(what, name))
        except (InvalidTag, ValueError):
            return None

    def _bound(self, what: str, name: str) -> bytes:
        return b"\0".join((b"gala/ask/1", self._show.encode(), what.encode(), name.encode()))


class Asker:
    """The side that asks: one a process. `step` is to be called again and again, some forty times a second.

    now_ms: gala time; rate: how fast it runs.
    """

    def __init__(
        self, redis: Redis, show: str, seal: Seal, *, now_ms: Callable[[], int], rate: Callable[[], float]
    ) -> None:
        self._redis = redis
        self._keys = keys.asks(show), keys.answers(show)
        self.seal = seal
        self._now_ms = now_ms
        self._rate = rate
        self._lay = redis.register_script(_LAY)
        self._waiting: dict[str, list[asyncio.Future[bytes]]] = {}  # by id; written by `_answered` and `step`

    async def ask(self, ask: Ask, *, name: str = "") -> bytes:
        """The answer, as the notary packed it. name: the ask's id; without one, that of its content.

        Unanswered after `DEADLINE_S` at most; then it may be done yet, or may not. Raises redis-py's errors.
        """
        name = name or self.seal.id_of(ask)
        until_ms = self._now_ms() + int(LATE_MS * self._rate())
        content = msgspec.msgpack.encode(msgspec.structs.replace(ask, until_ms=until_ms))
        sealed = self.seal.close("ask", name, content)
        most = ASKS_MAX if isinstance(ask, AtTill) else VIEWERS_MAX
        try:
            async with asyncio.timeout(DEADLINE_S):
                said, *answer = await self._lay(keys=list(self._keys), args=[name, sealed, most])
                if said == b"full":
                    raise Unanswered("too many ask")
                if said == b"answered":
                    found = self.seal.open("answer", name, answer[0])
                    if found is None:
                        raise Unanswered("what stands for an answer is none")
                    return found
                return await self._answered(name)
        except TimeoutError:
            raise Unanswered("no answer yet") from None

    async def _answered(self, name: str) -> bytes:
        future = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(name, []).append(future)
        try:
            return cast("bytes", await future)
        finally:
            left = [other for other in self._waiting.get(name, ()) if other is not future]
            if left:
                self._waiting[name] = left
            else:
                self._waiting.pop(name, None)

    async def step(self) -> None:
        """Looks whether there are answers for those who wait; asks the store nothing while nobody does."""
        names = list(self._waiting)
        if not names:
            return
        found: Any = await self._redis.hmget(self._keys[1], names)
        for name, sealed in zip(names, found, strict=True):
            answer = None if sealed is None else self.seal.open("answer", name, sealed)
            if answer is not None:
                for future in self._waiting.pop(name, ()):
                    if not future.done():
                        future.set_result(answer)


class Asked:
    """The notary's side."""

    def __init__(self, redis: Redis, show: str, seal: Seal) -> None:
        self._redis = redis
        self._asks = keys.asks(show)
        self._keys = [self._asks, keys.answers(show), keys.answers_order(show)]
        self._seal = seal
        self._answer = redis.register_script(_ANSWER)

    async def waiting(self, now_ms: int) -> dict[str, Ask]:
        """What is asked, by id, the oldest first. What came too late, or is none of ours, is taken away."""
        found = cast("dict[bytes, bytes]", await self._redis.hgetall(self._asks))
        if not found:
            return {}
        asks: dict[str, Ask] = {}
        dropped: list[str | bytes] = []
        for id_, sealed in found.items():
            name = id_.decode("ascii", "replace")
            ask = self._read(name, sealed)
            if ask is None or ask.until_ms <= now_ms:
                dropped.append(id_)
            else:
                asks[name] = ask
        if dropped:
            log.warning("asks not done", count=len(dropped))
            await self._lay([(name, b"") for name in dropped])
        return dict(sorted(asks.items(), key=lambda pair: (pair[1].until_ms, pair[0])))

    def _read(self, name: str, sealed: bytes) -> Ask | None:
        content = self._seal.open("ask", name, sealed)
        if content is None:
            return None
        return _decode(content)

    async def answer(self, answers: Mapping[str, bytes]) -> None:
        """Lays these answers, by id, and takes their asks away."""
        sealed = [(name, self._seal.close("answer", name, content)) for name, content in answers.items()]
        await self._lay(sealed)

    async def _lay(self, pairs: Sequence[tuple[str | bytes, bytes]]) -> None:
        if pairs:
            args = [ANSWERS_MAX, *(part for pair in pairs for part in pair)]
            await self._answer(keys=self._keys, args=args)
