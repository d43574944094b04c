"""Find the records that cells name: one query per set of new values, whatever the row count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from .. import access, db, query, records
from ..actor import Actor
from ..catalog import EntityType
from ..errors import Problem, nearest
from ..fields import Field, Refused
from ..storage import slices

#: Most values of the target that the nearest match is looked for in.
_NEAR = 20_000
#: Most distinct values that are remembered, so that memory stays flat however long the file is.
_KNOWN = 100_000


class Lookups:
    """The records of one type, found by one field; text matches whatever case and accents."""

    def __init__(
        self, target: EntityType, by: Field, actor: Actor, *, creates: bool = False
    ) -> None:
        access.require(actor, "read", f"records of '{target.name}'", target.name)
        self.target, self.by, self.actor, self.creates = target, by, actor, creates
        self._found: dict[Any, list[tuple[int, Any]]] = {}
        self._values: list[str] | None = None
        #: Why records that should be created were not, by key.
        self.refused: dict[Any, Problem] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Read the records that texts not met before may mean; create them if that is asked."""
        if len(self._found) > _KNOWN:
            self.forget()
        meant = {self.key(text): text for text in texts}
        keys = meant.keys() - self._found.keys() - {None}
        table = self.target.table
        key, value = table.c[self.by.key_column], self.by.whole(table)
        asked = sa.select(table.c.id, key, value).where(query.live(self.target, table))
        asker = query.asker(self.actor)
        for piece in slices(sorted(keys)):
            self._found.update((k, []) for k in piece)
            for id_, k, v in db.current().connection.execute(asked.where(key.in_(piece)), asker):
                self._found[k].append((id_, v))
        missing = [meant[k] for k in keys if not self._found[k]] if self.creates else []
        if missing:
            self._create(missing)

    def _create(self, texts: list[str]) -> None:
        """Create the records that texts name; a text that the type refuses stays unmatched."""
        texts = sorted(texts)
        rows = [{self.by.name: self._parse(text)} for text in texts]
        made = records.create(self.target.name, rows, actor=self.actor, partial=True)
        for text, row, outcome in zip(texts, rows, made, strict=True):
            key = self.key(text)
            if outcome.id is not None:
                self._found[key] = [(outcome.id, row[self.by.name])]
            elif outcome.problems:
                self.refused[key] = outcome.problems[0]

    def key(self, text: str) -> Any:
        """Return what a text is found by; None if it can't be a value of the field."""
        value = self._parse(text)
        return None if isinstance(value, Problem) or value is None else self.by.key(value)

    def find(self, text: str) -> int | Problem:
        """Return the id of the record a text means; `learn` has seen the text."""
        value = self._parse(text)
        if isinstance(value, Problem):
            return value
        found = self._found.get(self.by.key(value), [])
        exact = [id_ for id_, stored in found if stored == value]
        if len(found) > 1 and len(exact) != 1:
            return Problem(
                "lookup_ambiguous",
                {
                    "count": len(found),
                    "type": self.target.name,
                    "field": self.by.name,
                    "value": text,
                },
            )
        if not found:
            return self.refused.get(self.by.key(value)) or self.unmatched(text)
        return exact[0] if exact else found[0][0]

    def unmatched(self, text: str, more: Iterable[str] = ()) -> Problem:
        """Return the problem of a text that nothing matches, with the nearest value."""
        near = nearest(text, [*self._all(), *more])
        params = {"type": self.target.name, "field": self.by.name, "value": text, "nearest": near}
        return Problem("lookup_unmatched", params)

    def forget(self) -> None:
        """Drop what was read: the records have changed."""
        self._found.clear()
        self.refused.clear()
        self._values = None

    def _parse(self, text: str) -> Any:
        try:
            return self.by.parse(text)
        except Refused as refused:
            return refused.problem

    def _all(self) -> list[str]:
        if self._values is None:
            table = self.target.table
            key, value = table.c[self.by.key_column], self.by.whole(table)
            asked = (
                sa.select(value, key)
                .where(query.live(self.target, table), key.is_not(None))
                .distinct()
                .order_by(key)
                .limit(_NEAR)
            )
            asker = query.asker(self.actor)
            found = db.current().connection.execute(asked, asker).scalars()
            self._values = [self.by.text(self.by.wire(value)) for value in found]
        return self._values
