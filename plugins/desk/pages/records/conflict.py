"""Two people change one record: what only one of them changed is kept, of the rest they choose.

A form or an editor sends the `version` that it was drawn from. Fields that only somebody else has
changed since stay as they are; a field that both have changed is shown with all its values, and
what was chosen is sent again, with the version that it was chosen from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from flask import Response, request
from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, fields, query, records

from ... import ui, values
from ...words import translated
from . import asking

VERSION: Final = "version"
#: Words of a form that was sent again: the version that one began with, the fields to choose for,
#: and before the name of each what was chosen.
BASE, CLASH, PICK = "~base", "~clash", "~pick."
MINE, STORED, ORIGINAL = "mine", "stored", "original"
#: A version that somebody else made between reading and writing is looked at again so often.
_TRIES: Final = 3
_HOST = re.compile(r"[a-z]+#([A-Za-z0-9_-]{1,80})")


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that two people changed: its values, and who stored the other one when."""

    field: fields.Field
    mine: Any
    stored: Any
    original: Any
    actor: int | None
    at: Any


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a form: it is written unless there are clashes."""

    version: int
    base: int
    clashes: list[Clash] = field(default_factory=list)
    #: Names of the fields that are written, or wait for the others to be chosen.
    mine: list[str] = field(default_factory=list)
    #: Labels of the fields of the form that stay as somebody else has changed them.
    kept: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        """What to add to the message that all is saved."""
        names = ", ".join(self.kept)
        return translated("What others changed is kept: {fields}", fields=names) if names else ""


def save(entity_type: catalog.EntityType, id_: int, given: dict[str, Any]) -> Saved:
    """Write the values of a form, as far as nobody else has changed the same since.

    Whoever read lines from the form has seen to those. Raises what `records.update` raises.
    """
    for attempt in range(_TRIES):
        found, row = _settled(entity_type, id_, dict(given), request.form)
        if found.clashes:
            return found
        try:
            changed = {"id": id_, VERSION: found.version, **row}
            records.update(entity_type.name, [changed], actor=ui.actor(), accept=asking.accepted())
        except RelatumError as error:
            if error.code != "version_mismatch" or attempt == _TRIES - 1:
                raise
            continue
        return found
    raise AssertionError("it is written, or refused")


def _settled(
    entity_type: catalog.EntityType, id_: int, given: dict[str, Any], form: MultiDict[str, str]
) -> tuple[Saved, dict[str, Any]]:
    """Return what is in conflict, and the values that can be written."""
    now = records.get(entity_type.name, id_, actor=ui.actor())
    version = _version(form.get(VERSION), now[VERSION])
    base = _version(form.get(BASE), version)
    if any(form.get(f"{PICK}{name}") not in (MINE, STORED, ORIGINAL) for name in _asked(form)):
        version = base
    else:
        _choose(entity_type, id_, given, base, form)
    others = (
        records.since(entity_type.name, id_, version, actor=ui.actor())
        if version < now[VERSION]
        else {}
    )
    clashes, kept = [], []
    for name in [name for name in given if name in others]:
        known, told = entity_type.fields[name], others[name]
        mine, was, stored = (
            values.plain(known, value) for value in (given[name], told["before"], now[name])
        )
        if mine == stored or mine == was != stored:
            if mine != stored:
                kept.append(known.label)
            del given[name]
        elif was != stored:
            clashes.append(
                Clash(known, given[name], now[name], told["before"], told["actor"], told["at"])
            )
    return Saved(now[VERSION], version, clashes, list(given), kept), _differing(
        entity_type, given, now
    )


def _differing(
    entity_type: catalog.EntityType, given: dict[str, Any], now: dict[str, Any]
) -> dict[str, Any]:
    """Return the lines, and the values that are not as they are stored.

    A form sends all of its fields: what nobody has touched an option that is entered may set.
    """
    known = entity_type.fields
    return {
        name: value
        for name, value in given.items()
        if name not in known
        or values.plain(known[name], value) != values.plain(known[name], now[name])
    }


def _version(text: str | None, otherwise: int) -> int:
    found = ui.whole(text or "")
    return otherwise if found is None else found


def _asked(form: MultiDict[str, str]) -> list[str]:
    return form.getlist(CLASH)


def _choose(
    entity_type: catalog.EntityType, id_: int, given: dict[str, Any], base: int,
    form: MultiDict[str, str],
) -> None:  # fmt: skip
    """Put what was chosen in the place of what was sent at first."""
    picks = {name: form.get(f"{PICK}{name}") for name in _asked(form) if name in given}
    if ORIGINAL in picks.values():
        others = records.since(entity_type.name, id_, base, actor=ui.actor())
    for name, pick in picks.items():
        if pick == STORED or (pick == ORIGINAL and name not in others):
            del given[name]
        elif pick == ORIGINAL:
            given[name] = others[name]["before"]


# -- asking -----------------------------------------------------------------------------------
def ask(
    entity_type: catalog.EntityType, id_: int, saved: Saved, address: str, verb: str = "post"
) -> Response:
    """Show what two people changed: on a page, or within a page in a dialog."""
    ids = [clash.actor for clash in saved.clashes]
    for clash in saved.clashes:
        if clash.field.is_link:
            ids += [v for v in (clash.mine, clash.stored, clash.original) if isinstance(v, int)]
    labels = query.labels([id_, *(each for each in ids if each is not None)], actor=ui.actor())
    host = _HOST.fullmatch(request.headers.get("HX-Target", ""))
    made = ui.render(
        "_conflict.html" if ui.is_fragment() else "conflict.html", 409,
        type=entity_type, id=id_, saved=saved, labels=labels, address=address, verb=verb,
        sent=_sent(request.form, saved.mine), host=host[1] if host else None,
    )  # fmt: skip
    if ui.is_fragment():
        made.headers["HX-Retarget"], made.headers["HX-Reswap"] = "#conflict", "innerHTML"
    return made


def _sent(form: MultiDict[str, str], names: Iterable[str]) -> list[tuple[str, str]]:
    """Return what a form sent of some fields, so that it can be sent again."""
    known = set(names)
    return [pair for pair in form.items(multi=True) if re.split(r"[~.]", pair[0])[0] in known]
