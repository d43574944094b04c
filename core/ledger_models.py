"""The fixed table of what was done for the tables of plugins; `core.models` is where it is from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class PluginMigration(Model):
    """A numbered step that made or changed a plugin's own tables, in the step's transaction."""

    __tablename__ = "core_plugin_migration"
    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    #: SHA-256 of the file that it was: code that says something else now is refused.
    checksum: Mapped[str] = mapped_column(Text)
    #: JSON: the plugin's tables as they are after the step, and what takes the step back.
    tables: Mapped[str] = mapped_column(Text)
    down: Mapped[str] = mapped_column(Text)
    applied_at: Mapped[datetime] = mapped_column(Instant)
    #: applied; or filling, as long as its data step is not done.
    state: Mapped[str] = mapped_column(Text)
    #: JSON: where the data step goes on, and how much it has done.
    checkpoint: Mapped[str | None] = mapped_column(Text)
    filled: Mapped[int] = mapped_column(Int64)
