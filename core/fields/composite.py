"""Fields of several columns: what they are made of are fields themselves, reached by a dot.

The stored value is a tuple, one place per member. Nothing is stored twice: the whole is put
together from the members' columns when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from .. import types
from ..errors import nearest
from ..storage import Scaled, Text, spelled
from .base import Field, Refused, Setting, kind_of
from .text import clean, fold


class Kept(Enum):
    """Stands for a member that was not sent: a change leaves it as it is."""

    KEPT = "kept"


class Member(NamedTuple):
    """One member of a composite field: its name, label, field type and settings."""

    name: str
    label: str
    type: Callable[..., Field]
    settings: Mapping[str, Any] = {}


def members_of(*names: str) -> Callable[[Any], list[str]]:
    """Return a check for a setting that is a list of members."""

    def check(value: Any) -> list[str]:
        if (
            not isinstance(value, list)
            or not set(value) <= set(names)
            or len(set(value)) < len(value)
        ):
            raise ValueError(f"must be a list of {', '.join(names)}, each once")
        return list(value)

    return check


def member_settings(*names: str) -> dict[str, Setting]:
    """Return the settings of a composite of text members."""
    return {
        "required_members": Setting(
            members_of(*names), "Members that a value can't be without.", "several", names
        ),
        "indexed_members": Setting(
            members_of(*names),
            "Members that lists are filtered and sorted by fast.",
            "several",
            names,
        ),
    }


class Composite(Field):
    """A value of several members, each with columns of its own."""

    CAN_BE_UNIQUE = False
    MEMBERS: ClassVar[tuple[Member, ...]]

    @cached_property
    def members(self) -> Mapping[str, Field]:
        """The members by their short names; their own names have the field's in front."""
        fast = self.settings.get("indexed_members", ())
        return {
            made.name: made.type(
                id=self.id, type_id=self.type_id, name=f"{self.name}.{made.name}",
                column=f"{self.column}__{made.name}", label=f"{self.label} {made.label}",
                owner=self.owner, read_only=self.read_only, personal=self.personal,
                settings=made.settings, zone=self.zone, country=self.country,
                indexed=made.name in fast, sortable=made.name in fast,
            )
            for made in self.MEMBERS
        }  # fmt: skip

    # -- storage ---------------------------------------------------------------------------
    def columns(self) -> list[sa.Column[Any]]:
        return [column for member in self.members.values() for column in member.columns()]

    def store(self, value: tuple[Any, ...] | None) -> tuple[Any, ...]:
        values = value or (None,) * len(self.MEMBERS)
        pairs = zip(self.members.values(), values, strict=True)
        return tuple(stored for member, held in pairs for stored in member.store(held))

    def whole(self, table: Any) -> types.Sql:
        columns = [table.c[member.column] for member in self.members.values()]
        texts = _listed(*(sa.cast(column, sa.Text) for column in columns))
        filled = table.c[self.condition_column("empty")].is_not(None)
        scale = getattr(columns[0].type, "scale", None)
        return sa.type_coerce(sa.case((filled, texts)), _Whole(scale))

    # -- values ----------------------------------------------------------------------------
    def check(self, value: Any) -> tuple[Any, ...] | None:
        """Return the members; those that were not sent are `Kept`, for `merge`."""
        if isinstance(value, tuple) and len(value) == len(self.MEMBERS):
            value = {n: v for n, v in zip(self.members, value, strict=True) if v is not Kept.KEPT}
        if not isinstance(value, dict):
            raise Refused("not_members", members=", ".join(self.members), got=kind_of(value))
        for name in value:
            if name not in self.members:
                shown = str(name)[:80]
                near = nearest(shown, list(self.members))
                raise Refused(
                    "member_unknown", member=shown, known=", ".join(self.members), nearest=near
                )
        checked = tuple(
            self._member(member, value[name]) if name in value else Kept.KEPT
            for name, member in self.members.items()
        )
        return checked if any(held is not None for held in checked) else None

    @staticmethod
    def _member(member: Field, value: Any) -> Any:
        if value is None or value == "":
            return None
        try:
            return member.check(value)
        except Refused as refused:
            refused.problem = refused.problem.at(field=member.name)
            raise

    def merge(self, before: tuple[Any, ...] | None, value: Any) -> Any:
        if value is None:
            return None
        known = before or (None,) * len(self.MEMBERS)
        merged = tuple(b if v is Kept.KEPT else v for b, v in zip(known, value, strict=True))
        if all(held is None for held in merged):
            return None
        for name, held in zip(self.members, merged, strict=True):
            if held is None and name in self.required_members:
                refused = Refused("required")
                refused.problem = refused.problem.at(field=self.members[name].name)
                raise refused
        return merged

    @property
    def required_members(self) -> tuple[str, ...]:
        """Names of the members that a value can't be without."""
        return tuple(self.settings.get("required_members", ()))

    def wire(self, value: tuple[Any, ...] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        pairs = zip(self.members.items(), value, strict=True)
        return {name: member.wire(held) for (name, member), held in pairs}

    def unwire(self, wire: dict[str, Any] | None) -> tuple[Any, ...] | None:
        if wire is None:
            return None
        return tuple(member.unwire(wire.get(name)) for name, member in self.members.items())

    def openapi(self) -> dict[str, Any]:
        made = {}
        for name, member in self.members.items():
            schema = member.openapi()
            needed = name in self.required_members
            made[name] = schema if needed else {**schema, "type": [schema["type"], "null"]}
        return {"type": "object", "properties": made, "additionalProperties": False}


class Worded(Composite):
    """A composite that reads as a text; `contains` looks in it."""

    @property
    def text_column(self) -> str:
        """The column with the fold of the text."""
        return f"{self.column}__t"

    def columns(self) -> list[sa.Column[Any]]:
        return [*super().columns(), sa.Column(self.text_column, Text)]

    def store(self, value: tuple[Any, ...] | None) -> tuple[Any, ...]:
        read = fold(" ".join(self.text(self.wire(value)).split())) if value else None
        return (*super().store(value), read)

    def condition_column(self, operator: str) -> str:
        return self.text_column

    def operand(self, value: Any) -> str:
        return clean(value.strip() if isinstance(value, str) else value, lines=True)

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator in types.FOLDED:
            operand = fold(" ".join(operand.split()))
        return types.arguments(operator, operand)


class _Whole(TypeDecorator[tuple[Any, ...]]):
    """The members of a value, read from the JSON list of their texts."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, scale: int | None = None) -> None:
        super().__init__()
        self.scale = scale

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        raise NotImplementedError("a whole is only read")

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Any, ...] | None:
        if value is None:
            return None
        texts = orjson.loads(value)
        if self.scale is None:
            return tuple(texts)
        scaled = Scaled(self.scale)
        return tuple(scaled.process_result_value(text, dialect) for text in texts)


#: A JSON list, as text.
_listed = spelled(
    "relatum_listed",
    sa.Text(),
    sqlite="json_array({all})",
    postgresql="CAST(jsonb_build_array({all}) AS TEXT)",
)
