"""The desk's page of the audit log: what was done, narrowed, and verified."""

from __future__ import annotations

from relatum.core import audit, jobs, roles

from .desk import as_person
from .desk_office import desk, office

__all__ = ["desk", "office"]
PRESET = "desk"


def test_it_tells_what_was_done_to_what_and_what_changed(desk):
    desk.instance.write(roles.save, "clerk", {"label": "Clerks"})
    desk.instance.write(roles.save, "clerk", {"label": "All clerks"})
    page = desk.get("/audit").text
    for said in ("Role changed", 'href="/roles/clerk"', "<del>Clerks</del>", "Signed in"):
        assert said in page
    assert "Role changed</b>" not in desk.get("/audit?event=sign_in").text
    assert "Nothing here" in desk.get("/audit?subject=role:nobody").text


def test_a_day_that_is_none_is_refused_in_the_page(desk):
    answer = desk.get("/audit?since=yesterday")
    assert answer.status_code == 400
    assert "must be a day" in answer.text


def test_it_goes_on_with_what_was_asked_for(desk):
    for number in range(60):
        desk.instance.write(roles.save, f"role_{number}", {})
    page = desk.get("/audit?event=role_saved").text
    assert ("role_59" in page, "role_9<" in page) == (True, False)
    [older] = [part for part in page.split('"') if "before=" in part]
    assert "role_9<" in desk.get(older.replace("&amp;", "&")).text


def test_verifying_is_a_job_whose_verdict_the_page_shows(desk):
    desk.instance.write(lambda **_: audit.seal_some())
    assert desk.post("/audit/verify").status_code in (204, 303)
    [job] = desk.instance.read(jobs.list_jobs, kind="verify_audit")
    with desk.instance.app.app_context():
        assert jobs.run(job["id"], by="test", pause=lambda: False) == "done"
    page = desk.get("/audit").text
    assert "The chain ends at" in page
    assert "Yes</span>" in page


def test_whoever_is_no_administrator_does_not_see_it(desk):
    nora = as_person(desk, "nora", {"read": "all"})
    assert nora.get("/audit").status_code == 403
    assert nora.post("/audit/verify").status_code == 403
