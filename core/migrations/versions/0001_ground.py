"""The ground: epochs, catalog, spine, change sets, people and their credentials.

`user` and `team` are entity types on fixed tables, so their rows of the catalog are made here.
"""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

from relatum.core.migrations.access_tables import make_access, seed_access
from relatum.core.migrations.audit_tables import make_audit
from relatum.core.migrations.credential_tables import make_credentials
from relatum.core.migrations.import_tables import make_imports, make_maps
from relatum.core.migrations.job_tables import make_jobs, seed_jobs
from relatum.core.migrations.ledger_tables import make_ledger
from relatum.core.migrations.mail_tables import make_mail
from relatum.core.migrations.plugin_tables import make_plugins
from relatum.core.storage import Instant, Int64, Text

revision = "0001"
down_revision = None


def _id() -> sa.Column[Any]:
    return sa.Column("id", Int64, primary_key=True, autoincrement=True)


def _given_id() -> sa.Column[Any]:
    return sa.Column("id", Int64, primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Make every fixed table."""
    _ground()
    _catalog()
    _plugins()
    make_ledger()
    make_jobs()
    make_imports()
    make_maps()
    make_mail()
    _spine()
    _people()
    make_credentials()
    make_audit()
    _views()
    make_access()
    _seed()
    seed_access()


def _ground() -> None:
    op.create_table(
        "core_epoch",
        sa.Column("id", sa.SmallInteger, primary_key=True),
        *(
            sa.Column(n, sa.Integer, nullable=False)
            for n in ("plugins", "catalog", "access", "core", "code")
        ),
    )
    op.create_table(
        "core_setting",
        sa.Column("name", Text, primary_key=True),
        sa.Column("value", Text, nullable=False),
    )
    op.create_table(
        "core_generation",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_id", Int64),
        *(sa.Column(name, Text, nullable=False) for name in ("owner", "changes", "reverse")),
    )


def _catalog() -> None:
    op.create_table(
        "core_type",
        _given_id(),
        sa.Column("name", Text, nullable=False),
        sa.Column("table_name", Text, nullable=False, unique=True),
        sa.Column("owner", Text, nullable=False),
        sa.Column("label", Text, nullable=False),
        sa.Column("plural", Text, nullable=False),
        sa.Column("icon", Text),
        sa.Column("hue", sa.Integer),
        sa.Column("description", Text),
        sa.Column("title", Text, nullable=False),
        sa.Column("layout", Text, nullable=False),
        sa.Column("created_in", sa.Integer, nullable=False),
        sa.Column("changed_in", sa.Integer, nullable=False),
        sa.Column("trashed_in", sa.Integer),
        sa.Column("purged_in", sa.Integer),
    )
    op.create_table(
        "core_field",
        _given_id(),
        sa.Column("type_id", Int64, sa.ForeignKey("core_type.id"), nullable=False, index=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("column_name", Text, nullable=False),
        sa.Column("kind", Text, nullable=False),
        sa.Column("stored_as", Text),
        sa.Column("owner", Text, nullable=False),
        sa.Column("label", Text, nullable=False),
        sa.Column("help", Text),
        *(
            sa.Column(name, sa.Boolean, nullable=False)
            for name in ("required", "is_unique", "indexed", "sortable", "personal")
        ),
        sa.Column("default_value", Text),
        sa.Column("settings", Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("trashed_in", sa.Integer),
        sa.Column("retypes", Int64),
        sa.Column("conversion", Text),
        sa.UniqueConstraint("type_id", "column_name", name="uq_core_field_column"),
    )
    live = sa.text("trashed_in IS NULL")
    for table, name, columns in (
        ("core_type", "ux_core_type_name", ["name"]),
        ("core_field", "ux_core_field_name", ["type_id", "name"]),
    ):
        op.create_index(name, table, columns, unique=True, sqlite_where=live, postgresql_where=live)
    op.create_table(
        "core_option",
        _given_id(),
        sa.Column("field_id", Int64, sa.ForeignKey("core_field.id"), nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.Column("label", Text, nullable=False),
        sa.Column("hue", sa.Integer),
        sa.Column("category", Text),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.Column("owner", Text, nullable=False),
        sa.Column("when_values", Text, nullable=False),
        sa.Column("needs", Text, nullable=False),
        sa.Column("sets", Text, nullable=False),
        sa.UniqueConstraint("field_id", "value", name="uq_core_option_value"),
    )
    op.create_table(
        "core_key",
        _given_id(),
        sa.Column("type_id", Int64, sa.ForeignKey("core_type.id"), nullable=False, index=True),
        sa.Column("fields", Text, nullable=False),
        sa.Column("owner", Text, nullable=False),
        sa.Column("trashed_in", sa.Integer),
    )
    op.create_table(
        "core_counter",
        sa.Column("field_id", Int64, sa.ForeignKey("core_field.id"), primary_key=True),
        sa.Column("period", Text, primary_key=True),
        sa.Column("mask", Text, nullable=False),
        sa.Column("last", Int64, nullable=False),
    )


def _plugins() -> None:
    op.create_table(
        "core_patch",
        _given_id(),
        sa.Column("target_kind", Text, nullable=False),
        sa.Column("target_id", Int64, nullable=False),
        sa.Column("property", Text, nullable=False),
        sa.Column("value", Text, nullable=False),
        sa.Column("base_value", Text, nullable=False),
        sa.UniqueConstraint(
            "target_kind", "target_id", "property", name="uq_core_patch_target_kind"
        ),
    )
    make_plugins()


def _spine() -> None:
    op.create_table(
        "core_record",
        _id(),
        sa.Column("type_id", Int64, sa.ForeignKey("core_type.id"), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_change_set",
        _id(),
        sa.Column("at", Instant, nullable=False),
        sa.Column("actor_id", Int64),
        sa.Column("source", Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("job_id", Int64),
        sa.Column("undoes", Int64, unique=True),
        sa.Column("position", Int64, unique=True),
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
        sqlite_autoincrement=True,
    )
    change_set = sa.ForeignKey("core_change_set.id")
    op.create_table(
        "core_change",
        _id(),
        sa.Column("change_set_id", Int64, change_set, nullable=False),
        sa.Column("record_id", Int64, sa.ForeignKey("core_record.id"), nullable=False, index=True),
        sa.Column("op", Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("data", Text, nullable=False),
        sa.Index("ix_core_change_change_set_id_id", "change_set_id", "id"),
    )
    op.create_table(
        "core_merge",
        _id(),
        *(
            sa.Column(name, Int64, sa.ForeignKey("core_record.id"), nullable=False, index=True)
            for name in ("record_id", "into_id")
        ),
        sa.Column(
            "change_set_id", Int64, sa.ForeignKey("core_change_set.id"), nullable=False, index=True
        ),
        sa.Column("shares", Text, nullable=False),
        sqlite_autoincrement=True,
    )


def _system(inline: bool) -> list[sa.Column[Any]]:
    def link(name: str, table: str) -> sa.Column[Any]:
        keys = [_foreign(table)] if inline else []
        return sa.Column(name, Int64, *keys)

    return [
        link("owner_id", "core_user"),
        link("team_id", "core_team"),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("created_by", Int64),
        sa.Column("updated_at", Instant, nullable=False),
        sa.Column("updated_by", Int64),
        sa.Column("version", Int64, nullable=False),
        sa.Column("trashed_at", Instant),
        sa.Column("trashed_in", Int64),
    ]


def _foreign(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", deferrable=True, initially="DEFERRED")


def _record() -> sa.Column[Any]:
    return sa.Column("id", Int64, _foreign("core_record"), primary_key=True, autoincrement=False)


def _people() -> None:
    # Users point to teams and teams to users: SQLite takes the keys with the tables only,
    # PostgreSQL only after both tables.
    inline = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "core_team",
        _record(),
        sa.Column("name", Text, nullable=False),
        sa.Column("name__k", Text, nullable=False),
        sa.Column("parent", Int64, _foreign("core_team")),
        *_system(inline),
    )
    op.create_table(
        "core_user",
        _record(),
        sa.Column("name", Text, nullable=False),
        sa.Column("name__k", Text, nullable=False),
        sa.Column("email", Text),
        sa.Column("email__k", Text),
        sa.Column("admin", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        sa.Column("language", Text),
        sa.Column("language__k", Text),
        sa.Column("timezone", Text),
        sa.Column("timezone__k", Text),
        sa.Column("service", sa.Boolean, nullable=False, server_default=sa.false()),
        *_system(inline),
    )
    if not inline:
        for table in ("core_team", "core_user"):
            for column, target in (("owner_id", "core_user"), ("team_id", "core_team")):
                op.create_foreign_key(
                    f"fk_{table}_{column}", table, target, [column], ["id"],
                    deferrable=True, initially="DEFERRED",
                )  # fmt: skip


def _user(**options: Any) -> sa.Column[Any]:
    return sa.Column("user_id", Int64, sa.ForeignKey("core_user.id"), nullable=False, **options)


def _views() -> None:
    op.create_table(
        "core_view",
        _given_id(),
        sa.Column("type_id", Int64, sa.ForeignKey("core_type.id"), nullable=False, index=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("owner", Text, nullable=False),
        sa.Column("label", Text, nullable=False),
        sa.Column("query", Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.UniqueConstraint("type_id", "name", name="uq_core_view_type_id"),
    )
    op.create_table(
        "core_user_view",
        _id(),
        _user(),
        sa.Column("type_id", Int64, sa.ForeignKey("core_type.id"), nullable=False, index=True),
        sa.Column("name", Text, nullable=False),
        sa.Column("label", Text, nullable=False),
        sa.Column("query", Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.UniqueConstraint("user_id", "type_id", "name", name="uq_core_user_view_user_id"),
    )
    op.create_table(
        "core_user_preference",
        _user(primary_key=True),
        sa.Column("name", Text, primary_key=True),
        sa.Column("value", Text, nullable=False),
    )


# name, kind, label, required, unique, sortable, default, settings
_USER_FIELDS = (
    ("name", "text", "Name", True, False, True, None, '{"max_length": 200}'),
    ("email", "email", "E-mail", False, True, False, None, "{}"),
    ("admin", "boolean", "Administrator", False, False, False, None, "{}"),
    ("active", "boolean", "Active", False, False, False, "true", "{}"),
    ("language", "text", "Language", False, False, False, None, '{"max_length": 20}'),
    ("timezone", "text", "Time zone", False, False, False, None, '{"max_length": 60}'),
    ("service", "boolean", "Service", False, False, False, None, "{}"),
)
_TEAM_FIELDS = (
    ("name", "text", "Name", True, True, True, None, '{"max_length": 200}'),
    (
        "parent", "lookup", "Parent team", False, False, False, None,
        '{"target": "team", "tree": true, "inverse": "teams"}',
    ),
)  # fmt: skip


def _seed() -> None:
    bind = op.get_bind()
    bind.exec_driver_sql(
        "INSERT INTO core_epoch (id, plugins, catalog, access, core, code) "
        "VALUES (1, 1, 1, 1, 1, 1)"
    )
    _seed_type(1, "user", "User", "Users", "user", _USER_FIELDS)
    _seed_type(2, "team", "Team", "Teams", "users", _TEAM_FIELDS)
    setting = sa.table("core_setting", sa.column("name"), sa.column("value"))
    bind.execute(
        setting.insert(),
        [
            {"name": "secret_key", "value": secrets.token_urlsafe(48)},
            {"name": "next_metadata_id", "value": "100"},
        ],
    )
    seed_jobs()


def _seed_type(
    type_id: int, name: str, label: str, plural: str, icon: str, fields: tuple[Any, ...]
) -> None:
    bind = op.get_bind()
    row = {
        "id": type_id, "name": name, "table_name": f"core_{name}", "owner": "core", "label": label,
        "plural": plural, "icon": icon, "title": "name", "layout": "{}", "created_in": 1,
        "changed_in": 1,
    }  # fmt: skip
    entity_type = sa.table("core_type", *(sa.column(c) for c in row))
    bind.execute(entity_type.insert().values(**row))
    names = (
        "id type_id name column_name kind owner label required is_unique indexed sortable personal "
        "default_value settings position"
    ).split()
    field = sa.table("core_field", *(sa.column(c) for c in names))
    for place, (fname, kind, flabel, required, unique, sortable, default, settings) in enumerate(
        fields
    ):
        personal = name == "user" and fname in ("name", "email")
        values = (
            type_id * 10 + place, type_id, fname, fname, kind, "core", flabel, required, unique,
            False, sortable, personal, default, settings, place,
        )  # fmt: skip
        bind.execute(field.insert().values(**dict(zip(names, values, strict=True))))
