"""Which records an actor may do something with, among some: asked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial as bound
from typing import Any, Final

import sqlalchemy as sa

from .. import access, catalog, db, query, spine
from ..actor import Actor
from ..catalog import EntityType, Rule
from ..errors import Problem
from ..storage import among, slices
from .batch import Row
from .checks import ENTERING

#: What sharing a record allows.
_SHARED: Final = ("read", "update")
#: Codes of problems that name another record, and what is said where that one is hidden.
_NAMING: Final = {
    "still_referenced": "still_needed",
    "duplicate": "duplicate_hidden",
    "restore_conflict": "duplicate_hidden",
    "merge_taken": "merge_taken_hidden",
}


def admitted(entity_type: EntityType, ids: Iterable[int], action: str, actor: Actor) -> set[int]:
    """Return those of some records of a type that an actor may do something with.

    `entity_type` is the whole type. Records in the trash are among them.
    """
    rule = access.rule(actor, action, entity_type)
    how = "read" if action == "read" else "update"
    # What is shared is no way around the scope of a token.
    counts = action in _SHARED and access.within(actor, action, entity_type)
    return meeting(entity_type, ids, rule, actor, shared=how if counts else None)


def meeting(
    entity_type: EntityType,
    ids: Iterable[int],
    rule: Rule | None,
    actor: Actor,
    *,
    shared: str | None = None,
) -> set[int]:
    """Return those of some records that a rule admits, or that are shared to `read` or `update`."""
    wanted = set(ids)
    if rule is None:
        return wanted
    make = bound(_meeting, entity_type, rule, shared)
    statement = entity_type.statement(("meeting", rule, shared), make)
    found: set[int] = set()
    values = query.asker(actor)
    for piece in slices(sorted(wanted)):
        found.update(db.current().connection.execute(statement, {"ids": piece, **values}).scalars())
    return found


def _meeting(entity_type: EntityType, rule: Rule, shared: str | None) -> Any:
    table = entity_type.table
    condition = query.admitted(entity_type, rule, table, shared=shared)
    return sa.select(table.c.id).where(among(table.c.id), condition)


def seen(ids: Iterable[int], actor: Actor) -> set[int]:
    """Return those of some records of any types that an actor sees, those in the trash too.

    Purged ones only who sees all records of their type.
    """
    wanted = set(ids)
    if actor.admin or not wanted:
        return wanted
    known, whole = access.seen(actor).by_id, catalog.current().by_id
    found: set[int] = set()
    for type_id, theirs in spine.types_of(wanted).items():
        if type_id in known:
            found |= admitted(whole[type_id], theirs, "read", actor)
    return found


def live(ids: Iterable[int]) -> set[int]:
    """Return those of some records of any types that are not in the trash, whoever sees them."""
    whole, found = catalog.current().by_id, set[int]()
    for type_id, theirs in spine.types_of(set(ids)).items():
        if type_id not in whole:
            continue
        table = whole[type_id].table
        statement = sa.select(table.c.id).where(among(table.c.id), table.c.trashed_at.is_(None))
        for piece in slices(theirs):
            found.update(db.current().connection.execute(statement, {"ids": piece}).scalars())
    return found


def admit(entity_type: EntityType, batch: Sequence[Row], action: str, actor: Actor) -> None:
    """Refuse rows that an actor may not do something with; what he does not see is not there."""
    if actor.admin:
        return
    there = [row for row in batch if row.id is not None and row.before is not None]
    ids = {row.id for row in there if row.id is not None}
    visible = admitted(entity_type, ids, "read", actor)
    allowed = admitted(entity_type, ids, action, actor)
    for row in there:
        if row.id not in visible:
            # All that `write.lock` says of one that is not there, and nothing else.
            row.before = None
            row.problems[:] = [p for p in row.problems if p.code != "version_mismatch"]
            if all(problem.code != "row_twice" for problem in row.problems):
                row.refuse("record_unknown", type=entity_type.name, id=row.id)
        elif row.id not in allowed:
            row.refuse("record_forbidden", type=entity_type.name, id=row.id, action=action)
        elif action == "delete" and entity_type.name == "user" and (row.before or {})["admin"]:
            row.refuse("admin_only")


def may(action: str, type_name: str, record_id: int, *, actor: Actor) -> bool:
    """Say whether an actor may do something with a record, before it is offered."""
    if not access.may(actor, action, type_name) or record_id not in seen([record_id], actor):
        return False
    return bool(admitted(catalog.current().type(type_name), [record_id], action, actor))


def readable(type_name: str, actor: Actor) -> EntityType:
    """Return a type as an actor sees it; raise `forbidden` or `type_unknown`."""
    access.require(actor, "read", f"records of '{type_name}'", type_name)
    return access.seen(actor).type(type_name)


def mask(found: Iterable[list[Problem]], actor: Actor) -> None:
    """Leave out of problems what records that the actor does not see are called, and their number.

    `among` are all records that a problem is about; it goes out of none.
    """
    found = list(found)
    _hide_needs(found, actor)
    _count_seen([p for some in found for p in some if "among" in p.params], actor)
    if actor.admin:
        return
    named = [(some, at) for some in found for at, p in enumerate(some) if p.code in _NAMING]
    visible = seen({some[at].params["id"] for some, at in named}, actor)
    labels = query.labels(visible, actor=actor)
    for some, at in named:
        problem, id_ = some[at], some[at].params["id"]
        told = dict(problem.params)
        if _names_hidden(problem, actor):
            told |= {"fields": "Values", "value": "", "label": ""}
        else:
            told["label"] = labels.get(str(id_), {}).get("label", "")
        code = problem.code
        if id_ not in visible or told.get("fields") == "Values":
            code = _NAMING[code]
            told = {name: told.get(name) for name in ("fields", "value")}
        some[at] = Problem(code, told, problem.field, problem.row)


def _hide_needs(found: list[list[Problem]], actor: Actor) -> None:
    """Leave out of what options need the fields that the actor does not see: it is one problem.

    Nothing is said of it but that there is such a need.
    """
    if actor.admin:
        return
    for some in found:
        hidden = [problem for problem in some if _needs_hidden(problem, actor)]
        if hidden:
            first = some.index(hidden[0])
            some[first] = Problem("option_needs_hidden", {}, None, hidden[0].row)
            some[:] = [problem for problem in some if problem not in hidden]


def _needs_hidden(problem: Problem, actor: Actor) -> bool:
    if problem.code != "option_needs":
        return False
    known = access.seen(actor).types.get(str(problem.params["type"]))
    names = (problem.field, problem.params["choice"])
    return known is None or any(name not in known.fields for name in names)


def _count_seen(problems: list[Problem], actor: Actor) -> None:
    """Let problems about several records tell how many of them the actor sees, and the first."""
    ids = [problem.params.pop("among") for problem in problems]
    visible = seen({id_ for some in ids for id_ in some}, actor)
    for problem, some in zip(problems, ids, strict=True):
        shown = visible.intersection(some)
        if shown:
            problem.params.update(count=len(shown), id=min(shown))


def _names_hidden(problem: Problem, actor: Actor) -> bool:
    """Say whether a problem of a unique key is about a field that the actor does not see."""
    if "fields" not in problem.params:
        return False
    known = access.seen(actor).types.get(str(problem.params.get("type")))
    names = str(problem.params["fields"]).split(", ")
    return known is None or any(name not in known.fields for name in names)


def limit(entity_type: EntityType, batch: Sequence[Row], actor: Actor) -> None:
    """Refuse what the actor may not write: ownership of others, what makes administrators."""
    if actor.admin:
        return
    if entity_type.name == "user":
        _keep_people(batch, actor)
    _assign(entity_type, batch, actor)


def _keep_people(batch: Sequence[Row], actor: Actor) -> None:
    """Refuse to make administrators, and to come by the rights of somebody else.

    Those are what lets one in, and the team whose roles one has.
    """
    for row in batch:
        ruled = bool((row.before or {}).get("admin"))
        if row.values.get("admin", ruled) != ruled:
            row.refuse("admin_only", "admin")
        elif ruled and (names := [n for n in ENTERING if n in row.values]):
            row.refuse("admin_only", names[0])
        elif row.before is not None and "email" in row.values and row.id != actor.user_id:
            row.refuse("admin_only", "email")
        elif row.values.get("team") not in (None, actor.team_id):
            row.refuse("admin_only", "team")


def _assign(entity_type: EntityType, batch: Sequence[Row], actor: Actor) -> None:
    if entity_type.part_of is not None or entity_type.owner == "core":
        return
    given = [row for row in batch if not row.problems and _is_given(row, actor)]
    if not given:
        return
    stored = {row.id for row in given if row.id is not None and row.before is not None}
    allowed = admitted(entity_type, stored, "assign", actor)
    may = access.may(actor, "assign", entity_type.name)
    for row in given:
        if not may or (row.before is not None and row.id not in allowed):
            name = "owner" if "owner" in row.values else "team"
            row.refuse("assign_forbidden", name, type=entity_type.name)


def _is_given(row: Row, actor: Actor) -> bool:
    """Say whether a row names another owner or team than the actor's own, or than there was."""
    own = {"owner": actor.user_id, "team": actor.team_id}
    for name, mine in own.items():
        before = row.before[name] if row.before is not None else mine
        if name in row.values and row.values[name] != before:
            return True
    return False
