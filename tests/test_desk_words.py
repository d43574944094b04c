"""Every word of the desk in every language that it speaks."""

from __future__ import annotations

import importlib
import re

import pytest
from babel.messages import pofile

from relatum.core.plugin_host import discovery
from relatum.plugins.desk import words

from .bundled import FOLDER as PLUGINS
from .desk import at_desk
from .desk_words import BESIDE, FOLDER, brought, refusals, used

_PLACE = re.compile(r"\{[a-z]+\}")


#: The preset of the instance.
PRESET = "desk"


def known(language, folder=FOLDER):
    with (folder / "translations" / f"{language}.po").open("rb") as source:
        read = pofile.read_po(source, locale=language)
    # What stands within sentences has a context, and is held to its words by test_languages.
    return {m.id: m.string for m in read if m.id and not m.context}


@pytest.mark.parametrize("language", words.LANGUAGES[1:])
def test_every_text_is_translated_and_no_other(language):
    found = known(language)
    assert sorted(used().keys() - found.keys()) == []
    assert sorted(found.keys() - used().keys()) == []
    assert [text for text, said in found.items() if not said] == []


def said_in(document):
    """Return every text of a declaration."""
    if isinstance(document, str):
        return {document}
    parts = document.values() if isinstance(document, dict) else document
    inside = (said_in(part) for part in parts if isinstance(part, str | dict | list))
    return set().union(*inside)


@pytest.mark.parametrize("folder", BESIDE, ids=lambda folder: folder.name)
@pytest.mark.parametrize("language", words.LANGUAGES[1:])
def test_a_plugin_with_pages_brings_the_words_that_the_desk_has_not(folder, language):
    found, plugin = known(language, folder), discovery.at(folder).sound.plugin
    module = importlib.import_module(f"relatum.plugins.{folder.name}")
    wanted = brought(folder.name)
    wanted |= {plugin.name, plugin.description}
    # What it declares is held to its words by test_languages.
    declared = said_in(getattr(module, "relatum_declare", dict)())
    declared |= refusals(folder.name)
    extra = found.keys() - wanted - declared
    assert (sorted(wanted - found.keys()), sorted(extra)) == ([], [])
    assert [text for text, said in found.items() if not said] == []


@pytest.mark.parametrize("language", words.LANGUAGES[1:])
def test_a_translation_has_the_places_of_its_text(language):
    wrong = [
        text
        for file in PLUGINS.glob(f"*/translations/{language}.po")
        for text, said in known(language, file.parents[1]).items()
        if sorted(_PLACE.findall(text)) != sorted(_PLACE.findall(said))
    ]
    assert wrong == []


def test_pages_speak_the_language_that_the_browser_was_set_to(instance):
    instance.make_type(
        "x_asset", {"name": "name", "kind": "text"}, {"name": "price", "kind": "money"}
    )
    instance.create("x_asset", {"name": "Pumpe", "price": "1234.50"})
    with at_desk(instance) as desk:
        assert "Columns" in desk.get("/records/x_asset").text
        desk.post("/account/profile", data={"language": "de"})
        desk.post("/account/looks", data={"theme": "dark"})
        page = desk.get("/records/x_asset").text
    for said in ('<html lang="de"', 'data-theme="dark"', "Spalten"):
        assert said in page
    assert "1.234\xa0€" in page or "1.235\xa0€" in page
