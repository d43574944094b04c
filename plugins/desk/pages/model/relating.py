"""The designer's parts beside fields: relationships, the layout of record pages, shared views."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from relatum import RelatumError, catalog, fields, views

from ... import ui, words
from ...words import translated
from . import designer, shaping
from . import draft as drafts
from .designer import Panel
from .designing import Change, after, again, collected, done, ordered, sorted_, text

#: Highlights that a page may have.
_MOST = 8


# -- relationships ----------------------------------------------------------------------------
@ui.page("/model/<type_name>/relationships", "POST")
def relate_types(type_name: str) -> Response:
    """Relate a type to another one, with a name on both sides."""
    known, entity_type = after(type_name)
    shape = request.form.get("shape", "")
    panel = Panel("relate", shape=shape)
    other = known.types.get(request.form.get("other", ""))
    if shape not in designer.SHAPES or other is None:
        problem = {"other": translated("Choose a type.")}
        return again(type_name, "relationships", panel, problem)
    try:
        if shape == "many_to_many":
            change = _tie(known, entity_type, other)
        elif shape == "one_to_many":
            change = _link(known, other, entity_type)
        else:
            change = _link(known, entity_type, other, unique=shape == "one_to_one")
        collected(change)
    except RelatumError as error:
        return again(type_name, "relationships", panel, _place(error))
    return done(f"/model/{type_name}/relationships", translated("It is in the draft"))


def _place(error: RelatumError) -> dict[str, str]:
    problems = shaping.problems_of(error, fields.Lookup)
    return {name.removeprefix("s."): reason for name, reason in problems.items()}


def _link(
    known: catalog.Catalog,
    holder: catalog.EntityType,
    target: catalog.EntityType,
    *,
    unique: bool = False,
) -> Change:
    """Return the field by which records of a type point to one of another."""
    label, back = text("label") or target.label, text("back") or holder.plural
    taken = shaping.names_in(known, holder)
    name = shaping.slug(label, prefix=shaping.prefix(holder), taken=taken)
    there = shaping.names_in(known, target) | ({name} if holder is target else set())
    inverse = shaping.slug(back, prefix=shaping.prefix(target), taken=there)
    settings: dict[str, Any] = {"target": target.name, "inverse": inverse}
    if text("back"):
        settings["inverse_label"] = back
    if request.form.get("part"):
        settings["part"] = True
    elif request.form.get("on_delete"):
        settings["on_delete"] = request.form["on_delete"]
    flags = {
        "required": "required" in request.form or "part" in request.form, "unique": unique,
    }  # fmt: skip
    return {
        "op": "add_field", "type": holder.name, "name": name, "kind": "lookup", "label": label,
        "settings": settings, **{flag: True for flag, on in flags.items() if on},
    }  # fmt: skip


def _tie(known: catalog.Catalog, one: catalog.EntityType, other: catalog.EntityType) -> Change:
    """Return the type whose records tie many of one type to many of another, each pair once."""
    label = text("label") or f"{one.label} – {other.label}"
    name = shaping.slug(label, prefix="x_", taken=known.types)
    here = shaping.slug(one.label)
    there = shaping.slug(other.label, taken=[here])
    backs = [text("back") or other.plural, one.plural]
    prefix, taken = shaping.prefix(one), shaping.names_in(known, one)
    lists = [shaping.slug(backs[0], prefix=prefix, taken=taken)]
    taken = shaping.names_in(known, other) | (set(lists) if one is other else set())
    lists.append(shaping.slug(one.plural, prefix=shaping.prefix(other), taken=taken))
    ends = [
        {
            "name": field, "kind": "lookup", "label": to.label, "required": True,
            "settings": {
                "target": to.name, "on_delete": "cascade", "inverse": inverse,
                "inverse_label": back,
            },
        }
        for field, to, inverse, back in zip((here, there), (one, other), lists, backs, strict=True)
    ]  # fmt: skip
    return {
        "op": "create_type", "name": name, "label": label, "plural": label, "icon": "arrows-join",
        "title": "", "fields": ends, "keys": [[here, there]],
    }  # fmt: skip


# -- layout -----------------------------------------------------------------------------------
@ui.page("/model/<type_name>/layout", "POST")
def change_layout(type_name: str) -> Response:
    """Change what a record page shows first, and how its fields stand in sections."""
    shown = designer.scene(type_name, "layout")
    assert shown.type is not None
    sections = [
        {"key": key, "label": label, "fields": [field.name for field in held]}
        for key, label, held in shown.layout
    ]
    highlights = [name for name in shown.type.layout.highlights if name in shown.type.fields]
    problems = _arranged(sections, highlights) or _saved(shown.type, sections, highlights)
    if problems:
        return again(type_name, "layout", Panel("layout"), problems)
    if "ids" in request.form:
        return sorted_(f"/model/{type_name}/layout")
    return done(f"/model/{type_name}/layout", translated("The layout is in the draft"))


def _arranged(sections: list[dict[str, Any]], highlights: list[str]) -> dict[str, str]:
    """Do to a layout what the form asks for; return what is wrong with that."""
    form = request.form
    if request.values.get("of") == "highlights":
        highlights[:] = ordered(highlights)
    elif name := form.get("highlight"):
        known = name in highlights
        highlights[:] = [n for n in highlights if n != name] if known else [*highlights, name]
    elif key := form.get("rename"):
        for section in sections:
            section["label"] = text("label") if section["key"] == key else section["label"]
    elif key := form.get("drop"):
        sections[:] = [section for section in sections if section["key"] != key]
    elif "add" in form:
        return _added(sections)
    else:
        sections[:] = _in_order(sections)
    return {}


def _in_order(sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the sections as one list of headings and fields was brought into order."""
    keys = [
        key
        for section in sections
        for key in (section["key"], *(f"f.{name}" for name in section["fields"]))
    ]
    # The first heading has nothing above it: fields moved there open the first section.
    by_key = {section["key"]: {**section, "fields": []} for section in sections}
    at = next(iter(by_key.values()))
    made: list[dict[str, Any]] = []
    for key in ordered(keys):
        if key in by_key:
            at = by_key[key]
            made.append(at)
        else:
            at["fields"].append(key.removeprefix("f."))
    return made


