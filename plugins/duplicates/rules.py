"""The rules in force: those of records, and the shipped ones that no record stands for.

What records say is kept as one row in the plugin's table `state`, so that a write reads one row
and no records.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from relatum import OwnTable, catalog, plugin_host, query

from .comparing import COMPARISONS, Comparison
from .entities import BLOCK
from .shipped import SHIPPED

ID: Final = "duplicates"
_RULES: Final = "rules"
_PAGE: Final = 500
#: Rules that are in force at once, and conditions of each: they are kept as one document.
RULES, CONDITIONS = 50, 10


@dataclass(frozen=True, slots=True)
class Condition:
    """What is compared with what, how, and the points for values that are fully alike."""

    fields: tuple[str, ...]
    there: tuple[str, ...]
    comparison: Comparison
    points: int

    def likeness(self, row: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        """Return how alike two records are in it, from 0 to 1."""
        pairs = ((row.get(a), other.get(b)) for a in self.fields for b in self.there)
        known = (pair for pair in pairs if pair[0] is not None and pair[1] is not None)
        return max((self.comparison.likeness(*pair) for pair in known), default=0.0)


@dataclass(frozen=True)
class Rule:
    """A rule: the types it is about, from how many points on, and what happens on saving."""

    name: str
    type: str
    against: str
    action: str
    threshold: int
    conditions: tuple[Condition, ...]
    #: The record that says it; None for a shipped one.
    id: int | None = None

    @property
    def blocks(self) -> bool:
        """Whether what matches is refused."""
        return self.action == BLOCK

    @cached_property
    def found_by(self) -> tuple[Condition, ...]:
        """The conditions whose keys find candidates.

        Those that many records share, or that are worth little, are left out as long as they
        don't reach the threshold together: what matches then meets one of the others, too.
        """
        left_out: list[Condition] = []
        shared = (
            each
            for each in self.conditions
            if not each.comparison.selective or each.points * 4 <= self.threshold
        )
        for each in sorted(shared, key=lambda each: each.points):
            if sum(one.points for one in left_out) + each.points < self.threshold:
                left_out.append(each)
        return tuple(each for each in self.conditions if each not in left_out)

    def reach(self, row: Mapping[str, Any], shared: Collection[Condition]) -> int:
        """Return the most points that a record can have which shares keys of some conditions."""
        lost = (each for each in self.found_by if each.comparison.complete and each not in shared)
        without = {
            *lost,
            *(e for e in self.conditions if all(row.get(name) is None for name in e.fields)),
        }
        return sum(each.points for each in self.conditions if each not in without)

    def score(
        self, row: Mapping[str, Any], other: Mapping[str, Any]
    ) -> tuple[int, tuple[Condition, ...]]:
        """Return the points of two records, at most 100, and the conditions that gave them."""
        likeness = {each: each.likeness(row, other) for each in self.conditions}
        points = sum(each.points * like for each, like in likeness.items())
        return min(100, round(points)), tuple(each for each, like in likeness.items() if like)

    def within(self, known: catalog.Catalog) -> Rule | None:
        """Return it with the conditions on fields that a catalog has; None if none is left."""
        here, there = known.types.get(self.type), known.types.get(self.against)
        if here is None or there is None or here.trashed_in or there.trashed_in:
            return None
        made = []
        for each in self.conditions:
            fields = tuple(name for name in each.fields if name in here.fields)
            others = tuple(name for name in each.there if name in there.fields)
            if fields and others:
                made.append(dataclasses.replace(each, fields=fields, there=others))
        reach = sum(each.points for each in made)
        if reach < self.threshold:
            return None
        return dataclasses.replace(self, conditions=tuple(made))


def table(name: str) -> OwnTable:
    """Return a table of this plugin, whichever plugin asks for what is in it."""
    made: OwnTable = plugin_host.context_of(ID).table(name)
    return made


def in_force(known: catalog.Catalog) -> list[Rule]:
    """Return the rules that are in force, as far as a catalog has their types and fields."""
    found = (rule.within(known) for rule in _read(_body()))
    return [rule for rule in found if rule is not None]


def idle(known: catalog.Catalog) -> list[Rule]:
    """Return the rules of records that are in force nowhere: a type or fields are not there."""
    made = (_made(each, each["id"]) for each in _body() if each["active"])
    return [rule for rule in made if rule.within(known) is None]


def shipped() -> list[Rule]:
    """Return the rules that come along."""
    return [_made(each, None) for each in SHIPPED]


def _body() -> Sequence[dict[str, Any]]:
    rows = table("state").select({"name": _RULES}, limit=1)
    return rows[0]["body"] if rows else []


def _read(body: Iterable[dict[str, Any]]) -> list[Rule]:
    made = [(_made(each, each["id"]), each["active"]) for each in body]
    stood_for = {(rule.type, rule.against) for rule, _ in made}
    kept = [rule for rule in shipped() if (rule.type, rule.against) not in stood_for]
    return [*(rule for rule, active in made if active), *kept]


def _made(document: Mapping[str, Any], id_: int | None) -> Rule:
    conditions = []
    for each in document["conditions"]:
        fields = names(each["fields"])
        there = names(each["against_fields"]) or fields
        known = COMPARISONS.get(each["comparison"])
        if known is not None:
            conditions.append(Condition(fields, there, known, each["points"]))
    type_name = document["entity_type"]
    return Rule(
        document["name"], type_name, document["against"] or type_name, document["action"],
        document["threshold"], tuple(conditions), id_,
    )  # fmt: skip


def stood_for(type_name: str, against: str) -> bool:
    """Say whether a rule of records stands for the shipped ones for two types."""
    made = (_made(each, each["id"]) for each in _body())
    return any((rule.type, rule.against) == (type_name, against) for rule in made)


def document(rule: Rule) -> dict[str, Any]:
    """Return a rule as the record that says it."""
    return {
        "name": rule.name, "entity_type": rule.type, "action": rule.action,
        "threshold": rule.threshold, "active": True,
        "against": None if rule.against == rule.type else rule.against,
        "conditions": [
            {
                "fields": ", ".join(each.fields), "comparison": each.comparison.name,
                "points": each.points,
                "against_fields": None if each.there == each.fields else ", ".join(each.there),
            }
            for each in rule.conditions
        ],
    }  # fmt: skip


def names(text: str | None) -> tuple[str, ...]:
    """Return the names in a list parted by commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def keep() -> None:
    """Keep what the records of rules say by now."""
    actor = plugin_host.context_of(ID).as_plugin()
    asked = {"sort": ["id"], "limit": RULES}
    rules = query.page(query.from_json("duplicate_rule", asked, actor=actor)).records
    body = [{**_plain(rule, "name entity_type against action threshold active"), "conditions": []}
            for rule in rules]  # fmt: skip
    by_id = {rule["id"]: each for rule, each in zip(rules, body, strict=True)}
    # The first conditions of each: more than these are not looked at.
    asked = {"sort": ["position", "rule", "id"], "limit": _PAGE}
    page = query.page(query.from_json("duplicate_condition", asked, actor=actor))
    for each in page.records:
        held = by_id.get(each["rule"], {}).get("conditions")
        if held is not None and len(held) < CONDITIONS:
            held.append(_plain(each, "fields against_fields comparison points"))
    save_state(_RULES, body)


def _plain(record: Mapping[str, Any], wanted: str) -> dict[str, Any]:
    return {name: record[name] for name in ("id", *wanted.split())}


def save_state(name: str, body: Any) -> None:
    """Keep a document under a name."""
    state = table("state")
    rows = state.select({"name": name}, limit=1)
    if rows:
        state.update([{"id": rows[0]["id"], "body": body}])
    else:
        state.insert([{"name": name, "body": body}])


def state(name: str) -> Any:
    """Return the document that is kept under a name; None if there is none."""
    rows = table("state").select({"name": name}, limit=1)
    return rows[0]["body"] if rows else None
