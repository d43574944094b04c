"""Where somebody is signed in: listed, ended one by one or together, and ended with the user."""

from __future__ import annotations

import pytest

from relatum.core import auth, records
from relatum.core.errors import RelatumError


def signed_in(instance, actor, times=1):
    """Sign somebody in; return the cookies."""
    return [instance.write(lambda **_: auth.sign_in(actor.user_id)).cookie for _ in range(times)]


def gets_in(instance, cookie):
    with instance.reading():
        try:
            auth.actor_of_session(cookie)
        except RelatumError:
            return False
    return True


def refused(instance, verb, *args, **kwargs):
    with pytest.raises(RelatumError) as caught:
        instance.write(verb, *args, **kwargs)
    return caught.value.code


def test_sessions_are_listed_newest_first_and_the_own_one_is_known(instance):
    bob = instance.bob
    _, second = signed_in(instance, bob, 2)
    found = instance.read(auth.list_sessions, bob.user_id, actor=bob, cookie=second)
    assert [each["current"] for each in found] == [True, False]
    assert found[0]["created_at"] >= found[1]["created_at"]
    assert all(second not in str(each) for each in found)


def test_a_single_session_ends_and_the_others_go_on(instance):
    bob = instance.bob
    first, second = signed_in(instance, bob, 2)
    [other] = [
        each["id"]
        for each in instance.read(auth.list_sessions, bob.user_id, actor=bob, cookie=second)
        if not each["current"]
    ]
    instance.write(auth.end_session, bob.user_id, other, actor=bob)
    assert (gets_in(instance, first), gets_in(instance, second)) == (False, True)
    assert refused(instance, auth.end_session, bob.user_id, other) == "session_unknown"


def test_all_sessions_end_but_the_one_that_is_kept(instance):
    bob = instance.bob
    first, second, third = signed_in(instance, bob, 3)
    assert instance.write(auth.end_sessions, bob.user_id, actor=bob, keep=second) == 2
    assert [gets_in(instance, each) for each in (first, second, third)] == [False, True, False]
    assert instance.write(auth.end_sessions, bob.user_id) == 1


def test_nobody_but_an_administrator_looks_at_or_ends_those_of_others(instance):
    bob, alice = instance.bob, instance.alice
    [cookie] = signed_in(instance, alice)
    [session] = instance.read(auth.list_sessions, alice.user_id)
    for verb, more in (
        (auth.list_sessions, ()), (auth.end_sessions, ()), (auth.end_session, (session["id"],)),
    ):  # fmt: skip
        assert refused(instance, verb, alice.user_id, *more, actor=bob) == "forbidden"
    # Somebody else's session is none of one's own, either.
    code = refused(instance, auth.end_session, bob.user_id, session["id"], actor=bob)
    assert (code, gets_in(instance, cookie)) == ("session_unknown", True)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_who_comes_back_does_not_come_back_by_old_sessions_or_links(instance, verb):
    bob = instance.bob.user_id
    [cookie] = signed_in(instance, instance.bob)
    link = instance.write(auth.make_link, bob)
    if verb == "update":
        instance.write(records.update, "user", [{"id": bob, "active": False}])
        instance.write(records.update, "user", [{"id": bob, "active": True}])
    else:
        instance.write(records.delete, "user", [{"id": bob}])
        instance.write(records.restore, "user", [{"id": bob}])
    assert not gets_in(instance, cookie)
    with pytest.raises(RelatumError, match="used"):
        instance.write(lambda **_: auth.use_link(link))


def test_a_user_who_is_changed_otherwise_stays_signed_in(instance):
    [cookie] = signed_in(instance, instance.bob)
    instance.write(records.update, "user", [{"id": instance.bob.user_id, "name": "Robert"}])
    assert gets_in(instance, cookie)
