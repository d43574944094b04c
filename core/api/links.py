"""Links with an address: to sign in once or for a new password, and to pages, for mails."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import request

from .. import auth, db, mail, people
from ..actor import Actor, system
from ..errors import RelatumError
from . import limits

#: How long it takes to answer who has forgotten a password, whether a mail is written or not.
_RESET_SECONDS: Final = 0.3


def make(user_id: int, *, actor: Actor) -> str:
    """Return the address of a link that signs a user in once, within link_minutes.

    Joins the open transaction. Raises `forbidden`, `record_unknown`, `cant_sign_in`.
    """
    return f"{_base()}/sign-in/{auth.make_link(user_id, actor=actor)}"


def send(user_id: int, *, actor: Actor) -> int:
    """Mail a user such a link and return the mail's id.

    Joins the open transaction. Raises what `make` does, `address_missing`, and `mail_without_base`
    where a mail server is set up but base_url is not.
    """
    return mail.send_sign_in_link(user_id, _mailed_base(), actor=actor)


def invite(
    rows: Sequence[Mapping[str, Any]], *, actor: Actor, by_mail: bool = False, dry_run: bool = False
) -> list[people.Invited]:
    """Invite people as `people.invite` does, by links that lead here.

    Joins the open transaction. Raises what that does, and `mail_without_base`.
    """
    base = _mailed_base() if by_mail else _base()
    return people.invite(rows, base=base, actor=actor, by_mail=by_mail, dry_run=dry_run)


def can_reset() -> bool:
    """Say whether who has forgotten a password can be mailed a link: to an address of ours."""
    return db.settings().mail_server is not None and bool(db.settings().base_url)


def send_reset(email: str) -> None:
    """Mail whoever has an address a link for a new password, in a transaction of its own.

    Nobody learns whether anybody has the address: the answer and its time are always the same.
    Raises `reset_off` without a mail server or base_url, `too_many_tries`.
    """
    if not can_reset():
        raise RelatumError("reset_off")
    limits.count_reset(email)
    until = time.monotonic() + _RESET_SECONDS
    db.transact(lambda: _send_reset(email))
    time.sleep(max(0.0, until - time.monotonic()))


def _send_reset(email: str) -> None:
    user_id = auth.find_user(email)
    if user_id is not None:
        mail.send_reset_link(user_id, db.settings().base_url, actor=system("api"))


def of_page(path: str) -> str:
    """Return the address of a page in a mail, such as of /records/deal/7.

    Without base_url it is the path alone: a mail may be written where nobody asks anything.
    """
    return db.settings().base_url.rstrip("/") + path


def minutes() -> int:
    """Return how long such a link works."""
    return db.settings().link_minutes


def days() -> int:
    """Return how long an invitation works."""
    return db.settings().invitation_days


def _mailed_base() -> str:
    if db.settings().mail_server is not None and not db.settings().base_url:
        # The address that a request came by may have been chosen by whoever sent it.
        raise RelatumError("mail_without_base")
    return _base()


def _base() -> str:
    return (db.settings().base_url or request.host_url).rstrip("/")
