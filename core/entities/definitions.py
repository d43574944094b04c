"""Rules of definitions: names, labels, titles, settings, defaults and options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from .. import hooks, types
from ..catalog import SYSTEM_COLUMNS, Layout, system_fields, title_names
from ..errors import RelatumError, nearest
from ..fields import FIELD_TYPES, Encrypted, Field, Link, Option, Refused
from ..fields.auto_number import check_settings as check_mask
from .owners import LOCAL, Owner

_NAME = re.compile(r"[a-z](?:_?[a-z0-9])*")
NAME_LIMIT = 40
RESERVED_FIELDS: Final = frozenset(SYSTEM_COLUMNS) | frozenset(system_fields(0, "UTC"))
#: First words of names that no plugin's begin with, and that no plugin is called.
RESERVED_WORDS: Final = frozenset("x core api admin std plugin".split())
#: What PostgreSQL has in every table already; reserved on both databases, so that moving works.
_POSTGRESQL_COLUMNS: Final = frozenset("tableoid xmin cmin xmax cmax ctid".split())
#: Settings that shape the column; changing them is a change of type.
FIXED_SETTINGS: Final = frozenset({"scale", "target", "currency", "tri_state", "filterable"})


def check_name(name: str) -> str:
    """Return a name that follows the rule; raise `name_invalid`."""
    if len(name) > NAME_LIMIT or not _NAME.fullmatch(name):
        raise RelatumError("name_invalid", name=name[:80])
    return name


def check_type_name(name: str, owner: Owner = LOCAL) -> str:
    """Check the name of an owner's type: the rule, and the prefix (D4)."""
    check_name(name)
    check_prefix(name, owner, "entity types")
    return name


def check_prefix(name: str, owner: Owner, what: str) -> None:
    """Check that a name begins as its owner's must; `what` says of what it is the name."""
    if not name.startswith(owner.prefix):
        if owner.is_local:
            raise RelatumError("name_prefix", name=name, what=what)
        raise RelatumError(
            "name_prefix_plugin", name=name, what=what, plugin=owner.name, prefix=owner.prefix
        )
    if not owner.is_local and name.partition("_")[0] in RESERVED_WORDS:
        why = ": names of the administrator and of the system begin so"
        raise RelatumError("name_reserved", name=name, why=why)


def check_field_name(name: str, type_owner: str, owner: Owner = LOCAL) -> str:
    """Check the name of an owner's field on a type of `type_owner`."""
    check_name(name)
    if name in RESERVED_FIELDS:
        raise RelatumError("name_reserved", name=name, why=": every record has it already")
    if name in _POSTGRESQL_COLUMNS:
        raise RelatumError("name_reserved", name=name, why=": PostgreSQL keeps it for itself")
    if type_owner != owner.name:
        check_prefix(name, owner, "fields on a type that is not yours")
    elif not owner.is_local and name.startswith("x_"):
        why = ": fields of the administrator begin so"
        raise RelatumError("name_reserved", name=name, why=why)
    return name


def label_from(name: str) -> str:
    """Return a label for a name that came without one."""
    return name.removeprefix("x_").replace("_", " ").capitalize()


def check_title(title: str, type_name: str, fields: Mapping[str, Field]) -> str:
    """Return a title pattern whose fields exist and can be shown."""
    try:
        names = title_names(title) if title else []
    except ValueError as error:
        raise RelatumError("definition_invalid", what="title", reason=str(error)) from None
    for name in names:
        if name not in fields:
            near = nearest(name, list(fields))
            raise RelatumError("field_unknown", type=type_name, field=name, nearest=near)
        if isinstance(fields[name], Link) or not fields[name].value_type.ordered:
            reason = f"'{name}' is a {fields[name].kind} field; a title takes short values"
            raise RelatumError("definition_invalid", what="title", reason=reason)
    return title


def check_layout(layout: Mapping[str, Any], type_name: str, fields: Mapping[str, Field]) -> str:
    """Return a layout as it is stored; its fields exist, and none stands twice in the sections."""
    made = Layout.read(layout)
    placed = [name for section in made.sections for name in section.fields]
    for name in (*made.highlights, *placed):
        if name not in fields:
            near = nearest(name, list(fields))
            raise RelatumError("field_unknown", type=type_name, field=name[:80], nearest=near)
    for names in (placed, made.highlights):
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            reason = f"'{twice}' stands in it twice"
            raise RelatumError("definition_invalid", what="layout", reason=reason)
    return orjson.dumps(made.as_json()).decode()


def field_types() -> dict[str, type[Field]]:
    """Return the field types by name: the kernel's, then those of plugins."""
    return {**FIELD_TYPES, **hooks.current().field_types, **FIELD_TYPES}


def field_class(kind: str) -> type[Field]:
    """Return the field type of that name; raise `kind_unknown`."""
    known = field_types()
    found = known.get(kind)
    if found is None:
        raise RelatumError("kind_unknown", kind=kind, nearest=nearest(kind, list(known)))
    return found


def stored_as(kind: str) -> str | None:
    """Return the kernel's field type that stores what a plugin's does; None for its own."""
    if kind in FIELD_TYPES:
        return None
    return next(
        name for c in field_class(kind).__mro__ for name, f in FIELD_TYPES.items() if f is c
    )


