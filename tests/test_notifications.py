"""Notifications: who is told what, and that nobody is told what is not for him."""

from __future__ import annotations

import pytest

from relatum.core import languages, records, roles
from relatum.core.actor import system
from relatum.core.errors import RelatumError
from relatum.plugins.notifications import following, notify, reading, unfollow

from .desk_record import counted
from .notifying import ALL, OWN, change, count, crm, listen, office, told
from .officing import actor, give

__all__ = ["crm", "office"]
#: The preset of the instance.
PRESET = "bare"


def tell(crm, office, people, text="Call now", *, deal="nora large", kind="reminder", by=None):
    """Notify people of a deal; return whom that told."""
    record = ("x_deal", office.deals[deal]) if deal else None
    who = actor(crm, office, by) if by else system("job")
    ids = [office.people[person] for person in people]
    return crm.write(notify, ids, text, record=record, kind=kind, actor=who)


# -- notify ---------------------------------------------------------------------------------
def test_who_sees_a_record_is_told_of_it_and_nobody_else(crm, office):
    done = tell(crm, office, ["nora", "cora", "sam", "nobody"])
    assert done == sorted([office.people["nora"], office.people["cora"]])
    assert told(crm, office, "nora") == [("nora large", "Call now")]
    assert (told(crm, office, "sam"), count(crm, office, "sam")) == ([], 0)


def test_nobody_is_told_of_his_own_doing(crm, office):
    assert tell(crm, office, ["nora", "cora"], by="nora") == [office.people["cora"]]


def test_what_is_about_no_record_is_told_by_itself(crm, office):
    tell(crm, office, ["sam"], "Good morning", deal=None)
    assert told(crm, office, "sam") == [("Good morning", "")]


def test_who_may_not_sign_in_any_more_is_told_nothing(crm, office):
    crm.write(records.update, "user", [{"id": office.people["cora"], "active": False}])
    assert tell(crm, office, ["cora"], deal=None) == []
    assert tell(crm, office, ["cora"]) == []


def test_a_phrase_keeps_its_values_apart_from_its_words(crm, office):
    phrase = languages.Phrase("{count} left of {thing}", count=3, thing="tea")
    tell(crm, office, ["nora"], phrase)
    assert told(crm, office, "nora") == [("nora large", "3 left of tea")]
    [row] = crm.sql("SELECT text FROM plugin__notifications__notice")
    assert row.text == "{count} left of {thing}"


def test_telling_fifty_people_takes_as_many_statements_as_telling_two(crm, office):
    more = [{"name": f"P{n}", "email": f"p{n}@example.org"} for n in range(50)]
    people = crm.create("user", *more)
    crm.write(
        roles.save, "readers", {"types": {"x_deal": {"read": "tree"}, "user": {"read": "all"}}}
    )
    for person in people:
        crm.write(roles.hold, "user", person, ["readers"])
    record = ("x_deal", office.deals["nora large"])
    crm.write(records.update, "user", [{"id": p, "team": office.teams["North"]} for p in people])

    def needed(some):
        with counted() as seen:
            done = crm.write(notify, some, "Hello", record=record, kind="x", actor=crm.alice)
        assert done == sorted(some)
        return len(seen)

    needed(people)
    assert needed(people) == needed(people[:2]) <= 16


# -- what one sees --------------------------------------------------------------------------
def test_what_one_no_longer_sees_vanishes_from_list_and_count_and_comes_back(crm, office):
    tell(crm, office, ["cora"])
    assert count(crm, office, "cora") == 1
    give(crm, office, "cora", OWN, permissions=["notifications.use"])
    assert (told(crm, office, "cora"), count(crm, office, "cora")) == ([], 0)
    give(crm, office, "cora", ALL, permissions=["notifications.use"])
    assert count(crm, office, "cora") == 1


