"""The schema of the whole database as text, to see whether something has changed it."""

from __future__ import annotations

import sqlalchemy as sa

_SQLITE = """
SELECT 'column ' || m.name || '.' || c.name || ': ' || c.type
    || CASE WHEN c."notnull" THEN ' not null' ELSE '' END
    || CASE WHEN c.pk THEN ' primary key ' || c.pk ELSE '' END
    || COALESCE(' default ' || c.dflt_value, '') AS line, 1 AS part, m.name AS named, c.cid AS n
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'
UNION ALL
SELECT 'reference ' || m.name || '.' || k."from" || ': ' || k."table" || ' on delete '
    || k.on_delete, 2, m.name, k.id
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table'
UNION ALL
SELECT m.type || ' ' || name || ': ' || COALESCE(sql, ''), 3, name, 0 FROM sqlite_master m
ORDER BY part, named, n
"""
_POSTGRESQL = """
SELECT line FROM (
    SELECT 'column ' || c.relname || '.' || a.attname || ': '
        || format_type(a.atttypid, a.atttypmod) || COALESCE(' collate ' || l.collname, '')
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS line,
        1 AS part, c.relname AS named, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum) AS n
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_collation l ON l.oid = a.attcollation AND l.collname <> 'default'
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
        AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT 'constraint ' || t.relname || '.' || c.conname || ': ' || pg_get_constraintdef(c.oid),
        2, t.relname || '.' || c.conname, 0
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
    WHERE c.connamespace = current_schema()::regnamespace
    UNION ALL
    SELECT 'index ' || indexname || ': ' || indexdef, 3, indexname, 0
    FROM pg_indexes WHERE schemaname = current_schema()
    UNION ALL
    SELECT 'sequence ' || sequencename || ': ' || data_type, 4, sequencename, 0
    FROM pg_sequences WHERE schemaname = current_schema()
) lines ORDER BY part, named COLLATE "C", n
"""


def schema_dump(connection: sa.Connection, *, ordered: bool = True) -> str:
    """Return what tables, columns, keys, indexes and sequences there are, a line each.

    Two of one database are equal if, and only if, its schema is: to the byte, or, without
    `ordered`, whatever the order of the columns.
    """
    lite = connection.dialect.name == "sqlite"
    lines = connection.exec_driver_sql(_SQLITE if lite else _POSTGRESQL).scalars()
    if ordered:
        return "\n".join(lines)
    # What SQLite keeps of a table is the text that made it, columns in order.
    return "\n".join(sorted(line for line in lines if not line.startswith("table ")))
