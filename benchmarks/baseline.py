"""The baseline: the same pages written by hand with Flask and SQLAlchemy Core.

What a good engineer writes for exactly these pages and nothing else: one engine, prepared
statements, the bearer token checked against the same table, JSON by orjson, one transaction per
request. It reads and writes the tables that the instance made. It knows no types, fields or
rights, keeps no history and refuses only what these pages can get wrong.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Flask, Response, abort, request
from sqlalchemy import event

from relatum.core.storage import Instant, Scaled

URL = os.environ.get("BENCHMARK_DATABASE_URL", "sqlite://")
POSTGRESQL = URL.startswith("postgresql")
PAGE = 50
LONGEST = 500


def table(name: str, *columns: str) -> Any:
    """Return a table for statements: system columns, then text or number columns by name."""
    system = ("created_at", "updated_at", "trashed_at")
    return sa.table(
        name,
        *(sa.column(c) for c in ("id", "owner_id", "created_by", "updated_by", "version")),
        *(sa.column(c, Instant) for c in system),
        *(sa.column(c) for c in columns),
    )


PEOPLE = ("name", "name__k", "email", "phone", "city", "account")
contacts = table("x_contact", *PEOPLE)
accounts = table("x_account", "name", "name__k")
deals = sa.table(
    "x_opportunity", sa.column("stage"), sa.column("amount", Scaled(4)), sa.column("trashed_at")
)
tokens = sa.table(
    "core_token",
    *(sa.column(c) for c in ("user_id", "token_hash")),
    sa.column("expires_at", Instant),
)
users = sa.table("core_user", *(sa.column(c) for c in ("id", "active", "trashed_at")))
SIZES = {size: table(f"x_size_{size}", *PEOPLE[:-1]) for size in (10_000, 100_000, 1_000_000)}


def make_engine() -> sa.Engine:
    """Return an engine with the settings that the instance's own engine has."""
    if POSTGRESQL:
        return sa.create_engine(URL, pool_size=8)
    engine = sa.create_engine(URL, pool_size=8, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if request.method != "GET" else "BEGIN")

    return engine


application = Flask("baseline")
engine = make_engine()
WHO = (
    sa.select(users.c.id)
    .join_from(tokens, users, tokens.c.user_id == users.c.id)
    .where(
        tokens.c.token_hash == sa.bindparam("digest"),
        sa.or_(
            tokens.c.expires_at.is_(None), tokens.c.expires_at > sa.bindparam("now", type_=Instant)
        ),
        users.c.active == sa.true(),
        users.c.trashed_at.is_(None),
    )
)
SPINE = sa.text(
    "INSERT INTO core_record (type_id) SELECT id FROM core_type WHERE name = 'x_contact' RETURNING "
    "id"
)


@contextmanager
def signed_in() -> Iterator[tuple[sa.Connection, int]]:
    """Open the request's transaction for who holds the bearer token."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    values = {"digest": hashlib.sha256(token.encode()).hexdigest(), "now": datetime.now(UTC)}
    with engine.begin() as connection:
        user = connection.execute(WHO, values).scalar()
        if user is None:
            abort(401)
        yield connection, user


def answer(body: Any, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(orjson.dumps(body, default=str), status, mimetype="application/json")


def _list(source: Any, columns: tuple[str, ...], *, labels: bool) -> Response:
    city, after = request.args["city"], request.args.get("after")
    query = sa.select(*(source.c[c] for c in ("id", "name__k", *columns))).where(
        source.c.city == city, source.c.trashed_at.is_(None)
    )
    if labels:
        query = query.add_columns(accounts.c.name.label("account_name")).join_from(
            source, accounts, accounts.c.id == source.c.account, isouter=True
        )
    if after is not None:
        key, id_ = orjson.loads(base64.urlsafe_b64decode(after))
        beyond = sa.or_(source.c.name__k > key, source.c.id > id_)
        query = query.where(source.c.name__k >= key, beyond)
    order = (
        (source.c.name__k.nulls_first(), source.c.id)
        if POSTGRESQL
        else (source.c.name__k, source.c.id)
    )
    with signed_in() as (connection, _):
        found = connection.execute(query.order_by(*order).limit(PAGE + 1)).mappings().all()
    records = [{k: v for k, v in row.items() if k != "name__k"} for row in found[:PAGE]]
    following = None
    if len(found) > PAGE:
        last = found[PAGE - 1]
        following = base64.urlsafe_b64encode(orjson.dumps([last["name__k"], last["id"]])).decode()
    return answer({"records": records, "next": following})


@application.get("/contacts")
def list_contacts() -> Response:
    """List contacts of a city by name, with their accounts' names."""
    return _list(contacts, ("name", "email", "phone", "city", "account"), labels=True)


@application.get("/sizes/<int:size>")
def list_sizes(size: int) -> Response:
    """List a city from one of the tables of growing size."""
    return _list(SIZES[size], ("name", "email", "phone", "city"), labels=False)


@application.get("/contacts/<int:id_>")
def read_contact(id_: int) -> Response:
    """Read one contact with its account's name."""
    query = (
        sa.select(contacts, accounts.c.name.label("account_name"))
        .join_from(contacts, accounts, accounts.c.id == contacts.c.account, isouter=True)
        .where(contacts.c.id == id_, contacts.c.trashed_at.is_(None))
    )
    with signed_in() as (connection, _):
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        abort(404)
    return answer(dict(row))


def _checked(body: Any, *, whole: bool) -> dict[str, Any]:
    if not isinstance(body, dict) or set(body) - {"name", "email", "phone", "city", "account"}:
        abort(400)
    if whole and not body.get("name"):
        abort(422)
    for name in ("name", "email", "phone", "city"):
        value = body.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST):
            abort(422)
    if "name" in body:
        body["name__k"] = body["name"].casefold()
    return body


@application.post("/contacts")
def create_contact() -> Response:
    """Create a contact."""
    values = _checked(orjson.loads(request.get_data()), whole=True)
    with signed_in() as (connection, user):
        now = datetime.now(UTC)
        values["id"] = connection.execute(SPINE).scalar_one()
        values |= {"owner_id": user, "created_by": user, "updated_by": user, "version": 1}
        connection.execute(sa.insert(contacts).values(**values, created_at=now, updated_at=now))
    return answer(values, 201)


@application.patch("/contacts/<int:id_>")
def update_contact(id_: int) -> Response:
    """Change a contact."""
    values = _checked(orjson.loads(request.get_data()), whole=False)
    with signed_in() as (connection, user):
        values |= {"updated_at": datetime.now(UTC), "updated_by": user}
        changed = (
            sa.update(contacts)
            .where(contacts.c.id == id_, contacts.c.trashed_at.is_(None))
            .values(**values, version=contacts.c.version + 1)
            .returning(contacts)
        )
        row = connection.execute(changed).mappings().one_or_none()
    if row is None:
        abort(404)
    return answer(dict(row))


@application.get("/deals/by-stage")
def deals_by_stage() -> Response:
    """Count and sum deals by stage."""
    query = (
        sa.select(
            deals.c.stage, sa.func.count().label("count"), sa.func.sum(deals.c.amount).label("sum")
        )
        .where(deals.c.trashed_at.is_(None))
        .group_by(deals.c.stage)
        .order_by(deals.c.stage)
    )
    with signed_in() as (connection, _):
        return answer([dict(row) for row in connection.execute(query).mappings()])