def test_a_record_in_the_trash_is_not_told_of_and_purging_it_takes_its_notices_along(crm, office):
    tell(crm, office, ["cora"])
    row = [{"id": office.deals["nora large"]}]
    crm.write(records.delete, "x_deal", row)
    assert (told(crm, office, "cora"), count(crm, office, "cora")) == ([], 0)
    assert tell(crm, office, ["cora"]) == []
    crm.write(records.purge, "x_deal", row)
    assert crm.sql("SELECT id FROM plugin__notifications__notice") == []


def test_the_bell_costs_one_query_where_nothing_is_unread(crm, office):
    who = actor(crm, office, "cora")
    crm.read(reading.unread, actor=who)
    with crm.reading(), counted() as seen:
        assert reading.unread(actor=who) == 0
    assert len([text for text in seen if "plugin__notifications__notice" in text]) == 1
    # The other one reads which tables plugins have: not once for each part of a page.
    assert len(seen) <= 2


def test_one_reads_and_marks_ones_own_alone(crm, office):
    tell(crm, office, ["cora", "nora"])
    cora, nora = actor(crm, office, "cora"), actor(crm, office, "nora")
    [line] = crm.read(reading.page, limit=9, actor=cora).lines
    with pytest.raises(RelatumError, match="not") as refused:
        crm.write(reading.mark, line.id, read=True, actor=nora)
    assert refused.value.code == "not_found"
    assert crm.write(reading.mark, line.id, read=True, actor=cora).read
    assert (count(crm, office, "cora"), count(crm, office, "nora")) == (0, 1)
    crm.write(reading.mark, line.id, read=False, actor=cora)
    assert count(crm, office, "cora") == 1
    assert crm.write(reading.mark_all, actor=cora) == 1
    assert (count(crm, office, "cora"), count(crm, office, "nora")) == (0, 1)


def test_pages_go_on_where_the_one_before_ended_and_are_full_although_much_is_hidden(crm, office):
    for number in range(3):
        tell(crm, office, ["cora"], f"Deal {number}")
        tell(crm, office, ["cora"], f"Gone {number}", deal="sam large")
    crm.write(records.delete, "x_deal", [{"id": office.deals["sam large"]}])
    who = actor(crm, office, "cora")
    first = crm.read(reading.page, limit=2, actor=who)
    rest = crm.read(reading.page, limit=2, before=first.next, actor=who)
    assert [line.text for line in (*first.lines, *rest.lines)] == ["Deal 2", "Deal 1", "Deal 0"]
    assert rest.next is None


# -- following ------------------------------------------------------------------------------
def test_followers_hear_once_of_all_that_one_change_did_to_a_record_and_not_of_their_own(
    crm, office
):
    crm.write(following_, office, ["cora", "nora"], "sam large")
    change(crm, office, "nora", "sam large", amount=1, tags=["x"])
    assert told(crm, office, "cora") == [("sam large", "nora changed Amount, Tags")]
    assert told(crm, office, "nora") == []


def following_(office, people, deal, *, actor):
    """Let people follow a deal."""
    following.follow([office.deals[deal]], [office.people[person] for person in people])


def test_an_owner_follows_by_himself_until_he_stops(crm, office):
    change(crm, office, "nora", "sam large", amount=1)
    assert told(crm, office, "sam") == [("sam large", "nora changed Amount")]
    crm.write(stop, office, "sam", "sam large")
    change(crm, office, "nora", "sam large", amount=2)
    assert count(crm, office, "sam") == 1
    crm.write(following_, office, ["sam"], "sam large")
    change(crm, office, "nora", "sam large", amount=3)
    assert count(crm, office, "sam") == 1  # what makes people follow does not overrule them


def stop(office, person, deal, *, actor):
    """Let a person stop following a deal."""
    unfollow(office.deals[deal], office.people[person])


def test_a_new_owner_is_told_that_it_is_his(crm, office):
    change(crm, office, "nora", "nora small", owner=office.people["sam"])
    assert told(crm, office, "sam") == [("nora small", "nora made you the owner")]


def hide_the_secret(crm, office):
    """Let cora see deals, but for one of their fields."""
    hidden = {"read": False, "update": False, "create": False}
    role = {
        "types": {"x_deal": ALL, "user": {"read": "all"}}, "permissions": ["notifications.use"],
        "fields": {"x_deal.secret": hidden},
    }  # fmt: skip
    crm.write(roles.save, "plain", role)
    crm.write(roles.hold, "user", office.people["cora"], ["plain"])


