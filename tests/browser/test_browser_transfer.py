"""An import in a browser: progress goes on by itself, the preview explains, refusals are kept."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from relatum.core.testing.instances import Instance

from ..counting import run
from . import stock
from .driving import PHONE, Site, Windows, clean, fits

FILE = "Name;Price\nFrom a file;1,50\nAnother;much\n"


def prepare(instance: Instance) -> None:
    """Make some assets."""
    stock.assets(instance)


def job_of(page: Page) -> int:
    return int(page.url.partition("?")[0].rpartition("/")[2])


def send(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "assets.csv"
    path.write_text(FILE, encoding="utf-8")
    page.goto("/records/x_asset")
    page.get_by_role("link", name="Import and export").click()
    page.get_by_role("menuitem", name="Import a file").click()
    expect(page.get_by_label("Its rows are")).to_have_value("x_asset")
    page.get_by_label("File", exact=True).set_input_files(path)
    page.get_by_role("button", name="Send the file").click()


def test_a_file_is_mapped_previewed_and_imported(page: Page, site: Site, tmp_path: Path):
    send(page, tmp_path)
    expect(page.get_by_label("Field for Name")).to_have_value("name")
    clean(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("The file is looked through")).to_be_visible()
    run(site.instance, job_of(page))
    expect(page.get_by_text("What the import would do")).to_be_visible()
    expect(page.get_by_role("region", name="Refused")).to_contain_text("Price")
    clean(page)
    page.get_by_role("button", name="Import 1 of 2 rows").click()
    page.wait_for_url(re.compile(r"/x/transfer/jobs/\d+$"))
    expect(page.get_by_text("It begins as soon as a worker is free.")).to_be_visible()
    run(site.instance, job_of(page))
    with page.expect_download() as kept:
        page.get_by_role("link", name="Refused rows as a file").click()
    assert "Another" in Path(kept.value.path()).read_text("utf-8-sig")
    page.get_by_role("link", name=re.compile("^Look at")).click()
    expect(page.get_by_role("link", name="From a file").first).to_be_visible()


def test_the_steps_fit_on_a_phone(window: Windows, tmp_path: Path):
    page = window(size=PHONE, theme="dark")
    send(page, tmp_path)
    expect(page.get_by_label("Field for Price")).to_be_visible()
    fits(page)
    clean(page)
