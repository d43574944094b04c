"""Leads converted, one by one and many at once, against the same rows written by hand."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import sqlalchemy as sa

from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say, clock, compared
from relatum.core import catalog, db, models, plugin_host, records
from relatum.core.app import create_app
from relatum.plugins.sales import convert

#: Leads that are converted at once.
MANY: Final = 200
_TABLES: Final = ("account", "contact", "opportunity")
_LINKS: Final = {"contact": {"account"}, "opportunity": {"account", "contact"}}
Rows = dict[str, list[dict[str, Any]]]


def measure(instance: Instance, rounds: int, say: Say) -> list[Figure]:
    """Convert single leads, and many; then write what they became by hand, with its history.

    What is written by hand has new ids and is not checked, matched or asked about.
    """
    app = create_app(instance.config)
    with app.app_context():
        db.transact(
            lambda: plugin_host.enable_preset("sales", actor=instance.actor), exclusive=True
        )
    app = create_app(instance.config)
    with app.app_context(), db.reading():
        pass  # the plugins are here now
    with app.app_context():
        one = _taken(instance, 1, 20 * rounds)
        say(f"  {len(one[0])} leads, one by one")
        many = _taken(instance, MANY, rounds)
        say(f"  {MANY} leads at once, {rounds} times")
    case = "the same rows and history by hand"
    return [
        compared(f"convert a lead, against {case}", *one),
        compared(f"convert {MANY} leads at once, against {case}", *many),
    ]


def _taken(instance: Instance, size: int, times: int) -> tuple[list[float], list[float]]:
    """Return the seconds of conversions, and of the same written by hand, in turn."""
    product, baseline = [], []
    ids = _leads(instance, size * (times + 1))
    pieces = [ids[at:to] for at, to in pairwise(range(0, len(ids) + 1, size))]
    for number, some in enumerate(pieces):
        taken = clock(lambda: _convert(instance, some))  # noqa: B023  # called at once
        rows = _rows(some)
        by_hand = clock(lambda: _write(instance, some, rows))  # noqa: B023
        if number:  # the first fills the caches
            product.append(taken)
            baseline.append(by_hand)
    return product, baseline


def _leads(instance: Instance, count: int) -> list[int]:
    rows = [
        {
            "subject": f"Subject {n}", "company": f"Company {n} of {count}",
            "name": {"first": "Jo", "last": f"Person{n}x{count}"},
            "email": f"person{n}@company{n}x{count}.example", "estimated_amount": "1000",
        }
        for n in range(count)
    ]  # fmt: skip
    made = db.transact(
        lambda: records.create("lead", rows, actor=instance.actor, accept=records.EVERYTHING)
    )
    return [each.id or 0 for each in made]


def _convert(instance: Instance, ids: list[int]) -> None:
    done = db.transact(lambda: convert(ids, {"matches": "new"}, actor=instance.actor))
    assert all(not each.error for each in done)


def _rows(leads: list[int]) -> Rows:
    """Return what became of leads, as it stands in the tables."""
    made: Rows = {}
    with db.reading() as tx:
        known = catalog.current()
        deals = known.type("opportunity").table
        found = tx.connection.execute(sa.select(deals).where(deals.c.lead.in_(leads))).mappings()
        made["opportunity"] = [dict(row) for row in found]
        for name in ("account", "contact"):
            table = known.type(name).table
            ids = [row[name] for row in made["opportunity"]]
            found = tx.connection.execute(sa.select(table).where(table.c.id.in_(ids))).mappings()
            made[name] = [dict(row) for row in found]
        changes = models.Change.__table__
        ids = [row["id"] for name in _TABLES for row in made[name]] + leads
        of = sa.select(changes).where(changes.c.record_id.in_(ids))
        last = sa.select(sa.func.max(changes.c.change_set_id)).scalar_subquery()
        found = tx.connection.execute(of.where(changes.c.change_set_id == last)).mappings()
        made["history"] = [dict(row) for row in found]
    return made


def _write(instance: Instance, leads: list[int], rows: Rows) -> None:
    """Write rows with new ids, their history, and the leads once more."""
    changes, sets = models.Change.__table__, models.ChangeSet.__table__

    def work() -> None:
        connection, known = db.current().connection, catalog.current()
        given: dict[int, int] = {}
        spine = models.Record.__table__
        for name in _TABLES:
            type_id = known.type(name).id
            asked = sa.insert(spine).values([{"type_id": type_id} for _ in rows[name]])
            new = connection.execute(asked.returning(spine.c.id)).scalars().all()
            given |= dict(zip((row["id"] for row in rows[name]), new, strict=True))
            links = {"id"} | _LINKS.get(name, set())
            some = [
                {n: given[v] if n in links else v for n, v in row.items()} for row in rows[name]
            ]
            connection.execute(sa.insert(known.type(name).table), some)
        head = {"at": rows["account"][0]["created_at"], "actor_id": instance.actor.user_id}
        head |= {"source": "cli", "generation": 1}
        number = connection.execute(sa.insert(sets).returning(sets.c.id), head).scalar_one()
        kept = [
            {**row, "record_id": given.get(row["record_id"], row["record_id"])}
            | {"change_set_id": number}
            for row in rows["history"]
        ]
        for row in kept:
            del row["id"]
        connection.execute(sa.insert(changes), kept)
        table = known.type("lead").table
        by_lead = {row["lead"]: row for row in rows["opportunity"]}
        values = [
            {"b_id": i, "b_account": given[by_lead[i]["account"]],
             "b_contact": given[by_lead[i]["contact"]]}
            for i in leads
        ]  # fmt: skip
        connection.execute(
            sa.update(table).where(table.c.id == sa.bindparam("b_id")).values(
                status="qualified", account=sa.bindparam("b_account"),
                contact=sa.bindparam("b_contact"),
            ),
            values,
        )  # fmt: skip

    db.transact(work)
