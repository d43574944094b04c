"""Who may do what, in plain Python: the specification that the databases must agree with.

It knows nothing of SQL and shares no code with the package. What it says, from the outside in:

1. No grant means no: what no role of somebody allows, he may not do. Administrators may do all.
2. Roles add up: his own and those of his team; the most that any of them allows is allowed.
3. In a role, the line of a type goes before the line for all types, whole: an action that it does
   not name is not allowed. The line for all types lets people and teams be read and exported only.
4. A line says for each action on which records: own, team, tree, all, or those that meet a filter.
   There is no record yet to judge of what is made and brought in: that is allowed or not.
5. Whoever is not let see a record does nothing with it: every action needs `read` as well.
6. A share lets somebody read a record besides, or change it too, until it ends, if any role lets
   him do that with records of its type at all. With a team it reaches everybody beneath that.
   It reaches the parts of the record, and gives no other action.
7. A part belongs to whom its whole belongs, and the trash changes nothing about who sees what.
8. A token that only reads leaves reading, whoever's it is.
9. Fields go with their records, but personal ones only where a role has a line of its own for the
   type, and encrypted ones only where a role names them. What a role says of a field goes. Only
   roles that let records be read show fields, and only those that let them be changed or made let
   fields be changed or filled. A link to a type of which nothing may be read is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ACTIONS = (
    "read", "create", "update", "delete", "restore", "purge", "import", "export", "share",
    "assign", "bulk",
)  # fmt: skip
#: Of these there is only none and all.
WHOLE = ("create", "import")


@dataclass(eq=False)
class Type:
    """An entity type: its fields by name, each plain, personal or encrypted."""

    name: str
    fields: Mapping[str, str] = field(default_factory=dict)
    #: What fields lead to that are links.
    links: Mapping[str, Type] = field(default_factory=dict)
    #: People and teams.
    of_core: bool = False


@dataclass(eq=False)
class Team:
    """A team, what it stands beneath, and the roles of everybody in it."""

    name: str
    above: Team | None = None
    roles: list[Role] = field(default_factory=list)

    def is_within(self, other: Team | None) -> bool:
        """Say whether this is another team or stands beneath it."""
        return self is other or (self.above is not None and self.above.is_within(other))


#: A word, or what a filter asks of a record for somebody.
Scope = str | Callable[["Person", "Record"], bool]
Line = Mapping[str, Scope]


class Rights(NamedTuple):
    """What is allowed with a field."""

    read: bool
    update: bool
    create: bool


@dataclass(eq=False)
class Role:
    """A role: a line for all types, lines for single types, and what goes for single fields."""

    all_types: Line = field(default_factory=dict)
    types: Mapping[str, Line] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], Rights] = field(default_factory=dict)

    def says(self, of: Type, action: str) -> Scope | None:
        """Return with which records of a type an action is allowed; None: with none."""
        if of.name in self.types:
            return self.types[of.name].get(action)
        if of.of_core and action not in ("read", "export"):
            return None
        return self.all_types.get(action)

    def rights(self, of: Type, name: str) -> Rights:
        """Return what goes for a field."""
        if (of.name, name) in self.fields:
            return self.fields[of.name, name]
        told = of.of_core or of.name in self.types
        allowed = {"plain": True, "personal": told, "encrypted": False}[of.fields[name]]
        return Rights(allowed, allowed, allowed)


@dataclass(eq=False)
class Person:
    """Somebody who asks, perhaps by a token that only reads."""

    name: str
    team: Team | None = None
    roles: list[Role] = field(default_factory=list)
    admin: bool = False
    reads_only: bool = False

    @property
    def held(self) -> Iterator[Role]:
        """The roles that count for him."""
        yield from self.roles
        if self.team is not None:
            yield from self.team.roles


@dataclass(eq=False)
class Share:
    """That a record is shared with somebody, or with a team."""

    whom: Person | Team
    update: bool = False
    #: When it ends; None: never.
    until: float | None = None

    def reaches(self, person: Person, action: str, now: float) -> bool:
        """Say whether it lets somebody do something."""
        if action not in ("read", "update") or (action == "update" and not self.update):
            return False
        if self.until is not None and self.until <= now:
            return False
        if isinstance(self.whom, Team):
            return person.team is not None and person.team.is_within(self.whom)
        return self.whom is person


@dataclass(eq=False)
class Record:
    """A record; a part has a whole, whose owner and team are its own."""

    of: Type
    owner: Person | None = None
    team: Team | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    whole: Record | None = None
    shares: list[Share] = field(default_factory=list)
    #: The person whom this record is about, if it is that of a user: everybody owns his own.
    about: Person | None = None

    def is_whose(self) -> tuple[Person | None, Team | None]:
        """Return its owner and its team."""
        return self.whole.is_whose() if self.whole is not None else (self.owner, self.team)


def admits(scope: Scope, person: Person, record: Record) -> bool:
    """Say whether a scope holds a record for somebody."""
    if not isinstance(scope, str):
        return scope(person, record)
    owner, team = record.is_whose()
    mine = owner is person or record.about is person
    theirs = team is not None and person.team is not None
    return {
        "own": mine,
        "team": mine or (theirs and team is person.team),
        "tree": mine or (theirs and team is not None and team.is_within(person.team)),
        "all": True,
    }[scope]


def may(person: Person, action: str, of: Type) -> bool:
    """Say whether somebody may do something with any record of a type at all."""
    if person.reads_only and action != "read":
        return False
    if person.admin:
        return True
    allowed = any(role.says(of, action) is not None for role in person.held)
    return allowed and (action == "read" or may(person, "read", of))


def decides(person: Person, action: str, record: Record, now: float = 0.0) -> bool:
    """Say whether somebody may do something with a record."""
    if person.admin or not may(person, action, record.of):
        return person.admin and may(person, action, record.of)
    if action != "read" and not decides(person, "read", record, now):
        return False
    scopes = [role.says(record.of, action) for role in person.held]
    if any(scope is not None and admits(scope, person, record) for scope in scopes):
        return True
    wholes = [record] if record.whole is None else [record, record.whole]
    return any(s.reaches(person, action, now) for each in wholes for s in each.shares)


def rights(person: Person, of: Type, name: str) -> Rights:
    """Return what somebody may do with a field, of records that he may do that with."""
    if person.admin:
        return Rights(read=True, update=True, create=True)

    def by(action: str) -> list[Rights]:
        return [role.rights(of, name) for role in person.held if role.says(of, action) is not None]

    target = of.links.get(name)
    there = target is None or may(person, "read", target)
    read = there and any(each.read for each in by("read"))
    return Rights(
        read,
        read and any(each.update for each in by("update")),
        read and any(each.create for each in by("create")),
    )
