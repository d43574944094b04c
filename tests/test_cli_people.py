"""`relatum users` and `relatum tokens`: who is there, who may sign in, and how programs do."""

from __future__ import annotations

import pytest

from relatum.core import auth, serve
from relatum.core.errors import RelatumError

from .counting import run
from .homes import Shell

PASSWORD = "staple battery horse"


@pytest.fixture
def relatum(instance):
    return Shell(serve.environment(instance.config))


def enters(instance, email, password):
    """Say whether somebody gets in with a password."""
    with instance.reading():
        credential = auth.find_credential(email)
    try:
        return auth.check_password(credential, password) > 0
    except RelatumError:
        return False


def actor_of(instance, token):
    with instance.reading():
        return auth.actor_of_token(token)


def test_users_are_listed_by_name_with_team_and_rights(relatum):
    relatum.said("records", "create", "team", "name=North")
    relatum.said("records", "update", "user", "bob@example.org", "team=North")
    table = relatum.said("users", "list").splitlines()
    assert [line.split()[1] for line in table[1:]] == ["Alice", "Bob", "Charlie"]
    assert table[2].split()[2:] == ["bob@example.org", "North", "no", "yes", "no"]
    found = relatum.json("users", "list", "admin=true")["records"]
    assert [user["name"] for user in found] == ["Alice"]


def test_a_user_is_added_with_a_team_and_without_an_address_if_need_be(relatum):
    relatum.said("records", "create", "team", "name=North")
    relatum.said("users", "add", "Dora", "--email", "dora@example.org", "--team", "North")
    relatum.said("users", "add", "Emil", "--admin")
    dora = relatum.json("records", "get", "user", "dora@example.org")
    emil = relatum.json("records", "get", "user", "Emil")
    assert (dora["team"] is not None, dora["admin"]) == (True, False)
    assert (emil["email"], emil["admin"]) == (None, True)


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["add", "Dora", "--email", "bob@example.org"], "duplicate", "Bob"),
        (["add", "Dora", "--email", "dora"], "invalid", "email"),
        (["add", "Dora", "--team", "North"], "invalid", "North"),
        (["add", ""], "invalid", "name"),
        (["list", "colour=red"], "field_unknown", "colour"),
        (["invite", "Eve"], "lookup_unmatched", "Eve"),
        (["invite", "eve@"], "invalid", "email"),
        (["invite", "eve@example.org", "--team", "Nrth"], "invalid", "team"),
        (["invite", "eve@example.org", "--role", "membr"], "invalid", "member"),
        (["invite", "--file", "nowhere.csv"], "file_unreadable", "nowhere.csv"),
        (["disable", "bob@example.org", "--transfer-to", "bob@example.org"], "invalid", "to"),
        (["invite", "999"], "record_unknown", "999"),
        (["disable", "alice@example.org"], "last_admin", "administrator"),
    ],
)
def test_what_is_wrong_with_users_is_one_line(relatum, words, code, named):
    line = relatum.error("users", *words)
    assert line.startswith(f"{code}: ") and named in line


def test_an_invitation_is_a_link_that_works_once(instance, relatum):
    said = relatum.json("users", "invite", "Charlie", "--address", "https://crm.example.org/")
    address, _, secret = said["link"].rpartition("/")
    assert address == "https://crm.example.org/sign-in"
    assert said["minutes"] == instance.config.link_minutes
    with instance.app.app_context():
        from relatum.core import db

        assert db.transact(lambda: auth.use_link(secret)) == said["id"]
        with pytest.raises(RelatumError, match="used"):
            db.transact(lambda: auth.use_link(secret))


def test_somebody_new_is_invited_by_the_address_with_team_and_role(relatum):
    relatum.said("records", "create", "team", "name=North")
    words = ("--name", "Eve", "--team", "North", "--role", "member", "--address", "https://crm.de")
    said = relatum.json("users", "invite", "eve@example.org", *words)
    [eve] = said["people"]
    assert (eve["status"], said["days"]) == ("invited", 7)
    assert eve["link"].startswith("https://crm.de/sign-in/")
    assert relatum.json("records", "get", "user", "eve@example.org")["name"] == "Eve"
    assert relatum.json("roles", "held", "eve@example.org") == {"roles": ["member"]}


