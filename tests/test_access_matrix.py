"""The matrix: every bundled type, every action, every scope, through every door.

The types are those that the bundled plugins say they bring, so a new one is in it at once. Some
types of each kind are tried always, all others where there is time: they are marked slow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from relatum.core import auth, db, imports, jobs, query, records, roles, serve
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError
from relatum.core.testing import Make

from . import bundled
from .bundled import FOLDER, IDS
from .homes import Shell
from .in_turn import DATABASES, LONG
from .instances import prepared
from .plugged import client, served

#: The preset of the instance.
PRESET = "all"
TYPES = sorted(
    name
    for plugin in IDS
    for name in orjson.loads((FOLDER / plugin / "plugin.json").read_bytes())["provides"]["types"]
)
#: Two wholes that others link to, and a part.
SAMPLE = ("account", "contact", "opportunity_line")


def cases(*left_out: str) -> Iterator[Any]:
    """Yield each type, but for those left out, with a database.

    Rights are compiled from a type in one way for both, and types of each kind are tried on both:
    any other is tried on one, in turn, but in a long search.
    """
    for place, name in enumerate(each for each in TYPES if each not in left_out):
        for number, database in enumerate(DATABASES):
            if name in SAMPLE:
                yield database, name
            elif LONG or place % 2 == number:
                yield pytest.param(database, name, marks=pytest.mark.slow)


EVERY_TYPE = pytest.mark.parametrize(("database", "type_name"), [*cases()], indirect=["database"])
#: Those that people write: what its plugin alone writes nobody else does, whatever his roles say.
WRITTEN = pytest.mark.parametrize(
    ("database", "type_name"), [*cases(*bundled.FOLLOWING)], indirect=["database"]
)
#: Whose records each scope admits; None: no grant at all.
SCOPES: dict[Any, set[str]] = {
    None: set(),
    "own": {"mine"},
    "team": {"mine", "team"},
    "tree": {"mine", "team", "beneath"},
    "all": {"mine", "team", "beneath", "other"},
}


def scopes(ids: dict[str, int]) -> Iterator[tuple[Any, set[str]]]:
    """Yield each scope with whose records it admits, a filter among them."""
    yield from SCOPES.items()
    yield {"filter": {"field": "id", "value": ids["other"]}}, {"other"}


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
    make, found = Make(instance), {}
    for whose, owner in people.items():
        found[whose] = bundled.record_of(instance, make, type_name)
        _hand_over(instance, type_name, found[whose], owner)
    return found


def _hand_over(instance: Any, type_name: str, id_: int, owner: int) -> None:
    """Give a record to somebody; a part goes with its whole, and what follows another with that."""
    part = instance.catalog.type(type_name).part_of
    if type_name in bundled.FOLLOWING:
        leads = bundled.FOLLOWING[type_name]
        _hand_over(instance, leads, instance.get(type_name, id_)[leads], owner)
        return
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


@EVERY_TYPE
def test_reading_a_type_shows_what_the_scope_admits_through_every_door(instance, people, type_name):
    ids = made(instance, type_name, people)
    shell = Shell(serve.environment(instance.config))
    with served(instance) as application:
        _, token = instance.write(auth.make_token, instance.bob.user_id, "t", None)
        web = client(application, token)
        for scope, wanted in scopes(ids):
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


@pytest.mark.parametrize(
    "action",
    ["update", "delete", "restore", "purge", "assign", "share", "export", "bulk"],
)
@WRITTEN
def test_writing_a_type_reaches_what_the_scope_admits(instance, people, type_name, action):
    if action == "assign" and instance.catalog.type(type_name).part_of is not None:
        return
    ids = made(instance, type_name, people)
    if action in ("restore", "purge"):
        instance.write(records.delete, type_name, [{"id": id_} for id_ in ids.values()])
    for scope, wanted in scopes(ids):
        line = {"read": "all"} | ({action: scope} if scope else {})
        if action in NEEDED:
            line[NEEDED[action]] = "all"
        who = bob(instance, type_name, line)
        assert _reached(instance, who, type_name, action, ids) == wanted, scope


#: What an action is done by, besides the right to it.
NEEDED = {"assign": "update", "bulk": "delete"}


def _reached(
    instance: Any, who: Actor, type_name: str, action: str, ids: dict[str, int]
) -> set[str]:
    """Return whose records somebody can do something with; nothing is kept."""
    ways = {"share": _shared, "export": _exported, "bulk": _at_once}
    if action in ways:
        return ways[action](instance, who, type_name, ids)
    found = set()
    for whose, id_ in ids.items():
        row: dict[str, Any] = {"id": id_}
        if action == "assign":
            row["owner"] = instance.alice.user_id
        verb = records.update if action == "assign" else getattr(records, action)
        with instance.app.app_context():
            found |= {whose} if _tried(verb, type_name, row, who) else set()
    return found


def _shared(instance: Any, who: Actor, type_name: str, ids: dict[str, int]) -> set[str]:
    found = set()
    for whose, id_ in ids.items():
        try:
            with instance.app.app_context(), db.writing(), db.attempt():
                roles.share(type_name, id_, user=instance.alice.user_id, actor=who)
            found.add(whose)
        except RelatumError as error:
            assert error.code in ("forbidden", "record_forbidden"), error
    return found


def _exported(instance: Any, who: Actor, type_name: str, ids: dict[str, int]) -> set[str]:
    try:
        with instance.reading():
            asked = query.from_json(type_name, {"fields": ["id"], "limit": 500}, actor=who)
            page = query.page(query.narrowed(asked, "export"))
    except RelatumError as error:
        assert error.code == "forbidden", error
        return set()
    exported = {row["id"] for row in page.records}
    return {whose for whose, id_ in ids.items() if id_ in exported}


def _at_once(instance: Any, who: Actor, type_name: str, ids: dict[str, int]) -> set[str]:
    """Let a job delete all of them, and return whose it did."""
    asked = {"type": type_name, "ids": [*ids.values()]}
    table = instance.catalog.type(type_name).table_name
    gone = f"SELECT id FROM {table} WHERE trashed_at IS NOT NULL"
    try:
        with instance.app.app_context(), db.writing() as tx, db.attempt():
            jobs.at_once("bulk_delete", asked, actor=who)
            deleted = set(tx.connection.exec_driver_sql(gone).scalars())
    except RelatumError as error:
        assert error.code == "forbidden", error
        return set()
    return {whose for whose, id_ in ids.items() if id_ in deleted}


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


@pytest.mark.parametrize("action", ["create", "import"])
@WRITTEN
def test_records_are_made_and_brought_in_by_who_may(instance, people, type_name, action):
    row = Make(instance).row(type_name)
    for scope in (None, "all"):
        line = {"read": "all"}
        if action == "import":
            line |= {"create": "all", "update": "all"}
        who = bob(instance, type_name, line | ({action: scope} if scope else {}))
        assert _made(instance, who, type_name, action, row) == (scope == "all")


def _made(instance: Any, who: Actor, type_name: str, action: str, row: dict[str, Any]) -> bool:
    try:
        with instance.app.app_context(), db.writing(), db.attempt():
            if action == "import":
                # A link needs to be told how to find what it leads to; any other field will do.
                known = instance.catalog.type(type_name).own_fields
                name = next(f.name for f in known if not f.is_link and not f.read_only)
                mapping = imports.load_map({"relatum_map": 1, "columns": {name: name}})
                imports.Loading(type_name, [name], mapping=mapping, actor=who)
            else:
                [outcome] = records.create(type_name, [row], actor=who, partial=True)
                assert not outcome.problems
    except RelatumError as error:
        assert error.code == "forbidden", error
        return False
    return True


@WRITTEN
def test_writing_over_http_reaches_what_the_scope_admits(instance, people, type_name):
    ids = made(instance, type_name, people)
    with served(instance) as application:
        _, token = instance.write(auth.make_token, instance.bob.user_id, "t", None)
        web = client(application, token)
        for scope, wanted in scopes(ids):
            line = {"read": "all"} | ({"update": scope, "delete": scope} if scope else {})
            bob(instance, type_name, line)
            for verb, body in ((web.patch, {}), (web.delete, None)):
                found = set()
                for whose, id_ in ids.items():
                    answer = verb(f"/api/v1/records/{type_name}/{id_}", json=body)
                    found |= {whose} if answer.status_code in (200, 204) else set()
                    assert answer.status_code in (200, 204, 403), answer.text
                assert found == wanted, (scope, verb)
            gone = [{"id": ids[whose]} for whose in wanted]
            instance.write(records.restore, type_name, gone)


@EVERY_TYPE
def test_deleting_at_the_desk_and_by_command_reaches_what_the_scope_admits(
    instance, people, type_name
):
    ids = made(instance, type_name, people)
    shell = Shell(serve.environment(instance.config))
    with served(instance) as application:
        _, token = instance.write(auth.make_token, instance.bob.user_id, "t", None)
        web = client(application, token)

        def at_desk(id_: int) -> bool:
            return bool(web.post(f"/records/{type_name}/{id_}/delete").status_code == 303)

        def by_command(id_: int) -> bool:
            words = ("records", "delete", type_name, str(id_))
            return shell("--as", "bob@example.org", *words).exit_code == 0

        for scope, wanted in scopes(ids):
            bob(instance, type_name, {"read": "all"} | ({"delete": scope} if scope else {}))
            for door in (at_desk, by_command):
                assert {whose for whose, id_ in ids.items() if door(id_)} == wanted, (scope, door)
                gone = [{"id": ids[whose]} for whose in wanted]
                instance.write(records.restore, type_name, gone)
