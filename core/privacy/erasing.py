"""Erasing a person: what is personal of records goes, from their history and from mails, too.

The records stay, so that sums and links do: their personal fields are emptied, their personal
lists purged. One transaction does it, or nothing. The chain over the history goes on: of what was
erased it keeps a digest that nobody can read anything from, and the audit log says which rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
import sqlalchemy as sa

from .. import (
    access,
    audit,
    auth,
    catalog,
    changes,
    clock,
    db,
    mail,
    models,
    plugin_tables,
    records,
)
from ..actor import Actor
from ..catalog import EntityType
from ..errors import RelatumError
from ..fields import Field
from ..storage import slices
from . import beside, certifying, finding

#: What stands in a field that can't be empty.
ERASED: Final = "Erased"
_CHANGE: Final[Any] = models.Change.__table__
_SET: Final[Any] = models.ChangeSet.__table__
_GONE: Final = [None, None]


@dataclass(slots=True)
class _Erasure:
    """What was erased so far."""

    actor: Actor
    fields: dict[str, list[str]] = field(default_factory=dict)
    #: Records whose history is read through, by type.
    ids: dict[str, set[int]] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    parts: int = 0
    changes: list[int] = field(default_factory=list)
    entries: list[int] = field(default_factory=list)


def erase(found: Sequence[tuple[str, int]], *, actor: Actor) -> dict[str, Any]:
    """Erase what is personal of some records, and return a signed certificate.

    {relatum, at, by, records, fields: {type: names}, parts, changes, mails, plugins: {plugin:
    {name: count}}, left, signature}.
    `left` says what else may hold such data, and until when. Raises `person_active` for a user
    who may still sign in, `record_unknown`, `type_unknown`, `bad_parameter`, `forbidden`, and
    what a plugin refuses; then nothing is erased.
    """
    access.require(actor, "erase", "personal data")
    db.for_writing()
    finding.refuse_none(list(found))
    audit.hold()
    done = _Erasure(actor.unbound())
    for type_name, record_id in dict.fromkeys(found):
        _record(done, catalog.current().type(type_name), record_id)
    _history(done)
    _entries(done)
    mails = mail.forget(done.addresses, [id_ for ids in done.ids.values() for id_ in ids])
    _answers(done.addresses)
    of_plugins = beside.erased(found, actor=actor)
    told: dict[str, Any] = {
        "records": [f"{type_name}:{id_}" for type_name, id_ in found], "fields": done.fields,
        "changes": _ranges(done.changes), "entries": _ranges(done.entries), "mails": mails,
        "plugins": of_plugins,
    }  # fmt: skip
    audit.note("person_erased", told["records"][0], actor=actor, after=told)
    return certifying.sign(
        {
            "relatum": "certificate of erasure", "at": clock.now(), "by": actor.user_id,
            "records": [{"type": type_name, "id": id_} for type_name, id_ in found],
            "fields": done.fields, "parts": done.parts, "changes": len(done.changes),
            "mails": mails, "plugins": of_plugins, "left": _left(),
        }
    )  # fmt: skip


def _left() -> list[str]:
    config = db.settings()
    own = sorted(each.physical for each in plugin_tables.every(db.current().connection))
    return [
        *([f"Tables of plugins were not searched: {', '.join(own)}."] if own else []),
        "Fields that are not marked personal were left as they are.",
        "Backups made before hold the data until they are deleted, and so do archives of plugins.",
        f"Files sent for imports are forgotten after {config.upload_days} days, finished jobs with "
        f"their logs after {config.forget_days} days.",
    ]


# -- records --------------------------------------------------------------------------------
def _record(done: _Erasure, entity_type: EntityType, record_id: int) -> None:
    row = finding.whole(entity_type.name, record_id, actor=done.actor)
    _note(done, entity_type, [row])
    for relation in finding.personal_parts(entity_type):
        _parts(done, relation.type, *finding.parts_of(relation, record_id, actor=done.actor))
    if entity_type.name == "user":
        _leave(row)
    trashed = finding.is_trashed(entity_type, record_id)
    if trashed:
        # What is in the trash can't be written: it comes out for a moment.
        records.restore(entity_type.name, [{"id": record_id}], actor=done.actor)
    values = {
        f.name: _instead(f, record_id) for f in entity_type.own_fields if finding.is_personal(f)
    }
    if values:
        records.update(
            entity_type.name, [{"id": record_id, **values}], actor=done.actor, check_required=False
        )
        done.fields[entity_type.name] = sorted(values)
    if trashed:
        records.delete(entity_type.name, [{"id": record_id}], actor=done.actor)


def _note(done: _Erasure, entity_type: EntityType, rows: Iterable[dict[str, Any]]) -> None:
    """Note what is read through later on: the history of records, and mails to addresses."""
    emails = [f.name for f in entity_type.fields.values() if f.kind == "email"]
    for row in rows:
        done.ids.setdefault(entity_type.name, set()).add(row["id"])
        done.addresses |= {row[name] for name in emails if row.get(name)}


def _parts(
    done: _Erasure, part: EntityType, live: list[dict[str, Any]], trashed: list[dict[str, Any]]
) -> None:
    """Purge parts of a record; only what is in the trash can be."""
    rows = [*live, *trashed]
    _note(done, part, rows)
    if live:
        records.delete(part.name, [{"id": row["id"]} for row in live], actor=done.actor)
    if rows:
        records.purge(part.name, [{"id": row["id"]} for row in rows], actor=done.actor)
    done.parts += len(rows)


def _instead(known: Field, record_id: int) -> Any:
    """Return what a personal field holds once it is erased."""
    if not known.required:
        return None
    if known.kind == "person_name":
        return {**dict.fromkeys(known.members), "last": ERASED}
    if known.kind in ("text", "long_text", "rich_text"):
        return f"{ERASED} {record_id}" if known.unique else ERASED
    return None


def _leave(row: dict[str, Any]) -> None:
    """Forget how a user signed in, who can't any more."""
    if row["active"]:
        raise RelatumError("person_active", id=row["id"])
    auth.forget(row["id"])


