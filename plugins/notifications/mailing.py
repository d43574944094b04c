"""Mails of notifications: one at once for each, or a daily one of all that came together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from relatum import Actor, catalog, languages, links, mail, query, roles, seen

from . import wording
from .frame import own

if TYPE_CHECKING:
    from .telling import Notice, Reader

TEXTS: Final = mail.Texts(Path(__file__).parent / "mail")
#: Where one chooses what is mailed.
_CHOICES: Final = "/x/notifications/choices"
#: Characters of a subject.
_SUBJECT: Final = 200


def send(notices: Sequence[Notice], people: Mapping[int, Reader]) -> None:
    """Mail each of some notifications to its reader, in his language."""
    rows = [_row(each) for each in notices]
    for row, told in zip(rows, _told(rows, people), strict=True):
        reader = people[row["person"]]
        if told is None or reader.email is None:
            continue
        subject = f"{told.label}: {told.text}" if told.label else told.text
        values = {
            "subject": subject[:_SUBJECT], "label": told.label or told.text,
            "text": told.text if told.label else "", "link": links.of_page(told.address or "/"),
            "choices": links.of_page(_CHOICES),
        }  # fmt: skip
        words = TEXTS.words("notice", language=reader.language, values=values)
        _mail(reader, words, told.address, row["record"])


def digest(rows: Sequence[Mapping[str, Any]], people: Mapping[int, Reader]) -> int:
    """Mail to one person what came together for the daily mail; return how much of it he sees."""
    told = [each for each in _told(rows, people) if each is not None]
    reader = people.get(rows[0]["person"])
    if reader is None or reader.email is None or not told:
        return 0
    values: dict[str, str | int] = {
        "lines": "\n\n".join(map(_line, told)), "link": links.of_page("/x/notifications/"),
        "choices": links.of_page(_CHOICES),
    }  # fmt: skip
    name = "digest_one"
    if len(told) > 1:
        name, values["count"] = "digest", len(told)
    _mail(reader, TEXTS.words(name, language=reader.language, values=values), None, None)
    return len(told)


def _line(told: wording.Shown) -> str:
    said = f"{told.label}: {told.text}" if told.label else told.text
    return f"- {said}\n  {links.of_page(told.address)}" if told.address else f"- {said}"


def _mail(reader: Reader, words: mail.Words, address: str | None, record: int | None) -> None:
    about = None
    if address is not None and record is not None:
        about = (address.split("/")[2], record)
    to = mail.Recipient(reader.email or "", reader.name)
    mail.send(to, words, record=about, actor=own().as_plugin())


def _row(each: Notice) -> dict[str, Any]:
    return {
        "person": each.person, "record": each.record, "kind": each.kind, "plugin": each.plugin,
        "text": each.text or None, "words": dict(each.words) or None, "made_by": each.by,
    }  # fmt: skip


def _told(
    rows: Sequence[Mapping[str, Any]], people: Mapping[int, Reader]
) -> Iterable[wording.Shown | None]:
    """Return what each of some notifications says to its reader; None: nothing.

    Asks for what records are called once; what a reader does not see of it he is not told.
    """
    ids = [wording.records_of([row]) for row in rows]
    asked: dict[int, set[int]] = {}
    for row, some in zip(rows, ids, strict=True):
        for id_ in some:
            asked.setdefault(id_, set()).add(row["person"])
    see, labels = roles.seers(asked), query.labels(asked, actor=own().as_plugin())
    made: list[wording.Shown | None] = []
    for row, some in zip(rows, ids, strict=True):
        sighted = {id_: see.get(id_, {}).get(row["person"]) for id_ in some}
        who = next((each for each in sighted.values() if each is not None), None)
        language = people[row["person"]].language if row["person"] in people else languages.FIRST
        if who is None:
            empty = row["record"] is None
            made.append(_without_records(row, language) if empty else None)
            continue
        known = seen(who, language)
        mine = {str(id_): _label(labels[str(id_)], id_, known) for id_, w in sighted.items()
                if w is not None and str(id_) in labels}  # fmt: skip
        made.append(wording.shown(row, mine, who, known, language))
    return made


def _without_records(row: Mapping[str, Any], language: str) -> wording.Shown | None:
    nobody = Actor(user_id=None)
    return wording.shown(row, {}, nobody, catalog.current(language), language)


def _label(label: dict[str, Any], id_: int, known: catalog.Catalog) -> dict[str, Any]:
    """Return what a record is called for somebody who may not see all that its title is made of."""
    whole = catalog.current().type(label["type"]).title_fields
    entity_type = known.types[label["type"]]
    if all(field.name in entity_type.fields for field in whole):
        return label
    return {**label, "label": f"{entity_type.label} {id_}"}
