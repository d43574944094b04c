"""A real server, a real browser, and what watches both while a test drives a page."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import pytest
from playwright import sync_api as web

from relatum.core import auth, serve
from relatum.core.testing.instances import Instance

from .. import nursery

CHROMIUM: Final = "RELATUM_TEST_CHROMIUM"
#: The shell first: it draws the same pages for half of the work, as no window stands around them.
_NAMES: Final = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
    "google-chrome-stable",
)  # fmt: skip
_FLAGS: Final = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
NO_CHROMIUM: Final = (
    f"There is no Chromium: install it (apt install chromium), or name it in {CHROMIUM}."
)
DESKTOP: Final = (1440, 900)
PHONE: Final = (390, 844)
#: Looking at a page twice shows both sizes and both themes: colours do not go by the size.
LOOKS: Final = ((DESKTOP, "light"), (PHONE, "dark"))
#: Milliseconds that a page may take, on a machine with other work.
_PATIENCE: Final = 20_000
_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: The rules that a theme matters to.
_BY_COLOUR: Final = ("color-contrast", "link-in-text-block")
#: Chromium says so of every answer that is an error; what it was is told by the answer itself.
_ECHO: Final = "Failed to load resource"
#: A request that a page gave up, as it was left or somebody typed on.
_GIVEN_UP: Final = "net::ERR_ABORTED"
#: Chromium says so when it leaves out the fade from one page to the next, as on a busy machine.
_NO_FADE: Final = "Transition was aborted because of invalid state"


def chromium() -> str:
    """Return the path of Chromium; skip the test without one, unless it was named."""
    named = os.environ.get(CHROMIUM)
    found = found_chromium()
    if named and found is None:
        pytest.fail(f"{CHROMIUM} names {named}, which is no file.", pytrace=False)
    if found is None:
        pytest.skip(NO_CHROMIUM)
    return found


def found_chromium() -> str | None:
    """Return the path of the Chromium that is named, or of the machine's."""
    named = os.environ.get(CHROMIUM)
    if named:
        return named if Path(named).is_file() else None
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextlib.contextmanager
def launched() -> Iterator[web.Browser]:
    """Give a browser without windows."""
    path = chromium()
    web.expect.set_options(timeout=_PATIENCE)
    with web.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=_FLAGS)
        yield browser
        browser.close()


