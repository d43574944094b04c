"""What the options of a type's choices have to do with its other fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from ..fields import Field, Option


class Dependent(NamedTuple):
    """A field with options that depend on a choice: the values of the choice, by option."""

    field: Field
    choice: Field
    when: Mapping[str, tuple[str, ...]]


class Entailing(NamedTuple):
    """A choice some of whose options need values of other fields, or set them."""

    choice: Field
    #: The options, by value.
    options: Mapping[str, Option]
    #: The names of all fields that one of them needs.
    needed: frozenset[str]


def dependent_on(fields: Iterable[Field]) -> tuple[Dependent, ...]:
    """Return those of the fields of a type whose options are possible with some values only."""
    known = {field.name: field for field in fields}
    found = []
    for field in known.values():
        when = {option.value: option.when for option in field.options if option.when}
        choice = known.get(field.controlled_by or "")
        if when and choice is not None:
            found.append(Dependent(field, choice, when))
    return tuple(found)


def entailed_by(fields: Iterable[Field]) -> tuple[Entailing, ...]:
    """Return those of the fields of a type some of whose options need values, or set them.

    One that decides on another stands before it: what it sets there is what that one enters.
    """
    found = []
    known = {field.name: field for field in fields}
    for field in sorted(known.values(), key=lambda field: _depth(field, known)):
        options = {option.value: option for option in field.options if option.needs or option.sets}
        if options:
            needed = frozenset(name for option in options.values() for name in option.needs)
            found.append(Entailing(field, options, needed))
    return tuple(found)


def _depth(field: Field, known: Mapping[str, Field]) -> int:
    """Return how many choices decide on a field, one on the other."""
    above = known.get(field.controlled_by or "")
    rest = {name: each for name, each in known.items() if each is not field}
    return 0 if above is None else 1 + _depth(above, rest)


def entailing_only(field: Field, known: Container[str]) -> Field:
    """Return a field whose options need and set known fields alone."""
    if not any(option.needs or option.sets for option in field.options):
        return field
    options = tuple(
        dataclasses.replace(
            option,
            needs=tuple(name for name in option.needs if name in known),
            sets={name: value for name, value in option.sets.items() if name in known},
        )
        for option in field.options
    )
    return dataclasses.replace(field, options=options)