def check_settings(kind: str, given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the settings of a field, each checked by its field type."""
    known = field_class(kind).SETTINGS
    checked = {}
    for setting, value in given.items():
        if setting not in known:
            listed = ", ".join(known) or "none"
            raise RelatumError("setting_not_known", kind=kind, setting=setting, known=listed)
        if value is None:
            continue
        try:
            checked[setting] = known[setting].check(value)
        except ValueError as error:
            raise RelatumError(
                "definition_invalid", what=f"{name}.{setting}", reason=str(error)
            ) from None
    if field_class(kind).NUMBERED:
        try:
            check_mask(checked)
        except ValueError as error:
            raise RelatumError("definition_invalid", what=name, reason=str(error)) from None
    for low, high in (("min", "max"), ("min_length", "max_length")):
        if (
            low in checked
            and high in checked
            and _size(kind, checked[low]) > _size(kind, checked[high])
        ):
            reason = f"{low} is greater than {high}"
            raise RelatumError("definition_invalid", what=name, reason=reason)
    return checked


def _size(kind: str, value: Any) -> Any:
    """Return something that compares; whole numbers and ISO dates do as they are."""
    value_type = field_class(kind).value_type
    if value_type is types.DECIMAL:
        return Decimal(value)
    return datetime.fromisoformat(value) if value_type is types.INSTANT else value


def check_flags(made: Field) -> None:
    """Refuse properties that the field type can't have."""
    if made.NUMBERED and (made.required or not made.unique):
        reason = "an auto_number is always unique and never required: each record gets its own"
        raise RelatumError("definition_invalid", what=made.name, reason=reason)
    if made.unique and isinstance(made, Encrypted) and not made.filterable:
        reason = "an encrypted field is unique only with the setting filterable"
        raise RelatumError("definition_invalid", what=made.name, reason=reason)
    if made.unique and not made.CAN_BE_UNIQUE:
        raise RelatumError(
            "definition_invalid", what=made.name, reason=f"a {made.kind} field can't be unique"
        )
    if (made.sortable or made.indexed) and not made.value_type.ordered:
        raise RelatumError(
            "definition_invalid",
            what=made.name,
            reason=f"a {made.kind} field can't be sortable or indexed",
        )
    if made.indexed and made.members:
        reason = "its members are indexed, by the setting indexed_members"
        raise RelatumError("definition_invalid", what=made.name, reason=reason)
    if made.options and not made.HAS_OPTIONS:
        raise RelatumError(
            "definition_invalid", what=made.name, reason=f"a {made.kind} field has no options"
        )


def check_default(made: Field, value: Any) -> str | None:
    """Return a default as it is stored: a word such as now, or JSON of a constant."""
    if value is None or value == "":
        return None
    if made.NUMBERED:
        reason = "an auto_number has no default: each record gets its own"
        raise RelatumError("definition_invalid", what=made.name, reason=reason)
    if isinstance(value, str) and value in made.DEFAULTS:
        return value
    try:
        checked = made.wire(made.merge(None, made.check(value)))
    except Refused as refused:
        reason = f"the default is refused: {refused.problem.message}"
        raise RelatumError("definition_invalid", what=made.name, reason=reason) from None
    return orjson.dumps(checked, option=orjson.OPT_UTC_Z).decode()


def merge_options(
    known: tuple[Option, ...], given: list[dict[str, Any]], name: str, owner: Owner = LOCAL
) -> list[dict[str, Any]]:
    """Return option rows for the given list; options it leaves out become retired.

    A row has no id if the option is new. A plugin's list says nothing of the options that an
    administrator added to it.
    """
    values = [option["value"] for option in given]
    for value in values:
        if values.count(value) > 1:
            raise RelatumError("name_taken", what="option", name=value, where=f" in '{name}'")
    old = {option.value: option for option in known}
    rows = []
    for option in given:
        before = old.get(option["value"])
        row = {
            "id": before.id if before else None,
            "value": option["value"],
            "label": option.get("label") or (before.label if before else option["value"]),
            "hue": option.get("hue", before.hue if before else None),
            "category": option.get("category", before.category if before else None),
            "retired": option.get("retired", False),
            "owner": before.owner if before else owner.name,
            "when_values": _when(option.get("when", before.when if before else ())),
            "needs": _needs(option.get("needs", before.needs if before else ())),
            "sets": _sets(option.get("sets", before.sets if before else {})),
        }
        rows.append(row)
    rows += [
        {
            "id": gone.id, "value": gone.value, "label": gone.label, "hue": gone.hue,
            "category": gone.category, "owner": gone.owner,
            "retired": gone.retired or owner.is_local or gone.owner == owner.name,
            "when_values": _when(gone.when), "needs": _needs(gone.needs), "sets": _sets(gone.sets),
        }
        for gone in known
        if gone.value not in values
    ]  # fmt: skip
    return [{**row, "position": place} for place, row in enumerate(rows)]


def _when(values: Iterable[str]) -> str:
    return orjson.dumps(sorted(set(values))).decode()


def _needs(names: Iterable[str]) -> str:
    """Return names as they are stored: in the order that people are asked in."""
    return orjson.dumps(list(dict.fromkeys(names))).decode()


def _sets(values: Mapping[str, Any]) -> str:
    """Return values as they are stored: patches and exports compare them as texts."""
    return orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS).decode()
