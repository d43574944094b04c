"""The fixed table of merges; `core.models` is where everybody takes it from."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Int64, Text

Model: Any = db.Model


class Merge(Model):
    """A record that a change set has put in the trash since another one holds all that it held.

    It counts until the record is restored. `shares` is a JSON list: what the other was shared by.
    """

    __tablename__ = "core_merge"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    record_id: Mapped[int] = mapped_column(sa.ForeignKey("core_record.id"), index=True)
    into_id: Mapped[int] = mapped_column(sa.ForeignKey("core_record.id"), index=True)
    change_set_id: Mapped[int] = mapped_column(sa.ForeignKey("core_change_set.id"), index=True)
    shares: Mapped[str] = mapped_column(Text)
    __table_args__ = ({"sqlite_autoincrement": True},)
