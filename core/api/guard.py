"""What every request and every answer must have: a host that we know, headers that keep us safe."""

from __future__ import annotations

from functools import partial
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import SecurityError

from .. import db
from ..config import Config
from ..errors import RelatumError
from ..plugin_host import Shell
from .operations import SAFE_METHODS

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
#: Our own pages: files of ours, no script at all.
STRICT: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
#: Pages of a shell and of plugins: scripts are files of ours, none stands in a page. An attribute
#: may set the hue of a tag.
WITH_SHELL: Final = (
    f"{STRICT}; script-src 'self'; connect-src 'self'; font-src 'self'; "
    "style-src-attr 'unsafe-inline'; manifest-src 'self'"
)
_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: forms would send `Origin: null`, and `confirm_origin` could not tell.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install(app: Flask, shell: Shell | None = None) -> None:
    """Check the host of every request and complete the headers of every answer."""
    app.before_request(check_host)
    app.after_request(partial(complete, policy=STRICT if shell is None else WITH_SHELL))


def trusted(config: Config) -> frozenset[str]:
    """Return the host names that requests may carry, without ports; `.name`: all below it."""
    given = {name.strip().strip("[]").lower() for name in config.trusted_hosts.split(",")} - {""}
    if given:
        return frozenset(given)
    own = urlsplit(config.base_url).hostname
    return LOOPBACK | {own} if own else LOOPBACK


def check_host() -> None:
    """Refuse a request for a host that is not ours (`host_not_trusted`)."""
    # Werkzeug's own list can't hold an IPv6 address; it did check the characters.
    host = urlsplit(f"//{request.host}").hostname or ""
    known = trusted(db.settings())
    above = [host[place:] for place, character in enumerate(host) if character == "."]
    if host not in known and not known.intersection(above):
        raise SecurityError


def complete(response: Response, *, policy: str) -> Response:
    """Add the headers that an answer does not set itself; `policy` is that of pages."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    page = response.mimetype == "text/html"
    response.headers.setdefault("Content-Security-Policy", policy if page else _NOTHING)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def confirm_origin() -> None:
    """Refuse a form that another site made the browser send (`origin_foreign`).

    A browser says where a form comes from, by one of two headers that no page can forge.
    Whatever sends neither is no browser, and has no cookie that it does not know of.
    """
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and urlsplit(origin).netloc != request.host
    if foreign:
        raise RelatumError("origin_foreign")
