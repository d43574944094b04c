"""Existing rows under a new rule: which break it, how many, and what is to happen to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from .. import db, ddl
from ..catalog import EntityType
from ..errors import Problem, RelatumError
from ..fields import Field, Refused, Several
from ..languages import Phrase
from .draft import Fill, Step

_SHOWN = 10


def count_rows(
    connection: sa.Connection,
    entity_type: EntityType,
    *,
    trashed: bool = False,
    at_most: int | None = None,
) -> int:
    """Return how many live records a type has, or how many with those in the trash.

    With `at_most` counting stops there, however large the table is.
    """
    table = entity_type.table
    some = sa.select(table.c.id)
    if not trashed:
        some = some.where(table.c.trashed_at.is_(None))
    query = sa.select(sa.func.count()).select_from(some.limit(at_most).subquery())
    return int(connection.execute(query).scalar_one())


def empty_ids(connection: sa.Connection, entity_type: EntityType, field: Field) -> list[int]:
    """Return the ids of live records without a value for a stored field."""
    table = entity_type.table
    query = sa.select(table.c.id).where(
        table.c.trashed_at.is_(None), table.c[field.condition_column("empty")].is_(None)
    )
    return list(connection.execute(query.order_by(table.c.id)).scalars())


def refused_ids(connection: sa.Connection, entity_type: EntityType, field: Field) -> list[int]:
    """Return the ids of live records whose value the new rules of a field refuse."""
    table = entity_type.table
    filled = table.c[field.condition_column("empty")].is_not(None)
    query = sa.select(table.c.id, field.whole(table)).where(table.c.trashed_at.is_(None), filled)
    verdicts: dict[Any, bool] = {}
    found = []
    for id_, value in connection.execute(query.order_by(table.c.id)):
        if value not in verdicts:
            verdicts[value] = _refuses(field, value)
        if verdicts[value]:
            found.append(id_)
    return found


def _refuses(field: Field, value: Any) -> bool:
    try:
        field.merge(None, field.check(value))
    except Refused:
        return True
    return False


def duplicate_ids(
    connection: sa.Connection, entity_type: EntityType, fields: Sequence[Field]
) -> list[int]:
    """Return the ids of live records that share the values of a key with an older one."""
    table = entity_type.table
    columns = [table.c[field.key_column] for field in fields]
    place = sa.func.row_number().over(partition_by=columns, order_by=table.c.id).label("place")
    ranked = (
        sa.select(table.c.id, place)
        .where(table.c.trashed_at.is_(None), *(column.is_not(None) for column in columns))
        .subquery()
    )
    query = sa.select(ranked.c.id).where(ranked.c.place > 1).order_by(ranked.c.id)
    return list(connection.execute(query).scalars())


def ask(
    step: Step, entity_type: EntityType, field: Field, ids: list[int], answer: Any, *, empty: bool
) -> None:
    """Note offenders of a rule on one field, and work in the answer.

    `answer` is keep, default, clear or {"fill": value}; `empty` says that the rule is `required`.
    """
    if not ids:
        return
    step.rows, step.offenders, step.risk = len(ids), ids[:_SHOWN], "lossy"
    possible = ["keep", '{"fill": VALUE}']
    if field.default is not None:
        possible.append("default")
    if not empty and not field.required:
        possible.append("clear")
    if answer == "keep":
        step.risk = "safe"
        step.notes.append(
            Phrase(
                "{count} existing rows stay as they are; the rule holds from now on", count=len(ids)
            )
        )
        return
    value = answered(field, answer, possible)
    if value is _UNANSWERED:
        step.question = Problem(
            "existing_required",
            {"count": len(ids), "ids": _list(ids), "answers": " or ".join(possible)},
            field=field.name,
        )
        return
    fill(step, entity_type, field, ids, value)


_UNANSWERED: Any = object()


def answered(field: Field, answer: Any, possible: list[str]) -> Any:
    """Return the wire value that an answer gives; raise `definition_invalid`."""
    if answer is None:
        return _UNANSWERED
    if answer == "default" and "default" in possible:
        return field.default_value()
    if answer == "clear" and "clear" in possible:
        return None
    if isinstance(answer, dict) and set(answer) == {"fill"}:
        try:
            return field.wire(field.merge(None, field.check(answer["fill"])))
        except Refused as refused:
            raise RelatumError(
                "definition_invalid", what="existing.fill", reason=refused.problem.message
            ) from None
    reason = f"must be {' or '.join(possible)}"
    raise RelatumError("definition_invalid", what="existing", reason=reason)


def ask_duplicates(
    step: Step, entity_type: EntityType, fields: Sequence[Field], ids: list[int], answer: Any
) -> None:
    """Note duplicates under a new unique key; only `clear` on one field can cure them."""
    if not ids:
        return
    step.rows, step.offenders, step.risk = len(ids), ids[:_SHOWN], "lossy"
    curable = len(fields) == 1 and not fields[0].required
    if answer == "clear" and curable:
        fill(step, entity_type, fields[0], ids, None)
        step.notes.append(Phrase("the oldest record keeps the value"))
        return
    names = ", ".join(field.name for field in fields)
    answers = "clear" if curable else "none is possible"
    step.question = Problem(
        "existing_duplicates",
        {"count": len(ids), "fields": names, "ids": _list(ids), "answers": answers},
        field=names,
    )


def fill(step: Step, entity_type: EntityType, field: Field, ids: list[int], value: Any) -> None:
    """Plan to give records a value in the apply, up to fill_limit."""
    limit = db.settings().fill_limit
    if len(ids) > limit:
        step.question = Problem("fill_limit", {"count": len(ids), "limit": limit}, field=field.name)
        return
    step.fill = Fill(entity_type.name, field.name, ids, value)
    step.notes.append(
        Phrase("{count} existing rows get no value", count=len(ids))
        if value is None
        else Phrase("{count} existing rows get {value}", count=len(ids), value=repr(value))
    )


def number(connection: sa.Connection, step: Step, entity_type: EntityType, field: Field) -> None:
    """Plan to number all records, those in the trash too, in the order of their ids."""
    table = entity_type.table
    ids = list(connection.execute(sa.select(table.c.id).order_by(table.c.id)).scalars())
    limit = db.settings().fill_limit
    if len(ids) > limit:
        step.question = Problem("fill_limit", {"count": len(ids), "limit": limit}, field=field.name)
    elif ids:
        step.rows = len(ids)
        step.fill = Fill(entity_type.name, field.name, ids, None)
        step.notes.append(
            Phrase("{count} existing rows are numbered in the order of their ids", count=len(ids))
        )


def _list(ids: list[int]) -> str:
    return ", ".join(str(id_) for id_ in ids[:5])


def live_ids(connection: sa.Connection, entity_type: EntityType) -> list[int]:
    """Return the ids of all live records of a type."""
    table = entity_type.table
    query = sa.select(table.c.id).where(table.c.trashed_at.is_(None)).order_by(table.c.id)
    return list(connection.execute(query).scalars())


def newly_retired(before: Field, made: Field) -> list[str]:
    """Return the values of the options that nobody can choose any more."""
    already = {option.value for option in before.options if option.retired}
    return [o.value for o in made.options if o.retired and o.value not in already]


def ask_retired(
    connection: sa.Connection,
    step: Step,
    entity_type: EntityType,
    field: Field,
    retired: list[str],
    answer: Any,
) -> None:
    """Count the rows that hold retired options; with an answer, they get another value."""
    if not retired:
        return
    table = entity_type.table
    holding = (table.c.trashed_at.is_(None), holds(table, field, retired))
    if answer is not None and answer != "keep":
        query = sa.select(table.c.id).where(*holding).order_by(table.c.id)
        ids = list(connection.execute(query).scalars())
        ask(step, entity_type, field, ids, answer, empty=False)
        if step.fill and isinstance(field, Several):
            # The other options of a record stay.
            step.fill.value = {"add": step.fill.value or [], "remove": retired}
        return
    counted = sa.select(sa.func.count()).select_from(table).where(*holding)
    step.rows = int(connection.execute(counted).scalar_one())
    step.notes.append(
        Phrase(
            "{count} existing rows hold {options}: they stay readable, nobody can choose it; an "
            "answer for existing rows replaces it",
            count=step.rows,
            options=", ".join(retired),
        )
    )


def holds(table: sa.Table, field: Field, values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a record has one of some options of a field."""
    if not isinstance(field, Several):
        return table.c[field.column].in_(values)
    held = field.values.c[field.MATCHED].in_(values)
    return table.c.id.in_(sa.select(field.values.c.id).where(held))


def count_filled(connection: sa.Connection, entity_type: EntityType | None, field: Field) -> int:
    """Return how many live records have a value in a field; none if it is not stored yet."""
    name = field.condition_column("empty")
    if entity_type is None or name not in entity_type.table.c:
        return 0
    table = entity_type.table
    column = table.c[name]
    query = (
        sa.select(sa.func.count())
        .select_from(table)
        .where(table.c.trashed_at.is_(None), column.is_not(None))
    )
    return int(connection.execute(query).scalar_one())


def is_large(connection: sa.Connection, table: str) -> bool:
    """Say whether plain indexes of a table are built after the commit, beside writers."""
    if connection.dialect.name != "postgresql":
        return False
    estimate = sa.text(
        "SELECT coalesce((SELECT reltuples FROM pg_class WHERE oid = "
        "to_regclass(quote_ident(:t))), 0)"
    )
    return bool(connection.execute(estimate, {"t": table}).scalar_one() > ddl.CONCURRENT_FROM)
