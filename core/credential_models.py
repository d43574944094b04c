"""The fixed tables by which people and programs get in; no query on records reaches them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .db import db
from .storage import Instant, Int64, Text

Model: Any = db.Model


class Credential(Model):
    """A user's password hash (argon2); unreachable from queries."""

    __tablename__ = "core_credential"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class SignIn(Model):
    """A session of a browser; the id in the cookie is hashed here."""

    __tablename__ = "core_session"
    id_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), index=True)
    #: As whom an administrator looks at the instance in this session.
    as_user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("core_user.id"))
    csrf: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class Token(Model):
    """A bearer token, hashed; its text is shown once."""

    __tablename__ = "core_token"
    id: Mapped[int] = mapped_column(Int64, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    reads_only: Mapped[bool] = mapped_column(sa.Boolean)
    #: JSON: what it leaves of its user's rights; without one, all of them.
    scope: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)


class Link(Model):
    """A one-time sign-in link, or the ticket of a half sign-in, hashed; gone once used."""

    __tablename__ = "core_link"
    id_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"))
    expires_at: Mapped[datetime] = mapped_column(Instant)


class SecondFactor(Model):
    """What makes a user's codes: the app's secret, encrypted; it counts once it was confirmed."""

    __tablename__ = "core_second_factor"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None] = mapped_column(Instant)
    #: The half-minute of the last code that was used: none is used twice.
    last_step: Mapped[int] = mapped_column(Int64)
    #: Wrong codes in a row, and until when no further one is looked at.
    failures: Mapped[int] = mapped_column(sa.Integer)
    wait_until: Mapped[datetime | None] = mapped_column(Instant)


class Identity(Model):
    """What a sign-in provider calls a user who has come in by it; one user, one name of each."""

    __tablename__ = "core_identity"
    __table_args__ = (sa.UniqueConstraint("user_id", "issuer"),)
    issuer: Mapped[str] = mapped_column(Text, primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"))
    linked_at: Mapped[datetime] = mapped_column(Instant)
    last_used_at: Mapped[datetime] = mapped_column(Instant)


class RecoveryCode(Model):
    """A code for whoever has lost his app, hashed; gone once used."""

    __tablename__ = "core_recovery_code"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
