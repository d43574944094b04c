"""Who holds which roles: a card beside a user or a team, and the page that changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, reading, records, roles, transact

from ... import ui, words
from ...words import translated

#: The types whose records hold roles.
HOLDERS: Final = ("user", "team")


@dataclass(frozen=True, slots=True)
class Held:
    """The roles of a user or a team: its own, and those by its team."""

    kind: str
    id: int
    own: list[str]
    by_team: list[str]
    labels: dict[str, str]
    #: Whether it is a user who may do everything without a role.
    admin: bool


def card(kind: str, record: dict[str, Any]) -> Held | None:
    """Return what the page of a record shows of its roles; None where it has none to show."""
    if kind not in HOLDERS or not ui.actor().admin:
        return None
    actor, team_id = ui.actor(), record.get("team") if kind == "user" else None
    try:
        by_team = roles.held("team", team_id, actor=actor) if team_id is not None else []
    except RelatumError as error:
        if error.code != "record_unknown":  # a team in the trash
            raise
        by_team = []
    labels = {role["name"]: words.of_role(role) for role in roles.list_roles(actor=actor)}
    own = roles.held(kind, record["id"], actor=actor)
    return Held(kind, record["id"], own, by_team, labels, record.get("admin") is True)


@ui.page("/records/<any(user, team):kind>/<int:id_>/roles")
def ask_roles(kind: str, id_: int) -> Response:
    """Ask which roles a user or a team is to hold."""
    return _ask(kind, id_)


def _ask(kind: str, id_: int, problem: str | None = None, status: int = 200) -> Response:
    actor, entity_type = ui.actor(), words.known().type(kind)
    known = roles.list_roles(actor=actor)
    record = records.get(kind, id_, actor=actor)
    held = card(kind, record)
    assert held is not None  # who lists roles is an administrator
    return ui.render(
        "held.html", status, type=entity_type, label=entity_type.label_of_wire(record),
        roles=known, held=held, problem=problem,
        ticked=request.form.getlist("role") if problem else held.own,
    )  # fmt: skip


@ui.page("/records/<any(user, team):kind>/<int:id_>/roles", "POST", own=True)
def hold_roles(kind: str, id_: int) -> Response:
    """Let a user or a team hold the ticked roles and no others."""
    actor, names = ui.actor(), request.form.getlist("role")
    try:
        transact(lambda: roles.hold(kind, id_, names, actor=actor))
    except RelatumError as error:
        if error.code != "role_unknown":
            raise
        with reading():
            return _ask(kind, id_, words.said(error), error.status)
    return ui.tell(ui.away(f"/records/{kind}/{id_}"), translated("The roles are saved"))
