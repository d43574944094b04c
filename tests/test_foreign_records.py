"""Whoever may not see a thing neither reads nor changes it by its number, at any route.

Every route of the URL map with a number in its address is asked for things of alice's, of every
entity type, by bob, who has the permissions of the pages and sees records of his own alone.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import Any, Final
from urllib.parse import urlencode

import sqlalchemy as sa
from marshmallow.fields import List

from relatum.core import auth, db, jobs, records, roles, uploads
from relatum.core.api.components import MARSHMALLOW
from relatum.core.api.operations import OPERATIONS, PREFIX
from relatum.core.testing import Make

from .instances import prepared
from .oracle_requests import Route, routes_of
from .plugged import client, served

PRESET: Final = "all"
_ARGUMENT: Final = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<given>[^)]*)\))?:)?(?P<name>\w+)>")
#: Notes of the machinery beside the requests: who lives, and when a token was used.
_BESIDE: Final = ("core_worker", "core_token", "core_plugin_cost")
#: What else refuses: it speaks of the type, as people and teams are never purged or merged; of
#: what was asked; or it names what is wrong with the values too, some of which bob may not write.
REFUSING: Final = ('"purge_refused"', '"record_unknown"', '"merge_refused"', '"merge_nothing"')
#: What is sent, by the name of a field: what somebody would like to have.
WANTED: Final = {
    "password": "correct horse battery staple", "roles": ["administrator"], "update": True,
    "name": "stolen",
}  # fmt: skip


@prepared
def things(instance):
    """What is alice's: a record of each type, and one of each other thing with a number."""
    instance.make_type(
        "x_thing",
        {"name": "name", "kind": "text", "required": True},
        {"name": "tags", "kind": "tags"},
        {"name": "day", "kind": "date"},
        {"name": "hush", "kind": "encrypted"},
    )
    _, token = instance.write(auth.make_token, instance.bob.user_id, "his", None)
    make = Make(instance)
    known = [t for t in sorted(instance.catalog.types) if t not in ("user", "team")]
    ids = {each: make(each)["id"] for each in known}
    rows = {each: make.row(each) for each in known}
    ids["user"] = instance.alice.user_id
    [ids["team"]] = instance.create("team", {"name": "North"})
    # Numbers that nothing of bob's has.
    for _ in range(3):
        instance.write(auth.make_token, instance.alice.user_id, "hers", None)
    job = instance.write(jobs.enqueue, "bulk_delete", {"type": "x_thing", "ids": [ids["x_thing"]]})
    with instance.app.app_context():
        upload = uploads.keep("a.csv", io.BytesIO(b"name\na"), actor=instance.alice).id
    asked = {"upload": upload, "type": "x_thing", "map": {"relatum_map": 1, "columns": {}}}
    load = instance.write(jobs.enqueue, "transfer_import", asked)
    [colleague] = instance.create("user", {"name": "Cora", "email": "cora@example.org"})
    share = instance.write(roles.share, "x_thing", ids["x_thing"], user=colleague)
    instance.write(records.update, "x_thing", [{"id": ids["x_thing"], "name": "changed"}])
    all_types = dict.fromkeys(("read", "update", "delete", "restore", "purge", "share", "export",
                               "assign", "bulk"), "own")  # fmt: skip
    line = all_types | {"create": "all", "import": "all"}
    given = {
        "all_types": line, "types": {"user": all_types, "team": all_types},
        "permissions": ["desk.use", "transfer.import", "transfer.export"],
    }  # fmt: skip
    instance.write(roles.save, "stranger", given)
    instance.write(roles.hold, "user", instance.bob.user_id, ["stranger"])
    return {"ids": ids, "others": [job, load, upload, share["id"], 4], "token": token, "rows": rows}


