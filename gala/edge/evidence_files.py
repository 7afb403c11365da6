"""What is served from the data folder once it is there: the bundle to all, the statement to the crew."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gala import embargo
from gala.edge.bearer import Allowed, json_response
from gala.settings import STATEMENT

NOT_YET = "The evidence is published after the show, once every channel has seen it.\n"
# A statement runs nothing and fetches nothing.
STATEMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


class Files(StaticFiles):
    """Starlette's, over a folder that may not be there yet: then every file of it is 404."""

    async def check_config(self) -> None:
        """Nothing: Starlette's fails where the folder is missing."""


def bundle_files(bundle: Path) -> Files:
    """The bundle's files, or honest words while there is none."""

    class Bundle(Files):
        async def get_response(self, path: str, scope: Scope) -> Response:
            if not (bundle / "MANIFEST.json").is_file():
                return PlainTextResponse(NOT_YET, 404)
            return await super().get_response("MANIFEST.json" if path == "." else path, scope)

    return Bundle(directory=bundle, check_dir=False)


def statement_route(data: Path, allowed: Allowed) -> Route:
    """``GET /statement``, for directors and auditors."""

    async def serve(request: Request) -> Response:
        held = allowed(request, *embargo.KNOW_BEFORE, typed=True)
        if isinstance(held, Response):
            return held
        if not (data / STATEMENT).is_file():
            return json_response({"reason": "not_published", "detail": NOT_YET.strip()}, 404)
        headers = {"cache-control": "no-store", "content-security-policy": STATEMENT_POLICY}
        return FileResponse(data / STATEMENT, media_type="text/html; charset=utf-8", headers=headers)

    return Route("/statement", serve)
