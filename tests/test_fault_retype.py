"""kill -9 at every step of a change of a field's type: it goes on, or nothing has happened."""

from __future__ import annotations

import json
import signal
from typing import Any

import pytest

from relatum.core import doctor
from relatum.core.serve import environment

from . import nursery
from .instances import prepared

pytestmark = [pytest.mark.fault, pytest.mark.slow]

ROWS = 1_500
WHERE = {"type": "x_child", "field": "size"}
RETYPE = {"op": "retype_field", **WHERE, "kind": "integer"}
#: Where an apply that fills may die before its commit.
APPLYING = tuple(
    f"apply.{step}"
    for step in (
        "before_ddl", "after_ddl", "after_rows", "after_bump", "before_fill", "after_fill",
        "before_indexes", "after_indexes",
    )
)  # fmt: skip
SWITCHING = tuple(point for point in APPLYING if not point.endswith("_fill"))

_WORK = """
import json, sys
from flask import Flask
from relatum.core import config, db, entities
from relatum.core.actor import system

app = Flask("relatum.test")
db.init_app(app, config.load())
what, where = sys.argv[1], json.loads(sys.argv[2])
with app.app_context():
    if what == "apply":
        db.transact(lambda: entities.apply([where], actor=system()), exclusive=True)
    elif what == "convert":
        while not db.transact(lambda: entities.advance(*where.values(), 400)).filled:
            pass
    else:
        change = {"op": "finish_retype", **where}
        db.transact(lambda: entities.apply([change], actor=system()), exclusive=True)
"""


def work(instance: Any, what: str, where: dict[str, Any], fault: str = "") -> int:
    """Work in another process and return how it ended."""
    given = {**environment(instance.config), "RELATUM_FAULTS": fault}
    return nursery.end(_WORK, what, json.dumps(where), given=given)


@prepared
def loaded(instance: Any) -> None:
    """An instance whose children have sizes that are texts."""
    instance.make_type(
        "x_child", {"name": "name", "kind": "text"},
        {"name": "size", "kind": "text", "sortable": True, "unique": True},
    )  # fmt: skip
    instance.create("x_child", *({"name": "n", "size": str(n)} for n in range(ROWS)))


def findings(instance: Any) -> list[str]:
    with instance.app.app_context():
        return [finding.text for finding in doctor.examine()]


def kind(instance: Any) -> str:
    return str(instance.catalog.type("x_child").fields["size"].kind)


def assert_new(instance: Any) -> None:
    column = instance.catalog.type("x_child").fields["size"].column
    rows = instance.sql(f'SELECT count(*), sum("{column}") FROM x_child')
    assert kind(instance) == "integer"
    assert tuple(rows[0]) == (ROWS, ROWS * (ROWS - 1) // 2)
    assert findings(instance) == []


@pytest.mark.parametrize("point", [*APPLYING, "db.before_commit"])
def test_killed_in_one_transaction_nothing_has_happened(loaded: Any, point: str) -> None:
    assert work(loaded, "apply", RETYPE, f"{point}=kill") == -signal.SIGKILL
    assert kind(loaded) == "text"
    assert findings(loaded) == []
    assert work(loaded, "apply", RETYPE) == 0
    assert_new(loaded)


@pytest.mark.parametrize("point", ["retype.after_rows", "db.before_commit", "db.after_commit"])
def test_killed_while_it_converts_it_goes_on_where_it_was(loaded: Any, point: str) -> None:
    with loaded.configured(fill_limit=0):
        loaded.apply(RETYPE)
    assert work(loaded, "convert", WHERE, f"{point}=kill") == -signal.SIGKILL
    assert kind(loaded) == "text"
    assert findings(loaded) == []
    assert work(loaded, "convert", WHERE) == 0
    assert work(loaded, "finish", WHERE) == 0
    assert_new(loaded)


@pytest.mark.parametrize("point", [*SWITCHING, "db.before_commit"])
def test_killed_while_it_switches_readers_see_the_old_type(loaded: Any, point: str) -> None:
    with loaded.configured(fill_limit=0):
        loaded.apply(RETYPE)
    assert work(loaded, "convert", WHERE) == 0
    assert work(loaded, "finish", WHERE, f"{point}=kill") == -signal.SIGKILL
    assert kind(loaded) == "text"
    assert work(loaded, "finish", WHERE) == 0
    assert_new(loaded)
