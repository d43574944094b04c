"""`relatum changes`: what was written together is listed, shown and undone."""

from __future__ import annotations

import pytest

from relatum.core import jobs, serve

from .homes import Shell
from .instances import prepared
from .undoing import newest, shop_in


@prepared
def shop(instance):
    shop_in(instance)


@pytest.fixture
def relatum(shop):
    """Return a shell with Acme in Bonn, which was moved to Rome."""
    shell = Shell(serve.environment(shop.config))
    shell.said("records", "create", "x_company", "name=Acme", "city=Bonn")
    shell.said("records", "update", "x_company", "Acme", "city=Rome")
    return shell


def city(relatum):
    return relatum.json("records", "get", "x_company", "Acme")["city"]


def test_the_last_change_is_shown_undone_and_done_again(relatum, instance):
    change = newest(instance)
    head, _, row = relatum.said("changes", "show", "last").splitlines()
    assert head == f"Change {change}, by the system (cli)"
    assert "Acme" in row and "city: Bonn → Rome" in row
    said = relatum.said("changes", "undo", "last").splitlines()
    assert said[0].endswith("(Acme): city: Rome → Bonn") and said[0].startswith("update x_company")
    assert said[1] == f"Change {change} is undone by change {change + 1}."
    assert city(relatum) == "Bonn"
    assert (
        relatum.said("changes", "show", str(change))
        .splitlines()[0]
        .endswith(f", undone by {change + 1}")
    )
    assert relatum.json("changes", "undo", "last")["undoes"] == change + 1
    assert city(relatum) == "Rome"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(relatum, instance):
    change = newest(instance)
    assert "city: Rome → Bonn" in relatum.said("changes", "undo", str(change), "--dry-run")
    assert relatum.json("changes", "undo", str(change), "--dry-run")["change_set"] is None
    assert (city(relatum), newest(instance)) == ("Rome", change)


def test_what_is_in_conflict_is_named_and_stays(relatum, instance):
    relatum.said("records", "update", "x_company", "Acme", "city=Oslo", "size=5")
    change = str(newest(instance))
    relatum.said("records", "update", "x_company", "Acme", "city=Bergen")
    error = relatum.error("changes", "undo", change)
    assert error.startswith("undo_conflict: ") and "'city' of x_company" in error
    planned = relatum.said("changes", "undo", change, "--dry-run", status=3).splitlines()
    assert "size: 5 → (empty)" in planned[0] and "city" not in planned[0]
    assert planned[1].startswith("kept x_company") and "was changed since" in planned[1]
    said = relatum.said("changes", "undo", change, "--partial", status=3)
    assert "size: 5 → (empty)" in said and "kept" in said
    assert (city(relatum), relatum.json("records", "get", "x_company", "Acme")["size"]) == (
        "Bergen", None,
    )  # fmt: skip
    assert relatum.error("changes", "undo", change).startswith("undo_done")


def test_change_sets_are_listed_by_who_made_them(relatum, instance):
    shell = ("--as", "alice@example.org")
    relatum.said(*shell, "records", "create", "x_order", "name=1")
    mine = relatum.json("changes", "list", "--by", "alice@example.org")["changes"]
    assert mine[0]["records"] == {"x_order": {"create": 1}}
    assert relatum.json(*shell, "changes", "list", "--limit", "1")["changes"] == mine[:1]
    relatum.said(*shell, "changes", "undo", "last")
    table = relatum.said(*shell, "changes", "list", "--limit", "2").splitlines()
    assert f"undoes {mine[0]['id']}" in table[1] and "delete 1 x_order" in table[1]
    assert "undone by" in table[2]
    own = relatum.json("changes", "list")["changes"]
    assert own[0]["records"] == {"x_company": {"update": 1}}


def test_the_history_of_a_record_names_the_change_sets(relatum, instance):
    change = newest(instance)
    table = relatum.said("records", "history", "x_company", "Acme").splitlines()
    assert table[0].split()[0] == "change"
    assert table[1].split()[0] == str(change)


@pytest.mark.parametrize(
    ("word", "status", "begins"),
    [("424242", 1, "change_unknown"), ("newest", 2, "usage"), ("-5", 2, "usage")],
)
def test_what_is_no_change_set_is_refused(relatum, word, status, begins):
    for command in ("show", "undo"):
        assert relatum.error("changes", command, word, status=status).startswith(begins)


def test_whoever_has_written_nothing_has_no_last_change(relatum):
    relatum.said("records", "create", "user", "name=Eve", "email=eve@example.org", "admin=true")
    error = relatum.error("--as", "eve@example.org", "changes", "undo", "last")
    assert error.startswith("change_unknown")


def test_a_job_is_looked_at_and_undone_by_a_job(relatum, instance):
    acme = relatum.json("records", "get", "x_company", "Acme")["id"]
    wish = f'{{"type": "x_company", "ids": [{acme}], "values": {{"city": "Oslo"}}}}'
    job = relatum.json("jobs", "run", "bulk_update", "--arguments", wish)["id"]
    with instance.app.app_context():
        jobs.run(job, by="me", pause=lambda: False)
    assert relatum.said("jobs", "undo", str(job), "--dry-run").split()[-7:] == [
        *"x_company update 1".split(),
        *"0 were changed since.".split(),
    ]
    undoing = relatum.json("jobs", "undo", str(job))["id"]
    with instance.app.app_context():
        jobs.run(undoing, by="me", pause=lambda: False)
    assert city(relatum) == "Rome"
    last = newest(instance)
    assert relatum.json("changes", "undo", str(last), "--job", "--dry-run")["records"] == {
        "x_company": {"update": 1}
    }
