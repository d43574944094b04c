"""Amounts whose record says their currency: the fields that they name must be there."""

from __future__ import annotations

from typing import NoReturn

from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Choice, Date, Datetime, Money, ShortText
from .draft import Draft


def check(draft: Draft) -> None:
    """Refuse a plan that leaves amounts with settings that name what is not there."""
    for entity_type in draft.changed:
        for field in entity_type.own_fields:
            if isinstance(field, Money):
                _check_field(draft, entity_type, field)


def _check_field(draft: Draft, entity_type: EntityType, field: Money) -> None:
    what = f"{entity_type.name}.{field.name}"
    if field.currency_by is None:
        for name in ("base", "rate_date", "fixed_by"):
            if name in field.settings:
                _refuse(what, f"{name} goes with currency_by, the field with the currency")
        return
    if "currency" in field.settings:
        _refuse(what, "it takes one of currency and currency_by")
    _check_code(draft, entity_type, field, what)
    if field.base is not None:
        _check_base(entity_type, field, what)


def _check_code(draft: Draft, entity_type: EntityType, field: Money, what: str) -> None:
    link, _, name = (field.currency_by or "").rpartition(".")
    whole, at = entity_type.part_of, entity_type
    if link:
        if whole is None or whole.name != link or field.base is not None:
            _refuse(
                what,
                f"currency_by names '{field.currency_by}'; a path leads over the link to what it "
                "is a part of, and such an amount has no base",
            )
        at = draft.catalog.types.get(whole.target, entity_type)
    if not isinstance(at.fields.get(name), ShortText):
        _refuse(what, f"currency_by names '{field.currency_by}', which is no text field")


def _check_base(entity_type: EntityType, field: Money, what: str) -> None:
    base = entity_type.fields.get(field.base or "")
    if not isinstance(base, Money) or base is field or not base.computed or base.currency_by:
        _refuse(
            what,
            f"base names '{field.base}'; it takes a money field of this type that is computed and "
            "in the currency of the instance",
        )
    others = [f for f in entity_type.own_fields if isinstance(f, Money) and f.base == field.base]
    if "currency" in base.settings or len(others) > 1:
        _refuse(what, f"'{field.base}' is in another currency, or the base of another amount")
    if not isinstance(entity_type.fields.get(field.rate_date), (Date, Datetime)):
        _refuse(what, f"rate_date names '{field.rate_date}', which is no date")
    fixed = field.fixed_by
    if fixed is not None and not isinstance(entity_type.fields.get(fixed), Choice):
        _refuse(what, f"fixed_by names '{fixed}', which is no choice")


def _refuse(what: str, reason: str) -> NoReturn:
    raise RelatumError("definition_invalid", what=what, reason=reason)
