"""The desk's browser assets: their addresses, the icons, and the view that sends them.

They are built from `frontend/` into `static/dist/`, in a checkout by `tools/backend/assets.py`, and
are part of every distribution. The name of each file holds a hash of what is in it, so a browser
that has one keeps it for good; what is read here is read once in a process.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from flask import Response, abort, request, url_for
from markupsafe import Markup

FOLDER: Final = Path(__file__).resolve().parent / "static" / "dist"
#: Where `send` is mounted: the endpoint of a rule such as /assets/<name>.
ENDPOINT: Final = "shell_desk.assets"
#: What a name that no icon has is drawn as.
UNKNOWN: Final = "puzzle"

#: What is sent, by its suffix; anything else in the folder is for the server alone.
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".woff2": "font/woff2",
}
#: How a file may be compressed, the best first, and what its twin is called.
_TWINS: Final = {"br": ".br", "gzip": ".gz"}
FOR_GOOD: Final = "public, max-age=31536000, immutable"


def url(name: str) -> str:
    """Return the address of an asset by the name that pages use, such as `app.js`."""
    return url_for(ENDPOINT, name=_manifest()["files"][name])


def fonts() -> list[str]:
    """Return the addresses of the font files that every page needs: preload them."""
    return [url_for(ENDPOINT, name=name) for name in _manifest()["fonts"]]


def third_party() -> list[dict[str, str]]:
    """Return what of others is in the assets: name, version, license and its text."""
    found: list[dict[str, str]] = _read("THIRD-PARTY.json")
    return found


@lru_cache(maxsize=4096)
def icon(name: str | None, label: str | None = None, cls: str = "") -> Markup:
    """Return an outline icon of Tabler's set as inline SVG; an unknown name draws a puzzle piece.

    Without a label it is decoration that screen readers leave out.
    """
    icons = _icons()
    body = Markup(icons.get(name or "") or icons[UNKNOWN])  # noqa: S704 - of our own build
    classes = f"icon {cls}".rstrip()
    if label:
        return Markup(
            '<svg class="{}" viewBox="0 0 24 24" role="img" aria-label="{}">{}</svg>'
        ).format(classes, label, body)
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(
        classes, body
    )


def send(name: str) -> Response:
    """Send an asset, as its compressed twin if the browser takes that; a view."""
    if name not in _names():
        abort(404)
    coding = _coding(name)
    response = Response(
        _content(f"{name}{_TWINS.get(coding, '')}"), mimetype=_TYPES[Path(name).suffix]
    )
    if coding:
        response.headers["Content-Encoding"] = coding
    response.headers["Cache-Control"] = FOR_GOOD
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(f"{name}.{coding}")
    response.make_conditional(request)
    return response


def _coding(name: str) -> str:
    """Return how the file is sent compressed, or an empty text."""
    accepted = request.accept_encodings
    there = [coding for coding, suffix in _TWINS.items() if f"{name}{suffix}" in _twins()]
    taken = [coding for coding in there if accepted[coding] > 0]
    return max(taken, key=lambda coding: accepted[coding], default="")


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in _TYPES)


@cache
def _twins() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in _TWINS.values())


@lru_cache(maxsize=64)
def _content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@cache
def _manifest() -> dict[str, Any]:
    made: dict[str, Any] = _read("manifest.json")
    return made


@cache
def _icons() -> dict[str, str]:
    made: dict[str, str] = _read("icons.json")
    return made


def _read(name: str) -> Any:
    try:
        return json.loads((FOLDER / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RuntimeError(
            "The desk's browser assets are not built; run: python tools/backend/assets.py"
        ) from None
