"""The name of a person, in the parts that letters and lists need."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from .. import types
from ..storage import Text
from .composite import Member, Worded, member_settings
from .text import ShortText, clean, fold

_PARTS: Final = ("salutation", "first", "middle", "last", "suffix")
_SALUTATIONS: Final = frozenset(
    "dr dra don dame fr frau herr hr lady lord madam madame miss mlle mme monsieur mr mrs ms mx "
    "prof rev sir sra".split()
)
_SUFFIXES: Final = frozenset("jr sr ii iii iv esq phd md mba dds jd cpa ba ma msc bsc".split())
#: Words that a last name begins with.
_PARTICLES: Final = frozenset(
    "af al bin da dal de del della der den di do dos du el la le ter van vom von zu zum zur".split()
)


class PersonName(Worded):
    """The name of a person."""

    kind = "person_name"
    summary = (
        "The name of a person: salutation, first, middle, last and suffix. Sorted by last, then "
        "first name; contains, starts and ieq look at it as it is written. Read from one text, "
        "the last word is the last name, or what stands before a comma."
    )
    EXAMPLE = '{"salutation": "Dr.", "first": "Ada", "last": "Lovelace"}'
    value_type = types.PERSON_NAME
    SETTINGS = member_settings(*_PARTS)
    MEMBERS = (
        Member("salutation", "salutation", ShortText, {"max_length": 40}),
        Member("first", "first name", ShortText, {"max_length": 80}),
        Member("middle", "middle name", ShortText, {"max_length": 80}),
        Member("last", "last name", ShortText, {"max_length": 80}),
        Member("suffix", "suffix", ShortText, {"max_length": 40}),
    )

    @property
    def key_column(self) -> str:
        return f"{self.column}__k"

    def columns(self) -> list[sa.Column[Any]]:
        return [*super().columns(), sa.Column(self.key_column, Text)]

    def key(self, value: tuple[Any, ...] | None) -> str | None:
        if value is None:
            return None
        salutation, first, middle, last, suffix = value
        # The sign between them stands before all others: Li, Wei before Li An, Bo.
        known = [part for part in (last, first, middle, suffix) if part]
        return "\t".join(map(fold, known or [salutation]))[:600]

    def store(self, value: tuple[Any, ...] | None) -> tuple[Any, ...]:
        return (*super().store(value), self.key(value))

    def text(self, wire: dict[str, Any] | None) -> str:
        """Return the name as it is written: Dr. Ada Lovelace."""
        return " ".join(part for part in (wire or {}).values() if part)

    def parse(self, text: str, style: str | None = None) -> Any:
        return self.check(_taken_apart(clean(text.strip(), lines=False)))


def _word(text: str) -> str:
    return fold(text).replace(".", "")


def _taken_apart(text: str) -> dict[str, str]:
    """Return the parts of a name that was written in one."""
    found = dict.fromkeys(_PARTS, "")
    before, comma, after = (part.strip() for part in text.partition(","))
    if comma and _word(after.partition(" ")[0]) in _SUFFIXES:
        found["suffix"], comma = after, ""
    words = (after if comma else before).split()
    while words and _word(words[0]) in _SALUTATIONS and (comma or len(words) > 1):
        found["salutation"] = f"{found['salutation']} {words.pop(0)}".strip()
    while len(words) > 1 and _word(words[-1]) in _SUFFIXES:
        found["suffix"] = f"{words.pop()} {found['suffix']}".strip()
    if comma:
        found["last"] = before
    elif words:
        last = [words.pop()]
        while len(words) > 1 and fold(words[-1]) in _PARTICLES:
            last.insert(0, words.pop())
        found["last"] = " ".join(last)
    if words:
        found["first"], found["middle"] = words[0], " ".join(words[1:])
    return found
