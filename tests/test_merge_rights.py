"""Who may merge what, what stays hidden all the same, and who is led to what is left."""

from __future__ import annotations

from typing import Any

import pytest

from relatum.core import records, roles
from relatum.core.errors import Invalid, RelatumError

from .instances import prepared
from .officing import Office, actor, build, give
from .undoing import newest

#: A right to a field that nobody has.
HIDDEN = {"read": False, "update": False, "create": False}
#: What nora may do with deals, if she may merge her own.
MERGER: dict[str, Any] = {"read": "all", "update": "own", "delete": "own", "restore": "own"}


@prepared
def office(instance: Any) -> Office:
    made = build(instance)
    about = {"target": "x_deal", "on_delete": "clear"}
    instance.make_type(
        "x_note",
        {"name": "name", "kind": "text"},
        {"name": "about", "kind": "lookup", "settings": about},
        title="name",
    )
    return made


def merge(
    instance: Any, office: Office, person: str, into: str, *others: str, **options: Any
) -> dict[str, Any]:
    ids = [office.deals[name] for name in others]
    who = actor(instance, office, person)
    found: dict[str, Any] = instance.write(
        records.merge, "x_deal", office.deals[into], ids, actor=who, **options
    )
    return found


def refused(instance: Any, office: Office, *names: str, **options: Any) -> list[tuple[Any, str]]:
    with pytest.raises(RelatumError) as caught:
        merge(instance, office, "nora", *names, **options)
    return [(p.row, p.code) for p in caught.value.problems] or [(None, caught.value.code)]


def test_whoever_may_update_one_and_delete_the_others_merges_them(
    instance: Any, office: Office
) -> None:
    give(instance, office, "nora", MERGER)
    merge(instance, office, "nora", "nora large", "nora small")
    with pytest.raises(RelatumError):
        instance.get("x_deal", office.deals["nora small"])


@pytest.mark.parametrize(
    ("line", "names", "wanted"),
    [
        ({**MERGER, "update": "all"}, ("nora large", "sam small"), [(1, "record_forbidden")]),
        ({**MERGER, "delete": "all"}, ("sam large", "nora small"), [(0, "record_forbidden")]),
        ({**MERGER, "read": "own"}, ("nora large", "sam small"), [(1, "record_unknown")]),
        ({**MERGER, "read": "own"}, ("sam large", "nora small"), [(0, "record_unknown")]),
        ({"read": "all", "update": "own"}, ("nora large", "nora small"), [(None, "forbidden")]),
        ({"read": "all", "delete": "own"}, ("nora large", "nora small"), [(None, "forbidden")]),
    ],
)
def test_without_either_right_nothing_is_merged(
    instance: Any, office: Office, line: Any, names: Any, wanted: Any
) -> None:
    give(instance, office, "nora", line)
    before = newest(instance)
    assert refused(instance, office, *names) == wanted
    with instance.reading(), pytest.raises(RelatumError):
        ids = [office.deals[name] for name in names]
        who = actor(instance, office, "nora")
        records.merging("x_deal", ids[0], ids[1:], actor=who)
    assert newest(instance) == before


def test_what_is_hidden_moves_too_and_is_not_told_and_an_undo_takes_it_back(
    instance: Any, office: Office
) -> None:
    large, small = office.deals["nora large"], office.deals["nora small"]
    [note] = instance.create("x_note", {"name": "hidden", "about": small})
    give(instance, office, "nora", MERGER)
    who = actor(instance, office, "nora")
    with instance.reading():
        assert records.merging("x_deal", large, [small], actor=who)["moved"] == {}
    done = merge(instance, office, "nora", "nora large", "nora small")
    assert (done["moved"], done["merged"]) == ({}, {})
    assert instance.get("x_note", note)["about"] == large
    number = newest(instance)
    looked = instance.read(records.look, number, actor=who)
    assert {record["type"] for record in looked["records"]} == {"x_deal"}
    undone = instance.write(records.undo, number, actor=who)
    assert "x_note" not in str(undone)
    assert instance.get("x_note", note)["about"] == small
    again = instance.write(records.undo, undone["change_set"], actor=who)
    assert "x_note" not in str(again)
    assert instance.get("x_note", note)["about"] == large


