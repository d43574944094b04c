"""Text that the database holds encrypted, for one record and field."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from .. import keys, types
from ..storage import Text
from .base import Field, Setting, whole
from .text import LongText, clean

#: Longest text that is encrypted.
ENCRYPTED_LIMIT: Final = 10_000


class Lost:
    """Stands for a text that can't be decrypted: it reads as empty, and is not emptied by that."""

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Lost)

    def __hash__(self) -> int:
        return hash(None)

    def __bool__(self) -> bool:
        return False


LOST: Final = Lost()


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


class _Opened(TypeDecorator[Any]):
    """`ID:SEALED` as it is selected, decrypted when it is read."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, field_id: int) -> None:
        super().__init__()
        self.field_id = field_id

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        id_, _, sealed = value.partition(":")
        found = keys.ring().open(sealed, f"{self.field_id}:{id_}")
        return LOST if found is None else found


class Encrypted(Field):
    """Text that only who has the keys can read in the database."""

    kind = "encrypted"
    summary = (
        "Text that the database, its backups and the history hold encrypted (AES-GCM), bound to "
        "the record and the field. Never sorted by, never searched in; compared as a whole only "
        "if it is filterable. Without its key a value reads as empty, and nothing else suffers."
    )
    EXAMPLE = '"DE02 1203 0000 0000 2020 51"'
    value_type = types.ENCRYPTED
    SETTINGS = {
        "max_length": Setting(
            whole(1, ENCRYPTED_LIMIT), "Most characters; default and limit 10,000."
        ),
        "pattern": LongText.SETTINGS["pattern"],
        "filterable": Setting(
            _flag,
            "`true` keeps a keyed digest beside it, for `eq`, `ne`, `in`, `nin` and `unique`: the "
            "database then shows which records have the same value. It can't change.",
            "flag",
        ),
    }

    @property
    def filterable(self) -> bool:
        """Whether it is compared, and can be unique."""
        return bool(self.settings.get("filterable"))

    @property
    def key_column(self) -> str:
        return f"{self.column}__h" if self.filterable else self.column

    def columns(self) -> list[sa.Column[Any]]:
        made = [sa.Column(self.column, Text)]
        return [*made, sa.Column(self.key_column, Text)] if self.filterable else made

    def whole(self, table: Any) -> types.Sql:
        named = sa.cast(table.c.id, sa.Text) + sa.literal_column("':'", sa.Text)
        return sa.type_coerce(named + table.c[self.column], _Opened(self.id))

    def store_in(self, id_: int, value: str | None) -> tuple[Any, ...]:
        sealed = self.record(id_, value)
        return (sealed, self.key(value)) if self.filterable else (sealed,)

    def record(self, id_: int, value: Any) -> Any:
        if not isinstance(value, str):
            return None
        return keys.ring().seal(value, f"{self.id}:{id_}")

    def recall(self, id_: int, recorded: Any) -> Any:
        return recorded and keys.ring().open(recorded, f"{self.id}:{id_}")

    def store_recorded(self, id_: int, recorded: Any) -> tuple[Any, ...]:
        # As it was sealed then: a text whose key is lost is not emptied by that.
        digest = self.key(self.recall(id_, recorded)) if self.filterable else None
        return (recorded, digest) if self.filterable else (recorded,)

    def key(self, value: Any) -> Any:
        return keys.ring().digest(value, str(self.id)) if isinstance(value, str) else None

    def check(self, value: Any) -> str | None:
        text = clean(value.strip() if isinstance(value, str) else value, lines=False)
        limits = LongText(
            id=0, type_id=0, name=self.name, column="", label="",
            settings={"max_length": ENCRYPTED_LIMIT, **self.settings},
        )  # fmt: skip
        return limits.check(text)

    def operand(self, value: Any) -> str:
        return clean(value.strip() if isinstance(value, str) else value, lines=False)

    def wire(self, value: Any) -> Any:
        return value if isinstance(value, str) else None

    @property
    def operators(self) -> tuple[str, ...]:
        return ("eq", "ne", "in", "nin", "empty") if self.filterable else ("empty",)

    def condition_column(self, operator: str) -> str:
        return self.column if operator == "empty" else self.key_column

    def arguments(self, operator: str, operand: Any) -> tuple[Any, ...]:
        if operator in ("in", "nin"):
            return (tuple(self.key(text) for text in operand),)
        return types.arguments(operator, self.key(operand) if operator != "empty" else operand)

    def openapi(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.settings.get("max_length", ENCRYPTED_LIMIT)}
