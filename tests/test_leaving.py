"""Somebody leaves: he is out at once, and what he owns goes to others as one undoable job."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from relatum.core import auth, jobs, people, records
from relatum.core.errors import Invalid, RelatumError

from .counting import run
from .instances import prepared

STAGE = {
    "name": "stage", "kind": "choice",
    "options": [
        {"value": "new", "category": "open"}, {"value": "talk"},
        {"value": "won", "category": "won"}, {"value": "lost", "category": "lost"},
    ],
}  # fmt: skip


@prepared
def office(instance):
    """Give bob deals in every stage, notes and one deal in the trash; charlie one of his own."""
    name = {"name": "name", "kind": "text"}
    instance.make_type("x_deal", name, STAGE, label="Deal", plural="Deals")
    instance.make_type("x_note", name, label="Note", plural="Notes")
    north, south = instance.create("team", {"name": "North"}, {"name": "South"})
    bob = instance.bob.user_id
    [charlie] = [row.id for row in instance.sql("SELECT id FROM core_user WHERE name = 'Charlie'")]
    instance.write(records.update, "user", [{"id": bob, "team": north}])
    instance.write(records.update, "user", [{"id": charlie, "team": south}])
    stages = ("new", "talk", "won", "lost", None)
    deals = instance.create("x_deal", *({"name": s, "stage": s, "owner": bob} for s in stages))
    [gone] = instance.create("x_deal", {"name": "gone", "owner": bob})
    instance.write(records.delete, "x_deal", [{"id": gone}])
    notes = instance.create("x_note", *({"name": f"n{n}", "owner": bob} for n in range(3)))
    [other] = instance.create("x_deal", {"name": "other", "owner": charlie})
    return {
        "bob": bob, "charlie": charlie, "deals": deals, "notes": notes, "other": other,
        "gone": gone, "north": north, "south": south,
    }  # fmt: skip


def disable(instance, ids, **more):
    return instance.write(people.disable, ids["bob"], **more)


def owners(instance, type_name, ids):
    return [instance.get(type_name, id_)["owner"] for id_ in ids]


def state(instance):
    """Return what the tables hold, but for when and how often it was written."""
    found = {}
    for name in ("x_deal", "x_note"):
        rows = instance.sql(f"SELECT * FROM {name} ORDER BY id")
        when = {"updated_at", "updated_by", "version"}
        found[name] = [{k: v for k, v in r._mapping.items() if k not in when} for r in rows]
    return found


def test_what_somebody_owns_is_counted_by_type_without_the_trash(instance, office):
    found = instance.read(people.leaving, office["bob"])
    types = {each["type"]: each for each in found["types"]}
    assert set(types) == {"x_deal", "x_note"}
    deal = types["x_deal"]
    assert (deal["records"], deal["open"], deal["state"]) == (5, 3, "stage")
    assert deal["label"] == "Deals"
    assert (types["x_note"]["records"], types["x_note"]["open"]) == (3, 3)
    assert (found["records"], found["open"], found["user"]["active"]) == (8, 6, True)


def test_what_lets_him_in_is_counted_and_ends_with_him(instance, office):
    cookies = [instance.write(lambda **_: auth.sign_in(office["bob"])).cookie for _ in range(2)]
    _, token = instance.write(auth.make_token, office["bob"], "report", None)
    instance.write(auth.make_link, office["bob"])
    asked = instance.read(people.leaving, office["bob"])
    done = disable(instance, office)
    for found in (asked, done):
        assert (found["sessions"], found["links"], found["tokens"]) == (2, 1, 1)
    assert (done["status"], done["job"]) == ("updated", None)
    with instance.reading():
        for verb, text in ((auth.actor_of_session, cookies[0]), (auth.actor_of_token, token)):
            with pytest.raises(RelatumError):
                verb(text)
    again = disable(instance, office)
    assert (again["status"], again["sessions"], again["tokens"]) == ("unchanged", 0, 0)
    instance.write(people.enable, office["bob"])
    with instance.reading():
        assert auth.actor_of_token(token).user_id == office["bob"]
        with pytest.raises(RelatumError):
            auth.actor_of_session(cookies[0])


def test_open_records_go_to_the_heir_and_the_rest_stays(instance, office):
    bob, charlie = office["bob"], office["charlie"]
    job = disable(instance, office, transfer_to=charlie)["job"]
    assert instance.get("user", bob)["active"] is False
    assert run(instance, job) == "done"
    assert owners(instance, "x_deal", office["deals"]) == [charlie, charlie, bob, bob, charlie]
    assert set(owners(instance, "x_note", office["notes"])) == {charlie}
    # The team goes with the owner, as whenever a record is given to somebody.
    assert instance.get("x_deal", office["deals"][0])["team"] == office["south"]
    [gone] = instance.sql("SELECT owner_id FROM x_deal WHERE trashed_at IS NOT NULL")
    assert gone.owner_id == bob
    result = instance.read(jobs.get, job)["result"]
    assert result["updated"] == 6
    assert {name: counts["updated"] for name, counts in result["types"].items()} == {
        "x_deal": 3, "x_note": 3
    }  # fmt: skip


def test_all_records_go_if_that_is_asked(instance, office):
    job = disable(instance, office, transfer_to=office["charlie"], only_open=False)["job"]
    run(instance, job)
    assert set(owners(instance, "x_deal", office["deals"])) == {office["charlie"]}
    assert instance.read(people.leaving, office["bob"])["records"] == 0


def test_types_go_to_heirs_of_their_own_or_stay(instance, office):
    alice, bob = instance.alice.user_id, office["bob"]
    heirs = {"x_note": alice, "x_deal": None}
    run(instance, disable(instance, office, transfer_to=office["charlie"], heirs=heirs)["job"])
    assert set(owners(instance, "x_note", office["notes"])) == {alice}
    assert set(owners(instance, "x_deal", office["deals"])) == {bob}
    assert disable(instance, office, heirs={"x_deal": None})["job"] is None


@pytest.mark.parametrize("only_open", [True, False])
def test_the_whole_is_undone_as_one_job(instance, office, only_open):
    before = state(instance)
    job = disable(instance, office, transfer_to=office["charlie"], only_open=only_open)["job"]
    run(instance, job)
    assert state(instance) != before
    undo = instance.write(jobs.enqueue, "undo", {"job": job})
    assert run(instance, undo) == "done"
    assert state(instance) == before
    # What a disabled user owns again can be handed over again.
    run(instance, disable(instance, office, transfer_to=office["charlie"])["job"])
    assert set(owners(instance, "x_note", office["notes"])) == {office["charlie"]}


def test_many_records_go_chunk_by_chunk_and_none_is_left(instance, office):
    instance.create("x_note", *({"name": "n", "owner": office["bob"]} for _ in range(1200)))
    job = disable(instance, office, transfer_to=office["charlie"])["job"]
    assert run(instance, job) == "done"
    found = instance.read(jobs.get, job)
    assert (found["done"], found["total"]) == (1206, 1206)
    left = instance.sql("SELECT count(*) FROM x_note WHERE owner_id = :bob", bob=office["bob"])
    assert left[0][0] == 0


def test_who_takes_over_must_be_there_be_active_and_be_another(instance, office):
    bob = office["bob"]
    [asleep] = instance.create("user", {"name": "Asleep", "active": False})
    wrong: list[tuple[dict[str, Any], str]] = [
        *(({"transfer_to": heir}, "transfer_to") for heir in (bob, 999_999, asleep)),
        ({"heirs": {"x_deal": asleep}}, "heirs.x_deal"),
    ]
    for more, field in wrong:
        with pytest.raises(Invalid) as caught:
            disable(instance, office, **more)
        assert [(p.field, p.code) for p in caught.value.problems] == [(field, "heir_impossible")]
    with pytest.raises(RelatumError, match="x_dael"):
        disable(instance, office, heirs={"x_dael": office["charlie"]})
    assert instance.get("user", bob)["active"] is True


def test_the_last_administrator_does_not_leave(instance, office):
    with pytest.raises(RelatumError) as caught:
        instance.write(people.disable, instance.alice.user_id, transfer_to=office["charlie"])
    assert caught.value.code == "last_admin"
    assert instance.read(jobs.list_jobs, kind="hand_over") == []


def test_nobody_but_an_administrator_lets_anybody_leave(instance, office):
    for verb in (people.leaving, people.disable, people.enable):
        with pytest.raises(RelatumError) as caught:
            instance.write(verb, office["charlie"], actor=instance.bob)
        assert caught.value.code == "forbidden"
    with pytest.raises(RelatumError) as caught:
        asked = {"user": office["charlie"], "transfer_to": office["bob"]}
        instance.write(jobs.enqueue, "hand_over", asked, actor=instance.bob)
    assert caught.value.code == "forbidden"


def test_somebody_unknown_can_not_leave(instance, office):
    for verb in (people.leaving, people.disable, people.enable):
        with pytest.raises(RelatumError) as caught:
            instance.write(verb, 999_999)
        assert caught.value.code == "record_unknown"


def test_a_job_can_be_looked_at_before(instance, office):
    asked = {"user": office["bob"], "transfer_to": office["charlie"], "heirs": {"x_note": None}}
    assert instance.write(jobs.look, "hand_over", asked) == {"count": 3, "types": {"x_deal": 3}}


def test_an_administrator_who_disables_himself_hands_over_all_the_same(instance, office):
    bob, heir = instance.bob, office["charlie"]
    instance.write(records.update, "user", [{"id": office["bob"], "admin": True}])
    myself = dataclasses.replace(bob, admin=True)
    left = instance.write(people.disable, office["bob"], transfer_to=heir, actor=myself)
    assert run(instance, left["job"]) == "done"
    assert set(owners(instance, "x_note", office["notes"])) == {heir}
