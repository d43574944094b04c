"""Where the fields of a lead go: what comes with sales, equal custom fields, an administrator's.

A line of the administrator is `FIELD = TYPE.FIELD`, or `FIELD = TYPE` if the field goes nowhere
there. Lines are kept in the setting `lead_mapping`; one that has become stale is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from relatum import Actor, RelatumError, catalog, fields, plugin_host

LEAD: Final = "lead"
ACCOUNT: Final = "account"
CONTACT: Final = "contact"
DEAL: Final = "opportunity"
#: What a lead becomes, in the order in which it is made.
TYPES: Final = (ACCOUNT, CONTACT, DEAL)
SETTING: Final = "lead_mapping"
#: Where a line comes from.
SHIPPED, ALIKE, OWN = "shipped", "alike", "own"
_LINE: Final = re.compile(
    r"\s*([a-z][a-z0-9_]*)\s*=\s*([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?\s*"
)
#: Fields of a lead that say what became of it, or belong to every record.
_APART: Final = frozenset({"status", ACCOUNT, CONTACT})
_DEFAULT: Final = {
    ACCOUNT: {
        "company": "name", "website": "website", "employees": "employees",
        "address": "billing_address",
    },
    CONTACT: {
        "name": "name", "job_title": "job_title", "email": "email", "phone": "phone",
        "mobile": "mobile", "address": "address",
    },
    DEAL: {
        "subject": "name", "estimated_amount": "amount", "estimated_close_date": "close_date",
        "source": "source", "description": "description",
    },
}  # fmt: skip
#: Kinds that hold all that another kind holds, besides itself.
_HOLDS: Final = {
    "text": ("long_text",), "email": ("text", "long_text"), "phone": ("text", "long_text"),
    "url": ("text", "long_text"), "integer": ("decimal",),
}  # fmt: skip
#: Kinds whose values are never carried: a secret is not read, a number is the record's own.
_NEVER: Final = frozenset({"encrypted", "auto_number"})


class Line(NamedTuple):
    """A field of leads and the field of a type that it goes to; nowhere without a target."""

    source: str
    type: str
    target: str | None
    origin: str = SHIPPED

    def __str__(self) -> str:
        return f"{self.source} = {self.type}" + (f".{self.target}" if self.target else "")

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return {
            "source": self.source, "type": self.type, "target": self.target, "origin": self.origin,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mapped:
    """The lines that hold, and an administrator's lines that do not, each with the reason."""

    lines: tuple[Line, ...]
    stale: tuple[tuple[str, RelatumError], ...] = ()

    def of(self, type_name: str) -> list[Line]:
        """Return the lines by which records of a type are filled."""
        return [each for each in self.lines if each.type == type_name and each.target]


def maker() -> str:
    """Return the id of the plugin that leads belong to: whoever calls, its settings count."""
    return catalog.current().type(LEAD).owner


def own_lines() -> tuple[str, ...]:
    """Return the lines of the administrator as they are kept."""
    return tuple(plugin_host.context_of(maker()).settings.get(SETTING) or ())


def mapped() -> Mapped:
    """Return the mapping as it holds now.

    An administrator's line goes before a shipped one of the same source or target.
    """
    known = catalog.current()
    good: list[Line] = []
    stale: list[tuple[str, RelatumError]] = []
    for text in own_lines():
        try:
            good.append(checked(known, text, good))
        except RelatumError as wrong:
            stale.append((text, wrong))
    lines = [*good]
    for line in (*_shipped(known), *_alike(known)):
        said = any(
            line.type == other.type and (line.source == other.source or line.target == other.target)
            for other in lines
        )
        if not said:
            lines.append(line)
    return Mapped(tuple(lines), tuple(stale))


def _shipped(known: catalog.Catalog) -> Iterable[Line]:
    for type_name, pairs in _DEFAULT.items():
        for source, target in pairs.items():
            line = Line(source, type_name, target)
            if _wrong(known, line) is None:
                yield line


