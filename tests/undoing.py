"""Change sets to undo: a small shop, and short ways to write, look and undo."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import records
from relatum.core.errors import RelatumError

NAME: dict[str, Any] = {"name": "name", "kind": "text"}


def link(name: str, target: str, *, required: bool = False, **settings: Any) -> dict[str, Any]:
    """Return the definition of a link."""
    given = {"target": target, **settings}
    return {"name": name, "kind": "lookup", "required": required, "settings": given}


def shop_in(instance: Any) -> Any:
    """Make companies that form a tree, their deals, and orders with lines; return the instance."""
    instance.make_type(
        "x_company",
        {**NAME, "unique": True},
        {"name": "city", "kind": "text"},
        {"name": "size", "kind": "integer"},
        link("parent", "x_company", tree=True, inverse="children", on_delete="clear"),
    )
    instance.make_type("x_deal", NAME, link("company", "x_company", on_delete="clear"))
    instance.make_type("x_order", NAME, link("company", "x_company"))
    instance.make_type(
        "x_line",
        {"name": "product", "kind": "text", "required": True},
        {"name": "position", "kind": "integer"},
        link("order", "x_order", required=True, part=True, inverse="lines"),
        title="product",
        keys=[["order", "product"]],
    )
    return instance


def newest(instance: Any) -> int:
    """Return the number of the last change set."""
    return int(instance.sql("SELECT max(id) FROM core_change_set")[0][0])


def update(instance: Any, type_name: str, id_: int, **values: Any) -> int:
    """Change a record; return the number of the change set."""
    instance.write(records.update, type_name, [{"id": id_, **values}])
    return newest(instance)


def delete(instance: Any, type_name: str, *ids: int) -> int:
    """Delete records; return the number of the change set."""
    instance.write(records.delete, type_name, [{"id": id_} for id_ in ids])
    return newest(instance)


def look(instance: Any, change_set: int) -> dict[int, dict[str, Any]]:
    """Return what undoing would do, by record."""
    found = instance.read(records.look, change_set)
    return {record["id"]: record for record in found["records"]}


def undo(instance: Any, change_set: int, **options: Any) -> int:
    """Undo a change set; return the number of the one that did it."""
    return int(instance.write(records.undo, change_set, **options)["change_set"])


def codes(record: dict[str, Any]) -> list[tuple[str | None, str]]:
    """Return the conflicts of a record: field and code."""
    return [(problem["field"], problem["code"]) for problem in record["conflicts"]]


def refused(instance: Any, change_set: int, **options: Any) -> RelatumError:
    """Return the refusal of an undo, which has written nothing."""
    before = newest(instance), instance.sql("SELECT count(*) FROM core_change")
    with pytest.raises(RelatumError) as caught:
        instance.write(records.undo, change_set, **options)
    assert before == (newest(instance), instance.sql("SELECT count(*) FROM core_change"))
    return caught.value


def live(instance: Any, type_name: str) -> list[int]:
    """Return the ids of live records."""
    rows = instance.sql(f"SELECT id FROM {type_name} WHERE trashed_at IS NULL ORDER BY id")
    return [row.id for row in rows]
