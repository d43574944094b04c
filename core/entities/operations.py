"""The operations of a plan: each changes the rows of a draft and says what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson

from .. import access, roles
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Field
from ..languages import Phrase
from . import definitions, dependent, entailed, existing, links, optioning, owners, restoring
from .compacting import compact_type
from .draft import Draft, Step
from .purging import purge_field, purge_type
from .retyping import cancel_retype, finish_retype, not_running, retype_field, revert_field
from .type_operations import change_type, restore_type, trash_type
from .views import drop_view, set_view

Operation = Callable[[Draft, dict[str, Any]], None]


def create_type(draft: Draft, change: dict[str, Any]) -> None:
    """Make an entity type with its fields and keys."""
    name = definitions.check_type_name(change["name"], draft.owner)
    if name in draft.catalog.types:
        where = draft.by_others(draft.catalog.types[name].owner)
        raise RelatumError("name_taken", what="entity type", name=name, where=where)
    type_id = draft.new_id()
    label = change.get("label") or definitions.label_from(name)
    row = draft.rows.types[type_id] = {
        "id": type_id,
        "name": name,
        "table_name": draft.free_table(name),
        "owner": draft.owner.name,
        "label": label,
        "plural": change.get("plural") or f"{label}s",
        "icon": change.get("icon"),
        "hue": change.get("hue"),
        "description": change.get("description"),
        "title": "",
        "layout": "{}",
        "created_in": draft.generation,
        "changed_in": draft.generation,
        "trashed_in": None,
        "purged_in": None,
    }
    draft.probe(type_id)
    for place, field in enumerate(change.get("fields", [])):
        _new_field(draft, type_id, {"position": place, **field})
    made = draft.probe(type_id)
    title = change.get("title")
    title = _usual_title(made) if title is None else title
    row["title"] = definitions.check_title(title, name, made.fields)
    row["layout"] = definitions.check_layout(change.get("layout") or {}, name, made.fields)
    for fields in change.get("keys", []):
        _new_key(draft, type_id, fields)
    del draft.types[type_id]
    summary = Phrase("Make entity type {name} ({label})", name=name, label=label)
    step = Step("create_type", name, summary, opening=(name, change.get("access", "usual")))
    step.notes += _seen_by(draft, access.readers(), change.get("access", "usual"))
    draft.touch(step, type_id)


def _usual_title(entity_type: EntityType) -> str:
    """Return the title of a type that nobody gave one: its name, or its first text."""
    texts = [f.name for f in entity_type.fields.values() if f.kind in ("text", "email")]
    return "name" if "name" in entity_type.fields else next(iter(texts), "")


def _seen_by(draft: Draft, readers: list[str], opening: str = "usual") -> list[Phrase]:
    """Say which roles will see what an administrator adds; of a plugin's its own plan says it."""
    return [roles.told_of(opening, ", ".join(readers))] if draft.owner.is_local else []


def _new_field(draft: Draft, type_id: int, given: dict[str, Any]) -> Field:
    row = draft.rows.types[type_id]
    name = definitions.check_field_name(given["name"], row["owner"], draft.owner)
    mine = draft.rows.fields_of(type_id)
    for taken in (f for f in mine if f["name"] == name and f["trashed_in"] is None):
        where = f" in '{row['name']}'{draft.by_others(taken['owner'])}"
        raise RelatumError("name_taken", what="field", name=name, where=where)
    links.check_name(draft, row["name"], name)
    settings = definitions.check_settings(given["kind"], given.get("settings") or {}, name)
    links.check(draft, row, name, given, settings)
    field_id = draft.new_id()
    field_row = {
        "id": field_id,
        "type_id": type_id,
        "name": name,
        "column_name": draft.free_column(type_id, name),
        "kind": given["kind"],
        "stored_as": definitions.stored_as(given["kind"]),
        "owner": draft.owner.name,
        "label": given.get("label") or definitions.label_from(name),
        "help": given.get("help"),
        "required": given.get("required", False),
        "is_unique": given.get("unique", definitions.field_class(given["kind"]).NUMBERED),
        "indexed": given.get("indexed", False),
        "sortable": given.get("sortable", False),
        "personal": given.get("personal", False),
        "default_value": None,
        "settings": orjson.dumps(settings).decode(),
        "position": given.get("position", len(mine)),
        "trashed_in": None,
        "retypes": None,
        "conversion": None,
    }
    draft.rows.add_field(field_row)
    optioning.set_options(draft, field_id, (), given.get("options") or [])
    made = _finish(draft, field_id, given.get("default"))
    if made.is_link:
        draft.probe(type_id)  # the names of the other side are taken from now on
    return made


