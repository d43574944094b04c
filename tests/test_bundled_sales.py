"""What contacts, products and sales do together."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from relatum.core import clock, plugin_host, query, records
from relatum.core.errors import Invalid

from .desk import at_desk
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


READY = {"amount": "100", "close_date": "2026-05-01"}


def test_a_stage_brings_its_probability_and_a_decision_the_rest(crm):
    id_ = opened(crm, **READY)
    assert crm.get("opportunity", id_)["probability"] == "10.00"
    found = moved(crm, id_, stage="negotiate")
    assert (found["probability"], found["forecast_category"]) == ("80.00", "commit")
    with clock.frozen(NOON):
        found = moved(crm, id_, stage="won")
    assert (found["probability"], found["forecast_category"]) == ("100.00", "closed")
    assert found["closed_at"] == found["stage_changed_at"] == NOON
    found = moved(crm, id_, stage="propose")
    assert (found["closed_at"], found["forecast_category"]) == (None, "best_case")
    found = moved(crm, id_, stage="lost", lost_reason="price")
    assert (found["probability"], found["forecast_category"]) == ("0.00", "omitted")
    found = moved(crm, id_, stage="qualify")
    assert (found["lost_reason"], found["closed_at"]) == (None, None)


def test_what_a_person_says_goes_before_what_follows_from_the_stage(crm):
    said = {"probability": "65", "forecast_category": "commit"}
    id_ = opened(crm, stage="propose", **READY, **said)
    assert crm.get("opportunity", id_)["probability"] == "65.00"
    assert moved(crm, id_, amount="200")["probability"] == "65.00"
    found = moved(crm, id_, stage="negotiate", probability="70", forecast_category="pipeline")
    assert (found["probability"], found["forecast_category"]) == ("70.00", "pipeline")


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ({"stage": "propose"}, ["amount", "close_date"]),
        ({"stage": "won", "amount": "1"}, ["close_date"]),
        ({"stage": "lost"}, ["lost_reason"]),
        ({"pipeline": "renewal", "stage": "offered"}, ["amount", "close_date"]),
    ],
)
def test_a_stage_is_entered_with_what_it_needs(crm, row, missing):
    with pytest.raises(Invalid) as caught:
        opened(crm, **row)
    problems = caught.value.problems
    assert [(p.code, p.field) for p in problems] == [("option_needs", name) for name in missing]


def test_a_pipeline_begins_at_its_first_stage_and_knows_only_its_own(crm):
    id_ = opened(crm, pipeline="renewal")
    found = crm.get("opportunity", id_)
    assert (found["stage"], found["probability"]) == ("due", "60.00")
    with pytest.raises(Invalid) as caught:
        moved(crm, id_, stage="develop")
    assert [p.code for p in caught.value.problems] == ["option_impossible"]
    found = moved(crm, id_, pipeline="standard")
    assert (found["stage"], found["probability"]) == ("qualify", "10.00")
    found = moved(crm, id_, pipeline="renewal", stage="review")
    assert found["stage"] == "review"


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
    found = moved(crm, id_, stage="framework")
    assert (found["probability"], found["forecast_category"]) == ("100.00", "closed")
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
    first = ["name", "account", "contact", "pipeline", "stage"]
    assert names[names.index("name") :][:5] == first


def test_disabled_sales_leaves_what_its_code_notes_to_those_who_enter_it(crm):
    change(crm, plugin_host.disable, "sales")
    found = crm.get("opportunity", opened(crm, stage="won", **READY))
    assert (found["probability"], found["stage_changed_at"]) == ("100.00", None)


def test_a_deal_that_was_decided_elsewhere_is_taken_in_with_what_was_not_recorded(crm):
    importing = dataclasses.replace(crm.alice, source="import")
    lost = {"name": "Old", "stage": "lost"}
    won = {"name": "Sold", "stage": "won", "amount": "5", "closed_at": "2024-03-01T12:00:00Z"}
    first, second = crm.write(records.create, "opportunity", [lost, won], actor=importing)
    assert crm.get("opportunity", first.id)["lost_reason"] == "unknown"
    assert str(crm.get("opportunity", second.id)["close_date"]) == "2024-03-01"
    for row in (lost, won):
        with pytest.raises(Invalid):
            crm.write(records.create, "opportunity", [row])


def test_the_funnel_of_deals_has_the_stages_of_one_pipeline(crm):
    opened(crm)
    with at_desk(crm) as desk:
        page = desk.get("/dashboards/sales.sales/w/pipeline").text
    assert "Negotiate" in page
    assert "In talks" not in page
