"""Patches: an administrator's changes of what plugins declare, laid over their rows (D5).

A patch holds one property, its value, and what the plugin said when it was made. A plugin's
upgrade changes the rows below; a patch whose base is not what the plugin says any more is a
conflict, which the plan of the upgrade shows. The patch holds until somebody changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

#: Settings of a field are patched one by one, as `settings.NAME`.
SETTINGS = "settings."
_Rows = Mapping[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Patch:
    """One changed property of a type, field or option, and what its owner says of it."""

    kind: str
    target_id: int
    name: str
    value: Any
    #: What the owner said when the patch was made, and what it says today.
    base: Any
    now: Any

    @property
    def conflict(self) -> bool:
        """Whether the owner has changed the property since."""
        return bool(self.base != self.now)


def read(row: Mapping[str, Any], name: str) -> Any:
    """Return a property of a row; of a setting, its value or None."""
    if name.startswith(SETTINGS):
        return orjson.loads(row["settings"]).get(name.removeprefix(SETTINGS))
    return row[name]


def write(row: dict[str, Any], name: str, value: Any) -> None:
    """Set a property of a row."""
    if not name.startswith(SETTINGS):
        row[name] = value
        return
    settings = orjson.loads(row["settings"])
    setting = name.removeprefix(SETTINGS)
    if value is None:
        settings.pop(setting, None)
    else:
        settings[setting] = value
    row["settings"] = orjson.dumps(settings).decode()


class Patches:
    """The patches of an instance, by what they change."""

    def __init__(self, rows: Mapping[int, Mapping[str, Any]]) -> None:
        self._of: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
        for row in sorted(rows.values(), key=lambda r: r["id"]):
            self._of.setdefault((row["target_kind"], row["target_id"]), []).append(row)

    def __bool__(self) -> bool:
        return bool(self._of)

    def over(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row with its patches worked in; the row itself if there are none."""
        found = self._of.get((kind, row["id"]))
        if not found:
            return row
        made = dict(row)
        for patch in found:
            write(made, patch["property"], orjson.loads(patch["value"]))
        return made

    def described(self, rows: Mapping[str, _Rows]) -> tuple[Patch, ...]:
        """Return every patch with what the rows below say today."""
        return tuple(self._described(rows))

    def _described(self, rows: Mapping[str, _Rows]) -> Iterable[Patch]:
        for (kind, target), found in self._of.items():
            row = rows[kind].get(target)
            for patch in found if row is not None else ():
                value, base = orjson.loads(patch["value"]), orjson.loads(patch["base_value"])
                yield Patch(
                    kind, target, patch["property"], value, base, read(row or {}, patch["property"])
                )
