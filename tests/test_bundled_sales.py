"""What contacts, products and sales do together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from relatum.core import clock, plugin_host, query, records
from relatum.core.errors import Invalid

from .instances import prepared
from .plugged import change, enable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


#: The preset of the instance.
PRESET = "sales"


@prepared
def crm(instance):
    """Return an instance with contacts, products and sales, and an account."""
    instance.create("account", {"name": "Averill Ales"})


def opened(crm, **values):
    """Return the id of a new opportunity."""
    [account] = page(crm, "account")
    [id_] = crm.create("opportunity", {"name": "Line", "account": account["id"], **values})
    return id_


def page(crm, type_name, **asked):
    """Return records."""

    def found(*, actor):
        return query.page(query.from_json(type_name, asked, actor=actor)).records

    return crm.read(found)


def moved(crm, id_, **values):
    """Change an opportunity and return it."""
    crm.write(records.update, "opportunity", [{"id": id_, **values}])
    return crm.get("opportunity", id_)


def test_a_stage_brings_its_probability_and_a_decision_the_rest(crm):
    id_ = opened(crm)
    assert crm.get("opportunity", id_)["probability"] == "10.00"
    found = moved(crm, id_, stage="negotiate")
    assert (found["probability"], found["forecast_category"]) == ("80.00", "pipeline")
    with clock.frozen(NOON):
        found = moved(crm, id_, stage="won")
    assert (found["probability"], found["forecast_category"]) == ("100.00", "closed")
    assert found["closed_at"] == found["stage_changed_at"] == NOON
    found = moved(crm, id_, stage="propose")
    assert (found["closed_at"], found["forecast_category"]) == (None, "pipeline")
    found = moved(crm, id_, stage="lost")
    assert (found["probability"], found["forecast_category"]) == ("0.00", "omitted")


def test_what_a_person_says_goes_before_what_follows_from_the_stage(crm):
    id_ = opened(crm, stage="propose", probability="65", forecast_category="best_case")
    assert crm.get("opportunity", id_)["probability"] == "65.00"
    found = moved(crm, id_, stage="negotiate", probability="70")
    assert (found["probability"], found["forecast_category"]) == ("70.00", "best_case")
    assert moved(crm, id_, amount="100")["probability"] == "70.00"


def test_a_stage_of_the_administrator_goes_by_its_category(crm):
    options = [
        {"value": o.value, "label": o.label, "category": o.category}
        for o in crm.catalog.type("opportunity").fields["stage"].options
    ]
    more = [
        {"value": "demo", "label": "Demonstration", "category": "open"},
        {"value": "framework", "label": "Framework signed", "category": "won"},
    ]
    change_ = {"op": "change_field", "type": "opportunity", "field": "stage"}
    crm.apply({**change_, "options": options + more})
    id_ = opened(crm)
    assert moved(crm, id_, stage="demo")["probability"] == "10.00"
    assert moved(crm, id_, stage="framework")["probability"] == "100.00"
    enable(crm, "sales")
    kept = [o.value for o in crm.catalog.type("opportunity").fields["stage"].options]
    assert kept[-2:] == ["demo", "framework"]


def test_lines_are_saved_and_ordered_with_their_opportunity(crm):
    [product] = crm.create("product", {"name": "Pump", "sku": "P-1"})
    id_ = opened(crm, lines=[{"product": product, "price": "10"}, {"description": "By hand"}])
    lines = page(crm, "opportunity_line", sort=["id"])
    assert [(n["position"], n["quantity"]) for n in lines] == [(1, "1.000"), (2, "1.000")]
    with pytest.raises(Invalid):
        moved(crm, id_, lines=[{"discount": "120"}])
    moved(crm, id_, lines=[{"id": lines[1]["id"]}])
    assert len(page(crm, "opportunity_line")) == 1
    with pytest.raises(Invalid, match="opportunity"):
        [account] = page(crm, "account")
        crm.write(records.delete, "account", [{"id": account["id"]}])


def test_fields_stand_in_the_order_in_which_they_are_declared(crm):
    names = [f.name for f in crm.catalog.type("opportunity").own_fields]
    assert names[names.index("name") :][:4] == ["name", "account", "contact", "stage"]


def test_disabled_sales_leaves_probabilities_to_those_who_enter_them(crm):
    change(crm, plugin_host.disable, "sales")
    assert crm.get("opportunity", opened(crm, stage="won"))["probability"] is None
