"""Passes: the signed token a viewer or one of the crew holds.

A viewer's pass carries who they are and, once they have entered, their number; a crew pass carries a role and
a name. Both are JWTs (HS256) under keys derived from the service's secret, one key a use, so that a viewer's
pass can never be taken for a crew's.
"""

import hashlib
import hmac
import re
from typing import Any, Literal

import jwt
import msgspec

CrewRole = Literal["director", "overlay", "auditor", "merchant", "metrics"]
CREW_ROLES: tuple[CrewRole, ...] = ("director", "overlay", "auditor", "merchant", "metrics")
_PSEUDONYM = re.compile("([0-9a-f]{32})?")


class BadPass(Exception):
    """The token is not one of ours for this use: forged, of another show, or too old."""


class ViewerPass(msgspec.Struct, frozen=True):
    """`viewer` is random and says nothing; `number` is -1 until the viewer has entered. `account`: the
    pseudonym of a verified account of the host app (`gala.accounts`), or empty."""

    viewer: str
    show: str
    number: int = -1
    account: str = ""


class CrewPass(msgspec.Struct, frozen=True):
    role: CrewRole
    name: str
    show: str


def derive(secret: bytes, use: str) -> bytes:
    """The 32-byte key for one `use` of the service's `secret` (at least 16 bytes, ValueError otherwise)."""
    if len(secret) < 16:
        raise ValueError("the service's secret needs at least 16 bytes")
    return hmac.digest(secret, b"gala/key/1\0" + use.encode(), hashlib.sha256)


class Passes:
    """Signs and reads passes of one show."""

    def __init__(self, secret: bytes, show: str) -> None:
        self._viewer_key = derive(secret, "pass/viewer")
        self._crew_key = derive(secret, "pass/crew")
        self._show = show

    def viewer(self, viewer: str, number: int = -1, account: str = "") -> str:
        """A viewer's pass as it goes over the wire."""
        claims: dict[str, Any] = {"sub": viewer, "show": self._show}
        if number >= 0:
            claims["num"] = number
        if account:
            claims["acc"] = account
        return jwt.encode(claims, self._viewer_key, algorithm="HS256")

    def crew(self, role: CrewRole, name: str, *, expires_at_s: int) -> str:
        """A crew pass, good until `expires_at_s` (seconds UTC, the world's time)."""
        claims = {"role": role, "sub": name, "show": self._show, "exp": expires_at_s}
        return jwt.encode(claims, self._crew_key, algorithm="HS256")

    def read_viewer(self, token: str) -> ViewerPass:
        """The pass in `token`; `BadPass` says in words what is wrong with it."""
        claims = self._read(token, self._viewer_key, ["sub", "show"])
        number = claims.get("num", -1)
        if type(number) is not int or number < -1:
            raise BadPass("the pass's number is not a number")
        account = claims.get("acc", "")
        if not isinstance(account, str) or not _PSEUDONYM.fullmatch(account):
            raise BadPass("the pass's account is none")
        return ViewerPass(claims["sub"], claims["show"], number, account)

    def read_crew(self, token: str, now_s: int) -> CrewPass:
        """The crew pass in `token` as of `now_s` (seconds UTC); `BadPass` otherwise."""
        claims = self._read(token, self._crew_key, ["sub", "show", "role", "exp"])
        if claims["role"] not in CREW_ROLES:
            raise BadPass(f"no such role: {claims['role']}")
        if not isinstance(claims["exp"], int) or claims["exp"] <= now_s:
            raise BadPass("the pass has run out; ask for a new one with `gala pass`")
        return CrewPass(claims["role"], claims["sub"], claims["show"])

    def _read(self, token: str, key: bytes, needed: list[str]) -> dict[str, Any]:
        try:
            # exp is judged by the caller, against the time it was given
            options: Any = {"require": needed, "verify_exp": False}
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"], options=options)
        except jwt.PyJWTError as error:
            raise BadPass("this pass is not from this service") from error
        if claims["show"] != self._show:
            raise BadPass(f"this pass is for another show ({claims['show']})")
        return claims
