"""An office for tests of rights: a tree of teams, people in it, records of theirs, and a model.

The reference decides in plain Python what the product decides in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from relatum.core import auth, query, records, roles
from relatum.core.actor import Actor

from .access_reference import Person, Record, Role, Scope, Share, Team, Type, decides

#: Teams and what each stands beneath.
TEAMS = {"North": None, "Coast": "North", "South": None}
#: People and their teams; alice, the administrator, is in none.
PEOPLE = {"nora": "North", "cora": "Coast", "sam": "South", "nobody": None}

SCOPES: list[Any] = [
    None, "own", "team", "tree", "all", {"filter": {"field": "amount", "op": "gt", "value": 500}},
]  # fmt: skip


@dataclass
class Office:
    """What was made: ids by name, and the rows of the records."""

    teams: dict[str, int]
    people: dict[str, int]
    deals: dict[str, int]
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)


def build(instance: Any) -> Office:
    """Make the office: each person owns two deals, one large and one small."""
    instance.make_type(
        "x_firm",
        {"name": "name", "kind": "text", "required": True, "unique": True, "sortable": True},
        title="name",
    )
    instance.make_type(
        "x_deal",
        {"name": "name", "kind": "text", "required": True, "unique": True, "sortable": True},
        {"name": "amount", "kind": "integer", "sortable": True, "indexed": True},
        {"name": "secret", "kind": "text", "unique": True, "sortable": True},
        {"name": "firm", "kind": "lookup", "settings": {"target": "x_firm", "inverse": "deals"}},
        {"name": "tags", "kind": "tags"},
        title="name",
    )
    teams: dict[str, int] = {}
    for name, parent in TEAMS.items():
        [teams[name]] = instance.create("team", {"name": name, "parent": teams.get(parent or "")})
    people: dict[str, int] = {}
    for name, team in PEOPLE.items():
        user = {"name": name, "email": f"{name}@example.org", "team": teams.get(team or "")}
        [people[name]] = instance.create("user", user)
    office = Office(teams, people, {})
    for person, id_ in people.items():
        [firm] = instance.create("x_firm", {"name": f"{person} and sons", "owner": id_})
        for size, amount in (("large", 900), ("small", 10)):
            row: dict[str, Any] = {
                "name": f"{person} {size}", "amount": amount, "secret": f"hush {person} {size}",
                "firm": firm, "owner": id_, "tags": [size],
            }  # fmt: skip
            [made] = instance.create("x_deal", row)
            office.deals[row["name"]] = made
            office.rows[made] = {**row, "team": PEOPLE[person], "person": person}
    return office


def actor(instance: Any, office: Office, person: str) -> Actor:
    """Return a person as he acts."""
    with instance.reading():
        found = auth.actor_of_user(office.people[person], source="api")
    assert found is not None
    return found


def give(instance: Any, office: Office, person: str, *lines: dict[str, Any], **more: Any) -> None:
    """Let a person hold a role of his own for each line on deals, and nothing else."""
    names = []
    for place, line in enumerate(lines):
        name = f"{person}_{place}"
        given = {"types": {"x_deal": line, "x_firm": {"read": "all"}, "user": {"read": "all"},
                           "team": {"read": "all"}}, **more}  # fmt: skip
        instance.write(roles.save, name, given)
        names.append(name)
    instance.write(roles.hold, "user", office.people[person], names)


# -- the model ------------------------------------------------------------------------------
_DEAL = Type("x_deal")


def allowed(
    office: Office, person: str, lines: Iterable[dict[str, Any]], action: str, id_: int,
    shared: Iterable[tuple[str, bool]] = (),
) -> bool:  # fmt: skip
    """Say whether a person may do something with a deal, by the lines of his roles and shares.

    `shared` holds (user or team, whether to change) of the record.
    """
    row = office.rows[id_]
    teams: dict[str | None, Team] = {}
    for name, above in TEAMS.items():
        teams[name] = Team(name, teams.get(above))
    people = {name: Person(name, teams.get(team)) for name, team in PEOPLE.items()}
    who = people[person]
    who.roles = [Role(types={"x_deal": {a: _scope(s) for a, s in line.items()}}) for line in lines]
    deal = Record(_DEAL, people[row["person"]], teams.get(row["team"]), row)
    deal.shares = [
        Share(people[whom] if whom in people else teams[whom], update) for whom, update in shared
    ]
    return decides(who, action, deal)


def _scope(given: Any) -> Scope:
    match given:
        case {"filter": {"field": "amount", "op": "gt", "value": int(least)}}:
            return lambda _, record: bool((record.values["amount"] or 0) > least)
    return str(given)


def listed(instance: Any, who: Actor, **asked: Any) -> list[str]:
    """Return the names of the deals that a person lists."""
    with instance.reading():
        made = query.from_json("x_deal", {"fields": ["name"], **asked}, actor=who)
        return [row["name"] for row in query.page(made).records]


def write(instance: Any, who: Actor, verb: str, *rows: dict[str, Any]) -> list[records.Outcome]:
    """Run a verb on deals as a person and return its outcomes."""
    made: list[records.Outcome] = instance.write(
        getattr(records, verb), "x_deal", list(rows), actor=who, partial=True
    )
    return made


def ids(outcomes: Iterable[records.Outcome]) -> set[int]:
    """Return the records that were written."""
    return {each.id for each in outcomes if each.status != "refused" and each.id is not None}


def expected(office: Office, person: str, lines: list[dict[str, Any]], action: str) -> set[int]:
    """Return the deals that the model lets a person do something with."""
    return {id_ for id_ in office.rows if allowed(office, person, lines, action, id_)}
