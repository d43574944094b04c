"""Cursors: a signed position in one query's order. Nothing in them can be forged or re-used."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from .. import types
from ..catalog import Catalog
from ..errors import RelatumError
from .terms import Query, SortKey

Position = tuple[Any, ...]


def digest(query: Query, keys: Sequence[SortKey]) -> str:
    """Return what a cursor belongs to: the filter with its values, and the order.

    A change of the data model that leaves both alone leaves cursors valid.
    """
    order = [
        (
            key.path.text,
            key.path.field.id,
            key.descending,
            [o.value for o in key.path.field.options],
        )
        for key in keys
    ]
    seen = (query.type.id, _plain(query.filter), query.trashed, order, query.as_of)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def _plain(node: Any) -> Any:
    if hasattr(node, "operator"):
        return (node.path.text, node.path.field.id, node.operator, str(node.operand))
    if hasattr(node, "where"):
        return (node.path.text, node.relation.link.id, _plain(node.where))
    if hasattr(node, "parts"):
        return (node.all, [_plain(part) for part in node.parts])
    return ("not", _plain(node.part))


def write(catalog: Catalog, digested: str, keys: Sequence[SortKey], position: Position) -> str:
    """Return the cursor of a position: the values that a row is ordered by."""
    values = [_dumped(value) for value in position]
    return str(_serializer(catalog).dumps([digested, values]))


def read(catalog: Catalog, digested: str, keys: Sequence[SortKey], text: str) -> Position:
    """Return the position of a cursor; raise `bad_cursor` or `cursor_expired`."""
    try:
        found, values = _serializer(catalog).loads(text)
    except (BadSignature, ValueError, TypeError):
        raise RelatumError("bad_cursor") from None
    if found != digested or len(values) != len(keys):
        raise RelatumError("cursor_expired")
    return tuple(
        types.loaded(key.path.field.value_type, value)
        for key, value in zip(keys, values, strict=True)
    )


def _serializer(catalog: Catalog) -> URLSafeSerializer:
    return URLSafeSerializer(catalog.settings["secret_key"], salt="relatum.cursor")


def _dumped(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value
