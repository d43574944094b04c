"""The tables of roles, grants and shares: a part of revision 0001, which is long enough already."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text

#: The roles that come with Relatum: name, label, what they are for, and their line for all types.
_ROLES = (
    (
        "manager", "Manager",
        "Sees everything, works with the records of the own team and of all teams beneath it.",
        {
            "read": "all", "create": "all", "update": "tree", "delete": "tree", "restore": "tree",
            "assign": "tree", "share": "tree", "bulk": "tree", "import": "all", "export": "all",
        },
    ),
    (
        "member", "Member",
        "Sees everything, works with the own records and those of the own team.",
        {
            "read": "all", "create": "all", "update": "team", "delete": "team", "restore": "team",
            "assign": "team", "share": "own", "bulk": "team",
        },
    ),
    ("read_only", "Read only", "Sees everything and changes nothing.", {"read": "all"}),
)  # fmt: skip


def _to(name: str, table: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, Int64, sa.ForeignKey(f"{table}.id"), **options)


def make_access() -> None:
    """Make the tables of who may do what."""
    op.create_table(
        "core_role",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        sa.Column("name", Text, nullable=False, unique=True),
        sa.Column("label", Text, nullable=False),
        sa.Column("description", Text),
        sa.Column("owner", Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_grant",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        _to("role_id", "core_role", nullable=False),
        _to("type_id", "core_type"),
        sa.Column("action", Text, nullable=False),
        sa.Column("scope", Text, nullable=False),
        sa.Column("criteria", Text),
        sa.UniqueConstraint("role_id", "type_id", "action", name="uq_core_grant"),
    )
    op.create_table(
        "core_field_grant",
        _to("role_id", "core_role", primary_key=True),
        sa.Column("field_id", Int64, primary_key=True),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("read", "update", "create")),
    )
    for whom in ("user", "team"):
        op.create_table(
            f"core_{whom}_role",
            _to(f"{whom}_id", f"core_{whom}", primary_key=True),
            _to("role_id", "core_role", primary_key=True),
        )
    _shares()


def _shares() -> None:
    op.create_table(
        "core_share",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        _to("record_id", "core_record", nullable=False),
        _to("user_id", "core_user"),
        _to("team_id", "core_team"),
        sa.Column("update", sa.Boolean, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("created_by", Int64),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_core_share_record_id", "core_share", ["record_id"])
    for whom in ("user", "team"):
        there = sa.text(f"{whom}_id IS NOT NULL")
        op.create_index(
            f"ix_core_share_{whom}_id", "core_share", [f"{whom}_id", "record_id"],
            sqlite_where=there, postgresql_where=there,
        )  # fmt: skip


def seed_access() -> None:
    """Make the roles that come with Relatum."""
    bind = op.get_bind()
    roles = sa.table("core_role", *map(sa.column, ("name", "label", "description", "owner")))
    grants = sa.table("core_grant", *map(sa.column, ("role_id", "action", "scope")))
    for place, (name, label, description, actions) in enumerate(_ROLES, 1):
        row = {"name": name, "label": label, "description": description, "owner": "core"}
        bind.execute(sa.insert(roles), row)
        bind.execute(
            sa.insert(grants),
            [{"role_id": place, "action": a, "scope": s} for a, s in actions.items()],
        )
