"""What is one's own: preferences that are kept for nobody else, and the profile."""

from __future__ import annotations

import pytest

from relatum.core import preferences
from relatum.core.actor import Actor
from relatum.core.errors import RelatumError


def put(instance, name, value, actor=None):
    instance.write(preferences.put, name, value, actor=actor or instance.alice)


def kept(instance, actor=None):
    return instance.read(preferences.of, actor=actor or instance.alice)


def refused(instance, name, value, actor=None):
    with pytest.raises(RelatumError) as caught:
        put(instance, name, value, actor)
    return caught.value.code


def test_what_is_kept_is_read_back_as_it_was(instance):
    put(instance, "desk.columns", {"shown": ["name", "grün"], "most": 3})
    put(instance, "theme", "dark")
    put(instance, "theme", "light")
    assert kept(instance) == {
        "desk.columns": {"shown": ["name", "grün"], "most": 3},
        "theme": "light",
    }
    assert instance.read(preferences.get, "theme", actor=instance.alice) == "light"


def test_nobody_sees_what_is_kept_for_another(instance):
    put(instance, "theme", "dark")
    assert kept(instance, instance.bob) == {}
    assert instance.read(preferences.get, "theme", actor=instance.bob) is None


def test_null_and_dropping_forget(instance):
    put(instance, "theme", "dark")
    put(instance, "theme", None)
    instance.write(preferences.drop, "theme", actor=instance.alice)
    assert kept(instance) == {}


@pytest.mark.parametrize("name", ["", "Theme", "a b", "a..b", ".a", "a" * 101, "x\n"])
def test_a_name_that_can_not_be_is_refused(instance, name):
    assert refused(instance, name, 1) == "preference_invalid"


def test_what_is_no_json_or_too_large_is_refused(instance):
    assert refused(instance, "a", object()) == "preference_invalid"
    assert refused(instance, "a", "x" * 262_145) == "preference_invalid"
    assert kept(instance) == {}


def test_the_system_keeps_nothing(instance):
    system = Actor(user_id=None, name="system", admin=True)
    assert refused(instance, "a", 1, system) == "preference_of_nobody"
    assert kept(instance, system) == {}


def test_there_are_no_more_than_the_limit(instance):
    with instance.configured(preference_limit=2):
        put(instance, "a", 1)
        put(instance, "b", 1)
        put(instance, "b", 2)
        assert refused(instance, "c", 1) == "preference_limit"


def test_over_http_each_keeps_his_own(instance):
    alice, bob = instance.client(instance.alice), instance.client(instance.bob)
    kept = alice.put("/api/v1/my/preferences/desk.theme", json={"value": "dark"})
    assert (kept.status_code, kept.json) == (200, {"value": "dark"})
    assert alice.get("/api/v1/my/preferences").json == {"preferences": {"desk.theme": "dark"}}
    assert bob.get("/api/v1/my/preferences").json == {"preferences": {}}
    assert alice.delete("/api/v1/my/preferences/desk.theme").status_code == 204
    assert alice.put("/api/v1/my/preferences/A", json={"value": 1}).status_code == 422
    assert alice.get("/api/v1/my/preferences").json == {"preferences": {}}


def test_everybody_reads_and_changes_his_own_profile_and_no_more_of_himself(instance):
    bob = instance.client(instance.bob)
    changed = bob.patch("/api/v1/my/profile", json={"name": "Bob B.", "timezone": "Asia/Tokyo"})
    assert (changed.status_code, changed.json["name"]) == (200, "Bob B.")
    shown = bob.get("/api/v1/my/profile").json
    assert (shown["timezone"], shown["language"], set(shown)) == (
        "Asia/Tokyo", None, {"id", "email", "name", "language", "timezone"},
    )  # fmt: skip
    for wrong in ({"admin": True}, {"timezone": "Asia/Tokio"}, {"name": ""}):
        assert bob.patch("/api/v1/my/profile", json=wrong).status_code == 422
    assert bob.get("/api/v1/my/profile").json == shown


def test_who_is_not_signed_in_has_no_profile(instance):
    assert instance.client(None).get("/api/v1/my/profile").status_code == 401
