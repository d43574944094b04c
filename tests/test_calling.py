"""Call lists: who is called next and by whom, and what follows from an outcome."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from relatum.core import changes, clock, query, records, roles
from relatum.core.errors import Invalid, RelatumError
from relatum.plugins import calling

from .telephoning import (
    HOUR,
    NOON,
    WORK,
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


def order(office, list_id, at=NOON, count=9):
    """Return the targets that are given one after the other, each of whom is not reached."""
    found = []
    for _ in range(count):
        target = take(office, list_id, at=at)
        if target is None:
            break
        note(office, target, "not_reached", at=at)
        found.append(target)
    return found


# -- who is next ----------------------------------------------------------------------------------
def test_due_call_backs_come_first_then_the_untried_then_those_to_try_again(office):
    spring = make_list(office, tries=5)
    who = filled(office, spring, "Ash", "Birch", "Cedar", "Dogwood", "Elm", "Fir")
    for name, hours in (("Ash", 3), ("Birch", 2), ("Cedar", 30)):
        note(office, who[name], "call_back", next_call_at=NOON + hours * HOUR)
    note(office, who["Dogwood"], "not_reached")
    names = {id_: name for name, id_ in who.items()}
    given = [names[id_] for id_ in order(office, spring, at=NOON + 5 * HOUR)]
    assert given == ["Birch", "Ash", "Elm", "Fir", "Dogwood"]


def test_nobody_is_tried_again_before_the_hours_are_over_and_then_given_up(office):
    spring = make_list(office, tries=2, retry_hours=4)
    who = filled(office, spring, "Ash")
    assert order(office, spring) == [who["Ash"]]
    assert take(office, spring, at=NOON + 4 * HOUR - timedelta(seconds=1)) is None
    assert take(office, spring, at=NOON + 4 * HOUR) == who["Ash"]
    note(office, who["Ash"], "busy", at=NOON + 4 * HOUR)
    [target] = targets(office, spring)
    assert (target["state"], target["attempts"], target["next_call_at"]) == ("given_up", 2, None)
    assert take(office, spring, at=NOON + 99 * HOUR) is None


def test_a_list_calls_on_its_days_within_its_hours_by_its_own_clocks(office):
    spring = make_list(
        office, timezone="America/New_York", hours_from="09:00", hours_to="17:00",
        days=["mon", "wed"],
    )  # fmt: skip
    who = filled(office, spring, "Ash")
    assert take(office, spring, at=NOON) is None  # six in the morning there
    assert take(office, spring, at=NOON.replace(hour=13, minute=59)) is None
    assert take(office, spring, at=NOON.replace(hour=14)) == who["Ash"]
    assert take(office, spring, at=NOON.replace(hour=21, minute=59)) == who["Ash"]
    assert take(office, spring, at=NOON.replace(hour=22)) is None
    assert take(office, spring, at=NOON.replace(day=5, hour=15)) is None  # a Thursday
    # Clocks there go forward on the 8th of March.
    assert take(office, spring, at=NOON.replace(day=9, hour=13)) == who["Ash"]


def test_only_an_active_list_gives_somebody(office):
    draft = make_list(office, status="draft")
    with pytest.raises(RelatumError) as refused:
        take(office, draft)
    assert refused.value.code == "calling_list_inactive"


# -- one for one ----------------------------------------------------------------------------------
def test_whom_somebody_calls_nobody_else_is_given_until_the_minutes_are_over(office):
    spring = make_list(office, team=office.teams["North"])
    who = filled(office, spring, "Ash", "Birch", team=office.teams["North"])
    assert take(office, spring) == who["Ash"]
    assert take(office, spring) == who["Ash"]  # he keeps whom he has
    assert take(office, spring, by="Bob") == who["Birch"]
    with pytest.raises(RelatumError) as refused:
        note(office, who["Ash"], "reached", by="Bob")
    assert refused.value.code == "calling_held"
    later = NOON + timedelta(minutes=10, seconds=1)
    office.write(records.update, "call_target", [{"id": who["Birch"], "state": "done"}])
    assert take(office, spring, by="Bob", at=later) == who["Ash"]


def test_callers_at_once_are_never_given_the_same_one(office):
    spring = make_list(office)
    filled(office, spring, *(f"Tree{n}" for n in range(12)))
    every = dict.fromkeys(("read", "create", "update"), "all")
    office.write(roles.save, "everywhere", {"types": dict.fromkeys(WORK, every)})
    callers = [person(office, name) for name in ("Alice", "Bob", "Charlie")]
    for who in callers[1:]:
        office.write(roles.hold, "user", who.user_id, ["everywhere"])
    for _ in range(4):
        given: list[Any] = []
        start = threading.Barrier(3)

        def ask(who, given=given, start=start):
            start.wait()
            with clock.frozen(NOON):
                given.append((who, office.write(calling.take, spring, actor=who)))

        threads = [threading.Thread(target=ask, args=(who,)) for who in callers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({id_ for _, id_ in given}) == 3, given
        for who, id_ in given:
            note(office, id_, "reached", by=who.name)
    assert take(office, spring) is None


# -- what follows ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("outcome", "state", "of_call"),
    [
        ("reached", "done", "reached"),
        ("interested", "done", "reached"),
        ("not_interested", "done", "reached"),
        ("wrong_number", "given_up", "wrong_number"),
        ("not_reached", "open", "no_answer"),
        ("busy", "open", "busy"),
    ],
)
def test_an_outcome_is_a_call_and_a_new_state_in_one_change_that_undo_takes_back(
    office, outcome, state, of_call
):
    spring = make_list(office)
    who = filled(office, spring, "Ash")
    [before] = targets(office, spring)

    def work(*, actor):
        calling.note(who["Ash"], outcome, note="Said so.", duration="3m", actor=actor)
        return changes.number()

    with clock.frozen(NOON):
        number = office.write(work)
    [target] = targets(office, spring)
    assert (target["state"], target["outcome"], target["note"]) == (state, outcome, "Said so.")
    [call] = calls(office)
    assert (call["regarding"], call["outcome"]) == (target["lead"], of_call)
    assert (call["duration"], call["notes"]) == (180, "Said so.")
    assert (call["call_target"], call["number"]) == (target["id"], "+49301234500")
    office.write(records.undo, number)
    assert calls(office) == []
    [after] = targets(office, spring)
    kept = ("state", "outcome", "attempts", "note", "caller", "last_call_at", "next_call_at")
    assert {n: after[n] for n in kept} == {n: before[n] for n in kept}
    assert take(office, spring) == who["Ash"]


def calls(office, **asked):
    """Return the calls, oldest first."""

    def found(*, actor):
        words = {"sort": ["id"], **asked}
        return query.page(query.from_json("call", words, actor=actor)).records

    return office.read(found)


def test_a_call_back_needs_a_time_to_come_within_the_hours(office):
    spring = make_list(office, hours_from="09:00", hours_to="17:00", timezone="Europe/Berlin")
    who = filled(office, spring, "Ash")
    with pytest.raises(Invalid) as refused:
        note(office, who["Ash"], "call_back")
    assert [p.code for p in refused.value.problems] == ["option_needs"]
    for moment, code in (
        (NOON - HOUR, "calling_time_past"),
        (NOON + 6 * HOUR, "calling_outside_hours"),
    ):
        with pytest.raises(RelatumError) as wrong:
            note(office, who["Ash"], "call_back", next_call_at=moment)
        assert wrong.value.code == code
    with pytest.raises(Invalid):
        note(office, who["Ash"], "call_back", next_call_at="soon")
    assert calls(office) == []
    note(office, who["Ash"], "call_back", next_call_at="2026-03-05T10:00:00+01:00")
    [target] = targets(office, spring)
    assert target["state"] == "call_back"
    assert target["next_call_at"] == NOON.replace(day=5, hour=9)


def test_an_outcome_of_an_administrator_goes_by_its_category(office):
    options = [{"value": "voicemail", "label": "Voicemail", "category": "retry"},
               {"value": "sent_mail", "label": "Asked for mail", "category": "won",
                "needs": ["note"]}]  # fmt: skip
    field = office.catalog.type("call_target").fields["outcome"]
    known = [{"value": o.value, "label": o.label, "category": o.category, "needs": list(o.needs)}
             for o in field.options]  # fmt: skip
    office.apply({"op": "change_field", "type": "call_target", "field": "outcome",
                  "options": [*known, *options]})  # fmt: skip
    spring = make_list(office)
    who = filled(office, spring, "Ash", "Birch")
    note(office, who["Ash"], "voicemail")
    assert targets(office, spring)[0]["state"] == "open"
    assert calls(office)[0]["outcome"] == "no_answer"
    with pytest.raises(Invalid):
        note(office, who["Birch"], "sent_mail")
    note(office, who["Birch"], "sent_mail", note="To the plant manager")
    assert targets(office, spring)[1]["state"] == "done"


def test_what_is_noted_already_and_what_is_no_outcome_are_refused(office):
    spring = make_list(office)
    who = filled(office, spring, "Ash")
    with pytest.raises(RelatumError) as unknown:
        note(office, who["Ash"], "gossip")
    assert unknown.value.code == "calling_outcome_unknown"
    [target] = targets(office, spring)
    note(office, who["Ash"], "not_reached", version=target["version"])
    with pytest.raises(RelatumError) as stale:
        note(office, who["Ash"], "reached", version=target["version"])
    assert "version_mismatch" in {stale.value.code, *(p.code for p in stale.value.problems)}
    note(office, who["Ash"], "reached")
    with pytest.raises(RelatumError) as over:
        note(office, who["Ash"], "reached")
    assert over.value.code == "calling_target_over"
    assert len(calls(office)) == 2


def test_who_wants_no_more_calls_is_on_no_list_any_more(office):
    spring, autumn = make_list(office), make_list(office, name="Autumn")
    [ash] = make_leads(office, "Ash")
    for each in (spring, autumn):
        put(office, each, [ash])
    note(office, take(office, spring), "do_not_call")
    assert office.get("lead", ash)["do_not_call"] is True
    assert take(office, autumn) is None
    assert put(office, make_list(office, name="Winter"), [ash]).left_out == {"no_calls": 1}
