"""Text, long text and e-mail address."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from .. import types
from ..storage import Text
from .base import Field, Refused, Setting, kind_of, whole

#: Longest single-line text; its key fits an index page of both databases.
TEXT_LIMIT = 500
LONG_TEXT_LIMIT = 100_000
_KEY_LIMIT = 600


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return what a text is compared and ordered by: no case, no marks, compatible forms."""
    return fold_all(text)[:_KEY_LIMIT]


def fold_all(text: str) -> str:
    """Return the fold of a text of any length, which no index holds."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def _pattern(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise ValueError("must be a regular expression of at most 200 characters")
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return value


def clean(value: Any, *, lines: bool) -> str:
    """Return text in NFC, checked for characters that can't be stored; raise `Refused`."""
    if not isinstance(value, str):
        raise Refused("not_text", got=kind_of(value))
    if not value.isprintable():
        for character in value:
            category = unicodedata.category(character)
            if category == "Cs" or (category == "Cc" and not (lines and character in "\n\r\t")):
                raise Refused("bad_character", character=f"U+{ord(character):04X}")
    return unicodedata.normalize("NFC", value)


def _example(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > TEXT_LIMIT:
        raise ValueError(f"must be text of at most {TEXT_LIMIT} characters")
    return value


class LongText(Field):
    """Text of many lines."""

    kind = "long_text"
    summary = "Text of many lines, up to 100,000 characters. Not sortable."
    EXAMPLE = '"First line.\\nSecond line."'
    value_type = types.LONG_TEXT
    CAN_BE_UNIQUE = False
    SETTINGS = {
        "min_length": Setting(whole(0, LONG_TEXT_LIMIT), "Least characters."),
        "max_length": Setting(whole(1, LONG_TEXT_LIMIT), "Most characters; default 100,000."),
        "pattern": Setting(_pattern, "A regular expression that the whole text must match."),
    }
    LIMIT = LONG_TEXT_LIMIT
    LINES = True

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Text)]

    def normal(self, value: Any) -> str:
        """Return the text as it would be stored, without the field's limits."""
        return clean(value, lines=self.LINES)

    def parse(self, text: str, style: str | None = None) -> Any:
        """Return the value for text whose lines end as browsers and files of Windows end them."""
        return super().parse(text.replace("\r\n", "\n"), style)

    def check(self, value: Any) -> str | None:
        text = self.normal(value)
        if not text:
            return None
        longest = self.settings.get("max_length", self.LIMIT)
        if len(text) > longest:
            raise Refused("too_long", length=len(text), max=longest)
        shortest = self.settings.get("min_length", 0)
        if len(text) < shortest:
            raise Refused("too_short", length=len(text), min=shortest)
        pattern = self.settings.get("pattern")
        if pattern and not re.fullmatch(pattern, text):
            raise Refused("no_match", pattern=pattern)
        return text

    def operand(self, value: Any) -> str:
        return self.normal(value)

    def openapi(self) -> dict[str, Any]:
        told = {"type": "string", "maxLength": self.settings.get("max_length", self.LIMIT)}
        example = self.settings.get("example")
        return told if example is None else {**told, "examples": [example]}


class ShortText(LongText):
    """Text of one line, with a fold key beside it for order, search and uniqueness."""

    kind = "text"
    summary = "Text of one line, up to 500 characters; blanks around it are cut."
    EXAMPLE = '"Ada & Sons"'
    value_type = types.TEXT
    CAN_BE_UNIQUE = True
    SETTINGS = {
        "min_length": Setting(whole(0, TEXT_LIMIT), "Least characters."),
        "max_length": Setting(whole(1, TEXT_LIMIT), "Most characters; default 500."),
        "pattern": LongText.SETTINGS["pattern"],
        "example": Setting(_example, "A value as it may be, for the API's description and tests."),
    }
    LIMIT = TEXT_LIMIT
    LINES = False

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Text), sa.Column(self.key_column, Text)]

    @property
    def key_column(self) -> str:
        return f"{self.column}__k"

    def normal(self, value: Any) -> str:
        return clean(value.strip() if isinstance(value, str) else value, lines=False)

    def store(self, value: str | None) -> tuple[str | None, str | None]:
        return value, self.key(value)

    def key(self, value: str | None) -> str | None:
        return None if value is None else fold(value)

    def condition_column(self, operator: str) -> str:
        return self.key_column if operator in types.FOLDED else self.column

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator in types.FOLDED:
            operand = self.key(operand)
        return types.arguments(operator, operand)


class Colour(ShortText):
    """A colour as the web writes it."""

    kind = "colour"
    summary = "A colour, #rrggbb; #rgb and capital letters are taken too."
    EXAMPLE = '"#2f6fed"'
    CAN_BE_UNIQUE = False
    SETTINGS = {}
    LIMIT = 7

    def check(self, value: Any) -> str | None:
        text = self.normal(value).lower()
        if text and not _COLOUR.fullmatch(text):
            raise Refused("not_colour", got=text[:80])
        if len(text) == 4:
            return "#" + "".join(digit * 2 for digit in text[1:])
        return text or None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^#[0-9a-f]{6}$"}


_COLOUR = re.compile(r"#(?:[0-9a-f]{3}){1,2}")


class Email(ShortText):
    """An e-mail address, validated and normalised by the email-validator library."""

    kind = "email"
    summary = "An e-mail address, checked for form and stored in normal form."
    EXAMPLE = '"ada@example.org"'
    SETTINGS = {}
    LIMIT = 254

    def check(self, value: Any) -> str | None:
        text = self.normal(value)
        return email_address(text) if text else None

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "format": "email", "maxLength": self.LIMIT}


#: The part before the @ that every rule of the library leaves as it is.
_ORDINARY = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")


def email_address(text: str) -> str:
    """Return an e-mail address in normal form; raise `Refused`."""
    local, _, domain = text.rpartition("@")
    if len(local) <= 64 and len(text) <= 200 and _ORDINARY.fullmatch(local):
        # Most time goes into the domain, and many addresses share one.
        known = _domain(domain)
        if known:
            return f"{local}@{known}"
    return _validated(text)


@lru_cache(maxsize=65_536)
def _domain(domain: str) -> str:
    """Return a domain in normal form; empty if it is none."""
    try:
        return _validated(f"a@{domain}").removeprefix("a@")
    except Refused:
        return ""


def _validated(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  # slow import

    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Refused("not_email", got=text[:80], reason=str(error)) from None
    return found.normalized
