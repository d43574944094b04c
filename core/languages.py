"""Words in other languages: gettext catalogs that the core and plugins bring.

A folder `translations` holds one `LANGUAGE.po` per language; its texts are those of the code and
of what a plugin declares, in English. A text that none of them has stays as it is.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages import mofile, pofile

from . import hooks

#: What a folder of translations is called, beside the code whose words they are.
FOLDER: Final = "translations"
#: The language of every text in the code.
FIRST: Final = "en"
#: Owners of metadata whose words are the core's.
_CORE: Final = ("core", "system")
_NONE: Final = NullTranslations()


def read(folder: Path, language: str) -> NullTranslations:
    """Return the words of a folder in a language; none where it has no such file."""
    return _read(folder / f"{language}.po", language)


@cache
def _read(path: Path, language: str) -> NullTranslations:
    if not path.is_file():
        return _NONE
    with path.open("rb") as source:
        found = pofile.read_po(source, locale=language)
    made = BytesIO()
    mofile.write_mo(made, found)
    made.seek(0)
    return GNUTranslations(made)


def of(owner: str, language: str) -> NullTranslations:
    """Return the words of the core, or of a plugin that runs, in a language."""
    if language == FIRST:
        return _NONE
    if owner in _CORE:
        return read(Path(__file__).parent / FOLDER, language)
    place = hooks.current().places.get(owner)
    return _NONE if place is None else read(place / FOLDER, language)
