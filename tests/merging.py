"""Companies to merge, with all that points to records, and short ways to merge them."""

from __future__ import annotations

from typing import Any

from relatum.core import records

from .undoing import NAME, link


def shop_in(instance: Any) -> None:
    """Make companies and what points to them in every way there is."""
    instance.make_type(
        "x_company",
        {**NAME, "unique": True},
        {"name": "city", "kind": "text"},
        {"name": "size", "kind": "integer"},
        {"name": "email", "kind": "email", "unique": True},
        {"name": "vip", "kind": "boolean"},
        {"name": "tags", "kind": "tags"},
        link("parent", "x_company", tree=True, inverse="children", on_delete="clear"),
        link("rival", "x_company", on_delete="clear"),
    )
    instance.make_type("x_deal", NAME, link("company", "x_company", on_delete="clear"))
    instance.make_type("x_order", NAME, link("company", "x_company"), link("payer", "x_company"))
    instance.make_type(
        "x_mail",
        {"name": "mail", "kind": "email", "required": True},
        {"name": "position", "kind": "integer"},
        {"name": "note", "kind": "text"},
        link("company", "x_company", required=True, part=True, inverse="mails"),
        title="mail",
        keys=[["company", "mail"]],
    )
    instance.make_type("x_fair", NAME)
    cascade: dict[str, Any] = {"required": True, "on_delete": "cascade"}
    instance.make_type(
        "x_visit",
        link("company", "x_company", inverse="visits", **cascade),
        link("fair", "x_fair", inverse="visits", **cascade),
        {"name": "stand", "kind": "text"},
        title="stand",
        keys=[["company", "fair"]],
    )
    instance.make_type(
        "x_deed",
        link("visit", "x_visit", on_delete="clear"),
        NAME,
    )
    instance.make_type(
        "x_pact",
        link("first", "x_company", **cascade),
        link("second", "x_company", **cascade),
        {"name": "since", "kind": "integer"},
        title="since",
    )
    instance.make_type(
        "x_budget",
        link("company", "x_company", on_delete="clear"),
        {"name": "year", "kind": "integer"},
        title="year",
        keys=[["company", "year"]],
    )
    instance.make_type(
        "x_note",
        NAME,
        {
            "name": "about", "kind": "reference",
            "settings": {"targets": ["x_company", "x_deal"], "on_delete": "cascade"},
        },
    )  # fmt: skip


def merge(shop: Any, into: int, *others: int, **options: Any) -> dict[str, Any]:
    """Merge companies."""
    found: dict[str, Any] = shop.write(records.merge, "x_company", into, others, **options)
    return found


def mails(shop: Any) -> list[Any]:
    """Return the live mails in order."""
    columns = "mail, position, note, company"
    found = f"SELECT {columns} FROM x_mail WHERE trashed_at IS NULL ORDER BY position"
    return list(shop.sql(found))


def three(shop: Any) -> tuple[int, int, int]:
    """Return three companies, each with a city or a size missing."""
    a, b, c = shop.create(
        "x_company", {"name": "Acme"}, {"name": "Acme Inc", "city": "Bonn", "size": 5},
        {"name": "ACME Corp", "city": "Rome"},
    )  # fmt: skip
    return a, b, c


def tree(shop: Any) -> dict[int, int | None]:
    """Return the live companies with their parents."""
    rows = shop.sql("SELECT id, parent FROM x_company WHERE trashed_at IS NULL")
    return {row.id: row.parent for row in rows}
