"""Read a query from JSON, and the filters in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import available_timezones

from .. import access, db, types
from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..errors import RelatumError, nearest
from ..fields import Choice, Field, Refused, UserField, kind_of
from . import past, paths
from .terms import Aggregate, Asker, Condition, Filter, Has, Junction, Not, Query

LISTS: Final = ("sort", "fields", "expand", "group", "select")
FLAGS: Final = ("count", "trashed")
TEXTS: Final = ("after", "before", "tz", "as_of")
WORDS: Final = ("filter", "limit", *LISTS, *FLAGS, *TEXTS)
_SELECT = re.compile(r"(count|sum|avg|min|max)(?:\(([a-z0-9_.]{1,200})\))?")
MANY: Final = frozenset({"many", "pair"})


def over(base: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the words of a query laid over those of a view: both filters hold."""
    made = {**base, **{word: value for word, value in body.items() if value is not None}}
    filters = [words["filter"] for words in (base, body) if words.get("filter") is not None]
    if filters:
        made["filter"] = filters[0] if len(filters) == 1 else {"and": filters}
    return made


def bounded(words: dict[str, Any]) -> dict[str, Any]:
    """Return the words of a query that somebody sent, whose page is as large as a page may be.

    What code asks for itself may be larger. Raises `page_limit`.
    """
    limit, most = words.get("limit"), db.settings().page_limit
    if isinstance(limit, int) and limit > most:
        raise RelatumError("page_limit", value=limit, limit=most)
    return words


def seen_by(type_name: str, actor: Actor) -> Catalog:
    """Return the catalog as somebody sees it who reads records of a type."""
    access.require(actor, "read", f"records of '{type_name}'", type_name)
    return access.seen(actor)


def from_json(type_name: str, body: Any, *, actor: Actor) -> Query:
    """Return the query of a JSON object as an actor asks it; its words are `WORDS`.

    A `limit` that somebody sent is held to the most of a page by `bounded` (by `from_url` and
    `views.from_json` of themselves). What the actor does not see is unknown. Raises `forbidden`,
    and what `read` raises.
    """
    return read(seen_by(type_name, actor), type_name, body, actor=actor)


def read(known: Catalog, type_name: str, body: Any, *, actor: Actor) -> Query:
    """Return the query of a JSON object by a catalog, that of the actor or one to be.

    Raises `type_unknown`, `field_unknown`, `path_invalid`, `operator_unknown`, `operand_invalid`,
    `bad_filter`, `bad_parameter`, or the name of the limit that was passed.
    """
    entity_type = known.type(type_name)
    for word in body:
        if word not in WORDS:
            reason = f"it is not known here. Known: {', '.join(WORDS)}"
            raise RelatumError("bad_parameter", name=str(word)[:80], reason=reason)
    given = {word: value for word, value in body.items() if value is not None}
    reader = _Filters(known, entity_type)
    return Query(
        actor=actor,
        type=entity_type,
        filter=reader.read(given["filter"]) if "filter" in given else Junction(all=True, parts=()),
        sort=tuple(_list(given, "sort")),
        limit=_limit(given.get("limit")),
        fields=tuple(paths.read(known, entity_type, text) for text in _list(given, "fields")),
        expand=tuple(
            (name, known.inverse(type_name, name[:80])) for name in _list(given, "expand")
        ),
        group=tuple(
            paths.read(known, entity_type, text, parts=True) for text in _list(given, "group")
        ),
        select=tuple(_aggregate(known, entity_type, text) for text in _list(given, "select")),
        count=_flag(given, "count"),
        trashed=_flag(given, "trashed"),
        after=_text(given, "after"),
        before=_text(given, "before"),
        tz=_text(given, "tz"),
        as_of=_instant(given, known),
    )