def test_who_does_not_see_a_changed_field_is_not_told_of_it(crm, office):
    hide_the_secret(crm, office)
    crm.write(following_, office, ["cora"], "sam large")
    change(crm, office, "nora", "sam large", secret="psst")
    assert told(crm, office, "cora") == []
    change(crm, office, "nora", "sam large", secret="hush", amount=7)
    assert told(crm, office, "cora") == [("sam large", "nora changed Amount")]


def test_a_field_that_is_hidden_later_is_gone_from_what_was_told(crm, office):
    crm.write(following_, office, ["cora"], "sam large")
    change(crm, office, "nora", "sam large", secret="psst")
    assert count(crm, office, "cora") == 1
    hide_the_secret(crm, office)
    assert (told(crm, office, "cora"), count(crm, office, "cora")) == ([], 0)


def test_what_is_added_to_a_record_is_told_to_its_followers(crm, office):
    [firm] = [r.id for r in crm.sql("SELECT id FROM x_firm WHERE name = 'cora and sons'")]
    made = {"name": "New", "firm": firm, "owner": office.people["nora"]}
    crm.create("x_deal", made, actor=actor(crm, office, "nora"))
    listen(crm)
    assert told(crm, office, "cora") == [("New", "nora added this to cora and sons")]


def test_a_change_of_many_records_is_told_by_their_number(crm, office):
    rows = [{"name": f"Deal {n}", "owner": office.people["cora"]} for n in range(30)]
    ids = crm.create("x_deal", *rows)
    listen(crm)
    assert told(crm, office, "cora") == [("Alice made you the owner of 30 records", "")]
    who = actor(crm, office, "nora")
    crm.write(records.update, "x_deal", [{"id": i, "amount": 5} for i in ids], actor=who)
    listen(crm)
    assert told(crm, office, "cora")[1:] == [("nora changed 30 records that you follow", "")]


def test_what_nobody_in_particular_does_says_so(crm, office):
    row = [{"id": office.deals["sam large"], "amount": 3}]
    crm.write(records.update, "x_deal", row, actor=system("job"))
    listen(crm)
    assert told(crm, office, "sam") == [("sam large", "Relatum changed Amount")]


# -- mentions -------------------------------------------------------------------------------
def mention(office, person):
    return f"@[{person}](user:{office.people[person]})"


def test_who_is_mentioned_is_told_once_and_follows_from_then_on(crm, office):
    change(crm, office, "nora", "nora large", note=f"Ask {mention(office, 'cora')} first")
    assert told(crm, office, "cora") == [("nora large", "nora mentioned you in Note")]
    change(crm, office, "nora", "nora large", note=f"Ask {mention(office, 'cora')} today")
    assert told(crm, office, "cora")[1:] == [("nora large", "nora changed Note")]


def test_a_writer_is_told_of_whom_he_mentions_who_does_not_see_the_record(crm, office):
    change(crm, office, "nora", "nora large", note=f"{mention(office, 'sam')}?")
    assert told(crm, office, "sam") == []
    said = "sam does not see this record and was not told"
    assert told(crm, office, "nora") == [("nora large", said)]
    change(crm, office, "cora", "nora large", amount=1)
    assert told(crm, office, "sam") == []


def test_a_new_name_does_not_break_a_mention(crm, office):
    crm.write(records.update, "user", [{"id": office.people["cora"], "name": "Cordelia"}])
    change(crm, office, "nora", "nora large", note=mention(office, "cora"))
    assert count(crm, office, "cora") == 1


def test_a_mention_of_oneself_of_nobody_and_of_whoever_there_is_not_tells_nobody(crm, office):
    text = f"{mention(office, 'nora')} @[x](user:999999999) @[y](user:{office.deals['sam large']})"
    change(crm, office, "nora", "nora large", note=text)
    assert told(crm, office, "nora") == []
