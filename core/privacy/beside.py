"""What plugins hold of a person beside records: they tell it, and erase it, by hooks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import hooks
from ..actor import Actor


@dataclass(frozen=True, slots=True)
class PersonalData:
    """A person as plugins are asked about him: the records that he is, by type and id."""

    records: tuple[tuple[str, int], ...]
    #: What plugins have told, by plugin and name.
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: The plugin that is asked.
    plugin: str = ""

    @property
    def ids(self) -> list[int]:
        """The ids of the records."""
        return [id_ for _, id_ in self.records]

    def seen_by(self, plugin: str, only: hooks.Only) -> PersonalData:
        """Return the same for a plugin, so that what it tells is its own."""
        return dataclasses.replace(self, plugin=plugin)

    def tell(self, name: str, value: Any) -> None:
        """Tell what is held by a name, as JSON; or how much of it was erased."""
        self.told.setdefault(self.plugin, {})[name] = value


def exported(found: Sequence[tuple[str, int]], *, actor: Actor) -> dict[str, dict[str, Any]]:
    """Return what plugins hold of a person, by plugin and by what they call it."""
    return _asked("relatum_export_person", found, actor)


def erased(found: Sequence[tuple[str, int]], *, actor: Actor) -> dict[str, dict[str, Any]]:
    """Let plugins erase what they hold of a person; return what they tell of it, by plugin."""
    return _asked("relatum_erase_person", found, actor)


def _asked(hook: str, found: Sequence[tuple[str, int]], actor: Actor) -> dict[str, dict[str, Any]]:
    person = PersonalData(tuple(found))
    hooks.current().strict(hook, actor=actor, person=person)
    return person.told
