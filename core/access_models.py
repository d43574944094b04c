"""The fixed tables of roles, grants and shares; `core.models` is where all take them from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class Role(Model):
    """A role: what whoever holds it may do. `owner` is `core` for those that came with Relatum."""

    __tablename__ = "core_role"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    label: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    __table_args__ = ({"sqlite_autoincrement": True},)


class Grant(Model):
    """One action that a role allows: on a type, on all types without a line, or of a plugin."""

    __tablename__ = "core_grant"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    role_id: Mapped[int] = mapped_column(sa.ForeignKey("core_role.id"))
    #: Empty in the line for all types that have none of their own, and for a plugin's permission.
    type_id: Mapped[int | None] = mapped_column(sa.ForeignKey("core_type.id"))
    action: Mapped[str] = mapped_column(Text)
    scope: Mapped[str] = mapped_column(Text)
    #: A filter in JSON, for the scope `criteria`.
    criteria: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (sa.UniqueConstraint("role_id", "type_id", "action", name="uq_core_grant"),)


class FieldGrant(Model):
    """What a role allows of one field, instead of what the line of its type does."""

    __tablename__ = "core_field_grant"
    role_id: Mapped[int] = mapped_column(sa.ForeignKey("core_role.id"), primary_key=True)
    #: A field may be purged; its number is not given again.
    field_id: Mapped[int] = mapped_column(Int64, primary_key=True)
    read: Mapped[bool] = mapped_column(sa.Boolean)
    update: Mapped[bool] = mapped_column(sa.Boolean)
    create: Mapped[bool] = mapped_column(sa.Boolean)


class UserRole(Model):
    """A role that a user holds."""

    __tablename__ = "core_user_role"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(sa.ForeignKey("core_role.id"), primary_key=True)


class TeamRole(Model):
    """A role that everybody in a team holds."""

    __tablename__ = "core_team_role"
    team_id: Mapped[int] = mapped_column(sa.ForeignKey("core_team.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(sa.ForeignKey("core_role.id"), primary_key=True)


class Share(Model):
    """A record that one user, or everybody in a team, may read (and change) besides."""

    __tablename__ = "core_share"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    record_id: Mapped[int] = mapped_column(sa.ForeignKey("core_record.id"))
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("core_user.id"))
    team_id: Mapped[int | None] = mapped_column(sa.ForeignKey("core_team.id"))
    update: Mapped[bool] = mapped_column(sa.Boolean)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[int | None] = mapped_column(Int64)
    __table_args__ = (
        sa.Index("ix_core_share_record_id", "record_id"),
        # A share has one of the two: with the rest in it SQLite would think an index of no use.
        *(
            sa.Index(
                f"ix_core_share_{whom}_id",
                f"{whom}_id",
                "record_id",
                sqlite_where=sa.text(f"{whom}_id IS NOT NULL"),
                postgresql_where=sa.text(f"{whom}_id IS NOT NULL"),
            )
            for whom in ("user", "team")
        ),
        {"sqlite_autoincrement": True},
    )
