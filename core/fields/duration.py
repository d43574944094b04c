"""A length of time in whole seconds, written as people write it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from .base import Refused, Setting, kind_of, whole
from .number import Integer

#: A hundred years.
DURATION_LIMIT: Final = 100 * 366 * 24 * 3600
_UNITS: Final = {"w": 604_800, "d": 86_400, "h": 3600, "m": 60, "s": 1}
_NUMBER: Final = r"(\d{1,10}(?:[.,]\d{1,3})?) ?"
_WORDS: Final = re.compile(
    rf"(?:{_NUMBER}w(?:eeks?)?)? ?(?:{_NUMBER}d(?:ays?)?)? ?(?:{_NUMBER}h(?:ours?|rs?)?)? ?"
    rf"(?:{_NUMBER}m(?:in(?:ute)?s?)?)? ?(?:{_NUMBER}s(?:ec(?:ond)?s?)?)?",
    re.IGNORECASE | re.ASCII,
)
#: 1:30 is an hour and a half, 1:30:15 has seconds too.
_CLOCK: Final = re.compile(r"(\d{1,8}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)


class Duration(Integer):
    """A length of time in seconds."""

    kind = "duration"
    summary = (
        "A length of time in whole seconds. Also takes 1h 30m, 1:30 (hours and minutes), 1:30:15, "
        "PT1H30M, 2d 4h and 1.5h; a number alone is seconds, in JSON and in files."
    )
    EXAMPLE = '"1h 30m"'
    CAN_BE_UNIQUE = False
    SETTINGS = {
        "min": Setting(whole(0, DURATION_LIMIT), "Least seconds."),
        "max": Setting(whole(0, DURATION_LIMIT), "Most seconds."),
    }

    def check(self, value: Any) -> int:
        seconds = self.operand(value)
        least = self.settings.get("min", 0)
        most = self.settings.get("max", DURATION_LIMIT)
        if seconds < least:
            raise Refused("too_small", min=least)
        if seconds > most:
            raise Refused("too_large", max=most)
        return seconds

    def operand(self, value: Any) -> int:
        if isinstance(value, str):
            seconds = _seconds(value.strip())
            if seconds is None:
                raise Refused("not_duration", got=kind_of(value))
            value = seconds
        try:
            return super().operand(value)
        except Refused as refused:
            if refused.problem.code == "not_integer":
                raise Refused("not_duration", got=kind_of(value)) from None
            raise

    def parse(self, text: str, style: str | None = None) -> int:
        return self.check(text)

    def text(self, wire: int | None) -> str:
        """Return such as 1d 2h 30m."""
        if wire is None:
            return ""
        parts, rest = [], wire
        for unit in "dhms":
            count, rest = divmod(rest, _UNITS[unit])
            if count:
                parts.append(f"{count}{unit}")
        return " ".join(parts) or "0s"

    def openapi(self) -> dict[str, Any]:
        return {
            "type": "integer",
            "minimum": self.settings.get("min", 0),
            "maximum": self.settings.get("max", DURATION_LIMIT),
            "x-unit": "seconds",
        }


def _seconds(text: str) -> int | None:
    """Return the seconds of a text; None if it is no length of time."""
    if text.isascii() and text.isdigit() and len(text) <= 16:
        return int(text)
    clock = _CLOCK.fullmatch(text)
    if clock:
        return int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3] or 0)
    # ISO 8601 says T between days and hours; what is left reads like words.
    iso = re.fullmatch(r"P(?=.)([^T]*)(?:T(.+))?", text, re.IGNORECASE)
    found = _WORDS.fullmatch(f"{iso[1]} {iso[2] or ''}".strip() if iso else text)
    if not found or not any(found.groups()):
        return None
    exact = sum(
        (
            Decimal(number.replace(",", ".")) * size
            for number, size in zip(found.groups(), _UNITS.values(), strict=True)
            if number
        ),
        Decimal(0),
    )
    return int(exact) if exact == exact.to_integral_value() else None
