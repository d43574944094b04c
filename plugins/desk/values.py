"""What a value of each field type looks like, and what fields and lists are called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from relatum import RelatumError, catalog, fields

from . import words

#: What templates draw mentions by.
mention_parts, without_marks = fields.mention_parts, fields.without_marks
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
FRACTIONS: Final = frozenset({"decimal", "money", "percent"})


def kind(field: fields.Field) -> str:
    """Return the field type of the kernel that a field is, or builds on."""
    for each in type(field).__mro__:
        known = getattr(each, "kind", None)
        if known in fields.FIELD_TYPES:
            return str(known)
    return field.kind


def asks(field: fields.Field) -> bool:
    """Say whether people give the value of a field: neither the kernel nor a plugin does."""
    return not (field.read_only or field.NUMBERED or field.computed)


def is_changed_in_place(entity_type: catalog.EntityType, path: str) -> bool:
    """Say whether a value can be changed where it is shown: a field of the record itself."""
    field = entity_type.fields.get(path)
    return field is not None and asks(field)


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


def may_need(entity_type: catalog.EntityType) -> frozenset[str]:
    """Return the names of the fields that some option of a choice needs."""
    return frozenset(name for each in entity_type.entailing for name in each.needed)


def needed(entity_type: catalog.EntityType, record: Any, sent: Any = None) -> set[str]:
    """Return the names of the fields that a form marks: what is chosen in it needs them."""
    found: set[str] = set()
    for choice, options, _ in entity_type.entailing:
        value = record.get(choice.name) if sent is None else sent.get(choice.name)
        option = options.get(value or "")
        found.update(option.needs if option is not None else ())
    return found


def is_plain(field: fields.Field) -> bool:
    """Say whether a value is changed in place by an editor that the page has ready."""
    depends = field.controlled_by or (isinstance(field, fields.Money) and field.currency_by)
    return kind(field) in _PLAIN and not depends


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
    if known in FRACTIONS:
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


def targets(field: fields.Link) -> list[str]:
    """Return the names of the types that a link may lead to, those that a reader sees.

    One that is open to every type leads to what has pages of its own, called in order.
    """
    if not field.is_open:
        return list(field.targets)
    shown = [each for each in words.known().types.values() if each.part_of is None]
    return [each.name for each in sorted(shown, key=lambda each: each.label.casefold())]


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
        if kind(field) == "choice" and asks(field) and 1 < len(options(field)) <= COLUMNS
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
    first, *rest = text.split(".")
    found = [entity_type.field(first)]
    for name in rest:
        last = found[-1]
        if name in last.members:
            found.append(last.members[name])
            continue
        if isinstance(last, fields.Lookup):
            entity_type = words.known().type(last.target)
        found.append(entity_type.field(name))
    return found


def is_beyond(entity_type: catalog.EntityType, text: str) -> bool:
    """Say whether a path leads to other records."""
    return any(isinstance(field, fields.Lookup) for field in path(entity_type, text)[:-1])


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

    Without a label of its own their type's plural says it, unless another link of that type
    leads there, too.
    """
    known = words.known().inverses(target)
    entity_type = known[name].type
    same = [each for each in known.values() if each.type is entity_type]
    if known[name].link.inverse_label is None and (len(same) > 1 or entity_type.name == target):
        return list_label(name)
    return known[name].label


def list_label(name: str) -> str:
    """Return what a list is called by its name alone."""
    return name.removeprefix("x_").replace("_", " ").capitalize()


def member_label(field: fields.Field, member: fields.Field) -> str:
    """Return what a member is called beside the others of its field."""
    short = member.label.removeprefix(field.label).strip()
    return short[:1].upper() + short[1:]


# -- currencies -----------------------------------------------------------------------------
def _code_path(entity_type: catalog.EntityType, text: str) -> str | None:
    """Return the path to the currency of the amounts of a path, if their records say it."""
    field = path(entity_type, text)[-1]
    if not isinstance(field, fields.Money) or field.currency_by is None:
        return None
    before = text.rpartition(".")[0]
    return f"{before}.{field.currency_by}" if before else field.currency_by


def code_paths(entity_type: catalog.EntityType, texts: list[str]) -> list[str]:
    """Return what has to be asked beside some paths to know the currencies of their amounts."""
    found = {_code_path(entity_type, text): None for text in texts}
    return [text for text in found if text and text not in texts and _is_seen(entity_type, text)]


def _is_seen(entity_type: catalog.EntityType, text: str) -> bool:
    try:
        return bool(path(entity_type, text))
    except RelatumError:
        return False


def code(entity_type: catalog.EntityType, text: str, record: Mapping[str, Any]) -> str:
    """Return the code of the currency of an amount of a record; "" if that is not known."""
    field, by = path(entity_type, text)[-1], _code_path(entity_type, text)
    if not isinstance(field, fields.Money) or by is None:
        return field.code if isinstance(field, fields.Money) else ""
    return str(record[by] or field.currency) if by in record else ""


def sum_code(field: fields.Money) -> str:
    """Return the code of the currency that amounts of several records are summed up in."""
    return field.currency if field.base else field.code