def _finish(draft: Draft, field_id: int, default: Any) -> Field:
    """Check what needs the finished field, and store its default."""
    row = draft.rows.fields[field_id]
    made = draft.probe_field(field_id)
    definitions.check_flags(made)
    draft.put("field", row, "default_value", definitions.check_default(made, default))
    return draft.probe_field(field_id)


def add_field(draft: Draft, change: dict[str, Any]) -> None:
    """Add a field to a type."""
    row = draft.type_row(change["type"])
    before = draft.types[row["id"]]
    made = _new_field(draft, row["id"], change)
    draft.types[row["id"]] = before
    summary = Phrase("Add {kind} field {label}", kind=made.kind, label=made.label)
    step = Step("add_field", f"{row['name']}.{made.name}", summary)
    exists = before.table_name in _tables(draft)
    ids = existing.live_ids(draft.connection, before) if made.required and exists else []
    draft.touch(step, row["id"])
    if exists:
        step.notes += _seen_by(draft, access.readers_of(before, made))
    existing.ask(step, draft.types[row["id"]], made, ids, change.get("existing"), empty=True)
    if made.NUMBERED and exists:
        existing.number(draft.connection, step, before, made)


def _tables(draft: Draft) -> set[str]:
    """Tables that are in the database already, not only in this plan."""
    return {entity_type.table_name for entity_type in draft.before.by_id.values()}


_PLAIN = ("label", "help", "required", "indexed", "sortable", "personal", "position")


def change_field(draft: Draft, change: dict[str, Any]) -> None:
    """Change properties of a field; rows that break a stricter rule are counted and asked about."""
    type_row, row = draft.type_row(change["type"]), draft.field_row(change["type"], change["field"])
    before_type = draft.types[type_row["id"]]
    before = before_type.fields[row["name"]]
    not_running(before_type, before)
    _check_change(draft, row, change)
    for name in _PLAIN:
        if name in change:
            draft.put("field", row, name, change[name])
    if "unique" in change:
        draft.put("field", row, "is_unique", change["unique"])
    if "settings" in change:
        settings = _changed_settings(before, change["settings"])
        given = {"kind": row["kind"], "required": change.get("required", before.required)}
        links.check(draft, type_row, row["name"], given, settings)
        draft.put_settings(row, settings)
    if "options" in change:
        optioning.set_options(draft, before.id, before.options, change["options"])
    default = change["default"] if "default" in change else before.default_value()
    made = _finish(draft, before.id, default)
    draft.types[type_row["id"]] = before_type
    target = f"{type_row['name']}.{row['name']}"
    summary = Phrase("Change {what} of {label}", what=", ".join(_changed(change)), label=made.label)
    step = Step("change_field", target, summary)
    draft.touch(step, type_row["id"])
    known = before.condition_column("empty") in before_type.table.c
    if known and before_type.table_name in _tables(draft):
        _ask_existing(draft, step, before_type, before, made, change.get("existing"))


def _changed(change: dict[str, Any]) -> list[str]:
    return [name for name in change if name not in ("op", "type", "field", "existing")] or [
        "nothing"
    ]


def _check_change(draft: Draft, row: dict[str, Any], change: dict[str, Any]) -> None:
    """Refuse to change what is somebody else's; a plugin's own rules may be made stricter only."""
    owners.may_change(draft.owner, row)
    for name, column in (("required", "required"), ("unique", "is_unique")):
        lifted = row[column] and change.get(name) is False
        if lifted and row["owner"] != draft.owner.name:
            reason = f"'{row['owner']}' declares it {name} and relies on that; it can't be lifted"
            raise RelatumError("definition_invalid", what=row["name"], reason=reason)


