"""The host app as tests have it: its keys, the file it publishes, and the tokens it signs."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from gala.accounts.keys import HostKeys
from tests.gala.phones import NOW_S

ISSUER, AUDIENCE = "https://app.example", "gala"
KINDS: dict[str, Any] = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


@cache
def private(algorithm: str) -> Any:
    """The host's key for an algorithm, made once a run."""
    if algorithm == "RS256":
        return rsa.generate_private_key(65537, 2048)
    return (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else ed25519.Ed25519PrivateKey.generate()
    )


def jwk(algorithm: str, key: Any = None, **more: Any) -> dict[str, Any]:
    """Its public half, with its algorithm's name as `kid`."""
    public = (key or private(algorithm)).public_key()
    return {**KINDS[algorithm].to_jwk(public, as_dict=True), "kid": algorithm, **more}


def published(folder: Path, *keys: dict[str, Any]) -> Path:
    """The file of GALA_HOST_KEYS."""
    path = folder / "host.json"
    path.write_text(json.dumps({"keys": list(keys or (jwk("EdDSA"),))}))
    return path


def host_keys(path: Path) -> HostKeys:
    return HostKeys.read(path, issuer=ISSUER, audience=AUDIENCE)


def token(account: object, algorithm: str = "EdDSA", *, key: Any = None, **claims: Any) -> str:
    """A token of the host's for ten minutes; a claim that is None is left out."""
    said = {"sub": account, "iss": ISSUER, "aud": AUDIENCE, "exp": NOW_S + 600, **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(kept, key or private(algorithm), algorithm=algorithm, headers={"kid": algorithm})
