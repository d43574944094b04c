"""An office that changes at random: in an instance, and as the reference of rights knows it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from relatum.core import clock, db, records, roles
from relatum.core.actor import Actor

from .access_reference import (
    ACTIONS,
    WHOLE,
    Person,
    Record,
    Rights,
    Role,
    Scope,
    Share,
    Team,
    Type,
)

TEAMS = {"North": None, "Coast": "North", "Isle": "Coast", "South": None, "Hill": "South"}
PEOPLE = {
    "nora": "North", "nell": "North", "cora": "Coast", "ivo": "Isle", "sam": "South",
    "hans": "Hill", "lone": None,
}  # fmt: skip
DEALS, LINES = 36, 48
DEAL = Type("x_deal", {"name": "plain", "amount": "plain", "phone": "personal", "pin": "encrypted"})
LINE = Type("x_line", {"deal": "plain", "item": "plain", "note": "personal"}, links={"deal": DEAL})
TEAM = Type("team", {"name": "plain", "parent": "plain"}, of_core=True)
USER = Type("user", {"email": "personal"}, of_core=True)
TYPES = {each.name: each for each in (DEAL, LINE, USER, TEAM)}
HOUR = timedelta(hours=1)


def build(instance: Any) -> dict[str, Any]:
    """Make the types, people and teams; return ids by name."""
    text = {"kind": "text"}
    instance.make_type(
        "x_deal",
        {"name": "name", **text, "required": True, "sortable": True},
        {"name": "amount", "kind": "integer", "indexed": True},
        {"name": "phone", **text, "personal": True},
        {"name": "pin", "kind": "encrypted"},
        title="name",
    )
    of = {"target": "x_deal", "inverse": "lines", "part": True}
    instance.make_type(
        "x_line",
        {"name": "deal", "kind": "lookup", "required": True, "settings": of},
        {"name": "item", **text},
        {"name": "note", **text, "personal": True},
    )
    teams: dict[str, int] = {}
    for name, above in TEAMS.items():
        [teams[name]] = instance.create("team", {"name": name, "parent": teams.get(above or "")})
    rows = [{"name": n, "team": teams.get(team or "")} for n, team in PEOPLE.items()]
    return {
        "teams": teams,
        "people": dict(zip(PEOPLE, instance.create("user", *rows), strict=True)),
    }


@dataclass
class World:
    """The office twice: in the instance, and as the reference knows it."""

    instance: Any
    chance: random.Random
    ids: dict[str, dict[str, int]]
    teams: dict[str, Team] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    records: dict[str, dict[int, Record]] = field(default_factory=dict)
    trashed: set[int] = field(default_factory=set)
    #: Shares end around this instant; decisions are asked an hour later.
    start: datetime = field(default_factory=clock.now)

    def __post_init__(self) -> None:
        for name, above in TEAMS.items():
            self.teams[name] = Team(name, self.teams.get(above or ""))
        self.people = {n: Person(n, self.teams.get(team or "")) for n, team in PEOPLE.items()}
        self.people["alice"] = Person("alice", admin=True)
        self.ids["people"]["alice"] = self.instance.alice.user_id
        self._deals()
        self._lines()
        # What people make belongs to them; alice has made all of these.
        alice = self.people["alice"]
        self.records["user"] = {
            self.ids["people"][n]: Record(USER, alice, p.team, about=p)
            for n, p in self.people.items()
        }
        del self.records["user"][self.instance.alice.user_id]
        self.records["team"] = {self.ids["teams"][n]: Record(TEAM, alice) for n in self.teams}

    def _deals(self) -> None:
        found, rows = [], []
        for number in range(DEALS):
            values = {"amount": self.chance.choice([None, 10, 100, 900])}
            owner, team = self._person(), self._team()
            found.append(Record(DEAL, owner, team, values))
            rows.append({"name": f"deal {number}", **values, **self._whose(owner, team)})
        ids = self.instance.create("x_deal", *rows)
        self.records["x_deal"] = dict(zip(ids, found, strict=True))

    def _lines(self) -> None:
        deals = self.records["x_deal"]
        chosen = [self.chance.choice(list(deals)) for _ in range(LINES)]
        ids = self.instance.create("x_line", *({"deal": id_, "item": "i"} for id_ in chosen))
        self.records["x_line"] = {
            id_: Record(LINE, whole=deals[deal]) for id_, deal in zip(ids, chosen, strict=True)
        }
        gone = self.chance.sample(list(deals), DEALS // 6)
        self.instance.write(records.delete, "x_deal", [{"id": id_} for id_ in gone])
        lines = zip(ids, chosen, strict=True)
        self.trashed = {*gone, *(id_ for id_, deal in lines if deal in gone)}

    def _person(self) -> Person:
        return self.people[self.chance.choice(list(PEOPLE))]

    def _team(self) -> Team | None:
        return self.chance.choice([*self.teams.values(), None])

    def _whose(self, owner: Person, team: Team | None) -> dict[str, Any]:
        teams = self.ids["teams"]
        return {
            "owner": self.ids["people"][owner.name],
            "team": None if team is None else teams[team.name],
        }

    # -- what changes -----------------------------------------------------------------------
    def shuffle(self) -> None:
        """Share other records, give some away, and move a team."""
        for records_ in self.records.values():
            for record in records_.values():
                record.shares.clear()
        self.instance.write(_forget_shares)
        for type_name in ("x_deal", "x_line", "user"):
            for id_ in self.chance.sample(list(self.records[type_name]), 6):
                self._share(type_name, id_)
        rows = []
        live = [id_ for id_ in self.records["x_deal"] if id_ not in self.trashed]
        for id_ in self.chance.sample(live, 4):
            record = self.records["x_deal"][id_]
            record.owner, record.team = self._person(), self._team()
            rows.append({"id": id_, **self._whose(record.owner, record.team)})
        self.instance.write(records.update, "x_deal", rows)
        isle, above = self.teams["Isle"], self.chance.choice(["Coast", "Hill", "South"])
        isle.above = self.teams[above]
        row = {"id": self.ids["teams"]["Isle"], "parent": self.ids["teams"][above]}
        self.instance.write(records.update, "team", [row])

    def _share(self, type_name: str, id_: int) -> None:
        if id_ in self.trashed:
            return
        kind = self.chance.choice(["people", "teams"])
        name = self.chance.choice(list(self.ids[kind]))
        whom: Person | Team = self.people[name] if kind == "people" else self.teams[name]
        update, hours = self.chance.random() < 0.5, self.chance.choice([None, 0.5, 2.0])
        with clock.frozen(self.start):
            self.instance.write(
                roles.share, type_name, id_, update=update,
                expires_at=None if hours is None else self.start + hours * HOUR,
                **{"user" if kind == "people" else "team": self.ids[kind][name]},
            )  # fmt: skip
        self.records[type_name][id_].shares.append(Share(whom, update, hours))

    def give(self, person: Person) -> None:
        """Let somebody, and his team, hold other roles."""
        person.roles = self._roles(person.name, self.chance.randint(0, 3))
        names = [f"{person.name}_{place}" for place in range(len(person.roles))]
        self.instance.write(roles.hold, "user", self.ids["people"][person.name], names)
        if person.team is not None:
            team = person.team
            team.roles = self._roles(team.name.lower(), self.chance.randint(0, 1))
            names = [f"{team.name.lower()}_{place}" for place in range(len(team.roles))]
            self.instance.write(roles.hold, "team", self.ids["teams"][team.name], names)

    def _roles(self, holder: str, count: int) -> list[Role]:
        found = []
        for place in range(count):
            role, given = self._role()
            self.instance.write(roles.save, f"{holder}_{place}", given)
            found.append(role)
        return found

    def _role(self) -> tuple[Role, dict[str, Any]]:
        """Return a role, and the same as the product is given it."""
        lines: dict[str, dict[str, Scope]] = {}
        given: dict[str, dict[str, Any]] = {}
        for name in (None, *TYPES):
            if name is None or self.chance.random() < 0.5:
                pairs = {a: self._scope(name, a) for a in ACTIONS if self._is_said(a)}
                lines[name or ""] = {a: pair[0] for a, pair in pairs.items()}
                given[name or ""] = {a: pair[1] for a, pair in pairs.items()}
        said = {}
        for type_, name in ((t, n) for t in TYPES for n in TYPES[t].fields):
            if self.chance.random() < 0.2:
                read = self.chance.random() < 0.6
                written = [read and self.chance.random() < 0.6 for _ in range(2)]
                said[type_, name] = Rights(read, *written)
        fields = {f"{t}.{n}": r._asdict() for (t, n), r in said.items()}
        role = Role(lines.pop(""), lines, said)
        return role, {"all_types": given.pop(""), "types": given, "fields": fields}

    def _is_said(self, action: str) -> bool:
        return self.chance.random() < (0.8 if action == "read" else 0.5)

    def _scope(self, type_name: str | None, action: str) -> tuple[Scope, Any]:
        """Return a scope, and how the product is told it."""
        if action in WHOLE:
            return "all", "all"
        filters = self._filters().get(type_name or "", [])
        if filters and self.chance.random() < 0.3:
            return self.chance.choice(filters)
        word = self.chance.choice(["own", "own", "team", "tree", "all"])
        return word, word

    def _filters(self) -> dict[str, list[tuple[Scope, Any]]]:
        deals = self.records["x_deal"]

        def is_large(_: Person, line: Record) -> bool:
            """Say so of lines of a large deal; over a link only what is not in the trash counts."""
            amounts = {r: r.values["amount"] for i, r in deals.items() if i not in self.trashed}
            return line.whole in amounts and (amounts[line.whole] or 0) > 500

        def meets(test: Callable[[int], bool]) -> Scope:
            return lambda _, r: r.values["amount"] is not None and test(r.values["amount"])

        large = {"op": "gt", "value": 500}
        return {
            "x_deal": [
                (meets(lambda a: a > 500), {"filter": {"field": "amount", **large}}),
                (meets(lambda a: a >= 100),
                 {"filter": {"not": {"field": "amount", "op": "lt", "value": 100}}}),
                (meets(lambda a: a == 900), {"filter": {"field": "amount", "value": 900}}),
                (lambda person, r: r.owner is person,
                 {"filter": {"field": "owner", "value": "me"}}),
            ],
            "x_line": [
                (is_large, {"filter": {"field": "deal.amount", **large}}),
            ],
        }  # fmt: skip


def _forget_shares(*, actor: Actor) -> None:
    db.for_writing().connection.exec_driver_sql("DELETE FROM core_share")
