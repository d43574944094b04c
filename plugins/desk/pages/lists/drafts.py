"""A filter that is being made: rows and groups of a form, complete or not yet."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final

from relatum import RelatumError, catalog, fields, query

from ... import ui, values, words
from ...words import translated
from . import filters
from .filters import ALL, ANY, Condition, Group, Has, Node

CONDITION, GROUP, HAS = "c", "g", "h"
#: Groups in groups that the form offers.
DEPTH: Final = 4
#: Comparisons of the form's own, as the query has them.
_OWN: Final[dict[str, tuple[str, Any]]] = {
    "empty": ("empty", True), "filled": ("empty", False),
    "is_me": ("eq", filters.ME), "not_me": ("ne", filters.ME),
}  # fmt: skip


@dataclass(slots=True)
class Draft:
    """A row or a group of the form, complete or not yet."""

    kind: str
    #: The type whose records it is about.
    scope: catalog.EntityType
    number: int = 0
    how: str = ALL
    relation: str = ""
    there: bool = True
    parts: list[Draft] = field(default_factory=list)
    path: str = ""
    operator: str = ""
    values: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    problem: str | None = None
    #: Whether the focus goes there.
    new: bool = False

    @property
    def inner(self) -> catalog.EntityType:
        """The type that its parts are about."""
        if self.kind != HAS or not self.relation:
            return self.scope
        return filters.relation(self.scope, self.relation).type

    @property
    def field(self) -> fields.Field | None:
        """The field that is compared."""
        return values.path(self.scope, self.path)[-1] if self.path else None

    @property
    def relations(self) -> list[tuple[str, str]]:
        """The lists of records that can be asked for: name and label."""
        known = words.known()
        names = list(known.inverses(self.scope.name))
        for link in self.scope.lookups:
            if link.owner != "system":
                names += [f"{link.name}.{name}" for name in known.inverses(link.target)]
        if self.relation and self.relation not in names:
            names.append(self.relation)
        return [(name, filters.relation_label(self.scope, name)) for name in names]

    @property
    def offers(self) -> bool:
        """Whether there are lists of records that can be asked for."""
        return bool(Draft(HAS, self.inner).relations)

    @property
    def operators(self) -> list[tuple[str, str]]:
        """The comparisons that the field knows, each with what people call it."""
        found = self.field
        if found is None:
            return []
        names = list(found.operators)
        if "empty" in names:
            names += ["filled"]
        if isinstance(found, fields.UserField):
            names = ["is_me", "not_me", *names]
        if "category" in names and not categories(found):
            names.remove("category")
        return [(name, words.operator(name, found.value_type.name)) for name in names]

    @property
    def control(self) -> str:
        """How the value is given: the name of a control of the template."""
        found = self.field
        if found is None or self.operator in words.WITHOUT_VALUE:
            return "none"
        if self.operator == "near":
            return "circle"
        if found.options:
            return "options" if self.operator in filters.MANY else "option"
        if filters.target_of(self.scope, self.path, self.operator) is not None:
            return "records" if self.operator in filters.MANY else "record"
        known = values.kind(found)
        if known == "boolean":
            return "boolean"
        if known in ("date", "datetime") and self.operator not in filters.MANY:
            return "moment"
        return "texts" if self.operator in filters.MANY else "text"

    @property
    def target(self) -> str | None:
        """The type of the records that it is compared with."""
        return filters.target_of(self.scope, self.path, self.operator)

    @property
    def places(self) -> int:
        """How many values it takes side by side."""
        return {"between": 2, "near": 3}.get(self.operator, 1)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The options that can be compared with, or their categories."""
        found = self.field
        if found is None:
            return []
        if self.operator == "category":
            return [(name, filters.category_label(name)) for name in categories(found)]
        return [(option.value, option.label) for option in found.options]

    @property
    def texts(self) -> str:
        """The values as one text."""
        out = StringIO()
        csv.writer(out, lineterminator="").writerow(self.values)
        return out.getvalue() if self.values else ""

    def steps(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Yield what was chosen at each step of the path, and what can be: name and label."""
        return steps(self.scope, self.path)


def categories(found: fields.Field) -> list[str]:
    """Return the categories of a field's options, in their order."""
    return list(dict.fromkeys(o.category for o in found.options if o.category))


def steps(
    entity_type: catalog.EntityType, path: str, *, whole: bool = True
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what was chosen at each step of a path, and what can be chosen there.

    Behind a link come the fields of what it leads to, behind a composite field its members;
    `whole` lets the first step choose what can be compared only.
    """
    at: catalog.EntityType | None = entity_type
    names = path.split(".") if path else []
    offered = [(f.name, f.label) for f in entity_type.fields.values() if f.operators or not whole]
    for place in range(len(names) + 1):
        chosen = names[place] if place < len(names) else ""
        yield chosen, offered
        if not chosen:
            return
        last = values.path(entity_type, ".".join(names[: place + 1]))[-1]
        if last.members:
            offered = [(n, values.member_label(last, member)) for n, member in last.members.items()]
            at = None
        elif isinstance(last, fields.Lookup) and at is not None and place < DEPTH - 1:
            at = words.known().type(last.target)
            offered = [(f.name, f.label) for f in at.fields.values() if f.operators or not whole]
        else:
            return


def joined(entity_type: catalog.EntityType, chosen: list[str]) -> str:
    """Return the path of the steps that were chosen, as far as they lead anywhere."""
    path = ""
    for name in chosen:
        longer = f"{path}.{name}" if path else name
        if not name or not _leads(entity_type, longer):
            break
        path = longer
    return path


def _leads(entity_type: catalog.EntityType, path: str) -> bool:
    try:
        values.path(entity_type, path)
    except RelatumError:
        return False
    return True


# -- from a filter, and back --------------------------------------------------------------------
def drafted(entity_type: catalog.EntityType, parts: tuple[Node, ...]) -> Draft:
    """Return the form of a filter."""
    if len(parts) == 1 and isinstance(parts[0], Group) and parts[0].how == ANY:
        return _drafted(entity_type, parts[0])
    return _drafted(entity_type, Group(ALL, parts))


def _drafted(scope: catalog.EntityType, node: Node) -> Draft:
    if isinstance(node, Group):
        parts = [_drafted(scope, part) for part in node.parts]
        return Draft(GROUP, scope, how=node.how, parts=parts)
    if isinstance(node, Has):
        inner = filters.relation(scope, node.relation).type
        parts = [_drafted(inner, part) for part in node.where.parts]
        return Draft(
            HAS, scope, how=node.where.how, relation=node.relation, there=node.there, parts=parts
        )
    made = Draft(CONDITION, scope, path=node.path)
    made.operator = filters.as_operator(node.operator, node.value)
    given = node.value if isinstance(node.value, list) else [node.value]
    if made.operator in words.WITHOUT_VALUE:
        given = []
    made.values = [str(v).lower() if isinstance(v, bool) else str(v) for v in given]
    if made.control == "moment":
        found = [filters.relative(text) for text in made.values]
        made.units = [unit[0] if unit else "date" for unit in found]
        made.values = [
            text if unit is None else str(unit[1] or "")
            for text, unit in zip(made.values, found, strict=True)
        ]
    return made


def node_of(draft: Draft) -> Node | None:
    """Return the filter of a form; None of what says nothing. Notes what is wrong in it."""
    if draft.kind == CONDITION:
        return _condition(draft)
    parts = tuple(node for part in draft.parts if (node := node_of(part)) is not None)
    if draft.kind == HAS:
        return Has(draft.relation, draft.there, Group(draft.how, parts)) if draft.relation else None
    if len(parts) == 1 and draft.how in (ALL, ANY):
        return parts[0]
    return Group(draft.how, parts) if parts else None


def _condition(draft: Draft) -> Condition | None:
    found = draft.field
    if found is None:
        return None
    if draft.operator in _OWN:
        return Condition(draft.path, *_OWN[draft.operator])
    given = _given(draft)
    if not given or len(given) < draft.places:
        draft.problem = translated("Give a value, or take this row away.")
        return None
    value = given if draft.operator in filters.LISTS else given[0]
    made = Condition(draft.path, draft.operator, value)
    try:
        query.from_json(draft.scope.name, {"filter": filters.as_json(made)}, actor=ui.actor())
    except RelatumError as error:
        draft.problem = words.said(error)
    return made


def _given(draft: Draft) -> list[Any]:
    """Return the values of a row as JSON; those that are missing are left out."""
    found = draft.field
    assert found is not None
    texts = [text.strip() for text in draft.values]
    if draft.control == "moment":
        return _moments(draft, texts)
    if draft.control == "texts":
        texts = [part.strip() for text in texts for part in next(csv.reader([text]), [])]
    elif draft.control == "boolean":
        return [text == "true" for text in texts if text]
    whole = found.value_type.name in ("integer", "reference")
    return [int(t) if whole and t.lstrip("-").isdecimal() else t for t in texts if t]


def _moments(draft: Draft, texts: list[str]) -> list[str]:
    found, given = draft.field, []
    units = [*draft.units, *["date"] * len(texts)]
    for text, unit in zip(texts, units, strict=False):
        if unit in ("today", "now"):
            given.append(unit)
        elif unit != "date" and text.isdecimal():
            base = "now" if unit[1] in "hm" else "today"
            given.append(f"{base}{unit[0]}{text}{unit[1]}")
        elif unit == "date" and text:
            is_instant = found is not None and values.kind(found) == "datetime"
            given.append(words.from_local(text) if is_instant and len(text) > 10 else text)
    return given
