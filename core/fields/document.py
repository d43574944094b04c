"""Formatted text, made safe on the way in, and JSON documents that nobody looks into."""

from __future__ import annotations

import unicodedata
from html.parser import HTMLParser
from typing import Any, Final

import nh3
import orjson
import sqlalchemy as sa

from .. import types
from ..storage import Json, Text, json_text, spelled
from .base import Field, Refused, Setting, kind_of, whole
from .contact import SCHEMES
from .number import INTEGER_LIMIT
from .text import LONG_TEXT_LIMIT, LongText, clean, fold_all

#: No pictures: a page may not load those of other hosts, and none are kept here with a text.
_TAGS: Final = frozenset(nh3.ALLOWED_TAGS - {"img"})
#: Between the texts of these elements nothing parts words.
_INLINE: Final = frozenset(
    "a abbr b bdi bdo cite code em i kbd mark q s small span strong sub sup u".split()
)
JSON_BYTES: Final = 65_536
JSON_DEPTH: Final = 12


class RichText(LongText):
    """Formatted text: HTML that was made safe."""

    kind = "rich_text"
    summary = (
        "Formatted text: HTML up to 100,000 characters. What could run, load or disguise "
        "something is taken out before it is stored; contains searches the text alone."
    )
    EXAMPLE = '"<p>Call <b>Bob</b>.</p>"'
    value_type = types.RICH_TEXT
    SETTINGS = {
        "max_length": Setting(
            whole(1, LONG_TEXT_LIMIT), "Most characters, markup included; default 100,000."
        ),
    }

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Text), sa.Column(self.key_column, Text)]

    @property
    def key_column(self) -> str:
        return f"{self.column}__k"

    def key(self, value: str | None) -> str | None:
        """Return the text that is searched."""
        return None if value is None else fold_all(plain(value))

    def store(self, value: str | None) -> tuple[str | None, str | None]:
        return value, self.key(value)

    def check(self, value: Any) -> str | None:
        safe = _safe(self.normal(value))
        if not plain(safe) and "<img" not in safe and "<hr" not in safe:
            return None
        longest = self.settings.get("max_length", self.LIMIT)
        if len(safe) > longest:
            raise Refused("too_long", length=len(safe), max=longest)
        return safe

    def text(self, wire: str | None) -> str:
        """Return the text without its formatting."""
        return "" if wire is None else plain(wire)

    def condition_column(self, operator: str) -> str:
        return self.key_column if operator in types.FOLDED else self.column

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator in types.FOLDED:
            operand = fold_all(" ".join(operand.split()))
        return types.arguments(operator, operand)

    def openapi(self) -> dict[str, Any]:
        return {**LongText.openapi(self), "contentMediaType": "text/html"}


def _safe(html: str) -> str:
    """Return HTML that sanitising and normal form both leave as it is; raise `html_unfit`."""
    for _ in range(5):
        # Characters written as entities come out of it as they are; and normal form may join
        # a mark to the end of a tag, so what was joined is looked at again.
        safe = _storable(nh3.clean(html, tags=_TAGS, url_schemes=set(SCHEMES)))
        if safe == html:
            return safe
        html = safe
    raise Refused("html_unfit")


def _storable(text: str) -> str:
    kept = "".join(c for c in text if c in "\n\r\t" or unicodedata.category(c) != "Cc")
    return clean(kept, lines=True)


class _Plain(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in _INLINE:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self.handle_starttag(tag, ())


def plain(html: str) -> str:
    """Return the text of safe HTML in one line."""
    reader = _Plain()
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.parts).split())


class JsonField(Field):
    """A JSON document: an object or a list."""

    kind = "json"
    summary = (
        "A JSON object or list of at most 65,536 bytes and 12 levels, for machines: its keys come "
        "out in order. Filters know whether it is empty, and whether it has a key (of an object) "
        "or a text (in a list) at its top. Whole numbers stay below 2^53."
    )
    EXAMPLE = '{"plan": "free", "seats": [1, 2]}'
    value_type = types.JSON
    CAN_BE_UNIQUE = False
    SETTINGS = {"max_bytes": Setting(whole(2, JSON_BYTES), "Most bytes; default 65,536.")}

    def columns(self) -> list[sa.Column[Any]]:
        return [sa.Column(self.column, Json)]

    def check(self, value: Any) -> str:
        """Return the text that is stored; text that is JSON is read as such."""
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                raise Refused("not_json", got=kind_of(value)) from None
        if not isinstance(value, (dict, list)):
            raise Refused("not_json", got=kind_of(value))
        text = json_text(_exact(value, 1))
        most = self.settings.get("max_bytes", JSON_BYTES)
        if len(text.encode()) > most:
            raise Refused("json_unfit", reason=f"has more than {most} bytes")
        return text

    def operand(self, value: Any) -> str:
        return clean(value, lines=True)

    def condition(self, operator: str, column: types.Sql, *arguments: types.Sql) -> types.Sql:
        if operator != "has":
            return types.condition(operator, column, *arguments)
        return _has_key(column, *arguments) == sa.true()

    def bound_type(self, column: types.Sql) -> sa.types.TypeEngine[Any]:
        return Text

    def wire(self, value: str | None) -> Any:
        return None if value is None else orjson.loads(value)

    def unwire(self, wire: Any) -> str | None:
        return None if wire is None else json_text(wire)

    def text(self, wire: Any) -> str:
        return "" if wire is None else json_text(wire)

    def openapi(self) -> dict[str, Any]:
        return {"type": ["object", "array"], "items": {}}


def _exact(value: Any, depth: int) -> Any:
    """Return a JSON value that both databases give back as it is; raise `Refused`."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused("json_unfit", reason="holds half a character") from None
        if "\0" in value:
            raise Refused("json_unfit", reason="holds the character U+0000")
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    if depth > JSON_DEPTH:
        raise Refused("json_unfit", reason=f"nests deeper than {JSON_DEPTH} levels")
    if isinstance(value, list):
        return [_exact(item, depth + 1) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {_exact(k, depth): _exact(item, depth + 1) for k, item in value.items()}
    raise Refused("json_unfit", reason=f"holds a {type(value).__name__}")


def _number(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        # PostgreSQL keeps numbers as decimals: 1e3 would come back as 1000.
        value = int(value)
    if value != value or abs(value) > INTEGER_LIMIT:  # noqa: PLR0124  # only NaN differs from itself
        raise Refused("json_unfit", reason="holds a number beyond 2^53 - 1")
    return value


#: Whether an object has a key, or a list a text.
_has_key = spelled(
    "relatum_has_key",
    sa.Boolean(),
    sqlite=(
        "(CASE WHEN {0} IS NOT NULL THEN {1} IN ("
        "SELECT CASE WHEN typeof(key) = 'text' THEN key ELSE atom END FROM json_each({0}) "
        "WHERE typeof(key) = 'text' OR type = 'text') END)"
    ),
    postgresql="jsonb_exists({0}, {1})",
)
