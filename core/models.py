"""The few fixed tables, `core_*`. Records live in tables of their own, made from the catalog."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from .access_models import FieldGrant as FieldGrant
from .access_models import Grant as Grant
from .access_models import Role as Role
from .access_models import Share as Share
from .access_models import TeamRole as TeamRole
from .access_models import UserRole as UserRole
from .audit_models import AuditEntry as AuditEntry
from .audit_models import Seal as Seal
from .credential_models import Credential as Credential
from .credential_models import Identity as Identity
from .credential_models import Link as Link
from .credential_models import RecoveryCode as RecoveryCode
from .credential_models import SecondFactor as SecondFactor
from .credential_models import SignIn as SignIn
from .credential_models import Token as Token
from .db import db
from .import_models import ImportLine as ImportLine
from .import_models import KnownMap as KnownMap
from .import_models import Upload as Upload
from .import_models import UploadPiece as UploadPiece
from .job_models import Follower as Follower
from .job_models import Job as Job
from .job_models import JobSchedule as JobSchedule
from .job_models import JobsProcess as JobsProcess
from .job_models import Worker as Worker
from .ledger_models import PluginMigration as PluginMigration
from .mail_models import Mail as Mail
from .merge_models import Merge as Merge
from .plugin_models import PluginSetting as PluginSetting
from .storage import Instant, Int64, Text

Model: Any = db.Model


def _id() -> Mapped[int]:
    return mapped_column(Int64, primary_key=True, autoincrement=True)


def _given_id() -> Mapped[int]:
    # Given by whoever applies a plan, from one counter: never used twice.
    return mapped_column(Int64, primary_key=True, autoincrement=False)


class Epoch(Model):
    """The one row with the generations that every transaction reads first."""

    __tablename__ = "core_epoch"
    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    plugins: Mapped[int] = mapped_column(sa.Integer)
    catalog: Mapped[int] = mapped_column(sa.Integer)
    access: Mapped[int] = mapped_column(sa.Integer)
    core: Mapped[int] = mapped_column(sa.Integer)
    #: How often processes were told to make room for new ones, which run new code of plugins.
    code: Mapped[int] = mapped_column(sa.Integer)


class Setting(Model):
    """What the instance as a whole was told at `init`: currency, time zone, language, keys."""

    __tablename__ = "core_setting"
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Generation(Model):
    """One applied change of metadata: which, when, by whom, and what takes it back."""

    __tablename__ = "core_generation"
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[int | None] = mapped_column(Int64)
    #: Who declared it: local, or a plugin.
    owner: Mapped[str] = mapped_column(Text)
    changes: Mapped[str] = mapped_column(Text)
    #: A JSON list with a change, or null, for each of them.
    reverse: Mapped[str] = mapped_column(Text)


class Type(Model):
    """An entity type. `table_name` is physical and equals the name unless that was taken."""

    __tablename__ = "core_type"
    id: Mapped[int] = _given_id()
    name: Mapped[str] = mapped_column(Text)
    table_name: Mapped[str] = mapped_column(Text, unique=True)
    owner: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    plural: Mapped[str] = mapped_column(Text)
    icon: Mapped[str | None] = mapped_column(Text)
    hue: Mapped[int | None] = mapped_column(sa.Integer)
    description: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    #: How its record page is laid out, as JSON.
    layout: Mapped[str] = mapped_column(Text)
    created_in: Mapped[int] = mapped_column(sa.Integer)
    changed_in: Mapped[int] = mapped_column(sa.Integer)
    trashed_in: Mapped[int | None] = mapped_column(sa.Integer)
    #: A purged type has no table any more; the spine and the history still name it.
    purged_in: Mapped[int | None] = mapped_column(sa.Integer)
    __table_args__ = (
        sa.Index(
            "ux_core_type_name",
            "name",
            unique=True,
            sqlite_where=sa.text("trashed_in IS NULL"),
            postgresql_where=sa.text("trashed_in IS NULL"),
        ),
    )


class FieldRow(Model):
    """A field of an entity type; `settings` holds what only its field type knows."""

    __tablename__ = "core_field"
    id: Mapped[int] = _given_id()
    type_id: Mapped[int] = mapped_column(sa.ForeignKey("core_type.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    column_name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    #: The kernel's field type that stores it, where a plugin's field type is not there.
    stored_as: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    help: Mapped[str | None] = mapped_column(Text)
    required: Mapped[bool] = mapped_column(sa.Boolean)
    is_unique: Mapped[bool] = mapped_column(sa.Boolean)
    indexed: Mapped[bool] = mapped_column(sa.Boolean)
    sortable: Mapped[bool] = mapped_column(sa.Boolean)
    personal: Mapped[bool] = mapped_column(sa.Boolean)
    default_value: Mapped[str | None] = mapped_column(Text)
    settings: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(sa.Integer)
    trashed_in: Mapped[int | None] = mapped_column(sa.Integer)
    #: The field whose place it takes, of another type; and how, as JSON, while that goes on.
    retypes: Mapped[int | None] = mapped_column(Int64)
    conversion: Mapped[str | None] = mapped_column(Text)
    __table_args__ = (
        sa.UniqueConstraint("type_id", "column_name", name="uq_core_field_column"),
        sa.Index(
            "ux_core_field_name",
            "type_id",
            "name",
            unique=True,
            sqlite_where=sa.text("trashed_in IS NULL"),
            postgresql_where=sa.text("trashed_in IS NULL"),
        ),
    )


class Option(Model):
    """An option of a choice field; `value` is stable, `category` is such as open, won, lost."""

    __tablename__ = "core_option"
    id: Mapped[int] = _given_id()
    field_id: Mapped[int] = mapped_column(sa.ForeignKey("core_field.id"))
    value: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    hue: Mapped[int | None] = mapped_column(sa.Integer)
    category: Mapped[str | None] = mapped_column(Text)
    position: Mapped[int] = mapped_column(sa.Integer)
    retired: Mapped[bool] = mapped_column(sa.Boolean)
    owner: Mapped[str] = mapped_column(Text)
    #: Values of the field's controlling choice, as a JSON list.
    when_values: Mapped[str] = mapped_column(Text)
    #: Names of fields that it needs a value of, as a JSON list; what entering it sets, as a JSON
    #: object of values by field.
    needs: Mapped[str] = mapped_column(Text)
    sets: Mapped[str] = mapped_column(Text)
    __table_args__ = (sa.UniqueConstraint("field_id", "value", name="uq_core_option_value"),)


class Key(Model):
    """A compound unique key: `fields` are names of the type's fields, joined by commas."""

    __tablename__ = "core_key"
    id: Mapped[int] = _given_id()
    type_id: Mapped[int] = mapped_column(sa.ForeignKey("core_type.id"), index=True)
    fields: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    trashed_in: Mapped[int | None] = mapped_column(sa.Integer)


