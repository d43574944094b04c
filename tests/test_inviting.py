"""People are invited with a team and roles: one, or a whole list of them, or nobody."""

from __future__ import annotations

import pytest

from relatum.core import auth, mail, people, records, roles
from relatum.core.errors import Invalid, RelatumError

from .desk_record import counted
from .instances import prepared

BASE = "https://crm.example.org"


@prepared
def office(instance):
    """Make two teams."""
    north, south = instance.create("team", {"name": "North"}, {"name": "South"})
    return {"north": north, "south": south}


def invite(instance, *rows, **more):
    return instance.write(people.invite, rows, base=BASE, **more)


def refused(instance, *rows, **more):
    """Return what is wrong, as (row, field, code), and check that nothing was written."""
    before = instance.sql("SELECT count(*) FROM core_user")[0][0]
    with pytest.raises(Invalid) as caught:
        invite(instance, *rows, **more)
    assert instance.sql("SELECT count(*) FROM core_user")[0][0] == before
    return [(p.row, p.field, p.code) for p in caught.value.problems]


def test_a_person_gets_a_user_a_team_roles_and_a_link_that_lets_in_once(instance, office):
    row = {"name": "Ada", "email": "Ada@Example.org", "team": "north", "roles": ["member"]}
    [made] = invite(instance, row)
    user = instance.get("user", made.user)
    assert (user["name"], user["email"]) == ("Ada", "Ada@example.org")
    assert (user["team"], user["active"], user["admin"]) == (office["north"], True, False)
    assert instance.read(roles.held, "user", made.user) == ["member"]
    address, _, secret = made.link.rpartition("/")
    assert address == f"{BASE}/sign-in"
    assert instance.write(lambda **_: auth.use_link(secret)) == made.user
    with pytest.raises(RelatumError, match="used"):
        instance.write(lambda **_: auth.use_link(secret))


def test_an_invitation_lasts_for_days_not_for_the_minutes_of_other_links(instance):
    with instance.configured(invitation_days=3, link_minutes=1):
        invite(instance, {"email": "ada@example.org"})
    with instance.reading() as tx:
        ends = tx.connection.execute(auth.people.LINKS.select()).one().expires_at
    left = ends - instance.get("user", instance.bob.user_id)["created_at"]
    assert left.total_seconds() / 86400 > 2.9


def test_a_name_that_is_missing_comes_from_the_address(instance):
    named = ("ada.lovelace@example.org", "b_babbage2@example.org", "42@example.org")
    made = invite(instance, *({"email": email} for email in named))
    assert [each.name for each in made] == ["Ada Lovelace", "B Babbage", "42@example.org"]


def test_who_is_there_already_is_told_and_stays_as_he_is(instance, office):
    before = instance.get("user", instance.bob.user_id)
    [made] = invite(instance, {"email": "BOB@example.org", "name": "X", "team": "North"})
    assert (made.status, made.user, made.link) == ("known", instance.bob.user_id, None)
    assert made.name == "Bob"
    assert instance.get("user", instance.bob.user_id) == before
    instance.write(records.update, "user", [{"id": instance.bob.user_id, "active": False}])
    [made] = invite(instance, {"email": "bob@example.org"})
    assert (made.status, made.link) == ("disabled", None)


def test_somebody_whose_user_is_in_the_trash_gets_a_new_one(instance):
    instance.write(records.delete, "user", [{"id": instance.bob.user_id}])
    [made] = invite(instance, {"email": "bob@example.org"})
    assert made.status == "invited" and made.user != instance.bob.user_id


def test_every_problem_of_every_row_is_named_at_once_and_nothing_is_written(instance, office):
    found = refused(
        instance,
        {"email": "ada@example.org"},
        {"email": "ada"},
        {"name": "Nobody"},
        {"email": "b@example.org", "team": "Nowrth", "roles": ["member", "membre", "x"]},
        {"email": "ADA@example.org"},
        {"email": "c@example.org", "name": "x" * 300, "admin": "perhaps"},
        {"email": "d@example.org", "team": 999, "size": 4},
    )
    assert sorted(found, key=str) == sorted(
        [
            (1, "email", "not_email"), (2, "email", "required"),
            (3, "team", "lookup_unmatched"), (3, "roles", "role_unknown"),
            (3, "roles", "role_unknown"), (4, "email", "person_twice"),
            (5, "admin", "value_invalid"), (6, "team", "lookup_unmatched"),
            (6, "size", "unknown_key"),
        ],
        key=str,
    )  # fmt: skip


