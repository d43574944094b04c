"""How somebody wants to hear of each kind of notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from relatum import Actor, RelatumError

from . import kinds
from .frame import table
from .kinds import MAILS, Choice


class Chosen(NamedTuple):
    """A kind, and how somebody hears of it."""

    name: str
    label: str
    icon: str
    desk: bool
    mail: str


def of(*, actor: Actor, language: str) -> list[Chosen]:
    """Return every kind in a language, with how an actor hears of it."""
    rows = table("choice").select({"person": actor.user_id}, limit=1000)
    mine = {row["kind"]: Choice(row["desk"], row["mail"]) for row in rows}
    return [
        Chosen(name, kinds.label(name, language), kind.icon, *(mine.get(name) or kinds.usual(name)))
        for name, (_, kind) in kinds.known().items()
    ]


def choose(given: Mapping[str, Any], *, actor: Actor) -> None:
    """Set how an actor hears of some kinds: {kind: {desk, mail}}. Raises `bad_parameter`."""
    for name, choice in given.items():
        _check(name, choice)
    rows = table("choice").select({"person": actor.user_id, "kind": [*given]}, limit=1000)
    there = {row["kind"]: row["id"] for row in rows}
    changed = [{"id": there[name], **each} for name, each in given.items() if name in there]
    new = [
        {"person": actor.user_id, "kind": name, **each}
        for name, each in given.items()
        if name not in there
    ]
    table("choice").update(changed)
    table("choice").insert(new)


def _check(name: str, choice: Any) -> None:
    if name not in kinds.known():
        reason = f"there is no kind '{name[:40]}'; there are {', '.join(kinds.known())}"
        raise RelatumError("bad_parameter", name="kind", reason=reason)
    right = isinstance(choice, Mapping) and set(choice) == {"desk", "mail"}
    if not right or not isinstance(choice["desk"], bool) or choice["mail"] not in MAILS:
        reason = f"it takes desk, true or false, and mail, one of {', '.join(MAILS)}"
        raise RelatumError("bad_parameter", name=name, reason=reason)
