"""Verbs on the data model: plan a change, look at it, apply it (D6).

`plan()` only reads. `apply()` computes the plan again under the exclusive fence and runs that,
so what was looked at and what happens can't differ.
"""

from __future__ import annotations

import logging
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from .. import audit, catalog, clock, db, ddl, faults, jobs, models, records, roles
from ..actor import Actor
from ..errors import RelatumError
from . import compacting, existing, retype_job, reversing
from .converting import Progress as Progress
from .converting import advance as advance
from .converting import convert_all
from .converting import pace as pace
from .converting import progress as progress
from .converting import running as running
from .declared import declared_changes as declared_changes
from .definitions import FIXED_SETTINGS as FIXED_SETTINGS
from .definitions import check_name as check_name
from .definitions import field_types as field_types
from .draft import Draft
from .export import FORMAT as FORMAT
from .export import describe as describe
from .export import export as export
from .export import to_changes as to_changes
from .limits import findings as findings
from .owners import LOCAL as LOCAL
from .owners import Owner as Owner
from .planning import RISKS as RISKS
from .planning import Plan as Plan
from .planning import Sketch as Sketch
from .planning import plan as plan
from .planning import planned
from .planning import sketch as sketch
from .reversing import Reverse as Reverse
from .reversing import log as log
from .reversing import reverse as reverse
from .reversing import target as target
from .views import PRIVATE as PRIVATE
from .views import broken as broken
from .views import check_query as check_query
from .views import view_unknown as view_unknown

_log = logging.getLogger("relatum.entities")


def apply(
    changes: list[dict[str, Any]],
    *,
    actor: Actor,
    expect: str | None = None,
    owner: Owner = LOCAL,
) -> Plan:
    """Apply `changes` in the open exclusive transaction and return the plan that ran.

    `expect` is the fingerprint of the plan that was looked at. Raises `plan_stale`, or what the
    first open question says.
    """
    made, draft = planned(changes, actor, owner, applying=True)
    if expect is not None and expect != made.fingerprint:
        raise RelatumError("plan_stale")
    for step in made.steps:
        if step.question:
            error = RelatumError("plan_blocked", first=f"{step.target}: {step.question.message}")
            error.problems = (step.question,)
            raise error
    _execute(draft, made, actor, changes)
    told = {"plan": made.fingerprint, "steps": [f"{s.op} {s.target}" for s in made.steps]}
    audit.note("plan_applied", f"generation:{draft.generation}", actor=actor, after=told)
    return made


def _execute(draft: Draft, made: Plan, actor: Actor, changes: list[dict[str, Any]]) -> None:
    tx = db.for_writing()
    purged = max((step.trashed_by for step in made.steps), default=0)
    if purged:
        db.no_older_readers(purged)
    statements = _at_once(draft)
    indexes = [s for s in statements if isinstance(s, ddl.CreateIndex)]
    faults.point("apply.before_ddl")
    ddl.execute([s for s in statements if not isinstance(s, ddl.CreateIndex)], tx.connection)
    faults.point("apply.after_ddl")
    _store(draft, tx.connection)
    faults.point("apply.after_rows")
    _bump(draft.generation, tx, actor, changes, draft)
    faults.point("apply.after_bump")
    tx.memo["catalog"] = draft.catalog
    tx.epochs = tx.epochs._replace(catalog=draft.generation)
    _fill(draft, actor)
    for step in made.steps:
        if step.opening and step.opening[0] in draft.catalog.types:  # this plan may trash it again
            name, opening = step.opening
            roles.open_type(draft.catalog.type(name), opening)
        if step.job:
            jobs.enqueue(retype_job.NAME, step.job, actor=actor)
    if tx.dialect == "postgresql" and indexes:
        tx.connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    faults.point("apply.before_indexes")
    ddl.execute(indexes, tx.connection)
    faults.point("apply.after_indexes")
    if ddl.missing_indexes(tx.connection, draft.catalog.types.values()):
        tx.after_commit.append(finish_indexes)


def _fill(draft: Draft, actor: Actor) -> None:
    for step in draft.steps:
        if step.conversion:
            faults.point("apply.before_fill")
            convert_all(draft.catalog.by_id[step.conversion.old.type_id], step.conversion)
            faults.point("apply.after_fill")
        if step.fill:
            faults.point("apply.before_fill")
            value = step.fill.value
            field = draft.catalog.type(step.fill.type).field(step.fill.field)
            if isinstance(value, str) and value in field.DEFAULTS:
                value = field.wire(records.default_of(field, actor))
            if field.NUMBERED:
                records.number(step.fill.type, field.name, step.fill.ids, actor=actor)
            else:
                rows = [{"id": id_, field.name: value} for id_ in step.fill.ids]
                records.update(step.fill.type, rows, actor=actor, check_required=False)
            faults.point("apply.after_fill")
        if step.belonging:
            name, ids = step.belonging
            records.update(name, [{"id": id_} for id_ in ids], actor=actor, check_required=False)


def finish_indexes() -> None:
    """Build what indexes the catalog expects and the tables lack, beside readers and writers.

    Opens its own transactions. What a killed apply left unbuilt is built after the next one.
    A build that fails fails no apply: the change of metadata is committed and holds.
    """
    try:
        missing = _missing_indexes()
        ddl.build_indexes(db.engine(), missing)
        # A field may have gone to the trash meanwhile, before its index was there to be dropped.
        kept = _expected_indexes()
        for index in missing:
            if index not in kept:
                ddl.drop_index_now(db.engine(), index)
    except (sa_exc.SQLAlchemyError, RelatumError) as error:
        _log.warning("an index is not built yet; run: relatum doctor --repair (%s)", error)


