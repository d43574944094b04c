"""Building dashboards: made, named, shared, deleted; their widgets added, sized, put in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, plugin_host, reading, roles, transact

from ... import ui, words
from ...dashboards import keeping
from ...dashboards.definitions import SIZES, Shown
from ...words import translated
from . import shown

#: The statuses of what a page says of itself; others are pages of their own.
_TOLD: Final = (400, 409, 422)


def found(key: str, *, hold: bool = False) -> Shown:
    """Return a dashboard that the reader may change; raise `not_found`, `forbidden`."""
    actor = ui.actor()
    made = keeping.get(key, actor=actor, hidden=True, hold=hold)
    if not keeping.may_change(made, actor):
        raise RelatumError("forbidden", action="change", thing=f"dashboard '{made.label}'")
    return made


@ui.page("/dashboards", "POST", own=True)
def make_dashboard() -> Response:
    """Make a dashboard and lead to its first widget."""
    try:
        made = transact(lambda: keeping.create(request.form.get("label", ""), actor=ui.actor()))
    except RelatumError as error:
        if error.status not in (400, 422):
            raise
        with reading():
            return shown.listed(words.said(error))
    return ui.away(f"/dashboards/{made.key}/edit")


@ui.page("/dashboards/<key>/edit")
def edit_dashboard(key: str) -> Response:
    """Show a dashboard to be changed: each widget with what can be done to it."""
    return editing(key)


def editing(key: str, problem: str | None = None, status: int = 422) -> Response:
    """Return that page, perhaps with what is wrong and what was typed."""
    made = found(key)
    audiences = _audiences() if ui.actor().admin and not made.plugin else {}
    typed = made
    if "label" in request.form:
        label, chosen = request.form["label"], tuple(request.form.getlist("with"))
        typed = replace(made, label=label, audience=chosen)
    return ui.render(
        "dashboard_edit.html", status if problem else 200, scene=shown.scene(made), typed=typed,
        problem=problem, sizes=size_labels(), audiences=audiences, expect=ui.digest(_form(made)),
    )  # fmt: skip


def _form(made: Shown) -> list[Any]:
    """Return what the form of a dashboard says."""
    return [made.label, made.audience]


def size_labels() -> dict[str, str]:
    """Return what the sizes of widgets are called."""
    said = (translated("Small"), translated("Medium"), translated("Wide"), translated("Full"))
    return dict(zip(SIZES, said, strict=True))


def _audiences() -> dict[str, str]:
    """Return with whom a dashboard can be shared: everybody, roles, teams."""
    actor = ui.actor()
    made = {keeping.EVERYBODY: translated("Everybody")}
    for role in roles.list_roles(actor=actor):
        label = words.of_role(role)
        made[f"role:{role['name']}"] = translated("Role: {name}", name=label)
    for id_, label in keeping.teams(actor=actor):
        made[f"team:{id_}"] = translated("Team: {name}", name=label)
    return made


def status_of(error: RelatumError) -> int:
    """Return the status of a form that says what is refused: one that scripts show as it is."""
    return 422 if error.status == 400 else error.status


def _refused(key: str, error: RelatumError) -> Response:
    return editing(key, words.said(error), status_of(error))


def writing(
    key: str,
    work: Callable[[Shown], Response],
    again: Callable[[str, RelatumError], Response] = _refused,
) -> Response:
    """Do something to a dashboard, which is held; what is refused is said `again`, on its page."""
    return plugin_host.tried(
        lambda: work(found(key, hold=True)), lambda error: again(key, error), _TOLD
    )


def _edit(key: str) -> Response:
    return ui.away(f"/dashboards/{key}/edit")


@ui.page("/dashboards/<key>/save", "POST", own=True)
def save_dashboard(key: str) -> Response:
    """Name a dashboard, and share it with everybody, roles or teams."""

    def work(made: Shown) -> Response:
        ui.as_begun(_form(made))
        changes: dict[str, Any] = {"label": request.form.get("label", "")}
        if ui.actor().admin and not made.plugin:
            known = _audiences()
            changes["audience"] = tuple(a for a in request.form.getlist("with") if a in known)
        keeping.keep(made, actor=ui.actor(), **changes)
        return ui.tell(_edit(key), translated("Saved"))

    return writing(key, work)


@ui.page("/dashboards/<key>/hide", "POST", own=True)
def hide_dashboard(key: str) -> Response:
    """Hide a declared dashboard from everybody, or show it again."""

    def work(made: Shown) -> Response:
        keeping.keep(made, actor=ui.actor(), hidden=request.form.get("on") == "1")
        return ui.tell(ui.away("/dashboards"), translated("Saved"))

    return writing(key, work)


@ui.page("/dashboards/<key>/delete", "POST", own=True)
def delete_dashboard(key: str) -> Response:
    """Delete a dashboard; a declared one is again as its plugin has it."""

    def work(made: Shown) -> Response:
        keeping.drop(made, actor=ui.actor())
        label = shown.label_of(made)
        said = (
            translated("{label} is as its plugin has it", label=label)
            if made.plugin else translated("{label} is deleted", label=label)
        )  # fmt: skip
        return ui.tell(ui.away("/dashboards"), said)

    return writing(key, work)


@ui.page("/dashboards/<key>/order", "POST", own=True)
def order_widgets(key: str) -> Response:
    """Put the widgets in another order."""

    def work() -> Response:
        made = found(key, hold=True)
        ids = request.form.get("ids", "").split(",")
        place = {name: at for at, name in enumerate(ids)}
        ordered = sorted(made.widgets, key=lambda each: place.get(each.id, len(place)))
        keeping.keep(made, actor=ui.actor(), widgets=tuple(ordered))
        answer: Response = Response('{"text": null}', mimetype="application/json")
        return answer

    return transact(work)


@ui.page("/dashboards/<key>/w/<name>/size", "POST", own=True)
def size_widget(key: str, name: str) -> Response:
    """Give a widget another size."""

    def work(made: Shown) -> Response:
        size = request.form.get("size", "")
        changed = tuple(
            replace(each, size=size) if each.id == name and size in SIZES else each
            for each in made.widgets
        )
        keeping.keep(made, actor=ui.actor(), widgets=changed)
        return _edit(key)

    return writing(key, work)


@ui.page("/dashboards/<key>/w/<name>/remove", "POST", own=True)
def remove_widget(key: str, name: str) -> Response:
    """Take a widget away."""

    def work(made: Shown) -> Response:
        left = tuple(each for each in made.widgets if each.id != name)
        keeping.keep(made, actor=ui.actor(), widgets=left)
        return ui.tell(_edit(key), translated("The widget is removed"))

    return writing(key, work)
