"""The sidebar: entity types by the plugin that brings them, the administrator's own last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from relatum import Actor, catalog, context, plugin_host
from relatum import may as permitted

from . import words
from .words import translated

_LOCAL, _CORE = "local", "core"
_NO_PLUGIN: Final = (_LOCAL, _CORE, "system")
_DRAWN: Final = "puzzle"


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the sidebar."""

    name: str
    #: What many of them are called, and one.
    label: str
    one: str
    icon: str
    hue: int | None
    address: str
    #: Whether whoever reads the page may make one.
    makes: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The entries of one plugin, or of the administrator: who owns the types, and its name."""

    owner: str
    label: str
    items: tuple[Item, ...]


def may(action: str, entity_type: catalog.EntityType) -> bool:
    """Say whether the reader may do something with records of a type, before it is offered."""
    return permitted(context().actor or Actor(user_id=None), action, entity_type.name)


def mergeable(entity_type: catalog.EntityType) -> bool:
    """Say whether the reader may merge records of a type, before it is offered."""
    return entity_type.owner != "core" and may("update", entity_type) and may("delete", entity_type)


def groups() -> list[Group]:
    """Return the sidebar's groups, in the order of the plugins."""
    known = words.known()
    by_owner: dict[str, list[Item]] = {}
    for entity_type in known.types.values():
        if not is_inner(entity_type):
            by_owner.setdefault(entity_type.owner, []).append(item(entity_type))
    return [Group(owner, label, tuple(by_owner[owner])) for owner, label in owners(by_owner)]


def item(entity_type: catalog.EntityType) -> Item:
    """Return the entry of a type."""
    return Item(
        entity_type.name, entity_type.plural, entity_type.label, entity_type.icon or _DRAWN,
        entity_type.hue, f"/records/{entity_type.name}", may("create", entity_type),
    )  # fmt: skip


def settings() -> list[tuple[str, str, str]]:
    """Return the pages that shape the instance as (address, icon, label)."""
    return [
        ("/model", "database-cog", translated("Data model")),
        ("/roles", "shield-lock", translated("Roles")),
        ("/audit", "list-search", translated("Audit log")),
        ("/plugins", "puzzle", translated("Plugins")),
        ("/jobs", "clock", translated("Jobs")),
        ("/mail", "mail", translated("Outgoing mail")),
    ]


def resting(entity_type: Any) -> tuple[str, str] | None:
    """Return id and reason of the plugin of a type, if it does not run; None for anything else."""
    if not isinstance(entity_type, catalog.EntityType):
        return None
    owner, loaded = entity_type.owner, plugin_host.current()
    if owner in (*_NO_PLUGIN, *loaded.active):
        return None
    fault = loaded.faults.get(owner)
    return owner, fault.reason if fault else ""


def is_inner(entity_type: catalog.EntityType) -> bool:
    """Say whether records are looked at within others: parts, and ties without a title."""
    ties = [link for link in entity_type.lookups if link.on_delete == "cascade"]
    own = [link for link in ties if link.owner != "system"]
    return any(link.part for link in entity_type.lookups) or (
        len(own) > 1 and not entity_type.title
    )


def owners(by_owner: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (owner, label) in order: plugins, those that are off, the administrator, the core.

    Plugins that build on most others come first: people work in these, and look up in the rest.
    """
    active = plugin_host.current().active
    ranked = sorted(active.items(), key=lambda pair: -len(pair[1].found.sound.plugin.requires))
    for owner, found in ranked:
        if owner in by_owner:
            yield owner, words.by(owner, found.found.sound.plugin.name)
    for owner in sorted(by_owner.keys() - active.keys() - {_LOCAL, _CORE}):
        yield owner, owner.capitalize()
    if _LOCAL in by_owner:
        yield _LOCAL, translated("Own")
    if _CORE in by_owner:
        yield _CORE, translated("Organisation")
