"""The audit log: what it tells of, and the chain that shows what was changed by hand."""

from __future__ import annotations

import re
import threading
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from relatum.core import (
    audit,
    auth,
    catalog,
    db,
    jobs,
    keys,
    plugin_host,
    positions,
    records,
    roles,
)
from relatum.core.auth import second_factor
from relatum.core.errors import RelatumError

from .instances import PASSWORD, prepared
from .undoing import shop_in, update


@prepared
def shop(instance):
    shop_in(instance)


def entries(instance: Any, **choice: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = instance.read(audit.entries, limit=500, **choice)
    return found


def seal(instance: Any) -> int:
    made = 0
    while count := instance.write(lambda **_: audit.seal_some()):
        made += count
    return made


def verdict(instance: Any, **how: Any) -> Any:
    return instance.read(audit.verify, **how)


def by_hand(instance: Any, text: str, **values: Any) -> None:
    """Change the database past Relatum, as its administrator can."""
    with instance.app.app_context(), db.writing() as tx:
        tx.connection.execute(sa.text(text), values)


# -- what it tells of -----------------------------------------------------------------------
def test_a_sign_in_and_a_refused_one_are_noted_with_the_address(shop):
    browser = shop.client()
    email = "alice@example.org"
    wrong = browser.post("/api/v1/session", json={"email": email, "password": "wrong password"})
    assert wrong.status_code == 401
    unknown = {"email": "nobody@example.org", "password": "my secret typed here"}
    assert browser.post("/api/v1/session", json=unknown).status_code == 401
    right = browser.post("/api/v1/session", json={"email": email, "password": PASSWORD})
    token = {"X-CSRF-Token": right.get_json()["csrf"]}
    assert browser.delete("/api/v1/session", headers=token).status_code == 204
    alice = f"user:{shop.alice.user_id}"
    found = [(e["event"], e["actor"], e["subject"], e["address"]) for e in entries(shop)[:4]]
    me = shop.alice.user_id
    assert found == [
        ("sign_out", me, alice, "127.0.0.1"),
        ("sign_in", me, alice, "127.0.0.1"),
        ("sign_in_failed", None, None, "127.0.0.1"),
        ("sign_in_failed", None, alice, "127.0.0.1"),
    ]
    # Who mistypes may have typed his password where the address goes.
    assert "secret" not in str(entries(shop))


def test_a_change_of_a_role_tells_what_it_was_and_what_it_is(shop):
    shop.write(roles.save, "member", {"label": "Members", "all_types": {"read": "own"}})
    [entry] = entries(shop, subject="role:member")
    assert (entry["event"], entry["actor"]) == ("role_saved", shop.alice.user_id)
    assert (entry["before"]["label"], entry["after"]["label"]) == ("Member", "Members")
    assert entry["before"]["all_types"]["read"] == "all"
    assert entry["after"]["all_types"] == {"read": "own"}


def test_giving_and_taking_roles_is_noted_and_so_is_dropping_one(shop):
    bob = shop.bob.user_id
    shop.write(roles.save, "clerk", {})
    shop.write(roles.hold, "user", bob, ["clerk"])
    shop.write(roles.hold, "user", bob, [])
    shop.write(roles.drop, "clerk")
    told = [(e["event"], e["before"], e["after"]) for e in entries(shop, subject=f"user:{bob}")]
    assert told[:2] == [
        ("roles_held", {"roles": ["clerk"]}, {"roles": []}),
        ("roles_held", {"roles": []}, {"roles": ["clerk"]}),
    ]
    assert entries(shop, event="role_dropped")[0]["subject"] == "role:clerk"


def test_shares_are_noted(shop):
    [acme] = shop.create("x_company", {"name": "Acme"})
    made = shop.write(roles.share, "x_company", acme, user=shop.bob.user_id)
    shop.write(roles.unshare, made["id"])
    told = entries(shop, subject=f"x_company:{acme}")
    assert [e["event"] for e in told] == ["unshared", "shared"]
    assert told[1]["after"]["user"] == told[0]["before"]["user"] == shop.bob.user_id


@pytest.mark.parametrize(
    ("change", "told"),
    [({"admin": True}, {"admin": [False, True]}), ({"active": False}, {"active": [True, False]})],
)
def test_what_users_may_is_noted_when_it_changes(shop, change, told):
    bob = shop.bob.user_id
    update(shop, "user", bob, **change)
    entry, made = entries(shop, subject=f"user:{bob}", event="user_changed")
    assert made["after"]["action"] == "create"
    [[name, [before, after]]] = told.items()
    assert (entry["before"], entry["after"]) == ({name: before}, {"action": "update", name: after})


def test_users_that_come_go_and_come_back_are_noted_and_other_changes_are_not(shop):
    [carol] = shop.create("user", {"name": "Carol", "email": "carol@example.org"})
    update(shop, "user", carol, name="Carola")
    shop.write(records.delete, "user", [{"id": carol}])
    shop.write(records.restore, "user", [{"id": carol}])
    told = [e["after"]["action"] for e in entries(shop, subject=f"user:{carol}")]
    assert told == ["restore", "delete", "create"]


def test_what_was_refused_or_only_tried_is_not_noted(shop):
    before = len(entries(shop))
    with pytest.raises(RelatumError):
        shop.write(records.update, "user", [{"id": shop.alice.user_id, "admin": False}])
    shop.write(records.update, "user", [{"id": shop.bob.user_id, "admin": True}], dry_run=True)
    assert len(entries(shop)) == before


def test_passwords_links_tokens_and_second_factors_are_noted_without_their_secrets(shop):
    bob = shop.bob.user_id
    texts = [
        shop.write(auth.make_link, bob),
        shop.write(auth.make_reset, bob),
        shop.write(auth.make_token, bob, "report", 7)[1],
    ]
    token = shop.read(auth.list_tokens, bob)[0]["id"]
    shop.write(auth.revoke_token, token)
    hashed = auth.hash_password("a new password of bob")
    shop.write(auth.set_password, bob, hashed)
    shop.write(second_factor.set_up, actor=shop.bob)
    found = entries(shop, subject=f"user:{bob}")
    assert [e["event"] for e in found[:5]] == [
        "password_set", "token_revoked", "token_made", "reset_link_made", "link_made",
    ]  # fmt: skip
    assert found[2]["after"]["name"] == "report"
    assert not [text for text in [*texts, hashed] if text in str(found)]


def test_plans_and_plugins_are_noted(instance):
    instance.make_type("x_book", {"name": "title", "kind": "text", "label": "Title"})
    entry = entries(instance, event="plan_applied")[0]
    assert "create_type x_book" in entry["after"]["steps"]
    with instance.app.app_context():
        db.transact(lambda: plugin_host.enable("contacts", actor=instance.alice), exclusive=True)
        db.transact(lambda: plugin_host.disable("contacts", actor=instance.alice), exclusive=True)
    told = [e["event"] for e in entries(instance, subject="plugin:contacts")]
    assert told == ["plugin_disabled", "plugin_enabled"]


def test_schedules_are_noted_when_they_change(shop):
    shop.write(jobs.change_schedule, "forget", enabled=False)
    shop.write(jobs.change_schedule, "forget", enabled=False)
    [entry] = entries(shop, subject="schedule:forget")
    assert (entry["before"]["enabled"], entry["after"]["enabled"]) == (True, False)


def test_settings_are_noted_once_they_are_others_than_before_and_secrets_only_marked(shop):
    noted = "settings_changed"
    for settings in (
        {"page_default": 10},
        {"page_default": 10},
        {
            "page_default": 10,
            "smtp_url": "smtp://me:hunter2@mail.example.org",
            "mail_from": "a@b.org",
        },
    ):
        with shop.configured(**settings):
            shop.write(audit.note_settings)
    second, first = entries(shop, event=noted)
    assert (first["after"]["page_default"], "smtp_url" in first["after"]) == (10, False)
    assert (second["before"], second["after"]["smtp_url"][:7]) == (first["after"], "secret ")
    assert "hunter2" not in str(second)


# -- reading it -----------------------------------------------------------------------------
def test_it_is_read_by_event_by_whom_by_subject_by_time_and_in_pages(shop):
    for name in ("a", "b", "c"):
        shop.write(roles.save, name, {})
    found = entries(shop, event="role_saved")
    assert [e["subject"] for e in found] == ["role:c", "role:b", "role:a"]
    page = shop.read(audit.entries, limit=2, before=found[0]["id"])
    assert [e["id"] for e in page[:1]] == [found[1]["id"]]
    assert entries(shop, by=shop.bob.user_id) == []
    with shop.reading():
        zone = ZoneInfo(catalog.current().zone)
    today = found[0]["at"].astimezone(zone).date().isoformat()
    assert len(entries(shop, event="role_saved", since=today, until=today)) == 3
    assert entries(shop, until="2000-01-01") == []


@pytest.mark.parametrize(
    "choice", [{"event": "sign_inn"}, {"since": "yesterday"}, {"until": "2026-13-01"}]
)
def test_a_wrong_word_is_refused_by_name(shop, choice):
    with pytest.raises(RelatumError, match=next(iter(choice))) as caught:
        entries(shop, **choice)
    assert caught.value.code == "bad_parameter"


def test_nobody_but_administrators_reads_or_verifies_it(shop):
    for path in ("/audit", "/audit/events"):
        assert shop.client(shop.bob).get(f"/api/v1{path}").status_code == 403
        assert shop.client(shop.alice).get(f"/api/v1{path}").status_code == 200
    with pytest.raises(RelatumError) as caught:
        shop.read(audit.verify, actor=shop.bob)
    assert caught.value.code == "forbidden"


# -- the chain ------------------------------------------------------------------------------
@pytest.fixture
def sealed(shop):
    """Return the shop with two companies of one change set, and a role, all sealed."""
    shop.ids = shop.create("x_company", {"name": "Acme"}, {"name": "Bolt"})
    shop.write(roles.save, "clerk", {})
    assert seal(shop)
    return shop


def test_what_nobody_touched_is_sound_and_all_of_it_is_sealed(sealed):
    found = verdict(sealed)
    assert (found.findings, found.unsealed) == ([], {"change_sets": 0, "entries": 0})
    assert found.changes >= 2
    assert found.entries == len(entries(sealed))
    assert seal(sealed) == 0


def test_what_is_committed_later_is_not_sealed_yet_and_joins_the_chain(sealed):
    update(sealed, "x_company", sealed.ids[0], city="Bonn")
    found = verdict(sealed)
    assert (found.sound, found.unsealed["change_sets"]) == (True, 1)
    assert seal(sealed) == 1
    assert verdict(sealed, head="{}:{}".format(*found.head)).sound


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("UPDATE core_change SET data = replace(data, 'Bolt', 'Volt') WHERE record_id = :id",
         r"change \d+ of change set \d+ \(create of record {id}\) is not what was sealed"),
        ("UPDATE core_change SET op = 'update' WHERE record_id = :id", "is not what was sealed"),
        ("DELETE FROM core_change WHERE record_id = :id", r"change \d+, at position \d+, is gone"),
        ("UPDATE core_change_set SET actor_id = NULL WHERE id = (SELECT change_set_id FROM "
         "core_change WHERE record_id = :id)", r"the change set at position \d+ is not what"),
        ("INSERT INTO core_change (change_set_id, record_id, op, version, data) SELECT "
         "change_set_id, record_id, 'update', 2, '{{}}' FROM core_change WHERE record_id = :id",
         "was added by hand"),
        ("UPDATE core_audit SET subject = 'role:other' WHERE subject = 'role:clerk' AND :id > 0",
         r"entry \d+ of the log is not what was sealed"),
        ("DELETE FROM core_audit WHERE subject = 'role:clerk' AND :id > 0", "the log is gone"),
        ("DELETE FROM core_seal WHERE number = 2 AND :id > 0", "seal 2 is gone"),
        ("UPDATE core_seal SET digests = (SELECT digests FROM core_seal WHERE number = 1) "
         "WHERE number = 2 AND :id > 0", "seal 2 does not follow"),
        ("UPDATE core_audit SET seal = 1 WHERE subject = 'role:clerk' AND :id > 0",
         "the seal of entry"),
    ],
)  # fmt: skip
def test_a_row_that_was_changed_by_hand_is_named(sealed, text, said):
    by_hand(sealed, text.replace("{{}}", "{}"), id=sealed.ids[1])
    found = verdict(sealed)
    assert not found.sound
    assert re.search(said.format(id=sealed.ids[1]), "\n".join(found.findings))


