"""What is done in the designer: each act goes into the draft, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, catalog, fields, roles

from ... import inputs, ui, words
from ...words import translated
from . import designer, entailing, shaping
from . import draft as drafts
from .designer import Panel

Change = dict[str, Any]
#: Buttons that save a form and leave it open, with room for more.
_STAYS: Final = ("move", "more")


def done(address: str, text: str, **panel: Any) -> Response:
    """Show what the draft looks like now: at once, or by sending the browser there."""
    if not ui.is_fragment():
        return ui.away(address)
    path, _, asked = address.partition("?")
    parts = path.removeprefix("/model").strip("/").split("/")
    name, tab = (parts[0] or None), (parts[1] if len(parts) > 1 else designer.TABS[0])
    shown = designer.scene(name, tab)
    if asked and name is not None:
        field = shown.draft.after.type(name).field(asked.removeprefix("field="))
        shown = replace(shown, panel=Panel("field", shaping.kinds()[field.kind], field))
    answer = ui.toast(designer.draw(shown), text)
    answer.headers["HX-Push-Url"] = address
    return answer


def again(type_name: str | None, tab: str, panel: Panel, problems: dict[str, str]) -> Response:
    """Show a form as it was sent, with what is wrong beside each control."""
    made = replace(panel, sent=request.form, problems=problems)
    return designer.draw(designer.scene(type_name, tab, made), 422)


def collected(*changes: Change, key: str | None = None) -> drafts.Draft:
    """Take changes into the draft; raise what the kernel says against them."""
    return drafts.add(*changes, actor=ui.actor(), key=key)


def after(type_name: str) -> tuple[catalog.Catalog, catalog.EntityType]:
    """Return the data model as the draft makes it, and a type of it."""
    known = drafts.current(actor=ui.actor()).after
    return known, known.type(type_name)


def text(name: str) -> str:
    """Return what was typed into a control, without needless spaces."""
    return " ".join(request.form.get(name, "").split())


# -- types ------------------------------------------------------------------------------------
@ui.page("/model/new", "POST")
def make_type() -> Response:
    """Make an entity type with its first field, by which its records are called."""
    known = drafts.current(actor=ui.actor()).after
    panel = Panel("type")
    label, first = text("label"), text("first")
    if not label:
        return again(None, designer.TABS[0], panel, {"label": translated("Give it a label.")})
    name = text("name") or shaping.slug(label, prefix="x_", taken=known.types)
    change: Change = {
        "op": "create_type", "name": name, "label": label, "plural": text("plural") or f"{label}s",
        "icon": request.form.get("icon") or None, "hue": _hue(),
        "description": request.form.get("description", "").strip() or None,
    }  # fmt: skip
    if text("access") in roles.OPENINGS:
        change["access"] = text("access")
    if first:
        field = shaping.slug(first)
        change["fields"] = [
            {"name": field, "kind": "text", "label": first, "required": True, "sortable": True}
        ]
        change["title"] = field
    try:
        collected(change)
    except RelatumError as error:
        return again(None, designer.TABS[0], panel, shaping.problems_of(error))
    return done(f"/model/{name}", translated("{label} is in the draft", label=label))


def _hue() -> int | None:
    hue = request.form.get("hue", "")
    return int(hue) if hue.isdecimal() else None


@ui.page("/model/<type_name>/settings", "POST")
def change_type(type_name: str) -> Response:
    """Change what a type is called and looks like."""
    _, entity_type = after(type_name)
    label, plural = text("label"), text("plural")
    # Whoever renames one and leaves the other means both.
    if label != entity_type.label and plural == entity_type.plural == f"{entity_type.label}s":
        plural = f"{label}s"
    said = {
        "label": label, "plural": plural or f"{label}s", "icon": text("icon") or None,
        "hue": _hue(), "title": text("title"),
        "description": request.form.get("description", "").strip() or None,
    }  # fmt: skip
    changed = {name: value for name, value in said.items() if getattr(entity_type, name) != value}
    panel = Panel("")
    if not label:
        return again(
            type_name, "settings", panel, {"label": translated("Give it a label.")}
        )  # fmt: skip
    try:
        if changed:
            collected({"op": "change_type", "type": type_name, **changed})
    except RelatumError as error:
        return again(type_name, "settings", panel, shaping.problems_of(error))
    said_so = translated("{label} is changed in the draft", label=label)
    return done(f"/model/{type_name}/settings", said_so)


@ui.page("/model/<type_name>/<any(trash, restore, purge):verb>", "POST")
def move_type(type_name: str, verb: str) -> Response:
    """Put a type in the trash, take it out, or purge it; what only the draft has is forgotten."""
    if verb == "trash" and drafts.withdraw(type_name, actor=ui.actor()):
        return done("/model", translated("Taken out of the draft"))
    collected({"op": f"{verb}_type", "type": type_name})
    return done("/model", translated("It is in the draft"))


# -- unique keys ------------------------------------------------------------------------------
@ui.page("/model/<type_name>/keys", "POST")
def change_keys(type_name: str) -> Response:
    """Make a unique key over fields, or take one away."""
    gone = request.form.get("drop")
    names = gone.split(",") if gone else request.form.getlist("key")
    op = "trash_key" if gone else "add_key"
    try:
        if names:
            collected({"op": op, "type": type_name, "fields": names})
    except RelatumError as error:
        return again(type_name, "settings", Panel(""), {"key": words.said(error)})
    return done(f"/model/{type_name}/settings", translated("It is in the draft"))


# -- fields -----------------------------------------------------------------------------------
@ui.page("/model/<type_name>/fields", "POST")
def make_field(type_name: str) -> Response:
    """Add a field to a type."""
    known, entity_type = after(type_name)
    kind = shaping.kinds().get(request.form.get("kind", ""))
    if kind is None:
        raise RelatumError("kind_unknown", kind=request.form.get("kind", "")[:80], nearest="")
    panel = Panel("field", kind)
    try:
        said = shaping.properties(kind.type, None, request.form)
        name = text("name") or shaping.slug(
            said["label"], prefix=shaping.prefix(entity_type),
            taken=shaping.names_in(known, entity_type),
        )  # fmt: skip
        settings = {n: value for n, value in said.pop("settings").items() if value is not None}
        kept = {n: v for n, v in said.items() if v not in (None, False, [])}
        change = {"op": "add_field", "type": type_name, "name": name, "kind": kind.name, **kept}
        collected({**change, "settings": settings} if settings else change)
    except (inputs.Misread, RelatumError) as error:
        return _refused(type_name, panel, error, kind)
    return done(_after_form(type_name, name), translated("{label} is in the draft", **_named(said)))


def _refused(
    type_name: str, panel: Panel, error: inputs.Misread | RelatumError, kind: shaping.Kind
) -> Response:
    """Show the form of a field again, with what is wrong where it is."""
    if isinstance(error, inputs.Misread):
        return again(type_name, designer.TABS[0], panel, error.problems)
    return again(type_name, designer.TABS[0], panel, shaping.problems_of(error, kind.type))


def _named(said: dict[str, Any]) -> dict[str, str]:
    return {"label": str(said["label"])}


def _after_form(type_name: str, name: str) -> str:
    """Return where a form leads that was saved: it stays open if more is to be said in it."""
    stays = any(word in request.form for word in _STAYS)
    return f"/model/{type_name}?field={name}" if stays else f"/model/{type_name}"


@ui.page("/model/<type_name>/fields/<name>", "POST")
def change_field(type_name: str, name: str) -> Response:
    """Change a field, its settings and its options."""
    _, entity_type = after(type_name)
    field = designer.own_field(entity_type, name)
    kind = shaping.kinds()[field.kind]
    panel = Panel("field", kind, field)
    try:
        said = shaping.properties(kind.type, field, request.form)
        entailing.read(entity_type, field, said, request.form)
        changed = shaping.difference(field, said)
        if request.form.get("replace") and "options" in changed:
            changed["existing"] = {"fill": request.form["replace"]}
        if changed:
            collected({"op": "change_field", "type": type_name, "field": name, **changed})
    except (inputs.Misread, RelatumError) as error:
        return _refused(type_name, panel, error, kind)
    said_so = translated("{label} is changed in the draft", **_named(said))
    return done(_after_form(type_name, name), said_so)


@ui.page("/model/<type_name>/fields/<name>/retype", "POST")
def retype_field(type_name: str, name: str) -> Response:
    """Give a field another type; the plan says which values do not fit."""
    _, entity_type = after(type_name)
    field = designer.own_field(entity_type, name)
    kind = shaping.kinds().get(request.form.get("kind", ""))
    if kind is None or kind.name not in fields.CONVERSIONS.get(field.kind, ()):
        known = ", ".join(fields.CONVERSIONS.get(field.kind, ()))
        to = request.form.get("kind", "")[:80]
        raise RelatumError("retype_impossible", what=name, kind=field.kind, to=to, known=known)
    problems: dict[str, str] = {}
    settings = shaping.settings(kind.type, None, request.form, problems)
    change: Change = {
        "op": "retype_field", "type": type_name, "field": name, "kind": kind.name,
        "settings": {n: value for n, value in settings.items() if value is not None},
    }  # fmt: skip
    if text("style"):
        change["style"] = text("style")
    try:
        if not problems:
            collected(change)
    except RelatumError as error:
        problems = shaping.problems_of(error, kind.type)
    if problems:
        return again(type_name, designer.TABS[0], Panel("retype", kind, field), problems)
    return done(f"/model/{type_name}", translated("{label} is in the draft", label=field.label))


_OF_FIELDS: Final = {
    "trash": "trash_field", "restore": "restore_field", "purge": "purge_field",
    "revert": "revert_field", "cancel": "cancel_retype",
}  # fmt: skip


@ui.page(f"/model/<type_name>/fields/<name>/<any({', '.join(_OF_FIELDS)}):verb>", "POST")
def move_field(type_name: str, name: str, verb: str) -> Response:
    """Put a field in the trash, take it out, purge it, or put it back to its former type."""
    if verb == "trash" and drafts.withdraw(type_name, name, actor=ui.actor()):
        return done(f"/model/{type_name}", translated("Taken out of the draft"))
    try:
        collected({"op": _OF_FIELDS[verb], "type": type_name, "field": name})
    except RelatumError as error:
        found = after(type_name)[1].fields.get(name)
        if found is None:
            raise
        panel = Panel("field", shaping.kinds()[found.kind], found)
        shown = designer.scene(type_name, panel=replace(panel, problems={"": words.said(error)}))
        return designer.draw(shown, 422)
    return done(f"/model/{type_name}", translated("It is in the draft"))


@ui.page("/model/<type_name>/order", "POST")
def order_fields(type_name: str) -> Response:
    """Bring the fields of a type into an order."""
    _, entity_type = after(type_name)
    own = [field for field in entity_type.fields.values() if field.owner != "system"]
    names = ordered([field.name for field in own])
    if names != [field.name for field in own]:
        collected(*_positions(type_name, names), key=f"order:{type_name}")
    return sorted_(f"/model/{type_name}")


def ordered(names: list[str]) -> list[str]:
    """Return names in the order that was sent: all of them, or one that is to be moved."""
    sent = [name for name in request.form.get("ids", "").split(",") if name in names]
    if sorted(sent) == sorted(names):
        return sent
    return shaping.moved(names, names, request.form.get("move", ""))


def _positions(type_name: str, names: list[str]) -> list[Change]:
    """Return what brings each field to its place, beginning from what is published."""
    known = catalog.current().types.get(type_name)
    now = {n: field.position for n, field in known.fields.items()} if known is not None else {}
    return [
        {"op": "change_field", "type": type_name, "field": name, "position": place}
        for place, name in enumerate(names)
        if now.get(name) != place
    ]


def sorted_(address: str) -> Response:
    """Answer to a new order: a script that dragged wants a word, a form the page."""
    if request.accept_mimetypes.best == "*/*" and not ui.is_fragment():
        return Response("{}", mimetype="application/json")
    return done(address, translated("The order is in the draft"))
