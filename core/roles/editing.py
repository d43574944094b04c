"""Verbs for administrators: list, make, change and drop roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import access, audit, catalog, db, query
from ..access import grants
from ..access.grants import FIELD_GRANT, GRANT, ROLE, TEAM_ROLE, USER_ROLE
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError, nearest

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RIGHTS: Final = ("read", "update", "create")
_LONGEST: Final = {"label": 100, "description": 500}


def list_roles(*, actor: Actor) -> list[dict[str, Any]]:
    """Return the roles by name.

    Each is {name, label, description, owner, all_types: {action: scope}, types: {type: {action:
    scope}}, fields: {type.field: {read, update, create}}, permissions, users, teams}; a scope is
    own, team, tree, all or {"filter": FILTER}. Raises `forbidden`.
    """
    access.require(actor, "read", "roles")
    connection = db.current().connection
    known = grants.current().roles
    users, teams = _counts(USER_ROLE), _counts(TEAM_ROLE)
    return [
        _as_json(row, known[row.id])
        | {"users": users.get(row.id, 0), "teams": teams.get(row.id, 0)}
        for row in connection.execute(sa.select(ROLE).order_by(ROLE.c.name))
    ]


def _counts(table: Any) -> dict[int, int]:
    """Return how many hold each role."""
    query = sa.select(table.c.role_id, sa.func.count()).group_by(table.c.role_id)
    rows = db.current().connection.execute(query)
    return {row[0]: row[1] for row in rows}


def get(name: str, *, actor: Actor) -> dict[str, Any]:
    """Return one role as `list_roles` does; raise `role_unknown`, `forbidden`."""
    found = list_roles(actor=actor)
    for role in found:
        if role["name"] == name:
            return role
    raise unknown(name, (role["name"] for role in found))


def unknown(name: str, known: Iterable[str]) -> RelatumError:
    """Return the refusal of a name that no role has."""
    return RelatumError("role_unknown", role=name[:80], nearest=nearest(name, list(known)))


def _as_json(row: Any, role: grants.Role) -> dict[str, Any]:
    known = catalog.current()
    live = {each.id: each.name for each in known.types.values()}
    lines = {live[id_]: _line(line) for id_, line in role.lines.items() if id_ in live}
    every = {f.id: f"{t.name}.{f.name}" for t in known.types.values() for f in t.fields.values()}
    general = role.lines.get(None, {})
    return {
        "name": row.name, "label": row.label, "description": row.description, "owner": row.owner,
        "all_types": _line({a: g for a, g in general.items() if "." not in a}),
        "types": dict(sorted(lines.items())),
        "fields": dict(
            sorted((every[id_], r._asdict()) for id_, r in role.fields.items() if id_ in every)
        ),
        "permissions": sorted(action for action in general if "." in action),
    }  # fmt: skip


def _line(line: Mapping[str, grants.Given]) -> dict[str, Any]:
    order = {action: place for place, action in enumerate(access.ACTIONS)}
    return {
        action: given.scope if given.criteria is None else {"filter": orjson.loads(given.criteria)}
        for action, given in sorted(line.items(), key=lambda pair: order.get(pair[0], 0))
        if action in order
    }


# -- changing -------------------------------------------------------------------------------
def save(name: str, given: Mapping[str, Any], *, actor: Actor) -> dict[str, Any]:
    """Make a role, or change what is given of one, and return it as `get` does.

    `all_types`, `types`, `fields` and `permissions` take the place of what the role had there.
    Everybody obeys it from the next request on. Raises `definition_invalid`, `type_unknown`,
    `field_unknown`, what a filter raises, `forbidden`.
    """
    access.require(actor, "customise", "roles")
    connection = db.for_writing().connection
    if not _NAME.fullmatch(name):
        reason = "a name is made of small letters, digits and underscores, and begins with a letter"
        raise _wrong(name, reason)
    plain = {word: _plain(name, word, given[word]) for word in _LONGEST if word in given}
    found = connection.execute(sa.select(ROLE.c.id).where(ROLE.c.name == name)).scalar()
    was = None if found is None else get(name, actor=actor)
    if found is None:
        label = plain.pop("label", None) or name.replace("_", " ").capitalize()
        row = {"name": name, "label": label, "owner": "local", **plain}
        found = connection.execute(sa.insert(ROLE).returning(ROLE.c.id), row).scalar_one()
    elif plain:
        connection.execute(sa.update(ROLE).where(ROLE.c.id == found).values(**plain))
    _write_lines(name, found, given)
    access.changed()
    now = get(name, actor=actor)
    audit.note("role_saved", f"role:{name}", actor=actor, before=was, after=now)
    return now


def _plain(name: str, word: str, text: str | None) -> str | None:
    """Return a label or a description as it is kept; raise what is wrong with it."""
    kept = (text or "").strip()
    if len(kept) > _LONGEST[word]:
        raise _wrong(name, f"its {word} may have at most {_LONGEST[word]} characters")
    if not kept and word == "label":
        raise _wrong(name, "its label is what people call it; it can't be empty")
    return kept or None


def _wrong(name: str, reason: str) -> RelatumError:
    return RelatumError("definition_invalid", what=f"role {name[:80]}", reason=reason)


def _write_lines(name: str, role_id: int, given: Mapping[str, Any]) -> None:
    connection, known = db.for_writing().connection, catalog.current()
    rows: list[dict[str, Any]] = []
    gone = sa.delete(GRANT).where(GRANT.c.role_id == role_id)
    dotted = GRANT.c.action.contains(".")
    if "all_types" in given:
        connection.execute(gone.where(GRANT.c.type_id.is_(None), sa.not_(dotted)))
        rows += _rows(name, given["all_types"], None)
    if "permissions" in given:
        connection.execute(gone.where(GRANT.c.type_id.is_(None), dotted))
        wrong = [each for each in given["permissions"] if "." not in each]
        if wrong:
            raise _wrong(name, f"'{wrong[0]}' is no permission of a plugin, such as desk.use")
        wanted = sorted(set(given["permissions"]))
        rows += [{"type_id": None, "action": a, "scope": "all", "criteria": None} for a in wanted]
    if "types" in given:
        # The lines of types in the trash stay: restored, they are as closed as they were.
        live = [each.id for each in known.types.values()]
        connection.execute(gone.where(GRANT.c.type_id.in_(live)))
        for type_name, line in given["types"].items():
            rows += _rows(name, line, known.type(type_name))
    if rows:
        connection.execute(sa.insert(GRANT), [{"role_id": role_id, **row} for row in rows])
    if "fields" in given:
        _forget_fields(role_id)
        rights = [{"role_id": role_id, **row} for row in _field_rows(name, given["fields"])]
        if rights:
            connection.execute(sa.insert(FIELD_GRANT), rights)


def _forget_fields(role_id: int) -> None:
    """Drop what a role says of live fields; what it says of those in the trash stays."""
    known = catalog.current().types.values()
    live = {field.id for each in known for field in each.fields.values()}
    of_role = FIELD_GRANT.c.role_id == role_id
    connection = db.for_writing().connection
    said = connection.execute(sa.select(FIELD_GRANT.c.field_id).where(of_role)).scalars()
    one = sa.delete(FIELD_GRANT).where(of_role, FIELD_GRANT.c.field_id == sa.bindparam("field"))
    rows = [{"field": id_} for id_ in said if id_ in live]
    if rows:
        connection.execute(one, rows)


def _rows(
    name: str, line: Mapping[str, Any], entity_type: EntityType | None
) -> list[dict[str, Any]]:
    """Return the grants of a line; raise what is wrong with them."""
    made: list[dict[str, Any]] = []
    type_id = None if entity_type is None else entity_type.id
    for action, given in line.items():
        if action not in access.ACTIONS:
            near = nearest(str(action), list(access.ACTIONS))
            raise _wrong(name, f"'{str(action)[:40]}' is no action.{near}")
        criteria, scope = None, given
        if isinstance(given, dict):
            criteria, scope = _criteria(name, action, given, entity_type), "criteria"
        elif scope not in access.SCOPES or scope == "criteria":
            listed = ", ".join(each for each in access.SCOPES if each != "criteria")
            reason = f'{action} takes {listed}, or {{"filter": FILTER}}'
            raise _wrong(name, reason)
        if action in access.WHOLE and scope != "all":
            raise _wrong(name, f"{action} takes all: there is no record yet to judge")
        made.append({"type_id": type_id, "action": action, "scope": scope, "criteria": criteria})
    # A line that allows nothing is one, too: it goes before that for all types.
    return made or ([_nothing(type_id)] if type_id is not None else [])


def _nothing(type_id: int) -> dict[str, Any]:
    return {"type_id": type_id, "action": "none", "scope": "all", "criteria": None}


def _criteria(name: str, action: str, scope: dict[str, Any], entity_type: EntityType | None) -> str:
    if entity_type is None:
        raise _wrong(name, f"{action}: a filter needs a type; the line for all types has none")
    if set(scope) != {"filter"}:
        raise _wrong(name, f'{action}: a scope is a word or {{"filter": FILTER}}')
    query.read_filter(catalog.current(), entity_type, scope["filter"])
    return orjson.dumps(scope["filter"], option=orjson.OPT_SORT_KEYS).decode()


def _field_rows(name: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    known, made = catalog.current(), []
    for path, rights in given.items():
        type_name, _, field_name = path.partition(".")
        field = known.type(type_name).field(field_name)
        if field.owner == "system":
            raise _wrong(name, f"{path} goes with the record and can't be hidden")
        if (rights["update"] or rights["create"]) and not rights["read"]:
            raise _wrong(name, f"{path}: what is written is also read")
        made.append({"field_id": field.id, **{right: rights[right] for right in _RIGHTS}})
    return made


def drop(name: str, *, actor: Actor) -> None:
    """Drop a role that nobody holds; raise `role_held`, `role_unknown`, `forbidden`."""
    access.require(actor, "customise", "roles")
    found = get(name, actor=actor)
    if found["users"] or found["teams"]:
        raise RelatumError("role_held", role=name, users=found["users"], teams=found["teams"])
    connection = db.for_writing().connection
    role_id = connection.execute(sa.select(ROLE.c.id).where(ROLE.c.name == name)).scalar_one()
    for table in (GRANT, FIELD_GRANT):
        connection.execute(sa.delete(table).where(table.c.role_id == role_id))
    connection.execute(sa.delete(ROLE).where(ROLE.c.id == role_id))
    access.changed()
    audit.note("role_dropped", f"role:{name}", actor=actor, before=found)
