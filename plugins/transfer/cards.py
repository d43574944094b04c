"""Records as vCards: who somebody is and how to reach him, for telephones and address books.

What a field becomes is said by its type and, among the texts, by its name: every type with an
e-mail or a phone makes cards, an administrator's own ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Final

import vobject
from babel import Locale
from vobject.vcard import Address, Name

from relatum import catalog, fields, query

from .cells import ListOf

#: Texts that have a line of their own in a card, and others that are needed for one.
_TEXTS: Final = {"job_title": "title", "description": "note", "website": "url"}
_NEEDED: Final = ("account", "birthday", "department", *_TEXTS)
_KINDS: Final = ("email", "phone", "address", "person_name")
_REACHING: Final = ("email", "phone")
_TYPES: Final = {"mobile": "CELL", "home": "HOME", "fax": "FAX"}
_COUNTRIES: Final = Locale("en").territories
#: Gives the lines of a record in its lists of further addresses and numbers.
Lines = Callable[[dict[str, Any]], list[dict[str, Any]]]


class Cards:
    """What the cards of a type tell, for one reader; made in an open transaction."""

    def __init__(self, entity_type: catalog.EntityType) -> None:
        # Whoever may not change a field reads it all the same.
        whole = catalog.current().type(entity_type.name).own_fields
        self.type = entity_type
        self._fields = [entity_type.fields[f.name] for f in whole if f.name in entity_type.fields]
        self._name = next((f for f in self._fields if isinstance(f, fields.PersonName)), None)

    @property
    def are_possible(self) -> bool:
        """Whether records of the type can be reached, so that cards of them make sense."""
        return any(field.kind in _REACHING for field in self._fields)

    @property
    def fields(self) -> list[str]:
        """The names of the fields that a card tells of."""
        titles = self.type.title_fields
        return [
            f.name for f in self._fields if f.kind in _KINDS or f.name in _NEEDED or f in titles
        ]

    def further(self, lists: Iterable[ListOf]) -> list[str]:
        """Return the names of lists with further ways to reach somebody."""
        return [
            each.name for each in lists if any(field.kind in _KINDS for _, field in each.columns)
        ]

    def written(self, page: query.Page, lines: Lines) -> Iterator[bytes]:
        """Yield the card of each record of a page."""
        for record in page.records:
            card = vobject.vCard()
            self._be_named(card, record, page.labels)
            for field in self._fields:
                if record.get(field.name):
                    _reach(card, field.kind, _type_of(field.name), record[field.name])
            for line in lines(record):
                for kind in _KINDS:
                    if line.get(kind):
                        _reach(card, kind, _type_of(line.get("label") or ""), line[kind])
            self._tell(card, record)
            yield card.serialize().encode()

    def _be_named(self, card: Any, record: dict[str, Any], labels: dict[str, Any]) -> None:
        title = self.type.label_of_wire(record)
        card.add("fn").value = title
        name = (record.get(self._name.name) if self._name else None) or {}
        card.add("n").value = Name(
            family=name.get("last") or "", given=name.get("first") or "",
            additional=name.get("middle") or "", prefix=name.get("salutation") or "",
            suffix=name.get("suffix") or "",
        )  # fmt: skip
        company = labels.get(str(record.get("account")), {}).get("label")
        if self._name is None:
            company = title
            card.add("x-abshowas").value = "COMPANY"
        if company:
            units = [record["department"]] if record.get("department") else []
            card.add("org").value = [company, *units]
        card.add("uid").value = f"relatum-{self.type.name}-{record['id']}"

    def _tell(self, card: Any, record: dict[str, Any]) -> None:
        for name, word in _TEXTS.items():
            if record.get(name):
                card.add(word).value = self.type.fields[name].text(record[name])
        born = record.get("birthday")
        if isinstance(born, date):
            card.add("bday").value = born.isoformat()


def _type_of(name: str) -> str:
    return next((word for part, word in _TYPES.items() if part in name), "WORK")


def _reach(card: Any, kind: str, type_: str, value: Any) -> None:
    if kind == "email":
        line = card.add("email")
        line.value, line.type_param = value, "INTERNET"
    elif kind == "phone":
        line = card.add("tel")
        line.value, line.type_param = value, type_
    elif kind == "address":
        line = card.add("adr")
        line.type_param = type_
        country = value.get("country") or ""
        line.value = Address(
            street=value.get("street") or "", city=value.get("city") or "",
            region=value.get("region") or "", code=value.get("postal_code") or "",
            country=_COUNTRIES.get(country, country),
        )  # fmt: skip
