"""Kinds of notifications: what people can choose how to hear of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from relatum import Context, hookspec, languages, plugin_host

ID: Final = "notifications"
MENTION, ASSIGNED, STAGE = "mention", "assigned", "stage"
CHANGE, ADDED, UNSEEN = "change", "added", "unseen"
#: When a kind is mailed.
NEVER, NOW, DAILY = "never", "now", "daily"
MAILS: Final = (NEVER, NOW, DAILY)


def translated(text: str) -> str:
    """Return a text as it is: it is said in the language of whoever reads it."""
    return text


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of notifications; its name is what `notify(kind=...)` is given.

    `mail` says whether whoever has not chosen is mailed: never, now or daily.
    """

    name: str
    label: str
    icon: str = "bell"
    mail: str = NEVER


class Choice(NamedTuple):
    """How somebody hears of a kind."""

    desk: bool
    mail: str


#: The plugin's own, in the order in which people choose.
OWN: Final = (
    Kind(name=MENTION, label=translated("Somebody mentions you"), icon="at"),
    Kind(name=ASSIGNED, label=translated("A record becomes yours"), icon="user-check"),
    Kind(
        name=STAGE,
        label=translated("A record that you follow changes its stage"),
        icon="arrow-right",
    ),
    Kind(name=CHANGE, label=translated("A record that you follow is changed"), icon="pencil"),
    Kind(
        name=ADDED, label=translated("Something is added to a record that you follow"), icon="plus"
    ),
    Kind(
        name=UNSEEN, label=translated("Somebody whom you mention does not see it"), icon="eye-off"
    ),
)


def _read(value: Iterable[Any], active: plugin_host.Active) -> tuple[Kind, ...]:
    """Return the kinds of a plugin; ValueError says which one can't be."""
    made = tuple(Kind(**each) if isinstance(each, Mapping) else each for each in value)
    taken = {kind.name for kind in OWN}
    for kind in made:
        if not isinstance(kind, Kind) or not kind.name or not kind.label:
            raise ValueError("it must return Kind(name=..., label=...)")
        if kind.name in taken:
            raise ValueError(f"the kind '{kind.name}' is there already")
        if kind.mail not in MAILS:
            raise ValueError(f"mail of '{kind.name}' must be {', '.join(MAILS)}")
    return made


@hookspec("collect", read=_read)
def notifications_kinds(ctx: Context) -> Iterable[Kind]:
    """Return the kinds of notifications that the plugin sends, as `Kind`s or dicts.

    Called when an application is built, outside any transaction. An exception leaves the plugin
    out.
    """
    raise NotImplementedError


HOOKSPECS: Final = (notifications_kinds,)


def known() -> dict[str, tuple[str, Kind]]:
    """Return every kind that people can choose about, with its plugin, by name."""
    found = {kind.name: (ID, kind) for kind in OWN}
    for plugin, kinds in plugin_host.answers(notifications_kinds.__name__):
        found.update({kind.name: (plugin, kind) for kind in kinds})
    return found


def label(name: str, language: str) -> str:
    """Return what people call a kind."""
    plugin, kind = known()[name]
    return languages.of(plugin, language).gettext(kind.label)


def icon(name: str) -> str:
    """Return the icon of a kind, whoever sends it."""
    return known()[name][1].icon if name in known() else "bell"


def usual(name: str) -> Choice:
    """Return how somebody hears of a kind who has not chosen."""
    return Choice(desk=True, mail=known()[name][1].mail if name in known() else NEVER)
