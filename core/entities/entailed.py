"""What options of a choice entail: fields that need a value with them, and values that they set."""

from __future__ import annotations

from typing import Any

from ..catalog import EntityType
from ..errors import RelatumError, nearest
from ..fields import Choice, Field, Option
from . import definitions
from .draft import Draft


def check(draft: Draft) -> None:
    """Refuse a plan that leaves options that need or set what is not there."""
    for entity_type in draft.changed:
        for field in entity_type.own_fields:
            if field.options:
                check_field(entity_type, field)


def check_field(entity_type: EntityType, field: Field) -> None:
    """Refuse options of a field that need or set what is not there, or can't be."""
    for option in field.options:
        if not (option.needs or option.sets):
            continue
        what = f"{entity_type.name}.{field.name}"
        if not isinstance(field, Choice):
            reason = (
                f"option '{option.value}' needs or sets other fields; only options of a choice can"
            )
            raise RelatumError("definition_invalid", what=what, reason=reason)
        for name in (*option.needs, *option.sets):
            _check_name(entity_type, field, option, name)
        for name, value in option.sets.items():
            _check_value(entity_type.fields[name], option, value, what)


def _check_name(entity_type: EntityType, field: Field, option: Option, name: str) -> None:
    known = [f.name for f in entity_type.own_fields if f is not field and f.owner != "system"]
    if name in known:
        return
    what = f"{entity_type.name}.{field.name}"
    reason = (
        f"option '{option.value}' needs or sets '{name}', which is not another field of this type "
        f"that can be written.{nearest(name, known)}"
    )
    raise RelatumError("definition_invalid", what=what, reason=reason)


def _check_value(field: Field, option: Option, value: Any, what: str) -> None:
    said = _refusal(field, option, value)
    if said is not None:
        reason = f"option '{option.value}' can't set '{field.name}': {said.rstrip('.')}"
        raise RelatumError("definition_invalid", what=what, reason=reason)


def _refusal(field: Field, option: Option, value: Any) -> str | None:
    """Return why a field can't have a value that an option sets; None if it can."""
    if value is None and not (field.required or field.NUMBERED):
        return "it needs that field, and empties it" if field.name in option.needs else None
    if value is None or value == "":
        return "a value is needed; null empties a field that is not required"
    try:
        definitions.check_default(field, value)
    except RelatumError as error:
        return str(error.params["reason"]).removeprefix("the default is refused: ")
    return None


def naming(entity_type: EntityType, name: str) -> list[str]:
    """Return the options that need or set a field, each as `choice.option`."""
    return [
        f"{field.name}.{option.value}"
        for field in entity_type.own_fields
        for option in field.options
        if name in option.needs or name in option.sets
    ]
