"""Tokens of the host app: JWTs that say which of its accounts somebody is, signed by a key pinned here.

The file is a JWKS (RFC 7517) or one public key in PEM. Which algorithm a signature is made by follows from
the key alone (RSA: RS256, P-256: ES256, Ed25519: EdDSA) and never from the token, so that neither `none` nor
an HMAC under the public key is ever tried. Nothing here looks at a clock, or says an account aloud.
"""

import json
import math
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from gala.host_tokens import TOKEN_CHARS_MAX, BadHostKeys, BadToken

RSA_BITS_MIN = 2048
ACCOUNT_BYTES_MAX = 256
LEEWAY_S = 30  # how far the host's clock may be off ours


class HostKey(msgspec.Struct, frozen=True):
    """One public key and the one algorithm it is for. `id`: its `kid`, empty where it has none."""

    id: str
    algorithm: str
    key: Any


class HostKeys:
    """The keys of one host app, and whom its tokens are from and for (`iss`, `aud`)."""

    def __init__(self, found: list[HostKey], *, issuer: str, audience: str) -> None:
        self._keys = found
        self._issuer = issuer
        self._audience = audience

    @classmethod
    def read(cls, path: Path, *, issuer: str, audience: str) -> "HostKeys":
        """Those of a file; BadHostKeys if it cannot be read, or holds others than public signing keys."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise BadHostKeys(f"{path}: {error.strerror}") from None
        try:
            found = [_pem(content)] if content.lstrip().startswith(b"-----") else _jwks(content)
        except (ValueError, TypeError, KeyError, jwt.PyJWTError) as error:
            raise BadHostKeys(f"{path}: {error}") from None
        if len({key.id for key in found}) != len(found):
            raise BadHostKeys(f"{path}: several keys need a `kid` each, all different")
        return cls(found, issuer=issuer, audience=audience)

    def account(self, token: str, now_s: int) -> str:
        """The account (`sub`) that the token proves as of `now_s`, seconds UTC. BadToken otherwise."""
        if len(token) > TOKEN_CHARS_MAX:
            raise BadToken("too long")
        try:
            header = jwt.get_unverified_header(token)
            if "crit" in header:
                raise BadToken("it asks for extensions that are not known here")
            key = self._key(header.get("kid", ""))
            # instants are judged below, against the time we were given
            options: Any = {
                "require": ["sub", "iss", "aud", "exp"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            }
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                issuer=self._issuer,
                audience=self._audience,
                options=options,
            )
        except jwt.InvalidIssuerError:
            raise BadToken("it is from another issuer") from None
        except jwt.InvalidAudienceError:
            raise BadToken("it is for another audience") from None
        except jwt.MissingRequiredClaimError as error:
            raise BadToken(f"it has no `{error.claim}`") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise BadToken("it is not signed by the host app") from None
        if _instant(claims["exp"]) <= now_s - LEEWAY_S:
            raise BadToken("it has run out")
        if "nbf" in claims and _instant(claims["nbf"]) > now_s + LEEWAY_S:
            raise BadToken("it is not valid yet")
        account = claims["sub"]
        if not isinstance(account, str) or not 0 < len(account.encode()) <= ACCOUNT_BYTES_MAX:
            raise BadToken(f"its `sub` is no name of 1 to {ACCOUNT_BYTES_MAX} bytes")
        return account

    def _key(self, key_id: object) -> HostKey:
        only = self._keys[0] if len(self._keys) == 1 else None
        if only is not None and not (key_id and only.id):
            return only
        for key in self._keys:
            if key.id == key_id:
                return key
        raise BadToken("it is signed by a key that is not known here")


def _instant(said: object) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float) or not math.isfinite(said):
        raise BadToken("its times are none")
    return said


def _pem(content: bytes) -> HostKey:
    if b"PRIVATE" in content:
        raise ValueError("holds a private key: only the host app may have it, give the public one")
    key = load_pem_public_key(content)
    if isinstance(key, rsa.RSAPublicKey):
        return _strong(HostKey("", "RS256", key))
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return HostKey("", "ES256", key)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return HostKey("", "EdDSA", key)
    raise ValueError("is neither RSA nor P-256 nor Ed25519")


def _jwks(content: bytes) -> list[HostKey]:
    listed = json.loads(content)
    keys = listed.get("keys") if isinstance(listed, dict) else None
    if not isinstance(keys, list) or not keys or any(not isinstance(key, dict) for key in keys):
        raise ValueError('is neither a public key in PEM nor a JWKS, {"keys": […]}')
    return [_jwk(key) for key in keys]


def _jwk(key: dict[str, Any]) -> HostKey:
    key_id = key.get("kid", "")
    if not isinstance(key_id, str):
        raise TypeError("a `kid` is a text")
    name = f"key {key_id!r}"
    kind = f"{key.get('kty')} {key.get('crv', '')}".strip()
    algorithm = {"RSA": "RS256", "EC P-256": "ES256", "OKP Ed25519": "EdDSA"}.get(kind, "")
    if "d" in key or key.get("kty") == "oct":
        raise ValueError(f"{name} is a secret: only the host app may have it, give the public one")
    if not algorithm:
        raise ValueError(f"{name} is neither RSA nor P-256 nor Ed25519")
    if key.get("alg", algorithm) != algorithm or key.get("use", "sig") != "sig":
        raise ValueError(f"{name} is not for signatures by {algorithm}")
    return _strong(HostKey(key_id, algorithm, jwt.PyJWK(key, algorithm).key))


def _strong(key: HostKey) -> HostKey:
    if isinstance(key.key, rsa.RSAPublicKey) and key.key.key_size < RSA_BITS_MIN:
        raise ValueError(f"key {key.id!r} has {key.key.key_size} bits: at least {RSA_BITS_MIN}, please")
    return key
