"""Secrets: ways in which the second of the twins differs from the first, unseen by nora."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .oracle_world import HERE, THERE

#: What nora does not see of the records of a type, in any scope; and what is not hers at all.
FIELDS: Final = {
    "x_deal": ("secret", "pay", "traits"), "x_firm": ("secret", "pay"), "x_item": ("margin",),
    "x_vault": ("name", "secret"),
}  # fmt: skip


def unseen(scope: str, ids: dict[str, int]) -> list[int]:
    """Return the records that nora does not see with a scope, without those that they tie."""
    known = ("sam small", "ned small") if scope == "criteria" else ("sam large", "sam small")
    return [ids[name] for name in known]


def other_fields(connection: Any, ids: dict[str, int], scope: str) -> None:
    """Give hidden fields other values, in another order."""
    _rewrite(connection, lambda kind, _, field: field in FIELDS.get(kind, ()))


def other_content(connection: Any, ids: dict[str, int], scope: str) -> None:
    """Let hidden records have other values, and so their lines, and whom they point to."""
    hidden = {*unseen(scope, ids), ids["sam's friend"]}
    lines = connection.execute(_among("SELECT id FROM x_item WHERE deal IN", hidden)).scalars()
    hidden |= set(lines.all())
    _rewrite(connection, lambda _, id_, field: id_ in hidden and field not in _KEPT)


def gone(connection: Any, ids: dict[str, int], scope: str) -> None:
    """Let hidden records never have been, nor what belongs to them."""
    hidden = set(unseen(scope, ids))
    for table in ("x_item", "x_role"):
        hidden |= set(
            connection.execute(_among(f"SELECT id FROM {table} WHERE deal IN", hidden)).scalars()
        )
    for table, column in (
        ("x_role", "id"), ("x_item", "id"), ("x_deal__tags", "id"),
        ("x_deal__traits", "id"), ("x_deal", "id"), ("core_share", "record_id"),
        ("core_change", "record_id"),
    ):  # fmt: skip
        connection.execute(_among(f"DELETE FROM {table} WHERE {column} IN", hidden))


def trashed(connection: Any, ids: dict[str, int], scope: str) -> None:
    """Let hidden records be in the trash if they were not, and out of it if they were."""
    for id_ in unseen(scope, ids):
        [[at]] = connection.execute(sa.text(f"SELECT trashed_at FROM x_deal WHERE id = {id_}"))
        then = "created_at, 1" if at is None else "NULL, NULL"
        changed = f"UPDATE x_deal SET (trashed_at, trashed_in) = ({then}) WHERE id = {id_}"
        connection.execute(sa.text(changed))


def private(connection: Any, ids: dict[str, int], scope: str) -> None:
    """Let what another keeps for herself be other things."""
    for table, columns in (
        ("core_user_view", ("label",)), ("core_user_preference", ("value",)),
        ("core_job", ("arguments",)), ("core_import_map", ("name", "name_key", "map")),
    ):  # fmt: skip
        for column in columns:
            changed = f"UPDATE {table} SET {column} = replace({column}, '{HERE}', '{THERE}')"
            connection.execute(sa.text(changed))


#: What a record keeps when it gets other values: where it hangs, and what rights go by.
_KEPT: Final = ("owner", "team", "deal", "person", "friend", "firm", "number", "position", "stage")
SECRETS: Final = {
    each.__name__: each for each in (other_fields, other_content, gone, trashed, private)
}


def _among(statement: str, ids: Any) -> Any:
    return sa.text(f"{statement} ({', '.join(map(str, sorted(ids)))})")


def _other(value: Any, id_: int) -> Any:
    """Return another value, which comes elsewhere in an order."""
    if isinstance(value, str) and value[:4].isdigit():
        return f"2027{value[4:]}"
    if isinstance(value, str):
        return f"{(THERE, 'aaa')[id_ % 2]} {value.removeprefix(HERE)}"
    if isinstance(value, list):
        return [_other(each, id_) for each in value]
    return value if value is None else 300 - value


def _rewrite(connection: Any, chosen: Callable[[str, int, str], bool]) -> None:
    """Give other values to the chosen (type, record, field), in tables and in the history."""
    types = dict(connection.execute(sa.text("SELECT id, name FROM core_type")).all())
    of = dict(connection.execute(sa.text("SELECT id, type_id FROM core_record")).all())
    rows = connection.execute(sa.text("SELECT id, record_id, data FROM core_change")).all()
    for change, record, text in rows:
        kind, data = types[of[record]], orjson.loads(text)
        made = {
            field: [_wire(each, record, field) for each in pair]
            if chosen(kind, record, field) else pair
            for field, pair in data.items()
        }  # fmt: skip
        if made != data:
            connection.execute(
                sa.text("UPDATE core_change SET data = :data WHERE id = :id"),
                {"data": orjson.dumps(made).decode(), "id": change},
            )
    for table in (each for each in types.values() if each.startswith("x_")):
        _rewrite_table(connection, table, chosen)


def _wire(value: Any, id_: int, field: str) -> Any:
    if field == "amount" and value is not None:
        return f"{_amount(value)}.00"
    return _other(value, id_)


def _amount(value: Any) -> int:
    """Return another amount, on the same side of the criterion."""
    return int(float(value)) % 400 + (500 if float(value) >= 500 else 50)


def _rewrite_table(connection: Any, table: str, chosen: Callable[[str, int, str], bool]) -> None:
    found = connection.execute(sa.text(f"SELECT * FROM {table}")).mappings().all()
    for row in found:
        made = {}
        for name, value in row.items():
            if value is None or name.endswith("__k") or not chosen(table, row["id"], name):
                continue
            if name in ("id", "version") or name.endswith(("_id", "_at", "_by", "_in")):
                continue
            made[name] = _stored(name, value, row["id"], connection)
            if f"{name}__k" in row:
                made[f"{name}__k"] = made[name].lower()
        if made:
            sets = ", ".join(f"{name} = :{name}" for name in made)
            connection.execute(sa.text(f"UPDATE {table} SET {sets} WHERE id = {row['id']}"), made)
    for name in ("tags", "traits") if table == "x_deal" else ():
        listed = f"SELECT * FROM x_deal__{name}"
        for row in connection.execute(sa.text(listed)).mappings().all():
            if chosen(table, row["id"], name):
                _retag(connection, name, row)


def _stored(name: str, value: Any, id_: int, connection: Any) -> Any:
    """Return another value as the database keeps it."""
    if name == "amount":
        small = connection.dialect.name == "sqlite"
        return _amount(value / 10000) * 10000 if small else _amount(value)
    if name in ("tags", "traits"):
        known = orjson.loads(value) if isinstance(value, str) else value
        return orjson.dumps(_other(known, id_)).decode()
    if name == "closed" and not isinstance(value, str):
        return value.replace(year=2027)
    return _other(value, id_)


def _retag(connection: Any, name: str, row: Any) -> None:
    made = {n: _other(v, row["id"]) if isinstance(v, str) else v for n, v in row.items()}
    keys = " AND ".join(f"{n} = :old_{n}" for n in row)
    sets = ", ".join(f"{n} = :{n}" for n in row)
    old = {f"old_{n}": v for n, v in row.items()}
    statement = f"UPDATE x_deal__{name} SET {sets} WHERE {keys}"
    connection.execute(sa.text(statement), {**made, **old})
