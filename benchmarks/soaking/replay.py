"""What was in force at each generation, told from the log of applied changes alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import orjson

#: Fields that every record has and a caller may write.
SYSTEM = frozenset({"owner", "team"})


class Rules(NamedTuple):
    """What held for one entity type: its live fields, the required ones, its unique keys."""

    fields: frozenset[str]
    required: frozenset[str]
    keys: frozenset[tuple[str, ...]]


@dataclass
class _Type:
    """A type on its way through the log."""

    live: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Trashed fields by name, the last trashed at the end.
    trash: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: Compound keys, and in which generation they went to the trash.
    keys: list[tuple[tuple[str, ...], int | None]] = field(default_factory=list)
    dead: bool = False

    def rules(self) -> Rules | None:
        """Return what holds now; None in the trash."""
        if self.dead:
            return None
        singles = {(name,) for name, each in self.live.items() if each.get("unique")}
        return Rules(
            frozenset(self.live),
            frozenset(name for name, each in self.live.items() if each.get("required")),
            frozenset(singles | {key for key, gone in self.keys if gone is None}),
        )


class Log:
    """The generations of an instance; `at(generation, type)` answers what was in force."""

    def __init__(self, rows: Iterable[tuple[int, datetime, str]]) -> None:
        self._types: dict[str, _Type] = {}
        self._history: dict[str, list[tuple[int, Rules | None]]] = {}
        self.times: list[tuple[datetime, int]] = []
        for number, at, changes in rows:
            self.times.append((at, number))
            made = [change for change in orjson.loads(changes) if change["op"] != "touch"]
            touched = {self._apply(number, change) for change in made}
            for name in touched:
                history = self._history.setdefault(name, [])
                history.append((number, self._types[name].rules()))

    def at(self, generation: int, type_name: str) -> Rules | None:
        """Return what was in force for a type; None if it was not there."""
        history = self._history.get(type_name, [])
        place = bisect_right(history, generation, key=lambda entry: entry[0])
        return history[place - 1][1] if place else None

    @property
    def names(self) -> Iterable[str]:
        """The types that the log names."""
        return self._history.keys()

    def newest(self, moment: datetime) -> int:
        """Return the newest generation that can have been in force at a moment."""
        return max((number for at, number in self.times if at <= moment), default=0)

    @property
    def last(self) -> int:
        """The newest generation of all."""
        return self.times[-1][1]

    def _apply(self, number: int, change: dict[str, Any]) -> str:
        name: str = change["name"] if change["op"] == "create_type" else change["type"]
        found = self._types.setdefault(name, _Type())
        match change["op"]:
            case "create_type":
                found.live = {each["name"]: dict(each) for each in change["fields"]}
                found.keys = [(tuple(key), None) for key in change.get("keys", ())]
            case "trash_type" | "restore_type":
                found.dead = change["op"] == "trash_type"
            case "add_field":
                found.live[change["name"]] = dict(change)
            case "change_field":
                found.live[change["field"]].update(change)
            case "trash_field":
                found.trash.setdefault(change["field"], []).append(found.live.pop(change["field"]))
                found.keys = [
                    (key, number if gone is None and change["field"] in key else gone)
                    for key, gone in found.keys
                ]
            case "purge_field":
                del found.trash[change["field"]]
            case "retype_field":
                found.live[change["field"]]["unique"] = False
            case "restore_field":
                found.live[change["field"]] = found.trash[change["field"]].pop()
            case "add_key" | "trash_key":
                _key(found, change)
        return name


def _key(found: _Type, change: dict[str, Any]) -> None:
    names = tuple(change["fields"])
    if change["op"] == "add_key":
        found.keys.append((names, None))
    else:
        found.keys = [entry for entry in found.keys if entry != (names, None)]
