"""An instance in which nothing is wrong, and a way to damage it."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import db, doctor

from .instances import prepared


@prepared
def whole(instance):
    """An instance with two types, records and a trashed field."""
    instance.make_type("x_goal", {"name": "name", "kind": "text"})
    instance.make_type(
        "x_thing",
        {"name": "name", "kind": "text", "sortable": True, "unique": True},
        {"name": "size", "kind": "decimal"},
        {"name": "old", "kind": "integer"},
        {"name": "goal", "kind": "lookup", "settings": {"target": "x_goal"}},
        {"name": "stage", "kind": "choice", "options": [{"value": "a"}]},
    )
    instance.create("x_thing", {"name": "A", "size": "1.5"}, {"name": "B"})
    instance.apply({"op": "trash_field", "type": "x_thing", "field": "old"})


@pytest.fixture
def sound(whole):
    """That instance; the test runs in its context."""
    with whole.app.app_context():
        yield whole


def damage(*statements: Any) -> None:
    """Do to the database what no verb would do; a statement may come with its values."""
    with db.founding(unchecked=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            if isinstance(statement, str):
                connection.exec_driver_sql(statement)
            else:
                connection.execute(statement)


def codes() -> set[str]:
    """Return the codes of what doctor finds."""
    return {finding.code for finding in doctor.examine()}
