"""Signing in over HTTP: passwords, cookies, CSRF, bearer tokens and one-time links."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest

from relatum.core import clock, db
from relatum.core.app import create_app

PASSWORD = "correct horse battery"
SIGN_IN = {"email": "alice@example.org", "password": PASSWORD}
SESSION = "/api/v1/session"


@pytest.fixture
def browser(instance):
    """Alice's browser, not yet signed in."""
    return instance.app.test_client()


@pytest.fixture
def signed_in(browser):
    """Alice's browser, signed in, and the headers that confirm a write of hers."""
    answer = browser.post(SESSION, json=SIGN_IN)
    return browser, {"X-CSRF-Token": answer.get_json()["csrf"]}


@pytest.fixture
def alice(instance):
    return instance.client(instance.alice)


@pytest.fixture
def bob(instance):
    return instance.client(instance.bob)


def cookie_of(answer):
    (morsel,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    return morsel


# -- by password ----------------------------------------------------------------------------
def test_a_right_password_opens_a_session(browser, instance):
    answer = browser.post(SESSION, json=SIGN_IN)
    assert answer.status_code == 200
    user = {"id": instance.alice.user_id, "name": "Alice", "admin": True}
    assert user.items() <= answer.get_json()["user"].items()
    assert browser.get(SESSION).get_json() == answer.get_json()


def test_no_script_and_no_other_site_gets_the_cookie(browser):
    cookie = cookie_of(browser.post(SESSION, json=SIGN_IN))
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["secure"]


def test_over_https_the_cookie_stays_there(browser, config):
    assert cookie_of(browser.post(SESSION, json=SIGN_IN, base_url="https://localhost"))["secure"]
    public = dataclasses.replace(config, base_url="https://crm.example.org")
    assert cookie_of(create_app(public).test_client().post(SESSION, json=SIGN_IN))["secure"]


@pytest.mark.parametrize(
    "change", [{"password": "wrong"}, {"email": "nobody@example.org"}, {"email": "bob@example.org"}]
)
def test_a_wrong_password_says_no_more_than_that(browser, refused, change):
    answer = browser.post(SESSION, json=SIGN_IN | change)
    refused(answer, 401, "sign_in_failed")
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"email": "a@b.c"}, "password"), (SIGN_IN | {"name": "x"}, "name"), ({"email": 1}, "email")],
)
def test_a_sign_in_without_sense_names_the_field(browser, refused, sent, field):
    body = refused(browser.post(SESSION, json=sent), 422, "invalid")
    assert field in {problem["field"] for problem in body["errors"]}


def test_signing_in_again_needs_no_confirmation(signed_in):
    browser, _ = signed_in
    assert browser.post(SESSION, json=SIGN_IN).status_code == 200


def test_signing_out_ends_the_session_everywhere(signed_in, refused):
    browser, confirmed = signed_in
    cookie = browser.get_cookie("relatum_session").value
    answer = browser.delete(SESSION, headers=confirmed)
    assert answer.status_code == 204
    assert cookie_of(answer)["max-age"] == "0"
    browser.set_cookie("relatum_session", cookie)
    refused(browser.get(SESSION), 401, "not_signed_in")


def test_a_session_ends_by_itself(signed_in, refused):
    browser, _ = signed_in
    with clock.frozen(datetime.now(UTC) + timedelta(hours=337)):
        refused(browser.get(SESSION), 401, "not_signed_in")


# -- too many tries -------------------------------------------------------------------------
def tries(client, count, email="alice@example.org", address="10.0.0.1"):
    sent = {"email": email, "password": "wrong wrong"}
    for _ in range(count):
        answer = client.post(SESSION, json=sent, environ_base={"REMOTE_ADDR": address})
    return answer


@pytest.fixture
def strict(config):
    """A browser where three tries a minute are allowed."""
    return create_app(dataclasses.replace(config, sign_in_limit="3 per minute")).test_client()


def test_one_address_may_not_try_for_ever(strict, refused):
    for name in ("a", "b", "c"):
        assert tries(strict, 1, f"{name}@example.org").status_code == 401
    answer = tries(strict, 1, "d@example.org")
    refused(answer, 429, "too_many_tries")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60


