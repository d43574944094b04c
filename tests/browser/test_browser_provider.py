"""Signing in by a provider on another site, in a browser: its cookies, its policy, its looks."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from relatum.core import serve
from relatum.core.testing.instances import Instance
from relatum.core.testing.originals import Originals

from ..providing import ALICE, real_provider, settings
from .driving import DESKTOP, PHONE, Site, Watch, Windows, clean, fits, serving

LABEL = "Sign in with Example"
ELSEWHERE = ("request elsewhere: http://127.0.0.1:", "request elsewhere: https://fonts")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, _originals: Originals) -> Iterator[Site]:
    """Return an instance at localhost, and a provider that to browsers is another site."""
    port = serve.free_port(serve.LOOPBACK, 41_000 + os.getpid() % 9_000)
    base = f"http://localhost:{port}"
    original = _originals.get("sqlite", "desk", None)
    with (
        real_provider(f"{base}/sign-in/provider/back") as issuer,
        _originals.copied(original, tmp_path_factory.mktemp("provider")) as config,
    ):
        told = settings(issuer, base_url=base, oidc_label=LABEL)
        instance = Instance.installed(dataclasses.replace(config, **told))
        with serving(instance, "--no-jobs", "--port", str(port)):
            yield Site(instance, base)


def goes(page: Page, login: str) -> None:
    """Type who one is at the provider, and come back."""
    # Its page asks for a font that is nobody's business here.
    page.route("https://fonts.*/**", lambda route: route.fulfill(content_type="text/css", body=""))
    page.get_by_role("link", name=LABEL).click()
    page.get_by_placeholder("Enter any login").fill(login)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.wait_for_url("http://localhost:*/**")


@pytest.mark.parametrize("scripts", [True, False])
def test_alice_signs_in_at_the_provider_and_comes_to_the_page_that_she_wanted(
    window: Windows, watch: Watch, *, scripts: bool
):
    watch.expect(*ELSEWHERE)
    page = window(None, java_script_enabled=scripts)
    page.goto("/account")
    goes(page, ALICE)
    page.wait_for_url("**/account")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    expect(page.get_by_role("rowheader", name="http://127.0.0.1:")).to_be_visible()
    names = {cookie["name"]: cookie for cookie in page.context.cookies("http://localhost")}
    assert "relatum_provider" not in names
    assert names["relatum_session"]["sameSite"] == "Lax"


def test_somebody_unknown_is_told_so_beside_the_form(window: Windows, watch: Watch):
    watch.expect(*ELSEWHERE, "401 GET /sign-in/provider/back")
    page = window(None)
    page.goto("/sign-in")
    goes(page, "dora dora@example.org yes")
    expect(page.get_by_role("alert").filter(has_text="administrator")).to_be_visible()
    expect(page.get_by_label("Password")).to_be_visible()
    clean(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_button_stands_below_the_form(window: Windows, size: tuple[int, int], theme: str):
    page = window(None, size=size, theme=theme)
    page.goto("/sign-in")
    button = page.get_by_role("link", name=LABEL).bounding_box()
    form = page.get_by_role("button", name="Sign in", exact=True).bounding_box()
    assert button and form
    assert (button["width"], button["y"] > form["y"]) == (form["width"], True)
    fits(page)
    clean(page)
