"""Invite people: one by a form, or many by a list that is looked at first."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, links, mail, people, query, reading, roles, transact

from ... import inputs, ui, words
from ...words import translated

#: Most bytes of a list: its text stands in the form, to be corrected there.
_LARGEST: Final = 400_000


@ui.page("/users/_invite")
def ask_people() -> Response:
    """Ask whom to invite."""
    return _page()


def _page(status: int = 200, **more: Any) -> Response:
    return ui.render(
        "invite.html", status, roles=roles.list_roles(actor=ui.actor()), days=links.days(),
        can_send=mail.can_send(), server=mail.server(), sent=request.form,
        ticked=request.form.getlist("role"), **more,
    )  # fmt: skip


@ui.page("/users/_invite", "POST", own=True)
def invite_people() -> Response:
    """Invite somebody, or look at a list; the answer is the one page that ever shows the links."""
    form = request.form
    if form.get("what") == "one":
        row = {
            "name": form.get("name", ""), "email": form.get("email", ""),
            "team": _team(), "roles": form.getlist("role"),
            "admin": "admin" in form,
        }  # fmt: skip
        return _invite([(0, row)], what="one", dry_run=False)
    try:
        text = _text()
        found = people.listed(text, translated("the list"))
    except RelatumError as error:
        with reading():
            return _page(error.status, what="list", problems=[words.said(error)])
    return _invite(found, what="list", dry_run=form.get("step") != "do", text=text)


def _team() -> str:
    """Return the team that was chosen, or the name that was typed."""
    form = request.form
    typed = form.get(f"team{inputs.TYPED}", "").strip()
    chosen = not typed or typed == form.get(f"team{inputs.WAS}", "").strip()
    return form.get("team", "") if chosen else typed


def _text() -> str:
    """Return the list that was sent as a file, else the one that was pasted."""
    file = request.files.get("file")
    data = file.stream.read(_LARGEST + 1) if file is not None and file.filename else b""
    text = people.decoded(data) if data else request.form.get("text", "")
    if len(data) > _LARGEST or len(text) > _LARGEST:
        name = file.filename if data and file is not None else translated("the list")
        raise RelatumError("upload_too_large", name=str(name)[:80], limit=_LARGEST)
    return text


def _invite(
    found: list[tuple[int, dict[str, Any]]], *, what: str, dry_run: bool, text: str = ""
) -> Response:
    actor, rows = ui.actor(), [row for _, row in found]
    by_mail = "mail" in request.form
    try:
        made = transact(lambda: links.invite(rows, by_mail=by_mail, dry_run=dry_run, actor=actor))
    except RelatumError as error:
        if error.status not in (409, 413, 422):
            raise
        with reading():
            return _page(error.status, what=what, text=text, **_wrong(error, found, what))
    with reading():
        return _page(what=what, text=text, made=made, lines=[line for line, _ in found],
                     tried=dry_run, by_mail=by_mail, teams=_teams(made))  # fmt: skip


def _wrong(
    error: RelatumError, found: list[tuple[int, dict[str, Any]]], what: str
) -> dict[str, Any]:
    """Return what is wrong: by field of the form for one, by line for a list."""
    if not error.problems:
        return {"problems": [words.said(error)]}
    if what == "one":
        return {"fields": {problem.field: words.said(problem) for problem in error.problems}}
    columns = {
        "name": translated("Name"), "email": translated("E-mail address"),
        "team": translated("Team"), "roles": translated("Roles"),
        "admin": translated("Administrator"),
    }  # fmt: skip
    lines = [
        translated(
            "Line {line}, {column}: {text}", line=found[problem.row or 0][0],
            column=columns.get(problem.field or "", problem.field), text=words.said(problem),
        )
        for problem in error.problems
    ]  # fmt: skip
    return {"problems": lines}


def _teams(made: list[people.Invited]) -> dict[str, Any]:
    ids = {each.team for each in made if each.team is not None}
    return query.labels(ids, actor=ui.actor()) if ids else {}