def test_one_account_may_not_be_tried_from_everywhere(strict, refused):
    for number in range(3):
        assert tries(strict, 1, address=f"10.0.0.{number}").status_code == 401
    refused(tries(strict, 1, "Alice@Example.org ", "10.0.0.9"), 429, "too_many_tries")


def test_the_form_counts_the_same_tries(strict):
    tries(strict, 3, address="127.0.0.1")
    answer = strict.post("/sign-in", data=SIGN_IN)
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers


# -- confirmation of writes -----------------------------------------------------------------
def test_a_write_with_a_cookie_needs_confirmation(signed_in, refused):
    browser, confirmed = signed_in
    team = {"name": "Sales"}
    refused(browser.post("/api/v1/records/team", json=team), 403, "csrf_failed")
    wrong = {"X-CSRF-Token": "ä"}
    refused(browser.post("/api/v1/records/team", json=team, headers=wrong), 403, "csrf_failed")
    assert browser.post("/api/v1/records/team", json=team, headers=confirmed).status_code == 201


def test_a_query_by_post_needs_confirmation_too(signed_in, refused):
    browser, _ = signed_in
    refused(browser.post("/api/v1/records/team/query", json={}), 403, "csrf_failed")


def test_a_token_goes_before_a_cookie_and_needs_none(signed_in, alice):
    browser, _ = signed_in
    token = {"Authorization": alice.environ_base["HTTP_AUTHORIZATION"]}
    answer = browser.post("/api/v1/records/team", json={"name": "Sales"}, headers=token)
    assert answer.status_code == 201


def test_an_old_cookie_does_not_bar_what_is_public(browser, refused):
    browser.set_cookie("relatum_session", "old")
    assert browser.get("/api/v1/health").status_code == 200
    refused(browser.get("/api/v1/tokens"), 401, "not_signed_in")


# -- passwords ------------------------------------------------------------------------------
def path_of(actor, rest):
    return f"/api/v1/users/{actor.user_id}/{rest}"


def test_an_administrator_sets_anybodys_password(alice, instance, browser):
    given = {"password": "another good one"}
    assert alice.put(path_of(instance.bob, "password"), json=given).status_code == 204
    answer = browser.post(SESSION, json={"email": "bob@example.org", **given})
    assert answer.get_json()["user"]["name"] == "Bob"


def test_a_new_password_ends_the_other_sessions_of_the_user(signed_in, instance, refused):
    browser, confirmed = signed_in
    other = instance.app.test_client()
    other.post(SESSION, json=SIGN_IN)
    given = {"password": "another good one"}
    answer = browser.put(path_of(instance.alice, "password"), json=given, headers=confirmed)
    assert answer.status_code == 204
    assert browser.get(SESSION).status_code == 200
    refused(other.get(SESSION), 401, "not_signed_in")


def test_nobody_sets_the_password_of_another(bob, instance, refused):
    answer = bob.put(path_of(instance.alice, "password"), json={"password": "another good one"})
    refused(answer, 403, "forbidden")


def test_everybody_sets_his_own(bob, instance):
    given = {"password": "another good one"}
    assert bob.put(path_of(instance.bob, "password"), json=given).status_code == 204


@pytest.mark.parametrize("password", ["short", "password1234", "alice@example.org"])
def test_a_weak_password_is_refused_with_the_reason(alice, instance, refused, password):
    answer = alice.put(path_of(instance.alice, "password"), json={"password": password})
    refused(answer, 422, "password_weak")


def test_an_unknown_user_has_no_password(alice, refused):
    answer = alice.put("/api/v1/users/99999/password", json={"password": "another good one"})
    refused(answer, 404, "record_unknown")


# -- bearer tokens --------------------------------------------------------------------------
def test_a_token_is_shown_once_and_works(alice, instance):
    made = alice.post(path_of(instance.alice, "tokens"), json={"name": "script", "days": 30})
    assert made.status_code == 201
    client = instance.client()
    header = {"Authorization": f"bearer {made.get_json()['token']}"}
    assert client.get(SESSION, headers=header).get_json()["user"]["name"] == "Alice"
    assert client.get(SESSION, headers=header).get_json()["csrf"] is None
    listed = alice.get("/api/v1/tokens").get_json()["tokens"]
    assert listed[0]["name"] == "script"
    assert made.get_json()["token"] not in alice.get("/api/v1/tokens").text
    assert listed == alice.get(path_of(instance.alice, "tokens")).get_json()["tokens"]


