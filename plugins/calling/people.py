"""The leads and people who are called: their numbers, what they said, and what a script says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from relatum import Actor, catalog, fields, query, records, seen

from .entities import CONSENT, NEVER, PEOPLE
from .frame import Row, plugin_actor

#: The fields with numbers, the one that is called first.
NUMBERS: Final = ("phone", "mobile")
_PLACE: Final = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")
#: Kinds of fields that no script speaks of.
_UNSPOKEN: Final = frozenset({"encrypted", "json", "rich_text"})
_WORDS: Final = frozenset({"name", "first", "last", "company", "owner", "caller"})


def ids_of(target: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return the type and id of whom a target is, the lead if it names both; None: nobody."""
    found = ((name, target.get(name)) for name in PEOPLE)
    return next(((name, int(id_)) for name, id_ in found if id_ is not None), None)


def number(person: Mapping[str, Any], target: Mapping[str, Any] | None = None) -> str | None:
    """Return the number that is called: that of the target, else the person's."""
    other = (target or {}).get("phone")
    known = [other, *(person.get(name) for name in NUMBERS)]
    return next((text for text in known if text), None)


def forbidden(
    type_name: str, ids: Iterable[int], *, needs_consent: bool, among: Actor | None = None
) -> dict[int, bool]:
    """Return those who must not be called, and whether `among` may be told why.

    What somebody said about calls holds for callers who don't see it, too: it is read as the
    plugin, and told to those alone who see the fields.
    """
    own = catalog.current().type(type_name).fields
    flags = [name for name in (*NEVER, CONSENT) if name in own]
    asked = {"fields": flags, "sort": ["id"]}
    visible = seen(among).types.get(type_name) if among is not None else None
    made: dict[int, bool] = {}
    for row in query.every(type_name, asked, among=("id", ids), actor=plugin_actor()):
        against = [name for name in NEVER if row.get(name)]
        if needs_consent and not row.get(CONSENT):
            against.append(CONSENT)
        if against:
            made[row["id"]] = visible is not None and any(n in visible.fields for n in against)
    return made


# -- scripts --------------------------------------------------------------------------------------
def unknown_places(script: str) -> list[str]:
    """Return what stands in braces in a script and is neither a word nor a field."""
    known = set(_WORDS)
    for name in PEOPLE:
        there = catalog.current().types.get(name)
        known |= {f.name for f in there.fields.values() if _spoken(f)} if there else set()
    return sorted(set(_PLACE.findall(script)) - known)


def _spoken(field: fields.Field) -> bool:
    return field.kind not in _UNSPOKEN


def values_of(type_name: str, person: Row, *, actor: Actor, language: str) -> dict[str, str]:
    """Return what a script may say of somebody, by name, as far as the actor sees it."""
    entity_type = seen(actor, language).type(type_name)
    shown = [f for f in entity_type.fields.values() if _spoken(f) and f.name in person]
    links = {f.name: person[f.name] for f in shown if f.is_link and person[f.name] is not None}
    called = query.labels(links.values(), actor=actor)
    made = {f.name: f.text(person[f.name]) for f in shown if not f.is_link}
    made |= {n: str(called.get(str(id_), {}).get("label", "")) for n, id_ in links.items()}
    name = person.get("name")
    made |= {part: (name or {}).get(part) or "" for part in ("first", "last")}
    company = made.get("company") or made.get("account") or ""
    return {**dict.fromkeys(_WORDS, ""), **made, "company": company, "caller": actor.name}


def filled(script: str | None, values: Mapping[str, str]) -> str:
    """Return a script with what stands in braces filled in; what is not known stays blank."""
    return _PLACE.sub(lambda found: values.get(found[1]) or "…", script or "")


def person_of(target: Row, actor: Actor) -> tuple[str, Row] | None:
    """Return the type and record of whom a target is; None if the actor does not see it."""
    found = ids_of(target)
    if found is None or found[1] not in records.seen([found[1]], actor):
        return None
    return found[0], records.get(*found, actor=actor)
