"""Operations on a whole entity type: change, trash, restore."""

from __future__ import annotations

from typing import Any

from ..errors import RelatumError
from ..fields import Lookup
from ..languages import Phrase
from . import definitions, existing, owners, restoring
from .draft import Draft, Step
from .retyping import not_running

_PROPERTIES = ("label", "plural", "icon", "hue", "description", "title")


def change_type(draft: Draft, change: dict[str, Any]) -> None:
    """Change labels, icon, hue, description, title or layout of a type."""
    row = draft.type_row(change["type"])
    entity_type = draft.types[row["id"]]
    changed = [name for name in _PROPERTIES if name in change]
    owners.may_change(draft.owner, row)
    if "title" in change:
        definitions.check_title(change["title"], row["name"], entity_type.fields)
    for name in changed:
        draft.put("type", row, name, change[name])
    if "layout" in change:
        checked = definitions.check_layout(change["layout"], row["name"], entity_type.fields)
        draft.put("type", row, "layout", checked)
        changed.append("layout")
    summary = Phrase(
        "Change {what} of {label}", what=", ".join(changed) or "nothing", label=row["label"]
    )
    draft.touch(Step("change_type", row["name"], summary), row["id"])


def trash_type(draft: Draft, change: dict[str, Any]) -> None:
    """Put a type in the trash, with the lookups that point to it; its records are kept."""
    row = draft.type_row(change["type"])
    owners.must_own(draft.owner, row, "trashed")
    not_running(draft.types[row["id"]])
    summary = Phrase("Trash entity type {label}", label=row["label"])
    step = Step("trash_type", row["name"], summary, risk="lossy")
    touched = {row["id"]}
    for referrer, lookup in list(draft.catalog.referrers(row["name"])):
        if referrer.id == row["id"]:
            continue
        path = f"{referrer.name}.{lookup.name}"
        if not isinstance(lookup, Lookup):
            step.uses.append(Phrase("{field} (leads there no more)", field=path))
            continue
        if any(field.id == lookup.id for field in referrer.title_fields):
            raise RelatumError(
                "in_use", what=f"'{row['name']}'", uses=f"the title of {referrer.name}"
            )
        step.uses.append(Phrase("{field} (goes with it)", field=path))
        draft.rows.fields[lookup.id]["trashed_in"] = draft.generation
        for key in draft.rows.keys.values():
            if key["type_id"] == referrer.id and lookup.name in key["fields"].split(","):
                key["trashed_in"] = key["trashed_in"] or draft.generation
        touched.add(referrer.id)
    stored = draft.before.by_id.get(row["id"])
    if stored is not None:
        step.rows = existing.count_rows(draft.connection, stored)
    step.notes.append(Phrase("{count} records are kept and come back on restore", count=step.rows))
    row["trashed_in"] = draft.generation
    draft.touch(step, *touched)


def restore_type(draft: Draft, change: dict[str, Any]) -> None:
    """Take a type, the last trashed of that name, out of the trash, with what went with it."""
    name = change["type"]
    trashed = [t for t in draft.types.values() if t.name == name and t.trashed_in is not None]
    if not trashed:
        raise RelatumError("type_unknown", type=name, nearest=" None of that name is in the trash.")
    if name in draft.catalog.types:
        raise RelatumError("name_taken", what="entity type", name=name, where="")
    entity_type = max(trashed, key=lambda t: t.trashed_in or 0)
    owners.must_own(draft.owner, draft.rows.types[entity_type.id], "restored")
    step = Step(
        "restore_type", name, Phrase("Restore entity type {label}", label=entity_type.label)
    )
    draft.rows.types[entity_type.id]["trashed_in"] = None
    restoring.leave_lost_links(draft, step, entity_type)
    back = restoring.links_back(draft, step, entity_type)
    draft.touch(step, entity_type.id, *back)
    for type_id, keys in back.items():
        restoring.ask(draft, step, type_id, keys, change.get("existing"))
