"""The plain pages: home, the form to sign in, help, and the files they need."""

from __future__ import annotations

import gzip
import re

import pytest

from relatum.core.errors import REGISTRY

FORM = {"email": "alice@example.org", "password": "correct horse battery"}


@pytest.fixture
def browser(instance):
    made = instance.app.test_client()
    made.environ_base["HTTP_ACCEPT"] = "text/html"
    return made


def status_of(browser, address):
    with browser.get(address) as answer:
        return answer.status_code


def test_the_first_page_leads_to_reference_help_and_sign_in(browser):
    page = browser.get("/").text
    for address in ("/api/docs", "/help/", "/api/v1/health", 'action="/sign-in"'):
        assert address in page


def test_the_address_of_the_form_shows_the_form(browser):
    assert 'action="/sign-in"' in browser.get("/sign-in").text


def test_every_link_of_the_first_page_leads_somewhere(browser):
    for address in set(re.findall(r'(?:href|src)="([^"]+)"', browser.get("/").text)):
        assert status_of(browser, address) == 200, address


def test_the_form_signs_in_and_out(browser):
    answer = browser.post("/sign-in", data=FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "Alice" in browser.get("/").text
    answer = browser.post("/sign-out")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert 'action="/sign-in"' in browser.get("/").text


def test_a_wrong_password_keeps_the_address_and_says_so(browser):
    answer = browser.post("/sign-in", data=FORM | {"password": '"><b>'})
    assert answer.status_code == 401
    assert 'value="alice@example.org"' in answer.text
    assert 'role="alert"' in answer.text
    assert "<b>" not in answer.text


def test_whoever_came_by_a_link_chooses_a_password(browser, instance):
    address = f"/api/v1/users/{instance.bob.user_id}/link"
    url = instance.client(instance.alice).post(address).get_json()["url"]
    browser.post(url.removeprefix("http://localhost"))
    weak = browser.post("/password", data={"password": "short"})
    assert weak.status_code == 422
    assert "at least 10" in weak.text
    given = {"password": "another good one"}
    assert browser.post("/password", data=given).status_code == 303
    browser.post("/sign-out")
    answer = browser.post("/sign-in", data={"email": "bob@example.org", **given})
    assert answer.status_code == 303
    assert "Bob" in browser.get("/").text


def test_nobody_sets_a_password_without_a_session_or_from_another_site(browser):
    given = {"password": "another good one"}
    assert browser.post("/password", data=given).status_code == 401
    browser.post("/sign-in", data=FORM)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/password", data=given, headers=foreign).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 303),
        ({"Origin": "http://localhost"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("address", ["/sign-in", "/sign-out"])
def test_another_site_cannot_send_a_form(browser, address, headers, status):
    assert browser.post(address, data=FORM, headers=headers).status_code == status


def test_a_database_that_is_gone_is_said_in_a_page(browser, monkeypatch, instance):
    instance.sql("SELECT 1")
    monkeypatch.setattr("relatum.core.db.CORE_SCHEMA", 0)
    browser.set_cookie("relatum_session", "x")
    answer = browser.get("/")
    assert answer.status_code == 503
    assert "schema_newer" in answer.text


def test_every_error_has_its_place_in_the_help(browser):
    page = browser.get("/help/errors").text
    missing = [code for code in REGISTRY if f'id="{code}"' not in page]
    assert not missing


def test_every_help_page_is_listed_and_opens(browser):
    listed = re.findall(r'href="(/help/[a-z-]+)"', browser.get("/help/").text)
    assert "/help/errors" in listed
    for address in listed:
        page = browser.get(address)
        assert page.status_code == 200
        assert "<h1" in page.text


def test_an_unknown_help_page_names_the_nearest(browser):
    answer = browser.get("/help/error")
    assert answer.status_code == 404
    assert "errors" in answer.text


def test_the_reference_comes_without_a_network(browser):
    page = browser.get("/api/docs").text
    for address in re.findall(r'(?:href|src)="([^"]+)"', page):
        assert address.startswith("/")
        assert status_of(browser, address) == 200, address
    assert browser.get("/api/docs/index.html").status_code == 404


def test_the_reference_knows_who_is_signed_in(browser):
    assert "Sign in" in browser.get("/api/docs").text
    browser.post("/sign-in", data=FORM)
    assert "Alice" in browser.get("/api/docs").text


def test_a_page_goes_out_compressed_to_who_takes_that_and_an_answer_of_the_api_never(browser):
    plain = browser.get("/help/errors")
    packed = browser.get("/help/errors", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    answer = browser.get("/api/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
