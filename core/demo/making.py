"""What a plugin gets to bring example data with: who is there, what was made, and the calendar."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any

from .. import changes, clock, records
from ..actor import Actor
from .names import FIRST, LAST

#: Rows that are written at once.
_BATCH = 5_000
Rows = list[dict[str, Any]]


class Demo:
    """The demonstration as it grows; plugins take it in turn, those first that others require.

    `today` is the day on which it is made, `users` the ids of users by team. What is made carries
    the origin `demo`, so that `relatum demo --remove` finds it again.
    """

    def __init__(self, today: date, users: Mapping[str, Sequence[int]], actor: Actor) -> None:
        """Begin with people and nothing else."""
        self.today, self.users = today, users
        self._actor = actor
        self._made: dict[str, Rows] = {}
        self._days: dict[int, date] = {}

    def chance(self, name: str) -> random.Random:
        """Return a source of chance that gives the same on every day, another for each name."""
        return random.Random(zlib.crc32(name.encode()))  # noqa: S311  # a story, not a secret

    def person(self, chance: random.Random) -> tuple[str, str]:
        """Return an invented first and last name."""
        return chance.choice(FIRST), chance.choice(LAST)

    def made(self, type_name: str) -> Rows:
        """Return what was made of a type so far, in order: the rows as they were sent, with ids."""
        return self._made.get(type_name, [])

    def made_on(self, id_: int) -> date:
        """Return the day on which a record of the demonstration was made."""
        return self._days[id_]

    def create(self, type_name: str, rows: Iterable[dict[str, Any]]) -> Rows:
        """Create records in batches; return their rows with ids. Raises what `create` does."""
        sent = list(rows)
        for start in range(0, len(sent), _BATCH):
            part = sent[start : start + _BATCH]
            outcomes = records.create(type_name, part, actor=self._actor, accept=records.EVERYTHING)
            day = clock.now().date()
            for row, outcome in zip(part, outcomes, strict=True):
                assert outcome.id is not None
                row["id"] = outcome.id
                self._days[outcome.id] = day
        self._made.setdefault(type_name, []).extend(sent)
        return sent

    def update(self, type_name: str, rows: Iterable[dict[str, Any]]) -> None:
        """Change records that were made before; raises what `update` does."""
        sent = list(rows)
        for start in range(0, len(sent), _BATCH):
            records.update(
                type_name,
                sent[start : start + _BATCH],
                actor=self._actor,
                accept=records.EVERYTHING,
            )

    @contextmanager
    def on(self, day: date, hour: int = 10, minute: int = 0) -> Iterator[None]:
        """Write what the block writes at that moment, as a change of its own; never after now."""
        moment = datetime.combine(day, time(hour, minute), UTC)
        with clock.frozen(min(moment, clock.now())), changes.apart():
            yield
