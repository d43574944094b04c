"""Outgoing mail: what was sent, kept or failed; sending it again, and trying the server."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from relatum import RelatumError, mail, query, reading, transact

from .. import ui, words
from ..words import translated

_PAGE: Final = 50


def states() -> dict[str, tuple[str, str, str]]:
    """Return what the states of mails are called, their icons and looks."""
    return {
        "queued": (translated("Waits"), "clock", ""),
        "sent": (translated("Sent"), "check", "st-ok"),
        "failed": (translated("Failed"), "alert-triangle", "st-bad"),
        "kept": (translated("Kept"), "inbox", ""),
    }


@ui.page("/mail")
def mail_list() -> Response:
    """List mails, newest first, perhaps those in one state."""
    return _list()


def _list(refused: str | None = None, status: int = 200) -> Response:
    chosen, before = request.args.get("state", ""), request.args.get("before", "")
    state = chosen if chosen in mail.STATES else None
    found = mail.list_mails(
        actor=ui.actor(), state=state, limit=_PAGE + 1,
        before=int(before[:16]) if before.isascii() and before.isdecimal() else None,
    )  # fmt: skip
    return ui.render(
        "mails.html", status, mails=found[:_PAGE], more=len(found) > _PAGE, state=state or "",
        states=states(), refused=refused, sent=request.form, server=mail.server(),
    )  # fmt: skip


@ui.page("/mail/<int:mail_id>")
def mail_page(mail_id: int) -> Response:
    """Show one mail: what it says, and what became of it; as a part, its state alone."""
    found = mail.get(mail_id, actor=ui.actor())
    about = found["record"]
    return ui.render(
        "_mail_facts.html" if ui.is_fragment() else "mail.html", mail=found, states=states(),
        server=mail.server(), by=_named("user", found["actor"]) if found["actor"] else None,
        about=_named(about["type"], about["id"]) if about else None,
    )  # fmt: skip


def _named(type_name: str, id_: int) -> tuple[str, str] | None:
    """Return what a record is called and its address; None if it is not there any more."""
    entity_type = words.known().types.get(type_name)
    if entity_type is None:
        return None
    asked = {"filter": {"field": "id", "value": id_}, "limit": 1}
    found = query.page(query.from_json(type_name, asked, actor=ui.actor())).records
    return (entity_type.label_of_wire(found[0]), f"/records/{type_name}/{id_}") if found else None


@ui.page("/mail/<int:mail_id>/retry", "POST")
def retry_mail(mail_id: int) -> Response:
    """Send a mail again that failed or was kept."""
    found = mail.retry(mail_id, actor=ui.actor())
    said = translated("The mail to {address} is sent again", address=found["address"])
    return ui.tell(ui.away(f"/mail/{mail_id}"), said)


@ui.page("/mail/test", "POST", own=True)
def test_mail() -> Response:
    """Send a test mail; its page says what becomes of it."""
    address, actor = request.form.get("address", ""), ui.actor()
    try:
        mail_id = transact(lambda: mail.send_test(address, actor=actor))
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        said = words.reasons(error)
        with reading():
            return _list(said, error.status)
    return ui.away(f"/mail/{mail_id}")
