"""One's own profile: what a user may see and change of himself without being an administrator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from . import access, records
from .actor import Actor
from .errors import RelatumError

#: What a user may change of himself; an address signs him in, so an administrator changes that.
OWN: Final = ("name", "language", "timezone")
_SHOWN: Final = ("id", "email", *OWN)


def read(*, actor: Actor) -> dict[str, Any]:
    """Return the actor's id, email, name, language and timezone. Raises `not_signed_in`."""
    found = records.get("user", _id(actor), actor=actor.unbound())
    return {name: found[name] for name in _SHOWN}


def change(values: Mapping[str, Any], *, actor: Actor) -> None:
    """Change some of the actor's name, language and timezone; None: as the instance has it.

    Raises `not_signed_in`, `forbidden` for anything else of the user, `Invalid` for a value that
    can't be.
    """
    access.require_whole(actor, "change", "profiles")
    for name in values:
        if name not in OWN:
            raise RelatumError("forbidden", action="change", thing=f"your own '{name[:80]}'")
    row = {"id": _id(actor), **values}
    records.update("user", [row], actor=actor.unbound())


def _id(actor: Actor) -> int:
    if actor.user_id is None:
        raise RelatumError("not_signed_in")
    return actor.user_id
