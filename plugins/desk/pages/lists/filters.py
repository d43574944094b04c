"""Filters as people see them: conditions in groups, in words and as words of an address."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

import orjson

from relatum import catalog, fields

from ... import values, words
from ...words import translated

Args = list[tuple[str, str]]
#: Comparisons with several values.
MANY: Final = frozenset({"in", "nin", "has_any", "has_all", "has_none", "category"})
#: All comparisons whose value is a list.
LISTS: Final = MANY | {"between", "near"}
ME: Final = "me"
#: Days and instants in relation to now, as the query takes them.
_RELATIVE: Final = re.compile(r"(today|now)(?:([+-])([0-9]{1,4})([dhm]))?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; `value` is JSON."""

    path: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Group:
    """Several filters; `how` says which of them must hold: all, any, none, or not all."""

    how: str
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """Whether there are records that point here and meet a filter."""

    relation: str
    there: bool
    where: Group


Node = Condition | Group | Has
ALL, ANY, NONE, NOT_ALL = HOWS = ("all", "any", "none", "not_all")
NOTHING: Final = Group(ALL, ())


# -- JSON -------------------------------------------------------------------------------------
def parts(entity_type: catalog.EntityType, node: Any) -> tuple[Node, ...]:
    """Return what must hold all together, of the JSON of a filter that was checked."""
    if node is None:
        return ()
    found = read(entity_type, node)
    return tuple(_flat(found))


def _flat(node: Node) -> Iterator[Node]:
    if isinstance(node, Group) and node.how == ALL:
        for part in node.parts:
            yield from _flat(part)
    else:
        yield node


def read(entity_type: catalog.EntityType, node: Any) -> Node:
    """Return a filter of its JSON, which was checked."""
    match node:
        case {"and": some}:
            return Group(ALL, tuple(read(entity_type, part) for part in some))
        case {"or": some}:
            return Group(ANY, tuple(read(entity_type, part) for part in some))
        case {"not": part}:
            return _negated(read(entity_type, part))
        case {"has": name}:
            where = read(relation(entity_type, name).type, node.get("where", {"and": []}))
            return Has(name, there=True, where=_group(where))
    plain = values.path(entity_type, node["field"])[-1].value_type.plain
    return Condition(node["field"], node.get("op", plain), node["value"])


def _group(node: Node) -> Group:
    return node if isinstance(node, Group) else Group(ALL, (node,))


def _negated(node: Node) -> Node:
    if isinstance(node, Has):
        return Has(node.relation, not node.there, node.where)
    if isinstance(node, Group) and node.how in (ANY, ALL):
        return Group(NONE if node.how == ANY else NOT_ALL, node.parts)
    return Group(NONE, (node,))


def as_json(node: Node) -> dict[str, Any]:
    """Return the JSON of a filter."""
    if isinstance(node, Condition):
        return {"field": node.path, "op": node.operator, "value": node.value}
    if isinstance(node, Has):
        made: dict[str, Any] = {"has": node.relation}
        if node.where.parts:
            made["where"] = as_json(node.where)
        return made if node.there else {"not": made}
    inner = [as_json(part) for part in node.parts]
    made = {"or" if node.how in (ANY, NONE) else "and": inner}
    return {"not": made} if node.how in (NONE, NOT_ALL) else made


def whole(some: Sequence[Node]) -> dict[str, Any] | None:
    """Return the JSON of filters that must all hold; None if there are none."""
    if not some:
        return None
    return as_json(some[0]) if len(some) == 1 else as_json(Group(ALL, tuple(some)))


def relation(entity_type: catalog.EntityType, name: str) -> catalog.Relation:
    """Return the link of records that point to a type, or to what its links lead to."""
    known, at = words.known(), entity_type
    *links, last = name.split(".")
    for link in links:
        field = at.field(link)
        assert isinstance(field, fields.Lookup)
        at = known.type(field.target)
    return known.inverse(at.name, last)


# -- an address -------------------------------------------------------------------------------
def is_filter(word: str) -> bool:
    """Say whether a word of an address narrows the list."""
    return word == "_filter" or not word.startswith("_")


def as_words(entity_type: catalog.EntityType, some: Iterable[Node]) -> Args:
    """Return filters as words of an address: short ones, and the rest in one `_filter`."""
    short: dict[str, str] = {}
    rest: list[Node] = []
    for node in some:
        word = _word(entity_type, node) if isinstance(node, Condition) else None
        if word is None or word[0] in short:
            rest.append(node)
        else:
            short[word[0]] = word[1]
    made = list(short.items())
    if (left := whole(rest)) is not None:
        made.append(("_filter", orjson.dumps(left).decode()))
    return made


def _word(entity_type: catalog.EntityType, node: Condition) -> tuple[str, str] | None:
    text = _text(node.operator, node.value)
    if not text:
        return None
    plain = values.path(entity_type, node.path)[-1].value_type.plain
    return node.path if node.operator == plain else f"{node.path}__{node.operator}", text


def _text(operator: str, value: Any) -> str | None:
    """Return a value as an address writes it; None if only JSON can."""
    if isinstance(value, list):
        if not all(isinstance(part, (str, int, float)) for part in value):
            return None
        out = StringIO()
        csv.writer(out, lineterminator="").writerow([_scalar(part) for part in value])
        return out.getvalue()
    if operator == "empty":
        return "1" if value else "0"
    return _scalar(value) if isinstance(value, (str, int, float)) else None


def _scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- words of people --------------------------------------------------------------------------
Labels = dict[str, dict[str, Any]]


