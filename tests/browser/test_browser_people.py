"""People as an administrator invites them and lets them go, on a desktop and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from relatum.core import auth, jobs
from relatum.core.testing.instances import Instance

from .driving import DESKTOP, PHONE, Site, Watch, Windows, clean, fits

PRESET = "desk"
LIST = "name,email,team,role\nEve,eve{n}@example.org,North,member\nAlice,alice@example.org,,\n"


def prepare(instance: Instance) -> dict[str, int]:
    """Make a team, a type, and a user who owns records of it."""
    instance.make_type("x_note", {"name": "name", "kind": "text"}, title="name", plural="Notes")
    instance.create("team", {"name": "North"})
    sam, nora = instance.create(
        "user", {"name": "Sam Sawyer", "email": "sam@example.org"}, {"name": "Nora North"}
    )
    instance.create("x_note", *({"name": f"n{n}", "owner": sam} for n in range(3)))
    return {"sam": sam, "nora": nora}


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_a_list_is_corrected_looked_at_and_invited(
    window: Windows, watch: Watch, size: tuple[int, int]
):
    watch.expect("422 POST /users/_invite")
    page = window(size=size)
    page.goto("/records/user")
    page.get_by_role("link", name="Invite people").click()
    clean(page)
    text = LIST.format(n=size[0])
    page.get_by_label("Paste from a spreadsheet").fill(text.replace("member", "membr"))
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("alert").get_by_text("There is no role 'membr'")).to_be_in_viewport()
    clean(page)
    fits(page)
    page.get_by_label("Paste from a spreadsheet").fill(text)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Nothing is written yet")).to_be_visible()
    clean(page)
    fits(page)
    page.get_by_role("button", name="Invite 1").click()
    link = page.get_by_label("The link for Eve")
    expect(link).to_be_focused()
    assert "/sign-in/" in link.input_value()
    clean(page)
    fits(page)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_who_leaves_is_looked_at_and_hands_over(window: Windows, site: Site, size: tuple[int, int]):
    sam = site.made["sam"]
    site.instance.write(auth.make_token, sam, "Report", 30)
    page = window(size=size)
    page.goto(f"/records/user/{sam}")
    clean(page)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Disable").click()
    expect(page.get_by_text("Only what is open: 3")).to_be_visible()
    clean(page)
    fits(page)
    page.get_by_role("combobox", name="Who gets it").fill("Nora")
    page.get_by_role("option", name="Nora North").click()
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("hands the records over").first).to_be_visible()
    [job] = site.instance.read(jobs.list_jobs, kind="hand_over", limit=1)
    assert page.url.endswith(f"/jobs/{job['id']}")
    page.goto(f"/records/user/{sam}")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Let in again").click()
    expect(page.get_by_text("The user can sign in again").first).to_be_visible()
    assert site.instance.get("user", sam)["active"] is True
