"""Who may come in: passwords, sessions, tokens and links, and that they end when they must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from relatum.core import auth, clock, db, records
from relatum.core.actor import Actor
from relatum.core.errors import Invalid, RelatumError
from relatum.core.testing.originals import DEAR

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
GOOD = "correct horse battery"
HASH = auth.hash_password(GOOD)


@pytest.fixture
def people(instance):
    """An instance whose alice has a password; the test runs inside its context."""
    with instance.app.app_context():
        yield instance


def bob_of(instance):
    (row,) = instance.sql("SELECT id FROM core_user WHERE name = 'Bob'")
    return row.id


def charlie_of(instance):
    (row,) = instance.sql("SELECT id FROM core_user WHERE name = 'Charlie'")
    return row.id


def write(verb, *args, **kwargs):
    return db.transact(lambda: verb(*args, **kwargs))


def read(verb, *args, **kwargs):
    with db.reading():
        return verb(*args, **kwargs)


def code_of(verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        verb(*args, **kwargs)
    return caught.value.code


def deactivate(instance, user_id):
    instance.write(records.update, "user", [{"id": user_id, "active": False}])


# -- passwords -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "password",
    ["", "short", "1234567890", "Password123", "aaaaaaaaaaaa", "x" * 1001, "bob@example.org"],
)
def test_a_weak_password_is_refused(password):
    assert code_of(auth.hash_password, password, email="bob@example.org") == "password_weak"


@pytest.mark.parametrize(
    "password", ["ünïcödé-pass", "a b c d e f", "x1" * 500, "\ud800" * 3 + GOOD]
)
def test_any_other_password_is_taken_and_recognised(password):
    credential = auth.Credential(1, auth.hash_password(password))
    assert auth.check_password(credential, password) == 1
    assert code_of(auth.check_password, credential, password + "x") == "sign_in_failed"


def test_outside_of_tests_a_hash_costs_what_the_standard_recommends():
    assert extract_parameters(DEAR.hash(GOOD)) == RFC_9106_LOW_MEMORY


def test_the_same_keys_are_the_same_password_however_they_are_composed():
    hashed = auth.hash_password("Zoe\u0308 and company")
    assert auth.check_password(auth.Credential(1, hashed), "Zoë and company") == 1


def test_no_password_is_stored_readably(people):
    write(auth.set_password, people.alice.user_id, HASH, actor=people.alice)
    (row,) = people.sql(
        "SELECT password_hash FROM core_credential WHERE user_id = :id", id=people.alice.user_id
    )
    assert row.password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    "email", ["", "nobody@example.org", "bob@example.org", "a\x00b", "\ud800", "x" * 10_000]
)
def test_somebody_unknown_or_without_a_password_is_refused_like_a_wrong_password(people, email):
    credential = read(auth.find_credential, email)
    assert credential.user_id is None
    assert code_of(auth.check_password, credential, GOOD) == "sign_in_failed"


def test_an_address_is_found_whatever_its_case(people):
    bob = bob_of(people)
    write(auth.set_password, bob, HASH, actor=people.alice)
    credential = read(auth.find_credential, " BOB@Example.ORG ")
    assert auth.check_password(credential, GOOD) == bob


def test_a_new_password_ends_sessions_and_links_but_the_one_in_use(people):
    bob = bob_of(people)
    actor = Actor(user_id=bob, name="Bob")
    mine, other = write(auth.sign_in, bob), write(auth.sign_in, bob)
    link = write(auth.make_link, bob, actor=people.alice)
    write(auth.set_password, bob, HASH, actor=actor, keep=mine.cookie)
    assert read(auth.actor_of_session, mine.cookie)[0].user_id == bob
    assert code_of(read, auth.actor_of_session, other.cookie) == "not_signed_in"
    assert code_of(write, auth.use_link, link) == "link_invalid"


def test_only_an_administrator_sets_the_password_of_another(people):
    bob = Actor(user_id=bob_of(people), name="Bob")
    alice = people.alice.user_id
    assert code_of(write, auth.set_password, alice, HASH, actor=bob) == "forbidden"
    assert code_of(write, auth.set_password, 4242, HASH, actor=people.alice) == "record_unknown"


# -- sessions ------------------------------------------------------------------------------------
def test_a_session_is_known_by_its_cookie_until_it_ends(people):
    bob = bob_of(people)
    with clock.frozen(NOW):
        made = write(auth.sign_in, bob)
        actor, csrf = read(auth.actor_of_session, made.cookie)
    assert (actor.user_id, actor.name, actor.admin, csrf) == (bob, "Bob", False, made.csrf)
    hours = timedelta(hours=people.config.session_hours)
    with clock.frozen(NOW + hours - timedelta(seconds=1)):
        read(auth.actor_of_session, made.cookie)
    with clock.frozen(NOW + hours):
        assert code_of(read, auth.actor_of_session, made.cookie) == "not_signed_in"


def test_signing_out_ends_this_session_and_no_other(people):
    bob = bob_of(people)
    mine, other = write(auth.sign_in, bob), write(auth.sign_in, bob)
    write(auth.sign_out, mine.cookie)
    write(auth.sign_out, "unknown")
    assert code_of(read, auth.actor_of_session, mine.cookie) == "not_signed_in"
    read(auth.actor_of_session, other.cookie)


@pytest.mark.parametrize("cookie", ["", "x" * 10_000, "\x00", "\ud800", "' OR 1=1 --"])
def test_a_made_up_cookie_or_token_is_nobodys(people, cookie):
    assert code_of(read, auth.actor_of_session, cookie) == "not_signed_in"
    for text in (cookie, auth.TOKEN_PREFIX + cookie):
        assert code_of(read, auth.actor_of_token, text) == "token_invalid"
    assert code_of(write, auth.use_link, cookie) == "link_invalid"


def test_neither_cookies_nor_tokens_nor_links_are_stored_readably(people):
    bob = bob_of(people)
    session = write(auth.sign_in, bob)
    _, token = write(auth.make_token, bob, "t", None, actor=people.alice)
    link = write(auth.make_link, bob, actor=people.alice)
    stored = str(
        [
            people.sql(f"SELECT * FROM {table}")
            for table in ("core_session", "core_token", "core_link")
        ]
    )
    assert not [text for text in (session.cookie, token, link) if text in stored]


# -- tokens --------------------------------------------------------------------------------------
def test_a_token_acts_as_its_user_until_it_ends_or_is_revoked(people):
    bob = bob_of(people)
    with clock.frozen(NOW):
        id_, text = write(auth.make_token, bob, "laptop", 2, actor=people.alice)
        assert read(auth.actor_of_token, text).user_id == bob
    with clock.frozen(NOW + timedelta(days=2)):
        assert code_of(read, auth.actor_of_token, text) == "token_invalid"
    write(auth.revoke_token, id_, actor=people.alice)
    with clock.frozen(NOW):
        assert code_of(read, auth.actor_of_token, text) == "token_invalid"
    assert code_of(write, auth.revoke_token, id_, actor=people.alice) == "token_unknown"


@pytest.mark.parametrize(
    ("name", "days", "code"),
    [
        ("", None, "required"),
        ("  ", None, "required"),
        ("x" * 101, None, "too_long"),
        ("a\x00b", None, "bad_character"),
        ("\ud800", None, "bad_character"),
        ("a", 0, "too_small"),
        ("a", 3651, "too_large"),
        ("a", 10**30, "too_large"),
    ],
)
def test_a_token_needs_a_name_and_an_end_within_reason(people, name, days, code):
    with pytest.raises(Invalid) as caught:
        write(auth.make_token, people.alice.user_id, name, days, actor=people.alice)
    assert [p.code for p in caught.value.problems] == [code]


def test_everybody_makes_lists_and_revokes_tokens_of_his_own_and_no_others(people):
    bob, alice = Actor(user_id=bob_of(people), name="Bob"), people.alice
    mine, _ = write(auth.make_token, bob.user_id, "mine", None, actor=bob)
    hers, _ = write(auth.make_token, alice.user_id, "hers", None, actor=alice)
    assert [t["name"] for t in read(auth.list_tokens, bob.user_id, actor=bob)] == ["mine"]
    assert code_of(read, auth.list_tokens, alice.user_id, actor=bob) == "forbidden"
    assert code_of(write, auth.make_token, alice.user_id, "x", None, actor=bob) == "forbidden"
    assert code_of(write, auth.revoke_token, hers, actor=bob) == "token_unknown"
    write(auth.revoke_token, mine, actor=alice)


@pytest.mark.parametrize("token_id", [0, -1, 2**63, 10**30])
def test_a_token_id_that_cant_be_is_unknown(people, token_id):
    assert code_of(write, auth.revoke_token, token_id, actor=people.alice) == "token_unknown"


def test_the_use_of_a_token_is_noted_at_most_once_an_hour(people):
    id_, text = write(auth.make_token, people.alice.user_id, "t", None, actor=people.alice)
    with clock.frozen(NOW):
        auth.note_use(text)
    with clock.frozen(NOW + timedelta(minutes=1)):
        auth.note_use(text)
    (token,) = read(auth.list_tokens, people.alice.user_id, actor=people.alice)
    assert (token["id"], token["last_used_at"]) == (id_, NOW)


# -- links ---------------------------------------------------------------------------------------
def test_a_link_works_once_and_for_a_while(people):
    charlie = charlie_of(people)
    with clock.frozen(NOW):
        link = write(auth.make_link, charlie, actor=people.alice)
        late = write(auth.make_link, charlie, actor=people.alice)
        assert write(auth.use_link, link) == charlie
        assert code_of(write, auth.use_link, link) == "link_invalid"
    with clock.frozen(NOW + timedelta(minutes=people.config.link_minutes)):
        assert code_of(write, auth.use_link, late) == "link_invalid"


def test_only_administrators_make_links(people):
    bob = Actor(user_id=bob_of(people), name="Bob")
    assert code_of(write, auth.make_link, bob.user_id, actor=bob) == "forbidden"


# -- who may not enter any more ------------------------------------------------------------------
@pytest.mark.parametrize("leave", ["inactive", "trash"])
def test_whoever_leaves_is_out_at_once_on_every_way_in(people, leave):
    bob = bob_of(people)
    write(auth.set_password, bob, HASH, actor=people.alice)
    session = write(auth.sign_in, bob)
    _, token = write(auth.make_token, bob, "t", None, actor=people.alice)
    link = write(auth.make_link, bob, actor=people.alice)
    if leave == "inactive":
        deactivate(people, bob)
    else:
        people.write(records.delete, "user", [{"id": bob}])
    assert read(auth.find_credential, "bob@example.org").user_id is None
    assert code_of(read, auth.actor_of_session, session.cookie) == "not_signed_in"
    assert code_of(read, auth.actor_of_token, token) == "token_invalid"
    assert code_of(write, auth.use_link, link) == "link_invalid"
    assert code_of(write, auth.sign_in, bob) == "sign_in_failed"
    made = ("cant_sign_in", "record_unknown")
    assert code_of(write, auth.make_link, bob, actor=people.alice) in made
    assert code_of(write, auth.make_token, bob, "x", None, actor=people.alice) in made


def test_the_actor_carries_what_the_record_says_now(people):
    bob = bob_of(people)
    session = write(auth.sign_in, bob)
    (team,) = people.create("team", {"name": "North"})
    row = {"id": bob, "name": "Robert", "admin": True, "team": team, "timezone": "Asia/Tokyo"}
    people.write(records.update, "user", [row])
    actor, _ = read(auth.actor_of_session, session.cookie)
    assert (actor.name, actor.admin, actor.team_id, actor.timezone) == (
        "Robert", True, team, "Asia/Tokyo",
    )  # fmt: skip
