"""What every HTTP route of the crew's needs: who asks, by the pass they bear, and an answer in JSON."""

import base64
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gala.passes import BadPass, CrewPass, CrewRole, Passes

Allowed = Callable[..., CrewPass | Response]
"""`allowed(request, *roles, typed=False)`: the pass of one of these roles, or the refusal to send back.

typed: a browser may ask its user for it (HTTP Basic, any name). Only for what is read: a browser sends it
again by itself, also when a stranger's page tells it to post something.
"""


def bearers(passes: Passes, wall_s: Callable[[], int]) -> Allowed:
    """wall_s: the world's time, seconds UTC, by which passes run out."""

    def allowed(request: Request, *roles: CrewRole, typed: bool = False) -> CrewPass | Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if typed and scheme.lower() == "basic":
            scheme, token = "bearer", _password(token)
        if scheme.lower() != "bearer" or not token:
            refusal = json_response({"reason": "pass_needed", "detail": "Authorization: Bearer PASS"}, 401)
            if typed:
                refusal.headers["www-authenticate"] = 'Basic realm="the password is your pass"'
            return refusal
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


def _password(token: str) -> str:
    """What stands behind the name in a Basic authorization; empty if that is none."""
    try:
        return base64.b64decode(token, validate=True).decode("ascii").partition(":")[2]
    except (ValueError, UnicodeDecodeError):
        return ""


def json_response(content: object, status: int = 200) -> Response:
    """JSON of a message or of plain values; never kept by a cache."""
    body = msgspec.json.encode(content)
    return Response(
        body, status_code=status, media_type="application/json", headers={"cache-control": "no-store"}
    )
