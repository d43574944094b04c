"""The import map: read, checked, and bound to the columns of a file and the fields of a type."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as plain
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from marshmallow import RAISE, ValidationError

from ...schemas.entity_types import flat
from ...schemas.imports import ImportMapSchema
from ..catalog import Catalog, EntityType, Key
from ..errors import RelatumError, nearest
from ..fields import STYLES, Field, Lookup, Several
from .numbers import NUMBERS
from .targets import Target, match, target_of
from .texts import Template, converted

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ImportMap:
    """What a map says; the empty map matches columns to fields by name or label.

    `columns` holds {column: {field, by?, date_format?, add?, values?, first?, convert?, line?,
    nth?}}, or None for a column that is left out; `composed` {field: {text, by?, values?}}; `only`
    {column: texts of the rows that are meant}.
    """

    key: tuple[str, ...] = ()
    date_format: str | None = None
    decimal: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    columns: Mapping[str, dict[str, Any] | None] = plain(default_factory=dict)
    fixed: Mapping[str, Any] = plain(default_factory=dict)
    composed: Mapping[str, dict[str, Any]] = plain(default_factory=dict)
    only: Mapping[str, Sequence[str]] = plain(default_factory=dict)
    #: By list of lines: the fields that find those that there are, and whether others go.
    lines: Mapping[str, dict[str, Any]] = plain(default_factory=dict)


class Line(NamedTuple):
    """Which line of a record a column belongs to: its list, and what parts it from others.

    Without `fixed` values and number, it is the line that the row of the file stands for.
    """

    list: str
    fixed: Mapping[str, Any] = _NOTHING
    nth: int | None = None

    @property
    def of_row(self) -> bool:
        """Whether every row of the file is such a line."""
        return not self.fixed and self.nth is None

    def is_as(self, other: Line) -> bool:
        """Say whether both are one line."""
        return (self.list, self.fixed, self.nth or 1, self.of_row) == (
            other.list, other.fixed, other.nth or 1, other.of_row,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a file (or one fixed value) and the field it fills.

    A link has `target` and `by`: the type it points to and the field it is found by.
    """

    name: str
    field: Field
    style: str | None = None
    values: Mapping[str, str | None] = plain(default_factory=dict)
    target: EntityType | None = None
    by: Field | None = None
    #: The values of a cell are added to those that a record has.
    adds: bool = False
    #: The sign before the decimals of a number; None: as fields write them.
    decimal: str | None = None
    #: Records of the target that no text finds are created, with that text as `by`.
    creates: bool = False
    #: The sign between several values of a cell, of which the first is meant.
    first: str | None = None
    #: The name of a conversion of the text.
    convert: str | None = None
    #: A link that finds nothing stays empty.
    optional: bool = False
    #: The line of the record that it belongs to; None: the record itself.
    line: Line | None = None

    @property
    def path(self) -> str:
        """Where the column goes, as a map says it."""
        return f"{self.line.list}.{self.field.name}" if self.line else self.field.name

    def text(self, raw: str) -> str:
        """Return the text that the field reads for a cell; empty for blanks alone."""
        if self.first is not None:
            raw = raw.strip().partition(self.first)[0].strip()
        text = self.values.get(raw, raw) or ""
        if not text.strip():
            return ""
        return text if self.convert is None else converted(self.convert, text)


def read_map(path: str | Path) -> ImportMap:
    """Read a map from a JSON file; raise `file_unreadable` or `map_invalid`."""
    try:
        document = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise RelatumError("file_unreadable", path=str(path), reason=error.strerror) from None
    except orjson.JSONDecodeError as error:
        raise RelatumError("map_invalid", place=str(path), reason=f"is not JSON: {error}") from None
    return load_map(document)


def load_map(document: Any) -> ImportMap:
    """Return the map of a JSON value; raise `map_invalid` naming the place."""
    if not isinstance(document, dict):
        raise RelatumError("map_invalid", place="the map", reason="must be a JSON object")
    try:
        given: dict[str, Any] = ImportMapSchema(unknown=RAISE).load(document)
    except ValidationError as error:
        place, reason = flat(error)[0]
        # marshmallow says columns.NAME.value.by for what stands at columns.NAME.by
        place = place.replace(".value", "", 1)
        raise RelatumError("map_invalid", place=place, reason=reason) from None
    given.pop("relatum_map")
    _check_style("date_format", given.get("date_format"))
    for word in ("columns", "composed"):
        for name, column in given.get(word, {}).items():
            _check_style(f"{word}.{name}.date_format", (column or {}).get("date_format"))
    _check_encoding(given.get("encoding", "utf-8"))
    return ImportMap(**{**given, "key": tuple(given.get("key", ()))})


