"""Disable a user: what that ends, what he owns, and who gets it; and let him in again."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from relatum import RelatumError, people, reading, transact

from ... import inputs, ui, words
from ...words import translated

#: What the form calls a heir of its own, and types that are handed over.
_HEIR, _TYPE = "heir:", "type"


@ui.page("/users/<int:user_id>/disable")
def ask_leave(user_id: int) -> Response:
    """Say what disabling a user ends, and what he owns; ask who gets it."""
    return _page(user_id)


def _page(user_id: int, status: int = 200, problems: dict[str, str] | None = None) -> Response:
    told = people.leaving(user_id, actor=ui.actor())
    again = problems is not None
    return ui.render(
        "leaving.html", status, told=told, problems=problems or {}, sent=request.form,
        ticked=request.form.getlist(_TYPE) if again else [each["type"] for each in told["types"]],
    )  # fmt: skip


@ui.page("/users/<int:user_id>/disable", "POST", own=True)
def leave(user_id: int) -> Response:
    """Disable a user and let a job hand over what he owns."""
    actor, form = ui.actor(), request.form
    try:
        with reading():
            asked = _asked()
        left = transact(lambda: people.disable(user_id, actor=actor, **asked))
    except inputs.Misread as misread:
        return _again(user_id, misread.problems)
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        found = {_place(p.field): words.said(p) for p in error.problems}
        return _again(user_id, found or {"": words.said(error)})
    if left["job"] is not None:
        said = translated("Job {number} hands the records over", number=left["job"])
        return ui.tell(ui.away(f"/jobs/{left['job']}"), said)
    said = translated("{name} can't sign in any more", name=form.get("name", ""))
    return ui.tell(ui.away(f"/records/user/{user_id}"), said)


def _again(user_id: int, problems: dict[str, str]) -> Response:
    with reading():
        return _page(user_id, 422, problems)


def _place(field: str | None) -> str:
    """Return what the form calls what a problem is about."""
    return (field or "").replace("heirs.", _HEIR)


def _asked() -> dict[str, Any]:
    """Return who gets what, as `people.disable` takes it; raise `Misread`."""
    form, ticked = request.form, request.form.getlist(_TYPE)
    heirs: dict[str, int | None] = {}
    for name in form.getlist("offered"):
        heir = _user(f"{_HEIR}{name}") if name in ticked else None
        if heir is not None or name not in ticked:
            heirs[name] = heir
    only_open = form.get("which") != "all"
    return {"transfer_to": _user("transfer_to"), "heirs": heirs, "only_open": only_open}


def _user(name: str) -> int | None:
    """Return the user that is chosen in the form; raise `Misread` for a name that nobody has."""
    try:
        found = inputs.linked(("user",), request.form, name)
    except RelatumError as error:
        raise inputs.Misread({name: words.said(error)}, {}) from None
    return ui.whole(str(found)) if found else None


@ui.page("/users/<int:user_id>/enable", "POST")
def let_in_again(user_id: int) -> Response:
    """Let a user sign in again."""
    people.enable(user_id, actor=ui.actor())
    return ui.done(ui.away(f"/records/user/{user_id}"), translated("The user can sign in again"))
