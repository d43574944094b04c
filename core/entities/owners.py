"""Who declares: the administrator (`local`), or a plugin; and what each may do with a row (D5).

An owner changes its own rows. What an administrator changes of a plugin's rows becomes patches
over them, so that the plugin's next version neither loses nor overwrites it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from ..catalog import Rows
from ..catalog.patches import SETTINGS, read, write
from ..errors import RelatumError
from ..languages import Phrase

#: Owners whose rows nobody changes.
_FIXED = frozenset({"core", "system"})


class Owner(NamedTuple):
    """Who a plan is made for; `bundled` plugins come with the program and need no prefix."""

    name: str = "local"
    bundled: bool = False

    @property
    def is_local(self) -> bool:
        """Whether this is the administrator."""
        return self.name == "local"

    @property
    def prefix(self) -> str:
        """What its names begin with where they could meet others."""
        if self.is_local:
            return "x_"
        return "" if self.bundled else f"{self.name}_"


LOCAL = Owner()


def goes_along(key: Mapping[str, Any]) -> Phrase:
    """Return what a plan says of a unique key that goes along with a field of it."""
    return Phrase("unique key over {fields} (goes with it)", fields=key["fields"])


def may_change(owner: Owner, row: dict[str, Any], verb: str = "changed") -> None:
    """Let an owner change its own rows, and an administrator patch a plugin's."""
    own = row["owner"] == owner.name
    if not own and (not owner.is_local or row["owner"] in _FIXED):
        raise RelatumError("not_yours", name=_name(row), owner=row["owner"], verb=verb)


def must_own(owner: Owner, row: dict[str, Any], verb: str) -> None:
    """Let an owner do what only owners may do."""
    if row["owner"] != owner.name:
        raise RelatumError("not_yours", name=_name(row), owner=row["owner"], verb=verb)


def _name(row: dict[str, Any]) -> str:
    return str(row.get("name") or row.get("fields") or row.get("value"))


class Layer:
    """Writes properties of rows for an owner: into the row, or into a patch over it."""

    def __init__(self, owner: Owner, rows: Rows, generation: int) -> None:
        self.owner, self.rows, self.generation = owner, rows, generation

    def of(self, kind: str, row: dict[str, Any], name: str) -> dict[str, Any] | None:
        """Return the row of the patch over a property; None if there is none."""
        for patch in self.rows.patches.values():
            if (patch["target_kind"], patch["target_id"], patch["property"]) == (
                kind, row["id"], name,
            ):  # fmt: skip
                return patch
        return None

    def put(
        self, kind: str, row: dict[str, Any], name: str, value: Any, new_id: Any
    ) -> Phrase | None:
        """Set a property; return a note if somebody else's value stays on top of it.

        `new_id` gives an id for a patch.
        """
        patch = self.of(kind, row, name)
        if row["owner"] == self.owner.name:
            before = read(row, name)
            write(row, name, value)
            if patch is None or before == value:
                return None
            here, then = orjson.loads(patch["value"]), orjson.loads(patch["base_value"])
            return Phrase(
                "{name} stays {here}, as it was changed here; {plugin} now says {now} and said "
                "{then}",
                name=name, here=_shown(here), plugin=row["owner"], now=_shown(value),
                then=_shown(then),
            )  # fmt: skip
        base = read(row, name)
        if base == value:
            if patch is not None:
                del self.rows.patches[patch["id"]]
            return None
        # The row of a patch stays the same: no two may lie over one property, not even in passing.
        patch_id = patch["id"] if patch is not None else new_id()
        self.rows.patches[patch_id] = {
            "id": patch_id, "target_kind": kind, "target_id": row["id"], "property": name,
            "value": orjson.dumps(value).decode(), "base_value": orjson.dumps(base).decode(),
        }  # fmt: skip
        return None

    def put_settings(
        self, row: dict[str, Any], settings: dict[str, Any], new_id: Any
    ) -> list[Phrase]:
        """Set all settings of a field; return notes as `put` does."""
        known = orjson.loads(row["settings"])
        patched = {
            patch["property"].removeprefix(SETTINGS)
            for patch in self.rows.patches.values()
            if patch["target_kind"] == "field"
            and patch["target_id"] == row["id"]
            and patch["property"].startswith(SETTINGS)
        }
        notes = [
            self.put("field", row, f"{SETTINGS}{name}", settings.get(name), new_id)
            for name in sorted({*known, *settings, *patched})
        ]
        return [note for note in notes if note]


def _shown(value: Any) -> str:
    return "empty" if value is None else f"'{value}'" if isinstance(value, str) else str(value)
