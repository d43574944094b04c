"""Random roles, shares and people: the product decides as the reference does, on both databases.

A round gives somebody other roles, and asks about every record and action with one statement for
many. A few thousand decisions run always; a hundred thousand are slow.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from relatum.core import access, auth, clock, db, query, records, roles
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError
from relatum.core.query import density, merging, sorting

from .access_reference import ACTIONS, WHOLE, Person, Rights, decides, may, rights
from .access_world import HOUR, PEOPLE, TYPES, World, build
from .instances import prepared


@prepared
def made(instance):
    """Ids of people and teams by name."""
    return build(instance)


@dataclass
class Compared(World):
    """An office of which every decision is compared."""

    decided: int = 0

    def actor(self, person: Person) -> Actor:
        """Return somebody as he acts."""
        with self.instance.reading():
            found = auth.actor_of_user(self.ids["people"][person.name], source="api")
        assert found is not None
        return replace(found, reads_only=person.reads_only)

    def wanted(self, person: Person, action: str, type_name: str) -> set[int]:
        """Return the records that the reference lets somebody do something with."""
        found = self.records[type_name].items()
        return {id_ for id_, r in found if decides(person, action, r, now=1.0)}

    def check(self, person: Person) -> None:
        """Compare every decision about somebody."""
        who = self.actor(person)
        with clock.frozen(self.start + HOUR), self.instance.reading():
            for type_name in TYPES:
                for action in ACTIONS:
                    self._check_action(who, person, action, type_name)
                self._check_fields(who, person, type_name)
                self._check_lists(who, person, type_name)
        with clock.frozen(self.start + HOUR):
            self._check_verbs(who, person)
            self._check_why(person)

    def _check_action(self, who: Actor, person: Person, action: str, type_name: str) -> None:
        """Ask for all records of a type with one statement for reading, and one for the action."""
        told = person, person.roles, action, type_name
        type_, held = TYPES[type_name], self.records[type_name]
        allowed = access.may(who, action, type_name) and access.may(who, "read", type_name)
        assert allowed == may(person, action, type_), told
        self.decided += 1
        if action in WHOLE:
            return
        found: set[int] = set()
        if allowed:
            whole = self.instance.catalog.type(type_name)
            found = records.admitted(whole, held, "read", who)
            found &= records.admitted(whole, held, action, who)
        assert found == self.wanted(person, action, type_name), told
        self.decided += len(held)

    def _check_fields(self, who: Actor, person: Person, type_name: str) -> None:
        type_ = TYPES[type_name]
        if not may(person, "read", type_):
            assert type_name not in access.seen(who).types
            return
        seen, new = access.seen(who).type(type_name), access.for_new(who, type_name)
        for name in type_.fields:
            wanted = rights(person, type_, name)
            read = name in seen.fields
            found = Rights(
                read,
                read and not seen.fields[name].read_only,
                read and not new.fields[name].read_only,
            )
            assert found == wanted, (person, person.roles, type_name, name)
            self.decided += len(found)

    def _check_lists(self, who: Actor, person: Person, type_name: str) -> None:
        wanted = self.wanted(person, "read", type_name)
        if not may(person, "read", TYPES[type_name]):
            return
        for trashed in (False, True):
            asked = {"fields": ["id"], "limit": 200, "count": True, "trashed": trashed}
            page = query.page(query.from_json(type_name, asked, actor=who))
            there = {row["id"] for row in page.records} & self.records[type_name].keys()
            assert there == {id_ for id_ in wanted if (id_ in self.trashed) == trashed}
        if may(person, "export", TYPES[type_name]):
            asked = {"fields": ["id"], "limit": 200}
            made = query.narrowed(query.from_json(type_name, asked, actor=who), "export")
            found = {row["id"] for row in query.page(made).records}
            exported = self.wanted(person, "export", type_name) - self.trashed
            assert found & self.records[type_name].keys() == exported
        self.decided += 2 * len(self.records[type_name])

    def _check_verbs(self, who: Actor, person: Person) -> None:
        """Let somebody write every deal, an action at a time; nothing of it is kept."""
        deals = self.records["x_deal"].keys()
        for action, ids in (
            ("update", deals - self.trashed), ("delete", deals - self.trashed),
            ("restore", deals & self.trashed), ("purge", deals & self.trashed),
        ):  # fmt: skip
            found = self._written(who, action, sorted(ids))
            assert found == self.wanted(person, action, "x_deal") & ids, (person, action)
            self.decided += len(ids)

    def _written(self, who: Actor, action: str, ids: list[int]) -> set[int]:
        try:
            with self.instance.app.app_context(), db.writing(), db.attempt():
                outcomes = getattr(records, action)(
                    "x_deal", [{"id": id_} for id_ in ids], actor=who, partial=True
                )
        except RelatumError as error:
            assert error.code in ("forbidden", "type_unknown")
            return set()
        codes = {p.code for each in outcomes for p in each.problems}
        assert codes <= {"record_forbidden", "record_unknown"}
        return {each.id for each in outcomes if each.status != "refused"}

    def _check_why(self, person: Person) -> None:
        """Ask for the reasons of some decisions: they say what is decided."""
        if person.reads_only:
            return
        user_id = self.ids["people"][person.name]
        for _ in range(4):
            type_name = self.chance.choice(list(TYPES))
            id_ = self.chance.choice(list(self.records[type_name]))
            action = self.chance.choice([a for a in ACTIONS if a not in WHOLE])
            with self.instance.reading():
                told = roles.why(user_id, action, type_name, id_, actor=self.instance.alice)
            wanted = decides(person, action, self.records[type_name][id_], now=1.0)
            assert told["allowed"] == wanted, told
            self.decided += 1


def _rounds(world: Compared) -> Iterator[Person]:
    """Yield people whose roles have just changed, and what else changes now and then."""
    number = 0
    while True:
        if number % 8 == 0:
            world.shuffle()
        person = world.people[world.chance.choice(list(PEOPLE))]
        world.give(person)
        yield person
        if number % 4 == 0:
            # The same person by a token that only reads, and somebody who has changed nothing.
            person.reads_only = True
            yield person
            person.reads_only = False
            yield world.people[world.chance.choice(list(world.people))]
        number += 1


def decide(instance: Any, made: dict[str, Any], seed: int, count: int) -> None:
    """Compare at least so many decisions."""
    world = Compared(instance, random.Random(seed), made)  # choices, no secrets
    for person in _rounds(world):
        world.check(person)
        if world.decided >= count:
            break


@pytest.mark.parametrize("seed", [1, 2])
def test_thousands_of_random_decisions_are_those_of_the_reference(instance, made, seed):
    decide(instance, made, seed, 4_000)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_a_hundred_thousand_decisions_are_those_of_the_reference(instance, made, seed):
    decide(instance, made, seed, 25_000)


#: How much somebody sees, as far as the plan of a list depends on it.
DENSITIES = (
    density.Density(few=True, many_shared=False),
    density.Density(few=False, many_shared=False),
    density.Density(few=False, many_shared=True),
)


def test_pages_of_few_and_of_many_records_hold_the_same_in_the_same_order(
    instance, made, monkeypatch
):
    world, merged = Compared(instance, random.Random(5), made), 0  # choices, no secrets
    names = {id_: f"deal {place}" for place, id_ in enumerate(world.records["x_deal"])}
    for number, person in zip(range(24), _rounds(world), strict=False):
        if not may(person, "read", TYPES["x_deal"]) or person.admin:
            continue
        who, sort = world.actor(person), ["name", "-name"][number % 2]
        live = world.wanted(person, "read", "x_deal") - world.trashed
        wanted = sorted((names[id_] for id_ in live), reverse=sort == "-name")
        for known in DENSITIES:
            monkeypatch.setattr(density, "of", lambda query, known=known: _known(query, known))
            with clock.frozen(world.start + HOUR), instance.reading():
                asked = {"fields": ["name"], "sort": [sort], "limit": 1 + number % 4}
                made_ = query.from_json("x_deal", asked, actor=who)
                keys = sorting.read(access.seen(who), made_.type, made_.sort)
                merged += merging.teams(made_, keys) is not None
                assert _paged(made_) == wanted, (person, known)
    assert merged > 20


def _known(asked: Any, known: density.Density) -> density.Density:
    return known if asked.type.rule is not None else density.Density(few=False, many_shared=False)


def _paged(asked: Any) -> list[str]:
    """Return the names of all pages, and see that each is what comes before the next."""
    found, page = [], query.page(asked)
    found.append([row["name"] for row in page.records])
    while page.next is not None:
        page = query.page(replace(asked, after=page.next))
        found.append([row["name"] for row in page.records])
        before = query.page(replace(asked, before=page.previous))
        assert [row["name"] for row in before.records] == found[-2]
    return [name for names in found for name in names]
