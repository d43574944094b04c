"""The people of a test: an administrator, a colleague, a stranger, and somebody without rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .. import auth, records, roles
from ..actor import Actor
from .instances import Instance
from .originals import PASSWORD

#: (name, team, roles) of everybody besides alice, who is the administrator, in `OURS`.
OURS, THEIRS = "First team", "Second team"
_OTHERS: Final = (
    ("Bob", OURS, ("member",)),
    ("Charlie", THEIRS, ("member",)),
    ("Guest", None, ()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may sign in; `actor` is who acts if a verb is to be run as him."""

    id: int
    name: str
    email: str
    actor: Actor
    password: str = PASSWORD


def settle(preset: str, alice: Actor) -> None:
    """Make teams and people in the transaction that installs an instance."""
    secret = auth.hash_password(PASSWORD)
    for name, team, held in _OTHERS:
        _make(name, team, held, secret, alice)
    row = {"id": alice.user_id, "team": _team(OURS, alice)}
    records.update("user", [row], actor=alice)


def _team(name: str, alice: Actor) -> int:
    """Return the id of a team; it is made if there is none."""
    [outcome] = records.upsert("team", [{"name": name}], key=["name"], loose=True, actor=alice)
    return _id(outcome.id)


def _id(found: int | None) -> int:
    if found is None:
        raise RuntimeError("a record that was written has no id")
    return found


def _make(name: str, team: str | None, held: Sequence[str], secret: str, alice: Actor) -> int:
    row = {"name": name, "email": _email(name), "team": team and _team(team, alice)}
    [outcome] = records.create("user", [row], actor=alice)
    user_id = _id(outcome.id)
    auth.set_password(user_id, secret, actor=alice)
    roles.hold("user", user_id, held, actor=alice)
    return user_id


def _email(name: str) -> str:
    return f"{name.lower().replace(' ', '.')}@example.org"


class Users:
    """The people of an instance, each with a password of his own making: `PASSWORD`."""

    def __init__(self, app: Instance) -> None:
        self._app = app

    @property
    def alice(self) -> User:
        """The administrator; what a test writes belongs to her unless it says otherwise."""
        return self.named("Alice")

    @property
    def bob(self) -> User:
        """A member of alice's team."""
        return self.named("Bob")

    @property
    def charlie(self) -> User:
        """A member of another team: a stranger to what is alice's."""
        return self.named("Charlie")

    @property
    def guest(self) -> User:
        """Somebody who may sign in and nothing else: he holds no role."""
        return self.named("Guest")

    def make(self, name: str, *, roles: Sequence[str] = ("member",), team: str = OURS) -> User:
        """Make somebody who holds roles, by their names, in a team that is made if need be."""
        secret = auth.hash_password(PASSWORD)
        self._app.write(lambda actor: _make(name, team, roles, secret, actor))
        return self.named(name)

    def named(self, name: str) -> User:
        """Return somebody by his name, in any case; raise `LookupError` if nobody is called so."""
        found = self._app.sql(
            "SELECT id, name, email FROM core_user WHERE lower(name) = :name", name=name.lower()
        )
        if not found:
            raise LookupError(f"nobody is called {name}: use relatum_users.make({name!r})")
        row = found[0]
        return User(id=row.id, name=row.name, email=row.email, actor=self._actor(row.id))

    def _actor(self, user_id: int) -> Actor:
        with self._app.reading():
            actor = auth.actor_of_user(user_id, source="api")
        if actor is None:
            raise LookupError(f"user {user_id} may not sign in any more")
        return actor
