"""Records that a filter names: `account = 4`, `id in [4, 7]`, also within the lists of records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ..catalog import Catalog, EntityType
from ..errors import RelatumError
from ..fields import Link, RecordId
from . import paths

#: Operators whose operands are records.
_OF_RECORDS: Final = frozenset({"eq", "ne", "in", "nin", "under", "above"})


def renamed(
    known: Catalog, entity_type: EntityType, node: Any, called: Callable[[int], int]
) -> Any:
    """Return a filter in which each record has the id that `called` says; the rest stays."""
    if not isinstance(node, dict):
        return node
    made = dict(node)
    for word in ("and", "or"):
        if isinstance(node.get(word), list):
            made[word] = [renamed(known, entity_type, each, called) for each in node[word]]
    if "not" in node:
        made["not"] = renamed(known, entity_type, node["not"], called)
    try:
        if "where" in node:
            inner = paths.listed(known, entity_type, str(node.get("has")))[1].type
            made["where"] = renamed(known, inner, node["where"], called)
        elif "value" in node and node.get("op", "eq") in _OF_RECORDS:
            field = paths.read(known, entity_type, str(node.get("field"))).field
            if isinstance(field, (Link, RecordId)):
                made["value"] = _value(node["value"], called)
    except RelatumError:
        return node  # what it asks for is gone; whoever asks it says so
    return made


def _value(value: Any, called: Callable[[int], int]) -> Any:
    """Return what a condition names; a word, such as me, is no record."""
    if isinstance(value, list):
        return list(dict.fromkeys(_value(each, called) for each in value))
    return called(value) if isinstance(value, int) else value
