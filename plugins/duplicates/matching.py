"""Find records that are likely to be the same: candidates by keys, then points on those few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from relatum import Actor, catalog, fields, plugin_host, query, seen

from . import keys
from .rules import ID, Condition, Rule, in_force, table

#: Records that may share a key; one that more share finds nobody.
CANDIDATES: Final = 100
#: Records that one row is compared with, those first that share most keys with it.
COMPARED: Final = 200
#: Matches of one row.
MATCHES: Final = 10


@dataclass(frozen=True, slots=True)
class Match:
    """A record that is likely to be the same: how many points of 100, and for what.

    `reasons` are the labels of the fields that are alike; with `blocks` saving is refused.
    """

    type: str
    id: int
    label: str
    score: int
    reasons: tuple[str, ...]
    blocks: bool


@dataclass(slots=True)
class Found:
    """A match before it is told: the rule, and the conditions that gave points."""

    id: int
    score: int
    rule: Rule
    met: tuple[Condition, ...]
    values: Mapping[str, Any] = field(repr=False)


@dataclass(slots=True)
class Looked:
    """What a search came to: matches by row, and how many keys too many records share."""

    found: list[list[Found]]
    crowded: int = 0


def find(
    type_name: str, rows: Sequence[Mapping[str, Any]], *, actor: Actor, against: str | None = None
) -> list[list[Match]]:
    """Return for each row the records that it may be a duplicate of, best first, at most MATCHES.

    A row is {field: value} as for `records.create`; with an `id` it is that record. `against` is
    another type to search in. Only what the actor sees is found, by fields that he sees; nothing
    is found while the plugin is not enabled. In an open transaction, as a view, command, job or
    hook has it. Raises `type_unknown`.
    """
    known = seen(actor, plugin_host.language())
    entity_type, target = known.type(type_name), known.type(against or type_name)
    if ID not in plugin_host.current().active:
        return [[] for _ in rows]
    rules = [
        rule for rule in in_force(known) if (rule.type, rule.against) == (type_name, target.name)
    ]
    values = [_checked(entity_type, row) for row in rows]
    own = [row.get("id") for row in rows]
    return told(look(rules, values, own=own, actor=actor).found, actor=actor, known=known)


def _checked(entity_type: catalog.EntityType, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wire values of a row in normal form; what does not fit is left out."""
    made = {}
    for name, value in row.items():
        known = entity_type.fields.get(name)
        if known is None or known.read_only or value in (None, ""):
            continue
        try:
            made[name] = known.wire(known.merge(None, known.check(value)))
        except fields.Refused:
            continue
    return made


def look(
    rules: Sequence[Rule],
    rows: Sequence[Mapping[str, Any]],
    *,
    own: Sequence[int | None],
    actor: Actor,
) -> Looked:
    """Return what rules find for rows of wire values, best first; `own` are the ids of the rows."""
    looked = Looked([[] for _ in rows])
    for against in sorted({rule.against for rule in rules}):
        some = [rule for rule in rules if rule.against == against]
        candidates, crowded = _candidates(some, rows, own)
        looked.crowded += crowded
        known = _read(against, some, {id_ for ids in candidates for id_ in ids}, actor)
        for place, ids in enumerate(candidates):
            there = (known[id_] for id_ in ids if id_ in known)
            best = (_best(some, rows[place], other) for other in there)
            looked.found[place] += [found for found in best if found is not None]
    for found in looked.found:
        found.sort(key=lambda each: (-each.score, each.id))
    return looked


def _candidates(
    rules: Sequence[Rule], rows: Sequence[Mapping[str, Any]], own: Sequence[int | None]
) -> tuple[list[list[int]], int]:
    """Return the records of one type that share keys with each row, by one statement or few.

    Those are left out that could not match by what they share and what is not known of them.
    """
    asked = [_codes(rules, row) for row in rows]
    wanted = set().union(*asked)
    if not wanted:
        return [[] for _ in rows], 0
    held = table("key").select_each("code", wanted, limit=CANDIDATES + 1)
    crowded = {code for code, found in held.items() if len(found) > CANDIDATES}
    made = []
    for row, codes, id_ in zip(rows, asked, own, strict=True):
        maybe = {met for code in codes.keys() & crowded for met in codes[code]}
        shared: dict[int, set[tuple[int, int]]] = {}
        for code in codes.keys() & held.keys() - crowded:
            for each in held[code]:
                shared.setdefault(each["record"], set()).update(codes[code])
        shared.pop(id_ or 0, None)
        best = sorted(shared, key=lambda record: (-len(shared[record]), record))
        fits = _Fits(rules, row)
        made.append([r for r in best if fits(frozenset(shared[r] | maybe))][:COMPARED])
    return made, len(crowded)


