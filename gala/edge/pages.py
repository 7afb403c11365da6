"""What both listeners serve alike: built pages and their assets, texts, pictures, and the headers of all."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gala.edge.bearer import json_response
from gala.edge.evidence_files import Files
from gala.texts import Texts

PAGES = Path(__file__).parent.parent / "web" / "dist"
FOR_EVER = "public, max-age=31536000, immutable"
MISSING_PAGES = "The pages are not built: run `make pages`, or install the wheel, which carries them.\n"

# Nothing of a page comes from elsewhere; sockets go home. Styles are set inline by the pages' own code.
POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors {ancestors}; base-uri 'none'; form-action 'none'"
)
# A picture is no page: opened by itself it runs nothing, fetches nothing and is of no origin.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


class Guarded:
    """ASGI: adds the headers that keep a page from being used against its reader."""

    def __init__(self, app: ASGIApp, *, ancestors: str) -> None:
        self._app = app
        self._policy = POLICY.format(ancestors=ancestors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on, with headers added to the response's start."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", self._policy)
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("referrer-policy", "no-referrer")
            await send(message)

        await self._app(scope, receive, guarded)


def page(name: str) -> Callable[[Request], Awaitable[Response]]:
    """A route that serves one built page, never from a cache, so that a new version is seen at once."""

    async def serve(_request: Request) -> Response:
        path = PAGES / name
        if not path.is_file():
            return PlainTextResponse(MISSING_PAGES, 503)
        return FileResponse(path, headers={"cache-control": "no-cache"})

    return serve


class Assets(Files):
    """Built files, whose names carry a hash of their content; the smallest form a browser takes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """As Starlette's, from the file that was compressed when the pages were built, if there is one."""
        accepted = Headers(scope=scope).get("accept-encoding", "")
        for token, ending in (("br", ".br"), ("gzip", ".gz")):
            if token in accepted and self.lookup_path(path + ending)[1] is not None:
                response = await super().get_response(path + ending, scope)
                response.headers["content-encoding"] = token
                response.headers["vary"] = "accept-encoding"
                return response
        return await super().get_response(path, scope)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """As Starlette's, kept for ever by caches."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = FOR_EVER
        return response


def assets() -> Mount:
    """``/assets``; missing ones are 404, also where no page was built yet."""
    return Mount("/assets", Assets(directory=PAGES / "assets", check_dir=False))


def texts_route(texts: Texts) -> Route:
    """``/texts/HASH.json``: what pages read, kept for ever by caches."""

    async def serve(request: Request) -> Response:
        found = texts.file(request.path_params["name"])
        if found is None:
            return json_response({"reason": "unknown_text"}, 404)
        return Response(found, media_type="application/json", headers={"cache-control": FOR_EVER})

    return Route("/texts/{name:str}.json", serve)


def pictures_route(texts: Texts) -> Route:
    """``/pictures/HASH``: what choices show, kept for ever by caches."""

    async def serve(request: Request) -> Response:
        found = texts.picture(request.path_params["name"])
        if found is None:
            return json_response({"reason": "unknown_picture"}, 404)
        headers = {"cache-control": FOR_EVER, "content-security-policy": PICTURE_POLICY}
        return Response(found.content, media_type=found.media_type, headers=headers)

    return Route("/pictures/{name:str}", serve)


async def healthz(_request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n")
