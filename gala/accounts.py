"""Accounts of the host app: who a token proves somebody to be, and the name under which that is kept.

An account's own id comes in with a token and goes no further: what passes hold, and the store, is a keyed
hash of it (`pseudonym`) that nobody can guess back without the service's secret. A number is given
to an account once, whatever its devices, and never to a viewer who has played already: else one person could
play with many numbers and name the one that did well.
"""

import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from gala.host_tokens import BadHostKeys
from gala.passes import derive
from gala.rundown import Rundown, Segment
from gala.settings import Settings
from rewards.rules.leaves import account_hash

if TYPE_CHECKING:
    from gala.host_keys import HostKeys


class NoHost(Exception):
    """A show asks for accounts and nobody can vouch for them; the message says what to do."""


class Accounts:
    """Those of one service. `host` None: no token proves anything."""

    def __init__(self, secret: bytes, host: "HostKeys | None") -> None:
        self._secret = secret
        self.host = host

    def proven(self, token: str, now_s: int) -> str:
        """The pseudonym of the account that `token` proves as of `now_s`, seconds UTC. BadToken else."""
        assert self.host is not None, "who asks has looked whether there is a host"
        return pseudonym(self._secret, account_hash(self.host.account(token, now_s)))


def pseudonym(secret: bytes, hashed: bytes) -> str:
    """32 hex digits for an account, given its hash as lists of exclusions have it."""
    return hmac.digest(derive(secret, "accounts"), b"gala/pseudonym/1\0" + hashed, hashlib.sha256)[:16].hex()


def host_keys(settings: Settings) -> "HostKeys | None":
    """The host app's keys, if GALA_HOST_KEYS names them. NoHost if they cannot be used."""
    if not settings.host_keys:
        return None
    from gala.host_keys import HostKeys

    try:
        path = Path(settings.host_keys)
        return HostKeys.read(path, issuer=settings.host_issuer, audience=settings.host_audience)
    except BadHostKeys as error:
        raise NoHost(f"GALA_HOST_KEYS: {error}") from None


def as_held(rundown: Rundown, *, rehearsal: bool, host: "HostKeys | None") -> Rundown:
    """The rundown as it can be held with such a host.

    Where nobody vouches for accounts, a rehearsal draws among all numbers, and its specs say so; a show whose
    draws are for accounts is not held: NoHost.
    """
    asking = [draw.number for segment in rundown.segments for draw in segment.draws if draw.accounts]
    if host is not None or not asking:
        return rundown
    if not rehearsal:
        listed = ", ".join(map(str, asking))
        raise NoHost(
            f"draw {listed} is for accounts of the host app, and nobody here can check its tokens: set "
            "GALA_HOST_KEYS (its public keys, a JWKS or PEM file), GALA_HOST_ISSUER and GALA_HOST_AUDIENCE, "
            'or write eligibility = "number" in the rundown. A rehearsal goes on without.'
        )
    return _with_draws(rundown, accounts=False, excluded=())


def unlisted(rundown: Rundown) -> Rundown:
    """The rundown without the lists of who may not win: a director need not know them."""
    return _with_draws(rundown, excluded=())


def _with_draws(rundown: Rundown, **changes: Any) -> Rundown:
    def of(segment: Segment) -> Segment:
        draws = (msgspec.structs.replace(draw, **changes) for draw in segment.draws)
        return msgspec.structs.replace(segment, draws=tuple(draws))

    return msgspec.structs.replace(rundown, segments=tuple(map(of, rundown.segments)))
