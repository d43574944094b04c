"""Fixtures of tests that drive a browser: one server per module, watched pages per test.

Everything in this folder is marked `browser`: `pytest -m browser` runs it. A module may have
PRESET, the plugins that its instance starts with (by itself the desk alone), and
`prepare(instance)`, what is done to it before it is served; what that returns is `site.made`.
Tests of a module share the instance, so each makes the records that it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from relatum.core.testing.instances import Instance
from relatum.core.testing.originals import Originals

from .driving import Prepare, Site, Watch, Windows, launched, serving

_HERE = Path(__file__).parent
#: The preset without any plugin but the desk.
_DESK = "desk"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies beside this file."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return the browser of this worker."""
    with launched() as started:
        yield started


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    _originals: Originals,
) -> Iterator[Site]:
    """Return the instance of the module, served by a process of its own."""
    preset: str = getattr(request.module, "PRESET", _DESK)
    prepare: Prepare | None = getattr(request.module, "prepare", None)
    original = _originals.get("sqlite", preset, None)
    with _originals.copied(original, tmp_path_factory.mktemp("site")) as config:
        instance = Instance.installed(config)
        made = prepare(instance) if prepare else None
        with serving(instance, "--no-jobs") as address:
            found = Site(instance, address)
            found.made = made
            yield found


@pytest.fixture
def watch(site: Site) -> Iterator[Watch]:
    """Return what notes errors; a test says which it expects, any other fails it."""
    watching = Watch(site.address)
    yield watching
    watching.verdict()


@pytest.fixture
def window(browser: Browser, site: Site, watch: Watch) -> Iterator[Windows]:
    """Return a way to open pages: `window("bob", size=PHONE, theme="dark")`."""
    opened = Windows(browser, site, watch)
    yield opened
    opened.close()


@pytest.fixture
def page(window: Windows) -> Page:
    """Return a page in which alice, the administrator, is signed in."""
    return window()
