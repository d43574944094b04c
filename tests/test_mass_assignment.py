"""What nobody may write is refused by name at every door that writes, and no row is changed.

System columns, fields that are not there, and what points into another record: over every entity
type and every way to write one, as an administrator, who may write all that anybody may.
"""

from __future__ import annotations

import re
from typing import Any, Final

import orjson
import pytest

from relatum.core.api.operations import OPERATIONS, PREFIX
from relatum.core.errors import RelatumError
from relatum.core.testing import Make

from . import bundled
from .counting import run
from .instances import prepared
from .oracle_requests import Route, routes_of
from .plugged import client, served, token_of
from .test_foreign_records import digest
from .transferring import begin

PRESET: Final = "all"
#: What the kernel alone writes, and names that would reach it by another way.
NEVER: Final = {
    "created_at": "2020-01-01T00:00:00Z", "created_by": 1, "updated_at": "2020-01-01T00:00:00Z",
    "updated_by": 1, "trashed_at": None, "trashed_in": 1, "owner_id": 1, "team_id": 1,
    "owner.id": 1, "owner.admin": True, "__class__": "x", "_sort": "id", "nothing": 1,
    "password": "x", "type_id": 1, "is_admin": True, "roles": ["administrator"],
}  # fmt: skip
#: Of a new record, these too.
NEW: Final = {"id": 77, "version": 9}


@prepared
def ids(instance):
    """A record of each type."""
    instance.make_type(
        "x_thing",
        {"name": "name", "kind": "text", "required": True, "unique": True},
        {"name": "number", "kind": "auto_number", "settings": {"mask": "T-{number}"}},
    )
    make = Make(instance)
    known = [each for each in sorted(instance.catalog.types) if each not in ("user", "team")]
    known = [each for each in known if each not in bundled.FOLLOWING]  # its plugin alone writes it
    made = {each: make(each)["id"] for each in known}
    rows = {each: make.row(each) for each in known}
    made["user"] = instance.bob.user_id
    [made["team"]] = instance.create("team", {"name": "North"})
    rows |= {"user": {"name": "New"}, "team": {"name": "New"}}
    return {name: (id_, rows[name]) for name, id_ in made.items()}


def writes() -> list[Any]:
    """Return the operations that take rows of any type."""
    return [
        each for each in OPERATIONS
        if each.body in ("RecordCreate", "RecordUpdate", "BulkRecordCreate", "BulkRecordUpdate")
    ]  # fmt: skip


@pytest.mark.parametrize("operation", writes(), ids=lambda each: each.name)
def test_what_nobody_writes_is_refused_by_name(instance, ids, operation):
    alice, before = instance.client(instance.alice), digest(instance)
    wrong = []
    for type_name, (id_, row) in ids.items():
        path = PREFIX + operation.path.replace("<type>", type_name).replace("<id:id>", str(id_))
        if any(each.name == "_key" for each in operation.query):
            unique = [f.name for f in instance.catalog.type(type_name).own_fields if f.unique]
            path = f"{path}?_key={unique[0] if unique else 'name'}"
            if not unique:
                continue
        new = "Create" in str(operation.body)
        fields = instance.catalog.type(type_name).fields
        for name, value in (NEVER | (NEW if new else {})).items():
            if name in fields and not fields[name].read_only and name not in NEW:
                continue  # a field of the type has that name
            sent = {**row, name: value} if new else {"id": id_, name: value}
            bulk = str(operation.body).startswith("Bulk")
            answer = alice.open(
                path, method=operation.method, json={"records": [sent]} if bulk else sent
            )
            if not 400 <= answer.status_code < 500 or f'"{name}"' not in answer.text:
                wrong.append(f"{path} {name}: {answer.status_code} {answer.text[:200]}")
    after = digest(instance)
    wrong += [f"{name} has changed" for name in before if before[name] != after[name]]
    assert not wrong, "\n".join(wrong)


