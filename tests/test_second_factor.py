"""The second factor: codes by time and recovery codes, once each; and who has lost them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from relatum.core import clock, db, keys, serve
from relatum.core.api import limits
from relatum.core.auth import second_factor

from .homes import Shell
from .instances import PASSWORD, prepared

SIGN_IN = {"email": "alice@example.org", "password": PASSWORD}
SESSION, CODE = "/api/v1/session", "/api/v1/session/code"
OWN = "/api/v1/my/second-factor"
NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def code_at(secret, moment):
    return pyotp.TOTP(secret).at(moment)


@prepared
def equipped(instance):
    """Alice's secret and recovery codes: her second factor is on since a minute before NOW."""
    with clock.frozen(NOW - timedelta(minutes=1)):
        made = instance.write(second_factor.set_up)
        code = code_at(made.secret, clock.now())
        codes = instance.write(second_factor.confirm, code)
    return {"secret": made.secret, "codes": codes}


@pytest.fixture
def frozen():
    with clock.frozen(NOW):
        yield


def ticket_of(browser, address="127.0.0.1"):
    answer = browser.post(SESSION, json=SIGN_IN, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 401
    return answer.get_json()["ticket"]


def finish(browser, ticket, code):
    return browser.post(CODE, json={"ticket": ticket, "code": code})


@pytest.fixture
def browser(instance):
    return instance.app.test_client()


# -- setting it up --------------------------------------------------------------------------
def test_a_secret_alone_changes_nothing_until_a_code_confirms_it(instance, browser, refused):
    alice = instance.client(instance.alice)
    made = alice.post(OWN)
    assert made.status_code == 201
    assert made.get_json()["uri"].startswith("otpauth://totp/Relatum:alice%40example.org?")
    assert browser.post(SESSION, json=SIGN_IN).status_code == 200
    wrong = alice.post(f"{OWN}/confirm", json={"code": "000000x"})
    refused(wrong, 422, "code_wrong")
    now = pyotp.TOTP(made.get_json()["secret"]).now()
    answer = alice.post(f"{OWN}/confirm", json={"code": f"{now[:3]} {now[3:]}"})
    assert len(set(answer.get_json()["recovery_codes"])) == 10
    state = alice.get(OWN).get_json()
    assert (state["on"], state["recovery_codes"], state["required"]) == (True, 10, False)
    refused(browser.post(SESSION, json=SIGN_IN), 401, "second_factor_needed")


def test_it_ends_sessions_that_began_without_it(instance, browser, refused):
    other = instance.app.test_client()
    csrf = {"X-CSRF-Token": browser.post(SESSION, json=SIGN_IN).get_json()["csrf"]}
    other.post(SESSION, json=SIGN_IN)
    secret = browser.post(OWN, headers=csrf).get_json()["secret"]
    code = {"code": pyotp.TOTP(secret).now()}
    assert browser.post(f"{OWN}/confirm", json=code, headers=csrf).status_code == 200
    assert browser.get(SESSION).status_code == 200
    refused(other.get(SESSION), 401, "not_signed_in")


def test_it_is_not_set_up_over_another(instance, equipped, refused):
    refused(instance.client(instance.alice).post(OWN), 409, "second_factor_on")


def test_nothing_is_confirmed_that_was_not_begun(instance, refused):
    answer = instance.client(instance.alice).post(f"{OWN}/confirm", json={"code": "123456"})
    refused(answer, 409, "second_factor_off")


def test_neither_the_secret_nor_a_recovery_code_is_stored_as_it_is(instance, equipped):
    rows = instance.sql("SELECT * FROM core_second_factor")
    rows += instance.sql("SELECT * FROM core_recovery_code")
    stored = str([tuple(row) for row in rows])
    assert len(rows) == 11
    assert equipped["secret"] not in stored
    for code in equipped["codes"]:
        assert code not in stored
        assert code.replace("-", "") not in stored


# -- signing in with it ---------------------------------------------------------------------
def test_a_password_needs_a_code_and_opens_nothing_before(browser, equipped, frozen, refused):
    answer = browser.post(SESSION, json=SIGN_IN)
    refused(answer, 401, "second_factor_needed")
    assert "Set-Cookie" not in answer.headers
    done = finish(browser, answer.get_json()["ticket"], code_at(equipped["secret"], NOW))
    assert done.status_code == 200
    assert browser.get(SESSION).get_json() == done.get_json()


@pytest.mark.parametrize(
    ("seconds", "status"), [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401), (3600, 401)]
)
def test_a_code_is_good_for_a_step_before_and_after(browser, equipped, frozen, seconds, status):
    code = code_at(equipped["secret"], NOW + timedelta(seconds=seconds))
    assert finish(browser, ticket_of(browser), code).status_code == status


