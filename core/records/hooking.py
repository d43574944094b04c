"""Where plugins take part in writes: once per type, operation and batch, never per record (D13)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from .. import audit, db, hooks
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid, RelatumError
from ..fields import Refused
from .batch import Row

#: Writes that hooks make may call hooks again, so deep and no deeper.
DEPTH: Final = 5
_BEFORE, _AFTER, _COMMITTED = (
    "relatum_before_write", "relatum_after_write", "relatum_after_commit",
)  # fmt: skip
#: Fields of users that say who may come in, and with which rights.
_RIGHTS: Final = ("admin", "active", "email", "team")


class Committed(NamedTuple):
    """Records of one type that one operation wrote."""

    type: str
    operation: str
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WriteBatch:
    """The rows of one type that one operation writes; a row is named by its place, from 0.

    `operation` is create, update, delete or restore. Values are Python values: text, int,
    Decimal, bool, date, time, aware datetime, the id of a record for a link, the text of a JSON
    document, and for a composite field a tuple with a place for each member.
    """

    entity_type: EntityType
    operation: str
    rows: Sequence[Row]
    actor: Actor
    #: Nothing will be written: the rows are only checked.
    dry_run: bool = False
    #: The plugin that looks at it.
    plugin: str = ""
    written: bool = False

    def seen_by(self, plugin: str) -> WriteBatch:
        """Return the same rows for a plugin, so that what it refuses names it."""
        return dataclasses.replace(self, plugin=plugin)

    @property
    def type(self) -> str:
        """The name of the entity type."""
        return self.entity_type.name

    def __len__(self) -> int:
        return len(self.rows)

    def id(self, place: int) -> int | None:
        """Return a record's id; None for one that is not written yet."""
        return self.rows[place].id

    def value(self, place: int, name: str) -> Any:
        """Return the value that a field will have; raise ValueError if there is no such field."""
        self._known(name)
        return self.rows[place].after(name)

    def before(self, place: int, name: str) -> Any:
        """Return the value that is stored; None for a new record."""
        self._known(name)
        stored = self.rows[place].before
        return stored[name] if stored else None

    def category(self, place: int, name: str) -> str | None:
        """Return the category of the option that a choice will have."""
        return self._category(name, self.value(place, name))

    def category_before(self, place: int, name: str) -> str | None:
        """Return the category of the option that is stored; None for a new record."""
        return self._category(name, self.before(place, name))

    def _category(self, name: str, value: Any) -> str | None:
        options = self.entity_type.fields[name].options
        return next((option.category for option in options if option.value == value), None)

    def column(self, name: str) -> list[Any]:
        """Return the values that a field will have, of all rows in order."""
        self._known(name)
        return [row.after(name) for row in self.rows]

    def changed(self, place: int) -> frozenset[str]:
        """Return the names of the fields that are written."""
        return frozenset(self.rows[place].values)

    def set(self, place: int, name: str, value: Any) -> None:
        """Give a field a value, as a caller would send it; only before create and update.

        A value that the field refuses refuses the row.
        """
        if self.written or self.operation not in ("create", "update"):
            raise ValueError(f"values can't be set after {self.operation}")
        self._known(name)
        field, row = self.entity_type.fields[name], self.rows[place]
        if field.read_only or field.NUMBERED:
            raise ValueError(f"'{name}' of '{self.type}' can only be read")
        try:
            empty = value is None or value == ""
            checked = field.empty if empty else field.check(value)
            row.values[name] = field.merge(row.after(name), checked)
        except Refused as refused:
            problem = refused.problem
            row.problems.append(problem.at(field=problem.field or name, row=row.place))

    def reject(self, place: int, message: str, *, field: str | None = None) -> None:
        """Refuse a row with a sentence for whoever wrote it."""
        sentence = " ".join(message.split()).rstrip(".") or "no reason was given"
        self.rows[place].refuse("rejected", field, message=sentence, plugin=self.plugin)

    def _known(self, name: str) -> None:
        if name not in self.entity_type.fields:
            raise ValueError(f"'{self.type}' has no field '{name}'")


def before(
    entity_type: EntityType,
    operation: str,
    rows: Sequence[Row],
    actor: Actor,
    *,
    dry_run: bool = False,
) -> None:
    """Let plugins look at the sound rows before they are written; they may note problems."""
    if hooks.current().implemented(_BEFORE):
        sound = [row for row in rows if not row.problems]
        _call(_BEFORE, WriteBatch(entity_type, operation, sound, actor, dry_run))


def after(entity_type: EntityType, operation: str, rows: Sequence[Row], actor: Actor) -> None:
    """Let the audit log and plugins see rows that were written.

    Raises `Invalid` for those that a plugin refuses now.
    """
    if entity_type.name == "user":
        _note_users(operation, rows, actor)
    called = hooks.current()
    if called.implemented(_COMMITTED) and rows:
        _note(Committed(entity_type.name, operation, tuple(r.id for r in rows if r.id)), actor)
    if called.implemented(_AFTER):
        _call(_AFTER, WriteBatch(entity_type, operation, rows, actor, written=True))
        problems = [problem for row in rows for problem in row.problems]
        if problems:
            raise Invalid(problems)


def _note_users(operation: str, rows: Sequence[Row], actor: Actor) -> None:
    """Note in the audit log whose coming and going, and whose rights, were changed."""
    done = []
    for row in rows:
        now: dict[str, Any] = {name: row.values[name] for name in _RIGHTS if name in row.values}
        if now or operation != "update":
            was = {name: row.before[name] for name in now} if row.before is not None else None
            done.append(audit.Done(f"user:{row.id}", was, {"action": operation, **now}))
    audit.note_all("user_changed", done, actor=actor)


def _call(name: str, batch: WriteBatch) -> None:
    if not batch.rows:
        return
    with _deeper(name):
        hooks.current().strict(name, actor=batch.actor, batch=batch)


@contextmanager
def _deeper(name: str) -> Iterator[None]:
    memo = db.for_writing().memo
    depth = memo.get("hook_depth", 0) + 1
    if depth > DEPTH:
        raise RelatumError("hook_depth", limit=DEPTH, hook=name)
    memo["hook_depth"] = depth
    try:
        yield
    finally:
        memo["hook_depth"] = depth - 1


def _note(change: Committed, actor: Actor) -> None:
    """Keep what plugins are told after the commit; what a savepoint undoes is forgotten with it."""
    tx = db.for_writing()
    if not any(isinstance(follow, _Tell) for follow in tx.after_commit):
        tx.after_commit.append(_Tell(tx, actor))
    tx.memo["committed"] = (*tx.memo.get("committed", ()), change)


@dataclass(frozen=True)
class _Tell:
    """Tells plugins, after the commit, what the transaction wrote."""

    transaction: db.Transaction
    actor: Actor

    def __call__(self) -> None:
        changes = self.transaction.memo.get("committed", ())
        if changes:
            hooks.current().isolated(_COMMITTED, actor=self.actor, changes=changes)
