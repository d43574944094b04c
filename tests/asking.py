"""A small CRM to ask, and short ways to ask it: by address or, with words, by JSON."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import query, records
from relatum.core.errors import RelatumError


def small_crm(instance: Any) -> Any:
    """Make two types with a few records; return the instance."""
    instance.make_type(
        "x_company",
        {"name": "name", "kind": "text", "sortable": True},
        {"name": "city", "kind": "text", "indexed": True},
        {"name": "parent", "kind": "lookup", "settings": {"target": "x_company"}},
    )
    instance.make_type(
        "x_deal",
        {"name": "name", "kind": "text", "sortable": True},
        {"name": "company", "kind": "lookup", "settings": {"target": "x_company"}},
        {"name": "amount", "kind": "money", "sortable": True},
        {"name": "closed", "kind": "date"},
        {"name": "met", "kind": "datetime"},
        {"name": "seats", "kind": "integer"},
        {"name": "note", "kind": "long_text"},
        {"name": "signed", "kind": "boolean"},
        {
            "name": "stage",
            "kind": "choice",
            "options": [
                {"value": "won", "label": "Won", "category": "won"},
                {"value": "new", "label": "New", "category": "open"},
            ],
        },
    )
    acme, sub = instance.create("x_company", {"name": "Acme", "city": "Berlin"}, {"name": "Sub"})
    instance.write(records.update, "x_company", [{"id": sub, "parent": acme}])
    instance.create(
        "x_deal",
        {"name": "Ärmel", "company": acme, "amount": "10", "stage": "won", "closed": "2024-01-31"},
        {"name": "Beta, Inc", "company": sub, "amount": "20.50", "stage": "new", "seats": 3},
        {"name": "arm", "amount": "-5", "met": "2024-03-31T00:30:00Z"},
        {"note": "50% off"},
    )
    return instance


def ask(instance: Any, *args: tuple[str, str], type_name: str = "x_deal", **body: Any) -> Any:
    """Return a page, asked for by address or, with words, by JSON."""
    with instance.reading():
        made = (
            query.from_json(type_name, body, actor=instance.alice)
            if body
            else query.from_url(type_name, args, actor=instance.alice)
        )
        return query.page(made)


def names(page: Any) -> list[Any]:
    return [record["name"] for record in page.records]


def grouped(instance: Any, *args: tuple[str, str], type_name: str = "x_deal") -> Any:
    with instance.reading():
        return query.aggregate(query.from_url(type_name, args, actor=instance.alice))


def refused(instance: Any, *args: tuple[str, str], **body: Any) -> RelatumError:
    with pytest.raises(RelatumError) as caught:
        ask(instance, *args, **body)
    return caught.value


def refused_groups(instance: Any, *args: tuple[str, str]) -> RelatumError:
    with pytest.raises(RelatumError) as caught:
        grouped(instance, *args)
    return caught.value
