"""Purge of records: what goes, what refuses, and what stays to tell of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from relatum.core import changes, clock, doctor, jobs, own_jobs, records
from relatum.core.errors import Invalid, RelatumError
from relatum.core.serve import environment

from .homes import Shell
from .instances import prepared

NAME = {"name": "name", "kind": "text"}


def link(name, target, on_delete, **more):
    settings = {"target": target, "on_delete": on_delete}
    return {"name": name, "kind": "lookup", "settings": settings, **more}


@prepared
def crm(instance):
    """Return an instance with firms, and what points to them in every way."""
    instance.make_type("x_firm", NAME, {"name": "tags", "kind": "tags"})
    for name, on_delete in (("x_deal", "restrict"), ("x_note", "clear"), ("x_line", "cascade")):
        instance.make_type(name, NAME, link("firm", "x_firm", on_delete))


def trash(instance, type_name, *ids):
    instance.write(records.delete, type_name, [{"id": id_} for id_ in ids])


def purge(instance, type_name, *ids, **more):
    return instance.write(records.purge, type_name, [{"id": id_} for id_ in ids], **more)


def problem(instance, type_name, *ids):
    with pytest.raises(Invalid) as caught:
        purge(instance, type_name, *ids)
    return caught.value.problems[0]


def count(instance, table):
    return instance.sql(f"SELECT count(*) FROM {table}")[0][0]  # names of the test


def findings(instance):
    with instance.app.app_context():
        return [finding.text for finding in doctor.examine()]


def test_a_purged_record_is_gone_and_its_id_is_never_given_again(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme", "tags": ["big", "old"]})
    trash(crm, "x_firm", firm)
    [outcome] = purge(crm, "x_firm", firm)
    assert (outcome.status, outcome.id) == ("purged", firm)
    assert count(crm, "x_firm") == 0
    assert crm.sql("SELECT count(*) FROM core_record WHERE id = :id", id=firm)[0][0] == 1
    with pytest.raises(RelatumError) as caught:
        crm.read(records.get, "x_firm", firm, trashed=True)
    assert caught.value.code == "record_unknown"
    assert crm.create("x_firm", {"name": "New"})[0] > firm
    assert findings(crm) == []


def test_the_history_of_a_purged_record_stays_and_ends_with_the_purge(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    trash(crm, "x_firm", firm)
    purge(crm, "x_firm", firm)
    with crm.reading():
        history = changes.history(firm)
    assert [entry["op"] for entry in history] == ["purge", "delete", "create"]
    assert [entry["version"] for entry in history] == [3, 2, 1]


def test_only_what_is_in_the_trash_is_purged(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    assert problem(crm, "x_firm", firm).code == "not_in_trash"
    assert problem(crm, "x_firm", 10**6).code == "record_unknown"
    assert count(crm, "x_firm") == 1


def test_a_record_that_restricts_keeps_what_it_points_to_even_from_the_trash(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    (deal,) = crm.create("x_deal", {"firm": firm})
    trash(crm, "x_deal", deal)
    trash(crm, "x_firm", firm)
    found = problem(crm, "x_firm", firm)
    assert (found.code, found.params["id"]) == ("still_referenced", deal)
    purge(crm, "x_deal", deal)
    purge(crm, "x_firm", firm)
    assert findings(crm) == []


def test_links_that_clear_are_emptied_and_those_that_cascade_go_along(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    (live,) = crm.create("x_note", {"firm": firm})
    (gone,) = crm.create("x_note", {"firm": firm})
    crm.create("x_line", {"firm": firm})
    trash(crm, "x_note", gone)
    trash(crm, "x_firm", firm)
    purge(crm, "x_firm", firm)
    assert crm.get("x_note", live)["firm"] is None
    crm.write(records.restore, "x_note", [{"id": gone}])
    assert crm.get("x_note", gone)["firm"] is None
    assert count(crm, "x_line") == 0
    assert findings(crm) == []


def test_links_in_the_trash_are_emptied(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    (deal,) = crm.create("x_deal", {"firm": firm})
    crm.apply({"op": "trash_field", "type": "x_deal", "field": "firm"})
    trash(crm, "x_firm", firm)
    purge(crm, "x_firm", firm)
    crm.apply({"op": "restore_field", "type": "x_deal", "field": "firm"})
    assert crm.get("x_deal", deal)["firm"] is None
    assert findings(crm) == []


def test_a_mixed_reference_is_emptied(crm):
    settings = {"targets": ["x_firm", "x_deal"], "on_delete": "clear"}
    crm.make_type("x_call", NAME, {"name": "about", "kind": "reference", "settings": settings})
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    (call,) = crm.create("x_call", {"about": firm})
    trash(crm, "x_call", call)
    trash(crm, "x_firm", firm)
    purge(crm, "x_firm", firm)
    crm.write(records.restore, "x_call", [{"id": call}])
    assert crm.get("x_call", call)["about"] is None


def test_a_tree_is_purged_from_its_root(instance):
    instance.make_type("x_node", NAME, link("up", "x_node", "cascade"))
    (root,) = instance.create("x_node", {"name": "root"})
    (leaf,) = instance.create("x_node", {"name": "leaf", "up": root})
    instance.create("x_node", {"name": "tip", "up": leaf})
    trash(instance, "x_node", root)
    purge(instance, "x_node", root)
    assert count(instance, "x_node") == 0
    assert findings(instance) == []


def test_partial_purges_the_sound_ones_and_names_the_others(crm):
    first, second = crm.create("x_firm", {"name": "A"}, {"name": "B"})
    trash(crm, "x_firm", first)
    outcomes = purge(crm, "x_firm", first, second, partial=True)
    assert [outcome.status for outcome in outcomes] == ["purged", "refused"]


def test_people_and_teams_are_not_purged(instance):
    with pytest.raises(RelatumError) as caught:
        purge(instance, "user", instance.bob.user_id)
    assert caught.value.code == "purge_refused"


def test_only_who_may_purges(crm):
    (firm,) = crm.create("x_firm", {"name": "Acme"})
    trash(crm, "x_firm", firm)
    with pytest.raises(RelatumError) as caught:
        purge(crm, "x_firm", firm, actor=crm.bob)
    assert caught.value.code == "forbidden"


# -- the trash as a whole -------------------------------------------------------------------
def emptied(instance, **arguments):
    """Run the job that empties the trash and return its result."""
    job_id = instance.write(jobs.enqueue, own_jobs.EMPTY_TRASH.name, arguments)
    with instance.app.app_context():
        jobs.run(job_id, by="me", pause=lambda: False)
    return instance.read(jobs.get, job_id)["result"]


def soon():
    return (clock.now() + timedelta(minutes=1)).isoformat()


def test_the_trash_is_emptied_whatever_the_order_of_types(crm):
    firms = crm.create("x_firm", {"name": "A"}, {"name": "B"})
    (deal,) = crm.create("x_deal", {"firm": firms[0]})
    trash(crm, "x_deal", deal)
    trash(crm, "x_firm", *firms)
    crm.create("x_firm", {"name": "live"})
    assert emptied(crm, before=soon()) == {"purged": {"x_deal": 1, "x_firm": 2}, "kept": {}}
    assert count(crm, "x_firm") == 1
    assert findings(crm) == []


def test_what_went_later_stays(crm):
    (firm,) = crm.create("x_firm", {"name": "A"})
    before = clock.now().isoformat()
    trash(crm, "x_firm", firm)
    assert emptied(crm, before=before) == {"purged": {}, "kept": {}}
    assert emptied(crm, before=soon(), type="x_firm")["purged"] == {"x_firm": 1}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"before": "soon"}, "bad_parameter"),
        ({"before": "2026-01-01T00:00:00Z", "type": "x_no"}, "type_unknown"),
    ],
)
def test_what_makes_no_sense_starts_no_job(crm, arguments, code):
    with pytest.raises(RelatumError) as caught:
        crm.write(jobs.enqueue, own_jobs.EMPTY_TRASH.name, arguments)
    assert caught.value.code == code


# -- doors ----------------------------------------------------------------------------------
def test_records_are_purged_by_http(crm, refused):
    first, second, third = crm.create("x_firm", *({"name": n} for n in "abc"))
    alice = crm.client(crm.alice)
    refused(alice.post(f"/api/v1/records/x_firm/{first}/purge"), 409, "not_in_trash")
    trash(crm, "x_firm", first, second)
    assert alice.post(f"/api/v1/records/x_firm/{first}/purge").status_code == 204
    body = {"records": [{"id": second}, {"id": third}]}
    results = alice.post("/api/v1/records/x_firm/bulk/purge?_partial=1", json=body).get_json()
    assert [item["status"] for item in results["results"]] == ["purged", "refused"]


def test_records_are_purged_by_commands(crm):
    first, second, third = crm.create("x_firm", *({"name": n} for n in "abc"))
    trash(crm, "x_firm", first, second)
    shell = Shell(environment(crm.config))
    assert "--yes" in shell("records", "purge", "x_firm", str(first)).output
    assert f"purged {first}" in shell.said("records", "purge", "x_firm", str(first), "--yes")
    out = shell.said("records", "purge", "x_firm", "--before", soon(), "--yes")
    assert "1 purged, 0 kept" in out
    assert count(crm, "x_firm") == 1
    assert crm.get("x_firm", third)["name"] == "c"
