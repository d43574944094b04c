"""Back up a running instance, and restore it on either database.

A backup is one portable archive (`archive`): every table in logical values, taken in one
snapshot, while others read and write. Restoring makes the schema from migrations and catalog
and loads the rows, all in one transaction: a killed restore leaves what was there.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ...version import __version__
from .. import catalog, clock, db, doctor, install, keys, migrations, plugin_tables
from ..errors import RelatumError
from ..records import sealed
from . import archive, rebuild

#: Left out: nobody stays signed in through a restore.
TRANSIENT = frozenset({"core_session", "core_link", "core_worker", "core_jobs_process"})
_FETCH = 5000


def backup(target: Path) -> dict[str, Any]:
    """Write the instance to an archive; return its facts.

    These are path, created_at, revision, tables, bytes, and keys_needed: names of the keys that
    encrypted values need; the keys themselves are not in it.

    `target` is a new file, or a folder that gets one. The archive holds password hashes and is
    readable by its owner alone. Raises `backup_failed`, and what opening the database raises.
    """
    moment = clock.now()
    if target.is_dir():
        target = target / f"relatum-{moment:%Y%m%d-%H%M%S}.zip"
    if target.exists():
        raise RelatumError("backup_failed", reason=f"{target} exists. Name another file.")
    try:
        part = part_of(target)
        try:
            written = _write(part, moment.isoformat())
            publish(part, target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        reason = f"{target} can't be written: {error.strerror or error}. Name another file."
        raise RelatumError("backup_failed", reason=reason) from None
    return {"path": str(target), **written, "bytes": target.stat().st_size}


def part_of(target: Path) -> Path:
    """Make a file beside one that is to be, readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    os.close(descriptor)
    return Path(name)


def publish(part: Path, target: Path) -> None:
    """Give a finished file its name; after this the disk has it, or the old state."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(part: Path, moment: str) -> dict[str, Any]:
    settings = db.settings().home / "settings.toml"
    with db.reading(timed=False) as tx, archive.Writer(part) as out:
        references = doctor.foreign_keys_of(tx.connection)
        revision = migrations.revision_of(tx.connection)
        own = {table.physical: table.sql for table in plugin_tables.every(tx.connection)}
        for name, table in {**doctor.tables(catalog.current()), **own}.items():
            if name in TRANSIENT:
                continue
            columns = [
                archive.Column(c.name, archive.kind_of(c.type), references.get((name, c.name)))
                for c in table.columns
            ]
            out.table(name, columns, _rows(tx.connection, table))
        out.finish(
            relatum=__version__, revision=str(revision), created_at=moment, dialect=tx.dialect,
            settings=settings.read_bytes() if settings.exists() else None,
        )  # fmt: skip
        needed = sorted({use.key for use in sealed.uses(tx.connection, catalog.current())})
    counts = {entry.name: entry.rows for entry in out.tables}
    return {
        "created_at": moment, "revision": revision, "tables": counts, "keys_needed": needed,
    }  # fmt: skip


def _rows(connection: sa.Connection, table: sa.Table) -> Iterator[Any]:
    key = "id" if "id" in table.c else next(iter(table.columns)).name
    query = sa.select(*table.columns).order_by(table.c[key]).execution_options(yield_per=_FETCH)
    yield from connection.execute(query)


def restore(source: Path, *, force: bool = False) -> dict[str, Any]:
    """Make the instance of the settings what an archive holds.

    Returns {created_at, revision, tables: {name: rows}, keys_missing: [names]}.

    Refuses (`restore_refused`, nothing changed) a damaged archive, one of a newer program, and
    an instance that is there already unless `force`; then it is replaced, for its running
    workers too.
    """
    with archive.Reader(source) as packed:
        if packed.revision not in migrations.known():
            raise _refused(
                f"{source} is at core schema {packed.revision}, this program knows "
                f"{migrations.known()[-1]}. Install relatum {packed.relatum} or newer."
            )
        install.prepare_home()
        try:
            with db.founding(unchecked=True) as connection:
                for finding in doctor.server(connection):
                    raise RelatumError("database_unsupported", reason=finding.text)
                epochs = rebuild.clear(connection, force=force)
                rebuild.fill(connection, packed)
                rebuild.advance(connection, epochs)
                _settings(packed)
        finally:
            catalog.forget()
        with db.reading(timed=False) as tx:
            lost = sorted({use.key for use in _lost(tx.connection)})
        return {
            "created_at": packed.created_at,
            "revision": packed.revision,
            "keys_missing": lost,
            "tables": {entry.name: entry.rows for entry in packed.tables},
        }


def _lost(connection: sa.Connection) -> list[sealed.Use]:
    """Return what is encrypted with keys that are not here."""
    found = list(sealed.uses(connection, catalog.current()))
    held = keys.ring().keys if found else {}
    return [use for use in found if use.key not in held]


def _refused(reason: str) -> RelatumError:
    return RelatumError("restore_refused", reason=reason)


def _settings(packed: archive.Reader) -> None:
    """Put the settings back where there are none.

    Without the database's address: an archive restored elsewhere must not lead back to the
    instance that it was taken from.
    """
    target = db.settings().home / "settings.toml"
    text = packed.settings()
    if text is None or target.exists():
        return
    lines = [line for line in text.splitlines(keepends=True) if not _names(line, "database_url")]
    kept = "".join(lines)
    try:
        told = tomllib.loads(kept)
    except ValueError:
        return
    if "database_url" in told:
        return
    part = part_of(target)
    part.write_text(kept, encoding="utf-8")
    publish(part, target)


def _names(line: str, setting: str) -> bool:
    return line.partition("=")[0].strip().strip("\"'") == setting
