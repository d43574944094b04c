"""The mails that the core itself writes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from .. import access, auth, catalog, clock, db, records
from ..actor import Actor, system
from ..errors import RelatumError
from .texts import Texts
from .writing import Recipient, send, write

TEXTS: Final = Texts(Path(__file__).parent / "texts")


def send_sign_in_link(user_id: int, base: str, *, actor: Actor) -> int:
    """Mail a user a link that signs him in once, within link_minutes; return the mail's id.

    `base` is the address of the instance, from a source that can be trusted. Raises `forbidden`,
    `record_unknown`, `cant_sign_in`, `address_missing`.
    """
    secret = auth.make_link(user_id, actor=actor)
    return _send_link("sign_in_link", _user(user_id), base, f"sign-in/{secret}", actor)


def send_reset_link(user_id: int, base: str, *, actor: Actor) -> int:
    """Mail a user a link by which he sets a new password; otherwise as `send_sign_in_link`."""
    secret = auth.make_reset(user_id, actor=actor)
    return _send_link("password_reset", _user(user_id), base, f"reset/{secret}", actor)


def send_invitation(user: dict[str, Any], secret: str, base: str, *, actor: Actor) -> int:
    """Mail a user {id, name, email} the link of a secret of `auth.make_invitations`."""
    days = db.settings().invitation_days
    return _send_link(
        "invitation", user, base, f"sign-in/{secret}", actor, timedelta(days=days), days=days
    )


def _user(user_id: int) -> dict[str, Any]:
    return records.get("user", user_id, actor=system())


def _send_link(
    template: str,
    user: dict[str, Any],
    base: str,
    path: str,
    actor: Actor,
    life: timedelta | None = None,
    **values: Any,
) -> int:
    """Mail a link that lasts for `life`, by default for link_minutes."""
    if user["email"] is None:
        raise RelatumError("address_missing", name=user["name"])
    base, minutes = base.rstrip("/"), db.settings().link_minutes
    values = {
        "name": user["name"], "link": f"{base}/{path}", "host": urlsplit(base).netloc,
        **(values or {"minutes": minutes}),
    }  # fmt: skip
    words = TEXTS.words(template, language=_language(user), values=values)
    until = clock.now() + (life or timedelta(minutes=minutes))
    [mail_id] = send(
        Recipient(user["email"], user["name"]), words, record=("user", user["id"]), until=until,
        secret=True, actor=actor,
    )  # fmt: skip
    return mail_id


def send_test(address: str, *, actor: Actor, queued: bool = True) -> int:
    """Write a mail that shows whether mail arrives; return its id. Raises `Invalid`, `forbidden`.

    One that is not `queued` waits for `deliver`.
    """
    access.require(actor, "send", "a test mail")
    config = db.settings()
    values = {"host": urlsplit(config.base_url).netloc or "Relatum", "name": actor.name}
    words = TEXTS.words("test", language=_language({}), values=values)
    [mail_id] = (send if queued else write)(address, words, actor=actor)
    return mail_id


def _language(user: dict[str, Any]) -> str:
    """Return the language of a user, else that of the instance."""
    return user.get("language") or catalog.current().settings.get("language", "")