def test_a_hidden_change_since_keeps_what_it_changed_and_is_not_told(
    instance: Any, office: Office
) -> None:
    small, other = office.deals["nora small"], office.deals["sam small"]
    [note] = instance.create("x_note", {"name": "hidden", "about": small})
    give(instance, office, "nora", MERGER)
    who = actor(instance, office, "nora")
    merge(instance, office, "nora", "nora large", "nora small")
    number = newest(instance)
    instance.change("x_note", note, about=other)
    undone = instance.write(records.undo, number, actor=who)
    assert str(note) not in str([record["id"] for record in undone["records"]])
    assert instance.get("x_note", note)["about"] == other
    assert instance.get("x_deal", small)["name"] == "nora small"


def test_whoever_may_not_restore_what_he_merged_takes_nothing_back(
    instance: Any, office: Office
) -> None:
    give(instance, office, "nora", {"read": "all", "update": "own", "delete": "own"})
    merge(instance, office, "nora", "nora large", "nora small")
    number = newest(instance)
    with pytest.raises(RelatumError):
        instance.write(records.undo, number, actor=actor(instance, office, "nora"))


def test_a_link_to_what_is_hidden_is_taken_over_all_the_same(instance: Any, office: Office) -> None:
    large = office.deals["nora large"]
    firm = instance.get("x_deal", large)["firm"]
    instance.change("x_deal", large, firm=None)
    types = {"x_deal": MERGER, "user": {"read": "all"}, "team": {"read": "all"}}
    give(instance, office, "nora", MERGER, types=types)
    merge(instance, office, "nora", "nora large", "nora small")
    assert instance.get("x_deal", large)["firm"] == firm


def test_a_hidden_field_is_filled_where_it_is_empty_and_never_told_or_chosen(
    instance: Any, office: Office
) -> None:
    large, small = office.deals["nora large"], office.deals["nora small"]
    instance.change("x_deal", large, secret=None)
    give(instance, office, "nora", MERGER, fields={"x_deal.secret": HIDDEN})
    who = actor(instance, office, "nora")
    with instance.reading():
        looked = records.merging("x_deal", large, [small], actor=who)
    assert "hush" not in str(looked)
    assert "secret" not in {field["name"] for field in looked["fields"]}
    wrong = refused(
        instance, office, "nora large", "nora small", values={"secret": {"from": small}}
    )
    assert wrong == [(0, "unknown_key")]
    merge(instance, office, "nora", "nora large", "nora small")
    assert instance.get("x_deal", large)["secret"] == "hush nora small"
    undone = instance.write(records.undo, newest(instance), actor=who)
    assert "hush" not in str(undone)
    assert instance.get("x_deal", large)["secret"] is None


def test_a_field_that_one_may_read_and_not_write_keeps_what_the_master_has(
    instance: Any, office: Office
) -> None:
    large, small = office.deals["nora large"], office.deals["nora small"]
    instance.change("x_deal", large, amount=None)
    locked = {"x_deal.amount": {"read": True, "update": False, "create": False}}
    give(instance, office, "nora", MERGER, fields=locked)
    who = actor(instance, office, "nora")
    with instance.reading():
        looked = records.merging("x_deal", large, [small], actor=who)
    [amount] = [field for field in looked["fields"] if field["name"] == "amount"]
    assert (amount["writable"], amount["from"]) == (False, large)
    wrong = refused(instance, office, "nora large", "nora small", values={"amount": 7})
    assert wrong == [(0, "read_only")]
    merge(instance, office, "nora", "nora large", "nora small")
    assert instance.get("x_deal", large)["amount"] is None


def test_whose_the_master_is_stays_unless_one_may_assign_it(instance: Any, office: Office) -> None:
    give(instance, office, "nora", {**MERGER, "update": "all", "delete": "all"})
    sam = office.people["sam"]
    wrong = refused(instance, office, "nora large", "sam small", values={"owner": sam})
    assert wrong == [(0, "assign_forbidden")]
    merge(instance, office, "nora", "nora large", "sam small")
    assert instance.get("x_deal", office.deals["nora large"])["owner"] == office.people["nora"]


