"""Who acts: a frozen value that every verb takes as `actor=`."""

from __future__ import annotations

import dataclasses
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
    #: By a token that may only read: nothing that changes anything is allowed, whoever this is.
    reads_only: bool = False
    #: The administrator who looks at the instance as this user; then `reads_only` is set, too.
    behind: int | None = None
    #: The address of the network that a request came from, for the audit log.
    address: str | None = None

    def unbound(self) -> Actor:
        """Return the same actor with all rights, for what follows from what he was allowed to do.

        Deleting a record empties links to it, whoever may write those.
        """
        return dataclasses.replace(self, admin=True)


def system(source: str = "cli") -> Actor:
    """Return the actor of the machine's own administrator (command line, installation)."""
    return Actor(user_id=None, name="system", admin=True, source=source)
