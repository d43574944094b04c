"""The catalog in another language: the same types and fields, called as people there call them.

What a plugin declares is translated by the plugin's own words. What an administrator has called
otherwise is in no plugin's words, and so is the same in every language. Tables, statements and
everything that has no words are shared with the catalog that it comes from.
"""

from __future__ import annotations

import copy
import dataclasses
from functools import cached_property
from gettext import NullTranslations
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from .. import languages
from ..fields import Composite, Field, Link
from .entity_types import Catalog, EntityType, Layout, View

T = TypeVar("T")
#: Catalogs and types in other languages, as long as what they come from is there.
_catalogs: WeakKeyDictionary[Catalog, dict[str, Catalog]] = WeakKeyDictionary()
_types: WeakKeyDictionary[EntityType, dict[str, tuple[int, EntityType]]] = WeakKeyDictionary()
#: What a type remembers that has no words in it; the rest is found anew from its fields.
_SHARED = ("table", "_statements")
_REMEMBERED = frozenset(
    name for name, value in vars(EntityType).items() if isinstance(value, cached_property)
)


def in_language(known: Catalog, language: str) -> Catalog:
    """Return a catalog with its labels, descriptions and help in a language."""
    spoken = _catalogs.setdefault(known, {})
    if language not in spoken:
        spoken[language] = _catalog(known, language)
    return spoken[language]


def _catalog(known: Catalog, language: str) -> Catalog:
    return dataclasses.replace(
        known,
        types={name: _type(each, language, known.plugins) for name, each in known.types.items()},
        views={
            name: tuple(_view(view, name, language) for view in views)
            for name, views in known.views.items()
        },
    )


def _type(entity_type: EntityType, language: str, plugins: int) -> EntityType:
    """Return a type in a language: one and the same as long as type and plugins are."""
    spoken = _types.setdefault(entity_type, {})
    if spoken.get(language, (None,))[0] != plugins:
        spoken[language] = (plugins, _translated(entity_type, language))
    return spoken[language][1]


def _translated(entity_type: EntityType, language: str) -> EntityType:
    words, name = languages.of(entity_type.owner, language), entity_type.name
    made = copy.copy(entity_type)
    remembered = vars(made)
    for each in _REMEMBERED - set(_SHARED):
        remembered.pop(each, None)
    for each in _SHARED:
        remembered[each] = getattr(entity_type, each)
    sections = tuple(s._replace(label=_said(words, s.label, name)) for s in made.layout.sections)
    remembered.update(
        label=_said(words, made.label, name),
        plural=_said(words, made.plural, name),
        description=_said(words, made.description, name),
        layout=Layout(made.layout.highlights, sections),
        fields={f.name: _field(f, name, language) for f in made.fields.values()},
        trashed_fields=tuple(_field(f, name, language) for f in made.trashed_fields),
    )
    return made


def _field(field: Field, type_name: str, language: str) -> Field:
    words = languages.of(field.owner, language)
    options = tuple(
        dataclasses.replace(o, label=_said(languages.of(o.owner, language), o.label, type_name))
        for o in field.options
    )
    label, help_ = (_said(words, text, type_name) for text in (field.label, field.help))
    made = _with(field, label=label, help=help_, options=options)
    if isinstance(field, Link) and field.inverse_label:
        back = _said(words, field.inverse_label, type_name)
        made = _with(made, settings={**field.settings, "inverse_label": back})
    if isinstance(field, Composite):
        core = languages.of("core", language)
        vars(made)["members"] = {
            name: _with(each, label=f"{label} {core.gettext(_own_label(field, each))}")
            for name, each in field.members.items()
        }
    return made


def _own_label(field: Field, member: Field) -> str:
    return member.label.removeprefix(f"{field.label} ")


def _with(field: Field, **values: Any) -> Field:
    """Return the same field with other words."""
    made = copy.copy(field)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _view(view: View, type_name: str, language: str) -> View:
    said = _said(languages.of(view.owner, language), view.label, type_name)
    return dataclasses.replace(view, label=said)


def _said(words: NullTranslations, text: T, type_name: str) -> T:
    """Return a text in the words of its owner: those meant for the type, else those for all."""
    if not text or not isinstance(text, str):
        return text
    said = words.pgettext(type_name, text)
    return words.gettext(text) if said == text else said  # type: ignore[return-value]
