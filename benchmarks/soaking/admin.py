"""The administrator: random changes of the data model, one after the other, all acknowledged."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from .clients import Board, Client
from .doors import Door
from .model import KINDS, STEADY, FieldUse, TypeUse

#: Types that come and go; beyond this many none is added.
MOST_TYPES = 14
#: Fields per type that are on offer or in the trash; beyond this many none is added.
MOST_FIELDS = 40

Change = dict[str, Any]


class Administrator(Client):
    """Plans now and then, applies always."""

    def __init__(self, name: str, board: Board, door: Door, applies: int, pause: float) -> None:
        super().__init__(name, board, door)
        self.left, self.pause = applies, pause
        self.done = 0
        self.longest = 0.0
        self.counts: dict[str, int] = {}
        self.race: dict[str, bool] = {}
        self.gone = False

    def found(self) -> None:
        """Make the types that the soak begins with."""
        self.apply("found", *STEADY)
        for name in ("x_firm", "x_deal"):
            self.board.model.types[name] = TypeUse(name)

    def step(self) -> None:
        if self.left <= 0:
            time.sleep(0.1)
            return
        moves: list[tuple[int, Callable[[], bool]]] = [
            (8, self.add_type), (30, self.add_field), (16, self.rename), (14, self.trash_field),
            (14, self.restore_field), (12, self.flip_unique), (5, self.flip_key),
            (4, self.flip_type), (8, self.add_link),
            (8, self.retype_field), (8, self.purge_field),
            (10, self.race_field), (4, self.race_unique), (4, self.race_type),
        ]  # fmt: skip
        weights, verbs = zip(*moves, strict=True)
        if random.choices(verbs, weights)[0]():
            self.left -= 1
            time.sleep(self.pause)

    def apply(self, what: str, *changes: Change) -> bool:
        """Apply changes; a refusal is a failure."""
        if random.random() < 0.25:
            self.ask("plan", changes=list(changes))
        start = time.monotonic()
        reply = self.ask("apply", changes=list(changes))
        self.longest = max(self.longest, time.monotonic() - start)
        if reply.fine:
            self.board.generation = reply.body["generation"]
            self.counts[what] = self.counts.get(what, 0) + 1
            self.done += 1
        return reply.fine

    # -- types -----------------------------------------------------------------------------
    def _types(self) -> list[TypeUse]:
        return [t for t in self.board.model.types.values() if not t.trashed]

    def add_type(self) -> bool:
        if len(self.board.model.types) >= MOST_TYPES:
            return False
        name = f"x_extra_{len(self.board.model.types)}"
        fields = [{"name": "code", "kind": "text", "required": True}]
        if not self.apply("add type", {"op": "create_type", "name": name, "fields": fields}):
            return False
        self.board.model.types[name] = TypeUse(name, volatile=True)
        return True

    def rename(self) -> bool:
        found = random.choice(self._types())
        label = f"Label {random.randint(0, 10**9)}"
        live = [f for f in found.fields if not f.trashed]
        if live and random.random() < 0.7:
            change = {"op": "change_field", "type": found.name, "field": random.choice(live).name}
        else:
            change = {"op": "change_type", "type": found.name}
        return self.apply("rename label", {**change, "label": label})

    def flip_type(self) -> bool:
        volatile = [t for t in self.board.model.types.values() if t.volatile]
        if not volatile:
            return False
        found = random.choice(volatile)
        if found.trashed:
            fine = self.apply("restore type", {"op": "restore_type", "type": found.name})
            found.trashed = not fine
            self.board.model.offer(found)
            return fine
        self.board.model.withdraw(found)
        found.trashed = self.apply("trash type", {"op": "trash_type", "type": found.name})
        return found.trashed

    # -- fields ----------------------------------------------------------------------------
    def add_field(self) -> bool:
        found = random.choice(self._types())
        if len(found.fields) >= MOST_FIELDS:
            return False
        kind = random.choice(tuple(KINDS))
        # A trashed field's name may be taken again: the new one gets another column.
        free = [f for f in found.fields if f.trashed and not (f.retyped or f.purged)]
        name = next((f.name for f in free if random.random() < 0.2), "")
        if not name or any(f.name == name and not f.trashed for f in found.fields):
            name = f"{kind}_{len(found.fields)}"
        change: Change = {
            "op": "add_field",
            "type": found.name,
            "name": name,
            "kind": kind,
            **KINDS[kind],
        }
        if kind in ("text", "integer", "money", "date") and random.random() < 0.5:
            change[random.choice(("sortable", "indexed"))] = True
        if not self.apply(f"add {kind}", change):
            return False
        found.fields.append(FieldUse(found.name, name, kind, number=found.next_number(name)))
        return True

    def add_link(self) -> bool:
        """Tie a type to firms, and see the list on the other side at once."""
        found = random.choice(self._types())
        if len(found.fields) >= MOST_FIELDS:
            return False
        name = f"link_{len(found.fields)}"
        inverse = f"{found.name.removeprefix('x_')}_{name}"
        on_delete = random.choice(("restrict", "clear", "cascade"))
        settings = {"target": "x_firm", "on_delete": on_delete, "inverse": inverse}
        change = {"op": "add_field", "type": found.name, "name": name, "kind": "lookup"}
        if not self.apply("add link", {**change, "settings": settings}):
            return False
        found.fields.append(FieldUse(found.name, name, "lookup", number=found.next_number(name)))
        reply = self.ask("describe", "x_firm")
        if reply.fine and inverse not in [each["name"] for each in reply.body["lists"]]:
            self.board.fail(f"{self.name}: x_firm does not show its new list {inverse}")
        return True

    def _field(self, wanted: Callable[[FieldUse], bool]) -> FieldUse | None:
        fields = [f for t in self._types() for f in t.fields if wanted(f)]
        return random.choice(fields) if fields else None

    def trash_field(self) -> bool:
        found = self._field(lambda f: not f.trashed)
        if found is None:
            return False
        self.board.model.withdraw(found)
        found.trashed = self.apply(
            "trash field", {"op": "trash_field", "type": found.type_name, "field": found.name}
        )
        return found.trashed

    def restore_field(self) -> bool:
        found = self._field(self._restorable)
        if found is None:
            return False
        change = {"op": "restore_field", "type": found.type_name, "field": found.name}
        if not self.apply("restore field", change):
            return False
        found.trashed = False
        self.board.model.offer(found)
        return True

    def retype_field(self) -> bool:
        """Make a text a long text, under those who read and write the others of its type."""
        found = self._field(lambda f: not f.trashed and f.kind == "text" and self._alone(f))
        if found is None:
            return False
        self.board.model.withdraw(found)
        change = {"op": "retype_field", "type": found.type_name, "field": found.name}
        fine = self.apply("retype field", {**change, "kind": "long_text"})
        if fine:
            found.kind, found.unique, found.retyped = "long_text", False, True
        self.board.model.offer(found)
        return fine

    def purge_field(self) -> bool:
        found = self._field(lambda f: f.trashed and not f.purged and self._alone(f))
        if found is None:
            return False
        change = {"op": "purge_field", "type": found.type_name, "field": found.name}
        found.purged = self.apply("purge field", change)
        return found.purged

    def _alone(self, found: FieldUse) -> bool:
        fields = self.board.model.types[found.type_name].fields
        return [f.name for f in fields].count(found.name) == 1

    def _restorable(self, found: FieldUse) -> bool:
        """Only the last incarnation of a name comes back by name."""
        if found.purged:
            return False
        same = [f for f in self.board.model.types[found.type_name].fields if f.name == found.name]
        return found.trashed and found is same[-1]

    def flip_unique(self) -> bool:
        found = self._field(lambda f: not f.trashed and f.kind in ("text", "email"))
        if found is None:
            return False
        change = {"op": "change_field", "type": found.type_name, "field": found.name}
        what = "unique off" if found.unique else "unique on"
        if self.apply(what, {**change, "unique": not found.unique}):
            found.unique = not found.unique
            return True
        return False

    def flip_key(self) -> bool:
        found = self.board.model.types[random.choice(("x_firm", "x_deal"))]
        op = "trash_key" if found.keyed else "add_key"
        other = "name" if found.name == "x_firm" else "amount"
        change = {"op": op, "type": found.name, "fields": ["code", other]}
        if self.apply(op.replace("_", " "), change):
            found.keyed = not found.keyed
            return True
        return False

    # -- under the racer's hands -----------------------------------------------------------
    def race_field(self) -> bool:
        name = f"f{random.randint(0, 3)}"
        op = "restore_field" if self.race.get(name) else "trash_field"
        self.race[name] = not self.race.get(name)
        return self.apply("race: field", {"op": op, "type": "x_race", "field": name})

    def race_unique(self) -> bool:
        on = not self.race.get("unique")
        self.race["unique"] = on
        change = {"op": "change_field", "type": "x_race", "field": "tag", "unique": on}
        return self.apply("race: unique", {**change, "existing": "clear"} if on else change)

    def race_type(self) -> bool:
        op = "restore_type" if self.gone else "trash_type"
        self.gone = not self.gone
        return self.apply("race: type", {"op": op, "type": "x_gone"})
