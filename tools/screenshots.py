"""Take pictures of the desk, with the data of the demonstration.

usage: python tools/screenshots.py [--readme] [NAME]...

Each page is taken in a large and in a small window, light and dark, into screenshots/, which git
ignores. A NAME takes that page alone. --readme renews the pictures that README.md shows, in docs/.
A Chromium is needed: the machine's, or the one that RELATUM_TEST_CHROMIUM names.
"""

from __future__ import annotations

import base64
import contextlib
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page

from relatum.tests.browser.driving import (
    DESKTOP,
    NO_CHROMIUM,
    PHONE,
    demonstration,
    found_chromium,
    launched,
    settle,
)

ROOT = Path(__file__).resolve().parents[1]
OUT, DOCS = ROOT / "screenshots", ROOT / "docs"
#: Bytes that a picture of the README may have.
MOST = 150_000
THEMES = ("light", "dark")
#: The pictures of the README: a page, and its theme.
SHOWN = {"list": "light", "record": "light", "board": "dark", "designer": "light"}
DEALS = "/records/opportunity"


def record(page: Page) -> None:
    """Open the company of the dearest deal."""
    page.goto(f"{DEALS}?_sort=-amount")
    page.goto(page.locator("#lv .name").first.get_attribute("href") or "")
    page.goto(page.locator("main a[href^='/records/account/']").first.get_attribute("href") or "")


def calendar(page: Page) -> None:
    """Show all deals on the days that they close on."""
    page.goto(f"{DEALS}/calendar")
    page.get_by_role("link", name="All deals").click()
    page.get_by_role("link", name="All deals").and_(page.locator("[aria-current]")).wait_for()


def palette(page: Page) -> None:
    """Search with the palette."""
    page.goto(DEALS)
    page.keyboard.press("Control+k")
    page.keyboard.type("an", delay=20)
    page.locator("#pal-list [role=option][id^=sr-]").first.wait_for()


def to(address: str) -> Callable[[Page], object]:
    """Return what opens an address."""
    return lambda page: page.goto(address)


PAGES: dict[str, Callable[[Page], object]] = {
    "list": to(DEALS),
    "record": record,
    "board": to(f"{DEALS}/board"),
    "calendar": calendar,
    "designer": to("/model/opportunity?field=stage"),
    "palette": palette,
    "form": to(f"{DEALS}/new"),
}


def main(arguments: list[str]) -> int:
    """Take the pictures; return 0, or 1 if something is missing or one is too large."""
    readme = "--readme" in arguments
    names = [name for name in arguments if not name.startswith("--")] or list(PAGES)
    unknown = [name for name in names if name not in PAGES]
    if unknown or found_chromium() is None:
        print(f"Pages are {', '.join(PAGES)}, not {unknown[0]}." if unknown else NO_CHROMIUM)
        return 1
    with (
        tempfile.TemporaryDirectory() as home,
        demonstration(Path(home), "--no-jobs") as link,
        launched() as browser,
    ):
        return take(browser, link, names, readme=readme)


def take(browser: Browser, link: str, names: list[str], *, readme: bool) -> int:
    """Take the pictures of some pages; return how many are too large for the README."""
    OUT.mkdir(exist_ok=True)
    address, large = link.partition("/sign-in/")[0], 0
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))
        cookies = context.cookies()
    for width, height in (DESKTOP, PHONE):
        for theme in THEMES:
            with contextlib.closing(
                browser.new_context(
                    base_url=address, viewport={"width": width, "height": height}, locale="en-GB"
                )
            ) as context:
                context.add_cookies(cookies)  # type: ignore[arg-type]  # what it gave itself
                context.add_cookies([{"name": "theme", "value": theme, "url": address}])
                page = context.new_page()
                for name in names:
                    PAGES[name](page)
                    settle(page)
                    page.screenshot(path=OUT / f"{name}-{width}-{theme}.png")
                    if readme and (width, height) == DESKTOP and SHOWN.get(name) == theme:
                        large += keep(page, DOCS / f"{name}.webp")
    print(f"{len(names) * 4} pictures are in {OUT.name}/")
    return int(large > 0)


def keep(page: Page, path: Path) -> bool:
    """Write a small picture of a page; return whether it is larger than it may be."""
    path.parent.mkdir(exist_ok=True)
    asked = {"format": "webp", "quality": 82}
    data = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)["data"]
    path.write_bytes(base64.b64decode(data))
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}: {size:,} bytes")
    return size > MOST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
