"""An instance that sends mail to a real server, and short ways to send and look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from relatum.core import jobs, mail

from .smtp_server import Server, serving

SENDER = "CRM Zürich <crm@example.org>"
WORDS = mail.Words("Hello", "A text.\n")


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture
def server(_server: Server) -> Server:
    """Return a mail server that has nothing yet."""
    _server.forget()
    return _server


@pytest.fixture
def crm(instance: Any, server: Server) -> Iterator[Any]:
    """Return an instance that gives its mail to the server."""
    with instance.configured(smtp_url=server.url, mail_from=SENDER):
        yield instance


def send(instance: Any, to: Any, words: mail.Words = WORDS, **more: Any) -> int:
    """Write a mail and return its id."""
    [mail_id] = instance.write(mail.send, to, words, **more)
    return int(mail_id)


def run(instance: Any, mail_id: int, by: str = "me") -> str | None:
    """Run the job of a mail once; return the state that it is left in."""
    job_id = seen(instance, mail_id)["job_id"]
    with instance.app.app_context():
        return jobs.run(job_id, by=by, pause=lambda: False)


def seen(instance: Any, mail_id: int) -> dict[str, Any]:
    """Return a mail as administrators see it."""
    found: dict[str, Any] = instance.read(mail.get, mail_id)
    return found
