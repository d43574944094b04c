"""Routes on outgoing mail: list, read, send again, try the server."""

from __future__ import annotations

from typing import Final

from ...schemas.mail import TestMailSchema
from .. import db, mail
from . import wire
from .operations import PREFIX, Answer, Call, Parameter, Reply, operation

TAG: Final = "mail"
_COUNT: Final = {"type": "integer", "minimum": 1}
_STATE: Final = {"type": "string", "enum": list(mail.STATES)}


@operation(
    "GET", "/mail", tag=TAG, replies={200: Reply("Mails")},
    query=(
        Parameter("state", _STATE, "Only mails in this state."),
        Parameter("_limit", _COUNT, "Mails in the page; at most page_limit."),
        Parameter("_before", _COUNT, "Id of the last mail of the page before."),
    ),
)  # fmt: skip
def list_mails(call: Call) -> Answer:
    """List outgoing mails, newest first; `next` goes into `_before`."""
    limit = call.limit()
    found = mail.list_mails(
        actor=call.actor, state=call.text("state"), limit=limit, before=call.number("_before")
    )
    following = found[-1]["id"] if len(found) == limit else None
    can_send = db.settings().mail_server is not None
    return Answer({"mails": found, "next": following, "can_send": can_send})


@operation("GET", "/mail/<id:id>", tag=TAG, replies={200: Reply("MailDetails")})
def read_mail(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Read a mail: what it says, its state, its attempts and the last error."""
    return Answer(mail.get(id, actor=call.actor))


@operation(
    "POST", "/mail/test", tag=TAG, body="TestMail", problems=(422,),
    replies={201: Reply("MailDetails", ("Location",))},
)  # fmt: skip
def send_test_mail(call: Call) -> Answer:
    """Send a mail that shows whether mail arrives."""
    given = wire.load(TestMailSchema, call.body)
    mail_id = mail.send_test(given["to"], actor=call.actor)
    headers = {"Location": f"{PREFIX}/mail/{mail_id}"}
    return Answer(mail.get(mail_id, actor=call.actor), 201, headers)


@operation(
    "POST", "/mail/<id:id>/retry", tag=TAG, replies={200: Reply("MailDetails")}, problems=(409,)
)  # fmt: skip
def retry_mail(call: Call, id: int) -> Answer:  # noqa: A002
    """Send a mail again that failed or was kept."""
    return Answer(mail.retry(id, actor=call.actor))