def _alike(known: catalog.Catalog) -> Iterable[Line]:
    """Yield a line for each field that was added to leads and, alike, to what they become."""
    for field in known.type(LEAD).fields.values():
        if field.owner in ("system", maker()):
            continue
        for type_name in TYPES:
            target = _field(known, type_name, field.name)
            line = Line(field.name, type_name, field.name, ALIKE)
            if target is not None and target.kind == field.kind and _wrong(known, line) is None:
                yield line


def checked(known: catalog.Catalog, text: str, others: Sequence[Line] = ()) -> Line:
    """Return the line that a text means; raise what is wrong with it."""
    found = _LINE.fullmatch(text)
    if found is None or found[2] not in TYPES:
        raise RelatumError("sales_map_line_invalid", line=text[:100])
    line = Line(found[1], found[2], found[3], OWN)
    wrong = _wrong(known, line)
    if wrong is not None:
        raise wrong
    same = (each for each in others if each.type == line.type)
    for each in same:
        if each.source == line.source or (line.target and each.target == line.target):
            place = {"type": line.type, "field": line.target or line.source}
            raise RelatumError("sales_map_target_twice", line=str(line), **place)
    return line


def _wrong(known: catalog.Catalog, line: Line) -> RelatumError | None:
    """Return why a line can't be; None: it can."""
    source = _field(known, LEAD, line.source)
    if source is None or line.source in _APART:
        return _unknown(line, LEAD, line.source)
    if line.target is None:
        return None
    target = _field(known, line.type, line.target)
    if target is None or target.read_only:
        return _unknown(line, line.type, line.target)
    if not _fits(source, target):
        kinds = {"kind": source.kind, "wanted": target.kind}
        return RelatumError("sales_map_kinds_differ", line=str(line), **kinds)
    return None


def _unknown(line: Line, type_name: str, name: str) -> RelatumError:
    place = {"type": type_name, "field": name}
    return RelatumError("sales_map_field_unknown", line=str(line), **place)


def _field(known: catalog.Catalog, type_name: str, name: str) -> fields.Field | None:
    """Return a field that takes part in mappings; None if there is no such one."""
    entity_type = known.types.get(type_name)
    field = entity_type.fields.get(name) if entity_type is not None else None
    if field is None or field.owner == "system" or field.kind in _NEVER or field.NUMBERED:
        return None
    return field


def _fits(source: fields.Field, target: fields.Field) -> bool:
    """Say whether a field holds what another one has."""
    if source.is_link or target.is_link:
        alike = source.kind == target.kind
        return alike and set(_targets(source)) <= set(_targets(target))
    return source.kind == target.kind or target.kind in _HOLDS.get(source.kind, ())


def _targets(field: Any) -> tuple[str, ...]:
    return tuple(field.targets) if field.is_link else ()


def keep(lines: Sequence[str], *, actor: Actor) -> bool:
    """Keep the lines of the administrator, in place of those before; say whether any is new.

    In the open exclusive transaction. Raises `forbidden` and what is wrong with a line.
    """
    known, good = catalog.current(), list[Line]()
    for text in lines:
        good.append(checked(known, text, good))
    values: Mapping[str, Any] = {SETTING: [str(line) for line in good] or None}
    return plugin_host.change_settings(maker(), values, actor=actor)


def joined(kept: Iterable[str], lines: Iterable[str]) -> list[str]:
    """Return lines with further ones; one takes the place of that of the same field and type."""
    made: dict[Any, str] = {}
    for text in (*kept, *lines):
        found = _LINE.fullmatch(text)
        made[(found[1], found[2]) if found else text] = text
    return list(made.values())


def sources() -> list[str]:
    """Return the fields of leads that can be mapped, in order."""
    known = catalog.current()
    names = known.type(LEAD).fields
    return [n for n in names if n not in _APART and _field(known, LEAD, n) is not None]


def targets() -> dict[str, list[str]]:
    """Return the fields that can be filled, by type, in order."""
    known, found = catalog.current(), dict[str, list[str]]()
    for type_name in TYPES:
        entity_type = known.type(type_name)
        fit = (f for f in entity_type.own_fields if _field(known, type_name, f.name))
        found[type_name] = [field.name for field in fit]
    return found
