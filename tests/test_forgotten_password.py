"""A forgotten password: a link by mail or from the machine, once; strangers learn nothing."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from relatum.core import auth, clock, serve
from relatum.core.api import limits
from relatum.core.auth import second_factor

from .desk import Browser
from .homes import Shell
from .instances import PASSWORD
from .mailing import SENDER, _server, run, server
from .plugged import served

__all__ = ["_server", "server"]
PRESET = "desk"
BASE = "https://crm.example.org"
ALICE = "alice@example.org"
NEW = "staple battery horse"
SESSION = "/api/v1/session"
ASK, SET = f"{SESSION}/forgotten", f"{SESSION}/new-password"


@pytest.fixture
def crm(instance, server):
    """Return an instance that mails links to its public address."""
    told = {"smtp_url": server.url, "mail_from": SENDER, "base_url": BASE}
    told["trusted_hosts"] = "localhost,crm.example.org,evil.example.org"
    with instance.configured(**told):
        limits.install(instance.app)
        yield instance


def mails(instance):
    return instance.sql("SELECT id, address FROM core_mail ORDER BY id")


def mailed(crm, server):
    """Send the newest mail and return the address and the secret of its link."""
    run(crm, mails(crm)[-1].id)
    text = server.got()[-1].message.get_content()
    [(base, secret)] = re.findall(r"(\S+)/reset/([\w-]+)", text)
    return base, secret


def ask(client, email, **more):
    return client.post(ASK, json={"email": email}, **more)


def signs_in(client, password):
    return client.post(SESSION, json={"email": ALICE, "password": password}).status_code


def test_a_link_is_mailed_that_sets_a_password_once_and_signs_in(crm, server, refused):
    browser, other = crm.app.test_client(), crm.app.test_client()
    assert signs_in(other, PASSWORD) == 200
    assert ask(browser, " Alice@Example.org").status_code == 204
    base, secret = mailed(crm, server)
    assert base == BASE
    weak = browser.post(SET, json={"secret": secret, "password": "short"})
    refused(weak, 422, "password_weak")
    done = browser.post(SET, json={"secret": secret, "password": NEW})
    assert done.get_json()["user"]["name"] == "Alice"
    assert browser.get(SESSION).status_code == 200
    refused(other.get(SESSION), 401, "not_signed_in")
    again = browser.post(SET, json={"secret": secret, "password": NEW})
    refused(again, 401, "link_invalid")
    assert (signs_in(other, PASSWORD), signs_in(other, NEW)) == (401, 200)


def test_the_link_leads_to_the_instance_whatever_host_was_asked_for(crm, server):
    hostile = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}
    assert ask(crm.app.test_client(), ALICE, headers=hostile).status_code == 204
    assert mailed(crm, server)[0] == BASE


@pytest.mark.parametrize("email", ["nobody@example.org", "not an address", "\u2028", "charlie"])
def test_who_has_no_account_is_answered_the_same_and_gets_no_mail(crm, email):
    known, unknown = ask(crm.app.test_client(), ALICE), ask(crm.app.test_client(), email)
    assert (unknown.status_code, unknown.data) == (known.status_code, known.data)
    assert [mail.address for mail in mails(crm)] == [ALICE]


def test_who_may_not_enter_gets_no_mail(crm):
    crm.client(crm.alice).patch(
        f"/api/v1/records/user/{crm.bob.user_id}", json={"active": False}
    )  # fmt: skip
    assert ask(crm.app.test_client(), "bob@example.org").status_code == 204
    assert mails(crm) == []


def test_one_account_is_not_flooded_from_everywhere(crm, refused):
    client = crm.app.test_client()
    for number in range(5):
        from_there = {"REMOTE_ADDR": f"10.0.0.{number}"}
        assert ask(client, ALICE, environ_base=from_there).status_code == 204
    refused(ask(client, ALICE, environ_base={"REMOTE_ADDR": "10.0.0.9"}), 429, "too_many_tries")
    assert len(mails(crm)) == 5


@pytest.mark.parametrize("missing", ["smtp_url", "base_url"])
def test_without_mail_or_address_an_administrator_has_to_help(crm, refused, missing):
    crm.app.extensions["relatum"] = dataclasses.replace(
        crm.app.extensions["relatum"], **{missing: ""}
    )
    for email in (ALICE, "nobody@example.org"):
        refused(ask(crm.app.test_client(), email), 409, "reset_off")


def test_the_link_ends_and_a_new_password_ends_the_others(crm, server, refused):
    browser = crm.app.test_client()
    ask(browser, ALICE)
    _, first = mailed(crm, server)
    ask(browser, ALICE)
    _, second = mailed(crm, server)
    late = datetime.now(UTC) + timedelta(minutes=31)
    with clock.frozen(late):
        over = browser.post(SET, json={"secret": first, "password": NEW})
        refused(over, 401, "link_invalid")
    assert browser.post(SET, json={"secret": second, "password": NEW}).status_code == 200
    refused(browser.post(SET, json={"secret": first, "password": NEW}), 401, "link_invalid")


def test_a_mailed_link_does_not_go_round_the_second_factor(crm, server, refused):
    made = crm.write(second_factor.set_up)
    codes = crm.write(second_factor.confirm, pyotp.TOTP(made.secret).now())
    browser = crm.app.test_client()
    ask(browser, ALICE)
    _, secret = mailed(crm, server)
    answer = browser.post(SET, json={"secret": secret, "password": NEW})
    refused(answer, 401, "second_factor_needed")
    refused(browser.get(SESSION), 401, "not_signed_in")
    sent = {"ticket": answer.get_json()["ticket"], "code": codes[0]}
    assert browser.post(f"{SESSION}/code", json=sent).status_code == 200


def test_a_link_for_a_password_signs_nobody_in_by_itself(instance, refused):
    secret = instance.write(auth.make_reset, instance.bob.user_id)
    assert instance.app.test_client().post(f"/sign-in/{secret}").status_code == 401
    link = instance.write(auth.make_link, instance.bob.user_id)
    sent = {"secret": link, "password": NEW}
    refused(instance.app.test_client().post(SET, json=sent), 401, "link_invalid")


def test_the_machine_prints_a_link(instance):
    relatum = Shell(serve.environment(instance.config))
    found = relatum.json("users", "reset-password", ALICE, "--address", BASE)
    assert found["link"].startswith(f"{BASE}/reset/")
    page = instance.app.test_client()
    path = found["link"].removeprefix(BASE)
    assert "Choose a new password" in page.get(path).text
    assert page.post(path, data={"password": "short"}).status_code == 422
    assert page.post(path, data={"password": NEW}).status_code == 303
    assert page.get(SESSION).get_json()["user"]["name"] == "Alice"


# -- the desk -------------------------------------------------------------------------------
def test_the_desk_asks_for_the_address_and_says_the_same_to_everybody(instance, server):
    instance.config = dataclasses.replace(
        instance.config, smtp_url=server.url, mail_from=SENDER, base_url=BASE,
        trusted_hosts="localhost",
    )  # fmt: skip
    with served(instance) as application:
        browser = Browser(application)
        assert 'href="/forgot"' in browser.get("/sign-in").text
        assert 'name="email"' in browser.get("/forgot").text
        pages = {
            browser.post("/forgot", data={"email": email}).text
            for email in (ALICE, "nobody@example.org")
        }
        assert len(pages) == 1
        assert "is on its way" in pages.pop()
        assert [mail.address for mail in mails(instance)] == [ALICE]


def test_the_desk_says_who_helps_without_mail_and_sets_a_password_by_a_link(instance):
    with served(instance) as application:
        browser = Browser(application)
        assert "Ask an administrator" in browser.get("/forgot").text
        assert browser.post("/forgot", data={"email": ALICE}).status_code == 409
        secret = instance.write(auth.make_reset, instance.alice.user_id)
        assert browser.post(f"/reset/{secret}", data={"password": "short"}).status_code == 422
        done = browser.post(f"/reset/{secret}", data={"password": NEW})
        assert (done.status_code, done.location) == (303, "/")
        assert browser.get("/account").status_code == 200
        over = browser.post(f"/reset/{secret}", data={"password": NEW})
        assert (over.status_code, 'role="alert"' in over.text) == (401, True)
