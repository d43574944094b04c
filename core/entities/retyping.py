"""A field becomes another type in place: a new column beside the old one, filled, then switched.

Up to `fill_limit` rows are converted in the apply itself. Beyond, the new field is a shadow:
readers see the old type, writers fill both columns, a job fills the rest in chunks and switches
in a generation of its own. The old field stays in the trash, and can be put back until purged.
"""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from .. import db, ddl
from ..catalog import EntityType
from ..errors import Problem, RelatumError
from ..fields import CONVERSIONS, Conversion, Field, Refused
from ..languages import Phrase
from . import definitions, existing, optioning, owners
from .converting import possible
from .draft import Draft, Step

_SHOWN = 5
#: Most options that are made of the values of a field.
OFFERED = 200


def retype_field(draft: Draft, change: dict[str, Any]) -> None:
    """Change the type of a field; values that do not fit are counted, shown and asked about."""
    type_row, row = draft.type_row(change["type"]), draft.field_row(change["type"], change["field"])
    entity_type = draft.types[type_row["id"]]
    old = entity_type.fields[row["name"]]
    stored = _check(draft, entity_type, old, row, change)
    new = _new_row(draft, entity_type, old, change)
    title = definitions.check_title
    title(type_row["title"], entity_type.name, {**entity_type.fields, old.name: new})
    step = Step(
        "retype_field", f"{entity_type.name}.{old.name}",
        Phrase(
            "Change the type of {label} from {kind} to {to}",
            label=old.label, kind=old.kind, to=new.kind,
        ),
    )  # fmt: skip
    limit = db.settings().fill_limit
    # Every other writer waits: a large table is counted once they go on.
    most = limit + 1 if draft.applying else None
    count = existing.count_rows(draft.connection, stored, trashed=True, at_most=most)
    at_once = count <= limit
    conversion = Conversion(old, new, change.get("style"))
    answer = change.get("existing")
    if at_once or not draft.applying:
        conversion = _preview(draft, step, stored, conversion, answer)
    elif answer is not None:
        conversion = _answered(conversion, answer)
    if at_once:
        row["trashed_in"] = draft.generation
        step.conversion = conversion
    else:
        _by_job(draft, step, conversion, count)
    step.notes.append(
        Phrase("the {kind} stays in the trash and can be put back: revert_field", kind=old.kind)
    )
    draft.touch(step, type_row["id"])


def _by_job(draft: Draft, step: Step, conversion: Conversion, count: int) -> None:
    """Let the new field be a shadow that a job fills."""
    said = {
        "style": conversion.style, "lossy": conversion.lossy, "fill": conversion.fill,
        "total": None if draft.applying else count,
    }  # fmt: skip
    fresh = draft.rows.fields[conversion.new.id]
    fresh["trashed_in"] = draft.generation
    fresh["conversion"] = orjson.dumps(said, default=str).decode()
    name, _, field_name = step.target.partition(".")
    step.job = {"type": name, "field": field_name}
    step.notes.append(
        Phrase(
            "{count} rows are converted beside readers and writers; until then it is {kind}",
            count=count,
            kind=conversion.old.kind,
        )
    )


def not_running(entity_type: EntityType, field: Field | None = None) -> None:
    """Refuse to touch a field, or any of a type, while its type is being changed."""
    for shadow in entity_type.shadows:
        if field is None or shadow.old.id == field.id:
            raise RelatumError("retype_running", what=f"{entity_type.name}.{shadow.old.name}")


def _check(
    draft: Draft, entity_type: EntityType, old: Field, row: dict[str, Any], change: dict[str, Any]
) -> EntityType:
    """Refuse what can't be; return the type as it is stored."""
    owners.must_own(draft.owner, row, "changed")
    kind, name = change["kind"], f"{entity_type.name}.{old.name}"
    known = CONVERSIONS.get(old.kind, ())
    if kind not in known:
        listed = ", ".join(known) or "nothing else"
        raise RelatumError("retype_impossible", what=name, kind=old.kind, to=kind, known=listed)
    not_running(entity_type, old)
    for key in entity_type.keys:
        if len(key.fields) > 1 and old.name in key.fields:
            uses = f"the unique key over {', '.join(key.fields)}"
            raise RelatumError("in_use", what=f"Field '{old.name}'", uses=uses)
    stored = draft.before.by_id.get(entity_type.id)
    if stored is None or old.id not in {field.id for field in stored.fields.values()}:
        reason = "is made by this very plan; make it of the type that you want"
        raise RelatumError("definition_invalid", what=name, reason=reason)
    return stored


