"""Orders with lines and phones, files of them, and ways to look at what an import made."""

from __future__ import annotations

from typing import Any

from relatum.core import imports
from relatum.plugins.transfer import rejects


def to(field: str, **words: Any) -> dict[str, Any]:
    """Return what a map says of a column."""
    return {"field": field, **words}


LABELS = [{"value": "work", "label": "Work"}, {"value": "home", "label": "Home"}]
ORDERS = """code,stage,lines.item,lines.quantity,lines.product
A,open,Pump,2,Big
,,Hose,3.5,
B,won,Valve,1,small
B,won,Pipe,4,
C,open,,,
"""


PHONES = {
    "code": "code",
    "Work": to("phones.number", line={"label": "work"}),
    "Home": to("phones.number", line={"label": "Home"}),
    "Home 2": to("phones.number", line={"label": "Home"}, nth=2),
    "Home city": to("phones.place.city", line={"label": "Home"}),
}
KEYED = {"lines": {"phones": {"key": ["label"]}}}
PEOPLE = "code,Work,Home,Home 2,Home city\nA,1,2,3,Kiel\nB,,5,,\n"


def link(name: str, target: str, **words: Any) -> dict[str, Any]:
    """Return a link to another type; words other than `required` are settings."""
    made = {"name": name, "kind": "lookup", "required": words.pop("required", False)}
    return {**made, "settings": {"target": target, **words}}


def shop_in(instance: Any) -> None:
    """Make orders that have lines, and phones with a label each."""
    instance.make_type(
        "x_product", {"name": "name", "kind": "text", "required": True, "unique": True}
    )
    instance.make_type(
        "x_order",
        {"name": "code", "kind": "text", "required": True, "unique": True},
        {"name": "stage", "kind": "text"},
        {"name": "inside", "kind": "lookup", "settings": {"target": "x_order"}},
        title="code",
    )
    instance.make_type(
        "x_line",
        link("order", "x_order", required=True, part=True, inverse="lines"),
        {"name": "position", "kind": "integer"},
        {"name": "item", "kind": "text", "required": True},
        {"name": "quantity", "kind": "decimal", "settings": {"scale": 3}},
        {"name": "day", "kind": "date"},
        {"name": "price", "kind": "money"},
        link("product", "x_product"),
        title="item",
    )
    instance.make_type(
        "x_phone",
        link("order", "x_order", required=True, part=True, inverse="phones"),
        {"name": "position", "kind": "integer"},
        {
            "name": "label", "kind": "choice", "required": True, "default": "work",
            "options": LABELS,
        },
        {"name": "number", "kind": "text", "required": True},
        {"name": "place", "kind": "address"},
        title="number",
    )  # fmt: skip
    instance.apply({"op": "add_key", "type": "x_phone", "fields": ["order", "number"]})
    instance.create("x_product", {"name": "Big"}, {"name": "Small"})


def parts(instance: Any, type_name: str, *names: str) -> dict[str, list[Any]]:
    """Return {code: values of the lines of each order, in their order}."""
    orders = instance.sql("SELECT id, code FROM x_order WHERE trashed_at IS NULL")
    found: dict[int, tuple[str, list[Any]]] = {order.id: (order.code, []) for order in orders}
    rows = instance.sql(
        f"SELECT id FROM {type_name} WHERE trashed_at IS NULL ORDER BY position, id"
    )
    for row in rows:
        record = instance.get(type_name, row.id)
        values = tuple(str(record[name]) for name in names)
        found[record["order"]][1].append(values if len(names) > 1 else values[0])
    return dict(found.values())


def lines(instance: Any, *names: str) -> dict[str, list[Any]]:
    """Return values of the lines of each order."""
    return parts(instance, "x_line", *(names or ("item", "quantity")))


def phones(instance: Any, *names: str) -> dict[str, list[Any]]:
    """Return values of the phones of each order."""
    return parts(instance, "x_phone", *(names or ("label", "number")))


def noted(instance: Any, job: dict[str, Any], state: str = imports.REFUSED) -> list[imports.Kept]:
    """Return what a job has noted of rows."""
    with instance.reading():
        return imports.lines(job["id"], state)


def refused_file(instance: Any, job: dict[str, Any]) -> str:
    """Return the file of refusals."""
    with instance.app.app_context():
        return b"".join(rejects.stream(job, instance.alice)).decode("utf-8-sig")
