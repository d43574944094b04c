"""The fixed table of plugins' settings; `core.models` is where everybody takes it from."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Text

Model: Any = db.Model


class PluginSetting(Model):
    """A setting of a plugin: `value` is JSON, or `sealed` is a secret as the key ring has it."""

    __tablename__ = "core_plugin_setting"
    plugin: Mapped[str] = mapped_column(Text, sa.ForeignKey("core_plugin.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)