def _changed_settings(before: Field, given: dict[str, Any]) -> dict[str, Any]:
    merged = definitions.check_settings(before.kind, {**before.settings, **given}, before.name)
    for name in definitions.FIXED_SETTINGS:
        if merged.get(name) != before.settings.get(name):
            reason = f"{name} shapes the stored values and can't change so; see retype_field"
            raise RelatumError("definition_invalid", what=before.name, reason=reason)
    if before.settings.get("any") and not merged.get("any"):
        reason = "records may point to any type; a reference stays open to all"
        raise RelatumError("definition_invalid", what=before.name, reason=reason)
    lost = set(before.settings.get("targets", ())) - set(merged.get("targets", ()))
    if lost and not merged.get("any"):
        reason = f"records may point to {', '.join(sorted(lost))}; targets can only be added"
        raise RelatumError("definition_invalid", what=before.name, reason=reason)
    return merged


def _ask_existing(
    draft: Draft, step: Step, entity_type: Any, before: Field, made: Field, answer: Any
) -> None:
    connection = draft.connection
    if before.id not in {f.id for f in draft.before.by_id[entity_type.id].fields.values()}:
        return  # the field is made by this very plan: it has no rows yet
    if made.required and not before.required:
        ids = existing.empty_ids(connection, entity_type, before)
        existing.ask(step, entity_type, made, ids, answer, empty=True)
    if made.unique and not before.unique:
        ids = existing.duplicate_ids(connection, entity_type, [before])
        existing.ask_duplicates(step, entity_type, [made], ids, answer)
    links.check_circles(before, made, entity_type.table)
    if made.HAS_OPTIONS:
        retired = existing.newly_retired(before, made)
        existing.ask_retired(connection, step, entity_type, made, retired, answer)
        if dependent.is_narrower(before, made) and not step.fill:
            ids = dependent.impossible_ids(connection, entity_type, made)
            existing.ask(step, entity_type, made, ids, answer, empty=False)
    elif dict(made.settings) != dict(before.settings) and not made.NUMBERED:
        ids = existing.refused_ids(connection, entity_type, made)
        existing.ask(step, entity_type, made, ids, answer, empty=False)


def trash_field(draft: Draft, change: dict[str, Any]) -> None:
    """Put a field in the trash: unknown from now on, its values kept."""
    type_row, row = draft.type_row(change["type"]), draft.field_row(change["type"], change["field"])
    owners.may_change(draft.owner, row, "trashed")
    entity_type = draft.types[type_row["id"]]
    not_running(entity_type, entity_type.fields[row["name"]])
    if any(field.id == row["id"] for field in entity_type.title_fields):
        raise RelatumError("in_use", what=f"Field '{row['name']}'", uses="the title of the type")
    if controlled := dependent.controlled(entity_type, row["name"]):
        uses = f"the options of {', '.join(controlled)}"
        raise RelatumError("in_use", what=f"Field '{row['name']}'", uses=uses)
    if named := entailed.naming(entity_type, row["name"]):
        uses = f"what options need or set: {', '.join(named)}"
        raise RelatumError("in_use", what=f"Field '{row['name']}'", uses=uses)
    summary = Phrase("Trash field {label}", label=row["label"])
    step = Step("trash_field", f"{type_row['name']}.{row['name']}", summary)
    for key in draft.rows.keys.values():
        live = key["type_id"] == type_row["id"] and key["trashed_in"] is None
        if live and row["name"] in key["fields"].split(","):
            key["trashed_in"] = draft.generation
            step.uses.append(owners.goes_along(key))
    stored, field = draft.before.by_id.get(type_row["id"]), entity_type.fields[row["name"]]
    step.rows = existing.count_filled(draft.connection, stored, field)
    step.notes.append(
        Phrase("{count} rows have a value; it is kept and comes back on restore", count=step.rows)
    )
    draft.put("field", row, "trashed_in", draft.generation)
    draft.touch(step, type_row["id"])