def _check_style(place: str, style: str | None) -> None:
    if style is not None and style not in STYLES:
        reason = f"'{style}' is not a date format. Known: {', '.join(STYLES)}"
        raise RelatumError("map_invalid", place=place, reason=reason)


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError:
        raise RelatumError("map_invalid", place="encoding", reason=f"'{name}' is unknown") from None


def bind(
    catalog: Catalog, entity_type: EntityType, mapping: ImportMap, header: Sequence[str]
) -> list[Column | None]:
    """Return the column of each cell, in the order of the header; None for one left out.

    Raises `column_missing`, `column_unknown`, `field_unknown`, `read_only` or `map_invalid`.
    """
    texts = {name: given["text"] for name, given in mapping.composed.items()}
    composing = (name for text in texts.values() for name in Template(text).columns)
    for name in (*mapping.columns, *composing, *mapping.only):
        if name not in header:
            near = nearest(name, list(header))
            raise RelatumError("column_missing", column=name, nearest=near)
    bound = [_column(catalog, entity_type, mapping, name) for name in header]
    own = dict.fromkeys(mapping.fixed, "fixed")
    filled: list[tuple[Line | None, dict[str, str]]] = [(None, own)]
    for column in bound:
        if column is not None:
            beside, called = _beside(filled, column.line), f"column '{column.name}'"
            _fill(beside, column.field.name, f"columns.{column.name}", called)
    for name, text in texts.items():
        _fill(own, name, f"composed.{name}", f"'{text}'")
    return bound


def _beside(filled: list[tuple[Line | None, dict[str, str]]], line: Line | None) -> dict[str, str]:
    """Return the fields of a line, or of the record itself, that are filled so far, and by what."""
    for other, known in filled:
        if line is other or (line is not None and other is not None and line.is_as(other)):
            return known
    filled.append((line, dict.fromkeys(line.fixed if line else (), "line")))
    return filled[-1][1]


def _fill(filled: dict[str, str], path: str, place: str, called: str) -> None:
    """Note what fills a field; refuse a second one."""
    for name in (path, path.partition(".")[0]):
        if name in filled:
            reason = f"field '{name}' is filled by {filled[name]} too; keep one of them"
            raise RelatumError("map_invalid", place=place, reason=reason)
    filled[path] = called


def compose(
    catalog: Catalog, entity_type: EntityType, mapping: ImportMap
) -> list[tuple[Column, Template]]:
    """Return what is put together of several columns; raise as `make_column`, `field_unknown`."""
    return [
        (
            _given(catalog, given["text"], entity_type.path(name), mapping, given),
            Template(given["text"]),
        )
        for name, given in mapping.composed.items()
    ]


def _column(
    catalog: Catalog, entity_type: EntityType, mapping: ImportMap, name: str
) -> Column | None:
    # No field begins with an underscore: notes beside the data, such as those of refused rows.
    given = mapping.columns.get(name, None if name.startswith("_") else {})
    if given is None:
        return None
    goal = (
        target_of(catalog, entity_type, given["field"])
        if given
        else match(catalog, entity_type, name)
    )
    if goal.list and goal.field.name == "id" and not given and mapping.key != ("id",):
        return None  # Lines of another instance, or of records that are to be made.
    return _given(catalog, name, goal.field, mapping, given, _line(goal, given, name))


def _given(
    catalog: Catalog,
    name: str,
    found: Field,
    mapping: ImportMap,
    given: Mapping[str, Any],
    line: Line | None = None,
) -> Column:
    """Return the column that a map says something of; what it does not say goes for all."""
    style = given.get("date_format")
    if style is None and found.kind == "date":
        style = mapping.date_format
    decimal = given.get("decimal")
    if decimal is None and found.kind in NUMBERS:
        decimal = mapping.decimal
    return make_column(
        catalog, name, found, style=style, values=given.get("values", {}), by=given.get("by"),
        adds=given.get("add", False), decimal=decimal, creates=given.get("create", False),
        identifies=mapping.key == ("id",), first=given.get("first"),
        convert=given.get("convert"), optional=given.get("optional", False), line=line,
    )  # fmt: skip