def _new_row(draft: Draft, entity_type: EntityType, old: Field, change: dict[str, Any]) -> Field:
    """Take in the row of the field as it will be, and return the field."""
    kind = change["kind"]
    settings = definitions.check_settings(kind, change.get("settings") or {}, old.name)
    before = draft.rows.fields[old.id]
    new_class = definitions.field_class(kind)
    ordered = new_class.value_type.ordered
    new_id = draft.new_id()
    row = {
        **before, "id": new_id, "column_name": draft.free_column(entity_type.id, old.name),
        "kind": kind, "stored_as": definitions.stored_as(kind), "default_value": None,
        "settings": orjson.dumps(settings).decode(), "retypes": old.id,
        "is_unique": before["is_unique"] and new_class.CAN_BE_UNIQUE,
        "indexed": before["indexed"] and ordered, "sortable": before["sortable"] and ordered,
    }  # fmt: skip
    draft.rows.add_field(row)
    if new_class.HAS_OPTIONS:
        given = change.get("options") or _offered(draft, entity_type, old)
        optioning.set_options(draft, new_id, (), given)
    made = draft.probe_field(new_id)
    definitions.check_flags(made)
    row["default_value"] = _default(old, made, change)
    return draft.probe_field(new_id)


def _default(old: Field, new: Field, change: dict[str, Any]) -> str | None:
    if "default" in change:
        return definitions.check_default(new, change["default"])
    if old.default is None or old.default in old.DEFAULTS:
        return old.default if old.default in new.DEFAULTS else None
    try:
        kept = Conversion(old, new, change.get("style")).exact(old.check(old.default_value()))
    except Refused:
        return None
    return definitions.check_default(new, new.wire(kept))


def _offered(draft: Draft, entity_type: EntityType, old: Field) -> list[dict[str, Any]]:
    """Return an option for each value that a field has."""
    if old.kind == "boolean":
        return [{"value": "true", "label": "Yes"}, {"value": "false", "label": "No"}]
    table = draft.before.by_id[entity_type.id].table
    column = table.c[old.column]
    query = sa.select(column).where(column.is_not(None)).distinct().limit(OFFERED + 1)
    texts = {
        " ".join(old.text(old.wire(value)).split())
        for value in draft.connection.execute(query).scalars()
    }
    if len(texts) > OFFERED:
        reason = f"has more than {OFFERED} different values; name the options"
        raise RelatumError("definition_invalid", what=old.name, reason=reason)
    return [{"value": text} for text in sorted(texts) if 0 < len(text) <= 64]


# -- values that do not fit ------------------------------------------------------------------
def _preview(
    draft: Draft, step: Step, stored: EntityType, conversion: Conversion, answer: Any
) -> Conversion:
    """Convert each different value once; count and show those that do not fit, and ask."""
    table = stored.table
    column = table.c[conversion.old.column]
    query = (
        sa.select(column, sa.func.count(), sa.func.min(table.c.id))
        .where(column.is_not(None))
        .group_by(column)
        .order_by(sa.func.min(table.c.id))
        .execution_options(yield_per=5_000)
    )
    lost = 0
    shown: list[tuple[int, str]] = []
    seen: dict[Any, int] = {}
    for value, count, first in draft.connection.execute(query):
        step.rows += count
        try:
            made = conversion.exact(value)
        except Refused as refused:
            lost += count
            shown += [(first, refused.problem.message)] if len(shown) < _SHOWN else []
            continue
        if conversion.new.unique and made is not None:
            _twice(step, conversion.new, seen, first, made)
    return _ask(step, conversion, lost, shown, answer) if lost else conversion


def _ask(
    step: Step, conversion: Conversion, lost: int, shown: list[tuple[int, str]], answer: Any
) -> Conversion:
    step.risk, step.offenders = "lossy", [first for first, _ in shown]
    step.notes += [Phrase("record {id}: {reason}", id=i, reason=reason) for i, reason in shown]
    if answer is not None:
        step.notes.append(Phrase("{count} values do not fit and are replaced", count=lost))
        return _answered(conversion, answer)
    answers = " or ".join(possible(conversion.new)) or "none is possible"
    params = {"count": lost, "first": shown[0][1], "id": shown[0][0], "answers": answers}
    step.question = Problem("retype_lossy", params, field=conversion.new.name)
    return conversion


