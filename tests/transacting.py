"""Transactions for tests: other settings, another thread, a statement, and what was refused."""

from __future__ import annotations

import dataclasses
import threading

import pytest
import sqlalchemy as sa

from relatum.core import db
from relatum.core.errors import RelatumError


def again_with(instance, **settings):
    """Open the same instance anew, with other settings."""
    db.dispose(instance.config)
    return type(instance)(dataclasses.replace(instance.config, **settings))


def code_of(work):
    with pytest.raises(RelatumError) as caught:
        work()
    return caught.value.code


def in_thread(instance, work):
    """Start work in a thread with a context of its own."""

    def run():
        with instance.app.app_context():
            work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def run(text, **values):
    return db.current().connection.execute(sa.text(text), values)
