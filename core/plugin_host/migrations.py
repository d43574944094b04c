"""The steps of a plugin's own tables: files `migrations/0001_NAME.py`, and what they write down.

A file has `upgrade(op)` and `downgrade(op)`, and perhaps `fill(chunk)`, a data step that runs as
a job. It is run when the plugin is planned, enabled or checked; a worker compares checksums alone.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Final

from ..hooks import reason_of
from ..plugin_tables import Applied, Operations, Statement, Tables
from .discovery import Found, Fresh
from .manifest import INCOMPATIBLE, Unfit

FOLDER: Final = "migrations"
_FILE: Final = re.compile(r"(\d{4})_([a-z][a-z0-9_]{0,59})\.py")
_NONE: Final[Tables] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Migration:
    """A file of a step; `checksum` is of its text, whichever way its lines end."""

    plugin: str
    number: int
    name: str
    path: Path
    checksum: str

    @property
    def title(self) -> str:
        """The name of the file, without its ending."""
        return f"{self.number:04}_{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a migration does: to which tables, by what, and what takes it back."""

    migration: Migration
    up: tuple[Statement, ...]
    down: tuple[Statement, ...]
    after: Tables
    fill: Callable[[Any], Any] | None

    @property
    def drops(self) -> bool:
        """Whether values go."""
        return any(statement.drops for statement in self.up)


def has_any(path: Path) -> bool:
    """Say whether a plugin brings steps; reads no file."""
    folder = path / FOLDER
    return folder.is_dir() and any(folder.glob("*_*.py"))


def find(found: Found) -> tuple[Migration, ...]:
    """Return the steps that a plugin brings, in order; raise `Unfit` if one is missing or strange.

    Reads the files and runs nothing.
    """
    if not has_any(found.path):
        return ()
    files = sorted((found.path / FOLDER).glob("*.py"))
    made = [_migration(found.id, file) for file in files if file.name != "__init__.py"]
    for place, migration in enumerate(made, 1):
        if migration.number != place:
            raise Unfit(
                f"its migrations are numbered from 0001 without gaps; {migration.title} stands "
                f"where {place:04} should be"
            )
    return tuple(made)


def _migration(plugin: str, file: Path) -> Migration:
    named = _FILE.fullmatch(file.name)
    if named is None:
        raise Unfit(
            f"its migration {file.name[:80]} must be called like 0001_name.py: a number of four "
            "digits and a name of a-z, 0-9 and underscores"
        )
    text = file.read_bytes().replace(b"\r\n", b"\n")
    return Migration(plugin, int(named[1]), named[2], file, hashlib.sha256(text).hexdigest())


def check(migrations: Sequence[Migration], done: Sequence[Applied]) -> None:
    """Refuse steps that are not those which were done here; raise `Unfit`."""
    for row in done:
        if row.number > len(migrations):
            raise Unfit(
                f"migration {row.title} was done here and is not in this version: tables never go "
                "back; put the version that has it, or a newer one, in place",
                INCOMPATIBLE,
            )
        each = migrations[row.number - 1]
        if each.name != row.name:
            raise Unfit(f"migration {row.title} was done here, and is called {each.title} now")
        if each.checksum != row.checksum:
            raise Unfit(
                f"migration {each.title} was changed after it was done here; put it back as it was "
                "and write a new one"
            )


def check_all_done(found: Found, done: Sequence[Applied] | None) -> None:
    """Refuse code whose tables are not those that are here; raise `Unfit`. Runs nothing.

    None stands for a plugin whose steps are to be done now.
    """
    if done is None or not (done or has_any(found.path)):
        return
    migrations = find(found)
    check(migrations, done)
    if len(migrations) > len(done):
        waiting = migrations[len(done)].title
        reason = f"migration {waiting} is to be done; run: relatum plugins enable {found.id}"
        raise Unfit(reason, INCOMPATIBLE)


# -- running ----------------------------------------------------------------------------------
def steps(found: Found) -> tuple[Step, ...]:
    """Run the code of every step of a plugin, to see what it does; raise `Unfit`."""
    made: list[Step] = []
    tables: Tables = _NONE
    for migration in find(found):
        step = _step(migration, tables)
        tables = step.after
        made.append(step)
    return tuple(made)


def tables_of(found: Found) -> tuple[str, ...]:
    """Return the short names of the tables that a plugin has after all its steps."""
    made = steps(found)
    return tuple(sorted(made[-1].after)) if made else ()


def _step(migration: Migration, before: Tables) -> Step:
    module = load(migration)
    forth = _written(migration, module, "upgrade", before)
    back = _written(migration, module, "downgrade", forth.tables)
    wrong = [
        name
        for name in sorted({*before, *back.tables})
        if _shape(before.get(name)) != _shape(back.tables.get(name))
    ]
    if wrong:
        raise Unfit(
            f"migration {migration.title}: downgrade() does not lead back to what was before "
            f"upgrade(): look at {', '.join(wrong)}"
        )
    fill = getattr(module, "fill", None)
    return Step(
        migration=migration, up=tuple(forth.statements), down=tuple(back.statements),
        after=MappingProxyType(forth.tables), fill=fill if callable(fill) else None,
    )  # fmt: skip


def _shape(table: Any) -> Any:
    """Return what a table is, whatever the order of its columns."""
    return table and (frozenset(table.columns), frozenset(table.indexes))


def _written(migration: Migration, module: ModuleType, word: str, tables: Tables) -> Operations:
    function = getattr(module, word, None)
    if not callable(function):
        raise Unfit(f"migration {migration.title} has no function {word}(op)")
    op = Operations(migration.plugin, tables)
    try:
        function(op)
    except ValueError as error:
        raise Unfit(f"migration {migration.title}: {error}") from error
    except (Exception, SystemExit) as error:  # whatever a stranger's code may do
        raise Unfit(f"migration {migration.title}: {word}: {reason_of(error)}") from error
    return op


def load(migration: Migration) -> ModuleType:
    """Import the file of a step, once per content; raise `Unfit`."""
    name = f"relatum_migration_{migration.plugin}_{migration.number}_{migration.checksum[:12]}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    loader = Fresh(name, str(migration.path))
    spec = importlib.util.spec_from_file_location(name, migration.path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except (Exception, SystemExit) as error:
        sys.modules.pop(name, None)
        raise Unfit(f"migration {migration.title}: {reason_of(error)}") from error
    return module
