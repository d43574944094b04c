"""What a form sends for a value of each field type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, context, fields, imports

from . import words
from .values import FRACTIONS, kind, targets, text

#: What the text beside a hidden id is sent as, what it or a moment was when the form was drawn, the
#: type of a record of any of several types, and that a secret is to be emptied.
TYPED, WAS, TYPE, EMPTIED = "~text", "~was", "~type", "~empty"


class Misread(Exception):
    """Some fields of a form can't be read; `problems` says why, by name."""

    def __init__(self, problems: dict[str, str], values: dict[str, Any]) -> None:
        super().__init__(", ".join(problems))
        self.problems, self.values = problems, values


def read(
    entity_type: catalog.EntityType, form: MultiDict[str, str], names: Iterable[str], at: str = ""
) -> dict[str, Any]:
    """Return the values of fields that a form sent; raise `Misread` with what it could read.

    `at` stands before the names of a line's fields, in the form and in the problems.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in names:
        field = entity_type.field(name)
        if _is_kept(field, form, f"{at}{name}"):
            continue
        try:
            values[name] = value_of(field, form, f"{at}{name}")
        except fields.Refused as refused:
            problem = refused.problem
            problems[f"{at}{problem.field or name}"] = words.said(problem)
        except RelatumError as error:
            problems[f"{at}{name}"] = words.said(error)
    if problems:
        raise Misread(problems, values)
    return values


def is_sent(field: fields.Field, form: MultiDict[str, str], at: str = "") -> bool:
    """Say whether a form held a field at all."""
    name = f"{at}{field.name}"
    return any(key in form for key in (name, f"{name}{TYPED}")) or any(
        f"{name}.{member}" in form for member in field.members
    )


def is_blank(field: fields.Field, form: MultiDict[str, str], at: str = "") -> bool:
    """Say whether nothing was typed for a field: it is as a new form has it."""
    name, known, begun = f"{at}{field.name}", kind(field), field.default_value()
    if known in ("multi_choice", "tags"):
        return set(form.getlist(name)) <= {"", *(begun or ())}
    if field.members:
        return not any(form.get(f"{name}.{member}", "").strip() for member in field.members)
    if known == "boolean":
        new = "false" if field.empty is not None else ""
        return form.getlist(name)[-1:] in ([], [new if begun is None else str(begun).lower()])
    given = [form.get(key, "").strip() for key in (name, f"{name}{TYPED}")]
    computed = begun is not None and begun in field.DEFAULTS
    if computed or begun is None:
        return not any(given) or computed
    return given[0] in ("", str(begun), text(field, begun))


def _is_kept(field: fields.Field, form: MultiDict[str, str], name: str) -> bool:
    """Say whether what is stored stays: a secret is never sent back, so an empty one is none."""
    if kind(field) != "encrypted" or form.get(name, "").strip():
        return False
    return f"{name}{EMPTIED}" not in form


def value_of(field: fields.Field, form: MultiDict[str, str], name: str) -> Any:
    """Return the value of one field that a form sent by a name; raise `Refused`.

    A link raises what looking for its record does.
    """
    known = kind(field)
    if known == "multi_choice":
        return [value for value in form.getlist(name) if value]
    if field.members:
        return _members(field, form, name)
    if known == "boolean":
        return {"true": True, "false": False}.get(form.getlist(name)[-1])
    given = form.get(name, "")
    if known in ("lookup", "user", "reference"):
        return _linked(field, form, name)
    if not given.strip():
        return None
    if known == "datetime":
        return field.parse(_instant(given.strip(), form.get(f"{name}{WAS}", "")))
    if known == "integer" or known in FRACTIONS:
        given = words.plain(given)
    return field.parse(given)


def _members(field: fields.Field, form: MultiDict[str, str], name: str) -> Any:
    sent = {each: form.get(f"{name}.{each}", "").strip() for each in field.members}
    if not any(sent.values()):
        return None
    for each, member in field.members.items():
        if kind(member) in FRACTIONS:
            sent[each] = words.plain(sent[each])
    given = {each: value or None for each, value in sent.items()}
    field.check(given)  # what is wrong is said together with what is wrong elsewhere
    return given


def _instant(given: str, was: str) -> str:
    """Return the instant that was typed; to the second what was there, if nobody touched it."""
    with suppress(ValueError):
        if was and given == words.local(was):
            return was
    return words.from_local(given)


def _linked(field: fields.Field, form: MultiDict[str, str], name: str) -> int | None:
    """Return the id that was chosen, or of the one record that the typed text means."""
    assert isinstance(field, fields.Link)
    found = linked(targets(field), form, name)
    return int(field.parse(str(found))) if found else None


def linked(among: Sequence[str], form: MultiDict[str, str], name: str) -> str | int | None:
    """Return the id that a lookup sent, as text, or of the one record that its text means.

    Raises what looking for a record of the chosen type, of those `among`, does.
    """
    id_, typed = form.get(name, "").strip(), form.get(f"{name}{TYPED}")
    if typed is None or (id_ and typed.strip() == form.get(f"{name}{WAS}", "").strip()):
        return id_ or None
    if not typed.strip():
        return None
    actor = context().actor
    assert actor is not None
    return imports.find(target_of(among, form, name), typed.strip(), actor=actor)


def target_of(among: Sequence[str], form: MultiDict[str, str], name: str) -> str:
    """Return the type that a lookup looked among: the one chosen, else the first."""
    chosen = form.get(f"{name}{TYPE}", "")
    return chosen if chosen in among else among[0]