class Counter(Model):
    """The last number that an auto_number field gave, in a period (a year, or all time)."""

    __tablename__ = "core_counter"
    field_id: Mapped[int] = mapped_column(sa.ForeignKey("core_field.id"), primary_key=True)
    period: Mapped[str] = mapped_column(Text, primary_key=True)
    #: The mask that it was worked out for: a new one looks for its numbers first.
    mask: Mapped[str] = mapped_column(Text)
    last: Mapped[int] = mapped_column(Int64)


class View(Model):
    """A list of an entity type that everybody can open; `query` is JSON."""

    __tablename__ = "core_view"
    id: Mapped[int] = _given_id()
    type_id: Mapped[int] = mapped_column(sa.ForeignKey("core_type.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(sa.Integer)
    hidden: Mapped[bool] = mapped_column(sa.Boolean)
    __table_args__ = (sa.UniqueConstraint("type_id", "name"),)


class UserView(Model):
    """A list that one user saved for himself."""

    __tablename__ = "core_user_view"
    id: Mapped[int] = _id()
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"))
    type_id: Mapped[int] = mapped_column(sa.ForeignKey("core_type.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(sa.Integer)
    __table_args__ = (sa.UniqueConstraint("user_id", "type_id", "name"),)


class UserPreference(Model):
    """Something that a page keeps for one user: a name and JSON."""

    __tablename__ = "core_user_preference"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("core_user.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class Patch(Model):
    """An administrator's change of what a plugin owns: one property, as JSON, and its base.

    `base_value` is what the plugin said when the change was made; `target_kind` is type, field,
    option or view.
    """

    __tablename__ = "core_patch"
    id: Mapped[int] = _given_id()
    target_kind: Mapped[str] = mapped_column(Text)
    target_id: Mapped[int] = mapped_column(Int64)
    property: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Text)
    base_value: Mapped[str] = mapped_column(Text)
    __table_args__ = (
        sa.UniqueConstraint(
            "target_kind", "target_id", "property", name="uq_core_patch_target_kind"
        ),
    )


class PluginRow(Model):
    """A plugin that was enabled once; `fault` says why it does not run although it should.

    One that was removed keeps its row, as long as its data is kept.
    """

    __tablename__ = "core_plugin"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(sa.Boolean)
    fault: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    manifest: Mapped[str] = mapped_column(Text)
    installed_at: Mapped[datetime] = mapped_column(Instant)
    enabled_at: Mapped[datetime | None] = mapped_column(Instant)
    removed_at: Mapped[datetime | None] = mapped_column(Instant)
    #: JSON: what it declared when it was enabled last; and, once it is removed, what an
    #: administrator had changed of that.
    #: Why it is held back although it is enabled: it failed again and again.
    held: Mapped[str | None] = mapped_column(Text)
    declared: Mapped[str | None] = mapped_column(Text)
    changed: Mapped[str | None] = mapped_column(Text)


class PluginCost(Model):
    """What the calls of one part of a plugin came to; times in microseconds."""

    __tablename__ = "core_plugin_cost"
    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    part: Mapped[str] = mapped_column(Text, primary_key=True)
    calls: Mapped[int] = mapped_column(Int64)
    failures: Mapped[int] = mapped_column(Int64)
    slow: Mapped[int] = mapped_column(Int64)
    micros: Mapped[int] = mapped_column(Int64)
    longest: Mapped[int] = mapped_column(Int64)
    rows: Mapped[int] = mapped_column(Int64)
    statements: Mapped[int] = mapped_column(Int64)
    #: Of the last failure, or the last call that took too long.
    reason: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime | None] = mapped_column(Instant)
    since: Mapped[datetime] = mapped_column(Instant)


class Record(Model):
    """The spine: every record's id and type, for ever (D3)."""

    __tablename__ = "core_record"
    id: Mapped[int] = _id()
    type_id: Mapped[int] = mapped_column(sa.ForeignKey("core_type.id"))
    __table_args__ = ({"sqlite_autoincrement": True},)


class ChangeSet(Model):
    """One transaction that wrote records, in a job or not, by a `generation` of the catalog."""

    __tablename__ = "core_change_set"
    id: Mapped[int] = _id()
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[int | None] = mapped_column(Int64)
    source: Mapped[str] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(sa.Integer)
    job_id: Mapped[int | None] = mapped_column(Int64)
    #: The change set whose work this one has put back: each is undone once.
    undoes: Mapped[int | None] = mapped_column(Int64, unique=True)
    #: Its place in the order of commits, without gaps; empty until somebody asks for that order.
    position: Mapped[int | None] = mapped_column(Int64, unique=True)
    __table_args__ = (
        sa.Index("ix_core_change_set_actor_id_id", "actor_id", "id"),
        sa.Index("ix_core_change_set_at", "at"),
        sa.Index("ix_core_change_set_generation_at", "generation", "at"),
        sa.Index(
            "ix_core_change_set_job_id_id",
            "job_id",
            "id",
            sqlite_where=sa.text("job_id IS NOT NULL"),
            postgresql_where=sa.text("job_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )


class Change(Model):
    """What one change set did to one record: `data` is JSON {field: [before, after]}."""

    __tablename__ = "core_change"
    id: Mapped[int] = _id()
    change_set_id: Mapped[int] = mapped_column(sa.ForeignKey("core_change_set.id"))
    record_id: Mapped[int] = mapped_column(sa.ForeignKey("core_record.id"), index=True)
    op: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(sa.Integer)
    data: Mapped[str] = mapped_column(Text)
    __table_args__ = (sa.Index("ix_core_change_change_set_id_id", "change_set_id", "id"),)


class User(Model):
    """People: an entity type of the catalog on a fixed table, extendable with fields."""

    __tablename__ = "core_user"
    id: Mapped[int] = mapped_column(sa.ForeignKey("core_record.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name__k: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    email__k: Mapped[str | None] = mapped_column(Text)
    admin: Mapped[bool] = mapped_column(sa.Boolean)
    active: Mapped[bool] = mapped_column(sa.Boolean)
    language: Mapped[str | None] = mapped_column(Text)
    language__k: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    timezone__k: Mapped[str | None] = mapped_column(Text)
    #: No person but a program, which comes in by tokens alone.
    service: Mapped[bool] = mapped_column(sa.Boolean)


class Team(Model):
    """Teams, a tree: an entity type of the catalog on a fixed table."""

    __tablename__ = "core_team"
    id: Mapped[int] = mapped_column(sa.ForeignKey("core_record.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name__k: Mapped[str] = mapped_column(Text)
    parent: Mapped[int | None] = mapped_column(sa.ForeignKey("core_team.id"))


class Idempotency(Model):
    """The answer to a request that carried an Idempotency-Key."""

    __tablename__ = "core_idempotency"
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    actor_id: Mapped[int] = mapped_column(Int64, primary_key=True)
    request_hash: Mapped[str] = mapped_column(Text)
    status: Mapped[int | None] = mapped_column(sa.Integer)
    headers: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
