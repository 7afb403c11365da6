"""The two listeners: pages and sockets for viewers, and, on another port, everything for the crew."""

import io
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import segno
import socketio
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gala.edge.bearer import json_response
from gala.edge.crew import Crew, CrewSocket, crew_routes
from gala.edge.edge import Edge
from gala.edge.evidence_files import Files, bundle_files
from gala.edge.overlay import Overlays, OverlaySocket
from gala.edge.proofs import proof_route
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


def public_app(
    edge: Edge, sockets: socketio.AsyncServer, bundle: Path, others: Sequence[Route] = ()
) -> ASGIApp:
    """What viewers reach. `bundle`: the folder the notary publishes once the slowest channel has seen all.

    others: further routes, as that of joining.
    """

    async def readyz(_request: Request) -> Response:
        if not edge.state.version:
            return PlainTextResponse("the show has not begun\n", 503)
        if edge.rotation.out:
            return PlainTextResponse(f"{edge.rotation.reason}\n", 503)
        return PlainTextResponse("ok\n")

    app = Starlette(
        routes=[
            Route("/", page("viewer.html")),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            texts_route(edge.texts),
            pictures_route(edge.texts),
            *others,
            proof_route(edge.passes, bundle, bundle.parent / "books"),
            Mount("/bundle", bundle_files(bundle)),
            assets(),
        ]
    )
    return Guarded(socketio.ASGIApp(sockets, other_asgi_app=app), ancestors="*")


def crew_app(
    crew: Crew,
    overlays: Overlays,
    sockets: socketio.AsyncServer,
    bundle: Path,
    out: Callable[[], str],
    others: Sequence[Route] = (),
) -> ASGIApp:
    """What the crew reaches; put it where only they can come.

    bundle: as for viewers, and not before them; out: why this process's word is not to be taken (see
    `gala.edge.rotation`), empty if it is; others: routes of other trades, as tills'.
    """
    sockets.register_namespace(CrewSocket(crew))
    sockets.register_namespace(OverlaySocket(overlays, crew.passes, crew.wall_s))
    crew.sockets = overlays.sockets = sockets

    async def readyz(_request: Request) -> Response:
        if not crew.ready:
            return PlainTextResponse("the show has not begun\n", 503)
        reason = out()
        # a desk says itself that the store is silent, and is served no better elsewhere
        if reason and reason != "store":
            return PlainTextResponse(f"{reason}\n", 503)
        return PlainTextResponse("ok\n")

    code = io.BytesIO()
    # border 0: the overlay's own plate is its quiet zone
    segno.make(overlays.join_url, error="m").save(
        code, kind="svg", border=0, dark="#12070e", xmldecl=False, omitsize=True
    )

    async def join_code(_request: Request) -> Response:
        # the one thing here without a pass: it says what the whole audience is to read
        return Response(code.getvalue(), media_type="image/svg+xml", headers={"cache-control": "no-cache"})

    app = Starlette(
        routes=[
            Route("/director", page("director.html")),
            Route("/overlay", page("overlay.html")),
            Route("/audit", page("audit.html")),
            Route("/api/join.svg", join_code),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            texts_route(overlays.texts),
            pictures_route(overlays.texts),
            *crew_routes(crew),
            Mount("/bundle", bundle_files(bundle)),
            *others,
            assets(),
        ]
    )
    return Guarded(socketio.ASGIApp(sockets, other_asgi_app=app), ancestors="'none'")
