"""The form of a conversion: what it shows of each record, and what it sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from flask import current_app
from werkzeug.datastructures import MultiDict

from relatum import Actor, RelatumError, catalog, fields, for_new, imports, plugin_host, query

from .api import asking
from .choices import NEW, NONE
from .drafting import OWN, Draft, Part
from .mapping import ACCOUNT, CONTACT, DEAL, LEAD, TYPES

#: What chooses a record that is none of those proposed, and where its lookup stands.
OTHER, USE, ELSEWHERE = "other", "use.", "other."
#: Fields that the form always asks for, by type.
_ASKED: Final = {
    ACCOUNT: ("name",),
    CONTACT: ("name", "email", "phone"),
    DEAL: ("name", "amount", "close_date", "pipeline"),
}
#: Kinds of values that the form lets people change; others are shown as they are carried.
_EDITED: Final = frozenset(
    "text long_text email phone url integer decimal money percent date choice person_name "
    "address".split()
)
_NUMBERS: Final = frozenset({"integer", "decimal", "money", "percent"})


class Shown(NamedTuple):
    """One record that a lead becomes, as the form shows it."""

    type: catalog.EntityType
    part: Part
    #: The record that the lead names, or that was chosen before: (id, label).
    there: tuple[int, str] | None
    edited: list[fields.Field]
    carried: list[fields.Field]
    #: The link of leads by which another record is looked for.
    link: fields.Field | None
    #: What is chosen from the start.
    choice: str


def part_of(part: Part, draft: Draft, known: catalog.Catalog, actor: Actor) -> Shown:
    """Return what the form shows of a record."""
    entity_type = known.type(part.type)
    whole = for_new(actor, part.type)
    names = {f.name for f in whole.own_fields if f.kind in _EDITED and f.owner != "system"}
    asked = [n for n in entity_type.fields if n in part.row or n in _ASKED[part.type]]
    there = None
    if part.id is not None:
        label = query.labels([part.id], actor=actor).get(str(part.id), {}).get("label", "")
        there = (part.id, label)
    choice = str(part.choice)
    if part.decided and part.matches and choice in (NEW, NONE):
        choice = ""
    return Shown(
        entity_type, part, there,
        [entity_type.fields[n] for n in asked if n in names],
        [entity_type.fields[n] for n in asked if n in part.row and n not in (*names, *OWN)],
        known.type(LEAD).fields.get(part.type) if part.type != DEAL else None, choice,
    )  # fmt: skip


def left_out(draft: Draft, known: catalog.Catalog) -> list[tuple[str, str, str]]:
    """Return what is left out: the labels of type and field, and why."""
    return [
        (known.type(e.type).label, known.type(e.type).fields[e.field].label, e.reason)
        for e in draft.left_out
        if e.type in known.types and e.field in known.type(e.type).fields
    ]


def problems_of(refused: RelatumError | None) -> dict[str, Any]:
    """Return the problems of a refusal by the name of their input."""
    found = refused.problems if refused is not None else ()
    return {problem.field: problem for problem in found if problem.field}


def read(form: MultiDict[str, str], types: Mapping[str, catalog.EntityType]) -> dict[str, Any]:
    """Return choices as `choices.read` takes them, from what the form sent."""
    made: dict[str, Any] = {"values": {}}
    for name in TYPES:
        used = form.get(f"{USE}{name}", "")
        if used == OTHER:
            used = str(_looked_for(form, name) or "")
        if used:
            id_ = plugin_host.whole(used)
            made[name] = used if id_ is None else id_
        if name in types and used != NONE:
            made["values"][name] = dict(_values(form, types[name]))
    return made


def _looked_for(form: MultiDict[str, str], name: str) -> Any:
    """Return the id of the record that was looked for, or that the typed text means."""
    at = f"{ELSEWHERE}{name}"
    id_, typed = form.get(at, "").strip(), form.get(f"{at}~text")
    if typed is None or (id_ and typed.strip() == form.get(f"{at}~was", "").strip()):
        return id_
    return imports.find(name, typed.strip(), actor=asking()) if typed.strip() else ""


def _plain(text: str) -> str:
    """Return a number as programs write it."""
    words: Any = current_app.jinja_env.globals["words"]
    return str(words.plain(text))


def _values(
    form: MultiDict[str, str], entity_type: catalog.EntityType
) -> Iterable[tuple[str, Any]]:
    for field in entity_type.own_fields:
        name = f"{entity_type.name}.{field.name}"
        if field.members:
            sent = {m: form.get(f"{name}.{m}") for m in field.members}
            if any(each is not None for each in sent.values()):
                given = {m: (each or "").strip() or None for m, each in sent.items()}
                yield field.name, given if any(given.values()) else None
        elif name in form:
            text = form[name].strip()
            if not text and field.required and field.default is not None:
                continue  # what nobody chose gets its default
            yield field.name, (_plain(text) if field.kind in _NUMBERS else text) or None
