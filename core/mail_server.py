"""The mail server that an instance was told of, and the sender: read from the text of settings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

#: Schemes: with TLS from the first byte, or with STARTTLS where the server offers it.
_SCHEMES: Final = ("smtp", "smtps")
_TLS_PORT, _LOGIN_PORT, _RELAY_PORT = 465, 587, 25
_SENDER: Final = re.compile(r"(?:(?P<name>[^<>]*?)\s*<(?P<in>[^<>]+)>|(?P<alone>[^<>]+))")
_ADDRESS: Final = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is given to; its text never shows the password."""

    host: str
    port: int
    #: TLS from the first byte; else by STARTTLS, which credentials insist on.
    tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class Sender(NamedTuple):
    """Who mail is from."""

    address: str
    name: str = ""


def read_server(text: str) -> MailServer:
    """Return the server of an address; ValueError says what is wrong, without the address."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it is no address such as smtp://user:password@host:587") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError("it must begin with smtp:// or smtps://")
    user, password = _credentials(parts)
    tls = parts.scheme == "smtps"
    usual = _TLS_PORT if tls else _RELAY_PORT if user is None else _LOGIN_PORT
    if not host or port == 0 or any(sign.isspace() or not sign.isprintable() for sign in host):
        raise ValueError("it names no host, as in smtp://mail.example.org")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        reason = "nothing may follow the host and port; write signs such as / # ? in a password "
        raise ValueError(f"{reason}as %2F %23 %3F")
    return MailServer(host, usual if port is None else port, tls, user, password)


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        raise ValueError("before the @ stand user and password, with a colon between")
    if not (user + password).isprintable() or not (user + password).isascii():
        raise ValueError("user and password may have letters, digits and signs of ASCII only")
    return user, password


def read_sender(text: str) -> Sender:
    """Return the sender of a text, an address with or without a name; raise ValueError."""
    found = _SENDER.fullmatch(text.strip())
    address = ((found["in"] or found["alone"]) if found else "").strip()
    if found is None or not text.isprintable() or not address.isascii():
        address = ""
    if found is None or not _ADDRESS.fullmatch(address):
        raise ValueError("it must be an address such as crm@example.org or CRM <crm@example.org>")
    return Sender(address, (found["name"] or "").strip().strip('"'))
