"""What an API route is: a function with its description. Routes and OpenAPI come from one list.

A function takes a `Call` and the path's values, works inside the transaction that its mode
opens, and returns an `Answer`. Nobody else opens a transaction or builds a response.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from werkzeug.datastructures import Headers

from .. import db, roles
from ..actor import Actor
from ..errors import RelatumError
from . import wire

#: Where every operation lives.
PREFIX: Final = "/api/v1"
#: Modes: which transaction an operation runs in. OWN opens its own (sign-in hashes outside).
READ, WRITE, EXCLUSIVE, OWN = "read", "write", "exclusive", "own"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
#: The header that names the change set which a write has made, so that it can be undone.
CHANGE: Final = "Relatum-Change"


class Parameter(NamedTuple):
    """A query parameter or header with its JSON schema."""

    name: str
    schema: Mapping[str, Any]
    help: str
    where: str = "query"
    required: bool = False


class Reply(NamedTuple):
    """What a success answers: a named schema (None: no body) and the headers it carries."""

    schema: str | None
    headers: tuple[str, ...] = ()


class Answer(NamedTuple):
    """What an operation returns; `body` None means no body."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = {}

    def sealed(self) -> Sealed:
        """Return the bytes to send, made while the transaction is still open."""
        return Sealed(
            self.status, dict(self.headers), None if self.body is None else wire.dump(self.body)
        )


class Sealed(NamedTuple):
    """An answer as bytes: what is sent after commit, and what an Idempotency-Key replays."""

    status: int
    headers: dict[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks, with which parameters and body."""

    actor: Actor
    method: str
    path: str
    args: list[tuple[str, str]]
    body: Any
    headers: Headers
    #: The CSRF token and cookie of the session, if the caller came by one.
    csrf: str | None = None
    cookie: str | None = None
    digest: str = ""

    def text(self, name: str) -> str | None:
        """Return a query parameter; raise `bad_parameter` if it was given twice."""
        found = [value for key, value in self.args if key == name]
        if len(found) > 1:
            raise RelatumError("bad_parameter", name=name, reason="it stands twice")
        return found[0] if found else None

    def flag(self, name: str) -> bool:
        """Return a query parameter that is 1, true, 0 or false."""
        value = self.text(name)
        if value not in (None, "0", "1", "true", "false"):
            raise RelatumError("bad_parameter", name=name, reason="it must be 1 or 0")
        return value in ("1", "true")

    def number(self, name: str, *, least: int = 1, most: int = wire.ID_LIMIT) -> int | None:
        """Return a query parameter that is a whole number in a range."""
        value = self.text(name)
        if value is None:
            return None
        if not (
            value.isascii() and value.isdigit() and len(value) < 17 and least <= int(value) <= most
        ):
            reason = f"it must be a whole number from {least} to {most}"
            raise RelatumError("bad_parameter", name=name, reason=reason)
        return int(value)

    def limit(self) -> int:
        """Return how many a page shows: `_limit`, or what it is by the settings."""
        config = db.settings()
        return self.number("_limit", most=config.page_limit) or config.page_default

    def row(self) -> dict[str, Any]:
        """Return the body, which must be an object."""
        return wire.an_object(self.body)


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One route: its function, transaction mode and everything OpenAPI says of it."""

    method: str
    path: str
    work: Callable[..., Answer]
    tag: str
    mode: str
    public: bool
    query: tuple[Parameter, ...]
    #: Query parameters besides `query` are filters and go to `core.query`.
    filters: bool
    headers: tuple[Parameter, ...]
    body: str | None
    replies: Mapping[int, Reply]
    problems: tuple[int, ...]
    #: The answer holds a secret that is shown once and never stored.
    secret: bool
    #: Open to whoever must set up a second factor before anything else.
    setting_up: bool
    #: Open to whoever looks as somebody else: it changes nothing but the session he came by.
    leaving: bool

    @property
    def name(self) -> str:
        """The operation's id in OpenAPI."""
        return self.work.__name__

    @property
    def idempotent_by_key(self) -> bool:
        """Whether an Idempotency-Key makes a repetition safe."""
        return self.mode in (WRITE, EXCLUSIVE)

    @property
    def only_reads(self) -> bool:
        """Whether it reads and waits for nothing that the caller sends."""
        return self.mode == READ and self.body is None

    def mode_of(self, call: Call) -> str:
        """Return the mode for this call: a change of the model that is only planned only reads.

        What a job would do is tried, and taken back, in a transaction that writes.
        """
        plans = any(p.name == PLAN_ONLY.name for p in self.query) and call.flag(PLAN_ONLY.name)
        return READ if plans and self.mode == EXCLUSIVE else self.mode


#: Asks a convenience route on entity types to plan and not to apply.
PLAN_ONLY: Final = Parameter(
    "_plan", {"type": "string", "enum": ["0", "1", "true", "false"]}, "1: only plan."
)
#: Says who sees the new types of a change.
ACCESS: Final = Parameter(
    "_access", {"type": "string", "enum": list(roles.OPENINGS)},
    "Who sees new types: usual (as roles say for all types), own (everybody their own records), "
    "read (who reads all types, and nobody changes it), closed (administrators alone).",
)  # fmt: skip
OPERATIONS: Final[list[Operation]] = []


def operation(
    method: str,
    path: str,
    *,
    tag: str,
    replies: Mapping[int, Reply],
    mode: str | None = None,
    public: bool = False,
    query: tuple[Parameter, ...] = (),
    filters: bool = False,
    headers: tuple[Parameter, ...] = (),
    body: str | None = None,
    problems: tuple[int, ...] = (),
    secret: bool = False,
    setting_up: bool = False,
    leaving: bool = False,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Declare a route under `PREFIX`; its docstring is its description.

    The mode is by default READ for GET and WRITE for everything else. `problems` are the
    statuses beyond those that follow from the rest (see `core.api.openapi`).
    """

    def declare(work: Callable[..., Answer]) -> Callable[..., Answer]:
        OPERATIONS.append(
            Operation(
                method=method, path=path, work=work, tag=tag, public=public, query=query,
                mode=mode or (READ if method in SAFE_METHODS else WRITE), filters=filters,
                headers=headers, body=body, replies=replies, problems=problems, secret=secret,
                setting_up=setting_up, leaving=leaving,
            )
        )  # fmt: skip
        return work

    return declare
