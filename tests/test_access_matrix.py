"""The matrix: every bundled type, every action, every scope, through every door.

The types are those that the bundled plugins say they bring, so a new one is in it at once.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from relatum.core import auth, db, query, records, roles, serve
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .bundled import FOLDER, IDS, Samples
from .homes import Shell
from .instances import prepared
from .plugged import client, served

#: The preset of the instance.
PRESET = "all"
TYPES = sorted(
    name
    for plugin in IDS
    for name in orjson.loads((FOLDER / plugin / "plugin.json").read_bytes())["provides"]["types"]
)
#: Whose records each scope admits; None: no grant at all.
SCOPES: dict[Any, set[str]] = {
    None: set(),
    "own": {"mine"},
    "team": {"mine", "team"},
    "tree": {"mine", "team", "beneath"},
    "all": {"mine", "team", "beneath", "other"},
}


@prepared
def people(instance):
    """Bob with a colleague, somebody in a team beneath, and somebody elsewhere."""
    [north] = instance.create("team", {"name": "North"})
    [coast] = instance.create("team", {"name": "Coast", "parent": north})
    [south] = instance.create("team", {"name": "South"})
    found = {"mine": instance.bob.user_id}
    instance.write(records.update, "user", [{"id": instance.bob.user_id, "team": north}])
    for name, team in (("team", north), ("beneath", coast), ("other", south)):
        [found[name]] = instance.create("user", {"name": name, "team": team})
    return found


def made(instance: Any, type_name: str, people: dict[str, int]) -> dict[str, int]:
    """Make a record of a type for each of the people, and return their ids by whose they are."""
    samples, found = Samples(instance), {}
    for whose, owner in people.items():
        found[whose] = samples.made(type_name)
        _hand_over(instance, type_name, found[whose], owner)
    return found


def _hand_over(instance: Any, type_name: str, id_: int, owner: int) -> None:
    """Give a record to somebody; a part goes with its whole."""
    part = instance.catalog.type(type_name).part_of
    if part is None:
        instance.write(records.update, type_name, [{"id": id_, "owner": owner}])
    else:
        _hand_over(instance, part.target, instance.get(type_name, id_)[part.name], owner)


def bob(instance: Any, type_name: str, line: dict[str, Any]) -> Actor:
    """Return bob with a role that has one line for a type, and reads all others."""
    given = {"all_types": {"read": "all"}, "types": {type_name: line}, "permissions": ["desk.use"]}
    instance.write(roles.save, "tried", given)
    instance.write(roles.hold, "user", instance.bob.user_id, ["tried"])
    with instance.reading():
        found = auth.actor_of_user(instance.bob.user_id, source="api")
    assert found is not None
    return found


def by_verb(instance: Any, who: Actor, type_name: str, ids: dict[str, int]) -> set[str]:
    """Return whose records are read by plugin code, which has the verbs of the face."""
    found = set()
    with instance.reading():
        for whose, id_ in ids.items():
            try:
                records.get(type_name, id_, actor=who)
                found.add(whose)
            except RelatumError as error:
                assert error.code in ("record_unknown", "type_unknown")
    return found


def by_list(instance: Any, who: Actor, type_name: str, ids: dict[str, int]) -> set[str]:
    """Return whose records are in a list."""
    try:
        with instance.reading():
            asked = query.from_json(type_name, {"fields": ["id"], "limit": 500}, actor=who)
            listed = {row["id"] for row in query.page(asked).records}
    except RelatumError as error:
        assert error.code == "type_unknown"
        return set()
    return {whose for whose, id_ in ids.items() if id_ in listed}


@pytest.mark.parametrize("type_name", TYPES)
def test_reading_a_type_shows_what_the_scope_admits_through_every_door(instance, people, type_name):
    ids = made(instance, type_name, people)
    shell = Shell(serve.environment(instance.config))
    with served(instance) as application:
        _, token = instance.write(auth.make_token, instance.bob.user_id, "t", None)
        web = client(application, token)
        for scope, wanted in SCOPES.items():
            who = bob(instance, type_name, {"read": scope} if scope else {})
            assert by_verb(instance, who, type_name, ids) == wanted, scope
            assert by_list(instance, who, type_name, ids) == wanted, scope
            for address in ("/api/v1/records", "/records"):
                answers = {w: web.get(f"{address}/{type_name}/{i}") for w, i in ids.items()}
                shown = {w for w, answer in answers.items() if answer.status_code == 200}
                assert shown == wanted, (scope, address)
                assert {a.status_code for a in answers.values()} <= {200, 404}
            listed = shell("--as", "bob@example.org", "records", "list", type_name, "--json")
            if listed.exit_code == 0:
                found = {row["id"] for row in orjson.loads(listed.stdout)["records"]}
                assert {w for w, id_ in ids.items() if id_ in found} == wanted
            else:
                assert not wanted


@pytest.mark.parametrize("action", ["update", "delete", "restore", "assign"])
@pytest.mark.parametrize("type_name", TYPES)
def test_writing_a_type_reaches_what_the_scope_admits(instance, people, type_name, action):
    if action == "assign" and instance.catalog.type(type_name).part_of is not None:
        return
    ids = made(instance, type_name, people)
    if action == "restore":
        instance.write(records.delete, type_name, [{"id": id_} for id_ in ids.values()])
    for scope, wanted in SCOPES.items():
        line = {"read": "all"} | ({action: scope} if scope else {})
        if action == "assign":
            line["update"] = "all"
        who = bob(instance, type_name, line)
        assert _reached(instance, who, type_name, action, ids) == wanted, scope


def _reached(
    instance: Any, who: Actor, type_name: str, action: str, ids: dict[str, int]
) -> set[str]:
    """Return whose records somebody can write; nothing is kept."""
    found = set()
    for whose, id_ in ids.items():
        row: dict[str, Any] = {"id": id_}
        if action == "assign":
            row["owner"] = instance.alice.user_id
        verb = records.update if action == "assign" else getattr(records, action)
        with instance.app.app_context():
            found |= {whose} if _tried(verb, type_name, row, who) else set()
    return found


def _tried(verb: Any, type_name: str, row: dict[str, Any], who: Actor) -> bool:
    try:
        with db.writing(), db.attempt():
            [outcome] = verb(type_name, [row], actor=who, partial=True)
    except RelatumError as error:
        assert error.code == "forbidden", error
        return False
    codes = {problem.code for problem in outcome.problems}
    assert codes <= {"record_forbidden", "assign_forbidden"}, codes
    return not codes
