"""A distribution with a plugin, as pip would have put it on the path, in one version or another."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import orjson

from relatum.core import plugin_host
from relatum.core.plugin_host import discovery

PAGES = """
from flask import Blueprint
from relatum import Plugin, Routes, hookimpl, requires
plugin = Plugin(id="{id}", name="{id}", version="{version}", capabilities=["public"])
pages = Blueprint("pages", __name__)

@pages.get("/version")
@requires(public=True)
def version():
    return "{id} {version}{more}"

@hookimpl
def relatum_routes():
    return Routes(pages=pages)
"""


def installed(site: Path, plugin_id: str, version: str, *, more: str = "") -> Path:
    """Put a version of a plugin with one page, /x/ID/version, in place; return its folder."""
    folder = site / plugin_id
    folder.mkdir(parents=True, exist_ok=True)
    text = PAGES.format(id=plugin_id, version=version, more=more)
    (folder / "__init__.py").write_text(text, encoding="utf-8")
    for old in site.glob(f"{plugin_id}-*.dist-info"):
        shutil.rmtree(old)
    about = site / f"{plugin_id}-{version}.dist-info"
    about.mkdir()
    lines = f"Metadata-Version: 2.1\nName: {plugin_id}\nVersion: {version}\n"
    (about / "METADATA").write_text(lines, encoding="utf-8")
    points = f"[{discovery.GROUP}]\n{plugin_id} = {plugin_id}\n"
    (about / "entry_points.txt").write_text(points, encoding="utf-8")
    brings: dict[str, Any] = {name: [] for name in plugin_host.manifest.PROVIDED}
    brings |= {"hooks": ["relatum_routes"], "routes": [f"GET /x/{plugin_id}/version"]}
    said = {
        "manifest": 1, "id": plugin_id, "name": plugin_id, "version": version,
        "capabilities": ["public"], "provides": brings,
    }  # fmt: skip
    (folder / "plugin.json").write_bytes(orjson.dumps(said))
    return folder
