"""``POST /api/join``: a pass for a new viewer, or for the viewer of a host app's account.

The answer is a pass without a number; that comes with `enter`, where the same account finds the same number
on every device. What the token held is told to nobody, not even in a refusal.
"""

from collections.abc import Callable

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala.accounts import Accounts
from gala.edge.bearer import json_response
from gala.host_tokens import TOKEN_CHARS_MAX, BadToken
from gala.passes import Passes
from gala.protocol import Join

BODY_BYTES_MAX = TOKEN_CHARS_MAX + 256

log = structlog.get_logger("gala.edge")


def join_route(
    passes: Passes,
    accounts: Accounts,
    show: str,
    entropy: Callable[[int], bytes],
    wall_s: Callable[[], int],
    refused: Callable[[str], None],
) -> Route:
    """Body: nothing, or ``{"token": JWT}`` of the host app. wall_s: the world's time, seconds UTC. refused:
    hears the reason of every refusal."""

    def refuse(reason: str, detail: str, status: int) -> Response:
        refused(reason)
        return json_response({"reason": reason, "detail": detail}, status)

    async def join(request: Request) -> Response:
        body = await _body(request)
        try:
            said = msgspec.json.decode(body or b"{}", type=Join) if body is not None else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            said = None
        if said is None:
            return refuse("bad_join", 'nothing, or {"token": "…"}', 422)
        account = ""
        if said.token:
            if accounts.host is None:
                return refuse("no_host", "this service takes no accounts: join without a token", 422)
            try:
                account = accounts.proven(said.token, wall_s())
            except BadToken as error:
                log.info("a token that proves nothing", why=str(error))
                return refuse("bad_token", str(error), 401)
        return json_response({"pass": passes.viewer(entropy(16).hex(), account=account), "show": show})

    return Route("/api/join", join, methods=["POST"])


async def _body(request: Request) -> bytes | None:
    """What was sent; None for more than a token can be."""
    found = b""
    async for part in request.stream():
        found += part
        if len(found) > BODY_BYTES_MAX:
            return None
    return found
