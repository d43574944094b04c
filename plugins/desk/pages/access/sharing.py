"""With whom a record is shared, and who sees it and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, fields, reading, records, roles, transact

from ... import inputs, ui, words
from ...words import translated
from ..records.record import sheet
from . import matrix

WHOM: Final = "whom"
_KINDS: Final = ("user", "team")


class _Misread(Exception):
    """A part of the form can't be read: which, and why."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part, self.reason = part, reason


# -- sharing --------------------------------------------------------------------------------------
@ui.page("/records/<type_name>/<int:id_>/share")
def ask_share(type_name: str, id_: int) -> Response:
    """Show with whom a record is shared, and ask with whom else."""
    return _ask(type_name, id_)


def _ask(
    type_name: str, id_: int, problems: dict[str, str] | None = None, status: int = 200
) -> Response:
    found = roles.shares(type_name, id_, actor=ui.actor())
    return ui.render(
        "share.html", status, sheet=sheet(type_name, id_), shares=found, sent=request.form,
        problems=problems or {}, kinds=_KINDS, until=_until_said,
        kind=inputs.target_of(_KINDS, request.form, WHOM),
    )  # fmt: skip


@ui.page("/records/<type_name>/<int:id_>/share", "POST", own=True)
def share_record(type_name: str, id_: int) -> Response:
    """Share a record with a user or a team, instead of what was shared with them before."""
    actor = ui.actor()
    try:
        made = transact(lambda: roles.share(type_name, id_, actor=actor, **_sent()))
    except _Misread as misread:
        with reading():
            return _ask(type_name, id_, {misread.part: misread.reason}, 422)
    except RelatumError as error:
        if error.status not in (403, 404, 409, 422) or error.params.get("id") == id_:
            raise
        with reading():
            part = "until" if any(p.field == "expires_at" for p in error.problems) else WHOM
            return _ask(type_name, id_, {part: words.reasons(error)}, error.status)
    said = translated("Shared with {name}", name=made["label"] or made["user"] or made["team"])
    return ui.tell(ui.away(f"/records/{type_name}/{id_}/share"), said)


def _sent() -> dict[str, Any]:
    """Return what the form says; raise `_Misread`, or what looking for somebody raises."""
    form = request.form
    kind = inputs.target_of(_KINDS, form, WHOM)
    found = inputs.linked(_KINDS, form, WHOM)
    whom = ui.whole(str(found)) if found else None
    if whom is None:
        raise _Misread(WHOM, translated("Choose a user or a team."))
    given = {kind: whom, "update": form.get("update") == "1"}
    until = form.get("until", "").strip()
    return given | ({"expires_at": _end_of(until)} if until else {})


def _end_of(text: str) -> datetime:
    """Return when a day ends for the reader; raise `_Misread` for what is no day."""
    try:
        after = date.fromisoformat(text) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise _Misread("until", translated("This is no date.")) from None
    return datetime.fromisoformat(words.from_local(f"{after.isoformat()}T00:00"))


def _until_said(moment: datetime) -> str:
    """Return until when something lasts: a day where that is when the day ends."""
    local = moment.astimezone(words.zone())
    if (local.hour, local.minute) == (0, 0):
        return words.day(local.date() - timedelta(days=1))
    return words.instant(moment)


@ui.page("/records/<type_name>/<int:id_>/share/<int:share_id>/take", "POST")
def take_share(type_name: str, id_: int, share_id: int) -> Response:
    """Take a share of a record back."""
    if share_id not in {each["id"] for each in roles.shares(type_name, id_, actor=ui.actor())}:
        raise RelatumError("share_unknown", id=share_id)
    roles.unshare(share_id, actor=ui.actor())
    said = translated("It is not shared with them any more")
    return ui.tell(ui.away(f"/records/{type_name}/{id_}/share"), said)


# -- who sees it ----------------------------------------------------------------------------------
@ui.page("/records/<type_name>/<int:id_>/access")
def show_access(type_name: str, id_: int) -> Response:
    """Show who sees a record and why; to who is no administrator, what he may do himself."""
    actor, found = ui.actor(), sheet(type_name, id_)
    named = {name: label for name, label in matrix.actions().items() if name not in roles.WHOLE}
    action = request.args.get("action", "read")
    scene: dict[str, Any] = {
        "sheet": found, "actions": named, "action": action if action in named else "read",
        "problem": None, "user": actor.user_id,
    }  # fmt: skip
    if not actor.admin:
        mine = {name: records.may(name, type_name, id_, actor=actor) for name in named}
        why = roles.why(actor.user_id or 0, scene["action"], type_name, id_, actor=actor)
        return ui.render("access.html", mine=mine, why=why, **scene)
    try:
        asked = inputs.linked(("user",), request.args, "user")
    except (RelatumError, fields.Refused) as error:
        asked, scene["problem"] = None, words.said(getattr(error, "problem", error))
    scene["user"] = ui.whole(str(asked)) if asked else None
    if scene["user"] is not None:
        user = records.get("user", scene["user"], actor=actor)
        scene["asked"] = words.known().type("user").label_of_wire(user)
        scene["why"] = roles.why(scene["user"], scene["action"], type_name, id_, actor=actor)
    labels = {role["name"]: words.of_role(role) for role in roles.list_roles(actor=actor)}
    seen = roles.who_sees(type_name, id_, actor=actor)
    return ui.render("access.html", seen=seen, roles=labels, **scene)
