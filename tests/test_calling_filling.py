"""Who stands on a call list, who is left out, and what whom of it is shown."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from relatum.core import changes, clock, plugin_host, records, roles
from relatum.core.errors import Invalid, RelatumError
from relatum.plugins import calling

from .telephoning import (
    HOUR,
    NOON,
    crm,
    filled,
    make_leads,
    make_list,
    note,
    office,
    person,
    put,
    take,
    targets,
)

__all__ = ["crm", "office"]
#: The preset of the instance.
PRESET = "sales"


# -- filling --------------------------------------------------------------------------------------
def test_a_list_is_filled_but_for_those_who_must_not_be_called(office):
    spring = make_list(office)
    plain = {"name": {"last": "Ash"}, "phone": "+49 30 1234501"}
    rows = [
        plain,
        {**plain, "phone": None, "mobile": "+49 170 1234567"},
        {**plain, "phone": None},
        {**plain, "do_not_contact": True},
        {**plain, "do_not_call": True},
    ]
    people = office.create("contact", *rows)
    look = office.read(calling.look, spring, "contact", {"sort": ["id"]})
    assert (look.ids, look.found) == (people[:2], 5)
    assert look.left_out == {"no_number": 1, "no_calls": 2}
    assert targets(office, spring) == []
    assert put(office, spring, people, "contact").ids == people[:2]
    again = put(office, spring, people, "contact")
    assert (again.ids, again.left_out) == ([], {"there": 2, "no_number": 1, "no_calls": 2})


def test_with_consent_only_those_are_called_who_gave_it(office):
    spring = make_list(office, needs_consent=True)
    ids = make_leads(office, "Ash") + make_leads(office, "Birch", consent_phone=True)
    done = put(office, spring, ids)
    assert (done.ids, done.left_out) == (ids[1:], {"no_calls": 1})
    assert take(office, spring) is not None
    office.write(records.update, "lead", [{"id": ids[1], "consent_phone": False}])
    assert take(office, spring) is None  # who takes it back is not called


def test_filling_is_one_change_that_undo_takes_back(office):
    spring, ids = make_list(office), make_leads(office, "Ash", "Birch")

    def work(*, actor):
        calling.fill(spring, "lead", {}, actor=actor)
        return changes.number()

    number = office.write(work)
    assert [row["lead"] for row in targets(office, spring)] == ids
    office.write(records.undo, number)
    assert targets(office, spring) == []
    assert put(office, spring, ids).ids == ids


def test_what_can_not_be_filled_is_refused_with_the_reason(office):
    spring = make_list(office)
    with pytest.raises(RelatumError) as refused:
        office.write(calling.fill, spring, "account", {})
    assert refused.value.code == "calling_type_unknown"
    make_leads(office, "Ash", "Birch")
    office.write(plugin_settings, {"fill_limit": 1})
    with pytest.raises(RelatumError) as many:
        office.write(calling.fill, spring, "lead", {})
    assert many.value.code == "calling_too_many"


def plugin_settings(values, *, actor):
    """Set what the plugin can be set to."""
    return plugin_host.change_settings("calling", values, actor=actor)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"timezone": "Berlin"}, "timezone"),
        ({"hours_from": "17:00", "hours_to": "09:00"}, "hours_to"),
        ({"script": "Hello {nmae}"}, "script"),
        ({"tries": 0}, "tries"),
        ({"retry_hours": -1}, "retry_hours"),
        ({"name": ""}, "name"),
    ],
    ids=str,
)
def test_a_list_that_can_not_be_is_refused_at_its_field(office, values, field):
    with pytest.raises(Invalid) as refused:
        office.create("call_list", {"name": "Spring", **values})
    assert [problem.field for problem in refused.value.problems] == [field]


def test_nobody_stands_on_a_list_twice_and_a_target_of_two_is_the_lead(office):
    spring, [ash] = make_list(office), make_leads(office, "Ash")
    [ada] = office.create("contact", {"name": {"last": "Ada"}, "phone": "+49 30 7654321"})
    [both] = office.create("call_target", {"list": spring, "lead": ash, "contact": ada})
    for row in ({"lead": ash}, {"contact": ada}):
        with pytest.raises(Invalid):
            office.create("call_target", {"list": spring, **row})
    office.create("call_target", {"list": spring})  # nobody, who is never given
    assert take(office, spring) == both
    assert note(office, both, "reached").person == ("lead", ash)
    assert take(office, spring) is None


# -- rights ---------------------------------------------------------------------------------------
def test_who_does_not_see_a_lead_is_never_given_it_nor_counts_it(office):
    north, south = office.teams["North"], office.teams["South"]
    spring = make_list(office, team=north)
    who = filled(office, spring, "Ash", team=south) | filled(office, spring, "Birch", team=north)
    assert take(office, spring, by="Bob") == who["Birch"]
    note(office, who["Birch"], "reached", by="Bob")
    assert take(office, spring, by="Bob") is None
    with pytest.raises(RelatumError) as hidden:
        note(office, who["Ash"], "reached", by="Bob")
    assert hidden.value.code == "record_unknown"
    for verb, *more in ((calling.take,), (calling.look, "lead", {})):
        with pytest.raises(RelatumError) as unknown:
            office.write(verb, spring, *more, actor=person(office, "Charlie"))
        assert unknown.value.code == "record_unknown"


def test_flags_that_the_caller_does_not_see_hold_and_are_not_told(office):
    spring = make_list(office, team=office.teams["North"])
    [ash] = make_leads(office, "Ash", do_not_call=True, team=office.teams["North"])
    locked = {"read": False, "update": False, "create": False}
    given = office.read(roles_of, "caller")
    office.write(roles.save, "caller", {**given, "fields": {"lead.do_not_call": locked}})
    bob = person(office, "Bob")
    look = office.read(calling.look, spring, "lead", {}, actor=bob)
    assert (look.ids, look.left_out) == ([], {"untold": 1})
    office.create("call_target", {"list": spring, "lead": ash, "team": office.teams["North"]})
    assert take(office, spring, by="Bob") is None


def roles_of(name, *, actor):
    """Return a role as it is saved."""
    found = next(each for each in roles.list_roles(actor=actor) if each["name"] == name)
    return {word: found[word] for word in ("types", "permissions")}


def test_progress_counts_what_its_reader_sees(office):
    north = office.teams["North"]
    spring = make_list(office, team=north, tries=1)
    who = filled(office, spring, "Ash", "Birch", "Cedar", "Dogwood", team=north)
    note(office, who["Ash"], "interested", by="Bob")
    note(office, who["Birch"], "not_reached", by="Bob")
    note(office, who["Cedar"], "call_back", next_call_at=NOON + HOUR)

    def read(actor):
        with clock.frozen(NOON + 2 * HOUR):
            return office.read(calling.progress_of, spring, actor=actor, zone=ZoneInfo("UTC"))

    found = read(person(office, "Bob"))
    assert (found.total, found.open, found.called, found.untried) == (4, 2, 3, 1)
    assert (found.reached, found.success, found.given_up) == (2, 1, 1)
    assert (found.call_backs, found.call_backs_due) == (1, 1)
    bob = person(office, "Bob").user_id
    assert [row for row in found.days if row["caller"] == bob] == [
        {"day": "2026-03-04", "caller": bob, "calls": 2, "reached": 1, "success": 1}
    ]
    assert read(person(office, "Charlie")).total == 0
