"""Answers of a provider that prove nothing: forged, for another sign-in, broken, or none."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from .desk import Browser
from .providing import (
    CLIENT,
    SECRET,
    WAY,
    come,
    configured,
    crm,
    door,
    is_in,
    liar,
    linked,
    new_key,
    said,
)

__all__ = ["crm", "door", "liar"]
PRESET = "desk"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"iss": "https://evil.example"},
        {"iss": None}, {"aud": "another"}, {"aud": ["another"]}, {"aud": None}, {"aud": []},
        {"aud": [CLIENT, "another"], "azp": "another"}, {"aud": [CLIENT, "another"]},
        {"azp": "another"}, {"exp": 1_600_000_000}, {"exp": None}, {"exp": "soon"},
        {"iat": None}, {"nbf": 4_000_000_000}, {"sub": None}, {"sub": ""}, {"sub": 7},
        {"sub": "a" * 256}, {"at_hash": "wrong"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_that_is_for_another_sign_in_lets_nobody_in(crm, liar, door, claims):
    browser = door()
    page = come(browser, liar, **claims)
    assert (page.status_code, is_in(browser), linked(crm)) == (502, None, [])
    assert "sign in by password" in said(page)


def _unsigned(liar):
    liar.header, liar.signed_by = {"alg": "none"}, b""


def _by_another_key(liar):
    liar.signed_by = new_key("other")


def _by_the_secret(liar):
    liar.header, liar.signed_by = {"alg": "HS256"}, SECRET.encode()


def _by_the_public_key(liar):
    liar.header = {"alg": "HS256", "kid": "one"}
    liar.signed_by = liar.keys["one"].as_pem(private=False)


def _by_nobodys_key(liar):
    liar.signed_by = new_key("nobody")
    liar.header = {"alg": "RS256", "kid": "nobody"}


@pytest.mark.parametrize(
    "forge", [_unsigned, _by_another_key, _by_the_secret, _by_the_public_key, _by_nobodys_key]
)
def test_an_id_token_that_the_provider_has_not_signed_lets_nobody_in(liar, door, forge):
    forge(liar)
    browser = door()
    assert (come(browser, liar).status_code, is_in(browser)) == (502, None)


@pytest.mark.parametrize("sub", ["bob-1", None])
def test_userinfo_of_somebody_else_lets_nobody_in(liar, door, sub):
    liar.says["userinfo_endpoint"] = f"{liar.issuer}/userinfo"
    liar.userinfo = {"sub": sub, "email": "alice@example.org", "email_verified": True}
    browser = door()
    page = come(browser, liar, email=None, email_verified=None)
    assert (page.status_code, is_in(browser)) == (502, None)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/token", 500, b"{}"), ("/token", 200, b""), ("/token", 200, b"[]"),
        ("/token", 200, b"{}"),
        ("/token", 200, b'{"id_token": "a.b.c"}'), ("/token", 200, b'{"id_token": 7}'),
        ("/token", 302, b""), ("/token", 400, b'{"error": "invalid_client"}'),
        ("/token", 200, b"\xff\xfe"), ("/token", 200, b"[" * 100_000),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_lets_nobody_in_and_is_said(liar, door, path, status, body):
    browser = door()
    away = browser.get(WAY)
    liar.instead[path] = (status, body)
    page = browser.get(liar.code_for(away.location))
    assert (page.status_code, is_in(browser)) == (502, None)
    assert "sign in by password" in said(page)


@pytest.mark.parametrize("error", ["access_denied", "<script>", "a" * 100, "\u00e4"])
def test_what_the_provider_refuses_is_said_and_never_more_than_a_word(liar, door, error):
    browser = door()
    state = parse_qs(urlsplit(browser.get(WAY).location).query)["state"][0]
    query = {"error": error, "error_description": "Give us your money", "state": state}
    page = browser.get("/sign-in/provider/back", query_string=query)
    assert page.status_code == 401
    assert ("access_denied" if error == "access_denied" else "no code") in said(page)
    assert "money" not in page.text


@pytest.mark.parametrize(
    "says",
    [
        {"issuer": "https://evil.example"}, {"issuer": None}, {"token_endpoint": None},
        {"authorization_endpoint": None}, {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "file:///etc"}, {"jwks_uri": None}, {"jwks_uri": 7},
        {"jwks_uri": "http://127.0.0.2:1/jwks"}, {"jwks_uri": "https://169.254.169.254/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
    ids=str,
)  # fmt: skip
def test_a_provider_that_says_of_itself_what_cannot_be_sends_nobody_anywhere(liar, door, says):
    liar.says = says
    page = door().get(WAY)
    assert (page.status_code, "sign in by password" in said(page)) == (502, True)


def test_what_the_provider_names_on_other_hosts_is_checked(liar, door, caplog):
    liar.says["token_endpoint"] = "http://localhost:1/token"
    browser = door()
    assert (come(browser, liar).status_code, is_in(browser)) == (502, None)
    assert "outbound_hosts names localhost" in caplog.text


def test_without_the_provider_one_signs_in_by_password(crm, liar):
    with configured(crm, oidc_issuer="http://127.0.0.1:1") as application:
        browser = Browser(application)
        began = time.monotonic()
        page = browser.get(WAY)
        assert (page.status_code, "password" in said(page)) == (502, True)
        assert browser.get(WAY).status_code == 502
        assert time.monotonic() - began < 5
        assert browser.sign_in().status_code == 303
        assert is_in(browser) == "Alice"


def test_a_provider_that_comes_back_is_asked_again(liar, door, monkeypatch):
    liar.instead["/.well-known/openid-configuration"] = (503, b"")
    assert door().get(WAY).status_code == 502
    liar.instead.clear()
    later = time.monotonic() + 11
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert door().get(WAY).status_code == 303
