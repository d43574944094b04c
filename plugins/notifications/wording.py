"""What notifications say, to whoever reads them, in his language and by what he may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from relatum import Actor, catalog, languages

from .kinds import ADDED, ASSIGNED, CHANGE, ID, MENTION, STAGE, UNSEEN, translated

#: Fields that one notification names; the others are counted.
_NAMED: Final = 3
#: What each kind says. Every text has a translation.
_TEXTS: Final = {
    MENTION: translated("{by} mentioned you in {fields}"),
    ASSIGNED: translated("{by} made you the owner"),
    STAGE: translated("{by} moved it to {option}"),
    CHANGE: translated("{by} changed {fields}"),
    ADDED: translated("{by} added this"),
    UNSEEN: translated("{name} does not see this record and was not told"),
}
#: What is said where one change was about many records.
_MANY: Final = {
    ASSIGNED: translated("{by} made you the owner of {count} records"),
    ADDED: translated("{by} added {count} records to what you follow"),
    STAGE: translated("{by} moved {count} records that you follow"),
    MENTION: translated("{by} mentioned you in {count} records"),
    CHANGE: translated("{by} changed {count} records that you follow"),
}
#: Who does what nobody in particular does, such as a job.
_ITSELF: Final = "Relatum"
_SOMEBODY: Final = translated("Somebody")
_AND_MORE: Final = translated("{fields} and {count} more")
_ADDED_TO: Final = translated("{by} added this to {label}")


class Shown(NamedTuple):
    """A notification as somebody reads it: about what, what happened, and where it leads."""

    label: str
    text: str
    address: str | None


def shown(
    row: Mapping[str, Any], labels: Mapping[str, Any], reader: Actor, known: catalog.Catalog,
    language: str,
) -> Shown | None:  # fmt: skip
    """Return what a notification says; None: it is about nothing that the reader may see.

    `known` is the data model as the reader sees it, and `labels` what the records in it are called,
    for those that he sees.
    """
    about = labels.get(str(row["record"])) if row["record"] is not None else None
    if row["record"] is not None and (about is None or about["trashed"]):
        return None
    words, of = dict(row["words"] or {}), languages.of(row["plugin"] or ID, language)
    if row["text"]:
        text = of.gettext(row["text"])
        said: str | None = text.format_map(words) if words else text
    else:
        said = _said(row, words, about, labels, known, language)
    if said is None:
        return None
    if about is None:
        return Shown("", said, None)
    return Shown(about["label"], said, f"/records/{about['type']}/{row['record']}")


def _said(
    row: Mapping[str, Any], words: dict[str, Any], about: Any, labels: Mapping[str, Any],
    known: catalog.Catalog, language: str,
) -> str | None:  # fmt: skip
    say = languages.of(ID, language).gettext
    by = labels.get(str(row["made_by"]))
    values = {**words, "by": by["label"] if by else say(_SOMEBODY)}
    if row["made_by"] is None:
        values["by"] = _ITSELF
    text = (_MANY if "count" in words else _TEXTS).get(row["kind"], "")
    if about is not None and ("fields" in words or "field" in words):
        told = _of_fields(row["kind"], words, known.types.get(about["type"]), say)
        if told is None:
            return None
        values |= told
    if row["kind"] == ADDED and str(words.get("to")) in labels:
        text, values["label"] = _ADDED_TO, labels[str(words["to"])]["label"]
    if row["kind"] == UNSEEN:
        person = labels.get(str(words["name"]))
        values["name"] = person["label"] if person else say(_SOMEBODY)
    return say(text).format_map(values)


def _of_fields(
    kind: str, words: Mapping[str, Any], entity_type: catalog.EntityType | None, say: Any
) -> dict[str, str] | None:
    """Return the places of a text about fields; None if the reader sees none of them."""
    fields = entity_type.fields if entity_type is not None else {}
    if kind == STAGE:
        field = fields.get(words["field"])
        if field is None:
            return None
        option = next((o for o in field.options if o.value == words["option"]), None)
        return {"option": option.label if option else str(words["option"])}
    named = [fields[name].label for name in words["fields"] if name in fields]
    if not named:
        return None
    told, rest = ", ".join(named[:_NAMED]), len(named) - _NAMED
    if rest > 0:
        told = say(_AND_MORE).format(fields=told, count=rest)
    return {"fields": told}


def records_of(rows: Any) -> set[int]:
    """Return the ids of all records and users that some notifications are about."""
    found = {row[name] for row in rows for name in ("record", "made_by")}
    for row in rows:
        words = row["words"] or {}
        found |= {words[name] for name in ("to",) if name in words}
        if row["kind"] == UNSEEN:
            found.add(words["name"])
    return {id_ for id_ in found if id_ is not None}
