"""Jobs as people watch them: a page that follows one by itself, on a desktop and on a phone."""

from __future__ import annotations

from playwright.sync_api import Page, Response, expect

from relatum.core import jobs
from relatum.core.testing.instances import Instance

from .driving import PHONE, Site, Windows, clean, fits

TEAMS = 600


def prepare(instance: Instance) -> None:
    """Make teams for a job to change."""
    instance.create("team", *({"name": f"Team {n}"} for n in range(TEAMS)))


def started(site: Site) -> int:
    """Start a job of two chunks or more, which nobody runs."""
    wish = {"type": "team", "filter": {"field": "name", "op": "contains", "value": "Team"}}
    made: int = site.instance.write(
        jobs.enqueue, "bulk_update", {**wish, "values": {"parent": None}}
    )
    return made


def run(site: Site, job: int, *, chunks: int) -> None:
    left = iter(range(chunks - 1))
    with site.instance.app.app_context():
        jobs.run(job, by="test", pause=lambda: next(left, None) is None)


def test_the_page_of_a_job_follows_it_by_itself_until_it_is_done(page: Page, site: Site):
    job = started(site)
    answers: list[int] = []

    def heard(answer: Response) -> None:
        if answer.request.headers.get("hx-request"):
            answers.append(answer.status)

    page.on("response", heard)
    page.goto(f"/jobs/{job}")
    state = page.get_by_role("status").filter(has_text="Waiting")
    expect(state).to_be_visible()
    clean(page)
    page.wait_for_event("response", lambda answer: answer.status == 304)
    run(site, job, chunks=1)
    expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuemax", str(TEAMS))
    expect(page.get_by_role("button", name="Cancel the job")).to_be_visible()
    clean(page)
    run(site, job, chunks=100)
    expect(page.get_by_role("main").get_by_text("Done", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the job")).to_have_count(0)
    assert answers[-1] == 286
    asked = len(answers)
    page.wait_for_timeout(2_500)
    assert len(answers) == asked
    clean(page)


def test_jobs_are_cards_on_a_phone_and_one_is_cancelled_and_goes_on(window: Windows, site: Site):
    job = started(site)
    page = window(size=PHONE, theme="dark")
    page.goto("/jobs")
    clean(page)
    fits(page)
    page.locator(f"#job-{job} a").click()
    fits(page)
    page.get_by_role("button", name="Cancel the job").click()
    expect(page.get_by_text("The job is cancelled")).to_be_visible()
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Cancel the job")).to_be_visible()
    page.goto("/jobs/schedules")
    page.get_by_role("button", name="Switch off forget").click()
    expect(page.get_by_role("button", name="Switch on forget")).to_be_visible()
    clean(page)
    fits(page)
