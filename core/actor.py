"""Who acts: a frozen value that every verb takes as `actor=`."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

import orjson

#: In a scope: all types that have no line of their own, and what lets one administer.
EVERY_TYPE: Final = "*"
ADMINISTER: Final = "admin"


@dataclass(frozen=True, slots=True)
class TokenScope:
    """What a token leaves of its user's rights: actions by the name of a type.

    The line "*" is for all types that have none of their own; it alone holds permissions of
    plugins, and "admin". `of_administrator` says whose rights are narrowed.
    """

    lines: tuple[tuple[str, frozenset[str]], ...]
    of_administrator: bool = False

    @classmethod
    def read(cls, text: str, *, of_administrator: bool = False) -> TokenScope:
        """Return the scope that `text` was made of."""
        lines = orjson.loads(text)
        made = ((name, frozenset(lines[name])) for name in sorted(lines))
        return cls(tuple(made), of_administrator)

    @property
    def text(self) -> str:
        """The scope as it is stored: equal scopes have equal texts."""
        lines = {name: sorted(actions) for name, actions in self.lines}
        return orjson.dumps(lines, option=orjson.OPT_SORT_KEYS).decode()

    def line(self, type_name: str | None = None) -> frozenset[str]:
        """Return what is left on the records of a type; None: the line for all types."""
        known = dict(self.lines)
        every = known.get(EVERY_TYPE, frozenset())
        return every if type_name is None else known.get(type_name, every)

    def names(self, type_name: str) -> bool:
        """Say whether a type has a line of its own."""
        return any(name == type_name for name, _ in self.lines)


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
    #: By a token that may do less than its user. `admin` is false then, whoever that is: what an
    #: administrator's token may do is for `core.access` to say.
    scope: TokenScope | None = None

    def unbound(self) -> Actor:
        """Return the same actor with all rights, for what follows from what he was allowed to do.

        Deleting a record empties links to it, whoever may write those.
        """
        return dataclasses.replace(self, admin=True, scope=None)

    def narrowed(self, scope: str | None) -> Actor:
        """Return the same actor with less rights, by the text of a scope; None: with the same."""
        if scope is None:
            return self
        read = TokenScope.read(scope, of_administrator=self.admin)
        return dataclasses.replace(self, admin=False, scope=read)


def system(source: str = "cli") -> Actor:
    """Return the actor of the machine's own administrator (command line, installation)."""
    return Actor(user_id=None, name="system", admin=True, source=source)
