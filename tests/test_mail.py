"""Outgoing mail: written with what it tells of, given to a real server after the commit."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from relatum.core import clock, jobs, mail, own_jobs, worker
from relatum.core.errors import RelatumError
from relatum.core.mail import smtp

from .mailing import SENDER, WORDS, _server, crm, run, seen, send, server
from .plugged import enable, put, small
from .smtp_server import PASSWORD, USER, certify, serving

__all__ = ["_server", "crm", "server"]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def can_send(instance):
    with instance.reading():
        return mail.can_send()


# -- what arrives ---------------------------------------------------------------------------
def test_a_mail_is_given_to_the_server_after_the_commit(crm, server):
    html = "<p>Größe &amp; Gewicht</p>"
    words = mail.Words("Größe — 10 €", "Grüße,\n.\nFrom here on " + "x" * 2000 + "\n", html)
    to = mail.Recipient("Ada@Exämple.org", 'Ada "Countess" Lovelace, née Byron')
    with clock.frozen(NOON):
        mail_id = send(crm, to, words, reply_to="bob@example.org")
    assert (server.got(), seen(crm, mail_id)["state"]) == ([], "queued")
    assert run(crm, mail_id) == "done"
    [got] = server.got()
    assert (got.sender, got.recipient) == ("crm@example.org", "Ada@xn--exmple-cua.org")
    message = got.message
    assert message["Subject"] == words.subject
    assert message["To"].addresses[0].display_name == to.name
    assert message["From"].addresses[0].display_name == "CRM Zürich"
    assert message["Reply-To"] == "bob@example.org"
    assert message["Date"].datetime == NOON
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@example.org>")
    plain, rich = message.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == words.text
    assert rich.get_content().strip() == html
    after = seen(crm, mail_id)
    assert (after["state"], after["attempts"], after["error"]) == ("sent", 1, None)


def test_each_recipient_gets_a_mail_alone_and_once(crm, server):
    ids = crm.write(mail.send, ["a@example.org", "b@example.org", "a@EXAMPLE.org"], WORDS)
    assert len(ids) == 2
    for mail_id in ids:
        run(crm, mail_id)
    assert [got.message["To"] for got in server.got()] == ["a@example.org", "b@example.org"]


def test_a_mail_of_a_transaction_that_fails_was_never_written(crm):
    def fail(*, actor):
        mail.send("ada@example.org", WORDS, actor=actor)
        raise RelatumError("forbidden", action="do", thing="this")

    with pytest.raises(RelatumError):
        crm.write(fail)
    assert crm.read(mail.list_mails) == crm.read(jobs.list_jobs) == []


def test_who_may_do_nothing_else_can_cause_a_mail_and_only_administrators_see_it(crm, server):
    mail_id = send(crm, "ada@example.org", actor=crm.bob)
    assert run(crm, mail_id) == "done"
    assert seen(crm, mail_id)["actor"] == crm.bob.user_id
    for verb, args in ((mail.get, (mail_id,)), (mail.list_mails, ()), (mail.retry, (mail_id,))):
        with pytest.raises(RelatumError, match="may"):
            crm.read(verb, *args, actor=crm.bob)


def test_the_words_of_a_mail_with_a_secret_are_forgotten_once_it_is_sent(crm, server):
    mail_id = send(crm, "ada@example.org", secret=True)
    assert seen(crm, mail_id)["text"] == WORDS.text
    run(crm, mail_id)
    assert (seen(crm, mail_id)["text"], seen(crm, mail_id)["subject"]) == (None, "Hello")


# -- what a server says ---------------------------------------------------------------------
@pytest.mark.parametrize("word", ["later", "busy"])
def test_what_a_server_takes_later_is_tried_again_with_the_same_message_id(crm, server, word):
    mail_id = send(crm, f"{word}@example.org")
    assert run(crm, mail_id) == "queued"
    waits = seen(crm, mail_id)
    assert (waits["state"], waits["attempts"]) == ("queued", 1)
    assert waits["error"]["code"] == "mail_server_failed"
    assert "451 4.7.1 Greylisted" in waits["error"]["message"] or word == "busy"
    with clock.frozen(waits["next_at"]):
        assert run(crm, mail_id) == "done"
    [got] = server.got()
    [row] = crm.sql("SELECT key FROM core_mail")
    assert got.message["Message-ID"] == f"<{row.key}@example.org>"
    assert (seen(crm, mail_id)["error"], seen(crm, mail_id)["attempts"]) == (None, 2)


@pytest.mark.parametrize(("word", "said"), [("never", "550 5.1.1"), ("spam", "554 5.7.1")])
def test_what_a_server_refuses_has_failed_at_once_with_its_sentence(crm, server, word, said):
    mail_id = send(crm, f"{word}@example.org")
    assert run(crm, mail_id) == "failed"
    failed = seen(crm, mail_id)
    assert (failed["state"], failed["error"]["code"]) == ("failed", "mail_refused")
    assert said in failed["error"]["message"]
    assert server.got() == []


def test_a_server_that_is_not_there_is_tried_again_and_given_up_after_the_last_attempt(crm):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with crm.configured(
            smtp_url=f"smtp://127.0.0.1:{taken.getsockname()[1]}", mail_from=SENDER
        ):
            mail_id = send(crm, "ada@example.org")
            for _ in range(mail.SEND_MAIL.attempts - 1):
                with clock.frozen(seen(crm, mail_id)["next_at"] or clock.now()):
                    assert run(crm, mail_id) == "queued"
            with clock.frozen(seen(crm, mail_id)["next_at"]):
                assert run(crm, mail_id) == "failed"
    failed = seen(crm, mail_id)
    assert (failed["state"], failed["attempts"]) == ("failed", mail.SEND_MAIL.attempts)
    assert "refused" in failed["error"]["message"]


def test_a_server_that_says_nothing_is_not_waited_for_without_end(crm, monkeypatch):
    monkeypatch.setattr(smtp, "_SILENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        with crm.configured(smtp_url=url, mail_from=SENDER):
            mail_id = send(crm, "ada@example.org")
            assert run(crm, mail_id) == "queued"
    assert "timed out" in seen(crm, mail_id)["error"]["message"]


def test_a_server_that_is_rude_when_it_has_the_mail_gets_it_once(crm, server):
    mail_id = send(crm, "rude@example.org")
    assert run(crm, mail_id) == "done"
    assert len(server.got()) == 1


def test_an_address_that_the_server_can_not_read_is_refused_with_a_sentence(crm, server):
    mail_id = send(crm, "jörg@example.org")
    assert run(crm, mail_id) == "failed"
    assert "SMTPUTF8" in seen(crm, mail_id)["error"]["message"]


def test_a_mail_that_nobody_waits_for_any_more_is_not_sent(crm, server):
    mail_id = send(crm, "ada@example.org", until=NOON)
    assert run(crm, mail_id) == "failed"
    assert seen(crm, mail_id)["error"]["code"] == "mail_too_late"
    assert server.got() == []


def test_a_failed_mail_is_sent_again_by_a_job_of_its_own_and_a_sent_one_is_not(crm, server):
    mail_id = send(crm, "later@example.org")
    run(crm, mail_id)
    with pytest.raises(RelatumError, match="is queued"):
        crm.write(mail.retry, mail_id)
    crm.write(jobs.cancel, seen(crm, mail_id)["job_id"])
    assert seen(crm, mail_id)["state"] == "failed"
    crm.write(mail.retry, mail_id)
    assert seen(crm, mail_id)["state"] == "queued"
    assert run(crm, mail_id) == "done"
    with pytest.raises(RelatumError, match="is sent"):
        crm.write(mail.retry, mail_id)
    # A job that somebody starts by hand does nothing.
    job_id = crm.write(jobs.enqueue, mail.SEND_MAIL.name, {"mail": mail_id})
    with crm.app.app_context():
        assert jobs.run(job_id, by="me", pause=lambda: False) == "done"
    assert len(server.got()) == 1


def test_eight_processes_never_send_one_mail_twice(crm, server):
    ids = crm.write(mail.send, [f"a{n}@example.org" for n in range(8)], WORDS)
    barrier = threading.Barrier(8)

    def work(by: str) -> None:
        barrier.wait()
        for mail_id in ids:
            run(crm, mail_id, by)

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got.recipient for got in server.got()) == [f"a{n}@example.org" for n in range(8)]
    assert {seen(crm, mail_id)["state"] for mail_id in ids} == {"sent"}


def test_plugins_that_are_enabled_while_a_mail_is_sent_do_not_send_it_again(
    instance, server, monkeypatch
):
    put(instance, "counting", small("counting", ""))
    told = replace(instance.config, smtp_url=server.url, mail_from=SENDER)
    give = smtp.give

    def slowly(*args, **kwargs):
        enable(instance, "counting")
        give(*args, **kwargs)

    monkeypatch.setattr(smtp, "give", slowly)
    with instance.configured(smtp_url=server.url, mail_from=SENDER):
        mail_id = send(instance, "ada@example.org")
    for _ in range(2):
        worker.Worker(told).run_due()
    assert (seen(instance, mail_id)["state"], len(server.got())) == ("sent", 1)
    assert instance.read(jobs.get, seen(instance, mail_id)["job_id"])["state"] == "done"


# -- TLS and passwords ----------------------------------------------------------------------
@pytest.fixture
def guarded(tmp_path):
    certificate = tmp_path / "certificate.pem"
    certify(certificate)
    with serving(tmp_path / "guarded", certificate) as made:
        yield made, certificate


def test_a_password_goes_over_tls_to_a_server_whose_certificate_is_right(
    instance, guarded, monkeypatch
):
    server, certificate = guarded
    url = f"smtp://{USER.replace('@', '%40')}:geheim%2F%23%3F@127.0.0.1:{server.port}"
    with instance.configured(smtp_url=url, mail_from=SENDER):
        mail_id = send(instance, "ada@example.org")
        assert run(instance, mail_id) == "queued"
        assert "certificate" in seen(instance, mail_id)["error"]["message"]
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with clock.frozen(seen(instance, mail_id)["next_at"]):
            assert run(instance, mail_id) == "done"
        assert run(instance, send(instance, "jörg@exämple.org")) == "done"
    assert [got.recipient for got in server.got()] == ["ada@example.org", "jörg@xn--exmple-cua.org"]
    told = str(instance.sql("SELECT * FROM core_mail")) + repr(instance.app.extensions["relatum"])
    assert PASSWORD not in told and "geheim" not in told


def test_a_wrong_password_is_tried_again_until_it_is_put_right(instance, guarded, monkeypatch):
    server, certificate = guarded
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    url = f"smtp://me:wrong@127.0.0.1:{server.port}"
    with instance.configured(smtp_url=url, mail_from=SENDER):
        mail_id = send(instance, "ada@example.org")
        assert run(instance, mail_id) == "queued"
    assert "535" in seen(instance, mail_id)["error"]["message"]


def test_no_password_is_sent_to_a_server_without_tls(instance, server):
    url = f"smtp://me:secret@127.0.0.1:{server.port}"
    with instance.configured(smtp_url=url, mail_from=SENDER):
        mail_id = send(instance, "ada@example.org")
        assert run(instance, mail_id) == "queued"
    assert "no TLS" in seen(instance, mail_id)["error"]["message"]
    assert server.got() == []


# -- without a server -----------------------------------------------------------------------
def test_without_a_server_mail_is_kept_and_sent_once_there_is_one(instance, server):
    assert not can_send(instance)
    mail_id = send(instance, "ada@example.org")
    assert seen(instance, mail_id)["state"] == "kept"
    assert instance.read(jobs.list_jobs) == []
    with pytest.raises(RelatumError, match="smtp_url"):
        instance.write(mail.retry, mail_id)
    with instance.configured(smtp_url=server.url, mail_from=SENDER):
        assert can_send(instance)
        instance.write(mail.retry, mail_id)
        assert run(instance, mail_id) == "done"
    assert len(server.got()) == 1


def test_old_mail_is_forgotten_unless_it_still_waits(crm, server):
    with clock.frozen(NOON):
        kept, gone = (send(crm, f"{word}@example.org") for word in ("later", "ada"))
    run(crm, gone)
    job_id = crm.write(jobs.enqueue, own_jobs.FORGET.name)
    with clock.frozen(NOON + timedelta(days=31)), crm.app.app_context():
        assert jobs.run(job_id, by="me", pause=lambda: False) == "done"
    assert [each["id"] for each in crm.read(mail.list_mails)] == [kept]


def test_mails_are_listed_by_state_newest_first_in_pages(crm, server):
    first, second, third = (send(crm, f"{w}@example.org") for w in ("ada", "never", "bob"))
    for mail_id in (first, second):
        run(crm, mail_id)

    def ids(**choice):
        return [each["id"] for each in crm.read(mail.list_mails, **choice)]

    assert ids() == [third, second, first]
    assert ids(limit=1, before=third) == [second]
    assert (ids(state="sent"), ids(state="failed"), ids(state="queued")) == (
        [first], [second], [third]
    )  # fmt: skip
    with pytest.raises(RelatumError, match="queued, sent, failed, kept"):
        ids(state="lost")
