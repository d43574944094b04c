"""kill -9 in the middle of a conversion: the lead is as it was, or all that it becomes is there."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from relatum.core import doctor
from relatum.core.serve import environment
from relatum.plugins.sales import convert

from . import nursery
from .instances import prepared
from .test_conversion import LEAD, count

pytestmark = [pytest.mark.fault, pytest.mark.slow]
#: The preset of the instance.
PRESET = "sales"
#: Converts a lead, and kills itself before the statement of a number; 0: before none.
_WORK = """
import os, signal, sys
import sqlalchemy as sa
from relatum.core import config, db, plugin_host
from relatum.core.actor import system
from relatum.core.app import create_app

lead, last, left = int(sys.argv[1]), int(sys.argv[2]), [0]
app = create_app(config.load())
with app.app_context():
    with db.reading():
        pass  # the plugins that are enabled are here now

    def note(*args):
        left[0] += 1
        if left[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)

    from relatum.plugins.sales import convert
    sa.event.listen(db.engine(), "before_cursor_execute", note)
    db.transact(lambda: convert(lead, actor=system()))
    print(left[0], flush=True)
"""
_TABLES = ("account", "contact", "opportunity")


@prepared
def crm(instance):
    """Return the id of a lead."""
    return instance.create("lead", LEAD)[0]


def work(instance: Any, lead: int, *, fault: str = "", last: int = 0) -> tuple[int, int]:
    """Convert a lead in a process; return how that ended, and after how many statements."""
    given = {**environment(instance.config), "RELATUM_FAULTS": fault}
    heard, said = os.pipe()
    process = nursery.begin(_WORK, str(lead), str(last), given=given, stdout=said)
    os.close(said)
    with os.fdopen(heard, "rb") as told:
        statements = int(told.read() or 0)
    return process.wait(), statements


def assert_old_or_new(instance: Any, lead: int) -> bool:
    """Assert that nothing is half there; return whether the lead is converted."""
    kept = instance.get("lead", lead)
    made = [count(instance, name) for name in _TABLES]
    done: bool = kept["status"] == "qualified"
    assert made == ([1, 1, 1] if done else [0, 0, 0])
    assert (kept["account"] is not None, kept["contact"] is not None) == (done, done)
    with instance.app.app_context():
        assert [finding.text for finding in doctor.examine()] == []
    return done


@pytest.mark.parametrize(
    ("point", "done"), [("db.before_commit", False), ("db.after_commit", True)]
)
def test_killed_at_its_commit_it_has_happened_or_not(
    instance: Any, crm: int, point: str, done: bool
) -> None:
    ended, _ = work(instance, crm, fault=f"{point}=kill")
    assert ended == -signal.SIGKILL
    assert assert_old_or_new(instance, crm) is done


def test_killed_before_any_statement_it_has_not_happened(instance: Any, crm: int) -> None:
    last, killed = 1, 0
    while True:
        ended, statements = work(instance, crm, last=last)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        assert not assert_old_or_new(instance, crm)
        last, killed = last + 9, killed + 1
    assert killed > 2
    assert statements < last
    assert assert_old_or_new(instance, crm)


def test_what_was_killed_is_done_again(instance: Any, crm: int) -> None:
    work(instance, crm, fault="db.before_commit=kill")
    assert instance.write(convert, crm).ids.keys() == set(_TABLES)
