"""Roles with what they grant, as stored: read once per epoch of access and process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from .. import db, models
from ..actor import TokenScope
from ..catalog import Catalog, EntityType, Rule
from ..fields import Field
from ..storage import among, slices

#: What a role may allow on the records of a type.
ACTIONS: Final = (
    "read", "create", "update", "delete", "restore", "purge", "import", "export", "share",
    "assign", "bulk",
)  # fmt: skip
#: Which records, from fewest to most; `criteria` are those that meet a filter.
SCOPES: Final = ("own", "team", "tree", "all", "criteria")
#: The actions of which there is only none and all: no record is there yet that could be judged.
WHOLE: Final = ("create", "import")
#: Entity types of the core (people and teams) are only read by a line for all types.
OF_CORE: Final = frozenset({"read", "export"})

ROLE: Final[Any] = models.Role.__table__
GRANT: Final[Any] = models.Grant.__table__
FIELD_GRANT: Final[Any] = models.FieldGrant.__table__
USER_ROLE: Final[Any] = models.UserRole.__table__
TEAM_ROLE: Final[Any] = models.TeamRole.__table__
_TEAM = sa.table("core_team", *map(sa.column, ("id", "parent")))


#: The ids of roles, and the scope of a token that narrows them.
Held = tuple[frozenset[int], TokenScope | None]


class Given(NamedTuple):
    """What a role grants of an action: its scope, and the filter of the scope `criteria`."""

    scope: str
    criteria: str | None


class FieldRights(NamedTuple):
    """Whether a field is read, changed, and given a value in a new record."""

    read: bool
    update: bool
    create: bool


@dataclass(slots=True)
class Role:
    """A role: its lines by the id of a type, None for all types that have no line of their own."""

    id: int
    name: str
    lines: dict[int | None, dict[str, Given]] = field(default_factory=dict)
    fields: dict[int, FieldRights] = field(default_factory=dict)

    def given(self, entity_type: EntityType, action: str) -> Given | None:
        """Return what the role grants of an action on a type."""
        own = self.lines.get(entity_type.id)
        if own is not None:
            return own.get(action)
        if entity_type.owner == "core" and action not in OF_CORE:
            return None
        return self.lines.get(None, {}).get(action)

    def opens(self, permission: str) -> bool:
        """Say whether the role has a permission of a plugin."""
        return permission in self.lines.get(None, ())

    def rights(self, entity_type: EntityType, known: Field) -> FieldRights:
        """Return what the role grants of a field.

        Without a word about it, encrypted fields are hidden, personal ones are seen by a line for
        their type only, and all others go with their records. Colleagues know each other.
        """
        said = self.fields.get(known.id)
        if said is not None:
            return said
        told = entity_type.owner == "core" or entity_type.id in self.lines
        open_ = known.kind != "encrypted" and (told or not known.personal)
        return FieldRights(open_, open_, open_)


class Everything(Role):
    """What an administrator may do, as a role: that a token with a scope narrows."""

    __slots__ = ()

    def given(self, entity_type: EntityType, action: str) -> Given | None:
        """Return all records, whatever is asked."""
        return Given("all", None)

    def opens(self, permission: str) -> bool:
        """Return that every permission is there."""
        return True

    def rights(self, entity_type: EntityType, known: Field) -> FieldRights:
        """Return all rights."""
        return FieldRights(read=True, update=True, create=True)


EVERYTHING: Final = Everything(0, "administrator")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands: his roles, his team with those above, and with those beneath it."""

    roles: tuple[Role, ...]
    team: tuple[int, ...]
    above: tuple[int, ...]
    beneath: tuple[int, ...]
    #: The ids of the roles.
    held: frozenset[int]


