"""The catalog in another language: the same types and fields, called as people there call them.

What a plugin declares is translated by the plugin's own words. What an administrator has called
otherwise is the same in every language. Tables, statements and everything that has no words are
shared with the catalog that it comes from.
"""

from __future__ import annotations

import copy
import dataclasses
from gettext import NullTranslations
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from .. import languages
from ..fields import Composite, Field, Link
from .entity_types import Catalog, EntityType, copied
from .layouts import Layout, View
from .patches import SETTINGS

T = TypeVar("T")
#: What an administrator has called otherwise: what kind of thing, its id, and which of its words.
Own = frozenset[tuple[str, int, str]]
#: Catalogs and types in other languages, as long as what they come from is there.
_catalogs: WeakKeyDictionary[Catalog, dict[str, Catalog]] = WeakKeyDictionary()
_types: WeakKeyDictionary[EntityType, dict[str, tuple[int, EntityType]]] = WeakKeyDictionary()
#: What a type remembers that has no words in it; the rest is found anew from its fields.
_SHARED = ("table", "_statements")


def in_language(known: Catalog, language: str) -> Catalog:
    """Return a catalog with its labels, descriptions and help in a language."""
    spoken = _catalogs.setdefault(known, {})
    if language not in spoken:
        spoken[language] = _catalog(known, language)
    return spoken[language]


def _catalog(known: Catalog, language: str) -> Catalog:
    own = frozenset((patch.kind, patch.target_id, patch.name) for patch in known.patches)
    speaker = _Speaker(language, own)
    return dataclasses.replace(
        known,
        types={name: _type(each, speaker, known.plugins) for name, each in known.types.items()},
        views={
            name: tuple(speaker.view(view, name) for view in views)
            for name, views in known.views.items()
        },
    )


def _type(entity_type: EntityType, speaker: _Speaker, plugins: int) -> EntityType:
    """Return a type in a language: one and the same as long as type and plugins are."""
    spoken = _types.setdefault(entity_type, {})
    if spoken.get(speaker.language, (None,))[0] != plugins:
        spoken[speaker.language] = (plugins, speaker.type(entity_type))
    return spoken[speaker.language][1]


class _Speaker(NamedTuple):
    """Says what is declared in a language, and what an administrator has called so as it is."""

    language: str
    own: Own

    def type(self, entity_type: EntityType) -> EntityType:
        """Return a type in the language."""
        name, made = entity_type.name, copied(entity_type, *_SHARED)
        words = languages.of(entity_type.owner, self.language)
        sections = tuple(
            s._replace(label=_said(words, s.label, name)) for s in made.layout.sections
        )
        vars(made).update(
            self._words("type", entity_type, name, "label", "plural", "description"),
            layout=Layout(made.layout.highlights, sections),
            fields={f.name: self.field(f, name) for f in made.fields.values()},
            trashed_fields=tuple(self.field(f, name) for f in made.trashed_fields),
        )
        return made

    def field(self, field: Field, type_name: str) -> Field:
        """Return a field in the language, with its options and its members."""
        options = tuple(
            dataclasses.replace(each, **self._words("option", each, type_name, "label"))
            for each in field.options
        )
        said = self._words("field", field, type_name, "label", "help")
        made = _with(field, **said, options=options)
        back = field.inverse_label if isinstance(field, Link) else None
        if back and ("field", field.id, f"{SETTINGS}inverse_label") not in self.own:
            back = _said(languages.of(field.owner, self.language), back, type_name)
            made = _with(made, settings={**field.settings, "inverse_label": back})
        if isinstance(field, Composite):
            core = languages.of("core", self.language)
            vars(made)["members"] = {
                name: _with(each, label=f"{made.label} {core.gettext(_own_label(field, each))}")
                for name, each in field.members.items()
            }
        return made

    def view(self, view: View, type_name: str) -> View:
        """Return a view in the language."""
        return dataclasses.replace(view, **self._words("view", view, type_name, "label"))

    def _words(self, kind: str, each: Any, type_name: str, *names: str) -> dict[str, Any]:
        """Return some properties of what has an owner and an id, in the language."""
        words = languages.of(each.owner, self.language)
        said = {name: getattr(each, name) for name in names}
        declared = {n: v for n, v in said.items() if (kind, each.id, n) not in self.own}
        return said | {name: _said(words, text, type_name) for name, text in declared.items()}


def _own_label(field: Field, member: Field) -> str:
    return member.label.removeprefix(f"{field.label} ")


def _with(field: Field, **values: Any) -> Field:
    """Return the same field with other words."""
    made = copy.copy(field)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def _said(words: NullTranslations, text: T, type_name: str) -> T:
    """Return a text in the words of its owner: those meant for the type, else those for all."""
    if not text or not isinstance(text, str):
        return text
    said = words.pgettext(type_name, text)
    return words.gettext(text) if said == text else said  # type: ignore[return-value]
