"""One's own account at the desk: profile, looks, keys, password, tokens; and what surrounds it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relatum.core import auth, demo, preferences, profile, records
from relatum.core.errors import Invalid, RelatumError
from relatum.plugins.desk.pages import keys as sheet_of_keys

from .desk import EMAIL, FRAGMENT, Browser, at_desk
from .instances import PASSWORD
from .plugged import client, served

TEMPLATES = Path(sheet_of_keys.__file__).parents[1] / "templates"


#: The preset of the instance.
PRESET = "desk"


@pytest.fixture
def desk(instance):
    """Return a browser at the desk of an instance without types."""
    with at_desk(instance) as browser:
        yield browser


def again(desk):
    """Sign in with another browser."""
    other = Browser(desk.application)
    other.sign_in()
    return other


# -- the profile ----------------------------------------------------------------------------
def test_people_change_their_own_name_and_see_it_on_the_next_page(desk):
    answer = desk.post("/account/profile", data={"name": "Alice Liddell"})
    assert (answer.status_code, answer.location) == (303, "/account")
    page = desk.get("/account").text
    assert "Your account is saved" in page
    assert '<span class="trunc">Alice Liddell</span>' in page


def test_a_name_that_is_none_is_refused_where_it_was_typed(desk):
    page = desk.post("/account/profile", data={"name": " "})
    assert (page.status_code, 'role="alert"' in page.text) == (422, True)
    assert desk.instance.get("user", desk.instance.alice.user_id)["name"] == "Alice"


def test_the_language_goes_with_the_user_to_another_browser(desk):
    desk.post("/account/profile", data={"language": "de"})
    page = desk.get("/account").text
    assert ('<html lang="de"' in page, "Ihr Konto ist gespeichert" in page) == (True, True)
    assert '<html lang="de"' in again(desk).get("/account").text
    desk.post("/account/profile", data={"language": ""})
    assert '<html lang="en"' in desk.get("/account").text


def test_instants_are_shown_and_read_in_the_readers_zone(desk):
    moment = {"name": "starts", "kind": "datetime"}
    desk.instance.make_type("x_visit", {"name": "name", "kind": "text"}, moment)
    row = {"name": "Visit", "starts": "2026-07-01T12:00:00Z"}
    [id_] = desk.instance.create("x_visit", row)
    address = f"/records/x_visit/{id_}/edit"
    assert desk.form(address)["starts"] == "2026-07-01T14:00"
    desk.post("/account/profile", data={"timezone": "America/New_York"})
    assert desk.form(address)["starts"] == "2026-07-01T08:00"
    assert "8:00" in desk.get(f"/records/x_visit/{id_}").text
    desk.post(address, data={**desk.form(address), "starts": "2026-07-01T09:30"})
    assert desk.instance.get("x_visit", id_)["starts"].isoformat().startswith("2026-07-01T13:30")


def test_a_zone_that_is_none_is_refused_with_the_nearest(desk):
    page = desk.post("/account/profile", data={"timezone": "Europe/Berln"})
    assert (page.status_code, "Europe/Berlin" in page.text) == (422, True)


def test_a_user_changes_of_himself_what_is_his_and_nothing_else(instance):
    instance.write(profile.change, {"name": "Robert", "timezone": "Asia/Tokyo"}, actor=instance.bob)
    mine = instance.read(profile.read, actor=instance.bob)
    assert (mine["name"], mine["timezone"]) == ("Robert", "Asia/Tokyo")
    for name, value in (("admin", True), ("email", "x@example.org"), ("id", 1)):
        with pytest.raises(RelatumError, match="You may not change your own"):
            instance.write(profile.change, {name: value}, actor=instance.bob)
    with pytest.raises(Invalid, match="Did you mean"):
        instance.write(profile.change, {"timezone": "Asia/Tokio"}, actor=instance.bob)
    [change, *_] = instance.read(records.history, "user", instance.bob.user_id)
    assert change["actor"] == instance.bob.user_id


# -- looks ----------------------------------------------------------------------------------
def test_looks_belong_to_the_user_and_pages_are_drawn_from_cookies(desk):
    desk.post("/account/looks", data={"theme": "dark", "density": "compact", "keys": "off"})
    drawn = 'data-theme="dark" data-density="compact" data-keys="off"'
    assert drawn in desk.get("/account").text
    assert drawn in again(desk).get("/account").text
    desk.post("/account/looks", data={"theme": "", "density": "", "keys": ""})
    assert "data-theme=" not in desk.get("/account").text
    assert desk.instance.read(preferences.of) == {}


def test_the_switch_of_the_theme_is_kept_too_and_only_what_there_is(desk):
    assert desk.post("/account/theme", data={"theme": "dark"}).status_code == 204
    assert desk.instance.read(preferences.get, "desk.theme") == "dark"
    desk.post("/account/theme", data={"theme": "<script>"})
    assert desk.instance.read(preferences.get, "desk.theme") is None


def test_the_next_person_at_a_browser_does_not_get_the_looks_of_the_one_before(desk):
    desk.set_cookie("theme", "dark")
    desk.sign_in()
    assert "data-theme=" not in desk.get("/account").text


# -- keys -----------------------------------------------------------------------------------
def test_the_sheet_is_a_page_and_a_part_of_every_page(desk):
    assert "<h1>" in desk.get("/keys").text
    part = desk.get("/keys", headers=FRAGMENT).text
    assert part.lstrip().startswith("<header")
    assert 'data-key="?"' in desk.get("/account").text


def test_every_key_that_a_page_declares_is_on_the_sheet(instance):
    declared = {
        key
        for path in TEMPLATES.rglob("*.html")
        for key in re.findall(r"""data-key["']?[=:]\s*["']([^"'{]+)["']""", path.read_text())
    }
    with instance.app.test_request_context():
        listed = {key.pressed for _, keys in sheet_of_keys.sheet() for key in keys}
    assert declared - listed == set()
    assert {"?", "/", "c"} <= declared


