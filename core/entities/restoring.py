"""Out of the trash: which links and keys come back, and what has happened to the rows meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Field, Lookup
from ..languages import Phrase
from . import existing
from .draft import Draft, Step

Names = tuple[str, ...]


def check_target(draft: Draft, entity_type: EntityType, field: Field) -> None:
    """Refuse to bring back a link whose target is gone, or is another type of the same name."""
    if not isinstance(field, Lookup):
        return
    draft.catalog.type(field.target)
    if not _is_the_same(draft, field.target, field.trashed_in):
        what = f"{entity_type.name}.{field.name}"
        reason = f"points to an earlier '{field.target}', which is in the trash; add a new field"
        raise RelatumError("definition_invalid", what=what, reason=reason)


def _is_the_same(draft: Draft, target: str, went: int | None) -> bool:
    """Say whether the live type of a name was there when something went to the trash."""
    rows = draft.rows.types.values()
    live = [row for row in rows if row["name"] == target and row["trashed_in"] is None]
    return bool(live) and live[0]["created_in"] <= (went or 0)


def keys_back(draft: Draft, type_id: int, names: set[str], went: int | None) -> list[Names]:
    """Bring back the keys that went with fields, and return them.

    A key whose other fields are still in the trash waits for those.
    """
    rows = draft.rows.fields_of(type_id)
    live = {row["name"]: row["id"] for row in rows if row["trashed_in"] is None}
    back: list[Names] = []
    for key in draft.rows.keys.values():
        fields = tuple(key["fields"].split(","))
        if key["type_id"] != type_id or key["trashed_in"] != went or not names & set(fields):
            continue
        # A field with a greater id is younger than the key: another one of the same name.
        lost = [name for name in fields if live.get(name, key["id"]) >= key["id"]]
        if lost:
            gone = [row["trashed_in"] for row in rows if row["name"] in lost and row["trashed_in"]]
            key["trashed_in"] = max(gone, default=went)
        else:
            key["trashed_in"] = None
            back.append(fields)
    return back


def leave_lost_links(draft: Draft, step: Step, entity_type: EntityType) -> None:
    """Put links of a type that comes back in the trash if what they point to is not there."""
    for field in entity_type.lookups:
        if field.owner == "system" or field.target == entity_type.name:
            continue
        if not _is_the_same(draft, field.target, entity_type.trashed_in):
            went = _went(draft, field.target, entity_type.trashed_in)
            draft.rows.fields[field.id]["trashed_in"] = went
            step.notes.append(
                Phrase(
                    "{field} goes to the trash: '{type}' is not there",
                    field=field.name,
                    type=field.target,
                )
            )
            for key in draft.rows.keys.values():
                here = key["type_id"] == entity_type.id and key["trashed_in"] is None
                if here and field.name in key["fields"].split(","):
                    key["trashed_in"] = went


def _went(draft: Draft, target: str, seen: int | None) -> int:
    """Return when a link goes to the trash: with its target, if that went with the link's type.

    Then it comes back with the target. If the target was gone by itself, the link goes now.
    """
    rows = draft.rows.types.values()
    together = any(row["name"] == target and row["trashed_in"] == seen for row in rows)
    return seen if together and seen is not None else draft.generation


def links_back(draft: Draft, step: Step, entity_type: EntityType) -> dict[int, list[Names]]:
    """Bring back the links that went with a type; return the unique keys by type touched."""
    went = entity_type.trashed_in
    back: dict[int, list[Names]] = {}
    for row in draft.rows.fields.values():
        owner = draft.rows.types[row["type_id"]]
        if row["trashed_in"] != went or not _points_to(row, entity_type.name):
            continue
        if owner["trashed_in"] is not None:
            continue
        if row["name"] in draft.types[row["type_id"]].fields:
            step.notes.append(
                Phrase(
                    "{field} stays in the trash: the name is taken",
                    field=f"{owner['name']}.{row['name']}",
                )
            )
            continue
        row["trashed_in"] = None
        step.uses.append(Phrase("{field} (comes back)", field=f"{owner['name']}.{row['name']}"))
        keys = back.setdefault(row["type_id"], [])
        keys += [(row["name"],)] if row["is_unique"] else []
        keys += keys_back(draft, row["type_id"], {row["name"]}, went)
    return back


def _points_to(row: dict[str, Any], name: str) -> bool:
    return row["kind"] == "lookup" and bool(orjson.loads(row["settings"])["target"] == name)


def ask(draft: Draft, step: Step, type_id: int, keys: Sequence[Names], answer: Any) -> None:
    """Note rows that share the values of a key that comes back; the first such key asks."""
    before = draft.before.by_id.get(type_id)
    if before is None:
        return  # made by this very plan: it has no rows yet
    entity_type = draft.types[type_id]
    for names in keys:
        fields = [entity_type.fields[name] for name in names]
        if step.question or any(field.key_column not in before.table.c for field in fields):
            continue
        ids = existing.duplicate_ids(draft.connection, before, fields)
        existing.ask_duplicates(step, entity_type, fields, ids, answer)
