"""Many records at once: the verbs and the import against executemany by hand."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import sqlalchemy as sa

from relatum.benchmarks.instance import CONTACT, Instance, contacts
from relatum.benchmarks.report import Figure, Say, clock, compared
from relatum.core import db, imports, jobs, models, uploads
from relatum.plugins.transfer.jobs import IMPORT

COLUMNS: Final = ("first_name", "last_name", "name", "email", "phone", "city")
#: §6: rows a second, and times an executemany into the same tables, indexes and history.
IMPORT_RATE, IMPORT_RATIO = 10_000.0, 5.0

_BY_ACCOUNT: Final = {
    "relatum_map": 1,
    "columns": {
        "id": None, "account_id": None, "created_at": None,
        "account_name": {"field": "account", "by": "name"},
    },
}  # fmt: skip


def measure(
    instance: Instance, folder: Path, ids: list[int], count: int, rounds: int, say: Say
) -> list[Figure]:
    """Insert `count` contacts in five ways, `rounds` times in turn, each into a new table."""
    rows = contacts(folder, ids)[:count]
    path = _file(folder, instance, count)
    by_account = imports.load_map(_BY_ACCOUNT)
    jobs.register(IMPORT)

    def bring(name: str) -> None:
        with instance.app.app_context():
            report = imports.run(name, path, actor=instance.actor, mapping=by_account)
        if report.created != count:
            raise RuntimeError(f"the import made {report.created} of {count} records")

    def carry(name: str) -> None:
        with instance.app.app_context():
            with path.open("rb") as file:
                upload = uploads.keep(path.name, file, actor=instance.actor).id
            asked = {"upload": upload, "type": name, "map": _BY_ACCOUNT}
            job = db.transact(lambda: jobs.enqueue(IMPORT.name, asked, actor=instance.actor))
            jobs.run(job, by="benchmark", pause=lambda: False)
            with db.reading():
                result = jobs.get(job, actor=instance.actor)["result"]
        if not result or result["created"] != count:
            raise RuntimeError(f"the job made {result} of {count} records")

    ways: dict[str, Callable[[str], object]] = {
        "bare": lambda name: _bare(instance, name, rows),
        "same": lambda name: _same(instance, name, rows),
        "verbs": lambda name: instance.create(name, rows),
        "import": bring,
        "job": carry,
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(rounds):
        for way, work in ways.items():
            name = f"x_bulk_{way}_{number}"
            instance.make_type(name, CONTACT)
            if way == "bare":
                _strip(instance, name)
            taken[way].append(clock(lambda: work(name)))  # noqa: B023  # called at once
            say(f"  {name}: {taken[way][-1]:.2f} s")
    return _figures(taken, count)


def _figures(taken: dict[str, list[float]], count: int) -> list[Figure]:
    rate = count / statistics.median(taken["job"])
    job = f"import of a CSV file by a job, {count:,} contacts"
    made, read = f"records.create, {count:,} contacts", f"import of a CSV file, {count:,} contacts"
    bare = "bare executemany"
    same = "executemany with the same indexes, spine and history"
    shown = f"{rate:,.0f}"
    return [
        compared(f"{made}, against {bare}", taken["verbs"], taken["bare"]),
        compared(f"{made}, against {same}", taken["verbs"], taken["same"]),
        compared(f"{read}, against {bare}", taken["import"], taken["bare"]),
        compared(f"{read}, against {same}", taken["import"], taken["same"]),
        compared(f"{job}, against {bare}", taken["job"], taken["bare"]),
        compared(f"{job}, against {same}", taken["job"], taken["same"], IMPORT_RATIO),
        Figure(f"{job}, rows a second", "", "", rate, shown, IMPORT_RATE, least=True),
    ]


def _file(folder: Path, instance: Instance, count: int) -> Path:
    """Return the file of contacts, cut to `count` rows."""
    source = folder / "contacts.csv"
    cut = instance.config.home / f"contacts-{count}.csv"
    with source.open(encoding="utf-8") as lines:
        cut.write_text(
            "".join(line for _, line in zip(range(count + 1), lines, strict=False)),
            encoding="utf-8",
        )
    return cut


def _strip(instance: Instance, name: str) -> None:
    """Make the table of a type a bare one: no indexes, no links to other tables."""
    with instance.connection() as connection:
        connection.exec_driver_sql(f'CREATE TABLE "{name}_bare" AS SELECT * FROM "{name}"')


def _columns(rows: list[dict[str, Any]], first_id: int) -> list[dict[str, Any]]:
    """Return what stands in the columns, made by hand."""
    now = datetime.now(UTC)
    made = []
    for number, row in enumerate(rows, first_id):
        values = {
            "id": number,
            "created_at": now,
            "updated_at": now,
            "version": 1,
            "account": row["account"],
        }
        for name in COLUMNS:
            values[name] = row[name]
            values[f"{name}__k"] = row[name].casefold()
        made.append(values)
    return made


def _bare(instance: Instance, name: str, rows: list[dict[str, Any]]) -> None:
    target = instance.type(name).table
    bare = sa.table(f"{name}_bare", *(sa.column(c.name, c.type) for c in target.columns))
    with instance.connection() as connection:
        connection.execute(sa.insert(bare), _columns(rows, 1))


def _same(instance: Instance, name: str, rows: list[dict[str, Any]]) -> None:
    """Write spine, records and history as the product does, with nothing checked."""
    entity_type = instance.type(name)
    changes = models.Change.__table__
    with instance.connection() as connection:
        spine = sa.insert(models.Record.__table__).from_select(
            ["type_id"], _series(connection, entity_type.id, len(rows))
        )
        first = min(connection.execute(spine.returning(models.Record.__table__.c.id)).scalars())
        now = datetime.now(UTC)
        change_set = {
            "at": now,
            "actor_id": instance.actor.user_id,
            "source": "import",
            "generation": 1,
        }
        sets = models.ChangeSet.__table__
        number = connection.execute(sa.insert(sets).returning(sets.c.id), change_set).scalar_one()
        connection.execute(sa.insert(entity_type.table), _columns(rows, first))
        connection.execute(
            sa.insert(changes),
            [
                {
                    "change_set_id": number, "record_id": id_, "op": "create", "version": 1,
                    "data": orjson.dumps({name: [None, v] for name, v in row.items()}).decode(),
                }
                for id_, row in enumerate(rows, first)
            ],
        )  # fmt: skip


def _series(connection: sa.Connection, type_id: int, count: int) -> sa.Select[Any]:
    numbers = sa.select(sa.literal(1).label("i")).cte("n", recursive=True)
    numbers = numbers.union_all(sa.select(numbers.c.i + 1).where(numbers.c.i < count))
    return sa.select(sa.literal(type_id)).select_from(numbers)
