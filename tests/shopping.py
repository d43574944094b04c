"""A shop with units, products, price lists and rates, for tests of money and lines."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from relatum.core import changes, clock, query, records
from relatum.core.errors import Invalid

from .instances import prepared

DAY = datetime(2026, 6, 15, 12, tzinfo=UTC)


@prepared
def shop(instance):
    """Return an instance with units, a product, price lists, and rates of dollars and yen."""
    instance.create(
        "unit_group",
        {"name": "Pieces", "units": [
            {"name": "Piece"}, {"name": "Box of 12", "factor": "12"},
        ]},
    )  # fmt: skip
    piece, _ = page(instance, "unit", sort=["id"])
    instance.create(
        "product",
        {"name": "Pump", "unit": piece["id"], "list_price": "100", "cost": "60", "tax_rate": "19"},
        {"name": "Filter", "unit": piece["id"], "list_price": "10", "cost": "4"},
    )
    dollar, yen = instance.create("currency", {"code": "USD"}, {"code": "JPY"})
    instance.create(
        "exchange_rate",
        {"currency": dollar, "valid_from": "2026-01-01", "rate": "0.9"},
        {"currency": dollar, "valid_from": "2026-06-01", "rate": "0.8"},
        {"currency": yen, "valid_from": "2026-01-01", "rate": "0.625", "per": 100},
    )


def page(crm, type_name, **asked):
    """Return records."""

    def found(*, actor):
        return query.page(query.from_json(type_name, asked, actor=actor)).records

    return crm.read(found)


def ids(crm, type_name, name="name"):
    """Return the ids of records by a field."""
    return {row[name]: row["id"] for row in page(crm, type_name)}


def deal(crm, **values):
    """Return the id of a new deal, made on the fifteenth of June."""
    with clock.frozen(DAY):
        [id_] = crm.create("opportunity", {"name": "Deal", **values})
    return id_


def changed(crm, type_name, id_, **values):
    """Change a record and return it."""
    with clock.frozen(DAY):
        crm.write(records.update, type_name, [{"id": id_, **values}])
    return crm.get(type_name, id_)


def lines_of(crm, id_):
    """Return the lines of a deal in their order."""
    return page(crm, "opportunity_line", filter={"field": "opportunity", "value": id_}, sort=["id"])


def refusal(crm, type_name, row):
    """Return what is said of a row that is refused."""
    with clock.frozen(DAY), pytest.raises(Invalid) as told:
        crm.create(type_name, row)
    return told.value.problems


def set_of(crm, job):
    """Return the last change set of a job."""
    with crm.reading():
        return changes.of_job(job)


def newest(crm):
    """Return the id of the last change set."""
    [row] = crm.sql("SELECT max(id) AS id FROM core_change_set")
    return row.id


__all__ = [
    "DAY",
    "changed",
    "deal",
    "ids",
    "lines_of",
    "newest",
    "page",
    "refusal",
    "set_of",
    "shop",
]