def test_a_code_is_taken_once_and_no_older_one_after_it(browser, equipped, frozen, refused):
    code = code_at(equipped["secret"], NOW)
    assert finish(browser, ticket_of(browser), code).status_code == 200
    refused(finish(browser, ticket_of(browser), code), 401, "code_failed")
    older = code_at(equipped["secret"], NOW - timedelta(seconds=30))
    refused(finish(browser, ticket_of(browser), older), 401, "code_failed")
    newer = code_at(equipped["secret"], NOW + timedelta(seconds=30))
    assert finish(browser, ticket_of(browser), newer).status_code == 200


def test_of_two_who_send_the_same_code_at_once_one_gets_in(instance, equipped, frozen):
    code = code_at(equipped["secret"], NOW)
    clients = [instance.app.test_client() for _ in range(4)]
    tickets = [ticket_of(client) for client in clients]

    def work(pair):
        client, ticket = pair
        with clock.frozen(NOW):
            return finish(client, ticket, code).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(work, zip(clients, tickets, strict=True)))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 503}


def test_a_recovery_code_is_good_once_however_it_is_typed(browser, equipped, frozen, refused):
    code = equipped["codes"][3].upper().replace("-", " ")
    assert finish(browser, ticket_of(browser), code).status_code == 200
    refused(finish(browser, ticket_of(browser), code), 401, "code_failed")
    assert browser.get(OWN).get_json()["recovery_codes"] == 9


@pytest.mark.parametrize("code", ["", "12345", "٣٤٥٦٧٨", "x" * 100, "------", "\u2028"])
def test_a_code_that_is_none_is_refused(browser, equipped, frozen, code):
    assert finish(browser, ticket_of(browser), code).status_code in (401, 422)


def test_a_ticket_is_used_up(browser, equipped, frozen, refused):
    ticket = ticket_of(browser)
    assert finish(browser, ticket, equipped["codes"][0]).status_code == 200
    refused(finish(browser, ticket, equipped["codes"][1]), 401, "ticket_invalid")


def test_a_ticket_ends_by_itself(browser, equipped, refused):
    with clock.frozen(NOW):
        ticket = ticket_of(browser)
    with clock.frozen(NOW + timedelta(minutes=10, seconds=1)):
        refused(finish(browser, ticket, equipped["codes"][0]), 401, "ticket_invalid")


def test_a_ticket_is_no_link_and_a_link_is_no_ticket(instance, browser, equipped, frozen, refused):
    ticket = ticket_of(browser)
    assert browser.post(f"/sign-in/{ticket}").status_code == 401
    url = instance.client(instance.alice).post(
        f"/api/v1/users/{instance.alice.user_id}/link"
    ).get_json()["url"]  # fmt: skip
    link = url.rpartition("/")[2]
    refused(finish(browser, link, equipped["codes"][0]), 401, "ticket_invalid")


def test_a_link_needs_a_code_as_a_password_does(instance, browser, equipped, frozen):
    alice = instance.client(instance.alice)
    made = alice.post(f"/api/v1/users/{instance.alice.user_id}/link")
    page = browser.post(made.get_json()["url"].removeprefix("http://localhost"))
    assert "Set-Cookie" not in page.headers
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    form = {"ticket": ticket, "code": equipped["codes"][0]}
    assert browser.post("/sign-in/code", data=form).status_code == 303
    assert browser.get(SESSION).status_code == 200


def test_who_was_disabled_meanwhile_stays_out(instance, browser, equipped, frozen, refused):
    ticket = ticket_of(browser)
    instance.create("user", {"name": "Dora", "email": "dora@example.org", "admin": True})
    with instance.app.app_context(), db.engine().begin() as connection:
        connection.exec_driver_sql("UPDATE core_user SET active = false WHERE name = 'Alice'")
    refused(finish(browser, ticket, equipped["codes"][0]), 401, "ticket_invalid")


def test_wrong_codes_in_a_row_make_wait_longer_and_longer(instance, browser, equipped, refused):
    with instance.configured(sign_in_limit="1000 per minute"):
        limits.install(instance.app)
        with clock.frozen(NOW):
            ticket = ticket_of(browser)
            for _ in range(5):
                refused(finish(browser, ticket, "000000"), 401, "code_failed")
            waiting = finish(browser, ticket, equipped["codes"][0])
            refused(waiting, 429, "too_many_tries")
            assert waiting.headers["Retry-After"] == "30"
        with clock.frozen(NOW + timedelta(seconds=30)):
            refused(finish(browser, ticket, "000000"), 401, "code_failed")
        with clock.frozen(NOW + timedelta(seconds=80)):
            refused(finish(browser, ticket, equipped["codes"][0]), 429, "too_many_tries")
        with clock.frozen(NOW + timedelta(seconds=91)):
            assert finish(browser, ticket, equipped["codes"][0]).status_code == 200
            assert finish(browser, ticket_of(browser), "000000").status_code == 401