def test_the_use_of_a_token_is_noted_after_the_request(alice):
    alice.get(SESSION)
    assert alice.get("/api/v1/tokens").get_json()["tokens"][0]["last_used_at"] is not None


def test_a_refused_request_used_the_token_too(bob, alice, instance):
    bob.get("/api/v1/records/user")
    listed = alice.get(path_of(instance.bob, "tokens")).get_json()["tokens"]
    assert listed[0]["last_used_at"] is not None


def test_a_revoked_token_opens_nothing(alice, bob, instance, refused):
    number = bob.get("/api/v1/tokens").get_json()["tokens"][0]["id"]
    assert alice.delete(f"/api/v1/tokens/{number}").status_code == 204
    refused(bob.get("/api/v1/tokens"), 401, "token_invalid")
    refused(alice.delete(f"/api/v1/tokens/{number}"), 404, "token_unknown")


def test_nobody_revokes_the_token_of_another(alice, bob, refused):
    number = alice.get("/api/v1/tokens").get_json()["tokens"][0]["id"]
    refused(bob.delete(f"/api/v1/tokens/{number}"), 404, "token_unknown")


@pytest.mark.parametrize(
    ("sent", "field"), [({}, "name"), ({"name": ""}, "name"), ({"name": "x", "days": 0}, "days")]
)
def test_a_token_without_sense_names_the_field(alice, instance, refused, sent, field):
    body = refused(alice.post(path_of(instance.alice, "tokens"), json=sent), 422, "invalid")
    assert body["errors"][0]["field"] == field


def test_a_user_put_in_the_trash_is_out_at_once(alice, bob, instance, refused):
    assert alice.delete(f"/api/v1/records/user/{instance.bob.user_id}").status_code == 204
    refused(bob.get("/api/v1/tokens"), 401, "token_invalid")


# -- one-time links -------------------------------------------------------------------------
@pytest.fixture
def link(alice, instance):
    """The path of a link for bob."""
    made = alice.post(path_of(instance.bob, "link"))
    assert made.status_code == 201
    return made.get_json()["url"].removeprefix("http://localhost")


def test_looking_at_a_link_does_not_use_it_up(browser, link):
    for _ in range(3):
        page = browser.get(link)
        assert (page.status_code, page.mimetype) == (200, "text/html")
    answer = browser.post(link)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert browser.get(SESSION).get_json()["user"]["name"] == "Bob"


def test_a_link_works_once(browser, instance, link):
    browser.post(link)
    again = instance.app.test_client().post(link, headers={"Accept": "text/html"})
    assert again.status_code == 401
    assert "link_invalid" in again.text
    assert "Set-Cookie" not in again.headers


def test_a_link_expires(browser, link):
    with clock.frozen(datetime.now(UTC) + timedelta(minutes=31)):
        assert browser.post(link).status_code == 401


def test_another_site_cannot_use_a_link(browser, link):
    assert browser.post(link, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.post(link).status_code == 303


def test_a_link_names_the_public_address(config, instance):
    public = dataclasses.replace(config, base_url="https://crm.example.org/")
    client = create_app(public).test_client()
    client.environ_base.update(instance.client(instance.alice).environ_base)
    url = client.post(path_of(instance.bob, "link")).get_json()["url"]
    assert url.startswith("https://crm.example.org/sign-in/")


def test_only_administrators_make_links(bob, instance, refused):
    refused(bob.post(path_of(instance.bob, "link")), 403, "forbidden")


def test_no_link_for_somebody_who_may_not_enter(alice, instance, refused):
    alice.patch(f"/api/v1/records/user/{instance.bob.user_id}", json={"active": False})
    refused(alice.post(path_of(instance.bob, "link")), 422, "cant_sign_in")


def test_only_digests_are_stored(signed_in, link, instance):
    browser, _ = signed_in
    with instance.app.app_context(), db.reading() as tx:
        stored = [
            str(tuple(row))
            for table in ("core_session", "core_link", "core_token", "core_credential")
            for row in tx.connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    secrets = (browser.get_cookie("relatum_session").value, link.rpartition("/")[2], PASSWORD)
    assert stored
    assert not [row for row in stored for secret in secrets if secret in row]
