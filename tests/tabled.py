"""A plugin with tables of its own in the home of an instance, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from relatum.core import db, doctor, jobs, records
from relatum.core.hooks import Context
from relatum.core.plugin_host import tables

from .instances import prepared
from .plugged import enable

CODE = """
from relatum import Plugin, hookimpl

plugin = Plugin(id="loyalty", name="Loyalty", version="{version}", capabilities=["tables"])
"""
LEDGER = """
def upgrade(op):
    op.create_table(
        "ledger",
        op.ref("x_person", "person", required=True),
        op.ref("x_firm", "firm"),
        op.decimal("points", scale=2, required=True),
        op.text("reason", default="earned"),
        op.datetime("booked_at"),
        op.json("more"),
    )
    op.create_index("ledger", "booked_at")


def downgrade(op):
    op.drop_table("ledger")
"""
STEPS = {"0001_ledger": LEDGER}
#: A step with a data step that gives a mark to rows, some at a time.
MARKED = """
from relatum import context


def upgrade(op):
    op.add_column("ledger", op.integer("mark"))


def downgrade(op):
    op.drop_column("ledger", "mark")


def fill(chunk):
    ledger = context().table("ledger")
    rows = ledger.select(at_least={"id": chunk.checkpoint or 0}, limit=2)
    ledger.update([{"id": row["id"], "mark": (row["mark"] or 0) + 1} for row in rows])
    if len(rows) < 2:
        return chunk.finish({"marked": chunk.done + len(rows)}, done=len(rows))
    return chunk.more(rows[-1]["id"] + 1, done=len(rows))
"""
#: One that drops something.
DROPPED = """
def upgrade(op):
    op.drop_column("ledger", "reason")


def downgrade(op):
    op.add_column("ledger", op.text("reason", default="earned"))
"""


def put(instance: Any, steps: dict[str, str], version: str = "1.0", code: str = "") -> Path:
    """Write the plugin with these steps into the home, in place of what was there."""
    folder: Path = instance.config.home / "plugins" / "loyalty"
    (folder / "migrations").mkdir(parents=True, exist_ok=True)
    for file in (folder / "migrations").glob("*.py"):
        file.unlink()
    (folder / "__init__.py").write_text(CODE.format(version=version) + code, encoding="utf-8")
    for name, text in steps.items():
        (folder / "migrations" / f"{name}.py").write_text(text, encoding="utf-8")
    return folder


def with_ledger(instance: Any, steps: dict[str, str] | None = None) -> Any:
    """Make people and firms, and enable the plugin; return the instance."""
    for name in ("x_person", "x_firm"):
        instance.make_type(name, {"name": "name", "kind": "text"})
    put(instance, steps or STEPS)
    enable(instance, "loyalty")
    return instance


def table(instance: Any, name: str = "ledger") -> Any:
    """Return a table of the plugin, in the open transaction."""
    opener = instance.app.extensions["relatum.hooks"].opener
    return Context(plugin="loyalty", home=instance.config.home, opener=opener).table(name)


def look(instance: Any, verb: Any, *args: Any) -> Any:
    """Run a function in a reading transaction."""
    with instance.reading():
        return verb(*args)


def work(instance: Any, verb: Any, *args: Any, exclusive: bool = False, **more: Any) -> Any:
    """Run a function in a writing transaction."""
    with instance.app.app_context():
        return db.transact(lambda: verb(*args, **more), exclusive=exclusive)


def insert(instance: Any, *rows: dict[str, Any]) -> list[int]:
    """Write rows into the ledger and return their ids."""
    made: list[int] = work(instance, lambda: table(instance).insert(rows))
    return made


def rows(instance: Any, **asked: Any) -> list[dict[str, Any]]:
    """Return rows of the ledger."""
    with instance.reading():
        found: list[dict[str, Any]] = table(instance).select(**{"limit": 100, **asked})
        return found


def schema(instance: Any) -> str:
    """Return the schema of the database."""
    with instance.reading() as tx:
        return doctor.schema_dump(tx.connection)


def drop(instance: Any) -> None:
    """Drop the tables of the plugin."""
    work(instance, tables.drop, "loyalty", exclusive=True)


def findings(instance: Any) -> list[str]:
    """Return the codes of what doctor finds."""
    with instance.app.app_context():
        return [finding.code for finding in doctor.examine()]


def purge(instance: Any, type_name: str, id_: int) -> None:
    """Purge a record."""
    instance.write(records.delete, type_name, [{"id": id_}])
    instance.write(records.purge, type_name, [{"id": id_}])


def filled(instance: Any) -> list[int | None]:
    """Do all jobs that wait, and return the marks."""
    for job in instance.read(jobs.list_jobs, state="queued"):
        with instance.app.app_context():
            assert jobs.run(job["id"], by="test", pause=lambda: False) == "done"
    return [row["mark"] for row in rows(instance)]


# -- fixtures --------------------------------------------------------------------------------
@prepared
def loyal(instance):
    """Return an instance whose plugin keeps a ledger of its own."""
    with_ledger(instance)


@prepared
def people(loyal):
    """Return the ids of two people and a firm."""
    return (*loyal.create("x_person", {"name": "Ada"}, {"name": "Bob"}),
            *loyal.create("x_firm", {"name": "Acme"}))  # fmt: skip
