"""A whole database as a value, so that one can say that it is as it was."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import db
from ..plugin_tables import PREFIX
from .instances import Instance

#: What only grows, or says what happened: history, the spine, generations, the log.
GROWS: Final = frozenset(
    "core_change core_change_set core_record core_generation core_epoch core_setting core_seal "
    "core_audit core_audit_entry core_job core_worker core_jobs_process core_session".split()
)
#: Columns that say when a row was last changed, whatever it says.
_WHEN: Final = frozenset({"changed_in"})


class Content(NamedTuple):
    """What a table is, and what it holds: columns with their types, indexes, rows by column.

    `refers` names the columns that hold ids of records, whatever their type.
    """

    columns: tuple[tuple[str, str], ...]
    indexes: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    refers: tuple[str, ...] = ()

    def without(self, *names: str) -> Content:
        """Return the same without some columns, where it has them."""
        kept = [i for i, (name, _) in enumerate(self.columns) if name not in names]
        rows = [tuple(row[i] for i in kept) for row in self.rows]
        return self._replace(
            columns=tuple(self.columns[i] for i in kept), rows=tuple(sorted(rows, key=repr))
        )

    def beside(self, records: Collection[int]) -> Content:
        """Return the same without the rows that refer to some records."""
        places = [i for i, (name, _) in enumerate(self.columns) if name in self.refers]
        rows = tuple(r for r in self.rows if not any(r[place] in records for place in places))
        return self._replace(rows=rows)


Dump = dict[str, Content]


def dump(app: Instance) -> Dump:
    """Return every table with its columns, indexes and rows, but for what only grows."""
    with app.app.app_context(), db.reading(timed=False) as tx:
        look = sa.inspect(tx.connection)
        columns, indexes = look.get_multi_columns(), look.get_multi_indexes()
        keys = look.get_multi_foreign_keys()
        found: Dump = {}
        for key, listed in sorted(columns.items(), key=lambda item: str(item[0][1])):
            name = str(key[1])
            if name in GROWS:
                continue
            order = sorted((c["name"], str(c["type"])) for c in listed if c["name"] not in _WHEN)
            order.sort(key=lambda column: column[0] != "id")
            made = sa.table(name, *(sa.column(each) for each, _ in order))
            asked = sa.select(made)
            if name == "core_type":
                asked = asked.where(sa.column("purged_in").is_(None))
            rows = sorted(map(tuple, tx.connection.execute(asked)), key=repr)
            told = sorted(
                f"{i['name']} {i['column_names']} {i['unique']}" for i in indexes.get(key, ())
            )
            refers = sorted(
                column
                for each in keys.get(key, ()) if each["referred_table"] == "core_record"
                for column in each["constrained_columns"]
            )  # fmt: skip
            found[name] = Content(tuple(order), tuple(told), tuple(rows), tuple(refers))
    return found


def last_record(app: Instance) -> int:
    """Return the id of the record that was made last."""
    return int(app.sql("SELECT max(id) AS id FROM core_record")[0].id or 0)


def without_later(found: Dump, last: int) -> Dump:
    """Return a dump without the records that are there and were made later, by their ids.

    What plugins keep about these in their own tables is left out with them.
    """
    of_types = [
        name for name, content in found.items()
        if not name.startswith(("core_", PREFIX)) and content.columns[0][0] == "id"
    ]  # fmt: skip
    later = {row[0] for name in of_types for row in found[name].rows if row[0] > last}
    made = {
        name: content.beside(later) if name.startswith(PREFIX) else content
        for name, content in found.items()
    }
    for name in of_types:
        rows = tuple(row for row in found[name].rows if row[0] not in later)
        made[name] = found[name]._replace(rows=rows)
    return made


def differences(before: Dump, after: Dump) -> list[str]:
    """Return in a line each what one dump has and another has not."""
    told = [f"the table {name} is gone" for name in sorted(before.keys() - after.keys())]
    told += [f"the table {name} is still there" for name in sorted(after.keys() - before.keys())]
    for name in sorted(before.keys() & after.keys()):
        for word in Content._fields:
            old, new = getattr(before[name], word), getattr(after[name], word)
            lost = [each for each in old if each not in new]
            more = [each for each in new if each not in old]
            told += [f"{name} has lost of its {word}: {each!r:.200}" for each in lost[:3]]
            told += [f"{name} has more {word} than before: {each!r:.200}" for each in more[:3]]
    return told