def _entries(done: _Erasure) -> None:
    """Take the addresses of users out of the audit log, this transaction's own, too."""
    entries, users = audit.ENTRIES, [f"user:{id_}" for id_ in sorted(done.ids.get("user", ()))]
    mine = entries.c.subject.in_(users), entries.c.event == "user_changed"
    connection = db.for_writing().connection
    for entry in connection.execute(sa.select(entries).where(*mine)).all():
        texts = {name: _without_address(getattr(entry, name)) for name in ("before", "after")}
        if texts != {name: getattr(entry, name) for name in texts}:
            this = sa.update(entries).where(entries.c.id == entry.id)
            connection.execute(this.values(**texts))
            audit.spare(audit.ENTRY, entry.id, [audit.HEAD])
            done.entries.append(entry.id)


def _without_address(text: str | None) -> str | None:
    told = None if text is None else orjson.loads(text)
    if told is None or not told.get("email"):
        return text
    return changes.dump({**told, "email": None}).decode()


# -- history --------------------------------------------------------------------------------
def _history(done: _Erasure) -> None:
    """Take what is personal out of the history of records, this transaction's own, too."""
    connection = db.for_writing().connection
    erase_data = sa.update(_CHANGE).where(_CHANGE.c.id == sa.bindparam("change"))
    for type_name, ids in done.ids.items():
        kept = _kept(catalog.current().type(type_name))
        for piece in slices(sorted(ids)):
            lines = changes.since(piece, after=0)
            written = [(line, _scrubbed(line.data, kept)) for line in lines]
            rows: list[dict[str, Any]] = [
                {"change": line.id, "text": changes.dump(data).decode()}
                for line, data in written
                if data != line.data
            ]
            if rows:
                connection.execute(erase_data.values(data=sa.bindparam("text")), rows)
                done.changes += [row["change"] for row in rows]
    _spare(done.changes)


def _kept(entity_type: EntityType) -> frozenset[str]:
    """Return the names of fields that stay in the history; whatever was purged does not."""
    known = [*entity_type.fields.values(), *entity_type.in_trash]
    personal = {f.name for f in known if finding.is_personal(f)}
    return frozenset(f.name for f in known) - personal


def _scrubbed(data: dict[str, list[Any]], kept: frozenset[str]) -> dict[str, list[Any]]:
    return {name: values if name in kept else _GONE for name, values in data.items()}


def _spare(change_ids: Sequence[int]) -> None:
    """Let the seals of changes forget what those said."""
    connection = db.for_writing().connection
    by_position: dict[int, list[int]] = {}
    for piece in slices(change_ids):
        query = sa.select(_CHANGE.c.id, _SET.c.position).join_from(_CHANGE, _SET)
        for id_, position in connection.execute(query.where(_CHANGE.c.id.in_(piece))):
            if position is not None:
                by_position.setdefault(position, []).append(id_)
    for position, ids in by_position.items():
        audit.spare(audit.CHANGE_SET, position, ids)


def _ranges(ids: Iterable[int]) -> list[list[int]]:
    """Return ids as ranges, [first, last] each."""
    found: list[list[int]] = []
    for id_ in sorted(ids):
        if found and found[-1][1] == id_ - 1:
            found[-1][1] = id_
        else:
            found.append([id_, id_])
    return found


def _answers(addresses: Iterable[str]) -> None:
    """Forget answers and lines of imports that are kept for a while and name an address."""
    connection = db.for_writing().connection
    replies: Any = models.Idempotency.__table__
    lines: Any = models.ImportLine.__table__
    for address in addresses:
        for column in (replies.c.body, lines.c.data):
            named = column.contains(address, autoescape=True)
            connection.execute(sa.delete(column.table).where(named))
