"""Answers of a provider that prove nothing: forged, for another sign-in, broken, or none.

They are refused before any user is looked for, so nothing here needs a database.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

from relatum.core.auth import oidc
from relatum.core.config import Config
from relatum.core.errors import RelatumError
from relatum.core.testing.settled import Settled

from .providing import CLIENT, SECRET, liar, new_key, settings

__all__ = ["liar"]


@pytest.fixture
def crm(tmp_path, liar):
    return Settled(Config(home=tmp_path, **settings(liar.issuer)))


def came(crm, liar, **claims):
    """Go to the provider and come back with the claims that it makes; return who that is."""
    with crm.app.app_context():
        begun = oidc.depart("/account")
        query = urlsplit(liar.code_for(begun.address, **claims)).query
        given = {name: values[0] for name, values in parse_qs(query).items()}
        return oidc.arrive(begun.sealed, given)


def refusal(crm, liar, **claims):
    with pytest.raises(RelatumError) as caught:
        came(crm, liar, **claims)
    return caught.value.code


def test_who_is_vouched_for_comes_with_what_was_verified(crm, liar):
    alice = oidc.Identity(liar.issuer, "alice-1", "alice@example.org", "Alice")
    assert came(crm, liar) == (alice, "/account")
    assert came(crm, liar, aud=[CLIENT], azp=CLIENT).identity == alice
    assert came(crm, liar, aud=[CLIENT, "another"], azp=CLIENT).identity == alice


@pytest.mark.parametrize(
    ("said", "email"),
    [
        (True, "alice@example.org"), ("true", "alice@example.org"), (False, None), (None, None),
        ("false", None), (1, None), ("yes", None), (["true"], None), ({}, None),
    ],
)  # fmt: skip
def test_an_address_counts_only_if_the_provider_says_that_it_is_verified(crm, liar, said, email):
    assert came(crm, liar, email_verified=said).identity.email == email


@pytest.mark.parametrize("email", [None, 7, "", ["alice@example.org"], {}, "a@example.org\u0000"])
def test_what_is_no_text_is_no_address(crm, liar, email):
    assert came(crm, liar, email=email).identity.email is None


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": None}, {"nonce": ""}, {"iss": "https://evil.example"},
        {"iss": None}, {"aud": "another"}, {"aud": ["another"]}, {"aud": None}, {"aud": []},
        {"aud": [CLIENT, "another"], "azp": "another"}, {"aud": [CLIENT, "another"]},
        {"azp": "another"}, {"exp": 1_600_000_000}, {"exp": None}, {"exp": "soon"},
        {"iat": None}, {"nbf": 4_000_000_000}, {"sub": None}, {"sub": ""}, {"sub": 7},
        {"sub": "a" * 256}, {"sub": "a\u0000"}, {"at_hash": "wrong"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_that_is_for_another_sign_in_proves_nothing(crm, liar, claims):
    assert refusal(crm, liar, **claims) == "provider_failed"


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
def test_an_id_token_that_the_provider_has_not_signed_proves_nothing(crm, liar, forge):
    came(crm, liar)
    forge(liar)
    assert refusal(crm, liar) == "provider_failed"


def test_new_keys_of_the_provider_are_found(crm, liar):
    came(crm, liar)
    two = new_key("two")
    liar.keys, liar.signed_by, liar.header = {"two": two}, two, {"alg": "RS256", "kid": "two"}
    assert came(crm, liar).identity.subject == "alice-1"


def test_the_address_may_come_from_userinfo(crm, liar):
    liar.says["userinfo_endpoint"] = f"{liar.issuer}/userinfo"
    liar.userinfo = {"sub": "alice-1", "email": "alice@example.org", "email_verified": True}
    made = came(crm, liar, email=None, email_verified=None)
    assert made.identity.email == "alice@example.org"
    liar.userinfo["email"] = "\ud800@example.org"
    assert came(crm, liar, email=None, email_verified=None).identity.email is None
    [asked, _] = [headers for path, _, headers in liar.asked if path == "/userinfo"]
    assert asked["authorization"] == "Bearer at"


@pytest.mark.parametrize("sub", ["bob-1", None])
def test_userinfo_of_somebody_else_proves_nothing(crm, liar, sub):
    liar.says["userinfo_endpoint"] = f"{liar.issuer}/userinfo"
    liar.userinfo = {"sub": sub, "email": "alice@example.org", "email_verified": True}
    assert refusal(crm, liar, email=None, email_verified=None) == "provider_failed"


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post"])
def test_the_secret_is_told_in_the_one_way_that_a_provider_takes(crm, liar, way):
    liar.takes = {way}
    assert came(crm, liar).identity.subject == "alice-1"


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
def test_an_answer_that_is_none_proves_nothing(crm, liar, path, status, body):
    liar.instead[path] = (status, body)
    assert refusal(crm, liar) == "provider_failed"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", "access_denied"), ("<script>", "no code"), ("a" * 100, "no code"),
        ("\u00e4", "no code"), ("", "no code"),
    ],
)  # fmt: skip
def test_what_the_provider_refuses_is_said_and_never_more_than_a_word(crm, liar, error, reason):
    with crm.app.app_context(), pytest.raises(RelatumError) as caught:
        begun = oidc.depart("/")
        state = parse_qs(urlsplit(begun.address).query)["state"][0]
        oidc.arrive(begun.sealed, {"error": error, "error_description": "x", "state": state})
    assert (caught.value.code, caught.value.params) == ("provider_refused", {"reason": reason})


def test_the_answer_of_another_provider_proves_nothing(crm, liar):
    with crm.app.app_context(), pytest.raises(RelatumError) as caught:
        begun = oidc.depart("/")
        state = parse_qs(urlsplit(begun.address).query)["state"][0]
        given = {"code": "code", "state": state, "iss": "https://evil.example"}
        oidc.arrive(begun.sealed, given)
    assert caught.value.code == "provider_failed"
    assert "/token" not in [path for path, _, _ in liar.asked]


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
def test_a_provider_that_says_of_itself_what_cannot_be_sends_nobody_anywhere(crm, liar, says):
    liar.says = says
    with crm.app.app_context(), pytest.raises(RelatumError) as caught:
        oidc.depart("/")
    assert caught.value.code == "provider_failed"


def test_what_the_provider_names_on_other_hosts_is_checked(crm, liar, caplog):
    liar.says["token_endpoint"] = "http://localhost:1/token"
    assert refusal(crm, liar) == "provider_failed"
    assert "outbound_hosts names localhost" in caplog.text


def test_a_provider_that_does_not_answer_is_not_waited_for_again_at_once(crm, liar, monkeypatch):
    path = "/.well-known/openid-configuration"
    liar.instead[path] = (503, b"")
    assert [refusal(crm, liar) for _ in range(3)] == ["provider_failed"] * 3
    assert [asked for asked, _, _ in liar.asked] == [path]
    liar.instead.clear()
    later = time.monotonic() + 11
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert came(crm, liar).identity.subject == "alice-1"


def timed(crm, liar):
    began = time.monotonic()
    with crm.app.app_context(), contextlib.suppress(RelatumError):
        oidc.depart("/")
    return time.monotonic() - began


def test_a_slow_provider_does_not_hold_up_everybody(crm, liar, monkeypatch):
    liar.slow = 0.8
    with ThreadPoolExecutor(6) as threads:
        took = sorted(threads.map(lambda _: timed(crm, liar), range(6)))
    assert took[-1] > 1.5  # who asked: two answers
    assert all(seconds < 1.5 for seconds in took[:-1])
    later = time.monotonic() + 3601
    monkeypatch.setattr(oidc, "time", SimpleNamespace(monotonic=lambda: later))
    with ThreadPoolExecutor(6) as threads:
        took = sorted(threads.map(lambda _: timed(crm, liar), range(6)))
    assert took[-1] > 1.5
    assert all(seconds < 0.7 for seconds in took[:-1])


def test_secrets_of_the_sign_in_stay_out_of_the_log(crm, liar, caplog):
    caplog.set_level(0)
    refusal(crm, liar, nonce="another")
    came(crm, liar)
    for secret in ("geheim", liar.sent["state"], liar.sent["nonce"]):
        assert secret not in caplog.text
