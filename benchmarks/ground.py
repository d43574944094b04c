"""The data model and the process: adding a field, loading the catalog, starting, memory."""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
from functools import partial
from typing import Final

from relatum.benchmarks.instance import Instance, grown
from relatum.benchmarks.report import Figure, Say, clock, compared, times
from relatum.core import catalog, db

#: §6, in seconds.
ADD_FIELD, CATALOG = 1.0, 0.1
TYPES, FIELDS = 100, 60
#: Bytes that a change of the definition alone may write on SQLite.
_SMALL: Final = 2**20
_KINDS: Final = ("text", "integer", "decimal", "boolean", "date", "datetime", "long_text", "email")


def add_field(instance: Instance, size: int, rounds: int, say: Say) -> list[Figure]:
    """Add a plain field to a type of `size` records, `rounds` times."""
    name = grown(instance, size)
    taken, moved = [], False
    for number in range(rounds):
        change = {"op": "add_field", "type": name, "name": f"note_{number}", "kind": "integer"}
        before = _place(instance, name)
        taken.append(clock(partial(instance.apply, change)))
        moved = moved or _rewritten(instance, name, before)
        say(f"  note_{number}: {taken[-1] * 1000:.0f} ms")
    seconds = statistics.median(taken)
    shown = f"{seconds:.3f} s, table {'REWRITTEN' if moved else 'not rewritten'}"
    # A table that was rewritten is no plain field's price, however quick it was.
    value = ADD_FIELD + 1 if moved else seconds
    return [
        Figure(f"add a plain field to {size:,} records", times(taken), "", value, shown, ADD_FIELD)
    ]


def _place(instance: Instance, name: str) -> object:
    """Return the file that the table is in; on SQLite empty the log of written pages instead."""
    with instance.app.app_context(), db.engine().connect() as connection:
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql(f"SELECT pg_relation_filenode('{name}')").scalar_one()
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return None


def _rewritten(instance: Instance, name: str, before: object) -> bool:
    """Say whether the table is in another file now, or the log holds more than the definition."""
    if before is not None:
        return _place(instance, name) != before
    return (instance.config.home / "relatum.db-wal").stat().st_size > _SMALL


def load_catalog(instance: Instance, rounds: int, say: Say) -> list[Figure]:
    """Load a catalog of 100 types with 60 fields each, from nothing and after one change."""
    made = [
        {
            "op": "create_type", "name": f"x_load_{number}", "title": "f_0",
            "fields": [{"name": f"f_{n}", "kind": _KINDS[n % len(_KINDS)]} for n in range(FIELDS)],
        }
        for number in range(TYPES)
    ]  # fmt: skip
    say(f"  {TYPES} types: made in {clock(partial(instance.apply, *made)):.1f} s")
    # What this process holds of other cases is no worker's, and would be looked through each time.
    gc.collect()
    gc.freeze()
    with instance.reading() as tx:
        known = catalog.load(tx.connection, 1)
        cold = [clock(partial(catalog.load, tx.connection, 1)) for _ in range(rounds)]
        warm = [clock(partial(catalog.load, tx.connection, 1, known)) for _ in range(rounds)]
    gc.unfreeze()
    what = f"load a catalog of {TYPES} types × {FIELDS} fields"
    return [
        _within(f"{what}, from nothing", cold, CATALOG),
        _within(f"{what}, after a change", warm, CATALOG),
    ]


def _within(case: str, taken: list[float], target: float | None) -> Figure:
    seconds = statistics.median(taken)
    return Figure(case, times(taken), "", seconds, f"{seconds:.3f} s", target)


def start_up(rounds: int) -> list[Figure]:
    """Start the command, and import both applications, each in a new process."""
    commands = {
        "relatum --version": ("-c", "from relatum.cli import main; main(['--version'])"),
        "relatum": ("-c", "import relatum.core.app"),
        "baseline": ("-c", "import relatum.benchmarks.baseline"),
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, arguments in commands.items():
            run = partial(
                subprocess.run, [sys.executable, *arguments], check=True, capture_output=True
            )
            taken[name].append(clock(run))
    return [
        _within("start of `relatum --version`", taken["relatum --version"], None),
        compared("import of the application", taken["relatum"], taken["baseline"]),
    ]
