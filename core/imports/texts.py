"""What a map makes of texts before fields read them: a part, another form, or several in one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Final

#: Signs and digits of the letters that end an id of Salesforce.
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT_ID: Final = re.compile(r"[0-9A-Za-z]{15}")
_PLACE: Final = re.compile(r"\{([^{}]+)\}")
#: What stands between values, and is left over where one of them is empty.
_BETWEEN: Final = " ,;:/|-\u2013\u00b7"


def salesforce_id(text: str) -> str:
    """Return an id of 18 characters for one of 15, in which the case of letters matters.

    Reports give short ids and exports long ones. The three letters at the end of a long one say
    which of the others are capitals, so it stays the same whatever becomes of its case.
    """
    bare = text.strip()
    if not _SHORT_ID.fullmatch(bare):
        return bare
    ends = ""
    for part in (bare[:5], bare[5:10], bare[10:]):
        ends += _ALPHABET[sum(1 << at for at, sign in enumerate(part) if sign.isupper())]
    return bare + ends


def fraction(text: str) -> str:
    """Return a share of one, such as 0.25, in percent; what is no number stays as it is."""
    with suppress(InvalidOperation):
        number = Decimal(text.strip())
        if number.is_finite():
            return f"{number * 100:f}"
    return text


def commas(text: str) -> str:
    """Return values that stand between commas as several values are written."""
    parts = (part.strip().replace(";", "\\;") for part in text.split(","))
    return "; ".join(filter(None, parts))


def after_dot(text: str) -> str:
    """Return what follows the last dot: de of base.de."""
    return text.strip().rpartition(".")[2]


#: What `convert` can be.
CONVERSIONS: Final[Mapping[str, Callable[[str], str]]] = {
    "after_dot": after_dot,
    "commas": commas,
    "salesforce_id": salesforce_id,
    "fraction": fraction,
}


def converted(name: str | None, text: str) -> str:
    """Return a text as a conversion makes it; None: as it is."""
    return text if name is None else CONVERSIONS[name](text)


class Template:
    """A text with names of columns in braces, `{First} {Last}`, as one text for each row.

    Of `{Name|Email}` the first that is filled is taken. A line whose columns are all empty is
    left out, and so is what stands between values where one is missing.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        places = _PLACE.findall(text)
        self.columns = tuple(dict.fromkeys(n for place in places for n in place.split("|")))

    def filled(self, header: Sequence[str], cells: Sequence[str]) -> str:
        """Return the text of a row; empty if all its columns are."""
        known = dict(zip(header, cells, strict=False))
        lines = []
        for line in self.text.splitlines():
            values = {place: _first(known, place) for place in _PLACE.findall(line)}
            if values and not any(values.values()):
                continue
            made = "".join(
                values[part] if at % 2 else part for at, part in enumerate(_PLACE.split(line))
            )
            lines.append(made if all(values.values()) else _tidied(made))
        return "\n".join(lines) if any(known.get(name, "").strip() for name in self.columns) else ""


def _first(known: Mapping[str, str], place: str) -> str:
    return next((v for name in place.split("|") if (v := known.get(name, "").strip())), "")


def _tidied(text: str) -> str:
    without = re.sub(r"\(\s*\)|\[\s*\]", "", text)
    without = re.sub(r"([,;:/|\u2013\u00b7-])(\s*[,;:/|\u2013\u00b7-])+", r"\1", without)
    return re.sub(r"\s{2,}", " ", without).strip(_BETWEEN)
