"""What marshmallow says of a setting, by the codes of the registry."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any, Final

from marshmallow import ValidationError, validate
from marshmallow import fields as ma

from ..errors import Problem, nearest
from ..fields import kind_of

_INVALID: Final[dict[type[ma.Field[Any]], str]] = {
    ma.String: "not_text", ma.Integer: "not_integer", ma.Decimal: "not_decimal",
    ma.Boolean: "not_boolean", ma.Date: "not_date", ma.List: "not_values",
}  # fmt: skip


def problem_of(text: str, field: ma.Field[Any], value: Any, *, secret: bool) -> Problem | None:
    """Return the problem that a message on a value of a field tells of; None for one of its own.

    Of a secret nothing is told but how long it is.
    """
    for key, known in _messages(type(field)).items():
        if text == known:
            return _by_key(key, field, value, secret=secret)
    given = _meant(field, value)
    for rule in field.validators:
        if _is_plain(rule) and _says(rule, given, text):
            return _by_rule(rule, field.name or "", given)
    return None


def _meant(field: ma.Field[Any], value: Any) -> Any:
    """Return a value as the rules of a field see it: a number may have been sent as text."""
    with suppress(ArithmeticError, ValueError, TypeError):
        if isinstance(field, ma.Integer):
            return int(value)
        if isinstance(field, ma.Decimal):
            return Decimal(str(value))
        if isinstance(field, ma.Date):
            return date.fromisoformat(value)
    return value


def _messages(field: type[ma.Field[Any]]) -> dict[str, str]:
    """Return what a kind of field says by itself, by marshmallow's words for it."""
    found: dict[str, str] = {}
    for each in reversed(field.__mro__):
        found.update(getattr(each, "default_error_messages", {}))
    return found


def _by_key(key: str, field: ma.Field[Any], value: Any, *, secret: bool) -> Problem | None:
    if key in ("required", "null"):
        return Problem("required")
    got = "something else" if secret else kind_of(value)
    if isinstance(field, ma.Email) and isinstance(value, str):
        return Problem("not_email", {"got": value, "reason": "Write it as name@example.org."})
    if isinstance(field, ma.Url) and isinstance(value, str):
        return Problem("not_url", {"got": value, "reason": "Write it as https://example.org."})
    code = _INVALID.get(type(field), "not_text")
    return Problem(code, {"got": got, "wanted": "YYYY-MM-DD"})


def _is_plain(rule: Any) -> bool:
    """Say whether a rule speaks its own words, not those of the plugin."""
    said = getattr(rule, "error", None)
    return said is None or said == getattr(type(rule), "default_message", None)


def _says(rule: Any, value: Any, text: str) -> bool:
    """Say whether a rule refuses a value with a text."""
    with suppress(Exception):  # it has refused already; this only asks which one it was
        try:
            rule(value)
        except ValidationError as error:
            return text in error.messages
    return False


def _by_rule(rule: Any, name: str, value: Any) -> Problem | None:
    if isinstance(rule, validate.Length) and rule.equal is None:
        return _of_length(rule, value)
    if isinstance(rule, validate.Range):
        if rule.min_inclusive and rule.min is not None and value < rule.min:
            return Problem("too_small", {"min": str(rule.min)})
        if rule.max_inclusive and rule.max is not None and value > rule.max:
            return Problem("too_large", {"max": str(rule.max)})
    if isinstance(rule, validate.Regexp):
        return Problem("no_match", {"pattern": rule.regex.pattern})
    if isinstance(rule, validate.OneOf):
        known = [str(choice) for choice in rule.choices]
        given = [str(each) for each in (value if isinstance(value, list) else [value])]
        wrong = next((each for each in given if each not in known), "")[:80]
        near = nearest(wrong, known)
        return Problem("option_unknown", {"value": wrong, "field": name, "nearest": near})
    return None


def _of_length(rule: validate.Length, value: Any) -> Problem | None:
    count = len(value)
    if isinstance(value, str):
        if rule.max is not None and count > rule.max:
            return Problem("too_long", {"length": count, "max": rule.max})
        return Problem("too_short", {"length": count, "min": rule.min})
    if rule.max is not None and count > rule.max:
        return Problem("too_many_values", {"count": count, "max": rule.max})
    return None