def digest(instance: Any) -> dict[str, str]:
    """Return a digest of the rows of every table."""
    found = {}
    with instance.app.app_context(), db.engine().connect() as connection:
        for name in sorted(sa.inspect(connection).get_table_names()):
            if name not in _BESIDE:
                rows = sorted(map(repr, connection.execute(sa.text(f'SELECT * FROM "{name}"'))))
                found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def addresses(route: Route, things: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the addresses of a route for what is alice's, each after a type."""
    arguments = list(_ARGUMENT.finditer(route.rule))
    typed = any(each["name"] in ("type", "type_name") for each in arguments)
    kinds = next((e["given"].split(",") for e in arguments if e["kind"] == "any"), None)
    if typed or (kinds and {k.strip() for k in kinds} == {"user", "team"}):
        pairs = [(n, i) for n, i in things["ids"].items() if typed or n in ("user", "team")]
    else:
        numbers = {*things["others"], *things["ids"].values()} - {1}
        pairs = [("x_thing", number) for number in sorted(numbers)]
        if route.rule.startswith(("/users", f"{PREFIX}/users", f"{PREFIX}/teams")):
            pairs = [("user", things["ids"]["user"]), ("team", things["ids"]["team"])]
    made = []
    for name, number in pairs:
        put = {"type": name, "type_name": name, "kind": name}
        filled = route.rule
        for found in arguments:
            is_number = found["kind"] in ("id", "int")
            value = str(number) if is_number else put.get(found["name"], "name")
            filled = filled.replace(found[0], value)
        made.append((name, filled + needed(route)))
    return made


def needed(route: Route) -> str:
    """Return the query of an address with all that must be in it."""
    for each in OPERATIONS:
        if (each.method, PREFIX + each.path) == (route.method, route.rule):
            # What has a pattern is a list of ids.
            asked = {
                p.name: "3" if "pattern" in p.schema else "x" for p in each.query if p.required
            }
            return f"?{urlencode(asked)}" if asked else ""
    return ""


def body(route: Route, row: dict[str, Any]) -> dict[str, Any]:
    """Return what is sent: as the description has it, or a form with what one would like."""
    for each in OPERATIONS:
        if (each.method, PREFIX + each.path) == (route.method, route.rule) and each.body:
            if each.body not in MARSHMALLOW:
                return {"json": row}
            fields = MARSHMALLOW[each.body]().fields
            wanted = [n for n, field in fields.items() if n in WANTED or field.required]
            some = {n: WANTED.get(n, [3] if isinstance(fields[n], List) else 3) for n in wanted}
            return {"json": some}
    if route.method in ("GET", "DELETE"):
        return {}
    if route.rule.startswith("/api/"):
        return {"json": {}}
    return {"data": {"name": "stolen", "value": "stolen", "version": "1", "roles": "administrator"}}


def test_nothing_is_read_or_changed_by_a_number_that_is_not_ones_own(instance, things):
    wrong = []
    with served(instance) as application:
        web = client(application, things["token"])
        web.get("/x/")
        routes = [
            route for route in routes_of(application.newest.app)
            if any(found["kind"] in ("id", "int") for found in _ARGUMENT.finditer(route.rule))
        ]  # fmt: skip
        assert len(routes) > 60
        before = digest(instance)
        for route in routes:
            for name, address in addresses(route, things):
                sent = body(route, things["rows"].get(name, {"name": "stolen"}))
                answer = web.open(address, method=route.method, headers={}, **sent)
                if route.method == "GET" and answer.status_code == 303:
                    # It leads on to another page before it looks: that one must refuse, then.
                    answer = web.get(answer.headers["Location"])
                refused = any(code in answer.text for code in REFUSING)
                if answer.status_code not in (403, 404) and not refused:
                    wrong.append(f"{route}: {address} {answer.status_code} {answer.text[:200]}")
            after = digest(instance)
            changed = [name for name in before if before[name] != after[name]]
            if changed:
                wrong.append(f"{route} has changed {changed}")
                before = after
    assert not wrong, "\n".join(wrong)
