"""Texts that match a regular expression, for fields that have a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from re import _constants as words  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

#: Characters that classes of characters are tried with, by the name of the class.
_OF_CLASS: Final = {"CATEGORY_DIGIT": "7", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a"}
_ANY: Final = "aA7-_. @/"


def matching(pattern: str, turn: int) -> Iterator[str]:
    """Yield a few texts that the whole pattern matches, others for another `turn`; or none."""
    tree = parser.parse(pattern)
    for number in (turn, 0):
        text = "".join(_Writer(number).parts(tree))
        if re.fullmatch(pattern, text):
            yield text


class _Writer:
    """Writes a text that a parsed pattern matches; `turn` chooses among characters."""

    def __init__(self, turn: int) -> None:
        self._turn = turn

    def parts(self, tree: Any) -> Iterator[str]:
        for what, detail in tree:
            yield from self._part(what, detail)

    def _part(self, what: Any, detail: Any) -> Iterator[str]:
        if what is words.LITERAL:
            yield chr(detail)
        elif what is words.IN:
            yield self._one_of([*_members(detail)])
        elif what in (words.ANY, words.NOT_LITERAL):
            yield next(c for c in _ANY if ord(c) != detail)
        elif what is words.BRANCH:
            yield from self.parts(detail[1][0])
        elif what is words.SUBPATTERN:
            yield from self.parts(detail[3])
        elif what in (words.MAX_REPEAT, words.MIN_REPEAT):
            least, most, inside = detail
            # One where none would do, so that turns differ.
            for _ in range(max(least, min(1, most))):
                yield from self.parts(inside)

    def _one_of(self, found: list[str]) -> str:
        self._turn, place = divmod(self._turn, max(1, len(found)))
        return found[place] if found else "a"


def _members(detail: Any) -> Iterator[str]:
    """Yield characters of a class; one that excludes some is searched for what is left."""
    excluded = detail[0][0] is words.NEGATE
    found: list[str] = []
    for what, value in detail:
        if what is words.LITERAL:
            found.append(chr(value))
        elif what is words.RANGE:
            found += map(chr, range(value[0], min(value[1], value[0] + 25) + 1))
        elif what is words.CATEGORY:
            found.append(_OF_CLASS.get(str(value), "a"))
    if excluded:
        yield from (c for c in _ANY if c not in found)
    else:
        yield from found