def _missing_indexes() -> list[ddl.CreateIndex]:
    with db.reading(timed=False) as tx:
        return ddl.missing_indexes(tx.connection, catalog.current().types.values())


def _expected_indexes() -> set[ddl.CreateIndex]:
    with db.reading(timed=False):
        types = catalog.current().types.values()
        return {index for entity_type in types for index in ddl.expected_indexes(entity_type)}


def _at_once(draft: Draft) -> list[ddl.Statement]:
    """Return what runs in the transaction: all but the plain indexes of large PostgreSQL tables."""
    large: dict[str, bool] = {}
    now: list[ddl.Statement] = []
    for statement in (s for step in draft.steps for s in step.statements):
        if isinstance(statement, ddl.DropIndex) and statement.index in now:
            now.remove(
                statement.index
            )  # indexes come last: one that a later step drops never comes
            continue
        if isinstance(statement, ddl.CreateIndex) and not statement.unique:
            table = statement.table
            if table not in large:
                large[table] = existing.is_large(draft.connection, table)
            if large[table]:
                continue
        now.append(statement)
    return now


def _store(draft: Draft, connection: sa.Connection) -> None:
    """Write the metadata rows that differ from what is stored."""
    stored = catalog.read_rows(connection)
    for attribute, model in catalog.METADATA.items():
        old, new = getattr(stored, attribute), getattr(draft.rows, attribute)
        table = model.__table__
        changed = [row for id_, row in new.items() if id_ in old and old[id_] != row]
        # What goes to the trash goes first: another may take its name.
        for row in sorted(changed, key=lambda row: row.get("trashed_in") is None):
            connection.execute(sa.update(table).where(table.c.id == row["id"]).values(**row))
        fresh = [row for id_, row in new.items() if id_ not in old]
        if fresh:
            connection.execute(sa.insert(table), fresh)
    for attribute, model in reversed(catalog.METADATA.items()):
        old, new = getattr(stored, attribute), getattr(draft.rows, attribute)
        gone = [id_ for id_ in old if id_ not in new]
        if gone and model is models.Type:
            _bury(gone, draft.generation, connection)
        elif gone:
            if model is models.FieldRow:
                for said in (models.Counter.__table__, models.FieldGrant.__table__):
                    connection.execute(sa.delete(said).where(said.c.field_id.in_(gone)))
            table = model.__table__
            connection.execute(sa.delete(table).where(table.c.id.in_(gone)))
    table = models.Setting.__table__
    connection.execute(
        sa.update(table)
        .where(table.c.name == "next_metadata_id")
        .values(value=draft.rows.settings["next_metadata_id"])
    )


def _bury(type_ids: list[int], generation: int, connection: sa.Connection) -> None:
    """Leave of purged types what the spine refers to; the names of their tables are free.

    What else speaks of them goes: grants, users' own views, maps of imports, shares.
    """
    table, spine = models.Type.__table__, models.Record.__table__
    for said in (models.UserView, models.Grant, models.KnownMap):
        of = said.__table__
        connection.execute(sa.delete(of).where(of.c.type_id.in_(type_ids)))
    share = models.Share.__table__
    records_ = sa.select(spine.c.id).where(spine.c.type_id.in_(type_ids))
    connection.execute(sa.delete(share).where(share.c.record_id.in_(records_)))
    buried = sa.literal("purged__") + sa.cast(table.c.id, sa.Text)
    connection.execute(
        sa.update(table)
        .where(table.c.id.in_(type_ids))
        .values(purged_in=generation, table_name=buried)
    )


def touch_catalog(reason: str, *, actor: Actor) -> None:
    """Begin a new generation of the catalog with the same rows, in the open transaction.

    For what changes how rows are read, such as the field types of plugins.
    """
    tx = db.for_writing()
    generation = tx.epochs.catalog + 1
    _bump(generation, tx, actor, [{"op": "touch", "reason": reason}])
    tx.epochs = tx.epochs._replace(catalog=generation)
    tx.memo.pop("catalog", None)


def _bump(
    generation: int,
    tx: db.Transaction,
    actor: Actor,
    changes: list[dict[str, Any]],
    draft: Draft | None = None,
) -> None:
    """Begin a generation, and keep what was changed, by whom, and what takes it back."""
    tx.connection.execute(sa.update(models.Epoch.__table__).values(catalog=generation))
    owner = draft.owner.name if draft is not None else "system"
    tx.connection.execute(
        sa.insert(models.Generation.__table__).values(
            number=generation,
            at=clock.now(),
            actor_id=actor.user_id,
            owner=owner,
            changes=orjson.dumps(changes).decode(),
            reverse=reversing.kept(changes, draft.before) if draft is not None else "[]",
        )
    )


jobs.register(retype_job.kind(apply))


def compact(type_name: str, *, actor: Actor) -> tuple[int, int]:
    """Rid the table of a type of dropped columns; return how many it had had, and has.

    Opens its own transactions.
    """
    return compacting.compact(type_name, actor=actor, apply=apply)
