"""What the desk says of its browser assets to pages, and sends to browsers."""

from __future__ import annotations

import ast
import gzip
from pathlib import Path

import pytest
from flask import Flask

from relatum.plugins.desk import assets

from . import bundled


@pytest.fixture
def app():
    """Return an application that has nothing but the assets."""
    app = Flask("assets", static_folder=None)
    app.add_url_rule("/assets/<path:name>", assets.ENDPOINT, assets.send)
    return app


@pytest.fixture
def browser(app):
    """Return who asks for them."""
    return app.test_client()


def address_of(app, name):
    """Return the address of an asset."""
    with app.test_request_context():
        return assets.url(name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("app.js", "text/javascript; charset=utf-8"), ("style.css", "text/css; charset=utf-8")],
)
def test_an_asset_has_an_address_with_a_hash_and_is_kept_for_good(app, browser, name, kind):
    address = address_of(app, name)
    stem, suffix = name.split(".")
    assert address.startswith(f"/assets/{stem}-")
    assert address.endswith(f".{suffix}")
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.2, gzip;q=0.9", "gzip"),
        ("deflate", None),
        ("identity", None),
        ("", None),
    ],
)
def test_a_browser_gets_the_twin_that_it_takes(app, browser, accepted, coding):
    answer = browser.get(address_of(app, "style.css"), headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert answer.headers["Vary"] == "Accept-Encoding"
    if coding == "gzip":
        plain = browser.get(address_of(app, "style.css"))
        assert gzip.decompress(answer.data) == plain.data


def test_a_twin_has_a_tag_of_its_own_and_is_not_sent_again(app, browser):
    address = address_of(app, "app.js")
    plain = browser.get(address)
    small = browser.get(address, headers={"Accept-Encoding": "br"})
    assert small.headers["ETag"] != plain.headers["ETag"]
    again = {"Accept-Encoding": "br", "If-None-Match": small.headers["ETag"]}
    assert browser.get(address, headers=again).status_code == 304


def test_the_font_of_every_page_can_be_preloaded(app, browser):
    with app.test_request_context():
        [font] = assets.fonts()
    answer = browser.get(font, headers={"Accept-Encoding": "br"})
    assert answer.headers["Content-Type"] == "font/woff2"
    assert "Content-Encoding" not in answer.headers
    assert answer.data[:4] == b"wOF2"


@pytest.mark.parametrize(
    "name",
    ["app.js", "manifest.json", "icons.json", "../../assets.py", "..%2f..%2fassets.py", "%00", ""],
)
def test_nothing_else_is_sent(browser, name):
    assert browser.get(f"/assets/{name}").status_code == 404


def test_a_twin_is_no_asset(app, browser):
    assert browser.get(f"{address_of(app, 'app.js')}.br").status_code == 404


def test_an_icon_is_decoration_unless_it_has_a_label():
    assert 'aria-hidden="true"' in assets.icon("link")
    labelled = assets.icon("link", '<"Linked">', "big")
    assert 'role="img" aria-label="&lt;&#34;Linked&#34;&gt;"' in labelled
    assert 'class="icon big"' in labelled
    assert labelled.startswith("<svg ")


@pytest.mark.parametrize("name", ["no-such-icon", "", None, "<script>", "x" * 10_000])
def test_an_unknown_icon_is_a_puzzle_piece(name):
    assert assets.icon(name) == assets.icon("puzzle")


def test_every_icon_of_a_bundled_plugin_is_there():
    named = {
        value.value
        for path in bundled.FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "icon" and isinstance(value, ast.Constant)
    }
    assert named
    puzzle = assets.icon("puzzle")
    assert [name for name in named if assets.icon(name) == puzzle] == []


def test_the_licences_of_others_can_be_shown():
    found = {each["name"]: each for each in assets.third_party()}
    assert "Permission" in found["htmx.org"]["text"]


def test_assets_that_are_not_built_are_said_to_be(monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "FOLDER", Path(tmp_path))
    assets._manifest.cache_clear()
    try:
        with pytest.raises(RuntimeError, match=r"run: python tools/backend/assets\.py"):
            assets.url("app.js")
    finally:
        assets._manifest.cache_clear()