def test_a_team_is_not_filled_from_the_others(instance: Any, office: Office) -> None:
    instance.change("x_deal", office.deals["nobody large"], team=None)
    instance.write(
        records.merge, "x_deal", office.deals["nobody large"], [office.deals["sam small"]]
    )
    assert instance.get("x_deal", office.deals["nobody large"])["team"] is None


# -- shares -------------------------------------------------------------------------------------
def test_shares_go_along_and_come_back_with_an_undo(instance: Any, office: Office) -> None:
    large, small = office.deals["nora large"], office.deals["nora small"]
    cora, south = office.people["cora"], office.teams["South"]
    for record, whom in (
        (large, {"user": cora}), (small, {"user": cora, "update": True}), (small, {"team": south}),
    ):  # fmt: skip
        instance.write(roles.share, "x_deal", record, **whom)
    before = instance.read(roles.shares, "x_deal", large)
    give(instance, office, "cora", {"read": "own"})
    who = actor(instance, office, "cora")
    done = instance.write(records.merge, "x_deal", large, [small])
    assert done["shares"] == 2
    assert {(s["user"], s["team"], s["update"]) for s in shares(instance, large)} == {
        (cora, None, False), (cora, None, True), (None, south, False),
    }  # fmt: skip
    assert instance.read(records.may, "read", "x_deal", large, actor=who)
    number = newest(instance)
    back = instance.write(records.undo, number)["change_set"]
    assert instance.read(roles.shares, "x_deal", large) == before
    assert len(shares(instance, small)) == 2
    instance.write(records.undo, back)
    assert len(shares(instance, large)) == 3


def shares(instance: Any, record_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = instance.read(roles.shares, "x_deal", record_id)
    return found


# -- where it went ------------------------------------------------------------------------------
def test_only_who_sees_both_is_led_from_one_to_the_other(instance: Any, office: Office) -> None:
    large, small = office.deals["nora large"], office.deals["sam small"]
    instance.write(records.merge, "x_deal", large, [small])
    for person, scope, code in (
        ("cora", "all", "record_merged"),
        ("nora", "own", "record_unknown"),
        ("sam", "own", "record_unknown"),
    ):
        give(instance, office, person, {"read": scope})
        with pytest.raises(RelatumError) as caught:
            who = actor(instance, office, person)
            instance.read(records.get, "x_deal", small, actor=who)
        assert caught.value.code == code, person


def test_the_history_of_what_one_does_not_see_is_not_in_that_of_the_master(
    instance: Any, office: Office
) -> None:
    large, small = office.deals["nora large"], office.deals["sam small"]
    instance.write(records.merge, "x_deal", large, [small])
    for scope, wanted in (("all", {large, small}), ("own", {large})):
        give(instance, office, "nora", {"read": scope})
        who = actor(instance, office, "nora")
        found = instance.read(records.history, "x_deal", large, actor=who)
        assert {change["record"] for change in found} == wanted
        assert found[0]["merged"] == sorted(wanted - {large})


def test_a_key_that_is_taken_by_something_hidden_names_nothing(
    instance: Any, office: Office
) -> None:
    instance.make_type(
        "x_plan",
        {"name": "name", "kind": "text"},
        {"name": "of", "kind": "lookup", "settings": {"target": "x_deal"}, "unique": True},
    )
    large, small = office.deals["nora large"], office.deals["nora small"]
    [one, two] = instance.create("x_plan", {"name": "P", "of": large}, {"name": "Q", "of": small})
    give(instance, office, "nora", MERGER)
    with pytest.raises(Invalid) as caught:
        merge(instance, office, "nora", "nora large", "nora small")
    told = str(caught.value.as_json())
    assert [p.code for p in caught.value.problems] == ["merge_taken_hidden"]
    assert not any(word in told for word in (f"'{one}'", f"'{two}'", "'P'", "'Q'", "x_plan"))
