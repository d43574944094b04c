"""What can be wrong with outgoing mail, and why one was not sent."""

from __future__ import annotations

from .registry import codes

codes(
    404,
    mail_unknown=("Unknown mail", "There is no mail {id}. See: relatum mail list."),
)
codes(
    409,
    mail_not_failed=(
        "Mail need not be sent again",
        "Mail {id} is {state}: only one that has failed or was kept can be sent again.",
    ),
    mail_off=(
        "Mail is not set up",
        "No mail server is set up, so no mail can be sent. Set smtp_url and mail_from, and start "
        "the instance again.",
    ),
    mail_without_base=(
        "Address of the instance unknown",
        "A link in a mail needs the public address of this instance. Set base_url.",
    ),
    mail_too_late=(
        "Too late for the mail",
        "The mail was of use until {until} only, and was not sent any more. Write another one.",
    ),
    address_missing=(
        "No e-mail address",
        "{name} has no e-mail address. Enter one, or hand over the link yourself.",
    ),
)
codes(
    422,
    mail_refused=(
        "Mail refused",
        "The mail server refuses the mail: {reason}. Correct what it names, then send it again.",
    ),
)
codes(
    503,
    mail_server_failed=(
        "Mail server not usable",
        "The mail server {server} can't take the mail now: {reason}. It is tried again, later and "
        "later, unless nobody waits for it.",
    ),
)
