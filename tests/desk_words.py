"""The words that are translated, found in templates and code of plugins with pages."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

from relatum.plugins.desk import plugin, relatum_permissions, words

FOLDER = Path(words.__file__).parent
#: Other bundled plugins with pages: what the desk has no word for they bring.
BESIDE = (FOLDER.parent / "transfer",)
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def found_in(folder: Path) -> dict[str, str]:
    """Return the texts of a plugin that are translated, each with the file that it stands in."""
    found = extract_from_dir(str(folder), _METHODS, keywords={"_": None, "translated": None})
    return {str(text): place for place, _, text, *_ in found}


def used() -> dict[str, str]:
    """Return every text of the desk that is translated, each with the file that it stands in."""
    texts = found_in(FOLDER)
    tables = (words.OPERATORS, words.DATES, words.MOMENTS, words.SCRIPTS, words.CATEGORIES)
    others = (text for table in tables for text in table.values())
    itself = (plugin.name, plugin.description, *(each.label for each in relatum_permissions()))
    return texts | dict.fromkeys(others, "words.py") | dict.fromkeys(itself, "__init__.py")
