"""Which users see which records: asked of many users at once, from what decides it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, auth, catalog, clock, db, models, records, spine
from ..access import grants
from ..actor import Actor
from ..catalog import EntityType
from ..storage import among, slices

_SHARE: Final[Any] = models.Share.__table__
#: What lets somebody see a record besides his roles, each of which is (role, what it grants).
ADMINISTRATOR, SHARED, SHARED_WITH_TEAM = "administrator", "shared", "shared with team"
Reason = str | tuple[grants.Role, grants.Given]


class _Record(NamedTuple):
    """What decides who sees a record; `whole` is what it is a part of."""

    id: int
    owner: int | None
    team: int | None
    whole: int | None


@dataclass(slots=True)
class LookedAt:
    """Records of a type with what decides who sees them."""

    type: EntityType
    records: Mapping[int, _Record]
    #: With whom records, or what they are part of, are shared: (user, team) by record.
    shares: Mapping[int, set[tuple[int | None, int | None]]]
    #: Which records meet a filter, as far as that was asked, by the filter and who compares.
    meets: dict[tuple[str, int], set[int]] = field(default_factory=dict)

    def reasons(self, user: Any, record_id: int) -> Iterator[Reason]:
        """Yield all that lets a user, who has id, team_id and admin, see a record."""
        if user.admin:
            yield ADMINISTRATOR
            return
        record = self.records.get(record_id)
        if record is None:
            return
        known = grants.current()
        held = known.held(user.id, user.team_id)
        given = [(known.roles[id_], known.roles[id_].given(self.type, "read")) for id_ in held]
        readers = sorted(
            ((role, each) for role, each in given if each is not None), key=lambda pair: pair[0].id
        )
        for role, each in readers:
            if self._lets_in(user, record, each):
                yield role, each
        if not readers:
            return
        shares = self.shares.get(record_id, set())
        if (user.id, None) in shares:
            yield SHARED
        if any((None, team) in shares for team in known.above(user.team_id)):
            yield SHARED_WITH_TEAM

    def _lets_in(self, user: Any, record: _Record, given: grants.Given) -> bool:
        """Say whether a grant admits a record for a user, without shares."""
        if given.scope == "all":
            return True
        if given.criteria is not None:
            return record.id in self._meeting(user, given)
        mine = record.owner == user.id or (self.type.name == "user" and record.id == user.id)
        if given.scope == "own" or mine or user.team_id is None:
            return mine
        if given.scope == "team":
            return bool(record.team == user.team_id)
        return user.team_id in grants.current().above(record.team)

    def _meeting(self, user: Any, given: grants.Given) -> set[int]:
        criteria = given.criteria or ""
        key = criteria, user.id if '"me"' in criteria else 0
        if key not in self.meets:
            who = Actor(user_id=user.id, team_id=user.team_id)
            rule = grants.joined([given])
            self.meets[key] = records.meeting(self.type, self.records, rule, who)
        return self.meets[key]


def look(entity_type: EntityType, ids: Sequence[int]) -> LookedAt:
    """Return some records of a type as they are looked at: a query for them, one for shares."""
    connection, table = db.current().connection, entity_type.table
    part = entity_type.part_of
    whole = table.c[part.column] if part is not None else sa.null()
    asked = sa.select(table.c.id, table.c.owner_id, table.c.team_id, whole.label("whole"))
    found: dict[int, _Record] = {}
    for piece in slices(sorted(set(ids))):
        for row in connection.execute(asked.where(among(table.c.id)), {"ids": piece}):
            found[row.id] = _Record(*row)
    return LookedAt(entity_type, found, _shares(found))


def _shares(found: Mapping[int, _Record]) -> dict[int, set[tuple[int | None, int | None]]]:
    wanted = {id_ for each in found.values() for id_ in (each.id, each.whole) if id_ is not None}
    alive = sa.or_(_SHARE.c.expires_at.is_(None), _SHARE.c.expires_at > clock.now())
    query = sa.select(_SHARE.c.record_id, _SHARE.c.user_id, _SHARE.c.team_id).where(
        among(_SHARE.c.record_id), alive
    )
    kept: dict[int, set[tuple[int | None, int | None]]] = {}
    for piece in slices(sorted(wanted)):
        for row in db.current().connection.execute(query, {"ids": piece}):
            kept.setdefault(row.record_id, set()).add((row.user_id, row.team_id))
    nobody: set[tuple[int | None, int | None]] = set()
    return {
        id_: kept.get(id_, nobody) | kept.get(each.whole or id_, nobody)
        for id_, each in found.items()
    }


def seers(asked: Mapping[int, Iterable[int]]) -> dict[int, dict[int, Actor]]:
    """Return who of some users sees some records, by record: {user: the user as he acts}.

    `asked` has ids of users by the ids of records of any types. Who may not enter sees nothing;
    records in the trash are seen as those that are not. Costs two queries for the users, two and
    one more for each filter by type, and one per user only for filters that compare with him.
    """
    wanted = {id_: set(users) for id_, users in asked.items()}
    actors = auth.actors_of_users({user for users in wanted.values() for user in users})
    grants.current().look_up(actors)
    known, made = catalog.current().by_id, {}
    for type_id, ids in spine.types_of(set(wanted)).items():
        if type_id in known:
            at = look(known[type_id], list(ids))
            for id_ in ids:
                made[id_] = {u: actors[u] for u in wanted[id_] if _sees(at, actors.get(u), id_)}
    return made


class _User(NamedTuple):
    """A user as `LookedAt` asks for him."""

    id: int
    team_id: int | None
    admin: bool


def _sees(at: LookedAt, actor: Actor | None, record_id: int) -> bool:
    if actor is None or actor.user_id is None or record_id not in at.records:
        return False
    if at.type.name not in access.seen(actor).types:
        return False
    user = _User(actor.user_id, actor.team_id, actor.admin)
    return next(at.reasons(user, record_id), None) is not None
