"""Give one message to a mail server: what it says of it for good, and what may pass."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import suppress
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from smtplib import (
    SMTP,
    SMTP_SSL,
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from typing import Any, Final

import idna

from ..mail_server import MailServer, Sender

#: Seconds that a server may be silent.
_SILENCE: Final = 30.0
#: Replies from here on are final.
_FINAL: Final = 500
_SENTENCE: Final = 300


class NotTaken(Exception):
    """The server did not take the message; `final` if it never will."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


def message(row: Any, sender: Sender) -> EmailMessage:
    """Return the message of a mail's row."""
    made = EmailMessage(policy=WIRE)
    made["Message-ID"] = f"<{row.key}@{sender.address.rpartition('@')[2]}>"
    made["Date"] = format_datetime(row.created_at)
    made["From"] = _address(sender.address, sender.name)
    made["To"] = _address(row.address, row.name or "")
    if row.reply_to:
        made["Reply-To"] = _address(row.reply_to, "")
    made["Subject"] = row.subject
    # Whoever is away does not answer programs.
    made["Auto-Submitted"] = "auto-generated"
    # Quoted-printable passes every server as it is: long lines, dots, "From " and all.
    made.set_content(row.text, cte="quoted-printable")
    if row.html:
        made.add_alternative(row.html, subtype="html", cte="quoted-printable")
    return made


def _address(address: str, name: str) -> Address:
    local, _, domain = _ascii(address).rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def _ascii(address: str) -> str:
    """Return an address whose domain every server knows."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{idna.encode(domain, uts46=True).decode()}"


def give(server: MailServer, sender: Sender, row: Any, *, taken: Callable[[], None]) -> None:
    """Give a mail's row to the server as a message; `taken` is called at once when it has it.

    Raises `NotTaken`.
    """
    made, smtp = message(row, sender), None
    try:
        smtp = _connected(server, sender.address.rpartition("@")[2])
        _passed(smtp, made, sender.address, row)
    except (SMTPException, OSError) as error:
        _close(smtp)
        raise _not_taken(error) from error
    try:
        taken()
    finally:
        _close(smtp)


def _passed(smtp: SMTP, made: EmailMessage, sender: str, row: Any) -> None:
    """Pass a message on; an address with letters of its own needs a server that knows them.

    `SMTP.send_message` would write > before a line that begins with From.
    """
    wide = not (_ascii(row.address) + (row.reply_to or "")).isascii()
    if wide and not smtp.has_extn("smtputf8"):
        raise SMTPNotSupportedError("it does not know SMTPUTF8, which the address needs")
    options = ("SMTPUTF8", "BODY=8BITMIME") if wide else ()
    wire = made.as_bytes(policy=WIRE.clone(utf8=wide))
    smtp.sendmail(sender, [_ascii(row.address)], wire, options)


def _connected(server: MailServer, name: str) -> SMTP:
    """Return a connection that mail can be given to; `name` is what the server is told of us."""
    if server.tls:
        checked = ssl.create_default_context()
        smtp: SMTP = SMTP_SSL(server.host, server.port, name, timeout=_SILENCE, context=checked)
    else:
        smtp = SMTP(server.host, server.port, name, timeout=_SILENCE)
    try:
        smtp.ehlo_or_helo_if_needed()
        if not server.tls:
            _secured(smtp, server)
        if server.user is not None and server.password is not None:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _secured(smtp: SMTP, server: MailServer) -> None:
    """Begin TLS where the server offers it; without it no password leaves the machine."""
    if smtp.has_extn("starttls"):
        context = ssl.create_default_context()
        if server.user is None:
            # Who could forge a certificate could as well hide the offer: better than in the clear.
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
    elif server.user is not None:
        raise OSError("it offers no TLS, and a password is not sent without")


def _close(smtp: SMTP | None) -> None:
    if smtp is not None:
        with suppress(SMTPException, OSError):
            smtp.quit()
        smtp.close()


def _not_taken(error: Exception) -> NotTaken:
    """Say what an error means: what is wrong with us or with the line may pass."""
    if isinstance(error, SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
        return NotTaken(_sentence(code, said), final=code >= _FINAL)
    if isinstance(error, SMTPResponseException):
        about_mail = isinstance(error, (SMTPSenderRefused, SMTPDataError))
        reason = _sentence(error.smtp_code, error.smtp_error)
        return NotTaken(reason, final=about_mail and error.smtp_code >= _FINAL)
    final = isinstance(error, SMTPNotSupportedError)
    return NotTaken(_line(str(error) or type(error).__name__), final=final)


def _sentence(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return _line(f"{code} {text}" if code > 0 else text)


def _line(text: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split())[:_SENTENCE].rstrip(".")