@dataclass(slots=True)
class Grants:
    """All roles of one epoch, and which of them teams hold; `holders` is filled when asked."""

    epoch: int
    roles: Mapping[int, Role]
    teams: Mapping[int, frozenset[int]]
    parents: Mapping[int, int | None]
    holders: dict[int, frozenset[int]] = field(default_factory=dict)
    #: Teams with all beneath them, once somebody has asked.
    trees: dict[int | None, tuple[int, ...]] = field(default_factory=dict)
    #: Where people stand, by their id, their team, and whether they have everything.
    stands: dict[tuple[int | None, int | None, bool], Standing] = field(default_factory=dict)
    #: What was made of catalogs for those who hold some roles, by tokens with some scope.
    views: WeakKeyDictionary[Catalog, dict[Held, Catalog]] = field(
        default_factory=WeakKeyDictionary
    )

    @property
    def named(self) -> dict[str, Role]:
        """The roles by name."""
        return {role.name: role for role in self.roles.values()}

    def above(self, team_id: int | None) -> tuple[int, ...]:
        """Return a team and those that it stands beneath, from below."""
        found: list[int] = []
        while team_id is not None and team_id not in found:
            found.append(team_id)
            team_id = self.parents.get(team_id)
        return tuple(found)

    def beneath(self, team_id: int | None) -> tuple[int, ...]:
        """Return a team and all that stand beneath it."""
        found = self.trees.get(team_id)
        if found is None:
            every = {*self.parents, *self.above(team_id)}
            found = tuple(sorted(t for t in every if team_id in self.above(t)))
            self.trees[team_id] = found
        return found

    def held(self, user_id: int, team_id: int | None) -> frozenset[int]:
        """Return the roles of a user: his own, and those of his team."""
        own = self.holders.get(user_id)
        if own is None:
            query = sa.select(USER_ROLE.c.role_id).where(USER_ROLE.c.user_id == user_id)
            own = frozenset(db.current().connection.execute(query).scalars())
            self.holders[user_id] = own
        return own | self.teams.get(team_id or 0, frozenset())

    def look_up(self, user_ids: Iterable[int]) -> None:
        """Read at once which roles some users hold themselves, as far as nobody has asked yet."""
        missing = sorted({user for user in user_ids if user not in self.holders})
        held: dict[int, set[int]] = {user: set() for user in missing}
        query = sa.select(USER_ROLE.c.user_id, USER_ROLE.c.role_id)
        for piece in slices(missing):
            found = query.where(among(USER_ROLE.c.user_id))
            for user, role in db.current().connection.execute(found, {"ids": piece}):
                held[user].add(role)
        self.holders.update((user, frozenset(roles)) for user, roles in held.items())

    def standing(self, user_id: int | None, team_id: int | None, *, whole: bool) -> Standing:
        """Return where a user of a team stands; `whole` says that he holds `EVERYTHING`."""
        key = user_id, team_id, whole
        found = self.stands.get(key)
        if found is None:
            held = self.held(user_id, team_id) if user_id is not None else frozenset()
            roles = (EVERYTHING,) if whole else tuple(self.roles[id_] for id_ in sorted(held))
            found = self.stands[key] = Standing(
                roles, () if team_id is None else (team_id,),
                self.above(team_id), self.beneath(team_id), frozenset(role.id for role in roles),
            )  # fmt: skip
        return found


_lock = threading.Lock()
#: What the open transaction has changed is its own until it commits.
_CHANGED: Final = "access_changed"
_loaded: WeakKeyDictionary[sa.Engine, Grants] = WeakKeyDictionary()


def current() -> Grants:
    """Return what the open transaction obeys."""
    tx = db.current()
    pinned: Grants | None = tx.memo.get("grants")
    if pinned is None:
        pinned = _read(-1) if _CHANGED in tx.memo else _shared(tx.epochs.access)
        tx.memo["grants"] = pinned
    return pinned


def _shared(epoch: int) -> Grants:
    """Return the grants of an epoch as this process knows them; read them if it does not."""
    engine = db.engine()
    known = _loaded.get(engine)
    if known is None or known.epoch != epoch:
        known = _read(epoch)
        with _lock:
            newest = _loaded.get(engine)
            if newest is None or newest.epoch < epoch:
                _loaded[engine] = known
    return known


def _read(epoch: int) -> Grants:
    connection = db.current().connection
    roles = {r.id: Role(r.id, r.name) for r in connection.execute(sa.select(ROLE))}
    for row in connection.execute(sa.select(GRANT)):
        line = roles[row.role_id].lines.setdefault(row.type_id, {})
        line[row.action] = Given(row.scope, row.criteria)
    for row in connection.execute(sa.select(FIELD_GRANT)):
        rights = FieldRights(row.read, row.update, row.create)
        roles[row.role_id].fields[row.field_id] = rights
    teams: dict[int, set[int]] = {}
    for row in connection.execute(sa.select(TEAM_ROLE)):
        teams.setdefault(row.team_id, set()).add(row.role_id)
    parents = {row.id: row.parent for row in connection.execute(sa.select(_TEAM))}
    return Grants(epoch, roles, {t: frozenset(ids) for t, ids in teams.items()}, parents)


def changed() -> None:
    """Let everybody read roles, teams and who holds what anew, once this transaction commits."""
    tx = db.for_writing()
    tx.connection.exec_driver_sql("UPDATE core_epoch SET access = access + 1")
    tx.memo[_CHANGED] = True
    tx.memo.pop("grants", None)


def joined(given: Iterable[Given]) -> Rule | None:
    """Return the records that any of some grants admits; None: all of them."""
    found = list(given)
    scopes = {each.scope for each in found}
    if "all" in scopes:
        return None
    criteria = sorted({each.criteria for each in found if each.criteria is not None})
    tree = "tree" in scopes
    team = tree or "team" in scopes
    return Rule(own=team or "own" in scopes, team=team, tree=tree, criteria=tuple(criteria))
