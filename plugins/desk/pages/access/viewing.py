"""Looking at the desk as somebody else, for administrators: every page says so, none is written."""

from __future__ import annotations

from flask import Response

from relatum import RelatumError, context, sessions

from ... import ui, words


@ui.page("/view-as/<int:user_id>", "POST")
def view_as(user_id: int) -> Response:
    """Show everything as a user sees it, until one ends it."""
    try:
        sessions.view_as(user_id, actor=ui.actor())
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        return ui.tell(ui.away(f"/records/user/{user_id}"), words.said(error))
    return ui.away("/")


@ui.page("/view-as/end", "POST", public=True)
def stop_viewing() -> Response:
    """Be oneself again, on the page of whom one looked as."""
    actor = context().actor
    if actor is None or actor.behind is None:
        return ui.away("/")
    sessions.stop_viewing(actor=actor)
    return ui.away(f"/records/user/{actor.user_id}")
