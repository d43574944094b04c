"""Read a query from an address. It becomes JSON first, so both agree."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from .. import types
from ..actor import Actor
from ..catalog import Catalog, EntityType
from ..errors import RelatumError
from ..fields import Field
from . import paths
from .parse import FLAGS, LISTS, MANY, TEXTS, WORDS, bounded, from_json, over, seen_by
from .terms import Query

_WHOLE: Final = re.compile(r"-?[0-9]{1,16}")
#: Operands that an address writes with commas.
_PARTED: Final = MANY | {"circle"}


def from_url(
    type_name: str,
    args: Iterable[tuple[str, str]],
    *,
    actor: Actor,
    base: Mapping[str, Any] | None = None,
) -> Query:
    """Return the query of an address; `base` holds the words of a view that it is laid over.

    Raises what `from_json` raises, and `bad_parameter`.
    """
    given = over(base or {}, words(type_name, args, actor=actor))
    return from_json(type_name, given, actor=actor)


def words(type_name: str, args: Iterable[tuple[str, str]], *, actor: Actor) -> dict[str, Any]:
    """Return the words of the query of an address, as JSON has them.

    Words with an underscore steer, the rest filters. Raises `type_unknown`, `field_unknown`,
    `path_invalid` and `bad_parameter`.
    """
    known = seen_by(type_name, actor)
    entity_type = known.type(type_name)
    body: dict[str, Any] = {}
    parts: list[Any] = []
    seen: set[str] = set()
    for name, text in args:
        if name in seen:
            reason = "it stands twice. Use one, or an operator that takes several: field__in=a,b"
            raise RelatumError("bad_parameter", name=name[:80], reason=reason)
        seen.add(name)
        if name == "_filter":
            parts.append(_json(text))
        elif name.startswith("_"):
            body[name[1:]] = _word(name, text)
        else:
            parts.append(_pair(known, entity_type, name, text))
    if parts:
        body["filter"] = {"and": parts}
    return body


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RelatumError("bad_parameter", name="_filter", reason=f"not JSON: {error}") from None


def _word(name: str, text: str) -> Any:
    word = name[1:]
    if word in LISTS:
        return [part.strip() for part in text.split(",") if part.strip()]
    if word in FLAGS:
        if text not in ("0", "1", "true", "false"):
            raise RelatumError("bad_parameter", name=name, reason="it must be 1 or 0")
        return text in ("1", "true")
    if word == "limit":
        if not _WHOLE.fullmatch(text):
            raise RelatumError("bad_parameter", name=name, reason="it must be a whole number")
        return bounded({word: int(text)})[word]
    if word in TEXTS:
        return text
    listed = ", ".join(f"_{known}" for known in WORDS)
    reason = f"it is not known here. Known: {listed}; fields have no underscore in front"
    raise RelatumError("bad_parameter", name=name[:80], reason=reason)


def _pair(known: Catalog, entity_type: EntityType, name: str, text: str) -> dict[str, Any]:
    path, _, operator = name.partition("__")
    field = paths.read(known, entity_type, path).field
    operator = operator or field.value_type.plain
    takes = types.OPERATORS[operator].operands if operator in types.OPERATORS else "one"
    value: Any
    if takes == "flag":
        value = {"1": True, "true": True, "0": False, "false": False}.get(text, text)
    elif takes in _PARTED:
        value = [_typed(field, part) for part in next(csv.reader([text]), [])]
    else:
        value = _typed(field, text)
    return {"field": path, "op": operator, "value": value}


def _typed(field: Field, text: str) -> Any:
    """Return the JSON value that a text of an address stands for."""
    if field.value_type in (types.INTEGER, types.REFERENCE) and _WHOLE.fullmatch(text):
        return int(text)
    if field.value_type is types.BOOLEAN:
        return {"1": True, "true": True, "0": False, "false": False}.get(text, text)
    return text
