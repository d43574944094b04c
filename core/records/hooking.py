"""Where plugins take part in writes: once per type, operation and batch, never per record (D13)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from .. import audit, db, hooks, languages
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Invalid, RelatumError
from ..fields import Refused
from . import amounts
from .batch import Row

#: Writes that hooks make may call hooks again, so deep and no deeper.
DEPTH: Final = 5
_BEFORE, _AFTER, _COMMITTED = (
    "relatum_before_write", "relatum_after_write", "relatum_after_commit",
)  # fmt: skip
#: Answers yes to whatever is asked; no key is called so.
EVERYTHING: Final = frozenset({"*"})
_ACCEPTED: Final = "accepted"
#: Fields of users that say who may come in, and with which rights.
_RIGHTS: Final = ("admin", "active", "email", "team")


class Committed(NamedTuple):
    """Records of one type that one operation wrote."""

    type: str
    operation: str
    ids: tuple[int, ...]
    #: The fields that were written.
    fields: frozenset[str] = frozenset()


class Changes(tuple[Committed, ...]):
    """What a transaction wrote, in the order of the writes."""

    __slots__ = ()

    def seen_by(self, plugin: str, only: hooks.Only) -> Changes | None:
        """Return those that a plugin wants to hear of; None if there is none."""
        return Changes(c for c in self if only.takes(c.type, c.operation, c.fields)) or None


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
    #: It puts back what there was: what once followed from that comes back by itself.
    undoing: bool = False
    #: The plugin that looks at it.
    plugin: str = ""
    written: bool = False
    #: What whoever writes has answered with yes, before it was asked.
    accepted: frozenset[str] = frozenset()

    def seen_by(self, plugin: str, only: hooks.Only) -> WriteBatch | None:
        """Return the rows that a plugin wants to see, so that what it refuses names it.

        None if it wants none.
        """
        rows = [r for r in self.rows if only.takes(self.type, self.operation, r.values)]
        return dataclasses.replace(self, plugin=plugin, rows=rows) if rows else None

    @property
    def type(self) -> str:
        """The name of the entity type."""
        return self.entity_type.name

    def __len__(self) -> int:
        return len(self.rows)

    def id(self, place: int) -> int | None:
        """Return a record's id; None for one that is not written yet."""
        return self.rows[place].id

    def merged_into(self, place: int) -> int | None:
        """Return the record that one which is deleted, or restored, is or was merged into."""
        return self.rows[place].into

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

    def reject(self, place: int, message: str, *, field: str | None = None, **params: Any) -> None:
        """Refuse a row with a sentence for whoever wrote it.

        `{name}` in it stands for one of `params`, which go along in the answer. Of those, `records`
        are others that it is about: [{"type", "id", "label"}] that the actor sees.
        """
        told = {"message": _sentence(message, params), "plugin": self.plugin}
        self.rows[place].refuse("rejected", field, **{**params, **told})

    def refused(self, place: int) -> bool:
        """Say whether something is wrong with a row already."""
        return bool(self.rows[place].problems)

    def accepts(self, key: str) -> bool:
        """Say whether a question is answered with yes already, so that it need not be looked at."""
        return not self.accepted.isdisjoint((key, *EVERYTHING))

    def ask(
        self, place: int, key: str, message: str, *, field: str | None = None, **params: Any
    ) -> None:
        """Refuse a row until whoever writes it accepts `key`, with a sentence as of `reject`.

        The code is `confirm_needed`. Only before a write; what is undone is not asked about.
        """
        if self.written:
            raise ValueError("what is written can't be asked about")
        if not self.accepts(key):
            told = {"key": key, "message": _sentence(message, params), "plugin": self.plugin}
            self.rows[place].refuse("confirm_needed", field, **{**params, **told})

    def _known(self, name: str) -> None:
        if name not in self.entity_type.fields:
            raise ValueError(f"'{self.type}' has no field '{name}'")


def _sentence(message: str, params: Mapping[str, Any]) -> str:
    """Return what a plugin says, without the stop: a phrase where it has places for values."""
    template = " ".join(message.split()).rstrip(".") or "no reason was given"
    return languages.Phrase(template, **params) if params else template


def before(
    entity_type: EntityType,
    operation: str,
    rows: Sequence[Row],
    actor: Actor,
    *,
    dry_run: bool = False,
    undoing: bool = False,
) -> None:
    """Let plugins look at the sound rows before they are written; they may note problems.

    Amounts are valued by what is known then.
    """
    written = operation in ("create", "update")
    rows = [row for row in rows if row.values or operation != "update"]
    if written:
        amounts.read_codes(entity_type, rows)
    if hooks.current().implemented(_BEFORE):
        sound = [row for row in rows if not row.problems]
        accepted = db.for_writing().memo.get(_ACCEPTED, frozenset())
        batch = WriteBatch(
            entity_type,
            operation,
            sound,
            actor,
            dry_run,
            undoing=undoing or _is_undoing(),
            accepted=accepted,
        )
        _call(_BEFORE, batch)
    if written:
        amounts.value(entity_type, rows, actor, undoing=undoing)


@contextmanager
def accepting(keys: Collection[str]) -> Iterator[None]:
    """Answer what plugins ask in the block with yes, where it goes by one of these keys."""
    memo = db.for_writing().memo
    before = memo.get(_ACCEPTED, frozenset())
    memo[_ACCEPTED] = before | frozenset(keys)
    try:
        yield
    finally:
        memo[_ACCEPTED] = before


def after(entity_type: EntityType, operation: str, rows: Sequence[Row], actor: Actor) -> None:
    """Let the audit log and plugins see rows that were written.

    Raises `Invalid` for those that a plugin refuses now.
    """
    if entity_type.name == "user":
        _note_users(operation, rows, actor)
    called = hooks.current()
    if called.implemented(_COMMITTED) and rows:
        ids, fields = tuple(r.id for r in rows if r.id), {n for r in rows for n in r.values}
        _note(Committed(entity_type.name, operation, ids, frozenset(fields)), actor)
    if called.implemented(_AFTER):
        undoing = _is_undoing()
        batch = WriteBatch(entity_type, operation, rows, actor, undoing=undoing, written=True)
        _call(_AFTER, batch)
        problems = [problem for row in rows for problem in row.problems]
        if problems:
            raise Invalid(problems)


@contextmanager
def undone() -> Iterator[None]:
    """Let hooks know that what is written meanwhile puts back what there was."""
    memo = db.for_writing().memo
    memo["undoing"] = True
    try:
        yield
    finally:
        memo["undoing"] = False


def _is_undoing() -> bool:
    return bool(db.for_writing().memo.get("undoing"))


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
        changes = Changes(self.transaction.memo.get("committed", ()))
        if changes:
            hooks.current().isolated(_COMMITTED, actor=self.actor, changes=changes)
