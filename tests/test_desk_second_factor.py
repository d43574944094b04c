"""The second factor at the desk, without scripts: set up, signed in with, renewed, switched off."""

from __future__ import annotations

import dataclasses
import html
import re

import pyotp
import pytest

from relatum.core.auth import second_factor

from .desk import EMAIL, FRAGMENT, Browser, at_desk
from .instances import PASSWORD

#: The preset of the instance.
PRESET = "desk"
PAGE = "/account/second-factor"
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}


@pytest.fixture
def desk(instance):
    """Return a browser at the desk of an instance without types."""
    with at_desk(instance) as browser:
        yield browser


def codes_in(page):
    return re.findall(r"<li>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</li>", page.text)


def value_in(page, name):
    [value] = re.findall(rf'(?:name|id)="{name}"[^>]*?value="([^"]*)"', page.text)
    return html.unescape(value)


def set_up(desk):
    """Set it up as a person does, and return the recovery codes."""
    assert desk.post(PAGE).location == PAGE
    page = desk.get(PAGE)
    assert "<svg" in page.text
    code = pyotp.TOTP(value_in(page, "secret")).now()
    return codes_in(desk.post(f"{PAGE}/confirm", data={"code": code}))


def test_it_is_set_up_by_a_picture_or_a_secret_and_a_code(desk):
    assert "Set it up" in desk.get(PAGE).text
    codes = set_up(desk)
    assert len(codes) == 10
    shown = desk.get(PAGE).text
    assert "The second factor is on" in shown
    assert codes[0] not in shown
    assert "Recovery codes left: 10" in desk.get("/account").text


def test_a_wrong_code_does_not_switch_it_on_and_shows_the_same_secret(desk):
    desk.post(PAGE)
    secret = value_in(desk.get(PAGE), "secret")
    page = desk.post(f"{PAGE}/confirm", data={"code": "no"})
    assert (page.status_code, 'role="alert"' in page.text) == (422, True)
    assert value_in(page, "secret") == secret


def test_signing_in_asks_for_a_code_and_leads_where_one_wanted_to_go(desk):
    codes = set_up(desk)
    other = Browser(desk.application)
    page = other.post("/sign-in", data={**CREDENTIALS, "next": "/about"})
    assert (page.status_code, "Set-Cookie" in page.headers) == (200, False)
    form = {"ticket": value_in(page, "ticket"), "next": value_in(page, "next")}
    wrong = other.post("/sign-in/code", data={**form, "code": "123"})
    assert (wrong.status_code, value_in(wrong, "next")) == (401, "/about")
    done = other.post("/sign-in/code", data={**form, "code": codes[0]})
    assert (done.status_code, done.location) == (303, "/about")
    assert other.get("/account").status_code == 200


def test_a_sign_in_that_took_too_long_begins_again(desk):
    page = Browser(desk.application).post("/sign-in/code", data={"ticket": "x", "code": "1"})
    assert (page.status_code, 'name="password"' in page.text) == (401, True)


def test_a_dialog_gets_the_ticket_alone(desk):
    codes = set_up(desk)
    other = Browser(desk.application)
    asked = other.post("/sign-in", data=CREDENTIALS, headers=FRAGMENT)
    assert (asked.status_code, asked.text) == (401, "")
    form = {"ticket": asked.headers["Relatum-Ticket"], "code": codes[0]}
    done = other.post("/sign-in/code", data=form, headers=FRAGMENT)
    assert done.headers["Relatum-User"] == str(desk.instance.alice.user_id)


def test_recovery_codes_are_renewed_and_it_is_switched_off_by_a_code(desk):
    codes = set_up(desk)
    assert desk.post(f"{PAGE}/codes", data={"code": "no"}).status_code == 422
    renewed = codes_in(desk.post(f"{PAGE}/codes", data={"code": codes[0]}))
    assert len(renewed) == 10
    assert desk.post(f"{PAGE}/off", data={"code": codes[1]}).status_code == 422
    assert desk.post(f"{PAGE}/off", data={"code": renewed[0]}).location == PAGE
    with desk.instance.reading():
        assert not second_factor.is_on(desk.instance.alice.user_id)


def test_who_needs_one_is_led_to_it_from_every_page_and_then_goes_on(instance):
    instance.config = dataclasses.replace(instance.config, require_second_factor="all")
    with at_desk(instance) as desk:
        assert desk.get("/account").location == PAGE
        assert desk.post("/account/tokens", data={"name": "x"}).location == PAGE
        assert "wants a second factor of you" in desk.get(PAGE).text
        assert len(set_up(desk)) == 10
        assert desk.get("/account").status_code == 200
