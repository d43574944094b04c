"""Options of a choice that need values of other fields, and that set some when they are entered."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import access, clock, records
from relatum.core.errors import Invalid, Problem
from relatum.core.records import seeing
from relatum.core.testing.making import Make

from .instances import prepared
from .officing import actor, build, give, listed
from .undoing import newest, undo

OPEN: dict[str, Any] = {"value": "open", "sets": {"chance": "10", "note": None}}
OFFERED: dict[str, Any] = {
    "value": "offered", "label": "Offered", "needs": ["amount", "day"],
    "sets": {"chance": 50, "forecast": "best"},
}  # fmt: skip
WON: dict[str, Any] = {
    "value": "won", "needs": ["tags"], "sets": {"decided": "today", "sure": True},
}  # fmt: skip
FIELDS: list[dict[str, Any]] = [
    {"name": "name", "kind": "text"},
    {"name": "stage", "kind": "choice", "options": [OPEN, OFFERED, WON]},
    {"name": "amount", "kind": "money"},
    {"name": "day", "kind": "date", "label": "Closing day"},
    {"name": "chance", "kind": "percent", "default": "1"},
    {"name": "decided", "kind": "date"},
    {"name": "sure", "kind": "boolean"},
    {"name": "note", "kind": "text"},
    {"name": "tags", "kind": "tags"},
    {
        "name": "forecast", "kind": "choice",
        "options": [{"value": "best", "sets": {"note": "look at it"}}, {"value": "worst"}],
    },
]  # fmt: skip


@prepared
def deals(instance):
    """Return an instance with a type of deals whose stages need and set something."""
    instance.make_type("x_deal", *FIELDS)


def made(instance, **values):
    [id_] = instance.create("x_deal", values)
    return id_


def update(instance, id_, **values):
    return instance.write(records.update, "x_deal", [{"id": id_, **values}])


def refused(instance, verb, *rows, **more):
    with pytest.raises(Invalid) as caught:
        instance.write(verb, "x_deal", list(rows), **more)
    return caught.value.problems


def places(problems):
    return [(problem.code, problem.row, problem.field) for problem in problems]


def stages(*options):
    return {"op": "change_field", "type": "x_deal", "field": "stage", "options": list(options)}


# -- needs ----------------------------------------------------------------------------------
def test_an_option_is_refused_without_each_of_the_values_that_it_needs(deals):
    problems = refused(deals, records.create, {"stage": "open"}, {"stage": "offered"})
    assert places(problems) == [("option_needs", 1, "amount"), ("option_needs", 1, "day")]
    assert problems[1].message == (
        "'Stage' is 'Offered', which needs a value for 'Closing day'. Send one, or choose another "
        "option."
    )


def test_an_option_is_taken_with_the_values_that_it_needs(deals):
    id_ = made(deals, stage="offered", amount="10", day="2026-05-01")
    update(deals, id_, amount="20")
    assert deals.get("x_deal", id_)["amount"] == "20.00"


def test_values_that_are_there_already_are_enough_when_an_option_is_entered(deals):
    id_ = made(deals, stage="open", amount="10")
    problems = refused(deals, records.update, {"id": id_, "stage": "offered"})
    assert places(problems) == [("option_needs", 0, "day")]
    update(deals, id_, stage="offered", day="2026-05-01")
    assert deals.get("x_deal", id_)["stage"] == "offered"


def test_a_value_is_not_taken_away_from_an_option_that_needs_it(deals):
    id_ = made(deals, stage="offered", amount="10", day="2026-05-01")
    problems = refused(deals, records.update, {"id": id_, "day": None})
    assert places(problems) == [("option_needs", 0, "day")]
    update(deals, id_, day=None, stage="open")


def test_a_set_without_a_member_is_no_value(deals):
    assert places(refused(deals, records.create, {"stage": "won", "tags": []})) == [
        ("option_needs", 0, "tags")
    ]
    assert made(deals, stage="won", tags=["big"])


def test_a_value_that_is_wrong_itself_is_said_once(deals):
    row = {"stage": "offered", "amount": "much", "day": "2026-05-01"}
    assert [(p.field, p.code) for p in refused(deals, records.create, row)] == [
        ("amount", "not_decimal")
    ]


def test_of_many_rows_those_that_lack_something_are_named(deals):
    rows = [{"stage": "offered", "day": "2026-05-01", "amount": "1"} for _ in range(150)]
    del rows[120]["day"]
    assert places(refused(deals, records.create, *rows)) == [("option_needs", 120, "day")]


def test_a_row_of_no_record_that_lacks_something_is_one_of_no_record(deals):
    told = places(refused(deals, records.update, {"id": 9_999, "stage": "offered"}))
    assert told[0] == ("record_unknown", 0, None)


def test_a_dry_run_says_what_is_missing(deals):
    problems = refused(deals, records.create, {"stage": "offered", "amount": "1"}, dry_run=True)
    assert places(problems) == [("option_needs", 0, "day")]


def test_a_record_is_not_broken_by_a_later_rule_until_one_of_its_fields_is_written(deals):
    id_ = made(deals, stage="open")
    deals.apply(stages({**OPEN, "needs": ["amount", "day"]}, OFFERED, WON))
    update(deals, id_, name="new")
    assert places(refused(deals, records.update, {"id": id_, "amount": "1"})) == [
        ("option_needs", 0, "day")
    ]
    update(deals, id_, stage="won", tags=["big"])


def test_a_link_that_an_option_needs_is_emptied_with_what_it_leads_to(deals):
    deals.make_type("x_firm", {"name": "name", "kind": "text"})
    link = {"target": "x_firm", "on_delete": "clear"}
    firm = {"name": "firm", "kind": "lookup", "settings": link}
    deals.apply({"op": "add_field", "type": "x_deal", **firm})
    deals.apply(stages({**OPEN, "needs": ["firm"]}, OFFERED, WON))
    [firm] = deals.create("x_firm", {"name": "F"})
    id_ = made(deals, stage="open", firm=firm)
    deals.write(records.delete, "x_firm", [{"id": firm}])
    assert deals.get("x_deal", id_)["firm"] is None


def test_undo_goes_back_to_what_was_with_all_that_an_option_had_set(deals):
    id_ = made(deals, stage="open", chance="33", amount="5", day="2026-05-01")
    update(deals, id_, stage="offered", chance="33")
    undo(deals, newest(deals))
    found = deals.get("x_deal", id_)
    assert (found["stage"], found["chance"], found["forecast"]) == ("open", "33.00", None)
    assert found["note"] is None


# -- sets -----------------------------------------------------------------------------------
def test_entering_an_option_sets_what_it_says_and_what_that_sets_in_turn(deals):
    id_ = made(deals, stage="open")
    assert deals.get("x_deal", id_)["chance"] == "10.00"
    update(deals, id_, stage="offered", amount="1", day="2026-05-01")
    found = deals.get("x_deal", id_)
    assert (found["chance"], found["forecast"], found["note"]) == ("50.00", "best", "look at it")


def test_what_is_sent_along_is_kept_though_it_is_what_there_was(deals):
    id_ = made(deals, stage="open", chance="33")
    assert deals.get("x_deal", id_)["chance"] == "33.00"
    update(deals, id_, stage="offered", amount="1", day="2026-05-01", chance="33", forecast="worst")
    found = deals.get("x_deal", id_)
    assert (found["chance"], found["forecast"], found["note"]) == ("33.00", "worst", None)


def test_an_empty_value_counts_as_sent_where_it_takes_one_away(deals):
    id_ = made(deals, stage="open", chance=None)
    assert deals.get("x_deal", id_)["chance"] == "10.00"
    update(deals, id_, stage="offered", amount="1", day="2026-05-01", chance=None, forecast=None)
    found = deals.get("x_deal", id_)
    assert (found["chance"], found["forecast"]) == (None, "best")


def test_what_was_changed_stays_until_another_option_is_entered(deals):
    id_ = made(deals, stage="offered", amount="1", day="2026-05-01")
    update(deals, id_, chance="70")
    update(deals, id_, stage="offered", name="again")
    assert deals.get("x_deal", id_)["chance"] == "70.00"
    update(deals, id_, stage="open")
    assert deals.get("x_deal", id_)["chance"] == "10.00"


def test_an_option_empties_a_field_and_sets_today_and_a_flag(deals):
    id_ = made(deals, stage="won", tags=["a"], note="n")
    zone = deals.catalog.type("x_deal").field("decided").zone
    found = deals.get("x_deal", id_)
    assert (str(found["decided"]), found["sure"]) == (str(clock.today(zone)), True)
    update(deals, id_, stage="open")
    assert deals.get("x_deal", id_)["note"] is None


def test_a_default_option_sets_its_values_too_and_defaults_give_way(deals):
    deals.apply({"op": "change_field", "type": "x_deal", "field": "stage", "default": "open"})
    assert deals.get("x_deal", made(deals))["chance"] == "10.00"


def test_a_value_that_is_set_serves_what_is_needed(deals):
    deals.apply(stages(OPEN, {**OFFERED, "needs": ["forecast"]}, WON))
    assert deals.get("x_deal", made(deals, stage="offered"))["forecast"] == "best"


def test_plugins_see_what_an_option_sets_before_the_write(deals):
    rows = [{"stage": "open"}]
    [told] = deals.write(records.create, "x_deal", rows, dry_run=True)
    assert told.changes["chance"] == (None, "10.00")


def test_the_test_kit_makes_records_with_what_their_options_need(deals):
    found = Make(deals)("x_deal", stage="offered")
    assert found["amount"] is not None and found["day"] is not None


# -- who does not see everything------------------------------------------------------------
HIDDEN = {"read": False, "update": False, "create": False}
STEP: dict[str, Any] = {
    "name": "step", "kind": "choice",
    "options": [{"value": "a"}, {"value": "b", "label": "Bee", "needs": ["secret", "tags"]}],
}  # fmt: skip


@prepared
def office(instance):
    """An office in which a step of a deal needs a secret, and tags."""
    found = build(instance)
    instance.apply({"op": "add_field", "type": "x_deal", **STEP})
    return found


def nora(instance, office, *hidden):
    """Return somebody who sees and changes all deals, but for some fields."""
    line = {"read": "all", "update": "all", "create": "all"}
    give(instance, office, "nora", line, fields={f"x_deal.{name}": HIDDEN for name in hidden})
    return actor(instance, office, "nora")


@pytest.mark.parametrize(
    ("hidden", "told"),
    [
        ((), [("option_needs", 0, "secret"), ("option_needs", 0, "tags")]),
        (("secret",), [("option_needs_hidden", 0, None), ("option_needs", 0, "tags")]),
        (("secret", "tags"), [("option_needs_hidden", 0, None)]),
    ],
)
def test_of_hidden_fields_that_are_needed_no_more_is_said_than_that(instance, office, hidden, told):
    who = nora(instance, office, *hidden)
    problems = refused(instance, records.create, {"name": "n", "step": "b"}, actor=who)
    assert places(problems) == told
    said = str([problem.as_json() for problem in problems])
    assert [name for name in hidden if name in said.casefold()] == []


def test_of_a_need_of_a_type_that_one_does_not_see_nothing_is_said(instance, office):
    instance.make_type("x_safe")
    who = nora(instance, office)
    told = {"type": "x_safe", "choice": "step", "option": "Bee", "field": "S", "choice_label": "C"}
    problems = [[Problem("option_needs", told, "secret", 0)]]
    instance.read(lambda **_: seeing.mask(problems, who))
    assert places(problems[0]) == [("option_needs_hidden", 0, None)]


def test_of_a_hidden_choice_that_needs_a_value_nothing_is_said(instance, office):
    [id_] = instance.create("x_deal", {"name": "n", "step": "b", "secret": "s", "tags": ["t"]})
    who = nora(instance, office, "step")
    problems = refused(instance, records.update, {"id": id_, "tags": []}, actor=who)
    assert places(problems) == [("option_needs_hidden", 0, None)]
    said = str([problem.as_json() for problem in problems])
    assert "Bee" not in said and "step" not in said.casefold()


def test_a_hidden_field_is_set_and_the_dry_run_does_not_show_it(instance, office):
    options = [{"value": "a", "sets": {"secret": "hush"}}, {"value": "b"}]
    change = {"op": "change_field", "type": "x_deal", "field": "step", "options": options}
    instance.apply(change)
    who, row = nora(instance, office, "secret"), {"name": "n", "step": "a"}
    [told] = instance.write(records.create, "x_deal", [row], actor=who, dry_run=True)
    assert "secret" not in told.changes
    [made] = instance.write(records.create, "x_deal", [row], actor=who)
    assert instance.get("x_deal", made.id)["secret"] == "hush"
    assert "n" in listed(instance, who)


def test_who_does_not_see_a_field_does_not_read_that_an_option_names_it(instance, office):
    for hidden, known in ((("secret",), ("tags",)), ((), ("secret", "tags"))):
        who = nora(instance, office, *hidden)
        with instance.reading():
            seen = access.seen(who).type("x_deal")
            assert seen.fields["step"].options[1].needs == known