# -- password -------------------------------------------------------------------------------
def test_a_password_that_is_too_weak_is_refused_with_the_reason(desk):
    page = desk.post("/account/password", data={"password": "short"})
    assert (page.status_code, "at least 10 are needed" in page.text) == (422, True)


def test_a_new_password_ends_the_other_sessions(desk):
    other = again(desk)
    desk.post("/account/password", data={"password": f"{PASSWORD} new"})
    assert "The password is set" in desk.get("/account").text
    assert other.get("/account").status_code == 303
    sent = {"email": EMAIL, "password": f"{PASSWORD} new"}
    assert other.post("/sign-in", data=sent).status_code == 303


# -- tokens ---------------------------------------------------------------------------------
def token_in(page):
    [text] = re.findall(r'value="(rlt_[^"]+)"', page.text)
    return text


def test_a_token_is_shown_once_works_and_is_revoked(desk):
    page = desk.post("/account/tokens", data={"name": "Nightly report", "days": "30"})
    assert page.status_code == 200
    text = token_in(page)
    assert page.headers["Cache-Control"] == "no-store"
    assert client(desk.application, text).get("/api/v1/tokens").status_code == 200
    listed = desk.get("/account").text
    assert (text in listed, "Nightly report" in listed) == (False, True)
    [address] = re.findall(r'action="(/account/tokens/\d+/revoke)"', listed)
    assert desk.post(address).location == "/account#tokens"
    assert client(desk.application, text).get("/api/v1/tokens").status_code == 401
    assert "Nightly report" not in desk.get("/account").text


def test_a_token_without_a_name_is_refused(desk):
    page = desk.post("/account/tokens", data={"name": "  ", "days": "30"})
    assert page.status_code == 422
    assert desk.instance.read(auth.list_tokens, desk.instance.alice.user_id) == []


