"""People and a provider: whoever is no user yet, the button, the links, the machine."""

from __future__ import annotations

import dataclasses

import pytest

from relatum.core import db, serve
from relatum.core.auth import identities
from relatum.core.errors import RelatumError

from .desk import Browser
from .homes import Shell
from .providing import WAY, come, configured, crm, door, is_in, liar, linked, said

__all__ = ["crm", "door", "liar"]
PRESET = "desk"
ISSUER = "https://sso.example.org"


def test_ways_back_are_counted_like_other_sign_ins(crm, liar):
    with configured(crm, sign_in_limit="3 per minute") as application:
        browser = Browser(application)
        answers = [browser.get(f"{WAY}/back").status_code for _ in range(4)]
    assert answers == [401, 401, 401, 429]


def test_without_the_provider_one_signs_in_by_password(crm):
    with configured(crm, oidc_issuer="http://127.0.0.1:1") as application:
        browser = Browser(application)
        page = browser.get(WAY)
        assert (page.status_code, "sign in by password" in said(page)) == (502, True)
        assert browser.sign_in().status_code == 303
        assert is_in(browser) == "Alice"


# -- whoever is no user yet -----------------------------------------------------------------
DORA = {"sub": "dora-1", "email": "dora@example.org", "name": "Dora D"}


def test_whoever_is_unknown_becomes_a_user_with_a_role_where_that_is_wanted(crm, liar):
    with configured(crm, oidc_create="member") as application:
        browser = Browser(application)
        assert come(browser, liar, **DORA).status_code == 303
        assert is_in(browser) == "Dora D"
        user = browser.get("/api/v1/session").get_json()["user"]
        assert user["admin"] is False
        held = crm.client(crm.alice).get(f"/api/v1/users/{user['id']}/roles").get_json()
        assert held["roles"] == ["member"]
        again = Browser(application)
        come(again, liar, **DORA)
        assert again.get("/api/v1/session").get_json()["user"]["id"] == user["id"]


def test_only_people_of_the_domains_become_users(crm, liar):
    cases = {
        "dora@example.org": 303, "emil@EXAMPLE.com": 303, "dora@evil-example.org": 401,
        "dora@a.example.org": 401, "dora@example.org@evil.example": 401, "dora": 401,
        "dora@example.org.evil.example": 401, "dora@\u00e9xample.org": 401,
    }  # fmt: skip
    told = {"oidc_create": "member", "oidc_domains": "Example.ORG , example.com"}
    with configured(crm, **told) as application:
        for email, status in cases.items():
            page = come(Browser(application), liar, sub=email, email=email, name=None)
            assert page.status_code == status, email
    users = crm.sql("SELECT name FROM core_user ORDER BY id")
    assert [user.name for user in users][3:] == ["dora", "emil"]


def test_what_is_no_address_makes_nobody(crm, liar):
    with configured(crm, oidc_create="member") as application:
        for email in ("dora", "dora@", "dora@example", "a b@example.org", "d@e.org\u0000"):
            assert come(Browser(application), liar, sub="d", email=email).status_code == 401
    assert len(crm.sql("SELECT id FROM core_user")) == 3


def test_nobody_becomes_a_user_beside_one_with_the_same_address(crm, liar):
    crm.client(crm.alice).patch(
        f"/api/v1/records/user/{crm.bob.user_id}", json={"active": False}
    )  # fmt: skip
    with configured(crm, oidc_create="member") as application:
        for email in ("bob@example.org", "B\u00f3b@example.org"):
            page = come(Browser(application), liar, sub="b", email=email)
            assert page.status_code == 401
    assert len(crm.sql("SELECT id FROM core_user")) == 3


def test_a_role_that_is_not_there_makes_nobody(crm, liar):
    with configured(crm, oidc_create="nonsense") as application:
        browser = Browser(application)
        assert come(browser, liar, **DORA).status_code >= 400
        assert is_in(browser) is None
    assert len(crm.sql("SELECT id FROM core_user")) == 3


# -- the button, the settings, the links ----------------------------------------------------
@pytest.mark.parametrize("missing", ["oidc_issuer", "base_url"])
def test_without_provider_or_public_address_there_is_no_button(crm, missing):
    with configured(crm, **{missing: ""}) as application:
        browser = Browser(application)
        assert WAY not in browser.get("/sign-in").text
        assert browser.get(WAY).status_code == 409
        assert browser.get(f"{WAY}/back").status_code == 409


