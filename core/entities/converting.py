"""The rows of a field whose type is being changed: converted in chunks, from where it got to."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from .. import catalog, db, faults
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Conversion, Field, Refused
from . import existing

#: Rows of one chunk that converts; a chunk holds their locks for less than a second.
CHUNK = 5_000
_FIELDS = sa.table("core_field", sa.column("id"), sa.column("conversion"))
#: A chunk that took longer than so many seconds is followed by a smaller one.
_LONG: Final = 0.4


class Progress(NamedTuple):
    """How far a change of type has come: rows done, rows when it began."""

    old: str
    new: str
    done: int
    total: int
    filled: bool


def possible(new: Field) -> list[str]:
    """Return the answers that say what values that do not fit become."""
    default = ["default"] if new.default is not None and new.default not in new.DEFAULTS else []
    return [*([] if new.required else ["clear"]), *default, '{"fill": VALUE}']


def convert(
    entity_type: EntityType, conversion: Conversion, after: int, limit: int
) -> tuple[int, int]:
    """Fill the new columns of the next rows after an id, in the open transaction.

    Returns the last id and the count, 0 at the end. Raises `retype_lossy` of a value that does
    not fit. The rows are locked, so that a writer's newer value is not overwritten.
    """
    connection, table = db.for_writing().connection, entity_type.table
    query = (
        sa.select(table.c.id, table.c[conversion.old.column])
        .where(table.c.id > after)
        .order_by(table.c.id)
        .limit(limit)
        .with_for_update()
    )
    rows = connection.execute(query).all()
    if not rows:
        return after, 0
    made: dict[Any, list[int]] = {}
    for id_, value in rows:
        made.setdefault(value, []).append(id_)
    parameters = [
        {"_id": id_, **columns}
        for value, ids in made.items()
        for columns in [_columns(conversion, value, ids)]
        for id_ in ids
        if value is not None
    ]
    if parameters:
        values: dict[str, Any] = {name: sa.bindparam(name) for name in conversion.names}
        statement = sa.update(table).where(table.c.id == sa.bindparam("_id")).values(values)
        connection.execute(statement, parameters)
    return int(rows[-1][0]), len(rows)


def _columns(conversion: Conversion, value: Any, ids: list[int]) -> dict[str, Any]:
    try:
        return conversion.columns(value)
    except Refused as refused:
        answers = " or ".join(possible(conversion.new))
        raise RelatumError(
            "retype_lossy", count=len(ids), id=ids[0], first=refused.problem.message,
            answers=answers,
        ) from None  # fmt: skip


def advance(type_name: str, field_name: str, limit: int = CHUNK) -> Progress:
    """Convert the next rows of a running change of type in the open transaction.

    Where it got to is stored with it, so a killed conversion goes on where it was. Raises
    `retype_not_running` if it was cancelled, `retype_lossy` of a value that does not fit.
    """
    entity_type, shadow = _running(type_name, field_name)
    connection = db.for_writing().connection
    query = sa.select(_FIELDS.c.conversion).where(_FIELDS.c.id == shadow.new.id)
    said = orjson.loads(connection.execute(query.with_for_update()).scalar_one())
    if said["total"] is None:
        said["total"] = existing.count_rows(connection, entity_type, trashed=True)
    if not said.get("filled"):
        last, count = convert(entity_type, shadow, said.get("after", 0), limit)
        faults.point("retype.after_rows")
        said = {**said, "after": last, "done": said.get("done", 0) + count, "filled": not count}
        statement = sa.update(_FIELDS).where(_FIELDS.c.id == shadow.new.id)
        connection.execute(statement.values(conversion=orjson.dumps(said).decode()))
    return _progress(shadow, said)


def pace(limit: int, seconds: float) -> int:
    """Return how many rows the next chunk should convert, after one that took so long."""
    if seconds > _LONG:
        return max(limit // 2, 100)
    return min(limit * 2, CHUNK) if seconds < _LONG / 4 else limit


def progress(type_name: str, field_name: str) -> Progress:
    """Say how far a change of type has come; raise `retype_not_running`."""
    _, shadow = _running(type_name, field_name)
    query = sa.select(_FIELDS.c.conversion).where(_FIELDS.c.id == shadow.new.id)
    return _progress(shadow, orjson.loads(db.current().connection.execute(query).scalar_one()))


def running(type_name: str, field_name: str) -> bool:
    """Say whether the type of a field is being changed."""
    entity_type = catalog.current().types.get(type_name)
    shadows = entity_type.shadows if entity_type is not None else ()
    return any(shadow.old.name == field_name for shadow in shadows)


def _running(type_name: str, field_name: str) -> tuple[EntityType, Conversion]:
    entity_type = catalog.current().type(type_name)
    for shadow in entity_type.shadows:
        if shadow.old.name == field_name:
            return entity_type, shadow
    raise RelatumError("retype_not_running", what=f"{type_name}.{field_name}")


def _progress(shadow: Conversion, said: dict[str, Any]) -> Progress:
    return Progress(
        shadow.old.kind, shadow.new.kind, said.get("done", 0), said["total"] or 0,
        filled=bool(said.get("filled")),
    )  # fmt: skip


def convert_all(entity_type: EntityType, conversion: Conversion) -> None:
    """Fill the new columns of every row in the open transaction."""
    after, count = convert(entity_type, conversion, 0, CHUNK)
    while count:
        after, count = convert(entity_type, conversion, after, CHUNK)
