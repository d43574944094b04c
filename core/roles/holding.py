"""Who holds which roles: users themselves, and everybody in a team."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from .. import access, audit, db, query, records
from ..access import grants
from ..access.grants import ROLE, TEAM_ROLE, USER_ROLE
from ..actor import Actor
from ..storage import slices
from .editing import unknown

#: Where roles of users and of teams are kept, with the column that says whose.
_TABLES: Final[dict[str, tuple[Any, str]]] = {
    "user": (USER_ROLE, "user_id"), "team": (TEAM_ROLE, "team_id"),
}  # fmt: skip
#: Users, and teams, whom `holders` names.
MOST_HOLDERS: Final = 200


def circles(actor: Actor) -> frozenset[str]:
    """Return what an actor belongs to: `role:NAME` for each role, `team:ID` for each team.

    Roles are his own and his team's, teams his own and those above it. By what they name
    something is shared with many at once.
    """
    stands = access.standing(actor)
    named = (f"role:{role.name}" for role in stands.roles)
    return frozenset((*named, *(f"team:{id_}" for id_ in (*stands.team, *stands.above))))


def held(kind: str, id_: int, *, actor: Actor) -> list[str]:
    """Return the names of the roles of a `user` or a `team`, in order.

    Everybody may ask for his own. Raises `record_unknown`, `forbidden`.
    """
    if kind != "user" or actor.user_id != id_:
        access.require(actor, "read", "roles")
        records.get(kind, id_, actor=actor)
    table, column = _TABLES[kind]
    query = sa.select(ROLE.c.name).join(table, table.c.role_id == ROLE.c.id)
    query = query.where(table.c[column] == id_).order_by(ROLE.c.name)
    return list(db.current().connection.execute(query).scalars())


def hold(kind: str, id_: int, names: Sequence[str], *, actor: Actor) -> list[str]:
    """Let a user or a team hold these roles and no others; return them as `held` does.

    Obeyed from the next request on. Raises `role_unknown`, `record_unknown`, `forbidden`.
    """
    access.require(actor, "customise", "roles")
    connection = db.for_writing().connection
    records.get(kind, id_, actor=actor)
    known = grants.current().named
    for name in names:
        if name not in known:
            raise unknown(name, known)
    table, column = _TABLES[kind]
    was = held(kind, id_, actor=actor)
    connection.execute(sa.delete(table).where(table.c[column] == id_))
    rows = [{column: id_, "role_id": known[name].id} for name in sorted(set(names))]
    if rows:
        connection.execute(sa.insert(table), rows)
    access.changed()
    now = held(kind, id_, actor=actor)
    told = {"before": {"roles": was}, "after": {"roles": now}}
    audit.note("roles_held", f"{kind}:{id_}", actor=actor, **told)
    return now


def give(kind: str, more: Mapping[int, Sequence[str]], *, actor: Actor) -> None:
    """Let users or teams hold roles besides those that they hold: {id: names}.

    Raises `role_unknown`, `forbidden`.
    """
    access.require(actor, "customise", "roles")
    connection = db.for_writing().connection
    known = grants.current().named
    table, column = _TABLES[kind]
    holding = set[tuple[int, int]]()
    for piece in slices(sorted(more)):
        query = sa.select(table.c[column], table.c.role_id).where(table.c[column].in_(piece))
        holding.update((row[0], row[1]) for row in connection.execute(query))
    wanted = set[tuple[int, int]]()
    for id_, names in more.items():
        for name in names:
            if name not in known:
                raise unknown(name, known)
            wanted.add((id_, known[name].id))
    rows = [{column: id_, "role_id": role_id} for id_, role_id in sorted(wanted - holding)]
    if rows:
        connection.execute(sa.insert(table), rows)
        access.changed()
        new = {
            id_: [n for n in names if (id_, known[n].id) not in holding]
            for id_, names in more.items()
        }
        done = [
            audit.Done(f"{kind}:{id_}", after={"given": names})
            for id_, names in new.items()
            if names
        ]
        audit.note_all("roles_held", done, actor=actor)


def holders(name: str, *, actor: Actor) -> dict[str, Any]:
    """Return the users and the teams that hold a role, in the order in which they were made.

    Returns {users: [{id, label}], teams: [{id, label}]}, at most `MOST_HOLDERS` each; those in the
    trash are left out. Raises `role_unknown`, `forbidden`.
    """
    access.require(actor, "read", "roles")
    connection = db.current().connection
    known = grants.current().named
    if name not in known:
        raise unknown(name, known)
    found: dict[str, Any] = {}
    for kind, (table, column) in _TABLES.items():
        asked = sa.select(table.c[column]).where(table.c.role_id == known[name].id)
        ids = connection.execute(asked.order_by(table.c[column]).limit(MOST_HOLDERS)).scalars()
        called = query.labels(ids, actor=actor)
        live = ((int(id_), label) for id_, label in called.items() if not label["trashed"])
        found[f"{kind}s"] = [{"id": id_, "label": label["label"]} for id_, label in live]
    return found