def test_a_change_set_that_was_taken_out_with_its_changes_is_missed(sealed):
    number = "SELECT change_set_id FROM core_change WHERE record_id = :id"
    [[wanted]] = sealed.sql(number, id=sealed.ids[0])
    by_hand(sealed, "DELETE FROM core_change WHERE change_set_id = :id", id=wanted)
    by_hand(sealed, "DELETE FROM core_change_set WHERE id = :id", id=wanted)
    assert "is gone" in "\n".join(verdict(sealed).findings)


def test_a_seal_that_is_cut_off_the_end_is_missed_by_its_change_set(sealed):
    update(sealed, "x_company", sealed.ids[0], city="Bonn")
    seal(sealed)
    head = "{}:{}".format(*verdict(sealed).head)
    by_hand(sealed, "DELETE FROM core_seal WHERE number = (SELECT max(number) FROM core_seal)")
    # It looks as if the last one had not been sealed yet, unless the end was written down.
    assert verdict(sealed).sound
    [told] = verdict(sealed, head=head).findings
    assert "does not lead through" in told


def test_without_the_key_nobody_makes_a_chain_that_fits(sealed):
    """Whoever has the database alone can write new digests, and not their chain."""
    by_hand(
        sealed, "UPDATE core_change SET data = replace(data, 'Bolt', 'Volt') WHERE record_id = :id",
        id=sealed.ids[1],
    )  # fmt: skip
    assert not verdict(sealed).sound
    by_hand(sealed, "DELETE FROM core_seal")
    by_hand(sealed, "UPDATE core_audit SET seal = NULL")
    with sealed.app.app_context():
        keys.rotate()
    seal(sealed)
    # Sealed anew it fits again: that is what the written end of the chain is for.
    assert verdict(sealed).sound


