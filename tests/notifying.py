"""An office in which people follow records and hear of them.

A test module imports the fixtures that it takes, and names them in `__all__`.
"""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import records
from relatum.plugins.notifications import reading

from .counting import run, swept
from .instances import prepared
from .officing import actor, build, give
from .plugged import enable

#: What lets somebody work with deals and hear of them.
ALL = {"read": "all", "create": "all", "update": "all", "delete": "all", "assign": "all"}
OWN = {**ALL, "read": "own", "update": "own", "delete": "own", "assign": "own"}


@prepared
def office(instance: Any) -> Any:
    """An office: nora and cora see and hear of all deals, sam of his own, nobody of none; ids."""
    made = build(instance)
    enable(instance, "notifications")
    note = {"name": "note", "kind": "long_text", "label": "Note"}
    instance.apply({"op": "add_field", "type": "x_deal", **note})
    for person, line in (("nora", ALL), ("cora", ALL), ("sam", OWN)):
        give(instance, made, person, line, permissions=["notifications.use", "desk.use"])
    listen(instance)
    return made


@pytest.fixture
def crm(instance: Any, office: Any) -> Any:
    """Return the instance with that office."""
    return instance


def listen(instance: Any) -> None:
    """Let followers be told of all that was committed."""
    for job in swept(instance):
        assert run(instance, job) == "done"


def change(instance: Any, office: Any, person: str, deal: str, **values: Any) -> None:
    """Change a deal as a person, and let its followers be told."""
    who = actor(instance, office, person)
    instance.write(records.update, "x_deal", [{"id": office.deals[deal], **values}], actor=who)
    listen(instance)


def told(instance: Any, office: Any, person: str) -> list[tuple[str, str]]:
    """Return what a person was told and may still see, oldest first: about what, and what."""
    who = actor(instance, office, person)
    page = instance.read(reading.page, limit=100, actor=who)
    return [(line.label, line.text) for line in reversed(page.lines)]


def count(instance: Any, office: Any, person: str) -> int:
    """Return the number at the bell of a person."""
    return int(instance.read(reading.unread, actor=actor(instance, office, person)))