def twins(rules: Sequence[Rule], rows: Sequence[Mapping[str, Any]]) -> dict[int, tuple[int, Rule]]:
    """Return the rows that match one before them: {place: (place of the other, rule)}.

    A key that more than CANDIDATES rows share finds none, as among records.
    """
    holders: dict[int, list[int]] = {}
    made: dict[int, tuple[int, Rule]] = {}
    for place, row in enumerate(rows):
        codes = _codes(rules, row)
        shared: dict[int, set[tuple[int, int]]] = {}
        for code, met in codes.items():
            before = holders.setdefault(code, [])
            for other in before if len(before) <= CANDIDATES else ():
                shared.setdefault(other, set()).update(met)
            before.append(place)
        fits = _Fits(rules, row)
        for other in (each for each, met in shared.items() if fits(frozenset(met))):
            best = _best(rules, row, {"id": other, **rows[other]})
            if best is not None and (place not in made or best.rule.blocks):
                made[place] = (other, best.rule)
    return made


def _codes(rules: Sequence[Rule], row: Mapping[str, Any]) -> dict[int, set[tuple[int, int]]]:
    """Return the keys of a row, each with the places of the rules and conditions it is for."""
    made: dict[int, set[tuple[int, int]]] = {}
    for place, rule in enumerate(rules):
        for at, condition in enumerate(rule.found_by):
            for name in condition.fields:
                for key in condition.comparison.keys(row[name]) if row.get(name) else ():
                    code = keys.code(rule.against, condition.comparison.name, key)
                    made.setdefault(code, set()).add((place, at))
    return made


class _Fits:
    """Says whether a record that shares keys with a row may match; few kinds of them differ."""

    def __init__(self, rules: Sequence[Rule], row: Mapping[str, Any]) -> None:
        self._rules, self._row = rules, row
        self._known: dict[frozenset[tuple[int, int]], bool] = {}

    def __call__(self, met: frozenset[tuple[int, int]]) -> bool:
        if met not in self._known:
            self._known[met] = any(
                rule.reach(self._row, [rule.found_by[at] for place, at in met if place == number])
                >= rule.threshold
                for number, rule in enumerate(self._rules)
            )
        return self._known[met]


def _read(
    type_name: str, rules: Iterable[Rule], ids: set[int], actor: Actor
) -> dict[int, Mapping[str, Any]]:
    """Return what is compared of the records that the actor sees, by id."""
    names = {name for rule in rules for each in rule.conditions for name in each.there}
    asked = {"fields": ["id", *sorted(names)]}
    found = query.every(type_name, asked, among=("id", sorted(ids)), actor=actor)
    return {record["id"]: record for record in found}


def _best(rules: Iterable[Rule], row: Mapping[str, Any], other: Mapping[str, Any]) -> Found | None:
    """Return by which rule a record matches: one that refuses, else by most points."""
    best = None
    for rule in rules:
        score, met = rule.score(row, other)
        if score >= rule.threshold and (
            best is None or (rule.blocks, score) > (best.rule.blocks, best.score)
        ):
            best = Found(other["id"], score, rule, met, other)
    return best


def told(
    found: Sequence[Sequence[Found]], *, actor: Actor, known: catalog.Catalog
) -> list[list[Match]]:
    """Return matches as the actor reads them, at most MATCHES of each row."""
    labels = query.labels((each.id for some in found for each in some[:MATCHES]), actor=actor)
    return [
        [
            Match(
                each.rule.against, each.id, labels[str(each.id)]["label"], each.score,
                reasons(each.rule.against, each.met, known), each.rule.blocks,
            )
            for each in some[:MATCHES]
            if str(each.id) in labels
        ]
        for some in found
    ]  # fmt: skip


def reasons(type_name: str, met: Iterable[Condition], known: catalog.Catalog) -> tuple[str, ...]:
    """Return what the fields are called that were alike."""
    entity_type = known.type(type_name)
    names = (name for each in met for name in each.there[:1])
    return tuple(entity_type.fields[name].label for name in names if name in entity_type.fields)
