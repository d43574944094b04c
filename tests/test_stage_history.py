"""The stage history of deals: what stood when, and how long deals stay in a stage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relatum.core import clock, query, records, roles
from relatum.core.errors import Invalid

from .instances import prepared
from .test_bundled_sales import moved, page
from .undoing import newest, undo

PRESET = "sales"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
READY = {"amount": "100", "close_date": "2026-05-01"}


@prepared
def crm(instance):
    """Return an instance with sales."""
    instance.create("account", {"name": "Averill Ales"})


def on(day):
    return clock.frozen(START + timedelta(days=day))


def opened(crm, day=0, **values):
    with on(day):
        [id_] = crm.create("opportunity", {"name": "Line", **READY, **values})
    return id_


def stays(crm, id_):
    """Return the stays of a deal: its stage, the days of its beginning and its end."""
    asked = {"filter": {"field": "opportunity", "value": id_}, "sort": ["entered_at", "id"]}

    def day(moment):
        return None if moment is None else (moment - START).days

    found = page(crm, "stage_change", **asked)
    return [(row["stage"], day(row["entered_at"]), day(row["left_at"])) for row in found]


def move(crm, id_, day, stage, **values):
    with on(day):
        return moved(crm, id_, stage=stage, **values)


def test_a_deal_begins_its_history_and_each_stage_goes_on_with_it(crm):
    id_ = opened(crm)
    move(crm, id_, 4, "propose", amount="300")
    move(crm, id_, 9, "won")
    assert stays(crm, id_) == [("qualify", 0, 4), ("propose", 4, 9), ("won", 9, None)]
    [_, second, last] = page(crm, "stage_change", sort=["entered_at"])
    assert (second["amount"], second["probability"], second["category"]) == (
        "300.00", "50.00", "open"
    )  # fmt: skip
    assert (second["pipeline"], second["duration"], last["duration"]) == (
        "standard", 5 * 86_400, None
    )  # fmt: skip


def test_a_deal_that_is_made_with_its_lines_begins_its_history_with_their_sum(crm):
    lines = [{"description": "By hand", "price": "70"}, {"description": "Too", "price": "5"}]
    id_ = opened(crm, amount=None, amount_from_lines=True, lines=lines)
    [stay] = page(crm, "stage_change")
    assert (stay["amount"], stay["amount_base"]) == ("75.00", "75.00")
    with on(3):
        [line, _] = page(crm, "opportunity_line", sort=["id"])
        moved_line = [{"id": line["id"], "price": "100"}]
        crm.write(records.update, "opportunity_line", moved_line)
    assert crm.get("opportunity", id_)["amount"] == "105.00"
    assert page(crm, "stage_change")[0]["amount"] == "75.00"


def test_what_does_not_move_a_deal_is_not_in_its_history(crm):
    id_ = opened(crm)
    with on(2):
        moved(crm, id_, amount="7")
    assert stays(crm, id_) == [("qualify", 0, None)]


def test_another_pipeline_is_another_stay(crm):
    id_ = opened(crm)
    with on(3):
        moved(crm, id_, pipeline="renewal")
    assert stays(crm, id_) == [("qualify", 0, 3), ("due", 3, None)]


def test_many_deals_are_moved_by_few_statements(crm):
    ids = [opened(crm, name=f"D{n}") for n in range(3)]
    with on(5):
        crm.write(records.update, "opportunity", [{"id": id_, "stage": "won"} for id_ in ids])
    assert [stays(crm, id_) for id_ in ids] == [[("qualify", 0, 5), ("won", 5, None)]] * 3


def test_undo_takes_the_history_along_and_back_again(crm):
    id_ = opened(crm)
    move(crm, id_, 4, "propose")
    undo(crm, newest(crm))
    assert stays(crm, id_) == [("qualify", 0, None)]
    assert crm.get("opportunity", id_)["probability"] == "10.00"
    undo(crm, newest(crm))
    assert stays(crm, id_) == [("qualify", 0, 4), ("propose", 4, None)]
    assert crm.get("opportunity", id_)["stage"] == "propose"


def test_a_partial_undo_of_an_earlier_move_opens_no_stay_beside_the_last(crm):
    id_ = opened(crm)
    move(crm, id_, 4, "propose", next_step="Call")
    first = newest(crm)
    move(crm, id_, 9, "negotiate")
    undo(crm, first, partial=True)
    assert crm.get("opportunity", id_)["next_step"] is None
    assert stays(crm, id_) == [("qualify", 0, 4), ("propose", 4, 9), ("negotiate", 9, None)]


def test_the_history_goes_to_the_trash_with_its_deal_and_comes_back(crm):
    id_ = opened(crm)
    crm.write(records.delete, "opportunity", [{"id": id_}])
    assert stays(crm, id_) == []
    crm.write(records.restore, "opportunity", [{"id": id_}])
    move(crm, id_, 2, "develop")
    assert stays(crm, id_) == [("qualify", 0, 2), ("develop", 2, None)]


def test_an_import_says_since_when_deals_are_in_their_stage(crm):
    id_ = opened(crm, 20, stage="propose", stage_changed_at=START.isoformat())
    assert stays(crm, id_) == [("propose", 0, None)]
    later = (START + timedelta(days=8)).isoformat()
    move(crm, id_, 21, "won", stage_changed_at=later)
    assert stays(crm, id_) == [("propose", 0, 8), ("won", 8, None)]
    with on(22):
        moved(crm, id_, stage_changed_at=(START + timedelta(days=6)).isoformat())
    assert stays(crm, id_) == [("propose", 0, 6), ("won", 6, None)]


def test_no_stay_ends_before_it_began(crm):
    id_ = opened(crm, 10)
    move(crm, id_, 11, "won", stage_changed_at=START.isoformat())
    assert stays(crm, id_) == [("won", 0, None), ("qualify", 10, 10)]


def test_the_history_belongs_to_whom_the_deal_belongs(crm):
    [zoe] = crm.create("user", {"name": "Zoe", "email": "zoe@example.org"})
    id_ = opened(crm)
    move(crm, id_, 1, "propose")
    moved(crm, id_, owner=zoe)
    assert {row["owner"] for row in page(crm, "stage_change")} == {zoe}


@pytest.mark.parametrize("verb", ["create", "update"])
def test_nobody_but_administrators_writes_the_history_by_hand(crm, verb):
    id_ = opened(crm)
    crm.write(roles.hold, "user", crm.bob.user_id, ["manager"])
    moved(crm, id_, owner=crm.bob.user_id)
    [stay] = page(crm, "stage_change")
    rows = {
        "create": {"opportunity": id_, "stage": "won", "entered_at": START.isoformat()},
        "update": {"id": stay["id"], "entered_at": START.isoformat(), "amount": "1"},
    }
    with pytest.raises(Invalid) as caught:
        crm.write(getattr(records, verb), "stage_change", [rows[verb]], actor=crm.bob)
    assert [p.code for p in caught.value.problems] == ["rejected"]
    crm.write(getattr(records, verb), "stage_change", [rows[verb]])


def test_the_history_of_a_deal_that_becomes_part_of_another_has_an_end(crm):
    one, two = opened(crm), opened(crm, 1)
    [stay] = page(crm, "stage_change", filter={"field": "opportunity", "value": two})
    with on(3):
        crm.write(records.update, "stage_change", [{"id": stay["id"], "opportunity": one}])
    assert stays(crm, one) == [("qualify", 0, None), ("qualify", 1, 3)]


def test_the_pipeline_of_any_day_and_the_time_in_stages_are_one_aggregate_each(crm):
    one, two = opened(crm), opened(crm, 2, amount="50")
    move(crm, one, 4, "propose", amount="120")
    move(crm, two, 9, "lost", lost_reason="price")

    def stood(day):
        at = (START + timedelta(days=day)).isoformat()
        still = {"or": [{"field": "left_at", "op": "empty", "value": True},
                        {"field": "left_at", "op": "gt", "value": at}]}  # fmt: skip
        asked = {
            "filter": {"and": [{"field": "entered_at", "op": "lte", "value": at}, still]},
            "group": ["stage"], "select": ["count", "sum(amount)"],
        }  # fmt: skip
        found = crm.read(_aggregate, asked)
        return {row["stage"]: (row["count"], row["sum(amount)"]) for row in found}

    assert stood(1) == {"qualify": (1, "100.00")}
    assert stood(5) == {"qualify": (1, "50.00"), "propose": (1, "120.00")}
    assert stood(30) == {"lost": (1, "50.00"), "propose": (1, "120.00")}
    asked = {"group": ["stage"], "select": ["avg(duration)"]}
    times = {row["stage"]: row["avg(duration)"] for row in crm.read(_aggregate, asked)}
    assert float(times["qualify"]) == 5.5 * 86_400


def _aggregate(asked, *, actor):
    return query.aggregate(query.from_json("stage_change", asked, actor=actor)).groups
