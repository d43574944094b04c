"""An instance with a call list, leads with numbers, and people in two teams.

A test module imports the fixtures that it takes, and names them in `__all__`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relatum.core import auth, clock, query, records, roles
from relatum.core.actor import Actor
from relatum.core.testing.instances import Instance
from relatum.plugins import calling

from .instances import PASSWORD, prepared

#: A Wednesday, noon in Berlin.
NOON = datetime(2026, 3, 4, 11, tzinfo=UTC)
HOUR = timedelta(hours=1)
OURS: dict[str, Any] = {
    "read": "team", "create": "all", "update": "team", "delete": "team", "assign": "team",
}  # fmt: skip
WORK = ("lead", "contact", "account", "call", "call_list", "call_target", "opportunity")


def fill(instance: Instance) -> dict[str, int]:
    """Enable call lists; Bob and Charlie are in teams of their own. Return ids of teams."""
    instance.enable("calling")
    lines: dict[str, Any] = dict.fromkeys(WORK, OURS) | {"user": {"read": "all"}}
    may = ["desk.use", "calling.use", "activities.use", "sales.convert"]
    instance.write(roles.save, "caller", {"types": lines, "permissions": may})
    teams: dict[str, int] = {}
    for name, team in (("Bob", "North"), ("Charlie", "South")):
        [teams[team]] = instance.create("team", {"name": team})
        user = person(instance, name).user_id
        instance.write(records.update, "user", [{"id": user, "team": teams[team]}])
        instance.write(roles.hold, "user", user, ["caller"])
    return teams


@prepared
def crm(instance: Any) -> dict[str, int]:
    """An instance with call lists, and Bob and Charlie in teams of their own."""
    return fill(instance)


@pytest.fixture
def office(instance: Any, crm: dict[str, int]) -> Any:
    """Return the instance; it knows its teams."""
    instance.teams = crm
    return instance


def person(instance: Instance, name: str) -> Actor:
    """Return somebody as an actor."""
    if name == "Alice":
        return instance.alice
    asked = {"filter": {"field": "name", "value": name}}
    with instance.reading():
        [user] = query.page(query.from_json("user", asked, actor=instance.alice)).records
    return Actor(user_id=user["id"], team_id=user["team"], name=name)


def give_password(instance: Instance, name: str) -> str:
    """Let somebody sign in; return his mail address."""
    user, email = person(instance, name).user_id, f"{name.lower()}@example.org"
    instance.write(records.update, "user", [{"id": user, "email": email}])
    instance.write(auth.set_password, user, auth.hash_password(PASSWORD))
    return email


def make_list(instance: Instance, *, team: int | None = None, **values: Any) -> int:
    """Make a call list that is active."""
    row = {"name": "Spring", "status": "active", "team": team, **values}
    [made] = instance.create("call_list", row)
    return made


def make_leads(instance: Instance, *names: str, **values: Any) -> list[int]:
    """Make leads, each with a number of its own."""
    rows = [
        {"subject": f"Pumps for {name}", "name": {"first": "Jo", "last": name},
         "company": f"{name} Ltd", "phone": f"+49 30 12345{place:02}", **values}
        for place, name in enumerate(names)
    ]  # fmt: skip
    return instance.create("lead", *rows)


def filled(instance: Instance, list_id: int, *names: str, **values: Any) -> dict[str, int]:
    """Put new leads on a list; return the targets by the name of the lead."""
    ids = make_leads(instance, *names, **values)
    put(instance, list_id, ids)
    by_lead = {row["lead"]: row["id"] for row in targets(instance, list_id)}
    return {name: by_lead[id_] for name, id_ in zip(names, ids, strict=True)}


def put(instance: Instance, list_id: int, ids: list[int], type_name: str = "lead") -> Any:
    """Put records on a list as alice; return what came of it."""
    words = {"filter": {"field": "id", "op": "in", "value": ids}, "sort": ["id"]}
    return instance.write(calling.fill, list_id, type_name, words)


def targets(instance: Instance, list_id: int) -> list[dict[str, Any]]:
    """Return the targets of a list in order."""
    asked = {"filter": {"field": "list", "value": list_id}, "sort": ["id"]}

    def found(*, actor: Actor) -> list[dict[str, Any]]:
        return list(query.page(query.from_json("call_target", asked, actor=actor)).records)

    made: list[dict[str, Any]] = instance.read(found)
    return made


def take(instance: Instance, list_id: int, by: str = "Alice", at: datetime = NOON) -> int | None:
    """Give somebody the next target of a list at an instant."""
    with clock.frozen(at):
        made: int | None = instance.write(calling.take, list_id, actor=person(instance, by))
    return made


def note(
    instance: Instance, target: int | None, outcome: str, by: str = "Alice",
    at: datetime = NOON, **more: Any,
) -> Any:  # fmt: skip
    """Note what came of a call at an instant."""
    with clock.frozen(at):
        return instance.write(calling.note, target, outcome, actor=person(instance, by), **more)
