"""Passes: the signed token a viewer or one of the crew holds.

A viewer's pass carries who they are and, once they have entered, their number; a crew pass carries a role and
a name. Both are JWTs (RFC 7519) under keys derived from the service's secret, one key a use, so that a
viewer's pass can never be taken for a crew's.

They are signed in one way only, HS256 with one header, so nothing of a token is looked at before its
signature is found to be ours, and no token says how it is to be checked. (A library that can do all of them
took 130 µs for a phone that comes back; this takes 15.)
"""

import base64
import hashlib
import hmac
from typing import Annotated, Literal, TypeVar

import msgspec

CrewRole = Literal["director", "overlay", "auditor", "merchant", "metrics"]
CREW_ROLES: tuple[CrewRole, ...] = ("director", "overlay", "auditor", "merchant", "metrics")
HEADER = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")


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


class _ViewerClaims(msgspec.Struct, omit_defaults=True):
    sub: str
    show: str
    num: Annotated[int, msgspec.Meta(ge=-1)] = -1
    acc: Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{32})?\Z")] = ""


class _CrewClaims(msgspec.Struct):
    role: CrewRole
    sub: str
    show: str
    exp: int


_Claims = TypeVar("_Claims", _ViewerClaims, _CrewClaims)
_viewer = msgspec.json.Decoder(_ViewerClaims)
_crew = msgspec.json.Decoder(_CrewClaims)


class Passes:
    """Signs and reads passes of one show."""

    def __init__(self, secret: bytes, show: str) -> None:
        self._viewer_key = derive(secret, "pass/viewer")
        self._crew_key = derive(secret, "pass/crew")
        self._show = show

    def viewer(self, viewer: str, number: int = -1, account: str = "") -> str:
        """A viewer's pass as it goes over the wire."""
        return _signed(_ViewerClaims(viewer, self._show, number, account), self._viewer_key)

    def crew(self, role: CrewRole, name: str, *, expires_at_s: int) -> str:
        """A crew pass, good until `expires_at_s` (seconds UTC, the world's time)."""
        return _signed(_CrewClaims(role, name, self._show, expires_at_s), self._crew_key)

    def read_viewer(self, token: str) -> ViewerPass:
        """The pass in `token`; `BadPass` says in words what is wrong with it."""
        claims = self._read(token, self._viewer_key, _viewer)
        return ViewerPass(claims.sub, claims.show, claims.num, claims.acc)

    def has_number(self, token: str) -> bool:
        """Whether this is a pass of a viewer who has entered, whatever else may be wrong with it."""
        try:
            return self.read_viewer(token).number >= 0
        except BadPass:
            return False

    def read_crew(self, token: str, now_s: int) -> CrewPass:
        """The crew pass in `token` as of `now_s` (seconds UTC); `BadPass` otherwise."""
        claims = self._read(token, self._crew_key, _crew)
        if claims.exp <= now_s:
            raise BadPass("the pass has run out; ask for a new one with `gala pass`")
        return CrewPass(claims.role, claims.sub, claims.show)

    def _read(self, token: str, key: bytes, decoder: "msgspec.json.Decoder[_Claims]") -> _Claims:
        said, _, signature = token.encode("utf-8", "replace").rpartition(b".")
        header, _, content = said.partition(b".")
        if header != HEADER or not hmac.compare_digest(signature, _signature(said, key)):
            raise BadPass("this pass is not from this service")
        try:
            claims = decoder.decode(base64.urlsafe_b64decode(content + b"=="))  # superfluous ones are ignored
        except (msgspec.MsgspecError, ValueError) as error:
            raise BadPass(f"this pass makes no sense: {error}") from error
        if claims.show != self._show:
            raise BadPass(f"this pass is for another show ({claims.show})")
        return claims


def _signed(claims: _ViewerClaims | _CrewClaims, key: bytes) -> str:
    said = HEADER + b"." + base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")
    return (said + b"." + _signature(said, key)).decode()


def _signature(said: bytes, key: bytes) -> bytes:
    return base64.urlsafe_b64encode(hmac.digest(key, said, hashlib.sha256)).rstrip(b"=")
