"""The words that are translated, found in templates and code of plugins with pages."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

from babel.messages.extract import extract_from_dir

from relatum.core.errors import REGISTRY
from relatum.plugins.desk import plugin, relatum_permissions, words

FOLDER = Path(words.__file__).parent
#: Other bundled plugins with pages: what the desk has no word for they bring.
BESIDE = tuple(sorted(p.parent for p in FOLDER.parent.glob("*/templates") if p.parent != FOLDER))
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def found_in(folder: Path) -> dict[str, str]:
    """Return the texts of a plugin that are translated, each with the file that it stands in."""
    found = extract_from_dir(str(folder), _METHODS, keywords={"_": None, "translated": None})
    return {str(text): place for place, _, text, *_ in found}


def brought(plugin_id: str) -> set[str]:
    """Return what a bundled plugin says beside its types, and the desk has no word for.

    On its pages, in its permissions, settings, slots, dashboards and entries of the timeline.
    """
    folder = FOLDER.parent / plugin_id
    module = importlib.import_module(f"relatum.plugins.{plugin_id}")
    found = found_in(folder).keys() - used().keys() if folder in BESIDE else set()
    found |= {each.label for each in _told(module, "relatum_permissions")}
    boards = _told(module, "desk_dashboards") if folder != FOLDER else []
    found |= {each["label"] for board in boards for each in (board, *board["widgets"])}
    slots = _told(module, "desk_slots") if folder != FOLDER else []
    found |= {slot["label"] for slot in slots if "label" in slot}
    if hasattr(module, "relatum_settings"):
        known = module.relatum_settings()().fields.values()
        found |= {
            each.metadata.get(word, "") for each in known for word in ("label", "description")
        }
        found.discard("")
    sources = getattr(getattr(module, "sources", None), "SOURCES", ())
    return found | {source.label for source in sources}


def _told(module: ModuleType, hook: str) -> list[Any]:
    """Return what a hook of a plugin returns; nothing if it has none."""
    return list(getattr(module, hook, list)())


def refusals(owner: str) -> set[str]:
    """Return the titles and sentences of the errors that the core or a plugin brings."""
    mine = (each for each in REGISTRY.values() if each.owner == owner)
    return {text for each in mine for text in (each.title, each.template)}


def used() -> dict[str, str]:
    """Return every text of the desk that is translated, each with the file that it stands in."""
    texts = found_in(FOLDER)
    tables = (words.OPERATORS, words.DATES, words.MOMENTS, words.SCRIPTS, words.CATEGORIES)
    others = (text for table in tables for text in table.values())
    itself = (plugin.name, plugin.description, *(each.label for each in relatum_permissions()))
    itself += tuple(refusals("desk"))
    return texts | dict.fromkeys(others, "words.py") | dict.fromkeys(itself, "__init__.py")