def test_a_life_that_is_not_offered_is_the_shortest(desk):
    desk.post("/account/tokens", data={"name": "a", "days": "99999"})
    [token] = desk.instance.read(auth.list_tokens, desk.instance.alice.user_id)
    assert (token["expires_at"] - token["created_at"]).days == 30


# -- what surrounds it ------------------------------------------------------------------------
def test_an_empty_instance_leads_its_administrator_to_plugins(desk):
    page = desk.get("/").text
    assert "There are no entity types yet" in page
    assert 'class="card" href="/plugins"' in page


def test_the_page_about_it_names_version_plugins_and_the_work_of_others(desk):
    page = desk.get("/about").text
    for said in ("Relatum 0.1.0", "Desk", "htmx.org", "0BSD", "Inter"):
        assert said in page
    assert 'href="/about"' in desk.get("/account").text


def test_a_demonstration_says_on_every_page_that_it_is_one_until_it_is_removed(desk):
    assert 'class="demo-bar"' not in desk.get("/account").text
    desk.instance.write(lambda **_: demo.marking.mark())
    desk.instance.make_type("x_asset", {"name": "name", "kind": "text"})
    assert "Demo: Alice, administrator" in desk.get("/account").text
    desk.instance.write(demo.remove)
    assert 'class="demo-bar"' not in desk.get("/account").text


def test_without_signing_in_there_is_no_account(instance):
    with served(instance) as application:
        stranger = Browser(application)
        assert stranger.get("/account").location == "/sign-in?next=%2Faccount"
        assert stranger.post("/account/tokens", data={"name": "a"}).location == "/sign-in"
        assert instance.read(auth.list_tokens, instance.alice.user_id) == []


# -- tokens for less -----------------------------------------------------------------------------
def test_a_token_is_made_for_some_types_and_listed_with_what_it_may(desk):
    sent = {"name": "Shop", "days": "30", "may": "some", "scope:*": "read", "scope:user": "nothing",
            "scope:team": "update"}  # fmt: skip
    assert desk.post("/account/tokens", data=sent).status_code == 200
    [token] = desk.instance.read(auth.list_tokens, desk.instance.alice.user_id)
    scope = {"*": ["read"], "user": [], "team": ["create", "read", "update"]}
    assert (token["scope"], token["reads_only"]) == (scope, False)
    page = desk.get("/account").text
    for text in ("<li>Teams: read, create and change</li>", "<li>Users: nothing</li>",
                 "<li>All other types: read</li>"):  # fmt: skip
        assert text in page


def test_a_scope_that_no_level_is_says_its_actions(desk):
    scope = {"team": ["read", "bulk"], "gone": ["read"], "*": ["desk.use", "admin"]}
    desk.instance.make_type("x_gone", {"name": "name", "kind": "text"})
    scope["x_gone"] = scope.pop("gone")
    desk.instance.write(auth.make_token, desk.instance.alice.user_id, "t", None, scope=scope)
    desk.instance.apply({"op": "trash_type", "type": "x_gone"})
    page = desk.get("/account").text
    for text in ("Teams: Change many, Read", "x_gone: read", "All other types: admin, desk.use"):
        assert f"<li>{text}</li>" in page


def test_a_token_for_nothing_is_refused_with_what_was_chosen(desk):
    sent = {"name": "Shop", "days": "30", "may": "some", "scope:team": "nothing", "scope:user": "x"}
    answer = desk.post("/account/tokens", data=sent)
    assert answer.status_code == 422
    assert "at least one type" in answer.text
    assert '<option value="some" selected>' in answer.text
    assert desk.instance.read(auth.list_tokens, desk.instance.alice.user_id) == []


def test_pages_are_for_people_and_no_token_with_a_scope_opens_them(desk):
    alice = desk.instance.alice.user_id
    for scope in ({"*": ["read"]}, {"*": ["read", "desk.use"]}):
        _, text = desk.instance.write(auth.make_token, alice, "t", None, scope=scope)
        for address in ("/records/user", "/roles", "/account"):
            answer = client(desk.application, text).get(address)
            assert answer.status_code == 403, (scope, address)
