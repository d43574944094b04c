"""All that is held of a person as one document: records, lists, history, mails, what was shared."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import sqlalchemy as sa

from .. import access, audit, catalog, changes, clock, db, mail, models
from ..actor import Actor
from . import beside, finding


def export(found: Sequence[tuple[str, int]], *, actor: Actor) -> dict[str, Any]:
    """Return a document of some records, for the person that they are about.

    {at, records: [{type, id, values, lists: {name: [values]}, history}], mails, plugins: {plugin:
    {name: value}}}. That it was made stands in the audit log, so the transaction writes. Raises
    `record_unknown`, `type_unknown`, `bad_parameter`, `forbidden`.
    """
    access.require(actor, "export", "personal data")
    db.for_writing()
    finding.refuse_none(list(found))
    made = [_record(type_name, id_, actor) for type_name, id_ in found]
    ids = [id_ for _, id_ in found]
    for type_name, id_ in found:
        audit.note("person_exported", f"{type_name}:{id_}", actor=actor)
    said = {value for each in made for value in _addresses(each)}
    beside_them = beside.exported(found, actor=actor)
    return {
        "at": clock.now(), "records": made, "mails": mail.about(said, ids), "plugins": beside_them,
    }  # fmt: skip


def _record(type_name: str, record_id: int, actor: Actor) -> dict[str, Any]:
    entity_type = catalog.current().type(type_name)
    lists, ids = {}, [record_id]
    for relation in finding.personal_parts(entity_type):
        rows = [*chain(*finding.parts_of(relation, record_id, actor=actor))]
        lists[relation.name] = rows
        ids += [row["id"] for row in rows]
    return {
        "type": type_name, "id": record_id,
        "values": finding.whole(type_name, record_id, actor=actor), "lists": lists,
        "history": _history(ids), "shares": _shares(record_id),
    }  # fmt: skip


def _history(ids: Sequence[int]) -> list[dict[str, Any]]:
    lines = sorted(changes.since(ids, after=0), key=lambda line: line.id)
    known = changes.headers_of({line.change_set for line in lines})
    return [
        {
            "at": known[line.change_set].at, "by": known[line.change_set].actor,
            "source": known[line.change_set].source, "record": line.record_id, "op": line.op,
            "changes": line.data,
        }
        for line in lines
    ]  # fmt: skip


def _shares(record_id: int) -> list[dict[str, Any]]:
    table: Any = models.Share.__table__
    query = sa.select(table).where(table.c.record_id == record_id).order_by(table.c.id)
    names = ("user_id", "team_id", "update", "expires_at", "created_at")
    rows = db.current().connection.execute(query)
    return [{name: getattr(row, name) for name in names} for row in rows]


def _addresses(record: dict[str, Any]) -> list[str]:
    """Return the e-mail addresses of a record and its lists."""
    known = catalog.current()
    rows = [(record["type"], record["values"])]
    for relation in finding.personal_parts(known.type(record["type"])):
        rows += [(relation.type.name, row) for row in record["lists"][relation.name]]
    return [
        row[field.name]
        for type_name, row in rows
        for field in known.type(type_name).fields.values()
        if field.kind == "email" and row.get(field.name)
    ]
