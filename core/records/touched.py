"""A record that a change set wrote: how it is put back, and what is in the way of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ..catalog import EntityType
from ..changes import Line
from ..errors import Problem
from .batch import Led, Row

Op = Literal["update", "delete", "restore"]
#: What undoes a change that stands alone.
WAY_BACK: Final[dict[str, Op]] = {
    "create": "delete", "update": "update", "delete": "restore", "restore": "delete",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Touched:
    """One record of a change set, as it is now and as it is put back."""

    id: int
    type_name: str
    #: None if the type is in the trash, or purged.
    type: EntityType | None
    lines: list[Line] = field(default_factory=list)
    row: Row = field(default_factory=lambda: Row(0))
    live: bool = False
    #: Its place among the records that are shown.
    place: int = 0
    #: Per field its value now and the one that it gets back, in wire form.
    fields: dict[str, list[Any]] = field(default_factory=dict)
    #: The values that it gets back, as they are stored.
    values: dict[str, Any] = field(default_factory=dict)
    #: Required links that are emptied by the deletion of what they point to, and by nobody else.
    left: set[str] = field(default_factory=set)
    #: Links, its own or to it, that led into the trash before, and will again.
    spared: set[Led] = field(default_factory=set)
    #: What it has got back so far, in wire form.
    put: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    #: Whether the record stays as a whole, not only some fields of it.
    stuck: bool = False
    #: Whether whoever undoes sees it, and the names of fields that he does not see.
    seen: bool = True
    unseen: frozenset[str] = frozenset()

    @property
    def created(self) -> bool:
        """Whether there was no such record before."""
        return self.lines[0].op == "create"

    @property
    def op(self) -> Op | None:
        """What is done to it; None for a record that came and went within the set."""
        if len(self.lines) == 1:
            return WAY_BACK[self.lines[0].op]
        states = [line.op for line in self.lines if line.op != "update"]
        was_live = not states or states[0] == "delete"
        is_live = not states or states[-1] != "delete"
        if was_live == is_live:
            return "update" if is_live else None
        return "restore" if was_live else "delete"

    @property
    def bare(self) -> bool:
        """Whether only its version was raised, since its parts changed."""
        return self.op == "update" and not any(line.data for line in self.lines)

    @property
    def flips(self) -> bool:
        """Whether it goes to the trash or comes back; others may have seen to that."""
        return self.live if self.op == "delete" else self.op == "restore" and not self.live

    @property
    def to_do(self) -> bool:
        """Whether anything is left to put back."""
        there = self.row.before is not None
        return there and (self.flips or bool(self.fields) or (self.bare and self.live))

    @property
    def label(self) -> str:
        """What the record is called."""
        if self.type is None or self.row.before is None:
            return f"{self.type_name} {self.id}"
        return self.type.label_of(self.row.before)

    def keeps(self, name: str) -> bool:
        """Say whether a field is not put back."""
        parts = [part for problem in self.problems for part in (problem.field or "").split(", ")]
        return self.stuck or name in {part.partition(".")[0] for part in parts}

    def refuse(self, problem: Problem, name: str | None = None, *, whole: bool = False) -> None:
        """Note what is in the way of a field, or of the record as a `whole`."""
        self.stuck = self.stuck or whole
        params = {**problem.params, "record": self.id}
        self.problems.append(Problem(problem.code, params, problem.field or name, self.place))

    def note(self, code: str, name: str | None = None, **params: Any) -> None:
        """Note what is in the way, by a sentence that names the record; without a field, of all."""
        told = {"type": self.type_name, "id": self.id, "label": self.label, **params}
        # A record whose fields have changed since is not deleted.
        self.refuse(Problem(code, told, name), whole=name is None or self.op == "delete")

    @property
    def conflicts(self) -> list[Problem]:
        """What is in the way, as far as whoever undoes may know."""
        return [p for p in self.problems if self.seen and p.field not in self.unseen]

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "type": self.type_name, "id": self.id, "label": self.label, "op": self.op or "restore",
            "fields": {n: both for n, both in self.fields.items() if n not in self.unseen},
            "conflicts": [problem.as_json() for problem in self.conflicts],
        }  # fmt: skip