def test_what_the_kernel_counts_is_not_given_by_whoever_may_not(instance, ids):
    """An automatic number is the kernel's; a version that is sent is compared, never written."""
    id_, _ = ids["x_thing"]
    alice, at = instance.client(instance.alice), f"{PREFIX}/records/x_thing/{id_}"
    before = digest(instance)
    assert alice.patch(at, json={"name": "n", "version": 99}).json["code"] == "version_mismatch"
    assert alice.patch(at, json={"name": "n", "id": 5}).status_code == 400
    assert digest(instance) == before


#: Bodies that are not rows: every one takes the names that it describes, and no other.
CLOSED: Final = sorted(
    {(each.method, each.path, each.name) for each in OPERATIONS
     if each.body and each.body.removeprefix("Bulk") not in
     ("RecordCreate", "RecordUpdate") and not each.public}
)  # fmt: skip


@pytest.mark.parametrize(("method", "path", "name"), CLOSED, ids=[each[2] for each in CLOSED])
def test_no_other_body_takes_a_name_that_it_does_not_describe(instance, ids, method, path, name):
    alice, before = instance.client(instance.alice), digest(instance)
    put = {"type": "x_thing", "id": str(ids["x_thing"][0]), "field": "name"}
    address = PREFIX + re.sub(
        r"<(?:\w+:)?(\w+)>", lambda found: put.get(found[1], "my_thing"), path
    )
    if path.startswith("/users"):
        address = f"{PREFIX}{path}".replace("<id:id>", str(instance.bob.user_id))
    # What only takes ids compares the rest of a row with nothing, and writes none of it.
    for key in ("created_by", "user_id", "admin", *(() if "/bulk" in path else ("owner",))):
        row = {"id": ids["x_thing"][0], key: 1}
        sent = {"records": [row]} if "/bulk" in path else {key: 1}
        answer = alice.open(address, method=method, json=sent)
        assert 400 <= answer.status_code < 500, (key, answer.text)
        assert key in answer.text or answer.status_code in (404, 409), (key, answer.text)
    assert digest(instance) == before


def test_a_file_brings_nothing_that_nobody_writes(instance, ids):
    before = None
    for name in (*NEVER, "id", "version"):
        columns = {"Name": "name", "Other": name}
        file = f"Name,Other\nnew {name},1\n"
        try:
            job = begin(instance, "x_thing", file, map={"columns": columns})
        except RelatumError as error:  # refused before it began
            assert name in str(error)
            continue
        before = before or instance.sql("SELECT count(*) FROM x_thing")
        run(instance, job)
        assert instance.sql("SELECT count(*) FROM x_thing") == before, name


def test_the_forms_of_the_desk_write_only_what_they_show(instance, ids):
    id_, _ = ids["x_thing"]
    kept = "SELECT id, version, created_at, created_by, trashed_at, trashed_in FROM x_thing"
    before = instance.sql(f"{kept} ORDER BY id")
    with served(instance) as application:
        web = client(application, token_of(instance))
        web.get("/x/")
        forms = [
            route for route in routes_of(application.newest.app)
            if route.method in ("POST", "PATCH") and "<type_name>" in route.rule
            and route.rule.startswith("/records/")
        ]  # fmt: skip
        for route in forms:
            address = _filled(route, id_)
            for name in NEVER:
                sent = {name: "1", "_fields": name, "value": "1"}
                answer = web.open(address, method=route.method, headers={}, data=sent)
                assert answer.status_code < 500, (address, name)
    now = {row.id: row for row in instance.sql(kept)}
    for row in before:
        same = now[row.id]
        assert (same.created_at, same.created_by) == (row.created_at, row.created_by)
    assert all(each.created_by == instance.alice.user_id for each in now.values())


def _filled(route: Route, id_: int) -> str:
    put = {"type_name": "x_thing", "name": "created_by", "id_": str(id_)}
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: put.get(found[1], "name"), route.rule)


def test_ones_own_profile_holds_no_rights(instance, ids):
    bob, before = instance.client(instance.bob), digest(instance)
    for name, value in ({"admin": True, "active": True, "team": ids["team"][0]} | NEVER).items():
        answer = bob.patch(f"{PREFIX}/my/profile", json={name: value})
        assert 400 <= answer.status_code < 500, name
        assert name in orjson.dumps(answer.json).decode()
    assert digest(instance) == before
