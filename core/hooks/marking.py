"""The marks of hooks: what is one, how it fails, and which writes a plugin wants to hear of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, overload

import pluggy

from ..actor import Actor

F = TypeVar("F", bound=Callable[..., Any])

#: Version of the hooks and of the face: a plugin says which it was written for.
API_VERSION: Final = "1.0"
PROJECT: Final = "relatum"
COLLECT, STRICT, ISOLATED = "collect", "strict", "isolated"

_spec = pluggy.HookspecMarker(PROJECT)
_impl = pluggy.HookimplMarker(PROJECT)
#: Where a function that is a hook of a plugin keeps its policy, and one that implements a hook
#: for which writes it is meant.
_POLICY: Final = "relatum_policy"
_ONLY: Final = "relatum_only"
_NARROWED_BY: Final = frozenset({"types", "fields"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every hook and route of a plugin is told: for whom it works and where.

    `actor` is who acts; None while an application is built. `settings` are the plugin's own, as
    its schema loads them, which nothing prints.
    """

    plugin: str
    home: Path
    actor: Actor | None = None
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    #: (plugin, name) -> a table of its own.
    opener: Callable[[str, str], Any] | None = field(default=None, repr=False)

    def table(self, name: str) -> Any:
        """Return a table of the plugin's own by its short name, an `OwnTable`.

        In an open transaction, which it joins. Raises `own_table_unknown`.
        """
        if self.opener is None:
            raise RuntimeError("tables are opened where hooks, routes, commands and jobs run")
        return self.opener(self.plugin, name)

    def as_plugin(self) -> Actor:
        """Return the plugin itself as an actor; its changes say so in the history."""
        return Actor(user_id=None, name=self.plugin, admin=True, source="plugin")


class Policy(NamedTuple):
    """What the mark of a hook says of it."""

    failure: str
    #: Called in the opposite order: first who builds on others.
    backwards: bool = False
    #: (what a plugin returned to a published hook, that plugin) -> what is kept; or ValueError.
    read: Callable[[Any, Any], Any] | None = None
    publisher: str = ""
    #: (what is kept) -> the names of places that a manifest lists as slots.
    places: Callable[[Any], Collection[str]] | None = None
    #: It takes as long as it likes, as what is done once.
    unhurried: bool = False


POLICIES: dict[str, Policy] = {}


def spec(failure: str, *, backwards: bool = False, unhurried: bool = False) -> Callable[[F], F]:
    """Mark a function as a hook of the kernel with a failure policy."""

    def mark(function: F) -> F:
        POLICIES[function.__name__] = Policy(failure, backwards, unhurried=unhurried)
        return _spec(function)

    return mark


def hookspec(
    failure: str,
    *,
    backwards: bool = False,
    read: Callable[[Any, Any], Any] | None = None,
    places: Callable[[Any], Collection[str]] | None = None,
) -> Callable[[F], F]:
    """Mark a function as a hook that a plugin publishes, to be returned by `relatum_hookspecs`.

    `failure` is collect, strict or isolated. What a collect hook returns is read by
    `read(value, active)` when an application is built; its ValueError leaves the other plugin out.
    `places(kept)` returns the names of the places that the other plugin fills, which its
    plugin.json lists as slots.
    """

    def mark(function: F) -> F:
        vars(function)[_POLICY] = Policy(failure, backwards, read, places=places)
        return _spec(function)

    return mark


def policy_of(function: Any) -> Policy | None:
    """Return what `hookspec` said of a function."""
    found = getattr(function, _POLICY, None)
    return found if isinstance(found, Policy) else None


class Only(NamedTuple):
    """The writes that an implementation of a hook is meant for; what is empty narrows nothing."""

    types: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()

    def takes(self, type_name: str, operation: str, fields: Collection[str]) -> bool:
        """Say whether it is meant for a write; fields narrow updates alone."""
        if self.types and type_name not in self.types:
            return False
        return not self.fields or operation != "update" or not self.fields.isdisjoint(fields)


@overload
def hookimpl(function: F, /) -> F: ...
@overload
def hookimpl(
    *, optionalhook: bool = ..., only: Mapping[str, Collection[str]] | None = ...
) -> Callable[[F], F]: ...


def hookimpl(
    function: Callable[..., Any] | None = None,
    /,
    *,
    optionalhook: bool = False,
    only: Mapping[str, Collection[str]] | None = None,
) -> Any:
    """Mark a function as the implementation of the hook of its name.

    `only={"types": [...], "fields": [...]}` narrows a hook of writes: it is called for these
    types alone, and for updates that write one of these fields. With `optionalhook` the plugin
    works without the one that publishes the hook. Raises ValueError for another word in `only`.
    """
    strange = sorted(set(only or ()) - _NARROWED_BY)
    if strange:
        raise ValueError(f"only= knows types and fields, not {', '.join(strange)}")
    narrowed = Only(**{word: frozenset(names) for word, names in (only or {}).items()})

    def mark(marked: Callable[..., Any]) -> Callable[..., Any]:
        vars(marked)[_ONLY] = narrowed
        return _impl(optionalhook=optionalhook)(marked)

    return mark if function is None else mark(function)


def only_of(function: Any) -> Only:
    """Return what `hookimpl` said of the writes that a function is meant for."""
    found = getattr(function, _ONLY, None)
    return found if isinstance(found, Only) else Only()