# -- the server -------------------------------------------------------------------------------
class Site:
    """An instance that is served by a process of its own; `made` is what its module prepared."""

    def __init__(self, instance: Instance, address: str) -> None:
        self.instance, self.address = instance, address
        self.made: Any = None
        self._cookies: dict[str, Any] = {}

    def link(self, person: str) -> str:
        """Return a one-time link by which somebody signs in."""
        rows = self.instance.sql("SELECT id FROM core_user WHERE name = :n", n=person.title())
        secret = self.instance.write(auth.make_link, rows[0].id)
        return f"{self.address}/sign-in/{secret}"

    def cookies(self, browser: web.Browser, person: str) -> Any:
        """Return the cookies of somebody who is signed in; the same ones each time."""
        if person not in self._cookies:
            with contextlib.closing(browser.new_context()) as context:
                page = context.new_page()
                page.goto(self.link(person))
                page.get_by_role("button", name="Sign in").click()
                page.wait_for_url(re.compile(r"^(?!.*/sign-in/)"))
                self._cookies[person] = context.cookies()
        return self._cookies[person]


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a process with these settings of ours and no others."""
    other = {n: v for n, v in os.environ.items() if not n.startswith("RELATUM_")}
    return {**other, **settings}


@contextlib.contextmanager
def serving(instance: Instance, *words: str) -> Iterator[str]:
    """Serve an instance on a free port of this machine; give its address."""
    port = serve.free_port(serve.LOOPBACK, 20_000 + os.getpid() % 20_000)
    command = [nursery.command(), "serve", "--port", str(port), *words]
    settings = environment(**serve.environment(instance.config))
    server = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert "serves" in server.stdout.readline(), "the server did not start"
        yield f"http://{serve.LOOPBACK}:{port}"
    finally:
        server.terminate()
        server.communicate(timeout=60)


@contextlib.contextmanager
def demonstration(home: Path, *words: str) -> Iterator[str]:
    """Start the demonstration in an empty home; give the link by which its administrator signs in.

    `words` are further options, such as `--no-jobs`.

    Its data are the same each time, but for the days, which go by today.
    """
    port = serve.free_port(serve.LOOPBACK, 40_000)
    command = [nursery.command(), "demo", "--port", str(port), *words]
    settings = environment(RELATUM_HOME=str(home))
    started = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        said = ""
        for line in started.stdout:
            said += line
            if "Ctrl+C" in line:
                break
        found = re.search(r"http://\S+/sign-in/\S+", said)
        assert found, f"the demonstration printed no link: {said}"
        yield found[0]
    finally:
        started.terminate()
        started.communicate(timeout=60)


# -- the browser ------------------------------------------------------------------------------
class Watch:
    """Notes what must not happen in a browser: errors, refusals, dialogs, requests elsewhere."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.seen: list[str] = []
        self._expected: list[str] = []

    def expect(self, *patterns: str) -> None:
        """Say what will happen, as regular expressions; it must, and is no failure."""
        self._expected.extend(patterns)

    def over(self, context: web.BrowserContext) -> None:
        """Look at all pages of a context."""
        context.on("console", self._said)
        context.on("weberror", self._erred)
        context.on("dialog", self._asked)
        context.on("response", self._answered)
        context.on("request", self._requested)
        context.on("requestfailed", self._failed)

    def verdict(self) -> None:
        """Fail if anything happened that was not expected, or did not that was."""
        wrong = [s for s in self.seen if not any(re.search(p, s) for p in self._expected)]
        assert not wrong, "\n".join(["The browser saw:", *dict.fromkeys(wrong)])
        missed = [p for p in self._expected if not any(re.search(p, s) for s in self.seen)]
        assert not missed, f"expected, and did not happen: {missed}"

    def _note(self, text: str) -> None:
        self.seen.append(text)

    def _said(self, message: web.ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_ECHO):
            self._note(f"console {message.type}: {message.text}")

    def _erred(self, error: web.WebError) -> None:
        told = _told(error)
        if _NO_FADE not in told:
            self._note(told)

    def _asked(self, dialog: web.Dialog) -> None:
        self._note(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _answered(self, response: web.Response) -> None:
        if response.status >= 400:
            request = response.request
            self._note(f"{response.status} {request.method} {self._path(request.url)}")

    def _requested(self, request: web.Request) -> None:
        if not request.url.startswith((f"{self.address}/", "data:", "blob:", "about:")):
            self._note(f"request elsewhere: {request.url}")

    def _failed(self, request: web.Request) -> None:
        if request.failure != _GIVEN_UP:
            self._note(f"failed: {request.method} {self._path(request.url)} {request.failure}")

    def _path(self, url: str) -> str:
        return url.removeprefix(self.address)


def _told(error: web.WebError) -> str:
    """Return an error in a page, with the places that led to it."""
    found = error.error
    return f"error in a page: {getattr(found, 'stack', None) or found}"


class Windows:
    """Opens pages of one site for a test, and closes them after it."""

    def __init__(self, browser: web.Browser, site: Site, watch: Watch) -> None:
        self._browser, self._site, self._watch = browser, site, watch
        self._contexts: list[web.BrowserContext] = []

    def __call__(
        self,
        person: str | None = "alice",
        *,
        size: tuple[int, int] = DESKTOP,
        theme: str | None = None,
        **options: Any,
    ) -> web.Page:
        """Return a new page in which somebody is signed in; None: nobody."""
        width, height = size
        context = self._browser.new_context(
            base_url=self._site.address,
            viewport={"width": width, "height": height},
            **{"locale": "en-GB", "timezone_id": "Europe/Berlin", **options},
        )
        context.set_default_timeout(_PATIENCE)
        self._watch.over(context)
        self._contexts.append(context)
        if person:
            context.add_cookies(self._site.cookies(self._browser, person))
        if theme:
            context.add_cookies([{"name": "theme", "value": theme, "url": self._site.address}])
        return context.new_page()

    def close(self) -> None:
        """Close every page."""
        for context in self._contexts:
            context.close()


# -- looking ----------------------------------------------------------------------------------
@cache
def _axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def scripted(page: web.Page, expression: str) -> Any:
    """Return the value of an expression in a page, which its security policy can't refuse."""
    session = page.context.new_cdp_session(page)
    try:
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = session.send("Runtime.evaluate", asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")
    finally:
        session.detach()


def panel(page: web.Page, name: str) -> web.Locator:
    """Open a form beside the list and return it."""
    page.locator(".lv-bar, .lv-state").get_by_role("link", name=re.compile(f"^{name}")).click()
    return page.get_by_role("dialog", name=name)


def settle(page: web.Page) -> None:
    """Wait until nothing moves any more: colours in between are nobody's."""
    page.wait_for_load_state()
    scripted(
        page,
        "Promise.all(document.getAnimations().filter(a => Number.isFinite("
        "a.effect?.getComputedTiming().endTime)).map(a => a.finished.catch(() => 0)))"
        ".then(() => new Promise(done => requestAnimationFrame(() => done(true))))",
    )


def clean(page: web.Page, *, without: tuple[str, ...] = (), only: tuple[str, ...] = ()) -> None:
    """Fail if axe finds anything in the page as it is now.

    Rules in `without` are not asked, and with `only` no others than these.
    """
    settle(page)
    if not scripted(page, "typeof window.axe === 'object'"):
        scripted(page, f"{_axe()};true")
    options = {
        "runOnly": {"type": "rule" if only else "tag", "values": only or _RULES},
        "resultTypes": ["violations"],
        "rules": {rule: {"enabled": False} for rule in without},
        # It would put the styles that plugins bring into the page, which the policy stops.
        "preload": False,
    }
    found = scripted(page, f"axe.run(document, {json.dumps(options)}).then(r => r.violations)")
    told = [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n"
        + "\n".join(
            f"    {' '.join(map(str, node['target']))}\n        {node['html'][:200]}\n"
            f"        {node['failureSummary'].splitlines()[-1].strip()}"
            for node in rule["nodes"][:5]
        )
        for rule in found
    ]
    assert not told, "\n".join([f"axe finds at {page.url}:", *told])


def clean_in_both_themes(page: web.Page) -> None:
    """Fail if axe finds anything in the page as it is now, or by colours in the other theme.

    The page has a theme by one word at its root, which the switch on every page changes, too.
    """
    clean(page)
    own = scripted(page, "document.documentElement.dataset.theme")
    _to_theme(page, "light" if own == "dark" else "dark")
    clean(page, only=_BY_COLOUR)
    _to_theme(page, own)


def _to_theme(page: web.Page, theme: str) -> None:
    scripted(page, f"document.documentElement.dataset.theme = {json.dumps(theme)}")


def fits(page: web.Page) -> None:
    """Fail if the page can be scrolled sideways."""
    wide, window = scripted(page, "[document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window, f"{page.url} is {wide} px wide in a window of {window} px"


#: What a module does to its instance before it is served.
Prepare = Callable[[Instance], Any]


def forms_script() -> str:
    """Return the file that the script of all pages brings once there is a form."""
    dist = resources.files("relatum.plugins.desk") / "static" / "dist"
    app = json.loads((dist / "manifest.json").read_text())["files"]["app.js"]
    found = re.search(r'import\("\./([^"]+)"\)', (dist / app).read_text())
    assert found
    return found[1]


@contextlib.contextmanager
def without_forms_script(page: web.Page) -> Iterator[None]:
    """Hold the script of forms back, as a slow line does; it comes when the block ends."""
    held: list[web.Route] = []

    def hold(route: web.Route) -> None:
        held.append(route)

    page.route(f"**/{forms_script()}", hold)
    yield
    with page.expect_response(f"**/{forms_script()}"):
        held[0].continue_()
    page.wait_for_timeout(300)