def test_the_button_says_what_the_setting_says_and_keeps_what_was_wanted(crm):
    with configured(crm, oidc_label="Sign in with <Example>") as application:
        page = Browser(application).get("/sign-in?next=/account").text
        assert "Sign in with &lt;Example&gt;" in page
        assert f'href="{WAY}?next=/account"' in page
    with configured(crm, oidc_label="") as application:
        browser = Browser(application)
        assert "Single sign-on" in browser.get("/sign-in").text
        browser.set_cookie("language", "de")
        assert "Über den Anmeldedienst" in browser.get("/sign-in").text


def test_the_plain_pages_sign_in_by_the_provider_too(crm, liar, refused):
    with crm.configured(oidc_label="Sign in with Example"):
        browser = crm.app.test_client()
        assert "Sign in with Example" in browser.get("/").text
        assert come(browser, liar).status_code == 303
        assert is_in(browser) == "Alice"
        page = come(crm.app.test_client(), liar, sub="dora", email="dora@example.org")
        assert (page.status_code, 'role="alert"' in page.text) == (401, True)


def test_ones_own_links_are_shown_in_the_account_and_can_be_dropped(crm, liar, door):
    browser = door()
    come(browser, liar)
    assert liar.issuer in browser.get("/account").text
    gone = browser.post("/account/identities/unlink", data={"issuer": liar.issuer})
    assert (gone.status_code, linked(crm)) == (303, [])
    assert liar.issuer not in browser.get("/account").text
    assert browser.post("/account/identities/unlink", data={"issuer": "x"}).status_code == 404
    come(door(), liar, sub="alice-2")
    assert linked(crm) == [("alice-2", crm.alice.user_id)]


def test_links_are_ones_own_and_the_administrators(crm, liar, door, refused):
    come(door(), liar)
    address = f"/api/v1/users/{crm.alice.user_id}/identities"
    bob, alice = crm.client(crm.bob), crm.client(crm.alice)
    refused(bob.get(address), 403, "forbidden")
    refused(bob.delete(address, query_string={"issuer": liar.issuer}), 403, "forbidden")
    [shown] = alice.get(address).get_json()["identities"]
    assert (shown["issuer"], shown["subject"]) == (liar.issuer, "alice-1")
    refused(alice.delete(address), 400, "bad_parameter")
    refused(alice.delete(f"{address}?issuer=x"), 404, "identity_unlinked")
    assert alice.delete(address, query_string={"issuer": liar.issuer}).status_code == 204
    assert alice.get(address).get_json() == {"identities": []}
    refused(alice.get("/api/v1/users/999999/identities"), 404, "record_unknown")


def test_one_user_has_one_name_at_each_provider(instance):
    bob = instance.bob.user_id
    with instance.app.app_context(), pytest.raises(RelatumError) as caught:
        db.transact(lambda: [identities.link(bob, ISSUER, name) for name in ("one", "two")])
    assert caught.value.code == "identity_taken"
    assert instance.sql("SELECT * FROM core_identity") == []


# -- the machine ----------------------------------------------------------------------------
def doctor(crm, *words, status=0):
    shell = Shell(serve.environment(crm.config))
    found = shell.json("doctor", *words, status=status)["findings"]
    return [(finding["code"], finding["text"]) for finding in found]


def test_doctor_asks_the_provider_only_when_told_to(crm, liar):
    assert doctor(crm) == []
    assert liar.asked == []
    assert doctor(crm, "--network") == []
    assert "/jwks" in [path for path, _, _ in liar.asked]
    liar.says = {"issuer": "https://evil.example"}
    [(code, text)] = doctor(crm, "--network", status=3)
    assert (code, "https://evil.example" in text) == ("provider_failed", True)
    assert doctor(crm) == []


def test_doctor_names_an_address_that_is_refused(crm, liar):
    liar.says = {"jwks_uri": "https://169.254.169.254/jwks"}
    [(code, text)] = doctor(crm, "--network", status=3)
    assert (code, "outbound_hosts" in text) == ("provider_failed", True)


def test_doctor_says_what_the_settings_lack(crm):
    crm.config = dataclasses.replace(crm.config, base_url="", oidc_create="nonsense")
    found = dict(doctor(crm, status=3))
    assert set(found) == {"provider_without_base", "provider_role_unknown"}
    assert "nonsense" in found["provider_role_unknown"]


def test_the_machine_unlinks_somebody(crm, liar, door):
    come(door(), liar)
    shell = Shell(serve.environment(crm.config))
    done = shell.json("users", "unlink", "alice@example.org")
    assert done == {"id": crm.alice.user_id, "unlinked": [liar.issuer]}
    assert linked(crm) == []
    assert shell.json("users", "unlink", "alice@example.org")["unlinked"] == []