def test_several_are_invited_and_who_is_there_gets_another_link(relatum):
    done = relatum("users", "invite", "eve@example.org", "bob@example.org")
    assert done.stdout.count("/sign-in/") == 2
    assert "within 7 days" in done.stderr and "within 30 minutes" in done.stderr
    assert "--file" in relatum.error("users", "invite", status=2)
    assert "--name" in relatum.error("users", "invite", "a@x.de", "b@x.de", "--name", "A", status=2)


def test_a_list_is_tried_then_invited(relatum, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("Name;E-mail;Role\nEve;eve@example.org;member\nBob;bob@example.org;\n")
    table = relatum.said("users", "invite", "--file", str(file), "--dry-run")
    assert "would be invited" in table and "is there already" in table
    assert "eve" not in relatum.said("users", "list")
    done = relatum("users", "invite", "--file", str(file), "--mail")
    assert done.stdout.count("/sign-in/") == 1
    assert "No mail server is set up" in done.stderr
    again = relatum.json("users", "invite", "--file", "-", given=file.read_text())
    assert [(each["line"], each["status"]) for each in again["people"]] == [
        (2, "known"), (3, "known")
    ]  # fmt: skip


def test_every_problem_of_a_list_is_said_with_its_line_and_nobody_is_invited(relatum):
    given = "email,role\neve@example.org,member\nbad,x\n\neve@example.org,\n"
    done = relatum("users", "invite", "--file", "-", given=given)
    assert done.exit_code == 1
    lines = done.stderr.splitlines()
    assert [line.split(": ")[:2] for line in lines[:-1]] == [
        ["line 3", "email"], ["line 3", "roles"], ["line 5", "email"]
    ]  # fmt: skip
    assert lines[-1].startswith("Error invalid: ")
    assert "eve" not in relatum.said("users", "list")


def test_nobody_is_invited_while_disabled(relatum):
    relatum.said("users", "disable", "bob@example.org")
    assert relatum.error("users", "invite", "bob@example.org").startswith("cant_sign_in: ")


def test_a_password_is_read_from_standard_input(instance, relatum):
    relatum.said("users", "set-password", "bob@example.org", given=f"{PASSWORD}\n")
    assert enters(instance, "bob@example.org", PASSWORD)


def test_a_random_password_is_shown(instance, relatum):
    shown = relatum.json("users", "set-password", "bob@example.org", "--random")["password"]
    assert enters(instance, "bob@example.org", shown)


@pytest.mark.parametrize("given", ["", "short\n", "bob@example.org\n"])
def test_a_weak_password_is_refused_and_the_old_one_stays(instance, relatum, given):
    relatum.said("users", "set-password", "bob@example.org", given=f"{PASSWORD}\n")
    line = relatum.error("users", "set-password", "bob@example.org", given=given)
    assert line.startswith("password_weak: ")
    assert enters(instance, "bob@example.org", PASSWORD)


def test_a_disabled_user_is_out_at_once_and_in_again_once_enabled(instance, relatum):
    relatum.said("users", "set-password", "bob@example.org", given=f"{PASSWORD}\n")
    relatum.said("users", "disable", "bob@example.org")
    assert not enters(instance, "bob@example.org", PASSWORD)
    assert "already" in relatum.said("users", "disable", "bob@example.org")
    relatum.said("users", "enable", "bob@example.org")
    assert enters(instance, "bob@example.org", PASSWORD)


def test_who_leaves_hands_over_what_he_owns_by_a_job_that_is_undone(instance, relatum):
    instance.make_type("x_note", {"name": "name", "kind": "text"})
    [note] = instance.create("x_note", {"name": "n", "owner": instance.bob.user_id})
    asked = relatum.said("users", "disable", "bob@example.org", "--dry-run")
    assert "x_note" in asked and "0 sessions" in asked
    assert relatum.json("records", "get", "user", "bob@example.org")["active"] is True
    heir = ("--transfer-to", "Charlie")
    [done] = relatum.json("users", "disable", "bob@example.org", *heir)
    assert run(instance, done["job"]) == "done"
    assert instance.get("x_note", note)["owner"] != instance.bob.user_id
    told = relatum.json("jobs", "undo", str(done["job"]))
    assert run(instance, told["id"]) == "done"
    assert instance.get("x_note", note)["owner"] == instance.bob.user_id


def test_a_type_may_have_an_heir_of_its_own_or_none(instance, relatum):
    instance.make_type("x_note", {"name": "name", "kind": "text"})
    instance.create("x_note", {"name": "n", "owner": instance.bob.user_id})
    words = ("users", "disable", "bob@example.org", "--transfer-to", "Charlie")
    [done] = relatum.json(*words, "--heir", "x_note=")
    assert relatum.json("jobs", "show", str(done["job"]))["arguments"]["heirs"] == {"x_note": None}
    assert "--heir" in relatum.error(*words, "--heir", "x_note", status=2)


def test_sessions_are_shown_and_ended(instance, relatum):
    for _ in range(3):
        instance.write(lambda **_: auth.sign_in(instance.bob.user_id))
    first, *_ = relatum.json("users", "sessions", "bob@example.org")
    assert len(relatum.json("users", "sessions", "bob@example.org", "--end", first["id"])) == 2
    assert relatum.said("users", "sessions", "bob@example.org").count("20") >= 2
    said = relatum.said("users", "sessions", "bob@example.org", "--end-all")
    assert said.strip() == "Signed in nowhere."
    line = relatum.error("users", "sessions", "bob@example.org", "--end", first["id"])
    assert line.startswith("session_unknown: ")


def test_several_users_are_disabled_together_or_not_at_all(relatum):
    relatum.error("users", "disable", "bob@example.org", "alice@example.org")
    assert relatum.json("records", "get", "user", "bob@example.org")["active"] is True


def test_a_token_is_shown_once_acts_as_its_user_and_ends_when_revoked(instance, relatum):
    done = relatum("tokens", "create", "nightly", "--user", "bob@example.org", "--days", "9")
    assert "not shown again" in done.stderr
    token = done.stdout.strip()
    assert actor_of(instance, token).name == "Bob"
    [listed] = relatum.json("tokens", "list", "--user", "bob@example.org")
    assert listed["name"] == "nightly" and token not in str(listed)
    relatum.said("tokens", "revoke", str(listed["id"]))
    with pytest.raises(RelatumError, match="revoked"):
        actor_of(instance, token)


def test_whoever_acts_makes_tokens_of_his_own(instance, relatum):
    made = relatum.json("--as", "bob@example.org", "tokens", "create", "mine")
    assert actor_of(instance, made["token"]).name == "Bob"


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["create", "t", "--user", "eve@example.org"], "lookup_unmatched", "eve"),
        (["create", "t", "--user", "bob@example.org", "--days", "0"], "invalid", "days"),
        (["create", " ", "--user", "bob@example.org"], "invalid", "name"),
        (["list", "--user", "999"], "record_unknown", "999"),
        (["revoke", "999"], "token_unknown", "999"),
    ],
)
def test_what_is_wrong_with_tokens_is_one_line(relatum, words, code, named):
    line = relatum.error("tokens", *words)
    assert line.startswith(f"{code}: ") and named in line


def test_tokens_need_somebody_whose_they_are(relatum):
    assert "--user" in relatum.error("tokens", "list", status=2)


def test_tokens_are_revoked_together_or_not_at_all(relatum):
    made = relatum.json("tokens", "create", "t", "--user", "bob@example.org")
    relatum.error("tokens", "revoke", str(made["id"]), "999")
    assert len(relatum.json("tokens", "list", "--user", "bob@example.org")) == 1