def _twice(step: Step, new: Field, seen: dict[Any, int], first: int, made: Any) -> None:
    """Refuse a conversion that makes two records of a unique field the same."""
    other = seen.setdefault(new.key(made), first)
    if other != first and step.question is None:
        ids = f"{other}, {first}"
        params = {"count": 1, "fields": new.name, "ids": ids, "answers": "none is possible"}
        step.question = Problem("existing_duplicates", params, field=new.name)


def _answered(conversion: Conversion, answer: Any) -> Conversion:
    value = existing.answered(conversion.new, answer, possible(conversion.new))
    return Conversion(conversion.old, conversion.new, conversion.style, lossy=True, fill=value)


# -- switching and going back ----------------------------------------------------------------
def finish_retype(draft: Draft, change: dict[str, Any]) -> None:
    """Switch a field to the type that its values have been converted to."""
    type_row, shadow = _shadow(draft, change)
    old, new = draft.rows.fields[shadow.old.id], draft.rows.fields[shadow.new.id]
    if not orjson.loads(new["conversion"]).get("filled"):
        raise RelatumError("retype_running", what=f"{type_row['name']}.{old['name']}")
    old["trashed_in"] = draft.generation
    new["trashed_in"], new["conversion"] = None, None
    summary = Phrase("{label} is a {kind} field now", label=shadow.old.label, kind=shadow.new.kind)
    step = Step("finish_retype", f"{type_row['name']}.{old['name']}", summary)
    if shadow.new.unique:
        # What was written since the plan may have made two values one.
        stored = draft.before.by_id[type_row["id"]]
        ids = existing.duplicate_ids(draft.connection, stored, [shadow.new])
        existing.ask_duplicates(step, stored, [shadow.new], ids, None)
    draft.touch(step, type_row["id"])


def cancel_retype(draft: Draft, change: dict[str, Any]) -> None:
    """Give up a change of type that is running: the field stays what it is."""
    type_row, shadow = _shadow(draft, change)
    owners.must_own(draft.owner, draft.rows.fields[shadow.old.id], "changed")
    draft.rows.drop_field(shadow.new.id)
    summary = Phrase("{label} stays a {kind} field", label=shadow.old.label, kind=shadow.old.kind)
    step = Step("cancel_retype", f"{type_row['name']}.{shadow.old.name}", summary)
    draft.touch(step, type_row["id"])
    # Nobody reads the columns of a shadow, so there is nobody to wait for.
    step.statements += [ddl.DropColumn(type_row["table_name"], name) for name in shadow.names]


def _shadow(draft: Draft, change: dict[str, Any]) -> tuple[dict[str, Any], Conversion]:
    type_row, row = draft.type_row(change["type"]), draft.field_row(change["type"], change["field"])
    for shadow in draft.types[type_row["id"]].shadows:
        if shadow.old.id == row["id"]:
            return type_row, shadow
    raise RelatumError("retype_not_running", what=f"{type_row['name']}.{row['name']}")


def revert_field(draft: Draft, change: dict[str, Any]) -> None:
    """Put a field back to the type that it had, with the values that it had."""
    type_row, row = draft.type_row(change["type"]), draft.field_row(change["type"], change["field"])
    owners.must_own(draft.owner, row, "changed")
    before = draft.rows.fields.get(row["retypes"] or 0)
    what = f"{type_row['name']}.{row['name']}"
    if before is None or before["trashed_in"] is None:
        raise RelatumError("retype_not_running", what=what)
    old = draft.probe_field(before["id"])
    row["trashed_in"], before["trashed_in"] = draft.generation, None
    summary = Phrase("Put {label} back to {kind}", label=old.label, kind=old.kind)
    step = Step("revert_field", what, summary, risk="lossy")
    table = draft.before.by_id[type_row["id"]].table
    new_column = table.c[row["column_name"]]
    query = sa.select(sa.func.count()).select_from(table).where(
        new_column.is_not(None), table.c[old.column].is_(None)
    )  # fmt: skip
    step.rows = int(draft.connection.execute(query).scalar_one())
    step.notes.append(
        Phrase(
            "values are what they were before the change of type; {count} rows that had none then "
            "have none again. What was written since stays in the trash",
            count=step.rows,
        )
    )
    draft.touch(step, type_row["id"])
