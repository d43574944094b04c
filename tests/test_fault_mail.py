"""Real workers that send mail: killed in between, and many of them at once."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from relatum.core import mail, serve

from . import nursery
from .mailing import SENDER, WORDS, _server, crm, seen, send, server

__all__ = ["_server", "crm", "server"]
pytestmark = [pytest.mark.slow, pytest.mark.fault]


@pytest.fixture
def start(config, server):
    """Return a way to start real workers, which do not outlive the test."""
    running = []

    def begin(*words, **environment):
        told = {"RELATUM_SMTP_URL": server.url, "RELATUM_MAIL_FROM": SENDER}
        given = serve.environment(config) | told | environment
        running.append(nursery.begin(nursery.COMMAND, "worker", *words, given=given))
        return running[-1]

    yield begin
    for process in running:
        process.kill()
        process.wait()


def until_sent(instance, ids, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if {seen(instance, mail_id)["state"] for mail_id in ids} == {"sent"}:
            return
        time.sleep(0.1)
    raise AssertionError([seen(instance, mail_id) for mail_id in ids])


@pytest.mark.parametrize(
    ("point", "times"),
    [("db.before_commit", 1), ("jobs.before_checkpoint", 1), ("mail.before_note", 2)],
)
def test_a_worker_killed_while_it_sends_loses_no_mail(crm, server, start, point, times):
    mail_id = send(crm, "ada@example.org")
    assert start("--once", RELATUM_FAULTS=f"{point}=kill").wait() == -signal.SIGKILL
    start()
    until_sent(crm, [mail_id])
    found = [got.message["Message-ID"] for got in server.got()]
    # Killed between the server's word and its note, it is sent again, and the server may know.
    assert (len(found), len(set(found))) == (times, 1)


def test_of_many_workers_one_sends_each_mail(crm, server, start):
    for _ in range(4):
        start()
    ids = crm.write(mail.send, [f"a{n}@example.org" for n in range(60)], WORDS)
    until_sent(crm, ids)
    counted = Counter(got.recipient for got in server.got())
    assert counted == {f"a{n}@example.org": 1 for n in range(60)}
