"""What somebody may do at all, before any record is looked at: roles, types and permissions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relatum.core import access, db, records, roles
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError

from .instances import prepared
from .officing import actor, build, give, write

NAME = {"name": "name", "kind": "text", "label": "Name"}
RIGHTS = ("read", "update", "create")
NOBODY = Actor(user_id=None, name="nobody")


@prepared
def office(instance):
    """An office, of which the administrator knows all."""
    return build(instance)


def holder(instance, office, *given):
    """Return nora with a role for each of what is given."""
    names = [f"tried_{place}" for place in range(len(given))]
    for name, each in zip(names, given, strict=True):
        instance.write(roles.save, name, {"all_types": {}, "types": {}, "permissions": []} | each)
    instance.write(roles.hold, "user", office.people["nora"], names)
    return actor(instance, office, "nora")


def test_a_permission_of_a_plugin_is_held_by_roles_that_name_it(instance, office):
    desk, other = {"permissions": ["desk.use"]}, {"permissions": ["transfer.import"]}
    with_it = holder(instance, office, other, desk)
    with instance.reading():
        assert access.may(with_it, "desk.use")
        assert not access.may(with_it, "desk.other")
    without = holder(instance, office, other, {"all_types": {"read": "all"}})
    with instance.reading():
        assert not access.may(without, "desk.use")
        assert access.may(without, "transfer.import")


def test_what_is_neither_an_action_nor_a_permission_only_administrators_may_do(instance, office):
    who = holder(instance, office, {"all_types": {"read": "all"}, "permissions": ["desk.use"]})
    with instance.reading():
        # The line for all types allows actions on records, and nothing without a type.
        for word in ("customise", "read", "explain"):
            assert not access.may(who, word)
            assert access.may(instance.alice, word)
        with pytest.raises(RelatumError) as caught:
            access.require(who, "customise", "roles")
    assert caught.value.code == "forbidden"


def test_there_is_nothing_to_do_with_a_type_that_there_is_not(instance, office):
    who = holder(instance, office, {"all_types": {"read": "all"}})
    with instance.reading():
        assert not access.may(who, "read", "x_nothing")


def test_who_is_no_user_and_no_administrator_may_do_nothing(instance, office):
    with instance.reading():
        assert not access.may(NOBODY, "read", "x_deal")
        assert not access.may(NOBODY, "desk.use")
        assert access.standing(NOBODY).roles == ()
        with pytest.raises(RelatumError) as caught:
            access.require(NOBODY, "read", "deals", "x_deal")
        assert caught.value.code == "forbidden"


def test_who_is_no_user_holds_no_roles_those_of_a_team_neither(instance, office):
    instance.write(roles.hold, "team", office.teams["North"], ["manager"])
    who = replace(NOBODY, team_id=office.teams["North"])
    with instance.reading():
        assert access.standing(who).roles == ()
        assert not access.may(who, "read", "x_deal")
        assert not access.seen(who).types


def test_only_records_that_were_asked_about_are_admitted(instance, office):
    give(instance, office, "nora", {"read": "own"})
    who, whole = actor(instance, office, "nora"), instance.catalog.type("x_deal")
    mine, other = office.deals["nora large"], office.deals["sam large"]
    with instance.reading():
        assert records.admitted(whole, [mine, other], "read", who) == {mine}
        assert records.admitted(whole, [], "read", who) == set()


def test_a_share_shows_nothing_of_a_type_that_is_not_read(instance, office):
    deal, nora = office.deals["sam large"], office.people["nora"]
    give(instance, office, "nora", {"read": "own"})
    instance.write(roles.share, "x_deal", deal, user=nora)
    who = actor(instance, office, "nora")
    with instance.reading():
        assert records.seen([deal], who) == {deal}
    give(instance, office, "nora", {"update": "own"})
    with instance.reading():
        assert records.seen([deal], who) == set()
        assert records.seen([], who) == set()


def test_a_record_is_changed_by_whom_both_a_role_and_its_rule_let(instance, office):
    deal, mine = office.deals["sam large"], office.deals["nora large"]

    def may(*lines):
        give(instance, office, "nora", *lines)
        who = actor(instance, office, "nora")
        with instance.reading():
            return [records.may("update", "x_deal", id_, actor=who) for id_ in (deal, mine)]

    assert may({"read": "own", "update": "all"}) == [False, True]
    assert may({"read": "all", "update": "own"}) == [False, True]
    instance.write(roles.share, "x_deal", deal, user=office.people["nora"], update=True)
    assert may({"read": "own", "update": "own"}) == [True, True]
    assert may({"read": "own"}) == [False, False]
    with instance.reading():
        assert records.may("update", "x_deal", deal, actor=instance.alice)


def test_of_a_hidden_record_nothing_is_said_but_that_it_is_not_there(instance, office):
    give(instance, office, "nora", {"read": "own", "update": "all"})
    rows = [
        {"id": office.deals["sam large"], "owner": office.people["cora"], "version": 99},
        {"id": office.deals["nora large"], "owner": office.people["sam"]},
    ]
    made = write(instance, actor(instance, office, "nora"), "update", *rows)
    codes = [[problem.code for problem in each.problems] for each in made]
    assert codes == [["record_unknown"], ["assign_forbidden"]]


def test_who_may_not_assign_leaves_owners_and_teams_as_they_are(instance, office):
    give(instance, office, "nora", {"read": "all", "update": "all", "create": "all"})
    who, nora, sam = (
        actor(instance, office, "nora"), office.people["nora"], office.people["sam"],
    )  # fmt: skip
    theirs, south = office.deals["sam large"], office.teams["South"]

    def told(verb, **row):
        [made] = write(instance, who, verb, row)
        return [(problem.code, problem.field) for problem in made.problems]

    assert told("update", id=theirs, owner=nora) == [("assign_forbidden", "owner")]
    assert told("update", id=theirs, owner=sam, team=south) == []
    assert told("update", id=theirs, team=office.teams["North"]) == [("assign_forbidden", "team")]
    assert told("create", name="mine", owner=nora) == []
    assert told("create", name="theirs", owner=sam) == [("assign_forbidden", "owner")]


def test_without_any_role_reading_a_record_is_forbidden_and_so_is_what_needs_any(instance, office):
    who = actor(instance, office, "nora")
    with instance.reading():
        for ask in (
            lambda: records.get("x_deal", office.deals["nora large"], actor=who),
            lambda: access.require_any(who, "read", "the feed"),
        ):
            with pytest.raises(RelatumError) as caught:
                ask()
            assert caught.value.code == "forbidden"
    give(instance, office, "nora", {"read": "own"})
    with instance.reading():
        access.require_any(actor(instance, office, "nora"), "read", "the feed")
        access.require_any(instance.alice, "read", "the feed")


def test_an_administrator_sees_what_is_of_no_type_any_more(instance):
    with instance.reading():
        assert records.seen([1 << 40], instance.alice) == {1 << 40}


def test_who_is_in_no_team_stands_in_none(instance, office):
    with instance.reading():
        stands = access.standing(actor(instance, office, "nobody"))
    assert (stands.team, stands.above, stands.beneath) == ((), (), ())


def test_a_token_that_only_reads_opens_what_a_permission_opens(instance, office):
    who = replace(holder(instance, office, {"permissions": ["desk.use"]}), reads_only=True)
    with instance.reading():
        assert access.may(who, "desk.use")
        assert not access.may(who, "desk.other")


def test_of_what_tokens_with_scopes_see_so_many_are_remembered(instance, office, monkeypatch):
    monkeypatch.setattr(access, "_MOST_VIEWS", 2)
    who = holder(instance, office, {"all_types": {"read": "all"}})
    with instance.reading():
        for name in ("x_deal", "x_firm", "team"):
            access.seen(who.narrowed(f'{{"{name}": ["read"]}}'))
        [views] = access.grants.current().views.values()
    assert len(views) == 2


def test_a_new_record_has_no_link_to_a_hidden_type_and_is_none_of_one(instance, office):
    given = {"types": {"x_deal": {"read": "all", "create": "all"}}}
    who = holder(instance, office, given)
    with instance.reading():
        assert "amount" in access.for_new(who, "x_deal").fields
        assert "firm" not in access.for_new(who, "x_deal").fields
        whole = access.for_new(instance.alice, "x_deal")
        assert whole is access.seen(instance.alice).type("x_deal")
        with pytest.raises(RelatumError) as caught:
            access.for_new(who, "x_firm")
    assert caught.value.code == "type_unknown"


def test_fields_add_up_over_those_roles_that_read_or_write_their_type(instance, office):
    def held(*given):
        who = holder(instance, office, *given)
        with instance.reading():
            return access.seen(who).type("x_deal").fields

    everything, nothing = dict.fromkeys(RIGHTS, True), dict.fromkeys(RIGHTS, False)
    read, written = {"read": "all"}, {"read": "all", "update": "all"}
    first = {"types": {"x_deal": written}, "fields": {"x_deal.secret": nothing}}
    for line, rights, seen, locked in (
        ({}, everything, False, True), (read, nothing, False, True),
        (read, everything, True, True), (written, everything, True, False),
    ):  # fmt: skip
        fields = held(first, {"types": {"x_deal": line}, "fields": {"x_deal.secret": rights}})
        assert ("secret" in fields) == seen
        assert not seen or fields["secret"].read_only == locked
    fields = held({"types": {"x_deal": read, "user": read}})
    # Who may give a record to others is for a word of its own.
    assert (fields["amount"].read_only, fields["owner"].read_only) == (True, False)


def test_a_scope_without_the_action_locks_all_fields(instance, office):
    who = holder(instance, office, {"types": {"x_deal": {"read": "all", "update": "all"}}})
    with instance.reading():
        for scope, locked in (
            ('{"x_deal":["read"]}', True),
            ('{"x_deal":["read","update"]}', False),
        ):
            fields = access.seen(who.narrowed(scope)).type("x_deal").fields
            assert fields["amount"].read_only == locked


def test_colleagues_know_each_other_by_a_line_for_all_types(instance, office):
    personal = {"name": "x_phone", "kind": "text", "personal": True}
    for type_name in ("user", "x_deal"):
        field = {**personal, "name": "x_phone" if type_name == "user" else "phone"}
        instance.apply({"op": "add_field", "type": type_name, **field})
    who = holder(instance, office, {"all_types": {"read": "all"}})
    with instance.reading():
        assert "x_phone" in access.seen(who).type("user").fields
        assert "phone" not in access.seen(who).type("x_deal").fields


def test_a_share_counts_for_what_it_allows_and_within_a_scope(instance, office):
    deal, nora = office.deals["sam large"], office.people["nora"]
    give(instance, office, "nora", dict.fromkeys(("read", "update", "delete"), "own"))
    instance.write(roles.share, "x_deal", deal, user=nora, update=True)
    who, whole = actor(instance, office, "nora"), instance.catalog.type("x_deal")
    other = who.narrowed('{"x_firm":["read"]}')

    def admitted(action, who):
        with instance.reading():
            return records.admitted(whole, [deal], action, who) == {deal}

    assert [admitted(each, who) for each in ("read", "update", "delete")] == [True, True, False]
    assert not admitted("read", other)
    instance.write(roles.share, "x_deal", deal, user=nora)
    assert [admitted(each, who) for each in ("read", "update", "delete")] == [True, False, False]


def test_people_are_read_and_exported_by_a_line_for_all_types_and_no_more(instance, office):
    who = holder(instance, office, {"all_types": dict.fromkeys(access.ACTIONS, "all")})
    with instance.reading():
        allowed = {action for action in access.ACTIONS if access.may(who, action, "user")}
        assert allowed == {"read", "export"}
        assert all(access.may(who, action, "x_deal") for action in access.ACTIONS)


def test_a_transaction_that_changes_rights_obeys_them_at_once(instance, office):
    who = holder(instance, office, {"types": {"x_deal": {"read": "all"}}})
    with instance.app.app_context(), db.writing():
        assert access.may(who, "read", "x_deal")
        roles.save("tried_0", {"types": {"x_firm": {"read": "all"}}}, actor=instance.alice)
        assert access.may(who, "read", "x_firm")
        assert not access.may(who, "read", "x_deal")


def test_a_circle_of_teams_is_gone_through_once():
    circle = access.grants.Grants(1, {}, {}, {1: 2, 2: 1})
    assert circle.above(1) == (1, 2)


@pytest.mark.parametrize("action", ["read", "update"])
def test_a_type_that_is_not_read_is_an_unknown_one(instance, office, action):
    who = holder(
        instance, office, {"types": {"x_deal": {"update": "all"}, "x_firm": {"read": "all"}}}
    )
    with instance.reading(), pytest.raises(RelatumError) as caught:
        if action == "read":
            access.require(who, "read", "deals", "x_deal")
        access.require(who, "delete", "deals", "x_deal")
    assert caught.value.code == "type_unknown"


def test_an_action_that_is_not_allowed_on_a_type_that_is_read_is_forbidden(instance, office):
    give(instance, office, "nora", {"read": "own"})
    with instance.reading(), pytest.raises(RelatumError) as caught:
        access.require(actor(instance, office, "nora"), "update", "deals", "x_deal")
    assert caught.value.code == "forbidden"


def test_a_plan_says_which_roles_will_see_what_it_adds(instance):
    instance.write(roles.save, "writer", {"all_types": {"update": "all"}})
    steps = instance.plan({"op": "create_type", "name": "x_book", "fields": [NAME]}).steps
    assert steps[0].notes == ["who holds manager, member, read_only will see it"]
    instance.make_type("x_book", NAME)
    instance.write(roles.save, "member", {"types": {"x_book": {"read": "all"}}})
    instance.write(roles.save, "manager", {"types": {"x_book": {}}})
    for more, told in (
        ({}, "who holds member, read_only will see it"),
        ({"personal": True}, "who holds member will see it"),
        ({"kind": "encrypted"}, "only administrators will see it, until a role says otherwise"),
    ):
        field = {"op": "add_field", "type": "x_book", "name": "extra", "kind": "text", **more}
        assert instance.plan(field).steps[0].notes == [told]
