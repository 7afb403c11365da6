"""What every HTTP route of the crew's needs: who asks, by the pass they bear, and an answer in JSON."""

from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gala.passes import BadPass, CrewPass, CrewRole, Passes

Allowed = Callable[..., CrewPass | Response]
"""`allowed(request, *roles)`: the pass of one of these roles, or the refusal to send back."""


def bearers(passes: Passes, wall_s: Callable[[], int]) -> Allowed:
    """wall_s: the world's time, seconds UTC, by which passes run out."""

    def allowed(request: Request, *roles: CrewRole) -> CrewPass | Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return json_response({"reason": "pass_needed", "detail": "Authorization: Bearer PASS"}, 401)
        try:
            held = passes.read_crew(token, wall_s())
        except BadPass as error:
            return json_response({"reason": "bad_pass", "detail": str(error)}, 401)
        if held.role not in roles:
            return json_response(
                {"reason": "wrong_role", "detail": f"this needs a pass for {' or '.join(roles)}"}, 403
            )
        return held

    return allowed


def json_response(content: object, status: int = 200) -> Response:
    """JSON of a message or of plain values; never kept by a cache."""
    body = msgspec.json.encode(content)
    return Response(
        body, status_code=status, media_type="application/json", headers={"cache-control": "no-store"}
    )
