"""The pages of a conversion in the desk: what is proposed, one button, and the mapping."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from flask import Blueprint, Response, request

from relatum import (
    RelatumError,
    catalog,
    for_new,
    may,
    plugin_host,
    query,
    reading,
    requires,
    seen,
    transact,
)

from . import forms, leads, mapping, verbs
from .api import CONVERT, asking
from .mapping import ACCOUNT, CONTACT, DEAL, LEAD, TYPES

PAGES: Final = Blueprint(
    "pages", __name__, template_folder="../templates", static_folder="../static"
)
#: Draws a page in the frame of the desk; without the desk there are no pages.
render: Final = partial(plugin_host.page, within="desk")


def as_seen() -> catalog.Catalog:
    """Return the catalog as whoever asks sees it, in his language."""
    return seen(asking(), plugin_host.language())


def _lead(id_: int) -> dict[str, Any]:
    found = leads.by_id(LEAD, [id_], actor=asking())
    if id_ not in found:
        raise RelatumError("record_unknown", type=LEAD, id=id_)
    return found[id_]


# -- convert --------------------------------------------------------------------------------------
@PAGES.get("/leads/<int:lead>/convert")
@requires(CONVERT)
def show(lead: int) -> Response:
    """Propose what a lead becomes, with the records that match."""
    return _form(_lead(lead))


def _form(
    lead: dict[str, Any], *, refused: RelatumError | None = None, status: int = 200
) -> Response:
    actor, known = asking(), as_seen()
    sent = request.form if request.method == "POST" else None
    draft, error = verbs.draft_of(lead, {}, actor=actor)
    became: Any = leads.became([lead], actor=actor).get(lead["id"])
    called = query.labels(became or (), actor=actor)
    parts = [draft.parts[name] for name in TYPES if name in known.types]
    if became is not None:
        became = [called[str(id_)] | {"id": id_} for id_ in became]
    return render(
        "convert.html", status, lead=lead, label=draft.label, type=known.type(LEAD),
        parts=[forms.part_of(part, draft, known, actor) for part in parts],
        refused=refused, became=became,
        problems=forms.problems_of(refused), sent=sent, reasons=_reasons(known),
        stale=mapping.mapped().stale, left_out=forms.left_out(draft, known),
        first_error=error if sent is None and became is None else None,
        can_update=may(actor, "update", LEAD),
    )  # fmt: skip


def _reasons(known: catalog.Catalog) -> list[Any]:
    """Return the statuses by which a lead is disqualified."""
    field = known.type(LEAD).fields.get("status")
    options = field.options if field is not None else ()
    return [each for each in options if each.category == "lost" and not each.retired]


@PAGES.post("/leads/<int:lead>/convert")
@requires(CONVERT, own=True)
def convert(lead: int) -> Response:
    """Convert a lead by the form."""
    actor = asking()

    def work() -> Response:
        known, version = as_seen(), plugin_host.whole(request.form.get("version", ""))
        choices = forms.read(
            request.form, {n: for_new(actor, n) for n in TYPES if n in known.types}
        )
        versions = {lead: version} if version is not None else None
        done = verbs.convert(lead, choices, actor=actor, versions=versions)
        to = next(n for n in (DEAL, CONTACT, ACCOUNT) if n in done.ids)
        text = plugin_host.translated("The lead is converted")
        if done.left_out or done.stale:
            names = [known.type(e.type).field(e.field).label for e in done.left_out]
            text += ". " + plugin_host.translated(
                "Left out: {fields}", fields=", ".join([*names, *(s for s, _ in done.stale)])
            )
        return plugin_host.away(f"/records/{to}/{done.ids[to]}", text)

    return _tried(lead, work)


def _tried(lead: int, work: Callable[[], Response]) -> Response:
    """Do something to a lead, or draw its form again with what is wrong."""
    return plugin_host.tried(
        work, lambda error: _form(_lead(lead), refused=error, status=error.status)
    )


@PAGES.post("/leads/<int:lead>/disqualify")
@requires(CONVERT, own=True)
def disqualify(lead: int) -> Response:
    """Close a lead for a reason."""

    def work() -> Response:
        verbs.disqualify(lead, request.form.get("status", ""), actor=asking())
        return plugin_host.away(
            f"/records/{LEAD}/{lead}", plugin_host.translated("The lead is disqualified")
        )

    return _tried(lead, work)


# -- the mapping ----------------------------------------------------------------------------------
@PAGES.get("/mapping")
@requires(CONVERT)
def show_mapping() -> Response:
    """Show where the fields of a lead go, and ask administrators for lines of their own."""
    return _mapping()


def _mapping(refused: RelatumError | None = None) -> Response:
    if not may(asking(), "customise"):
        raise RelatumError("forbidden", action="customise", thing="how leads are converted")
    known = as_seen()
    held = mapping.mapped()
    return render(
        "mapping.html", refused.status if refused else 200, lines=held.lines, known=known,
        lead=known.type(LEAD), types=[known.type(n) for n in TYPES], own=mapping.own_lines(),
        stale=held.stale, refused=refused, sources=mapping.sources(), targets=mapping.targets(),
        sent=request.form if request.method == "POST" else {},
    )  # fmt: skip


@PAGES.post("/mapping")
@requires(CONVERT, own=True)
def change_mapping() -> Response:
    """Add a line, or take one back."""
    actor, form = asking(), request.form
    with reading():
        own = list(mapping.own_lines())
    if "drop" in form:
        lines = [line for line in own if line != form["drop"]]
    else:
        target = form.get("target", "")
        lines = mapping.joined(own, [f"{form.get('source', '')} = {target}"])
    try:
        transact(lambda: mapping.keep(lines, actor=actor), exclusive=True)
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        with reading():
            return _mapping(error)
    return plugin_host.away("/x/sales/mapping")
