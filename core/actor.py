"""Who acts: a frozen value that every verb takes as `actor=`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A user, a token of a user, or the system itself.

    `user_id` is None only for the system (installation, the command line of the machine).
    `source` says where a change came from: ui, api, cli, import, job, plan.
    """

    user_id: int | None
    team_id: int | None = None
    name: str = ""
    admin: bool = False
    source: str = "api"
    timezone: str | None = None


def system(source: str = "cli") -> Actor:
    """Return the actor of the machine's own administrator (command line, installation)."""
    return Actor(user_id=None, name="system", admin=True, source=source)
