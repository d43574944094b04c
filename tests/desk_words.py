"""The words of the desk that are translated, found in its templates and code."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

from relatum.plugins.desk import plugin, words

FOLDER = Path(words.__file__).parent
#: Bundled plugins whose pages are drawn with the desk's words.
BESIDE = (FOLDER.parent / "transfer",)
_METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]


def used() -> dict[str, str]:
    """Return every text that is translated, each with the file that it stands in."""
    found = [
        each
        for folder in (FOLDER, *BESIDE)
        for each in extract_from_dir(
            str(folder), _METHODS, keywords={"_": None, "translated": None}
        )
    ]
    texts = {str(text): place for place, _, text, *_ in found}
    tables = (words.OPERATORS, words.DATES, words.MOMENTS, words.SCRIPTS, words.CATEGORIES)
    others = (text for table in tables for text in table.values())
    itself = (plugin.name, plugin.description)
    return texts | dict.fromkeys(others, "words.py") | dict.fromkeys(itself, "__init__.py")
