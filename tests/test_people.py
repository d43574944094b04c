"""Users and teams: types of the catalog like any other, with a few rules of their own."""

from __future__ import annotations

import threading

import pytest

from relatum.core import auth, records
from relatum.core.errors import RelatumError


def refused(instance, verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        instance.write(verb, *args, **kwargs)
    return caught.value


def both_at_once(*acts):
    """Run acts in threads that start together, and return the codes they end with."""
    told: list[str] = []
    barrier = threading.Barrier(len(acts))

    def run(act):
        barrier.wait()
        try:
            act()
            told.append("done")
        except RelatumError as error:
            told.append(error.code)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    [t.start() for t in threads]
    [t.join() for t in threads]
    return sorted(told)


def test_users_and_teams_take_fields_of_ones_own(instance):
    instance.apply(
        {"op": "add_field", "type": "user", "name": "x_size", "kind": "integer"},
        {"op": "add_field", "type": "team", "name": "x_boss", "kind": "user"},
        {"op": "add_field", "type": "user", "name": "x_code", "kind": "text", "unique": True},
    )
    (dave,) = instance.create("user", {"name": "Dave", "x_size": 44, "x_code": "D"})
    (team,) = instance.create("team", {"name": "North", "x_boss": dave})
    assert instance.get("user", dave)["x_size"] == 44
    assert instance.get("team", team)["x_boss"] == dave
    again = [{"name": "D", "x_code": "d"}]
    assert refused(instance, records.create, "user", again).code == "duplicate"


def test_a_user_without_email_or_password_owns_records_and_comes_in_once_invited(instance):
    instance.make_type("x_deal", {"name": "code", "kind": "text"})
    (dave,) = instance.create("user", {"name": "Dave"})
    (deal,) = instance.create("x_deal", {"code": "A", "owner": dave})
    assert instance.get("x_deal", deal)["owner"] == dave
    with instance.reading():
        nobody = auth.find_credential("")
    with pytest.raises(RelatumError):
        auth.check_password(nobody, "")
    link = instance.write(auth.make_link, dave)
    assert instance.write(lambda **_: auth.sign_in(auth.use_link(link))).user_id == dave


def test_two_users_cant_have_one_email_address_whatever_its_case(instance):
    error = refused(instance, records.create, "user", [{"name": "B", "email": "ALICE@example.org"}])
    assert error.code == "duplicate"
    instance.create("user", {"name": "B"}, {"name": "C"})


def test_a_time_zone_must_exist(instance):
    error = refused(instance, records.create, "user", [{"name": "B", "timezone": "Europe/Belin"}])
    assert error.problems[0].code == "option_unknown"
    assert "'Europe/Berlin'" in str(error)


def test_the_owner_of_a_user_record_does_not_move_the_user_to_another_team(instance):
    north, south = instance.create("team", {"name": "North"}, {"name": "South"})
    boss, dave = instance.create("user", {"name": "B", "team": north}, {"name": "D", "team": south})
    instance.write(records.update, "user", [{"id": dave, "owner": boss}])
    assert instance.get("user", dave)["team"] == south
    (eve,) = instance.create("user", {"name": "Eve", "owner": boss})
    assert instance.get("user", eve)["team"] is None


@pytest.mark.parametrize("row", [{"admin": False}, {"active": False}])
def test_the_last_administrator_stays_one(instance, row):
    alice = instance.alice.user_id
    assert refused(instance, records.update, "user", [{"id": alice, **row}]).code == "last_admin"
    assert instance.get("user", alice)["admin"] is True
    instance.create("user", {"name": "Second", "email": "second@example.org", "admin": True})
    instance.write(records.update, "user", [{"id": alice, **row}])


def test_an_administrator_who_may_not_sign_in_does_not_count_as_one(instance):
    instance.create("user", {"name": "Second", "admin": True, "active": False})
    error = refused(instance, records.delete, "user", [{"id": instance.alice.user_id}])
    assert error.code == "last_admin"


def test_two_administrators_who_retire_each_other_at_once_leave_one(instance):
    alice = instance.alice.user_id
    (second,) = instance.create(
        "user", {"name": "Second", "email": "second@example.org", "admin": True}
    )
    for _ in range(5):
        told = both_at_once(
            lambda: instance.write(records.update, "user", [{"id": alice, "admin": False}]),
            lambda: instance.write(records.update, "user", [{"id": second, "admin": False}]),
        )
        assert told == ["done", "last_admin"]
        instance.write(
            records.update, "user", [{"id": alice, "admin": True}, {"id": second, "admin": True}]
        )


def test_teams_are_a_tree_even_if_two_move_at_once(instance):
    for n in range(5):
        a, b = instance.create("team", {"name": f"A{n}"}, {"name": f"B{n}"})
        told = both_at_once(
            lambda a=a, b=b: instance.write(records.update, "team", [{"id": a, "parent": b}]),
            lambda a=a, b=b: instance.write(records.update, "team", [{"id": b, "parent": a}]),
        )
        assert told == ["circular", "done"]


def test_a_team_cant_be_its_own_parent(instance):
    (a,) = instance.create("team", {"name": "A"})
    assert refused(instance, records.update, "team", [{"id": a, "parent": a}]).code == "circular"


def test_a_circle_of_three_made_in_one_batch_is_refused_whole(instance):
    a, b, c = instance.create("team", {"name": "A"}, {"name": "B"}, {"name": "C"})
    rows = [{"id": a, "parent": b}, {"id": b, "parent": c}, {"id": c, "parent": a}]
    assert refused(instance, records.update, "team", rows).code == "circular"
    assert instance.get("team", a)["parent"] is None


def test_a_team_with_members_can_be_deleted_and_they_are_without_one(instance):
    (a,) = instance.create("team", {"name": "A"})
    (dave,) = instance.create("user", {"name": "Dave", "team": a})
    instance.write(records.delete, "team", [{"id": a}])
    assert instance.get("user", dave)["team"] in (None, a)


def test_a_deleted_user_keeps_what_he_owns_and_can_come_back(instance):
    instance.make_type("x_deal", {"name": "code", "kind": "text"})
    (dave,) = instance.create("user", {"name": "Dave"})
    (deal,) = instance.create("x_deal", {"owner": dave})
    instance.write(records.delete, "user", [{"id": dave}])
    assert instance.get("x_deal", deal)["owner"] == dave
    assert refused(instance, records.create, "x_deal", [{"owner": dave}]).status == 422
    instance.write(records.restore, "user", [{"id": dave}])
    instance.create("x_deal", {"owner": dave})
