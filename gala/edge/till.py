"""The tills' door on the crew's listener: a voucher's code in, done or refused out.

A request has the merchant's pass and an idempotency key of the till's own. Whoever does not hear the answer
sends the same again and hears it then, or the first one again: nothing is done twice. An answer has the same
fields whatever the code is, so that an unknown, a foreign and a used one look alike but for the reason.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala.asks import AtTill, Unanswered
from gala.edge.bearer import Allowed, json_response
from gala.protocol.crew import TillPost, TillReply

BURST = 40
"""Attempts a till may make at once; a queue of customers, each with a code that is mistyped twice."""

PER_S = 5
TILLS_MAX = 10_000  # whose attempts are remembered; the longest silent are forgotten, which costs nobody any
KEY_MAX = 200
NO_ANSWER_MS = 1_000

log = structlog.get_logger("gala")


class Attempts:
    """A token bucket for each till. Time is an argument, real ms."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()  # by till: attempts left, as of

    def retry_after_ms(self, till: str, now_ms: int) -> int:
        """0: one attempt is taken; else in how many ms there will be one."""
        left, since_ms = self._left.pop(till, (float(BURST), now_ms))
        left = min(float(BURST), left + max(0, now_ms - since_ms) * PER_S / 1000)
        allowed = left >= 1
        self._left[till] = (left - 1 if allowed else left, now_ms)
        if len(self._left) > TILLS_MAX:
            self._left.popitem(last=False)
        return 0 if allowed else int((1 - left) * 1000 / PER_S) + 1


def till_routes(
    ask: Callable[[AtTill], Awaitable[TillReply]],
    allowed: Allowed,
    real_ms: Callable[[], int],
) -> list[Route]:
    """``POST /api/vouchers/redeem`` and ``/rollback``.

    ask: has it done, or raises Unanswered or the store's errors. real_ms: a clock nobody sets.
    """
    attempts = Attempts()

    def act(kind: str) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            held = allowed(request, "merchant")
            if isinstance(held, Response):
                return held
            wait_ms = attempts.retry_after_ms(held.name, real_ms())
            if wait_ms:
                return _wait("too_many", wait_ms, 429)
            key = request.headers.get("idempotency-key", "").strip()
            if not key or len(key) > KEY_MAX or not key.isascii() or not key.isprintable():
                detail = f"Idempotency-Key: 1 to {KEY_MAX} printable ASCII characters of your own"
                return json_response({"reason": "key_needed", "detail": detail}, 400)
            try:
                post = msgspec.json.decode(await request.body(), type=TillPost)
            except (msgspec.ValidationError, msgspec.DecodeError):
                # without the error's own words: they may quote the code
                return json_response(
                    {"reason": "bad_body", "detail": 'JSON: {"code": "…"}, at most 64 letters'}, 400
                )
            try:
                reply = await ask(AtTill(kind, post.code, held.name, key))
            except Unanswered:
                return _wait("no_answer", NO_ANSWER_MS, 504)
            except (RedisError, TimeoutError, OSError):
                return _wait("no_answer", NO_ANSWER_MS, 503)
            log.info("till", act=kind, till=held.name, status=reply.status, reason=reply.reason)
            return json_response(reply, 422 if reply.reason == "key_reused" else 200)

        return serve

    return [
        Route("/api/vouchers/redeem", act("redeem"), methods=["POST"]),
        Route("/api/vouchers/rollback", act("rollback"), methods=["POST"]),
    ]


def _wait(reason: str, wait_ms: int, status: int) -> Response:
    response = json_response({"reason": reason, "retry_after_ms": wait_ms}, status)
    response.headers["retry-after"] = str(-(-wait_ms // 1000))
    return response
