"""A number that the kernel gives to each new record, such as INV-2026-00042."""

from __future__ import annotations

import re
from datetime import date
from functools import cached_property
from typing import Any, ClassVar, Final

from .base import Setting
from .text import ShortText, fold

_DEFAULT: Final = "{number}"
#: Longest mask, and most digits that a number is filled up to.
_MASK_LIMIT: Final = 80
_PART: Final = re.compile(r"\{(number(?::([1-9]|1[0-8]))?|year|month)\}")
_ASKED: Final = {"year": r"(?P<year>\d{4})", "month": r"\d{2}"}


def _mask(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _MASK_LIMIT:
        raise ValueError(f"must be text of at most {_MASK_LIMIT} characters")
    if re.search(r"[{}]", _PART.sub("", value)):
        raise ValueError("takes {number}, {number:5}, {year} and {month} in braces only")
    names = [found[1].partition(":")[0] for found in _PART.finditer(value)]
    if names.count("number") != 1 or len(set(names)) != len(names):
        raise ValueError("needs {number} once, and nothing in braces twice")
    if re.search(r"\}\{|\d\{number|\{number(?::\d+)?\}\d", value):
        raise ValueError("needs a sign that is no digit between its parts")
    return value.strip()


def _restart(value: Any) -> str:
    if value not in ("never", "year"):
        raise ValueError('must be "never" or "year"')
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


class AutoNumber(ShortText):
    """A number by a mask, counted per field without gaps."""

    kind = "auto_number"
    summary = (
        "A number that each new record gets, such as INV-2026-00042: unique, without gaps, never "
        "sent by callers. It is taken in the transaction that writes the record, so what is not "
        "written takes none; the price is that writers of new records of the type go one after "
        "the other."
    )
    EXAMPLE = '"INV-2026-00042"'
    NUMBERED: ClassVar[bool] = True
    SETTINGS = {
        "mask": Setting(
            _mask,
            "How it is written: `{number}` or `{number:5}` (filled up with zeros), `{year}`, "
            "`{month}` and text; default `{number}`. A new mask is for new records.",
        ),
        "restart": Setting(
            _restart,
            "`year` begins at 1 each year; the mask then needs `{year}`. Default `never`.",
            words=("never", "year"),
        ),
        "importable": Setting(
            _flag, "`true` lets imports bring numbers of another system.", "flag"
        ),
    }

    @property
    def mask(self) -> str:
        """The mask of new numbers."""
        return str(self.settings.get("mask", _DEFAULT))

    def period(self, day: date) -> str:
        """Return what the numbers of a day are counted in: a year, or all time."""
        return f"{day.year:04}" if self.settings.get("restart") == "year" else ""

    def written(self, number: int, day: date) -> str:
        """Return a number by the mask."""

        def part(found: re.Match[str]) -> str:
            if found[1] == "year":
                return f"{day.year:04}"
            if found[1] == "month":
                return f"{day.month:02}"
            return str(number).zfill(int(found[2] or 1))

        return _PART.sub(part, self.mask)

    @cached_property
    def _reading(self) -> re.Pattern[str]:
        pattern, at = "", 0
        for found in _PART.finditer(self.mask):
            pattern += re.escape(fold(self.mask[at : found.start()]))
            pattern += _ASKED.get(found[1]) or rf"(?P<number>\d{{{found[2] or 1},18}})"
            at = found.end()
        return re.compile(pattern + re.escape(fold(self.mask[at:])))

    def read(self, key: str) -> tuple[str, int] | None:
        """Return the period and the number in the key of a text by the mask; None if it is none."""
        found = self._reading.fullmatch(key)
        if found is None:
            return None
        yearly = self.settings.get("restart") == "year"
        return (found["year"] if yearly else ""), int(found["number"])

    def prefix(self, period: str) -> str:
        """Return what the keys of all numbers of a period begin with."""
        text = self.mask.replace("{year}", period) if period else self.mask
        return fold(text[: text.index("{")])

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.LIMIT}


def check_settings(settings: Any) -> None:
    """Raise ValueError if a mask can't tell the numbers of two years apart."""
    if settings.get("restart") == "year" and "{year}" not in settings.get("mask", _DEFAULT):
        raise ValueError("restart year needs {year} in the mask")
