"""The crew's listener: everything that viewers are not to see, on a port of its own."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import segno
import socketio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from gala.edge.crew import Crew, CrewSocket, crew_routes
from gala.edge.evidence_files import bundle_files
from gala.edge.overlay import Overlays, OverlaySocket
from gala.edge.pages import Guarded, assets, healthz, page, pictures_route, texts_route


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
