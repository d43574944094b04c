"""What modules put into their instance before it is served."""

from __future__ import annotations

from typing import Any

from relatum.core.fields import FIELD_TYPES
from relatum.core.testing import Make
from relatum.core.testing.instances import Instance

from ..samples import every_kind

FIELDS: list[dict[str, Any]] = [
    {"name": "name", "kind": "text", "required": True, "sortable": True},
    {
        "name": "state", "kind": "choice", "label": "State", "sortable": True,
        "options": [
            {"value": "new", "label": "New", "hue": 250},
            {"value": "used", "label": "In use", "hue": 140},
            {"value": "gone", "label": "Gone", "hue": 30},
        ],
    },
    {"name": "price", "kind": "money", "label": "Price", "sortable": True},
    {"name": "serial", "kind": "text", "label": "Serial number", "unique": True},
    {"name": "mail", "kind": "email", "label": "E-mail"},
    {"name": "bought", "kind": "date", "label": "Bought on", "sortable": True},
    {"name": "note", "kind": "long_text", "label": "Note"},
]  # fmt: skip
PARENT: dict[str, Any] = {
    "name": "parent", "kind": "lookup", "label": "Part of",
    "settings": {"target": "x_asset", "inverse": "parts"},
}  # fmt: skip


def assets(instance: Instance) -> None:
    """Make a type of assets that is on every page: list, board, calendar."""
    looks = {"label": "Asset", "plural": "Assets", "icon": "box", "hue": 200}
    instance.make_type("x_asset", *FIELDS, **looks)
    instance.apply({"op": "add_field", "type": "x_asset", **PARENT})


def many(instance: Instance, count: int = 120) -> list[int]:
    """Make assets that differ: Asset 000, Asset 001 and so on."""
    states = [option["value"] for option in FIELDS[1]["options"]]
    return instance.create(
        "x_asset",
        *(
            {
                "name": f"Asset {n:03}", "state": states[n % 3], "price": f"{n}.50",
                "serial": f"S{n:03}", "bought": f"2026-{n % 12 + 1:02}-{n % 28 + 1:02}",
            }
            for n in range(count)
        ),
    )  # fmt: skip


def everything(instance: Instance) -> int:
    """Make a type with a field of each field type, and a record with a value in each."""
    plain, links = every_kind()
    instance.make_type("x_all", {"name": "name", "kind": "text"}, *plain, label="Whole")
    instance.apply(*({"op": "add_field", "type": "x_all", **field} for field in links))
    assert {f.kind for f in instance.catalog.type("x_all").fields.values()} >= set(FIELD_TYPES)
    [id_] = instance.create("x_all", Make(instance).row("x_all", full=True))
    return id_