def test_a_chain_goes_on_under_a_new_key_and_a_lost_key_is_named(sealed):
    with sealed.app.app_context():
        keys.rotate()
    update(sealed, "x_company", sealed.ids[0], city="Bonn")
    seal(sealed)
    assert (verdict(sealed).sound, verdict(sealed).lost_keys) == (True, {})
    with sealed.app.app_context():
        file = keys.path()
        lines = file.read_text().splitlines()
        file.write_text("\n".join(line for line in lines if not line.startswith(lines[1][:7])))
    found = verdict(sealed)
    assert found.sound
    assert list(found.lost_keys) == [lines[1][:7]]


def test_a_row_whose_salt_is_taken_away_without_an_erasure_is_named(sealed):
    [[change, position]] = sealed.sql(
        "SELECT c.id, s.position FROM core_change c JOIN core_change_set s ON s.id = "
        "c.change_set_id WHERE c.record_id = :id", id=sealed.ids[1],
    )  # fmt: skip
    sealed.write(lambda **_: audit.spare(audit.CHANGE_SET, position, [change]))
    assert "the log does not say so" in "\n".join(verdict(sealed).findings)
    sealed.write(
        lambda actor: audit.note(
            "person_erased", "x_company:1", actor=actor, after={"changes": [[change, change]]}
        )
    )
    found = verdict(sealed)
    assert (found.sound, found.erased) == (True, 1)


def test_eight_writers_leave_one_chain(shop):
    def write(name: str) -> None:
        for n in range(5):
            shop.create("x_company", {"name": f"{name}{n}"})
            with shop.app.app_context():
                db.transact(audit.seal_some)

    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with shop.app.app_context():
        positions.settle()
    seal(shop)
    found = verdict(shop)
    assert (found.findings, found.unsealed["change_sets"]) == ([], 0)
    newest = shop.read(lambda **_: positions.newest())
    assert found.change_sets == newest