def test_what_only_the_fields_know_is_named_with_its_row_too(instance):
    found = refused(instance, {"email": "a@example.org"}, {"email": "b@x.org", "name": "x" * 300})
    assert found == [(1, "name", "too_long")]


def test_a_role_and_a_team_are_named_as_people_see_them(instance, office):
    named = {"team": str(office["south"]), "roles": ["Read only", "member"]}
    [made] = invite(instance, {"email": "ada@example.org", **named})
    assert made.team == office["south"]
    assert len(instance.read(roles.held, "user", made.user)) == 2


def test_a_dry_run_says_what_would_come_of_it_and_writes_nothing(instance, office):
    rows = ({"email": "ada@example.org", "roles": ["member"]}, {"email": "bob@example.org"})
    made = invite(instance, *rows, dry_run=True)
    assert [(each.status, each.link) for each in made] == [("new", None), ("known", None)]
    assert instance.sql("SELECT count(*) FROM core_user")[0][0] == 3
    assert refused(instance, {"email": "x"}, dry_run=True) == [(0, "email", "not_email")]


def test_links_are_mailed_where_mail_can_be_sent_and_else_shown(instance):
    with instance.configured(smtp_url="smtp://localhost:1025", mail_from="crm@example.org"):
        [made] = invite(instance, {"email": "ada@example.org"}, by_mail=True)
        found = instance.read(mail.get, made.mail)
    assert made.link is None
    assert (found["address"], found["subject"]) == (
        "ada@example.org", "You are invited to crm.example.org"
    )  # fmt: skip
    [made] = invite(instance, {"email": "eve@example.org"}, by_mail=True)
    assert made.mail is None and made.link.startswith(BASE)


def test_nobody_but_an_administrator_invites(instance):
    with pytest.raises(RelatumError) as caught:
        invite(instance, {"email": "ada@example.org"}, actor=instance.bob)
    assert caught.value.code == "forbidden"


def test_a_hundred_people_take_no_more_queries_than_two(instance, office):
    def rows(count, word):
        return [
            {"email": f"{word}{n}@example.org", "team": "North", "roles": ["member"]}
            for n in range(count)
        ]

    invite(instance, *rows(1, "warm"))
    with counted() as few:
        invite(instance, *rows(2, "a"))
    with counted() as many:
        invite(instance, *rows(100, "b"))
    assert len(many) <= len(few)


# -- lists ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        'name,email,team,roles,admin\nAda,ada@example.org,North,"member, manager",yes\n',
        "Name;E-Mail;Abteilung;Rollen;Administration\r\nAda;ada@example.org;North;member|manager;ja",
        "sep=;\nE-mail address;Name;Roles;Team;Admin\nada@example.org;Ada;member,manager;North;x\n",
        "\ufeffEMAIL\tname\tTEAM\trole\tadmin\nada@example.org\tAda\tNorth\tmember;manager\tTrue\n",
    ],
)  # fmt: skip
def test_a_list_is_read_whatever_its_spelling(text):
    row = {
        "name": "Ada", "email": "ada@example.org", "team": "North", "admin": True,
        "roles": ["member", "manager"],
    }  # fmt: skip
    assert [found for _, found in people.listed(text)] == [row]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_list_is_read_whatever_it_is_written_in(encoding):
    data = "name,email\nZoë Müller,zoe@example.org\n\n\nÅsa,asa@example.org\n".encode(encoding)
    found = people.listed(data)
    assert [(line, row["name"]) for line, row in found] == [(2, "Zoë Müller"), (5, "Åsa")]


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("name,email,colour\nA,a@example.org,red\n", "people_column", "colour"),
        ("email,mail\na@example.org,b@example.org\n", "people_column_twice", "mail"),
        ("", "file_unreadable", "empty"),
        ('email\n"a', "file_unreadable", "line 2"),
    ],
)
def test_what_is_no_list_of_people_is_refused(text, code, named):
    with pytest.raises(RelatumError) as caught:
        people.listed(text)
    assert caught.value.code == code and named in str(caught.value)
