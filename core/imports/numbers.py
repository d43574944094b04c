"""Numbers as people write them in files: decimal commas, signs between thousands, currencies."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

#: What a number may be written with: the sign before the decimals.
SIGNS: Final = (".", ",")
#: Kinds of fields whose texts are read by such a sign.
NUMBERS: Final = frozenset({"integer", "decimal", "money", "percent"})
_CURRENCY: Final = re.compile(r"^[^\d+\-.,]{1,4}\s*|\s*[^\d%.,]{1,4}$")


@cache
def _shape(sign: str) -> re.Pattern[str]:
    between = "[,'\u2019 \u00a0\u202f]" if sign == "." else "[.'\u2019 \u00a0\u202f]"
    return re.compile(
        rf"(?P<whole>[+-]?(?:\d{{1,3}}(?:{between}\d{{3}})+|\d*))(?:{re.escape(sign)}(?P<rest>\d+))?\s*%?"
    )


def plain_number(text: str, sign: str) -> str:
    """Return a number as fields read it: a point before the decimals and nothing between thousands.

    What is no number of that kind is returned as it is, for the field to refuse.
    """
    bare = _CURRENCY.sub("", text.strip()) or text
    found = _shape(sign).fullmatch(bare)
    if found is None or not any(c.isdigit() for c in bare):
        return text
    whole = re.sub(r"[^\d+-]", "", found["whole"]) or "0"
    return f"{whole}.{found['rest']}" if found["rest"] else whole
