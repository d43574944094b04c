"""Checks of what a plugin says and brings along: translations, help, example data, settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages import pofile
from babel.messages.pofile import PoFileError

from .. import demo, languages, plugin_host
from ..api import manual
from ..catalog import EntityType
from ..errors import RelatumError
from .bench import Bench, NotAsked, demand
from .instances import Instance

_PLACE = re.compile(r"\{[a-z_]*\}")


# -- translations -----------------------------------------------------------------------------
def its_translations_are_complete(bench: Bench) -> None:
    """Check that it speaks its languages wholly: no page is half in English."""
    folder = bench.active.found.path / languages.FOLDER
    files = sorted(folder.glob("*.po")) if folder.is_dir() else []
    if not files:
        raise NotAsked("it brings no translations")
    wanted, told = set(_texts(bench)), list[str]()
    for file in files:
        told += [f"{file.name}: {each}" for each in _wrong(file, wanted)]
    demand(told, "its translations lack something", f"Write it into the files in {folder}.")


def _wrong(file: Path, wanted: set[str]) -> Iterator[str]:
    """Yield what a catalog lacks of the texts that are wanted, and where it differs from them."""
    try:
        with file.open("rb") as source:
            found = pofile.read_po(source, locale=file.stem, abort_invalid=True)
    except (PoFileError, ValueError, LookupError) as error:
        yield f"it can't be read: {error}"
        return
    known = {str(message.id): message for message in found if message.id}
    yield from (f"'{text}' is missing" for text in sorted(wanted - known.keys()))
    for text, message in known.items():
        said = str(message.string or "")
        if not said:
            yield f"'{text}' is empty"
        elif message.fuzzy:
            yield f"'{text}' is marked as fuzzy"
        elif sorted(_PLACE.findall(text)) != sorted(_PLACE.findall(said)):
            yield f"'{said}' has other places than '{text}'"


def _texts(bench: Bench) -> Iterator[str]:
    """Yield every text that a plugin declares, as people read it."""
    active, catalog = bench.active, bench.shared.catalog
    plugin = active.found.sound.plugin
    found: list[Any] = [plugin.name, plugin.description]
    found += [each.label for each in active.permissions]
    for entity_type in catalog.types.values():
        found += _of_type(entity_type, bench.id)
        views = catalog.views.get(entity_type.name, ())
        found += [view.label for view in views if view.owner == bench.id]
    yield from {text for text in found if isinstance(text, str) and text}


def _of_type(entity_type: EntityType, owner: str) -> Iterator[Any]:
    """Yield the texts of a type that a plugin owns, and of its fields on any."""
    if entity_type.owner == owner:
        yield from (entity_type.label, entity_type.plural, entity_type.description)
        yield from (section.label for section in entity_type.layout.sections)
    for field in entity_type.own_fields:
        if field.owner == owner:
            yield from (field.label, field.help, getattr(field, "inverse_label", None))
        yield from (option.label for option in field.options if option.owner == owner)


# -- help -------------------------------------------------------------------------------------
def its_help_page_can_be_read(bench: Bench) -> None:
    """Check that help.md is a page, for whoever wonders whether to enable it."""
    path = bench.active.found.path
    if not (path / "help.md").is_file():
        raise NotAsked("it has no help.md")
    with bench.shared.reading():
        page, told = manual.read(bench.id), []
    if not page.title:
        told.append("it does not begin with a title")
    if len(page.html.strip()) < len(page.title):
        told.append("it has nothing but a title")
    demand(told, "its help page is none", f"Begin {path / 'help.md'} with # and a title, then say.")


# -- example data -----------------------------------------------------------------------------
def its_example_data_loads_and_goes_away_again(bench: Bench) -> None:
    """Check that the demonstration has its data, and is rid of it when it is removed."""
    if "relatum_demo" not in bench.active.hooks:
        raise NotAsked("it brings no example data")
    with bench.fresh() as app:
        try:
            app.write(demo.write)
        except RelatumError as error:
            demand([str(error)], "its example data is refused", "Bring rows that its types take.")
        with app.app.app_context():
            removed = _removed(app)
        told = [f"{len(ids)} records of {name}" for name, ids in removed.kept.items()]
        demand(told, "relatum demo --remove leaves of it", "Make example data by `demo` alone.")
        if bench.types and not any(removed.removed.get(name) for name in bench.types):
            demand(["no record of its types"], "its example data is", "Call demo.create(TYPE, …).")


def _removed(app: Instance) -> demo.Removed:
    found: list[demo.Removed] = []
    app.turn(lambda _, actor: found.append(demo.remove(actor=actor)), "")
    return found[0]


# -- settings ---------------------------------------------------------------------------------
def its_settings_are_right_from_the_start(bench: Bench) -> None:
    """Check that it runs with its defaults, and what relatum_settings gives where it has none."""
    if not bench.active.settings.settings:
        raise NotAsked("it has no settings")
    shown = bench.shared.read(plugin_host.show_settings, bench.id)
    told = [str(problem) for problem in shown["problems"]]
    told += [f"{each['name']} has no label" for each in shown["settings"] if not each["label"]]
    demand(told, "its settings are not right", "Give each a default that its own rules take.")


CHECKS = (
    its_translations_are_complete,
    its_help_page_can_be_read,
    its_settings_are_right_from_the_start,
)
#: Those that take seconds.
SLOW = (its_example_data_loads_and_goes_away_again,)
