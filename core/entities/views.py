"""Operations on the lists of a type that everybody can open, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from .. import query
from ..actor import system
from ..catalog import Catalog, View
from ..errors import RelatumError, nearest
from ..languages import Phrase
from . import definitions, owners
from .draft import Draft, Step

#: Names of lists that somebody saved for himself begin so; no shared one does.
PRIVATE: Final = "my_"
#: The words of a query that a view may hold.
WORDS: Final = ("filter", "sort", "fields")
PROPERTIES: Final = ("label", "query", "position", "hidden")


def set_view(draft: Draft, change: dict[str, Any]) -> None:
    """Make a view of a type, or change one."""
    known = draft.catalog
    entity_type = known.type(change["type"])
    given: dict[str, Any] = {name: change[name] for name in PROPERTIES if name in change}
    if "query" in given:
        given["query"] = orjson.dumps(
            check_query(known, entity_type.name, given["query"]), option=orjson.OPT_SORT_KEYS
        ).decode()
    row = _row(draft, entity_type.id, change["view"])
    if row is None:
        row = _new(draft, entity_type, change["view"], given)
    else:
        owners.may_change(draft.owner, row)
        for name, value in given.items():
            draft.put("view", row, name, value)
    summary = Phrase(
        "Save the view {label} of {types}", label=row["label"], types=entity_type.plural
    )
    draft.touch(Step("set_view", f"{entity_type.name}.{row['name']}", summary))


def _new(draft: Draft, entity_type: Any, name: str, given: dict[str, Any]) -> dict[str, Any]:
    check_name(name, entity_type.owner, draft.owner)
    if "hidden" in given:
        reason = "only what a plugin brings can be hidden; drop your own"
        raise RelatumError("definition_invalid", what=f"view {name}", reason=reason)
    view_id = draft.new_id()
    made: dict[str, Any] = {
        "id": view_id, "type_id": entity_type.id, "name": name, "owner": draft.owner.name,
        "label": definitions.label_from(name), "query": "{}", "hidden": False,
        "position": len(draft.catalog.views.get(entity_type.name, ())), **given,
    }  # fmt: skip
    draft.rows.views[view_id] = made
    return made


def drop_view(draft: Draft, change: dict[str, Any]) -> None:
    """Take a view away; what a plugin brought is hidden, and its next version leaves it so."""
    entity_type = draft.catalog.type(change["type"])
    row = _row(draft, entity_type.id, change["view"])
    if row is None:
        raise view_unknown(entity_type.name, change["view"], draft.catalog)
    owners.may_change(draft.owner, row, "dropped")
    summary = Phrase("Drop the view {label}", label=row["label"])
    step = Step("drop_view", f"{entity_type.name}.{row['name']}", summary)
    if row["owner"] != draft.owner.name:
        draft.put("view", row, "hidden", value=True)
        step.notes.append(Phrase("it is hidden: '{plugin}' brought it", plugin=row["owner"]))
    else:
        del draft.rows.views[row["id"]]
        for patch in [*draft.rows.patches.values()]:
            if (patch["target_kind"], patch["target_id"]) == ("view", row["id"]):
                del draft.rows.patches[patch["id"]]
    draft.touch(step)


def _row(draft: Draft, type_id: int, name: str) -> dict[str, Any] | None:
    rows = draft.rows.views.values()
    return next((r for r in rows if (r["type_id"], r["name"]) == (type_id, name)), None)


def view_unknown(type_name: str, name: str, known: Catalog) -> RelatumError:
    """Return the error of a view that is not there."""
    names = [view.name for view in known.views.get(type_name, ()) if not view.hidden]
    near = nearest(name[:80], names)
    return RelatumError("view_unknown", type=type_name, view=name[:80], nearest=near)


# -- rules ----------------------------------------------------------------------------------
def check_name(name: str, type_owner: str, owner: owners.Owner) -> None:
    """Check the name of a shared view: the rule, and the prefix on a type of somebody else."""
    definitions.check_name(name)
    if name.startswith(PRIVATE):
        why = ": views that somebody saves for himself begin so"
        raise RelatumError("name_reserved", name=name, why=why)
    if type_owner != owner.name:
        definitions.check_prefix(name, owner, "views of a type that is not yours")


def check_query(known: Catalog, type_name: str, given: Any) -> dict[str, Any]:
    """Return the words of a view's query, if it can be asked; raise what asking it raises."""
    if not isinstance(given, Mapping) or any(word not in WORDS for word in given):
        reason = f"must be an object of {', '.join(WORDS)}"
        raise RelatumError("definition_invalid", what="query", reason=reason)
    words = {word: value for word, value in given.items() if value not in (None, [])}
    query.check(query.read(known, type_name, words, actor=system("plan")), known)
    return words


def broken(known: Catalog) -> dict[View, RelatumError]:
    """Return the views that can't be asked any more, each with the reason."""
    found: dict[View, RelatumError] = {}
    for view in (view for views in known.views.values() for view in views):
        try:
            check_query(known, view.type, view.query)
        except RelatumError as error:
            found[view] = error
    return found


def note_broken(draft: Draft) -> None:
    """Say in the plan which views it breaks."""
    if not draft.steps or not draft.rows.views:
        return
    after = broken(draft.catalog)
    before = {view.id for view in broken(draft.before)} if after else set()
    draft.steps[-1].uses += [
        Phrase(
            "view {label} of {type} (won't open any more: {reason})",
            label=view.label,
            type=view.type,
            reason=error,
        )
        for view, error in after.items()
        if view.id not in before
    ]


# -- as text --------------------------------------------------------------------------------
def described(view: View) -> dict[str, Any]:
    """Return a view as a definition writes it."""
    return {
        "name": view.name, "label": view.label, "query": dict(view.query),
        "position": view.position,
    }  # fmt: skip


def changes(
    now: tuple[View, ...], type_name: str, wanted: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the operations that bring views to what is wanted of them."""
    known = {view.name: {**described(view), "hidden": view.hidden} for view in now}
    made = []
    for given in wanted:
        before = known.get(str(given.get("name")), {})
        changed = {k: v for k, v in given.items() if k != "name" and before.get(k) != v}
        if changed or not before:
            made.append({"op": "set_view", "type": type_name, "view": given.get("name"), **changed})
    return made
