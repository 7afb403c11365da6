"""A pass is believed when this service signed it, for this show and this use, and not otherwise."""

import base64
import hmac
import json
from typing import Any

import jwt
import pytest

from gala.passes import BadPass, Passes, derive

SECRET = b"sixteen bytes or more of it"
NOW_S = 1_573_385_400
PASSES = Passes(SECRET, "short")


def signed(use: str, **claims: Any) -> str:
    return jwt.encode(claims, derive(SECRET, use), algorithm="HS256")


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("number", [-1, 0, 7, 9_999_999])
def test_a_viewers_pass_says_who_and_which_number(number: int) -> None:
    held = PASSES.read_viewer(PASSES.viewer("abc", number))
    assert (held.viewer, held.number, held.show) == ("abc", number, "short")


@pytest.mark.parametrize("number", [-1, 0, 123_456])
@pytest.mark.parametrize("account", ["", "0f" * 16])
def test_a_pass_is_the_web_token_that_others_make_and_read(number: int, account: str) -> None:
    claims: dict[str, Any] = {"sub": "abc", "show": "short"}
    claims |= ({"num": number} if number >= 0 else {}) | ({"acc": account} if account else {})
    token = PASSES.viewer("abc", number, account)
    assert token == signed("pass/viewer", **claims)
    assert jwt.decode(token, derive(SECRET, "pass/viewer"), algorithms=["HS256"]) == claims


@pytest.mark.parametrize("algorithm", ["none", "HS384", "RS256"])
def test_a_token_does_not_say_how_it_is_to_be_checked(algorithm: str) -> None:
    said = f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part({'sub': 'abc', 'show': 'short'})}"
    mac = hmac.digest(derive(SECRET, "pass/viewer"), said.encode(), "sha256")
    with pytest.raises(BadPass, match="not from this service"):
        PASSES.read_viewer(f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}")


def test_a_crew_pass_is_good_until_its_time_and_not_a_second_longer() -> None:
    token = PASSES.crew("director", "Mei", expires_at_s=NOW_S + 10)
    held = PASSES.read_crew(token, NOW_S + 9)
    assert (held.role, held.name) == ("director", "Mei")
    with pytest.raises(BadPass, match="run out"):
        PASSES.read_crew(token, NOW_S + 10)


def test_any_changed_character_makes_a_pass_a_forgery() -> None:
    token = PASSES.viewer("abc", 3)
    for at, was in enumerate(token):
        for now in {"A", "B", ".", "=", "é", "\ud800"} - {was}:
            with pytest.raises(BadPass):
                PASSES.read_viewer(token[:at] + now + token[at + 1 :])


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "a.b", "." * 9, "null", "9" * 9000])
def test_rubbish_is_no_pass(token: str) -> None:
    with pytest.raises(BadPass):
        PASSES.read_viewer(token)
    with pytest.raises(BadPass):
        PASSES.read_crew(token, NOW_S)


def test_a_pass_without_a_signature_is_no_pass() -> None:
    claims = part({"sub": "abc", "show": "short", "num": 3})
    for header in ({"alg": "none", "typ": "JWT"}, {"alg": "HS256", "typ": "JWT"}, {"alg": "HS512"}):
        with pytest.raises(BadPass):
            PASSES.read_viewer(f"{part(header)}.{claims}.")


def test_a_pass_of_another_service_or_show_is_refused_and_says_so() -> None:
    with pytest.raises(BadPass, match="not from this service"):
        PASSES.read_viewer(Passes(b"another secret, as long", "short").viewer("abc"))
    with pytest.raises(BadPass, match=r"another show \(gala\)"):
        PASSES.read_viewer(Passes(SECRET, "gala").viewer("abc"))
    with pytest.raises(BadPass, match="another show"):
        PASSES.read_crew(Passes(SECRET, "gala").crew("director", "Mei", expires_at_s=NOW_S + 9), NOW_S)


def test_a_viewers_key_opens_no_crew_door_and_a_crews_none_of_a_viewers() -> None:
    claims = {"sub": "Mei", "show": "short", "role": "director", "exp": NOW_S + 100}
    with pytest.raises(BadPass):
        PASSES.read_crew(signed("pass/viewer", **claims), NOW_S)
    with pytest.raises(BadPass):
        PASSES.read_viewer(signed("pass/crew", sub="abc", show="short", num=3))
    with pytest.raises(BadPass):
        PASSES.read_crew(PASSES.viewer("abc"), NOW_S)


@pytest.mark.parametrize(
    "claims",
    [
        {"show": "short"},
        {"sub": "abc"},
        {"sub": "abc", "show": ["short"]},
        {"sub": "abc", "show": "short", "num": "3"},
        {"sub": "abc", "show": "short", "num": True},
        {"sub": "abc", "show": "short", "num": -5},
        {"sub": 5, "show": "short"},
        {"sub": "abc", "show": "short", "acc": "0F" * 16},
        {"sub": "abc", "show": "short", "acc": "0f" * 16 + "\n"},
        {"sub": "abc", "show": "short", "acc": None},
    ],
)
def test_even_a_signed_viewers_pass_must_make_sense(claims: dict[str, Any]) -> None:
    with pytest.raises(BadPass):
        PASSES.read_viewer(signed("pass/viewer", **claims))


@pytest.mark.parametrize(
    "more",
    [
        {"role": "king", "exp": NOW_S + 9},
        {"role": ["director"], "exp": NOW_S + 9},
        {"role": "director"},
        {"role": "director", "exp": "soon"},
        {"role": "director", "exp": None},
        {"exp": NOW_S + 9},
    ],
)
def test_even_a_signed_crew_pass_must_make_sense(more: dict[str, Any]) -> None:
    with pytest.raises(BadPass):
        PASSES.read_crew(signed("pass/crew", sub="Mei", show="short", **more), NOW_S)


def test_each_use_has_a_key_of_its_own_and_a_short_secret_is_refused() -> None:
    assert len({derive(SECRET, use) for use in ("pass/viewer", "pass/crew", "log")}) == 3
    with pytest.raises(ValueError, match="16 bytes"):
        derive(b"short", "log")