def _list(given: dict[str, Any], word: str) -> list[str]:
    value = given.get(word, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise RelatumError("bad_parameter", name=word, reason="it must be a list of texts")
    if len(value) > db.settings().filter_values:
        raise RelatumError("filter_values", field=word, limit=db.settings().filter_values)
    return value


def _flag(given: dict[str, Any], word: str) -> bool:
    value = given.get(word, False)
    if not isinstance(value, bool):
        raise RelatumError("bad_parameter", name=word, reason="it must be true or false")
    return value


def _text(given: dict[str, Any], word: str) -> str | None:
    value = given.get(word)
    if value is not None and not isinstance(value, str):
        raise RelatumError("bad_parameter", name=word, reason="it must be text")
    if word == "tz" and value is not None and value not in available_timezones():
        near = nearest(value, sorted(available_timezones()))
        raise RelatumError("bad_parameter", name=word, reason=f"there is no such zone.{near}")
    return value


def _instant(given: dict[str, Any], known: Catalog) -> datetime | None:
    text = _text(given, "as_of")
    return None if text is None else past.instant(text, known=known)


def _limit(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise RelatumError("bad_parameter", name="limit", reason="it must be a whole number")
    if value < 1:
        raise RelatumError("page_limit", value=value, limit=db.settings().page_limit)
    return value


def _aggregate(known: Catalog, entity_type: EntityType, text: str) -> Aggregate:
    found = _SELECT.fullmatch(text)
    if found is None or (found[2] is None and found[1] != "count"):
        reason = "it takes count, count(field), sum(field), avg(field), min(field), max(field)"
        raise RelatumError("bad_parameter", name="select", reason=reason)
    function, name = found.groups()
    if name is None:
        return Aggregate(function, None, text)
    path = paths.read(known, entity_type, name)
    possible = _functions(path.field)
    if function not in possible:
        raise RelatumError(
            "not_aggregable",
            function=function,
            field=name,
            kind=path.field.kind,
            known=_works_on(function),
        )
    compared = path if function == "count" else paths.comparable(path, entity_type)
    return Aggregate(function, compared, text)


def _functions(field: Field) -> tuple[str, ...]:
    if field.aggregable:
        return ("count", "sum", "avg", "min", "max")
    if field.value_type in (types.DATE, types.INSTANT, types.TIME):
        return ("count", "min", "max")
    return ("count",)


def _works_on(function: str) -> str:
    return "numbers and money" if function in ("sum", "avg") else "numbers, money, dates, times"


def read_filter(known: Catalog, entity_type: EntityType, node: Any) -> Filter:
    """Return a filter of its JSON; raise what `read` raises of one."""
    return _Filters(known, entity_type).read(node)


class _Filters:
    """Reads filters of one query and counts them against the limits."""

    def __init__(self, known: Catalog, entity_type: EntityType) -> None:
        self.catalog, self.type = known, entity_type
        self.count = 0

    def read(self, node: Any, place: str = "filter", depth: int = 0) -> Filter:
        """Return a filter; `place` says where it stands in the JSON."""
        limit = db.settings().filter_depth
        if depth > limit:
            raise RelatumError("filter_depth", limit=limit)
        if not isinstance(node, dict):
            raise RelatumError("bad_filter", place=place, reason=f"{_WANTED}; got {kind_of(node)}")
        if set(node) == {"not"}:
            return Not(self.read(node["not"], f"{place}.not", depth + 1))
        for word in ("and", "or"):
            if set(node) == {word}:
                return self._junction(node[word], f"{place}.{word}", depth, all_=word == "and")
        if "has" in node:
            return self._has(node, place, depth)
        return self._condition(node, place)

    def _has(self, node: dict[str, Any], place: str, depth: int) -> Filter:
        if not set(node) <= {"has", "where"} or not isinstance(node["has"], str):
            raise RelatumError("bad_filter", place=place, reason=_WANTED)
        path, relation = paths.listed(self.catalog, self.type, node["has"])
        inner = _Filters(self.catalog, relation.type)
        inner.count = self.count
        where = inner.read(node.get("where", {"and": []}), f"{place}.where", depth + 1)
        self.count = inner.count
        return Has(path, relation, where)

    def _junction(self, nodes: Any, place: str, depth: int, *, all_: bool) -> Filter:
        if not isinstance(nodes, list):
            reason = f"it must be a list of filters; got {kind_of(nodes)}"
            raise RelatumError("bad_filter", place=place, reason=reason)
        parts = [self.read(n, f"{place}.{i}", depth + 1) for i, n in enumerate(nodes)]
        return Junction(all_, tuple(parts))

    def _condition(self, node: dict[str, Any], place: str) -> Filter:
        if not {"field", "value"} <= set(node) <= {"field", "op", "value"}:
            raise RelatumError("bad_filter", place=place, reason=_WANTED)
        text, operator = node["field"], node.get("op", "")
        if not isinstance(text, str) or not isinstance(operator, str):
            raise RelatumError("bad_filter", place=place, reason="field and op must be text")
        self.count += 1
        limit = db.settings().filter_conditions
        if self.count > limit:
            raise RelatumError("filter_conditions", limit=limit)
        path = paths.read(self.catalog, self.type, text)
        operator = operator if "op" in node else path.field.value_type.plain
        known = path.field.operators
        if operator not in known:
            raise RelatumError(
                "operator_unknown",
                field=text,
                kind=path.field.kind,
                operator=operator[:40],
                known=", ".join(known),
            )
        operand = _operand(path.field, text, operator, node["value"])
        if operator == "empty":
            empty = Condition(path, "empty", operand=True)
            return empty if operand else Not(empty)
        if operator == "has_all":
            return Junction(all=True, parts=tuple(Condition(path, "has", v) for v in operand))
        if operator == "has_none":
            return Not(Condition(path, "has_any", operand))
        return Condition(path, operator, operand)


_WANTED: Final = (
    'it must be {"field": NAME, "op": OPERATOR, "value": VALUE}, {"and": [...]}, '
    '{"or": [...]}, {"not": {...}} or {"has": LIST, "where": {...}}'
)


def _operand(field: Field, text: str, operator: str, value: Any) -> Any:
    takes = types.OPERATORS[operator].operands
    if takes == "flag":
        if not isinstance(value, bool):
            raise RelatumError("operand_invalid", field=text, reason="must be true or false")
        return value
    if takes not in MANY:
        return _one(field, text, operator, value)
    if not isinstance(value, list) or not value or (takes == "pair" and len(value) != 2):
        wanted = "two values" if takes == "pair" else "a list of at least one value"
        raise RelatumError("operand_invalid", field=text, reason=f"{operator} takes {wanted}")
    limit = db.settings().filter_values
    if len(value) > limit:
        raise RelatumError("filter_values", field=text, limit=limit)
    if operator == "category":
        return tuple(_category(field, text, item) for item in value)
    return tuple(_one(field, text, operator, item) for item in value)


def _one(field: Field, text: str, operator: str, value: Any) -> Any:
    if value is None or value == "":
        reason = "an empty value is not compared; use the operator empty"
        raise RelatumError("operand_invalid", field=text, reason=reason)
    if value == Asker.ME.value and isinstance(field, UserField):
        return Asker.ME
    try:
        operand = field.operand(value)
    except Refused as refused:
        raise RelatumError("operand_invalid", field=text, reason=refused.problem.message) from None
    if operand == "" or (operator in types.FOLDED and not field.arguments(operator, operand)[0]):
        raise RelatumError("operand_invalid", field=text, reason=f"{operator} needs some text")
    return operand


def _category(field: Field, text: str, value: Any) -> str:
    assert isinstance(field, Choice)
    known: Sequence[str] = sorted({o.category for o in field.options if o.category})
    if value not in known:
        near = nearest(value, list(known)) if isinstance(value, str) else ""
        listed = ", ".join(known) or "none"
        reason = f"'{str(value)[:40]}' is not a category of its options ({listed}).{near}"
        raise RelatumError("operand_invalid", field=text, reason=reason)
    return str(value)
