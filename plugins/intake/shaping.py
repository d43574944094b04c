"""What a form may ask: fields that somebody without an account can fill in with a line of text."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Final

from relatum import Actor, RelatumError, WriteBatch, catalog, fields, imports, query

#: Kinds of fields that are asked, with how a browser asks for them.
KINDS: Final = {
    "text": "text", "long_text": "area", "rich_text": "area", "email": "email", "phone": "tel",
    "url": "url", "integer": "number", "decimal": "text", "money": "text", "date": "date",
    "choice": "choice", "boolean": "check",
}  # fmt: skip
#: Parts of composite fields that are asked in the place of the whole.
PARTS: Final = {
    "person_name": ("first", "last"),
    "address": ("street", "postal_code", "city", "country"),
}
_ADDRESS_BYTES: Final = 9


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a form asks: the path of a field, and how it is asked."""

    path: str
    label: str
    input: str
    required: bool
    hint: str | None = None
    options: tuple[tuple[str, str], ...] = ()


def check(batch: WriteBatch) -> None:
    """Give forms an address; refuse what can't be made, asked or set."""
    known = catalog.current()
    if batch.type == "web_form":
        for place in range(len(batch)):
            _check_form(batch, place, known)
        return
    system = Actor(user_id=None, name="intake", admin=True, source="plugin")
    among = ("id", sorted({form for form in batch.column("form") if form}))
    forms = query.every("web_form", {"fields": ["makes"]}, among=among, actor=system)
    makes = {row["id"]: row["makes"] for row in forms}
    for place in range(len(batch)):
        made = makes.get(batch.value(place, "form"))
        if made is not None and not batch.dry_run:
            _check_question(batch, place, known.types.get(made), system)


def _check_form(batch: WriteBatch, place: int, known: catalog.Catalog) -> None:
    if not batch.value(place, "address"):
        batch.set(place, "address", secrets.token_urlsafe(_ADDRESS_BYTES))
    made = known.types.get(batch.value(place, "makes"))
    if made is None or made.trashed_in is not None or made.name in ("user", "team"):
        batch.reject(place, "There is no such type of records; write its name", field="makes")
        return
    consent = batch.value(place, "consent_field")
    field = made.fields.get(consent) if consent else None
    if consent and (field is None or field.kind != "boolean"):
        sentence = f"{made.plural} have no yes-or-no field of this name"
        batch.reject(place, sentence, field="consent_field")


def _check_question(
    batch: WriteBatch, place: int, made: catalog.EntityType | None, system: Actor
) -> None:
    path, value = batch.value(place, "field"), batch.value(place, "value")
    if made is None or not path:
        return
    try:
        field = made.path(path)
        if value:
            imports.read_values(made.name, {path: value}, actor=system)
    except RelatumError as error:
        batch.reject(place, str(error), field="value" if value else "field")
        return
    asked = value or field.kind in KINDS or field.kind in PARTS
    if not asked or field.read_only or field.NUMBERED:
        sentence = f"A form can't ask for it; it can ask for {', '.join((*KINDS, *PARTS))}"
        batch.reject(place, sentence, field="field")


def questions(made: catalog.EntityType, lines: list[dict[str, Any]]) -> list[Question]:
    """Return what a form asks, in order; what is gone from the type since is left out."""
    found = []
    for line in lines:
        if line["value"]:
            continue
        try:
            field = made.path(line["field"])
        except RelatumError:
            continue
        parts = PARTS.get(field.kind)
        if parts is None:
            found.append(_question(line["field"], field, line["label"], line["required"]))
            continue
        needed = field.settings.get("required_members", ())
        for part in parts:
            member = field.members[part]
            must = line["required"] or part in needed
            called = member.label.removeprefix(field.label).strip() or member.label
            found.append(_question(member.name, member, called[:1].upper() + called[1:], must))
    return found


def _question(path: str, field: fields.Field, label: str | None, required: bool) -> Question:
    options = tuple((o.value, o.label) for o in field.options if not o.retired)
    return Question(
        path, label or field.label, KINDS.get(field.kind, "text"), required or field.required,
        field.help, options,
    )  # fmt: skip
