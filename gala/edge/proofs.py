"""``GET /api/proof``: a viewer's own proof, once the evidence is out. It speaks of its bearer alone."""

import asyncio
import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gala.edge.bearer import json_response
from gala.passes import BadPass, Passes
from rewards.evidence.proofs import NoProof, Proofs

SAID = {
    "not_published": "the evidence is published after the show, once every channel has seen it",
    "unknown_round": "no such round was sealed",
    "unknown_draw": "no such draw has a roster",
    "kept_back": "a box of fewer than 20 plays is not published: so few could be guessed apart",
    "not_in_it": "this viewer is not in it",
}
WAITING_MAX = 64


def proof_route(passes: Passes, bundle: Path, books: Path) -> Route:
    """``?round=ID`` or ``?draw=N``, with the viewer's pass. bundle, books: folders that may not be there."""
    proofs = Proofs(bundle, books)
    turn = asyncio.Lock()  # one at a time: a proof is a millisecond, but for the first of each file
    waiting = 0

    async def serve(request: Request) -> Response:
        nonlocal waiting
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return json_response({"reason": "pass_needed", "detail": "Authorization: Bearer PASS"}, 401)
        try:
            number = passes.read_viewer(token).number
        except BadPass as error:
            return json_response({"reason": "bad_pass", "detail": str(error)}, 401)
        round_id, draw = request.query_params.get("round", ""), request.query_params.get("draw", "")
        if bool(round_id) == bool(draw) or (draw and not re.fullmatch("[0-9]{1,8}", draw)):
            return json_response({"reason": "bad_query", "detail": "round=ID or draw=NUMBER"}, 422)
        if waiting >= WAITING_MAX:
            return json_response({"reason": "busy", "retry_after_ms": 2_000}, 503)
        waiting += 1
        try:
            async with turn:
                if round_id:
                    found = await asyncio.to_thread(proofs.of_round, round_id, number)
                else:
                    found = await asyncio.to_thread(proofs.of_draw, int(draw), number)
        except NoProof as none:
            return json_response({"reason": none.reason, "detail": SAID[none.reason]}, 404)
        finally:
            waiting -= 1
        return json_response(found)

    return Route("/api/proof", serve)
