"""The listener for viewers: pages, sockets, evidence. The crew has another, on another port."""

from collections.abc import Sequence
from pathlib import Path

import socketio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from gala.edge.edge import Edge
from gala.edge.evidence_files import bundle_files
from gala.edge.pages import Guarded, assets, healthz, page, pictures_route, texts_route
from gala.edge.proofs import proof_route


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
