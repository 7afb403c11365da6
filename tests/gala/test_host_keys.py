"""A token of the host app proves an account, by pinned keys and nothing the token says of itself.

What an attacker can do with a public key is done here: sign with it as a secret, name no algorithm at all,
bring another key; and whatever is refused, its account stands in no message.
"""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from gala.host_keys import ACCOUNT_BYTES_MAX, LEEWAY_S
from gala.host_tokens import BadHostKeys, BadToken
from tests.gala.host import host_keys, jwk, private, published, token
from tests.gala.phones import NOW_S

WHO = "account-4711-of-mrs-wang"


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def pem(algorithm: str) -> bytes:
    return bytes(
        private(algorithm).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_token_of_each_kind_of_key_proves_its_account(tmp_path: Path, algorithm: str) -> None:
    both = host_keys(published(tmp_path, jwk("EdDSA"), jwk("ES256"), jwk("RS256")))
    assert both.account(token(WHO, algorithm), NOW_S) == WHO
    alone = tmp_path / "host.pem"
    alone.write_bytes(pem(algorithm))
    assert host_keys(alone).account(token(WHO, algorithm, aud=["other", "gala"]), NOW_S) == WHO


def test_a_token_is_good_until_its_end_and_from_its_beginning_on(tmp_path: Path) -> None:
    host = host_keys(published(tmp_path))
    told = token(WHO, exp=NOW_S + 10, nbf=NOW_S)
    assert host.account(told, NOW_S + 10 + LEEWAY_S - 1) == host.account(told, NOW_S - LEEWAY_S) == WHO
    for at_s, why in ((NOW_S + 10 + LEEWAY_S, "run out"), (NOW_S - LEEWAY_S - 1, "not valid yet")):
        with pytest.raises(BadToken, match=why):
            host.account(told, at_s)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://else.example"}, "another issuer"),
        ({"aud": "shop"}, "another audience"),
        ({"aud": None}, "no `aud`"),
        ({"iss": None}, "no `iss`"),
        ({"exp": None}, "no `exp`"),
        ({"exp": "tomorrow"}, "times are none"),
        ({"exp": True}, "times are none"),
        ({"exp": float("inf")}, "times are none"),
        ({"nbf": "x"}, "times are none"),
        ({"sub": None}, "no `sub`"),
        ({"sub": ""}, "no name"),
        ({"sub": "x" * (ACCOUNT_BYTES_MAX + 1)}, "no name"),
        ({"sub": "x" * 9_000}, "too long"),
    ],
)
def test_a_token_for_others_or_without_what_it_needs_proves_nothing(
    tmp_path: Path, claims: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadToken, match=why) as refused:
        host_keys(published(tmp_path)).account(token(WHO, **claims), NOW_S)
    assert WHO not in str(refused.value)


def test_no_algorithm_but_the_keys_own_is_ever_believed(tmp_path: Path) -> None:
    alone = tmp_path / "host.pem"
    alone.write_bytes(pem("RS256"))
    claims = part({"sub": WHO, "iss": "https://app.example", "aud": "gala", "exp": NOW_S + 600})
    forged = [
        f"{part({'alg': name, 'kid': 'RS256'})}.{claims}." for name in ("none", "None", "RS256", "HS256")
    ]
    for secret in (pem("RS256"), pem("RS256").strip(), b""):
        signed = f"{part({'alg': 'HS256'})}.{claims}"
        digest = hmac.digest(secret, signed.encode(), hashlib.sha256)
        forged.append(f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}")
    forged += [
        token(WHO, "RS256", key=rsa.generate_private_key(65537, 2048)),
        token(WHO, "ES256"),
        token(WHO, "EdDSA"),
        token(WHO, "RS256") + "A",
        *("", "x", "a.b.c", "é", "." * 9),
    ]
    for host in (host_keys(alone), host_keys(published(tmp_path, jwk("RS256")))):
        for one in forged:
            with pytest.raises(BadToken):
                host.account(one, NOW_S)


def test_a_token_by_a_key_that_is_not_published_proves_nothing(tmp_path: Path) -> None:
    host = host_keys(published(tmp_path, jwk("ES256"), jwk("RS256")))
    with pytest.raises(BadToken, match="not known here"):
        host.account(token(WHO, "EdDSA"), NOW_S)
    with pytest.raises(BadToken, match="not signed"):
        host.account(token(WHO, "ES256", key=ec.generate_private_key(ec.SECP256R1())), NOW_S)


WEAK = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"keys": []}, "JWKS"),
        ([], "JWKS"),
        ({"keys": ["x"]}, "JWKS"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "secret"),
        ({"keys": [{**jwk("EdDSA"), "d": "c2VjcmV0"}]}, "secret"),
        ({"keys": [jwk("EdDSA", alg="HS256")]}, "not for signatures"),
        ({"keys": [jwk("RS256", use="enc")]}, "not for signatures"),
        ({"keys": [jwk("RS256", WEAK)]}, "1024 bits"),
        ({"keys": [{"kty": "EC", "crv": "P-384"}]}, "neither"),
        ({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}, "host.json"),
        ({"keys": [jwk("EdDSA"), jwk("EdDSA", ed25519.Ed25519PrivateKey.generate())]}, "all different"),
    ],
)
def test_a_file_that_holds_other_than_public_signing_keys_is_not_used(
    tmp_path: Path, content: object, why: str
) -> None:
    path = tmp_path / "host.json"
    path.write_text(json.dumps(content))
    with pytest.raises(BadHostKeys, match=why):
        host_keys(path)


def test_a_private_key_or_no_file_at_all_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "host.pem"
    path.write_bytes(private("EdDSA").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(BadHostKeys, match="only the host app may have it"):
        host_keys(path)
    with pytest.raises(BadHostKeys, match="No such file"):
        host_keys(tmp_path / "nowhere.json")
