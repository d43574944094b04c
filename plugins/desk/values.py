"""What a value of each field type looks like, and what a form sends for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, context, fields, imports

from . import words

#: What the text beside a hidden id is sent as, and what it was when the form was drawn.
TYPED, WAS = "~text", "~was"
#: Kinds that take a whole row of a form.
WIDE: Final = frozenset({"long_text", "rich_text", "json", "address"})
#: Kinds whose editor is one input that takes a text.
_PLAIN: Final = frozenset(
    "text email phone url integer decimal money percent rating duration date datetime time choice "
    "colour".split()
)
#: Options beyond which a choice makes no columns that anybody could look at.
COLUMNS: Final = 20
#: Kinds that a list shows only if it is asked to.
_LONG: Final = frozenset({"long_text", "rich_text", "json", "encrypted", "address"})


def kind(field: fields.Field) -> str:
    """Return the field type of the kernel that a field is, or builds on."""
    for each in type(field).__mro__:
        known = getattr(each, "kind", None)
        if known in fields.FIELD_TYPES:
            return str(known)
    return field.kind


def is_number(field: fields.Field) -> bool:
    """Say whether values stand at the right edge of their column."""
    return kind(field) in ("integer", "decimal", "money", "percent", "duration")


def options(field: fields.Field, now: Any = None) -> list[fields.Option]:
    """Return the options that a form offers: those in use, and the retired ones that are stored."""
    held = now if isinstance(now, (list, tuple)) else [now]
    return [option for option in field.options if not option.retired or option.value in held]


def is_plain(field: fields.Field) -> bool:
    """Say whether a value is changed in place by an editor that the page has ready."""
    return kind(field) in _PLAIN


def is_wide(field: fields.Field) -> bool:
    """Say whether a field takes a whole row of a form."""
    return kind(field) in WIDE


def raw(field: fields.Field, value: Any) -> str:
    """Return a value as the editor of a plain field begins with it."""
    if value is None or not is_plain(field):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if kind(field) == "datetime":
        return words.local(value)
    return str(value) if kind(field) == "choice" else field.text(value)


def type_label(name: str, count: int) -> str:
    """Return a number of records of a type in words."""
    found = catalog.current().type(name)
    return f"{words.number(count)} {found.label if count == 1 else found.plural}"


def boards(entity_type: catalog.EntityType) -> list[fields.Field]:
    """Return the choices that a board of a type can be made by, the telling ones first."""
    found = [
        field
        for field in entity_type.own_fields
        if kind(field) == "choice" and 1 < len(options(field)) <= COLUMNS
    ]
    return sorted(found, key=lambda field: not any(option.category for option in field.options))


def calendars(entity_type: catalog.EntityType) -> list[fields.Field]:
    """Return the dates and instants that a calendar of a type can go by, those first that move."""
    found = [
        field
        for field in entity_type.own_fields
        if kind(field) in ("date", "datetime") and field.owner != "system"
    ]
    return sorted(found, key=lambda field: field.read_only)


def shown_fields(
    entity_type: catalog.EntityType, most: int = 7, *, short: bool = True
) -> list[str]:
    """Return the fields that a list begins with: the title's, then the first `short` ones."""
    left_out = _LONG if short else _LONG - {"address"}
    named = [field.name for field in entity_type.title_fields]
    rest = [
        field.name
        for field in entity_type.fields.values()
        if field.owner != "system" and kind(field) not in left_out and field.name not in named
    ]
    return [*named, *rest][:most]


def path(entity_type: catalog.EntityType, text: str) -> list[fields.Field]:
    """Return the fields that a path goes over, the last one what it shows."""
    known, at = catalog.current(), entity_type
    found: list[fields.Field] = []
    for name in text.split("."):
        if found and name in found[-1].members:
            found.append(found[-1].members[name])
            continue
        field = at.field(name)
        found.append(field)
        if isinstance(field, fields.Lookup):
            at = known.type(field.target)
    return found


def heading(entity_type: catalog.EntityType, text: str) -> str:
    """Return what stands above the column of a path."""
    found = path(entity_type, text)
    # The name of a member says of what it is one.
    return " › ".join(
        f.label
        for f, after in zip(found, [*found[1:], None], strict=True)
        if after is None or after not in f.members.values()
    )


def member_label(field: fields.Field, member: fields.Field) -> str:
    """Return what a member is called beside the others of its field."""
    short = member.label.removeprefix(field.label).strip()
    return short[:1].upper() + short[1:]


# -- forms ----------------------------------------------------------------------------------------
class Misread(Exception):
    """Some fields of a form can't be read; `problems` says why, by name."""

    def __init__(self, problems: dict[str, str], values: dict[str, Any]) -> None:
        super().__init__(", ".join(problems))
        self.problems, self.values = problems, values


def read(
    entity_type: catalog.EntityType, form: MultiDict[str, str], names: Iterable[str]
) -> dict[str, Any]:
    """Return the values of fields that a form sent; raise `Misread` with what it could read."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in names:
        try:
            values[name] = _value(entity_type.field(name), form)
        except fields.Refused as refused:
            problems[name] = refused.problem.message
        except RelatumError as error:
            problems[name] = str(error)
    if problems:
        raise Misread(problems, values)
    return values


def _value(field: fields.Field, form: MultiDict[str, str]) -> Any:
    known = kind(field)
    if known == "multi_choice":
        return [value for value in form.getlist(field.name) if value]
    if field.members:
        sent = {name: form.get(f"{field.name}.{name}", "").strip() for name in field.members}
        return {n: v or None for n, v in sent.items()} if any(sent.values()) else None
    if known == "boolean":
        return {"true": True, "false": False}.get(form.getlist(field.name)[-1])
    text = form.get(field.name, "")
    if known in ("lookup", "user", "reference"):
        return _linked(field, form, text.strip())
    if not text.strip():
        return None
    if known == "datetime":
        return field.parse(words.from_local(text.strip()))
    return field.parse(text)


def _linked(field: fields.Field, form: MultiDict[str, str], id_: str) -> int | None:
    """Return the id that was chosen, or of the one record that the typed text means."""
    typed = form.get(f"{field.name}{TYPED}")
    if typed is None or (id_ and typed.strip() == form.get(f"{field.name}{WAS}", "").strip()):
        return int(field.parse(id_)) if id_ else None
    if not typed.strip():
        return None
    if not isinstance(field, fields.Lookup):
        return int(field.parse(typed))
    actor = context().actor
    assert actor is not None
    return imports.find(field.target, typed.strip(), actor=actor)
