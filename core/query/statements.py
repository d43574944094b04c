"""Statements made once per shape: building one takes longer than running it (kernel T18)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from ..catalog import EntityType

#: Statements remembered per entity type.
_REMEMBERED = 64

_statements: WeakKeyDictionary[EntityType, OrderedDict[Any, Any]] = WeakKeyDictionary()


def remembered(entity_type: EntityType, shape: Any, make: Callable[[], Any]) -> Any:
    """Return what was made for a shape before, or make it; the least used is forgotten."""
    known = _statements.setdefault(entity_type, OrderedDict())
    found = known.get(shape)
    if found is None:
        found = known[shape] = make()
        if len(known) > _REMEMBERED:
            known.popitem(last=False)
    return found
