"""Telling people: notifications are written in the open transaction, and mails with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from relatum import Actor, catalog, clock, languages, query, roles, seen, slices

from . import mailing
from .frame import own, table
from .kinds import DAILY, ID, NEVER, NOW, Choice, known, usual

#: Users whose choices one statement looks for.
_SLICE: Final = 100
#: Choices that one statement returns.
_MOST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that one person is told.

    What it says is made for its reader out of `words`; of a plugin's own kind it is `text`, whose
    places they fill.
    """

    person: int
    kind: str
    record: int | None = None
    by: int | None = None
    plugin: str = ID
    text: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)
    change_set: int | None = None


class Reader(NamedTuple):
    """Who is told: where mail reaches him, in which language, and how he wants to hear of kinds."""

    email: str | None
    name: str
    language: str
    choices: dict[str, Choice]

    def wants(self, kind: str) -> Choice:
        """Return how he hears of a kind."""
        found = self.choices.get(kind) or usual(kind)
        # Whom no mail reaches is told in the desk, unless he wants nothing at all.
        return found if self.email else Choice(found.desk or found.mail != NEVER, NEVER)


def notify(
    user_ids: Iterable[int],
    text: str,
    *,
    record: tuple[str, int] | None,
    kind: str,
    actor: Actor,
) -> list[int]:
    """Tell users something about a record, in the open transaction; return whom it told.

    `kind` is one that a plugin names by `notifications_kinds`. A `languages.Phrase` is said in
    the language of whoever reads it, if the plugin of its kind has it. Nobody is told of his own
    doing, of a record that he does not see, or what he does not want to hear. Costs a few
    statements, however many users there are.
    """
    plugin = known()[kind][0] if kind in known() else ID
    template, values = str(text), {}
    if isinstance(text, languages.Phrase):
        template, values = text.template, {n: _plain(v) for n, v in text.values.items()}
    notices = [
        Notice(
            person=user, kind=kind, record=record[1] if record else None, by=actor.user_id,
            plugin=plugin, text=template, words=values,
        )
        for user in dict.fromkeys(user_ids)
    ]  # fmt: skip
    return write(notices)


def _plain(value: Any) -> Any:
    return value if isinstance(value, (int, str)) and not isinstance(value, bool) else str(value)


def write(notices: Sequence[Notice]) -> list[int]:
    """Write notifications to those who may see what they are about; return whom it told.

    Nobody is told of his own doing.
    """
    return keep(seen_by_their_readers([n for n in notices if n.by is None or n.by != n.person]))


def keep(found: Sequence[Notice]) -> list[int]:
    """Write what its readers may see, as each wants to hear of it; return whom it told."""
    people = readers(each.person for each in found)
    now, rows, mails = clock.now(), [], []
    for each in found:
        reader = people.get(each.person)
        if reader is None:
            continue
        wanted = reader.wants(each.kind)
        if wanted.mail == NOW:
            mails.append(each)
        if wanted.desk or wanted.mail == DAILY:
            rows.append(_row(each, wanted, now))
    table("notice").insert(rows)
    if mails:
        mailing.send(mails, people)
    return sorted({row["person"] for row in rows} | {each.person for each in mails})


#: For plugins that tell of many records at once: as costly as telling of one.
notify_each = write


def _row(each: Notice, wanted: Choice, now: Any) -> dict[str, Any]:
    return {
        "person": each.person, "record": each.record, "kind": each.kind, "plugin": each.plugin,
        "text": each.text or None, "words": dict(each.words) or None, "made_by": each.by,
        "change_set": each.change_set, "made_at": now, "shown": wanted.desk,
        "mail": DAILY if wanted.mail == DAILY else None,
    }  # fmt: skip


def seen_by_their_readers(notices: Sequence[Notice]) -> list[Notice]:
    """Return those notifications whose readers see the records that they are about.

    Of changed fields only those are left that the reader sees; if none is, nothing is told.
    """
    asked: dict[int, set[int]] = {}
    for each in notices:
        if each.record is not None:
            asked.setdefault(each.record, set()).add(each.person)
    see = roles.seers(asked)
    types = query.labels(asked, actor=own().as_plugin())
    kept = []
    for each in notices:
        if each.record is None:
            kept.append(each)
            continue
        who, of = see.get(each.record, {}).get(each.person), types.get(str(each.record))
        if who is None or of is None or of["trashed"]:
            continue
        of_fields = "fields" in each.words or "field" in each.words
        if not of_fields or visible_fields(each.words, of["type"], who):
            kept.append(each)
    return kept


def visible_fields(words: Mapping[str, Any], type_name: str, who: Actor) -> list[str]:
    """Return those of the fields that a notification is about that somebody sees."""
    entity_type = seen(who).types.get(type_name)
    named = [*words.get("fields", ()), *([words["field"]] if "field" in words else ())]
    return [name for name in named if entity_type is not None and name in entity_type.fields]


def readers(user_ids: Iterable[int]) -> dict[int, Reader]:
    """Return those users who may sign in as those who are told something, by id."""
    actor, wanted = own().as_plugin(), sorted(set(user_ids))
    found: dict[int, Reader] = {}
    asked = {"fields": ["name", "email", "language", "active"]}
    usual_language = catalog.current().settings.get("language", languages.FIRST)
    for user in query.every("user", asked, among=("id", wanted), actor=actor):
        if user["active"]:
            language = user["language"] or usual_language
            found[user["id"]] = Reader(user["email"], user["name"], language, {})
    for piece in slices(wanted, _SLICE):
        for row in table("choice").select({"person": piece}, limit=_MOST):
            if row["person"] in found:
                choice = Choice(row["desk"], row["mail"])
                found[row["person"]].choices[row["kind"]] = choice
    return found