def test_tries_of_codes_are_limited_as_those_of_passwords(instance, browser, equipped, refused):
    ticket = ticket_of(browser)
    for number in range(11):
        answer = browser.post(
            CODE, json={"ticket": "x", "code": "1"}, environ_base={"REMOTE_ADDR": "10.0.0.1"}
        )
        assert answer.status_code == (401 if number < 10 else 429)
    assert finish(browser, ticket, equipped["codes"][0]).status_code == 200


# -- changing and losing it -----------------------------------------------------------------
def test_switching_it_off_needs_a_code(instance, browser, equipped, refused):
    alice = instance.client(instance.alice)
    refused(alice.post(f"{OWN}/off", json={"code": "000000"}), 422, "code_wrong")
    assert alice.post(f"{OWN}/off", json={"code": equipped["codes"][0]}).status_code == 204
    assert browser.post(SESSION, json=SIGN_IN).status_code == 200
    refused(alice.post(f"{OWN}/off", json={"code": "000000"}), 409, "second_factor_off")


def test_new_recovery_codes_take_the_place_of_the_old(instance, browser, equipped, refused):
    alice = instance.client(instance.alice)
    sent = {"code": equipped["codes"][0]}
    made = alice.post(f"{OWN}/recovery-codes", json=sent).get_json()["recovery_codes"]
    refused(finish(browser, ticket_of(browser), equipped["codes"][1]), 401, "code_failed")
    assert finish(browser, ticket_of(browser), made[0]).status_code == 200


def test_an_administrator_resets_it_and_nobody_else_does(instance, browser, equipped, refused):
    path = f"/api/v1/users/{instance.alice.user_id}/second-factor"
    refused(instance.client(instance.bob).delete(path), 403, "forbidden")
    alice = instance.client(instance.alice)
    assert alice.delete(path).status_code == 204
    assert browser.post(SESSION, json=SIGN_IN).status_code == 200
    refused(alice.delete(path), 409, "second_factor_off")
    refused(alice.delete("/api/v1/users/99999/second-factor"), 404, "record_unknown")


def test_without_its_key_a_recovery_code_still_lets_in(instance, browser, equipped, frozen):
    with instance.app.app_context():
        keys.path().unlink()
    assert finish(browser, ticket_of(browser), code_at(equipped["secret"], NOW)).status_code == 401
    assert finish(browser, ticket_of(browser), equipped["codes"][0]).status_code == 200


# -- when it is required --------------------------------------------------------------------
@pytest.mark.parametrize(("setting", "status"), [("no", 200), ("admins", 403), ("all", 403)])
def test_who_needs_one_can_do_nothing_but_set_it_up(instance, browser, refused, setting, status):
    with instance.configured(require_second_factor=setting):
        csrf = {"X-CSRF-Token": browser.post(SESSION, json=SIGN_IN).get_json()["csrf"]}
        answer = browser.get("/api/v1/records/user")
        assert answer.status_code == status
        if status == 200:
            return
        refused(answer, 403, "second_factor_required")
        tokens = f"/api/v1/users/{instance.alice.user_id}/tokens"
        made = browser.post(tokens, json={"name": "way out"}, headers=csrf)
        refused(made, 403, "second_factor_required")
        assert "/records/user" not in browser.get("/api/v1/openapi.json").text
        secret = browser.post(OWN, headers=csrf).get_json()["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        assert browser.post(f"{OWN}/confirm", json=code, headers=csrf).status_code == 200
        assert browser.get("/api/v1/records/user").status_code == 200


def test_members_need_none_where_only_administrators_do(instance):
    with instance.configured(require_second_factor="admins"), instance.reading():
        assert second_factor.must_set_up(instance.alice)
        assert not second_factor.must_set_up(instance.bob)


def test_programs_with_a_token_go_on(instance):
    with instance.configured(require_second_factor="all"):
        assert instance.client(instance.alice).get("/api/v1/records/user").status_code == 200


# -- on the machine -------------------------------------------------------------------------
def test_the_machine_resets_it_when_everything_is_lost(instance, browser, equipped):
    relatum = Shell(serve.environment(instance.config))
    assert "is off" in relatum.said("users", "reset-second-factor", "alice@example.org")
    assert browser.post(SESSION, json=SIGN_IN).status_code == 200


def test_a_new_key_encrypts_its_secret_too(instance, browser, equipped, frozen):
    relatum = Shell(serve.environment(instance.config))
    assert relatum.json("keys", "rotate")["values"] == 1
    [current, old] = relatum.json("keys", "list")
    assert (current["values"], old["values"]) == (1, 0)
    assert finish(browser, ticket_of(browser), code_at(equipped["secret"], NOW)).status_code == 200