def restore_field(draft: Draft, change: dict[str, Any]) -> None:
    """Take a field, the last trashed of that name, out of the trash, with its keys."""
    type_row = draft.type_row(change["type"])
    entity_type = draft.types[type_row["id"]]
    name = change["field"]
    trashed = [f for f in entity_type.in_trash if f.name == name]
    live = entity_type.fields.get(name)
    if live is not None and _was_in_trash(draft, live):
        return  # a link that came back with its target, by a step before
    if not trashed:
        raise RelatumError(
            "field_unknown", type=type_row["name"], field=name, nearest=" None is in the trash."
        )
    if live is not None:
        raise RelatumError("name_taken", what="field", name=name, where=f" in '{type_row['name']}'")
    links.check_name(draft, type_row["name"], name)
    field = max(trashed, key=lambda f: f.trashed_in or 0)
    restoring.check_target(draft, entity_type, field)
    links.check_return(draft, type_row, field)
    summary = Phrase("Restore field {label}", label=field.label)
    step = Step("restore_field", f"{type_row['name']}.{name}", summary)
    row = draft.rows.fields[field.id]
    owners.may_change(draft.owner, row, "restored")
    draft.put("field", row, "trashed_in", None)
    keys = restoring.keys_back(draft, type_row["id"], {name}, field.trashed_in)
    draft.touch(step, type_row["id"])
    unique = [(name,)] if field.unique else []
    restoring.ask(draft, step, type_row["id"], [*unique, *keys], change.get("existing"))


def _was_in_trash(draft: Draft, field: Field) -> bool:
    """Say whether a field was in the trash before the plan, in a type that was not."""
    before = draft.before.by_id.get(field.type_id)
    return before is not None and any(other.id == field.id for other in before.in_trash)


def _new_key(draft: Draft, type_id: int, names: list[str]) -> list[Field]:
    entity_type = draft.probe(type_id)
    fields = [entity_type.field(name) for name in names]
    for field in fields:
        if field.owner == "system" or not field.CAN_BE_UNIQUE:
            raise RelatumError(
                "definition_invalid",
                what="key",
                reason=f"'{field.name}' can't be part of a unique key",
            )
    if len(set(names)) != len(names) or any(key.fields == tuple(names) for key in entity_type.keys):
        raise RelatumError("name_taken", what="unique key", name=", ".join(names), where="")
    key_id = draft.new_id()
    draft.rows.keys[key_id] = {
        "id": key_id, "type_id": type_id, "fields": ",".join(names),
        "owner": draft.owner.name, "trashed_in": None,
    }  # fmt: skip
    return fields


def add_key(draft: Draft, change: dict[str, Any]) -> None:
    """Add a unique key over one or more fields."""
    type_row = draft.type_row(change["type"])
    before = draft.types[type_row["id"]]
    fields = _new_key(draft, type_row["id"], change["fields"])
    draft.types[type_row["id"]] = before
    names = ", ".join(change["fields"])
    step = Step("add_key", type_row["name"], Phrase("Add unique key over {names}", names=names))
    draft.touch(step, type_row["id"])
    stored = (
        {f.id for f in draft.before.by_id[before.id].fields.values()}
        if before.id in draft.before.by_id
        else set()
    )
    if all(field.id in stored for field in fields):
        ids = existing.duplicate_ids(draft.connection, before, fields)
        existing.ask_duplicates(step, before, fields, ids, change.get("existing"))


def trash_key(draft: Draft, change: dict[str, Any]) -> None:
    """Take a unique key away."""
    type_row = draft.type_row(change["type"])
    names = ",".join(change["fields"])
    for key in draft.rows.keys.values():
        if (
            key["type_id"] == type_row["id"]
            and key["fields"] == names
            and key["trashed_in"] is None
        ):
            owners.must_own(draft.owner, key, "trashed")
            key["trashed_in"] = draft.generation
            step = Step(
                "trash_key", type_row["name"], Phrase("Trash unique key over {names}", names=names)
            )
            draft.touch(step, type_row["id"])
            return
    entity_type = draft.types[type_row["id"]]
    known = "; ".join(", ".join(key.fields) for key in entity_type.keys) or "none"
    raise RelatumError("key_unknown", type=type_row["name"], fields=names, known=known)


OPERATIONS: Final[dict[str, Operation]] = {
    "create_type": create_type,
    "change_type": change_type,
    "trash_type": trash_type,
    "restore_type": restore_type,
    "add_field": add_field,
    "change_field": change_field,
    "trash_field": trash_field,
    "restore_field": restore_field,
    "purge_type": purge_type,
    "compact_type": compact_type,
    "purge_field": purge_field,
    "retype_field": retype_field,
    "finish_retype": finish_retype,
    "cancel_retype": cancel_retype,
    "revert_field": revert_field,
    "add_key": add_key,
    "trash_key": trash_key,
    "set_view": set_view,
    "drop_view": drop_view,
}
