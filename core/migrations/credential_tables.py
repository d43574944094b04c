"""The tables by which people get in: a part of revision 0001, which is long enough without them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from ..storage import Instant, Int64, Text


def _user(**options: Any) -> sa.Column[Any]:
    return sa.Column("user_id", Int64, sa.ForeignKey("core_user.id"), nullable=False, **options)


def _passwords() -> None:
    op.create_table(
        "core_credential",
        _user(primary_key=True, autoincrement=False),
        sa.Column("password_hash", Text, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
    )


def _second_factors() -> None:
    op.create_table(
        "core_second_factor",
        _user(primary_key=True, autoincrement=False),
        sa.Column("secret", Text, nullable=False),
        sa.Column("confirmed_at", Instant),
        sa.Column("last_step", Int64, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("wait_until", Instant),
    )
    op.create_table(
        "core_recovery_code",
        _user(primary_key=True, autoincrement=False),
        sa.Column("code_hash", Text, primary_key=True),
    )


def _identities() -> None:
    op.create_table(
        "core_identity",
        sa.Column("issuer", Text, primary_key=True),
        sa.Column("subject", Text, primary_key=True),
        _user(),
        sa.Column("linked_at", Instant, nullable=False),
        sa.Column("last_used_at", Instant, nullable=False),
        sa.UniqueConstraint("user_id", "issuer"),
    )


def _tokens() -> None:
    op.create_table(
        "core_token",
        sa.Column("id", Int64, primary_key=True, autoincrement=True),
        _user(index=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("token_hash", Text, nullable=False, unique=True),
        sa.Column("reads_only", sa.Boolean, nullable=False),
        sa.Column("scope", Text),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("last_used_at", Instant),
    )


def _sessions() -> None:
    op.create_table(
        "core_session",
        sa.Column("id_hash", Text, primary_key=True),
        _user(index=True),
        sa.Column("as_user_id", Int64, sa.ForeignKey("core_user.id")),
        sa.Column("csrf", Text, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
    )


def make_credentials() -> None:
    """Make the tables of passwords, second factors, identities, sessions, links and tokens."""
    _passwords()
    _second_factors()
    _identities()
    _sessions()
    _tokens()
    op.create_table(
        "core_link",
        sa.Column("id_hash", Text, primary_key=True),
        sa.Column("kind", Text, nullable=False),
        _user(),
        sa.Column("expires_at", Instant, nullable=False),
    )
    _idempotency()


def _idempotency() -> None:
    op.create_table(
        "core_idempotency",
        sa.Column("key", Text, primary_key=True),
        sa.Column("actor_id", Int64, primary_key=True, autoincrement=False),
        sa.Column("request_hash", Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", Text),
        sa.Column("body", Text),
        sa.Column("created_at", Instant, nullable=False),
    )
