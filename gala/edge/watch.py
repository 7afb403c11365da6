"""The log towards its witnesses, on the crew's listener: tiles of hashes, the checkpoint, what comes back.

Only hashes are served while the show runs: what the leaves say may still be a secret of the stage.
"""

from collections.abc import Callable

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gala import embargo
from gala.edge.bearer import Allowed, json_response
from gala.evidence import Books
from gala.store import keys
from rewards.log import tiles
from rewards.log.note import BadNote, cosigner_names

NOTE_MAX = 4096
NOT_YET = {"reason": "not_begun", "detail": "the log begins with the show"}


def watch_routes(books: Callable[[], Books], redis: Redis, show: str, allowed: Allowed) -> list[Route]:
    """``GET /api/log/checkpoint``, ``/key`` and ``/tile/…``; ``POST /api/log/cosigned``.

    books: what the notary told last; checkpoint and hashes are of one moment.
    """

    async def checkpoint(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        told = books()
        return _text(told.checkpoint) if told.checkpoint else json_response(NOT_YET, 404)

    async def key(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        told = books()
        return _text(f"{told.key}\n") if told.key else json_response(NOT_YET, 404)

    async def tile(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        hashes = [bytes.fromhex(leaf.hash) for leaf in books().leaves]
        content = tiles.hash_files(hashes).get(f"tile/{request.path_params['path']}")
        if content is None:
            return json_response({"reason": "no_tile", "detail": "the log has no such tile now"}, 404)
        return Response(content, media_type="application/octet-stream")

    async def cosigned(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE)
        if isinstance(held, Response):
            return held
        body = await request.body()
        try:
            names = cosigner_names(body.decode()) if len(body) <= NOTE_MAX else []
        except (BadNote, UnicodeDecodeError) as error:
            return json_response({"reason": "bad_note", "detail": str(error)}, 422)
        if len(names) != 1:
            detail = "a checkpoint as it was served, with the log's line and one of yours, at most 4 KiB"
            return json_response({"reason": "bad_note", "detail": detail}, 422)
        try:
            # the notary judges it; nothing is told that rests on it before
            await redis.hset(keys.cosigned(show), names[0], body)
        except (RedisError, TimeoutError, OSError):
            return json_response(
                {"reason": "retry", "detail": "the store did not answer; send it again"}, 503
            )
        return json_response({"taken": names[0]}, 202)

    return [
        Route("/api/log/checkpoint", checkpoint),
        Route("/api/log/key", key),
        Route("/api/log/tile/{path:path}", tile),
        Route("/api/log/cosigned", cosigned, methods=["POST"]),
    ]


def _text(content: str) -> Response:
    return PlainTextResponse(content, headers={"cache-control": "no-store"})
