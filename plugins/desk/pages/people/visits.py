"""Where somebody is signed in: the card of a user's page, and the sessions of one's own account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import Response

from relatum import RelatumError, sessions, tokens

from ... import ui
from ...words import translated

#: Sessions that a page shows.
MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Door:
    """How a user comes in: when he did last, by which sessions, and by which tokens."""

    last: datetime | None
    sessions: list[dict[str, Any]]
    tokens: list[dict[str, Any]]


def card(type_name: str, record: dict[str, Any]) -> Door | None:
    """Return what the page of a user shows an administrator of how he comes in."""
    actor = ui.actor()
    if type_name != "user" or not actor.admin:
        return None
    id_ = record["id"]
    return Door(
        sessions.last_sign_in(id_, actor=actor), sessions.open_ones(id_, actor=actor),
        tokens.list_tokens(id_, actor=actor),
    )  # fmt: skip


@ui.page("/users/<int:user_id>/sessions/end", "POST")
def end_sessions_of(user_id: int) -> Response:
    """Sign a user out everywhere, but for the browser by which that is asked."""
    ended = sessions.end_others(user_id, actor=ui.actor())
    return ui.tell(ui.away(f"/records/user/{user_id}"), _told(ended))


@ui.page("/account/sessions/end", "POST")
def end_own_sessions() -> Response:
    """Sign out everywhere but here."""
    ended = sessions.end_others(_own(), actor=ui.actor())
    return ui.tell(ui.away("/account#sessions"), _told(ended))


@ui.page("/account/sessions/<session>/end", "POST")
def end_own_session(session: str) -> Response:
    """End one of one's own sessions; one that has ended already is fine."""
    try:
        sessions.end_one(_own(), session, actor=ui.actor())
    except RelatumError as error:
        if error.code != "session_unknown":
            raise
    return ui.tell(ui.away("/account#sessions"), translated("The session has ended"))


def _own() -> int:
    user_id = ui.actor().user_id
    assert user_id is not None  # whoever sees a page of the desk is somebody
    return user_id


def _told(ended: int) -> str:
    return translated("Sessions ended: {count}", count=ended)
