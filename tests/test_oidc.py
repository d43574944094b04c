"""Signing in by a provider: whom it lets in, and whom it does not.

The provider here says whatever a test wants; `test_oidc_real.py` signs in by a real one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from relatum.core import clock
from relatum.core.api import provider
from relatum.core.auth import second_factor

from .desk import Browser
from .providing import (
    BACK,
    CLIENT,
    WAY,
    come,
    configured,
    crm,
    door,
    is_in,
    liar,
    linked,
    said,
)

__all__ = ["crm", "door", "liar"]
PRESET = "desk"


# -- who comes in ---------------------------------------------------------------------------
def test_who_has_a_verified_address_comes_in_and_is_linked(crm, liar, door):
    browser = door()
    answer = come(browser, liar)
    assert (answer.status_code, answer.location) == (303, "/")
    assert is_in(browser) == "Alice"
    assert linked(crm) == [("alice-1", crm.alice.user_id)]


def test_who_is_linked_comes_in_whatever_becomes_of_the_address(crm, liar, door):
    come(door(), liar)
    browser = door()
    come(browser, liar, email="elsewhere@example.com", email_verified=False)
    assert is_in(browser) == "Alice"
    assert linked(crm) == [("alice-1", crm.alice.user_id)]


def test_what_is_asked_of_the_provider_is_this_sign_in_alone(crm, liar, door):
    sent = [parse_qs(urlsplit(door().get(WAY).location).query) for _ in range(2)]
    assert [ask["redirect_uri"] for ask in sent] == [[BACK], [BACK]]
    assert sent[0]["client_id"] == [CLIENT]
    assert sent[0]["response_type"] == ["code"]
    assert sent[0]["scope"] == ["openid email profile"]
    assert sent[0]["code_challenge_method"] == ["S256"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(sent[0][name][0]) >= 43
        assert sent[0][name] != sent[1][name]


def test_the_way_back_is_base_url_whatever_host_was_asked_for(crm, liar):
    with configured(crm, trusted_hosts="localhost,evil.example.org") as application:
        hostile = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}
        away = Browser(application).get(WAY, headers=hostile).location
    assert parse_qs(urlsplit(away).query)["redirect_uri"] == [BACK]


def test_the_cookie_of_what_is_under_way_tells_nothing_and_goes_nowhere_else(crm, liar, door):
    browser = door()
    away = browser.get(WAY, query_string={"next": "/account"})
    [cookie] = [c for c in away.headers.getlist("Set-Cookie") if c.startswith("relatum_provider=")]
    for part in ("HttpOnly", "SameSite=Lax", f"Path={WAY}", "Max-Age=600"):
        assert part in cookie
    state = parse_qs(urlsplit(away.location).query)["state"][0]
    assert state not in cookie
    back = browser.get(liar.code_for(away.location))
    assert any(
        c.startswith("relatum_provider=;") and "Max-Age=0" in c
        for c in back.headers.getlist("Set-Cookie")
    )


def test_the_page_that_was_wanted_comes_after_the_provider(liar, door):
    assert come(door(), liar, to="/account?a=b#tokens").location == "/account?a=b#tokens"


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example", "///evil.example", "////evil.example", "/\\evil.example",
        "\\\\evil.example", "\\/evil.example", "https://evil.example", "https:evil.example",
        "http:/evil.example", "HTTPS://evil.example", "javascript:alert(1)", "data:text/html,x",
        "evil.example", ".evil.example", "@evil.example", "localhost@evil.example",
        "/\t/evil.example",
        "/\n/evil.example", "/\r\nSet-Cookie: a=b", "\t//evil.example", " //evil.example",
        "/\u2028/evil.example", "\x00//evil.example", "https://localhost.evil.example", "?x", "#x",
        "",
    ],
)  # fmt: skip
def test_no_spelling_of_next_leads_to_another_host(wanted):
    assert provider.own(wanted) == "/"


def test_what_was_wanted_elsewhere_is_the_first_page(liar, door):
    browser = door()
    assert come(browser, liar, to="//evil.example").location == "/"
    assert is_in(browser) == "Alice"


def test_a_second_factor_is_asked_for_all_the_same(crm, liar, door):
    made = crm.write(second_factor.set_up)
    codes = crm.write(second_factor.confirm, pyotp.TOTP(made.secret).now())
    browser = door()
    page = come(browser, liar, to="/account", amr=["mfa"])
    assert (page.status_code, is_in(browser)) == (200, None)
    [ticket] = re.findall(r'name="ticket" value="([^"]+)"', page.text)
    [wanted] = re.findall(r'name="next" value="([^"]+)"', page.text)
    done = browser.post("/sign-in/code", data={"ticket": ticket, "code": codes[0], "next": wanted})
    assert (done.location, is_in(browser)) == ("/account", "Alice")


# -- who does not ---------------------------------------------------------------------------
def test_somebody_unknown_does_not_come_in(crm, liar, door):
    browser = door()
    page = come(browser, liar, sub="dora-1", email="dora@example.org")
    assert (page.status_code, "Ask an administrator" in said(page)) == (401, True)
    assert (is_in(browser), linked(crm)) == (None, [])


def test_an_address_that_is_not_verified_to_the_letter_lets_nobody_in(crm, liar, door):
    browser = door()
    for claims in (
        {"email_verified": False}, {"email": None}, {"email": ""}, {"email": "%"},
        {"email": "\u00e1lice@example.org"}, {"email": "alice@ex\u00e4mple.org"},
        {"email": "alice@example.org\u0301"}, {"email": "alice@example.org\nbob@example.org"},
        {"email": "a" * 300},
    ):  # fmt: skip
        page = come(browser, liar, **claims)
        assert (page.status_code, is_in(browser), linked(crm)) == (401, None, []), claims


def test_who_is_disabled_does_not_come_in_linked_or_not(crm, liar, door):
    come(door(), liar, sub="bob-1", email="bob@example.org")
    assert len(linked(crm)) == 1
    crm.client(crm.alice).patch(
        f"/api/v1/records/user/{crm.bob.user_id}", json={"active": False}
    )  # fmt: skip
    for subject in ("bob-1", "bob-2"):
        browser = door()
        page = come(browser, liar, sub=subject, email="bob@example.org")
        assert (page.status_code, is_in(browser)) == (401, None)
    assert len(linked(crm)) == 1


def test_an_address_that_went_to_somebody_else_does_not_bring_the_user_along(crm, liar, door):
    come(door(), liar)
    browser = door()
    page = come(browser, liar, sub="alice-2")
    assert (page.status_code, "unlink" in said(page)) == (401, True)
    assert (is_in(browser), linked(crm)) == (None, [("alice-1", crm.alice.user_id)])


def test_a_way_back_that_another_browser_has_asked_for_lets_nobody_in(liar, door):
    attacker, victim = door(), door()
    back = liar.code_for(attacker.get(WAY).location)
    page = victim.get(back)
    assert (page.status_code, "this browser" in said(page)) == (401, True)
    victim.get(WAY)
    assert (victim.get(back).status_code, is_in(victim)) == (401, None)


def test_a_state_that_was_changed_lets_nobody_in(liar, door):
    browser = door()
    back = liar.code_for(browser.get(WAY).location)
    state = parse_qs(urlsplit(back).query)["state"][0]
    for other in ("x", "", state[:-1], f"{state}a", state.upper(), "\u00e4"):
        query = {"code": "code", "state": other}
        assert browser.get(f"{WAY}/back", query_string=query).status_code == 401
    assert browser.get(f"{WAY}/back?code=code").status_code == 401
    assert (is_in(browser), browser.get(back).status_code) == (None, 303)


def test_a_cookie_that_was_changed_or_is_over_lets_nobody_in(liar, door):
    browser = door()
    back = liar.code_for(browser.get(WAY).location)
    sealed = browser.get_cookie("relatum_provider", path=WAY).value
    other = sealed[:-8] + ("A" if sealed[-8] != "A" else "B") + sealed[-7:]
    for value in (other, "", "x", "1.k000000.x", sealed[:40], "\u00e4"):
        browser.set_cookie("relatum_provider", value, path=WAY)
        assert (browser.get(back).status_code, is_in(browser)) == (401, None)
    browser.set_cookie("relatum_provider", sealed, path=WAY)
    with clock.frozen(datetime.now(UTC) + timedelta(seconds=601)):
        assert browser.get(back).status_code == 401
    assert browser.get(back).status_code == 303


def test_a_way_back_is_used_up_at_once(liar, door):
    browser = door()
    away = browser.get(WAY)
    back = liar.code_for(away.location)
    sealed = browser.get_cookie("relatum_provider", path=WAY).value
    assert browser.get(back).status_code == 303
    again = door()
    assert again.get(back).status_code == 401
    again.set_cookie("relatum_provider", sealed, path=WAY)
    assert (again.get(back).status_code, is_in(again)) == (401, None)
