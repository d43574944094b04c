"""What the options of a choice need and set, as the designer's form asks for it."""

from __future__ import annotations

from typing import Any

from relatum import catalog, fields

from ... import inputs, values, words
from ...words import translated
from .shaping import Form


def others(entity_type: catalog.EntityType, field: fields.Field | None) -> list[fields.Field]:
    """Return the fields that an option can need or set: those that people write."""
    return [
        each
        for each in entity_type.own_fields
        if each.owner != "system" and not each.NUMBERED and (field is None or each.id != field.id)
    ]


def shown(field: fields.Field | None, value: Any) -> str:
    """Return a value that an option sets as people write it; as it is if it is none yet."""
    if value is None or field is None or value in field.DEFAULTS:
        return value or ""
    try:
        return values.text(field, field.wire(field.check(value)))
    except fields.Refused:
        return str(value)


def read(
    entity_type: catalog.EntityType, field: fields.Field, said: dict[str, Any], form: Form
) -> None:
    """Put the values that options set in the place of their texts; raise `inputs.Misread`."""
    stored = {option.value: option.sets for option in field.options}
    for option in said.get("options", ()):
        known = stored.get(option["value"], {})
        for name, text in option["sets"].items():
            target = entity_type.fields.get(name)
            if target is None or text == known.get(name):
                continue
            if name in known and text == shown(target, known[name]):
                option["sets"][name] = known[name]
                continue
            try:
                option["sets"][name] = _value(target, text)
            except fields.Refused as refused:
                problem = translated(
                    "{option} can't set {field}: {reason}",
                    option=option["label"], field=target.label, reason=words.said(refused.problem),
                )  # fmt: skip
                raise inputs.Misread({"options": problem}, said) from None


def _value(field: fields.Field, text: str) -> Any:
    if not text:
        return None
    if text in field.DEFAULTS:
        return text
    return field.wire(field.merge(None, field.parse(text)))
