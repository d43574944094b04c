"""Hearing of changes: what is committed becomes notifications of those who follow it.

It is told by the feed, so nothing is lost or told twice, and no write waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from relatum import Actor, catalog, fields

from . import telling
from .following import follow, followers
from .frame import table
from .kinds import ADDED, ASSIGNED, CHANGE, MENTION, STAGE, UNSEEN
from .telling import Notice

#: Records that one change set tells a person of one by one; of more he is told their number.
EACH: Final = 10
_TEXTS: Final = ("long_text", "rich_text")


@dataclass(slots=True)
class Event:
    """What one change set did to one record."""

    type: catalog.EntityType
    id: int
    by: int | None
    change_set: int
    created: bool = False
    fields: list[str] = field(default_factory=list)
    owner: int | None = None
    #: The field of a stage and what it is now.
    stage: tuple[str, str] | None = None
    #: Whom texts mention now that they did not before, with the fields.
    mentioned: dict[int, list[str]] = field(default_factory=dict)
    #: The records that a new record points to.
    targets: set[int] = field(default_factory=set)


def tell(changes: Sequence[Mapping[str, Any]], actor: Actor) -> None:
    """Write the notifications of some changes, as the feed shows them, in the open transaction."""
    events = list(_events(changes))
    asked = {id_ for each in events for id_ in (each.id, *each.targets)}
    following = followers(asked)
    mentions = [notice for each in events for notice in _mentions(each)]
    told = {(n.person, n.record, n.change_set) for n in mentions}
    others = (notice for each in events for notice in _of(each, following))
    rest = [n for n in others if (n.person, n.record, n.change_set) not in told]
    kept = telling.seen_by_their_readers([n for n in (*mentions, *rest) if n.by != n.person])
    _reached(mentions, kept)
    telling.keep([*_few(kept), *_unseen(mentions, kept)])


# -- what happened --------------------------------------------------------------------------------
def _events(changes: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    known = catalog.current()
    made: dict[tuple[int, int], Event] = {}
    for line in changes:
        entity_type = known.types.get(line["type"])
        if entity_type is None or line["op"] not in ("create", "update"):
            continue
        key = line["change_set"], line["id"]
        if key not in made:
            made[key] = Event(entity_type, line["id"], line["actor"], line["change_set"])
        event = made[key]
        event.created = event.created or line["op"] == "create"
        for name, (before, after) in line["changes"].items():
            _note(event, entity_type.fields[name], before, after)
    yield from made.values()


def _note(event: Event, changed: fields.Field, before: Any, after: Any) -> None:
    if before == after:
        return
    if changed.name == "owner":
        event.owner = after
    if changed.is_link and event.created and isinstance(after, int) and changed.owner != "system":
        event.targets.add(after)
    if changed.owner != "system" and changed.name not in event.fields:
        event.fields.append(changed.name)
    if changed.kind == "choice" and any(option.category for option in changed.options):
        event.stage = (changed.name, str(after)) if after is not None else event.stage
    if changed.kind in _TEXTS:
        was = fields.mentions(before)
        for person in fields.mentions(after):
            if person not in was:
                event.mentioned.setdefault(person, []).append(changed.name)


# -- who is told ----------------------------------------------------------------------------------
def _mentions(event: Event) -> Iterator[Notice]:
    for person, names in event.mentioned.items():
        yield _notice(event, person, MENTION, {"fields": names})


def _of(event: Event, following: Mapping[int, set[int]]) -> Iterator[Notice]:
    """Yield the notifications of an event, one for each who follows."""
    if event.owner is not None:
        yield _notice(event, event.owner, ASSIGNED, {})
    if event.created:
        for target in sorted(event.targets):
            for person in sorted(following.get(target, set()) - {event.owner}):
                yield _notice(event, person, ADDED, {"to": target})
        return
    for person in sorted(following.get(event.id, set()) - {event.owner}):
        if event.stage is not None:
            name, option = event.stage
            yield _notice(event, person, STAGE, {"field": name, "option": option})
        elif event.fields:
            yield _notice(event, person, CHANGE, {"fields": event.fields})


def _notice(event: Event, person: int, kind: str, words: dict[str, Any]) -> Notice:
    return Notice(
        person=person, kind=kind, record=event.id, by=event.by, words=words,
        change_set=event.change_set,
    )  # fmt: skip


def _few(notices: Iterable[Notice]) -> Iterator[Notice]:
    """Yield notifications, one with their number where a change set is about many records."""
    groups: dict[tuple[int, int | None, str], list[Notice]] = {}
    for each in notices:
        groups.setdefault((each.person, each.change_set, each.kind), []).append(each)
    for (person, change_set, kind), some in groups.items():
        if len(some) <= EACH:
            yield from some
            continue
        counted = _counted(person, change_set, kind, len(some))
        if not counted:
            words = {"count": len(some)}
            by = some[0].by
            yield Notice(person=person, kind=kind, by=by, words=words, change_set=change_set)


def _counted(person: int, change_set: int | None, kind: str, more: int) -> bool:
    """Add to the number that a person was told of a change set already, if he was."""
    same = {"person": person, "read_at": None, "change_set": change_set, "kind": kind,
            "record": None}  # fmt: skip
    rows = table("notice").select(same, limit=1)
    if rows:
        words = {"count": rows[0]["words"]["count"] + more}
        table("notice").update([{"id": rows[0]["id"], "words": words}])
    return bool(rows)


# -- mentions -------------------------------------------------------------------------------------
def _reached(mentions: Iterable[Notice], kept: Sequence[Notice]) -> None:
    """Let those whom a text mentions follow its record, if they see it."""
    told = {(n.person, n.record) for n in kept}
    by_record: dict[int, set[int]] = {}
    for each in mentions:
        if (each.person, each.record) in told and each.record is not None:
            by_record.setdefault(each.record, set()).add(each.person)
    for record, people in by_record.items():
        follow([record], people)


def _unseen(mentions: Iterable[Notice], kept: Sequence[Notice]) -> Iterator[Notice]:
    """Yield what the writer is told where somebody does not see what mentions him."""
    told = {(n.person, n.record) for n in kept}
    missed = [n for n in mentions if n.by not in (None, n.person)]
    missed = [n for n in missed if (n.person, n.record) not in told]
    people = telling.readers(each.person for each in missed)
    for each in missed:
        if each.by is None or each.person not in people:
            continue
        yield Notice(
            person=each.by, kind=UNSEEN, record=each.record, by=each.by,
            words={"name": each.person}, change_set=each.change_set,
        )  # fmt: skip
