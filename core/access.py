"""Who may do what. Until roles arrive, only administrators may do anything (D9)."""

from __future__ import annotations

from .actor import Actor
from .errors import RelatumError


def may(actor: Actor, action: str) -> bool:
    """Say whether an actor may do something, before it is offered; `require` is what refuses."""
    return actor.admin


def require(actor: Actor, action: str, thing: str) -> None:
    """Let an administrator pass; raise `forbidden` for everybody else.

    `action` is a permission verb such as read, create, update, delete, restore, customise.
    """
    if not may(actor, action):
        raise RelatumError("forbidden", action=action, thing=thing)