def _added(sections: list[dict[str, Any]]) -> dict[str, str]:
    """Take in a new section, which begins with some fields of others."""
    chosen = request.form.getlist("field")
    if not chosen:
        return {"field": translated("Choose at least one field.")}
    for section in sections:
        section["fields"] = [name for name in section["fields"] if name not in chosen]
    sections.insert(-1, {"key": "", "label": text("label"), "fields": chosen})
    return {}


def _saved(
    entity_type: catalog.EntityType, sections: list[dict[str, Any]], highlights: list[str]
) -> dict[str, str]:
    """Take the layout into the draft; sections without a field go. Return what is wrong."""
    kept = [
        {"label": section["label"], "fields": section["fields"]}
        for section in sections
        if section["fields"] and section["key"] != "rest"
    ]
    said = {"highlights": highlights[:_MOST], "sections": kept}
    layout = {name: value for name, value in said.items() if value}
    if layout == entity_type.layout.as_json():
        return {}
    try:
        collected({"op": "change_type", "type": entity_type.name, "layout": layout})
    except RelatumError as error:
        return {"": words.said(error)}
    return {}


# -- views ------------------------------------------------------------------------------------
@ui.page("/model/<type_name>/views", "POST")
def add_shared_view(type_name: str) -> Response:
    """Let everybody open a list: one of the administrator's own, or a plain one."""
    known, entity_type = after(type_name)
    own, label, query = request.form.get("own", ""), text("label"), {}
    if own:
        found = views.get(type_name, own, actor=ui.actor())
        label, query = label or found["label"], found["query"]
    elif request.form.getlist("field"):
        query = {"fields": request.form.getlist("field")}
        if request.form.get("sort"):
            query["sort"] = [request.form["sort"]]
    if not label:
        problem = {"label": translated("Give it a label.")}
        return again(type_name, "views", Panel("view"), problem)
    taken = [view.name for view in known.views.get(type_name, ())]
    name = shaping.slug(label, prefix=shaping.prefix(entity_type), taken=taken)
    change = {"op": "set_view", "type": type_name, "view": name, "label": label, "query": query}
    return _viewed(type_name, change)


@ui.page("/model/<type_name>/views/<name>", "POST")
def change_shared_view(type_name: str, name: str) -> Response:
    """Call a shared view something else, hide it, or show it again."""
    if "drop" in request.form:
        return _viewed(type_name, {"op": "drop_view", "type": type_name, "view": name})
    change: Change = {"op": "set_view", "type": type_name, "view": name}
    if "show" in request.form:
        change["hidden"] = False
    if text("label"):
        change["label"] = text("label")
    return _viewed(type_name, change)


def _viewed(type_name: str, change: Change) -> Response:
    try:
        collected(change)
    except RelatumError as error:
        return again(type_name, "views", Panel("view"), {"": words.said(error)})
    return done(f"/model/{type_name}/views", translated("It is in the draft"))


@ui.page("/model/<type_name>/order/views", "POST")
def arrange_shared_views(type_name: str) -> Response:
    """Bring the shared views of a type into an order."""
    known, _ = after(type_name)
    now = [view.name for view in known.views.get(type_name, ())]
    names = ordered(now)
    if names != now:
        changes = [
            {"op": "set_view", "type": type_name, "view": name, "position": place}
            for place, name in enumerate(names)
        ]
        drafts.add(*changes, actor=ui.actor(), key=f"views:{type_name}")
    return sorted_(f"/model/{type_name}/views")
