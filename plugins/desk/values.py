"""What a value of each field type looks like, and what a form sends for it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, context, fields, imports

from . import words

#: What the text beside a hidden id is sent as, what it or a moment was when the form was drawn, the
#: type of a record of any of several types, and that a secret is to be emptied.
TYPED, WAS, TYPE, EMPTIED = "~text", "~was", "~type", "~empty"
#: What stands for a value that a field can't have.
_UNFIT: Final = object()
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
#: Kinds of numbers with a fraction, whose sign for it is that of the language.
_FRACTIONS: Final = frozenset({"decimal", "money", "percent"})


def kind(field: fields.Field) -> str:
    """Return the field type of the kernel that a field is, or builds on."""
    for each in type(field).__mro__:
        known = getattr(each, "kind", None)
        if known in fields.FIELD_TYPES:
            return str(known)
    return field.kind


def is_changed_in_place(entity_type: catalog.EntityType, path: str) -> bool:
    """Say whether a value can be changed where it is shown: a field of the record itself."""
    field = entity_type.fields.get(path)
    return field is not None and not field.read_only and not field.NUMBERED


def is_number(field: fields.Field) -> bool:
    """Say whether values stand at the right edge of their column."""
    return kind(field) in ("integer", "decimal", "money", "percent", "duration")


def options(field: fields.Field, now: Any = None) -> list[fields.Option]:
    """Return the options that a form offers: those in use, and the retired ones that are stored."""
    held = now if isinstance(now, (list, tuple)) else [now]
    return [option for option in field.options if not option.retired or option.value in held]


#: The icon that stands for a kind of value.
_ICONS: Final = {
    "integer": "hash", "decimal": "hash", "money": "coin", "percent": "percentage",
    "rating": "star", "duration": "hourglass", "date": "calendar", "datetime": "clock",
    "time": "clock", "email": "mail", "phone": "phone", "url": "link", "choice": "circle-dot",
    "multi_choice": "list-check", "tags": "tag", "boolean": "toggle-left", "lookup": "link",
    "reference": "link", "user": "user", "address": "map-pin", "geo": "map-pin",
    "auto_number": "id", "encrypted": "lock", "json": "braces", "long_text": "file-text",
    "rich_text": "file-text", "colour": "palette",
}  # fmt: skip


def field_icon(field: fields.Field) -> str:
    """Return the icon of a field: that of what it points to, or of its kind."""
    if isinstance(field, fields.Lookup) and kind(field) == "lookup":
        return words.known().type(field.target).icon or "link"
    return _ICONS.get(kind(field), "letter-case")


def possible(found: list[fields.Option], by: Any, now: Any = None) -> list[fields.Option]:
    """Return those of some options that go with a value of the choice that decides on them."""
    held = now if isinstance(now, (list, tuple)) else [now]
    return [each for each in found if not each.when or by in each.when or each.value in held]


def is_plain(field: fields.Field) -> bool:
    """Say whether a value is changed in place by an editor that the page has ready."""
    return kind(field) in _PLAIN and field.controlled_by is None


def is_wide(field: fields.Field) -> bool:
    """Say whether a field takes a whole row of a form."""
    return kind(field) in WIDE


def is_tall(field: fields.Field) -> bool:
    """Say whether a value has more than one line or input, and is saved by a button."""
    several = ("multi_choice", "tags", "geo", "person_name", "encrypted", "reference")
    return is_wide(field) or kind(field) in several


def raw(field: fields.Field, value: Any) -> str:
    """Return a value as the editor of a plain field begins with it."""
    if value is None or not is_plain(field):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if kind(field) == "choice" else text(field, value)


def text(field: fields.Field, value: Any) -> str:
    """Return a value as the control of a form begins with it, by the customs of the reader."""
    known = kind(field)
    if value is None:
        return ""
    if known == "datetime":
        return words.local(value)
    if known in _FRACTIONS:
        bare = str(value)
        trimmed = bare.rstrip("0").rstrip(".") if "." in bare and known != "money" else bare
        return words.decimal(trimmed)
    if known == "json":
        return json.dumps(value, indent=2, ensure_ascii=False)
    return str(value) if known == "rich_text" else field.text(value)


def placeholder(field: fields.Field) -> str:
    """Return an example of how a value is written where that is not obvious."""
    known = kind(field)
    if known == "duration":
        return "1h 30m"
    return {"url": "https://", "colour": "#2f6fed", "json": "{}"}.get(known, "")


def member_text(field: fields.Field, name: str, value: Any) -> str:
    """Return the value of a member as the control of a form begins with it."""
    held = (value or {}).get(name)
    if held is not None and name == "country" and kind(field) == "address":
        return words.country(held)
    return text(field.members[name], held)


def may_hold(field: fields.Field, value: Any) -> bool:
    """Say whether a field may have a value in wire form: it may be of a type that it once had."""
    return value is None or _wired(field, value) is not _UNFIT


def _wired(field: fields.Field, value: Any) -> Any:
    try:
        return field.wire(field.check(value))
    except (fields.Refused, ValueError, TypeError, ArithmeticError, LookupError, AttributeError):
        return _UNFIT


def plain(field: fields.Field, value: Any) -> Any:
    """Return a value as it can be compared with others, in wire form; sets are in order."""
    if value in (None, "", []):
        return None
    wire = _wired(field, value)
    if wire is _UNFIT:
        return str(value)
    if isinstance(wire, list):
        return sorted(map(str, wire))
    if isinstance(wire, dict):
        return {name: each for name, each in wire.items() if each is not None}
    return str(wire)


def type_label(name: str, count: int) -> str:
    """Return a number of records of a type in words."""
    found = words.known().type(name)
    return f"{words.number(count)} {found.label if count == 1 else found.plural}"


def link_label(text: str) -> str:
    """Return a link that is written `type.field` in words."""
    name, _, field = text.partition(".")
    found = words.known().type(name)
    return f"{found.plural} › {found.field(field).label}"


def type_name(name: str) -> str:
    """Return what one record of a type is called."""
    return words.known().type(name).label


def most_stars(field: fields.Field) -> int:
    """Return how many stars a rating may have."""
    return int(field.settings.get("max", 5))


def exact(value: Any) -> Decimal:
    """Return a number of a record without loss."""
    return Decimal(str(value))


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
    known, at = words.known(), entity_type
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


def relation_label(target: str, name: str) -> str:
    """Return what the records that point to a type are called, by the name of that list.

    Their type's plural says it, unless another link of that type leads there, too.
    """
    known = words.known().inverses(target)
    entity_type = known[name].type
    same = [each for each in known.values() if each.type is entity_type]
    if len(same) > 1 or entity_type.name == target:
        return words.inverse(known[name].link, name)
    return entity_type.plural


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
    if known == "integer" or known in _FRACTIONS:
        given = words.plain(given)
    return field.parse(given)


def _members(field: fields.Field, form: MultiDict[str, str], name: str) -> Any:
    sent = {each: form.get(f"{name}.{each}", "").strip() for each in field.members}
    if not any(sent.values()):
        return None
    for each, member in field.members.items():
        if kind(member) in _FRACTIONS:
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
    id_, typed = form.get(name, "").strip(), form.get(f"{name}{TYPED}")
    if typed is None or (id_ and typed.strip() == form.get(f"{name}{WAS}", "").strip()):
        return int(field.parse(id_)) if id_ else None
    if not typed.strip():
        return None
    assert isinstance(field, fields.Link)
    chosen = form.get(f"{name}{TYPE}", "")
    target = chosen if chosen in field.targets else field.targets[0]
    actor = context().actor
    assert actor is not None
    return imports.find(target, typed.strip(), actor=actor)
