"""Write mails into the open transaction: who gets what, checked so that any server can take it."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple, TypedDict, Unpack

import sqlalchemy as sa

from .. import catalog, clock, db, jobs
from ..actor import Actor, system
from ..errors import Invalid, Problem
from ..fields import Refused
from ..fields.text import clean, email_address
from . import rows
from .rows import TABLE
from .texts import Words

#: The kind of job that sends a mail; `delivering` says how.
KIND: Final = "send_mail"
#: Most characters of a subject and of a name.
_LINE: Final = 250
#: Kinds of characters that end a line, or are none at all.
_NOT_IN_LINE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Recipient(NamedTuple):
    """Who gets a mail."""

    address: str
    name: str = ""


To = str | Recipient | Iterable[str | Recipient]


class More(TypedDict, total=False):
    """What a mail may have besides its words."""

    #: Where answers go.
    reply_to: str | None
    #: The record that it is about: a type and an id.
    record: tuple[str, int] | None
    #: After this it is not sent any more.
    until: datetime | None
    #: Its words hold a secret: they are forgotten once it is sent.
    secret: bool


def server() -> str | None:
    """Return the name of the server that takes mail; None: mail is kept."""
    found = db.settings().mail_server
    return None if found is None else str(found)


def can_send() -> bool:
    """Say whether mail is of use: a server takes it, or the demonstration shows it.

    Asked in an open transaction.
    """
    return db.settings().mail_server is not None or "demo" in catalog.current().settings


def send(to: To, words: Words, *, actor: Actor, **more: Unpack[More]) -> list[int]:
    """Write a mail to each recipient in the open transaction and return their ids, in order.

    They are sent once that has committed. Without a mail server they are kept, and nothing fails.
    Raises `Invalid` naming to, subject, text, html or reply_to.
    """
    ids = write(to, words, actor=actor, **more)
    if db.settings().mail_server is not None:
        for mail_id in ids:
            queue(mail_id)
    return ids


def write(to: To, words: Words, *, actor: Actor, **more: Unpack[More]) -> list[int]:
    """Write mails that wait for nobody; `send` and `queue` let them."""
    record, reply_to = more.get("record"), more.get("reply_to")
    found, problems = _recipients([to] if isinstance(to, (str, Recipient)) else list(to))
    kept, wrong = _checked(words, reply_to)
    if problems or wrong:
        raise Invalid([*problems, *wrong])
    row = {
        **kept, "secret": more.get("secret", False), "template": words.template,
        "actor_id": actor.user_id,
        "plugin": actor.name if actor.user_id is None and actor.source == "plugin" else None,
        "record_type": record[0] if record else None, "record_id": record[1] if record else None,
        "until": more.get("until"), "attempts": 0, "created_at": clock.now(),
    }  # fmt: skip
    return [_insert({**row, "address": each.address, "name": each.name or None}) for each in found]


def _insert(row: dict[str, Any]) -> int:
    statement = sa.insert(TABLE).values(key=secrets.token_hex(16), **row).returning(TABLE.c.id)
    return int(db.for_writing().connection.execute(statement).scalar_one())


def queue(mail_id: int) -> None:
    """Let a mail wait for a job of its own, which nobody in particular acts in."""
    job_id = jobs.enqueue(KIND, {"mail": mail_id}, actor=system("job"))
    rows.change(mail_id, job_id=job_id)


def _recipients(to: list[str | Recipient]) -> tuple[list[Recipient], list[Problem]]:
    """Return each recipient once, with the address in normal form, and what is wrong with any."""
    most, problems = db.settings().mail_recipients, []
    found: dict[str, Recipient] = {}
    if not to:
        problems.append(Problem("required", field="to"))
    if len(to) > most:
        return [], [Problem("too_many_values", {"max": most, "count": len(to)}, field="to")]
    for each in to:
        address, name = (each, "") if isinstance(each, str) else each
        try:
            address = email_address(_line(address))
            found.setdefault(address, Recipient(address, _line(name)))
        except Refused as refused:
            problems.append(refused.problem.at(field="to"))
    return list(found.values()), problems


def _checked(words: Words, reply_to: str | None) -> tuple[dict[str, Any], list[Problem]]:
    """Return the columns of what a mail says, and what is wrong with it."""
    given = {"subject": words.subject, "text": words.text}
    given |= {n: t for n, t in (("html", words.html), ("reply_to", reply_to)) if t is not None}
    kept: dict[str, Any] = {"html": None, "reply_to": None}
    problems = []
    for name, value in given.items():
        try:
            kept[name] = _part(name, value)
        except Refused as refused:
            problems.append(refused.problem.at(field=name))
    return kept, problems


def _part(name: str, value: Any) -> str:
    if name == "reply_to":
        return email_address(_line(value))
    if name == "subject":
        value = _line(value)
        if not value:
            raise Refused("required")
        return str(value)
    text, most = clean(value, lines=True).replace("\r\n", "\n"), db.settings().mail_size
    if not text.strip():
        raise Refused("required")
    if len(text) > most:
        raise Refused("too_long", length=len(text), max=most)
    return text


def _line(value: Any) -> str:
    """Return text that fits a header: one line, whatever ends a line anywhere."""
    text = clean(value, lines=False).strip()
    for sign in text if not text.isprintable() else "":
        if unicodedata.category(sign) in _NOT_IN_LINE:
            raise Refused("bad_character", character=f"U+{ord(sign):04X}")
    if len(text) > _LINE:
        raise Refused("too_long", length=len(text), max=_LINE)
    return text
