"""What is wrong with a form: the sentences that stand above it, each with where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from relatum import fields

from ...words import translated
from .lines import Line, Lines


class Fault(NamedTuple):
    """A sentence about a control: the id of that control, and what people call it."""

    place: str
    name: str
    said: str


def located(
    asked: Sequence[fields.Field], lists: Iterable[Lines], problems: Mapping[str, str]
) -> tuple[list[str], list[Fault]]:
    """Return the sentences about the whole, and those about fields and lines, in their order."""
    left = dict(problems)
    made: list[Fault] = []
    for field in asked:
        found = _of(left, field.name)
        made += [Fault(f"f-{field.name}", field.label, left.pop(place)) for place in found]
    for each in lists:
        for number, line in enumerate(each.lines, 1):
            made += _of_line(each, line, number, left)
        made += [Fault(f"lines-{each.name}", each.label, left.pop(p)) for p in _of(left, each.name)]
    return list(left.values()), made


def _of_line(each: Lines, line: Line, number: int, left: dict[str, str]) -> list[Fault]:
    """Take what is wrong with a line out of what is `left`."""
    at, made = f"{each.name}.{line.number}", []
    called = translated("{list}, line {number}", list=each.label, number=number)
    for field in each.columns:
        place = f"{at}.{field.name}"
        name = f"{called}: {field.label}"
        made += [Fault(_id(f"f.{place}"), name, left.pop(found)) for found in _of(left, place)]
    return [*made, *(Fault(_id(f"line.{at}"), called, left.pop(found)) for found in _of(left, at))]


def _of(problems: Mapping[str, str], name: str) -> list[str]:
    return [place for place in problems if place == name or place.startswith(f"{name}.")]


def _id(place: str) -> str:
    return place.replace(".", "-")
