"""vCards, versions 2.1 to 4.0: a person each, of whatever address book; read one by one.

The columns are called like the fields of a person, so that they find these by themselves. What a
card has more than one of fills the lists of further ones: a row for each below the person's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from typing import IO, Any, Final

import vobject

from relatum import imports

from .table import How, Table, refusal

#: Most bytes of one card without its pictures.
_CARD: Final = 1_048_576
#: Lines that hold pictures, sounds and keys, which nobody imports.
_LEFT_OUT: Final = re.compile(rb"(?:[\w-]+\.)?(PHOTO|LOGO|SOUND|KEY)[;:]", re.IGNORECASE)
_NAME: Final = {
    "name.salutation": "prefix", "name.first": "given", "name.middle": "additional",
    "name.last": "family", "name.suffix": "suffix",
}  # fmt: skip
_ADDRESS: Final = {
    "street": "street", "city": "city", "region": "region", "postal_code": "code",
    "country": "country",
}  # fmt: skip
_TEXTS: Final = {"job_title": "title", "website": "url", "birthday": "bday", "description": "note"}
#: What the labels of further ones are called in a card.
_LABELS: Final = {"work": "work", "home": "home", "cell": "mobile", "fax": "fax"}
HEADER: Final = [
    *_NAME, "company", "department", *_TEXTS, "email", "phone", "mobile",
    *(f"address.{part}" for part in _ADDRESS), "emails.label", "emails.email", "phones.label",
    "phones.phone", "addresses.label", *(f"addresses.address.{part}" for part in _ADDRESS),
]  # fmt: skip
Cells = dict[str, str]


def detect(file: IO[bytes], name: str, given: How) -> How:
    """Return how vCards are written: their columns have names of our own."""
    return given.replace(encoding="utf-8", header=0, delimiter=None)


@contextmanager
def opened(file: IO[bytes], name: str, how: How) -> Iterator[Table]:
    """Give the table of a file of vCards; columns that no card fills are left out."""
    filled, count = set[str](), 0
    for _, pieces in _people(file, name):
        count += 1
        filled.update(key for piece in pieces for key, text in piece.items() if text)
    header = [key for key in HEADER if key in filled]

    def rows() -> Iterator[imports.FileRow]:
        for line, pieces in _people(file, name):
            first, *rest = [[piece.get(key, "") for key in header] for piece in pieces]
            yield (line, first, [(line, cells) for cells in rest])

    yield Table(header, count, rows)


def _people(file: IO[bytes], name: str) -> Iterator[tuple[int, list[Cells]]]:
    """Yield the line that a card begins in, with its cells: its own, then those of lists."""
    for line, text in _cards(file, name):
        try:
            card = vobject.readOne(text, ignoreUnreadable=True)
            yield line, _cells(card)
        except (vobject.base.VObjectError, ValueError, LookupError) as error:
            raise refusal(name, f"the card in line {line} can't be read: {error}") from None


def _cards(file: IO[bytes], name: str) -> Iterator[tuple[int, str]]:
    """Yield the text of each card, without pictures, and the line that it begins in."""
    file.seek(0)
    held: list[bytes] = []
    began = size = 0
    skips = False
    for number, line in enumerate(file, 1):
        bare = line.strip().upper().removeprefix(b"\xef\xbb\xbf")
        if bare == b"BEGIN:VCARD":
            held, began, size, skips = [bare + b"\r\n"], number, 0, False
            continue
        if not began:
            continue
        # A line that begins with a blank goes on with the one before.
        skips = skips if line[:1] in b" \t" else bool(_LEFT_OUT.match(line))
        if skips:
            continue
        held.append(line)
        size += len(line)
        if size > _CARD:
            raise refusal(name, f"the card in line {began} is longer than {_CARD:,} bytes")
        if bare == b"END:VCARD":
            yield began, _text(b"".join(held))
            began = 0
    if began:
        raise refusal(name, f"the card in line {began} has no end")


def _text(card: bytes) -> str:
    try:
        return card.decode()
    except UnicodeDecodeError:
        return card.decode("cp1252", errors="replace")


# -- one card ---------------------------------------------------------------------------------
def _cells(card: Any) -> list[Cells]:
    own: Cells = {}
    if "n" in card.contents:
        own |= {key: _one(getattr(card.n.value, part, "")) for key, part in _NAME.items()}
    elif "fn" in card.contents:
        own["name.first"], _, own["name.last"] = card.fn.value.strip().rpartition(" ")
    company, *units = [*card.org.value, ""] if "org" in card.contents else [""]
    own |= {"company": company, "department": ", ".join(filter(None, units))}
    own |= {key: _first(card, word) for key, word in _TEXTS.items()}
    own["birthday"] = _day(own["birthday"])
    emails = [(_label(each), each.value.strip()) for each in _ranked(card, "email")]
    phones = [(_label(each), _number(each.value)) for each in _ranked(card, "tel")]
    places = [(_label(each), each.value) for each in _ranked(card, "adr")]
    own["email"] = emails.pop(0)[1] if emails else ""
    own["mobile"] = _taken(phones, lambda label: label == "mobile")
    own["phone"] = _taken(phones, lambda label: label not in ("mobile", "fax"))
    if places:
        own |= _address("address", places.pop(0)[1])
    further = zip_longest(emails, phones, places)
    return [own, *(_further(*each) for each in further)]


def _further(
    email: tuple[str, str] | None, phone: tuple[str, str] | None, place: tuple[str, Any] | None
) -> Cells:
    cells: Cells = {}
    if email:
        label = email[0] if email[0] in ("work", "home") else "other"
        cells |= {"emails.label": label, "emails.email": email[1]}
    if phone:
        cells |= {"phones.label": phone[0] or "other", "phones.phone": phone[1]}
    if place:
        label = place[0] if place[0] in ("work", "home") else "other"
        cells |= {"addresses.label": label, **_address("addresses.address", place[1])}
    return cells


def _ranked(card: Any, word: str) -> list[Any]:
    """Return what a card has of a kind, what is preferred first."""
    found = [each for each in card.contents.get(word, []) if _one(each.value).strip()]
    return sorted(found, key=lambda each: "pref" not in _types(each) and "PREF" not in each.params)


def _types(each: Any) -> set[str]:
    given = (*each.params.get("TYPE", ()), *each.singletonparams)
    return {word.strip().lower() for text in given for word in text.split(",")}


def _label(each: Any) -> str:
    types = _types(each)
    return next((label for word, label in _LABELS.items() if word in types), "")


def _taken(phones: list[tuple[str, str]], fits: Any) -> str:
    """Take the first number whose label fits out of the list, and return it."""
    found = next((each for each in phones if fits(each[0])), None)
    if found is None:
        return ""
    phones.remove(found)
    return found[1]


def _number(value: str) -> str:
    return value.strip().removeprefix("tel:")


def _address(path: str, value: Any) -> Cells:
    cells = {f"{path}.{key}": _one(getattr(value, part)) for key, part in _ADDRESS.items()}
    more = [_one(getattr(value, part)) for part in ("box", "extended")]
    street = "\n".join(filter(None, [cells[f"{path}.street"], *more]))
    return {**cells, f"{path}.street": street}


def _first(card: Any, word: str) -> str:
    return _one(card.contents[word][0].value).strip() if word in card.contents else ""


def _day(text: str) -> str:
    """Return a birthday as a date, without a time; nothing if it has no year."""
    found = re.match(r"(\d{4})-?(\d\d)-?(\d\d)", text)
    return "-".join(found.groups()) if found else ""


def _one(value: Any) -> str:
    """Return a value that may be a list as one text."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")