def pointed_to(entity_type: catalog.EntityType, some: Iterable[Node]) -> dict[str, set[int]]:
    """Return the ids that filters name, by the type that their link leads to."""
    found: dict[str, set[int]] = {}
    for node in some:
        if isinstance(node, Has):
            inner = pointed_to(relation(entity_type, node.relation).type, (node.where,))
        elif isinstance(node, Group):
            inner = pointed_to(entity_type, node.parts)
        else:
            inner = _pointed(entity_type, node)
        for target, ids in inner.items():
            found.setdefault(target, set()).update(ids)
    return found


def _pointed(entity_type: catalog.EntityType, node: Condition) -> dict[str, set[int]]:
    target = target_of(entity_type, node.path, node.operator)
    given = node.value if isinstance(node.value, list) else [node.value]
    ids = {int(v) for v in given if isinstance(v, (int, str)) and str(v).isdecimal()}
    return {target: ids} if target is not None and ids else {}


def target_of(entity_type: catalog.EntityType, path: str, operator: str) -> str | None:
    """Return the type whose records a comparison takes; None if it takes none of one type."""
    found = values.path(entity_type, path)
    if isinstance(found[-1], fields.Lookup):
        return found[-1].target
    if found[-1].name != "id" or operator not in ("under", "above"):
        return None
    before = found[-2] if len(found) > 1 else None
    return before.target if isinstance(before, fields.Lookup) else entity_type.name


def said(entity_type: catalog.EntityType, node: Node, labels: Labels) -> str:
    """Return a filter in words."""
    if isinstance(node, Condition):
        return " ".join(part for part in condition_said(entity_type, node, labels) if part)
    if isinstance(node, Has):
        there = relation(entity_type, node.relation)
        name = relation_label(entity_type, node.relation)
        text = (
            translated("has {records}", records=name)
            if node.there
            else translated("has no {records}", records=name)
        )
        if not node.where.parts:
            return text
        return f"{text} {translated('where')} {_group_said(there.type, node.where, labels)}"
    return _group_said(entity_type, node, labels)


def _group_said(entity_type: catalog.EntityType, group: Group, labels: Labels) -> str:
    joint = translated("or") if group.how in (ANY, NONE) else translated("and")
    texts = [
        f"({said(entity_type, part, labels)})"
        if isinstance(part, Group) and len(part.parts) > 1
        else said(entity_type, part, labels)
        for part in group.parts
    ]
    joined = f" {joint} ".join(texts)
    if group.how not in (NONE, NOT_ALL):
        return joined
    return f"{translated('not')} ({joined})"


def condition_said(
    entity_type: catalog.EntityType, node: Condition, labels: Labels
) -> tuple[str, str, str]:
    """Return what is compared, how, and with what, in words."""
    field = values.path(entity_type, node.path)[-1]
    operator = as_operator(node.operator, node.value)
    value = "" if operator in words.WITHOUT_VALUE else value_said(field, node, labels)
    return (
        values.heading(entity_type, node.path),
        words.operator(operator, field.value_type.name),
        value,
    )


def as_operator(operator: str, value: Any) -> str:
    """Return a comparison as people choose it: what is not empty is one of its own."""
    if operator == "empty":
        return "empty" if value else "filled"
    if value == ME and operator in ("eq", "ne"):
        return "is_me" if operator == "eq" else "not_me"
    return operator


def value_said(field: fields.Field, node: Condition, labels: Labels) -> str:
    """Return the value of a comparison in words."""
    given = node.value if isinstance(node.value, list) else [node.value]
    shown = [_one_said(field, node.operator, each, labels) for each in given]
    if node.operator == "between":
        return f" {translated('and')} ".join(shown)
    return ", ".join(shown)


def _one_said(field: fields.Field, operator: str, value: Any, labels: Labels) -> str:
    text = _scalar(value)
    if operator == "category":
        return category_label(text)
    if field.options:
        return next((o.label for o in field.options if o.value == text), text)
    if isinstance(field, fields.Lookup):
        if text == ME:
            return translated("me")
        return str(labels.get(text, {}).get("label", text))
    known = values.kind(field)
    if known == "boolean":
        return translated("yes") if text == "true" else translated("no")
    if known in ("date", "datetime"):
        return moment_said(text)
    return text


def category_label(category: str) -> str:
    """Return what people read for a category of options."""
    plain = category.replace("_", " ").capitalize()
    return translated(words.CATEGORIES.get(category, plain))


def relative(text: str) -> tuple[str, int] | None:
    """Return the unit and the number of a moment in relation to now; None of any other.

    `today` and `now` are units of no number; `-d`, `+d`, `-h`, `+h`, `-m`, `+m` have one.
    """
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return None
    base, sign, count, unit = found.groups()
    return (f"{sign}{unit}", int(count)) if count else (base, 0)


def moment_said(text: str) -> str:
    """Return a date or an instant, or one in relation to now, in words."""
    found = relative(text)
    if found is not None:
        unit, count = found
        return translated(words.MOMENTS[unit], count=count)
    try:
        return words.day(text) if len(text) == 10 else words.instant(text)
    except ValueError:
        return text


def relation_label(entity_type: catalog.EntityType, name: str) -> str:
    """Return what the records are called that point to a type, or to what a link leads to."""
    *links, last = name.split(".")
    known, at = words.known(), entity_type
    for link in links:
        field = at.field(link)
        assert isinstance(field, fields.Lookup)
        at = known.type(field.target)
    label = values.relation_label(at.name, last)
    before = values.heading(entity_type, ".".join(links)) if links else ""
    return f"{before} › {label}" if before else label