def _line(goal: Target, given: Mapping[str, Any], name: str) -> Line | None:
    if goal.list is not None:
        return Line(goal.list, given.get("line", _NOTHING), given.get("nth"))
    for word in ("line", "nth"):
        if word in given:
            reason = f"'{goal.path}' is no field of lines"
            raise RelatumError("map_invalid", place=f"columns.{name}.{word}", reason=reason)
    return None


def make_column(
    catalog: Catalog,
    name: str,
    found: Field,
    *,
    style: str | None = None,
    values: Mapping[str, str | None] = _NOTHING,
    by: str | None = None,
    adds: bool = False,
    decimal: str | None = None,
    creates: bool = False,
    identifies: bool = False,
    first: str | None = None,
    convert: str | None = None,
    optional: bool = False,
    line: Line | None = None,
) -> Column:
    """Return a column for a field; `by` names the field of the target that finds a link.

    Raises `read_only`, `map_invalid` or `field_unknown`.
    """
    by_id = found.name == "id" and identifies
    if not by_id and (found.read_only or (found.NUMBERED and not found.settings.get("importable"))):
        raise RelatumError("read_only", field=found.name)
    if adds and not isinstance(found, Several):
        reason = f"'{found.name}' is a {found.kind} field; add is for fields of several values"
        raise RelatumError("map_invalid", place=f"columns.{name}.add", reason=reason)
    ways: dict[str, Any] = {"first": first, "convert": convert, "line": line}
    if not isinstance(found, Lookup):
        for word in [w for w, said in (("by", by), ("optional", optional)) if said]:
            reason = f"'{found.name}' is a {found.kind} field; {word} is for links"
            raise RelatumError("map_invalid", place=f"columns.{name}.{word}", reason=reason)
        return Column(name, found, style, values, adds=adds, decimal=decimal, **ways)
    target = catalog.type(found.target)
    by_field = finder(target, name, by)
    if creates and (by_field.read_only or by_field.name == "id"):
        reason = f"a new {target.name} can't be made from its {by_field.name}"
        raise RelatumError("map_invalid", place=f"columns.{name}.create", reason=reason)
    ways |= {"creates": creates, "optional": optional}
    return Column(name, found, style, values, target, by_field, **ways)


def finder(target: EntityType, column: str, name: str | None) -> Field:
    """Return the field a link is found by: the named one, the title, else a unique field."""
    if name is not None:
        found = target.field(name)
        if isinstance(found, Lookup) or not found.value_type.ordered or found.kind == "boolean":
            reason = f"a {found.kind} field can't find a record"
            raise RelatumError("map_invalid", place=f"columns.{column}.by", reason=reason)
        return found
    titles = target.title_fields
    if len(titles) == 1:
        return titles[0]
    for key in target.keys:
        if len(key.fields) == 1:
            return target.fields[key.fields[0]]
    reason = f"{target.name} has no title of one field and no unique field: say which finds it"
    raise RelatumError("map_invalid", place=f"columns.{column}.by", reason=reason)


def find_key(
    entity_type: EntityType, names: Sequence[str], filled: Sequence[str], *, loose: bool = False
) -> Key | None:
    """Return what records are found by; None for nothing named. Every part must be filled.

    It is a unique key of the type; if `loose`, any fields that are compared.
    """
    if not names:
        return None
    for name in names:
        entity_type.field(name)
        if name not in filled:
            raise RelatumError(
                "map_invalid", place="key", reason=f"no column of the file goes to field '{name}'"
            )
    for key in entity_type.keys:
        if set(key.fields) == set(names):
            return key
    if not loose:
        known = "; ".join(", ".join(key.fields) for key in entity_type.keys) or "none"
        raise RelatumError(
            "key_unknown", type=entity_type.name, fields=", ".join(names), known=known
        )
    for name in names:
        found = entity_type.fields[name]
        if not found.value_type.ordered:
            reason = f"a {found.kind} field can't find a record"
            raise RelatumError("map_invalid", place="key", reason=reason)
    return Key(None, tuple(names), "")
