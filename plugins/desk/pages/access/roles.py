"""Roles: the list of them, what one allows as a matrix, making one and dropping it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, reading, roles, transact

from ... import ui, words
from ...words import translated
from . import criteria, matrix
from .matrix import Matrix

#: What of a role a new one takes over that begins as a copy.
_COPIED: Final = ("all_types", "types", "fields", "permissions")
_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")
_LONGEST: Final = 40


@ui.page("/roles")
def role_list() -> Response:
    """List the roles: what they allow in a sentence, and how many hold them."""
    return ui.render("roles.html", roles=roles.list_roles(actor=ui.actor()))


# -- one role -------------------------------------------------------------------------------------
@ui.page("/roles/<name>")
def role_page(name: str) -> Response:
    """Show what a role allows, in the form that changes it, and who holds it."""
    role = roles.get(name, actor=ui.actor())
    return _page(role, matrix.of_role(role))


def _page(role: dict[str, Any], made: Matrix, status: int = 200, **more: Any) -> Response:
    """Return the page of a role, or the form alone if a part is asked for."""
    scene: dict[str, Any] = {
        "role": role, "made": made, "actions": matrix.actions(), "scopes": matrix.scopes(),
        "offered": matrix.permissions(made.permissions), "expect": ui.digest(matrix.said(role)),
        "types": sorted(words.known().types.values(), key=lambda each: each.plural), **more,
    }  # fmt: skip
    if ui.is_fragment():
        return ui.render("_role.html", status, **scene)
    held = roles.holders(role["name"], actor=ui.actor())
    return ui.render("role.html", status, held=held, **scene)


@ui.page("/roles/<name>", "POST", own=True)
def save_role(name: str) -> Response:
    """Save a role; or draw its form with one line or field more or less, and save nothing."""
    actor, form = ui.actor(), request.form
    step = form.get("_do", criteria.DRAW if criteria.EDIT in form else "save")
    with reading():
        role = roles.get(name, actor=actor)
        made = matrix.of_form(form)
        editing = criteria.step(made, form, step)
        if step != "save":
            _step(made, step)
            if step in (criteria.APPLY, criteria.CLOSE) and editing is None:
                made.new = f"b:{form.get(criteria.EDIT)}"
            return _page(role, made, unsaved=True, editing=editing)
        if editing is not None:
            return _page(role, made, 422, unsaved=True, editing=editing)
        if made.is_wrong:
            return _page(role, made, 422, unsaved=True)
    try:
        transact(lambda: _save(name, made))
    except RelatumError as error:
        if error.status not in (404, 409, 422):
            raise
        with reading():
            role = roles.get(name, actor=actor)
            made.problems.append(words.said(error))
            return _page(role, made, error.status, unsaved=True)
    said = translated("The role {role} is saved and obeyed from now on", role=made.label)
    return ui.tell(ui.away(f"/roles/{name}"), said)


def _save(name: str, made: Matrix) -> None:
    """Save a role that is still as its form began."""
    actor = ui.actor()
    ui.as_begun(matrix.said(roles.get(name, actor=actor)))
    roles.save(name, made.as_json(), actor=actor)


def _step(made: Matrix, step: str) -> None:
    """Give a type its own line, take it away, or the same with what a field differs in."""
    what, _, place = step.partition(":")
    chosen = request.form.get(f"new:{place or what}", "")
    type_name, _, name = place.partition(".")
    if what == "line" and chosen:
        matrix.add_line(made, chosen)
        made.new = f"s:{chosen}:read"
    elif what == "unline" and place != matrix.EVERY:
        made.lines.pop(place, None)
    elif what == "section" and chosen:
        matrix.add_section(made, chosen)
        made.new = f"new:{chosen}"
    elif what == "field" and chosen:
        matrix.add_field(made, place, chosen)
        made.new = f"r:{place}.{chosen}"
    elif what == "unfield" and type_name in made.sections:
        made.sections[type_name].rights.pop(name, None)


# -- a new one ------------------------------------------------------------------------------------
@ui.page("/roles/_new")
def ask_new_role() -> Response:
    """Ask what a new role is called, and what it begins as."""
    return _ask_new()


def _ask_new(problem: str | None = None, status: int = 200) -> Response:
    known = roles.list_roles(actor=ui.actor())
    return ui.render("role_new.html", status, roles=known, sent=request.form, problem=problem)


@ui.page("/roles/_new", "POST", own=True)
def make_role() -> Response:
    """Make a role, perhaps as a copy of another, and lead to what it allows."""
    label = request.form.get("label", "").strip()
    try:
        name = transact(lambda: _make(label))
    except RelatumError as error:
        if error.status not in (404, 409, 422):
            raise
        with reading():
            return _ask_new(words.said(error), error.status)
    if name is None:
        with reading():
            said = translated("There is a role of this name. Choose another label.")
            return _ask_new(said, 409)
    return ui.tell(ui.away(f"/roles/{name}"), translated("The role {role} is made", role=label))


def _make(label: str) -> str | None:
    """Make the role that the form asks for and return its name; None if there is one of it."""
    actor, copied = ui.actor(), request.form.get("copy", "")
    name = _name(label)
    if any(role["name"] == name for role in roles.list_roles(actor=actor)):
        return None
    given: dict[str, Any] = {"label": label}
    if copied:
        role = roles.get(copied, actor=actor)
        given |= {word: role[word] for word in ("description", *_COPIED)}
    roles.save(name, given, actor=actor)
    return name


def _name(label: str) -> str:
    """Return the name of a role that is called so."""
    plain = unicodedata.normalize("NFKD", label.replace("ß", "ss")).encode("ascii", "ignore")
    words_ = _NO_LETTER.sub("_", plain.decode().lower())[:_LONGEST].strip("_")
    return words_ if words_[:1].isalpha() else f"role_{words_}"[:_LONGEST].strip("_")


# -- dropping one ---------------------------------------------------------------------------------
@ui.page("/roles/<name>/drop")
def ask_drop_role(name: str) -> Response:
    """Ask whether a role is to go; one that is held can't."""
    return _ask_drop(name)


def _ask_drop(name: str, problem: str | None = None, status: int = 200) -> Response:
    role = roles.get(name, actor=ui.actor())
    if problem is None and (role["users"] or role["teams"]):
        given = {"role": name, "users": role["users"], "teams": role["teams"]}
        problem = words.said(RelatumError("role_held", **given))
    held = roles.holders(name, actor=ui.actor())
    return ui.render("role_drop.html", status, role=role, problem=problem, held=held)


@ui.page("/roles/<name>/drop", "POST", own=True)
def drop_role(name: str) -> Response:
    """Drop a role that nobody holds."""
    actor = ui.actor()
    try:
        transact(lambda: roles.drop(name, actor=actor))
    except RelatumError as error:
        if error.status != 409:
            raise
        with reading():
            return _ask_drop(name, words.said(error), error.status)
    return ui.tell(ui.away("/roles"), translated("The role is dropped"))
