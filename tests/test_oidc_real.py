"""Signing in by a real provider: certified, in a process of its own, over HTTP."""

from __future__ import annotations

import dataclasses

import pytest

from relatum.core import keys
from relatum.core.auth import oidc

from .desk import Browser
from .plugged import served
from .providing import ALICE, WAY, Person, door, is_in, linked, real_provider, said, settings

__all__ = ["door"]
PRESET = "desk"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def issuer():
    with real_provider() as made:
        yield made


@pytest.fixture
def crm(instance, issuer):
    instance.config = dataclasses.replace(instance.config, **settings(issuer))
    return instance


def test_alice_signs_in_is_linked_and_comes_back_without_a_password(crm, issuer, door):
    browser, alice = door(), Person()
    away = browser.get(WAY, query_string={"next": "/account"})
    assert away.location.startswith(f"{issuer}/auth?")
    done = browser.get(alice.goes(away.location))
    assert (done.status_code, done.location, is_in(browser)) == (303, "/account", "Alice")
    assert linked(crm) == [(ALICE, crm.alice.user_id)]
    assert issuer in browser.get("/account").text
    again = door()
    # Her browser is still signed in there.
    again.get(alice.goes(again.get(WAY).location, login="nobody is asked"))
    assert is_in(again) == "Alice"
    [row] = crm.sql("SELECT linked_at, last_used_at FROM core_identity")
    assert row.last_used_at > row.linked_at


@pytest.mark.parametrize(
    "login",
    ["dora dora@example.org yes", "eve alice@example.org no"],
    ids=["unknown", "unverified"],
)
def test_who_is_unknown_or_not_verified_does_not_come_in(crm, door, login):
    browser = door()
    page = browser.get(Person().goes(browser.get(WAY).location, login))
    assert (page.status_code, "Ask an administrator" in said(page)) == (401, True)
    assert (is_in(browser), linked(crm)) == (None, [])


def test_a_code_lets_in_once(door):
    browser = door()
    back = Person().goes(browser.get(WAY).location)
    sealed = browser.get_cookie("relatum_provider", path=WAY).value
    assert browser.get(back).status_code == 303
    other = door()
    other.set_cookie("relatum_provider", sealed, path=WAY)
    page = other.get(back)
    assert (page.status_code, "Begin again" in said(page), is_in(other)) == (401, True, None)


def test_a_code_of_another_browser_lets_nobody_in(door):
    attacker, victim = door(), door()
    back = Person().goes(attacker.get(WAY).location)
    victim.get(WAY)
    assert (victim.get(back).status_code, is_in(victim)) == (401, None)


def test_a_code_without_the_verifier_lets_nobody_in(crm, issuer, door):
    browser = door()
    back = Person().goes(browser.get(WAY).location)
    sealed = browser.get_cookie("relatum_provider", path=WAY).value
    with crm.app.app_context():
        ring = keys.ring()
        held = ring.open(sealed, oidc._PLACE)
        assert held is not None
        forged = ring.seal(held.replace('"verifier": "', '"verifier": "x'), oidc._PLACE)
    browser.set_cookie("relatum_provider", forged, path=WAY)
    assert (browser.get(back).status_code, is_in(browser)) == (401, None)


def test_whoever_is_unknown_becomes_a_user_where_that_is_wanted(crm):
    crm.config = dataclasses.replace(crm.config, oidc_create="member")
    with served(crm) as application:
        browser = Browser(application)
        back = Person().goes(browser.get(WAY).location, "dora dora@example.org yes")
        assert browser.get(back).status_code == 303
        assert is_in(browser) == "dora"


def test_a_client_that_the_provider_does_not_know_is_told_to_use_a_password(crm):
    crm.config = dataclasses.replace(crm.config, oidc_client_secret="wrong")
    with served(crm) as application:
        browser = Browser(application)
        page = browser.get(Person().goes(browser.get(WAY).location))
        assert (page.status_code, "password" in said(page), is_in(browser)) == (502, True, None)
