"""Outgoing mail over HTTP, on the command line and in the desk; links that go by mail."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest

from relatum.core import auth, db, mail, serve
from relatum.core.errors import RelatumError
from relatum.core.models import Setting

from .desk import FRAGMENT, at_desk
from .homes import Shell
from .instances import prepared
from .mailing import SENDER, _server, run, seen, send, server

__all__ = ["_server", "server"]
PRESET = "desk"
PATH = "/api/v1/mail"


@prepared
def equipped(instance):
    """An instance that may send mail."""


@pytest.fixture
def shell(equipped, server):
    """Return a way to run commands on the instance, which gives its mail to the server."""
    return Shell(
        serve.environment(equipped.config)
        | {"RELATUM_SMTP_URL": server.url, "RELATUM_MAIL_FROM": SENDER}
    )


def link_in(text):
    """Return the secret of the sign-in link in a text."""
    found = re.search(r"(\S+)/sign-in/([\w-]+)", text)
    assert found, text
    return found[1], found[2]


def used(secret, *, actor):
    """Use up a sign-in link."""
    return auth.use_link(secret)


# -- HTTP -----------------------------------------------------------------------------------
def test_administrators_list_read_and_send_again_over_http(equipped, server, refused):
    alice = equipped.client(equipped.alice)
    with equipped.configured(smtp_url=server.url, mail_from=SENDER):
        made = alice.post(f"{PATH}/test", json={"to": "never@example.org"})
        assert (made.status_code, made.get_json()["state"]) == (201, "queued")
        mail_id = made.get_json()["id"]
        assert made.headers["Location"] == f"{PATH}/{mail_id}"
        run(equipped, mail_id)
        [listed] = alice.get(f"{PATH}?state=failed").get_json()["mails"]
        assert "550 5.1.1" in listed["error"]["message"]
        again = alice.post(f"{PATH}/{mail_id}/retry")
        assert again.get_json()["state"] == "queued"
        refused(alice.post(f"{PATH}/{mail_id}/retry"), 409, "mail_not_failed")
    refused(alice.get(f"{PATH}/999"), 404, "mail_unknown")
    hostile = alice.post(f"{PATH}/test", json={"to": "a\r\nBcc: b@example.org"})
    wrong = refused(hostile, 422, "invalid")
    assert [error["field"] for error in wrong["errors"]] == ["to"]


def test_nobody_else_sees_or_causes_mail_over_http(equipped, refused):
    mail_id = send(equipped, "ada@example.org")
    bob = equipped.client(equipped.bob)
    for answer in (
        bob.get(PATH), bob.get(f"{PATH}/{mail_id}"), bob.post(f"{PATH}/{mail_id}/retry"),
        bob.post(f"{PATH}/test", json={"to": "x@example.org"}),
        bob.post(f"/api/v1/users/{equipped.bob.user_id}/link/mail"),
    ):  # fmt: skip
        refused(answer, 403, "forbidden")


def test_a_sign_in_link_is_mailed_in_the_users_language_and_works_once(equipped, server, refused):
    bob, alice = equipped.bob.user_id, equipped.client(equipped.alice)
    alice.patch(f"/api/v1/records/user/{bob}", json={"language": "de"})
    told = {"smtp_url": server.url, "mail_from": SENDER}
    with equipped.configured(**told):
        refused(alice.post(f"/api/v1/users/{bob}/link/mail"), 409, "mail_without_base")
    with equipped.configured(**told, base_url="https://crm.example.org/"):
        made = alice.post(f"/api/v1/users/{bob}/link/mail", headers={"Host": "localhost"})
        assert made.status_code == 201, made.text
        mail_id = made.get_json()["mail"]
        run(equipped, mail_id)
        [got] = server.got()
        base, secret = link_in(got.message.get_content())
        assert base == "https://crm.example.org"
        assert "Guten Tag Bob" in got.message.get_content()
        after = seen(equipped, mail_id)
        assert (after["state"], after["text"]) == ("sent", None)
        assert after["record"] == {"type": "user", "id": bob}
    assert equipped.write(used, secret) == bob
    with pytest.raises(RelatumError, match="link"):
        equipped.write(used, secret)
    [charlie] = equipped.sql("SELECT id FROM core_user WHERE name = 'Charlie'")
    refused(alice.post(f"/api/v1/users/{charlie.id}/link/mail"), 409, "address_missing")
    assert equipped.sql("SELECT 1 FROM core_link") == []


# -- the command line -----------------------------------------------------------------------
def test_the_command_line_tests_the_server_lists_shows_and_sends_again(shell, server, equipped):
    assert "has taken the mail to you@example.org" in shell.said("mail", "test", "you@example.org")
    assert [got.recipient for got in server.got()] == ["you@example.org"]
    assert "550 5.1.1 No such user here" in shell.error("mail", "test", "never@example.org")
    assert "to: Contains U+000A" in shell.error("mail", "test", "you@example.org\nBcc: x@y.org")
    [failed] = shell.json("mail", "list", "--state", "failed")
    assert failed["attempts"] == 1
    assert "This is a test mail" in shell.said("mail", "show", str(failed["id"]))
    assert shell.json("mail", "retry", "--failed")["waiting"] == [failed["id"]]
    assert run(equipped, failed["id"]) == "failed"
    assert shell.json("mail", "retry", "999", status=3)["refused"][0]["code"] == "mail_unknown"
    assert "ids, or say --failed" in shell.error("mail", "retry", status=2)


def test_an_invitation_goes_by_mail_where_the_instance_knows_its_address(shell, equipped, server):
    assert shell.error("users", "invite", "Bob", "--mail").startswith("mail_without_base")
    said = shell.json("users", "invite", "Bob", "--mail", "--address", "https://crm.example.org")
    assert (said["address"], said["state"]) == ("bob@example.org", "queued")
    bare = Shell(serve.environment(equipped.config))
    assert bare.error("users", "invite", "Bob", "--mail").startswith("mail_off")
    assert bare.error("mail", "test", "you@example.org").startswith("mail_off")
    assert "/sign-in/" in bare.said("users", "invite", "Bob")


def test_no_command_starts_with_mail_settings_that_can_not_be(shell):
    shell.environment["RELATUM_SMTP_URL"] = "smtp://me:geheim@"
    said = shell.error("mail", "list")
    assert said.startswith("setting_refused: Setting 'smtp_url'") and "geheim" not in said


# -- the desk -------------------------------------------------------------------------------
def test_the_desk_lists_mails_shows_one_with_its_error_and_sends_it_again(equipped, server):
    crm = equipped
    crm.config = replace(crm.config, smtp_url=server.url, mail_from=SENDER)
    with at_desk(crm) as desk, crm.configured():
        refusal = desk.post("/mail/test", data={"address": "a\nBcc: b@example.org"})
        assert (refusal.status_code, "not an e-mail" in refusal.text) == (422, False)
        assert desk.post("/mail/test", data={"address": "never@example.org"}).status_code == 303
        [mail_id] = [each["id"] for each in crm.read(mail.list_mails)]
        part = desk.get(f"/mail/{mail_id}", headers=FRAGMENT).text
        assert "every 2s" in part and "Waits" in part and "<html" not in part
        run(crm, mail_id)
        page = html.unescape(desk.get(f"/mail/{mail_id}").text)
        assert "550 5.1.1 No such user here" in page and "every 2s" not in page
        assert "This is a test mail" in page and "Send it again" in page
        assert f'href="/mail/{mail_id}"' in desk.get("/mail?state=failed").text
        assert f'href="/mail/{mail_id}"' not in desk.get("/mail?state=sent&before=x").text
        assert desk.post(f"/mail/{mail_id}/retry").status_code == 303
        assert seen(crm, mail_id)["state"] == "queued"


def test_the_words_of_a_mail_are_shown_as_text_whatever_they_are(desk):
    page = desk.get("/mail").text
    assert "No mail server is set up" in page and 'href="/help/mail"' in page
    words = mail.Words("<b>Hi</b>", "<script>x</script> https://example.org/?a=1", "<img src=x>")
    mail_id = send(desk.instance, "ada@example.org", words)
    page = desk.get(f"/mail/{mail_id}").text
    assert "&lt;script&gt;" in page and "&lt;img src=x&gt;" in page and "<b>Hi" not in page
    assert 'href="https://example.org/?a=1"' in page


def test_without_a_server_a_sign_in_link_is_shown_to_be_copied(desk):
    bob = desk.instance.bob.user_id
    assert f'href="/users/{bob}/link"' in desk.get(f"/records/user/{bob}").text
    page = desk.get(f"/users/{bob}/link").text
    assert "can only be copied" in page and "/link/mail" not in page
    shown = desk.post(f"/users/{bob}/link").text
    assert link_in(shown)[0].endswith("http://localhost")
    assert desk.get("/users/999/link").status_code == 404


def test_in_the_demonstration_a_mailed_link_is_kept_and_works(desk):
    crm = desk.instance

    def demonstrate(*, actor):
        row = {"name": "demo", "value": "1"}
        db.current().connection.execute(Setting.__table__.insert().values(**row))

    crm.write(demonstrate)
    crm.make_type("x_thing")  # the settings are read anew with the catalog
    bob = crm.bob.user_id
    assert f'action="/users/{bob}/link/mail"' in desk.get(f"/users/{bob}/link").text
    sent = desk.post(f"/users/{bob}/link/mail")
    page = desk.get(sent.location).text
    assert "Kept" in page and "In the demonstration no mail leaves" in page
    base, secret = link_in(seen(crm, int(sent.location.rpartition("/")[2]))["text"])
    assert f'href="{base}/sign-in/{secret}"' in page
    desk.post("/sign-out")
    assert desk.post(f"/sign-in/{secret}").status_code == 303
