"""What was changed of the data model, by whom, and the way back from it through the draft."""

from __future__ import annotations

from flask import Response, request

from relatum import RelatumError, entities, query

from ... import ui, words
from ...words import translated
from . import draft as drafts

_PAGE = 30


@ui.page("/model/generations")
def list_generations() -> Response:
    """List what was changed, newest first."""
    return _list()


def _list(status: int = 200, refused: str | None = None) -> Response:
    actor = ui.actor()
    before = ui.whole(request.args.get("before", ""))
    found = entities.log(actor=actor, limit=_PAGE + 1, before=before)
    page = found[:_PAGE]
    ids = {each["actor"] for each in page} - {None}
    return ui.render(
        "generations.html", status, generations=page, refused=refused,
        labels=query.labels(ids, actor=actor), known=words.known(),
        older=page[-1]["generation"] if len(found) > _PAGE else None,
    )  # fmt: skip


@ui.page("/model/generations/<int:number>/reverse", "POST")
def reverse_generation(number: int) -> Response:
    """Put what takes a generation back into the draft, whose plan is shown."""
    actor = ui.actor()
    try:
        found = entities.reverse(number, actor=actor)
        left = " ".join(f"{words.told(text)}." for text in found.left)
        if not found.changes:
            return _list(409, left or translated("There is nothing to take back."))
        drafts.add(*found.changes, actor=actor)
    except RelatumError as error:
        if error.status not in (404, 409, 422):
            raise
        return _list(error.status, words.said(error))
    said = translated("It is in the draft")
    return ui.tell(ui.away("/model/plan"), f"{said}. {left}" if left else said)
