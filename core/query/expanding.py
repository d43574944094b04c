"""Lists of records that point to those of a page, shown inside them: one select per list."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from .. import db
from ..actor import Actor
from ..catalog import Catalog, EntityType, Relation
from ..errors import RelatumError
from ..fields import Integer
from ..storage import among
from .compiling import live
from .filters import asker
from .related import Labels, Related, all_fields

#: A whole number of this name orders the records of a list, as it does lines.
_POSITION = "position"


def expand(
    catalog: Catalog,
    entity_type: EntityType,
    records: list[dict[str, Any]],
    name: str,
    relation: Relation,
    *,
    actor: Actor,
) -> Labels:
    """Add the list `name` to each record, in its order; return labels of what the list points to.

    Raises `expand_limit` rather than cut a list: whoever writes it back would lose the rest.
    """
    limit = db.settings().expand_limit
    found: dict[int, list[dict[str, Any]]] = {record["id"]: [] for record in records}
    if not found:
        return {}
    related = Related(catalog, all_fields(catalog, relation.type), actor)
    statement = relation.type.statement(
        ("expand", relation.link.id, related.columns),
        lambda: _statement(relation, related),
    )
    values = {"ids": sorted(found), "most": limit + 1}
    rows = db.current().connection.execute(statement, values | asker(actor)).all()
    shown, labels = related.records(rows)
    for row, record in zip(rows, shown, strict=True):
        members = found[row[-1]]
        if len(members) == limit:
            raise RelatumError(
                "expand_limit", name=name, type=entity_type.name, id=row[-1], limit=limit,
                other=relation.type.name, field=relation.link.name,
            )  # fmt: skip
        members.append(record)
    for record in records:
        record[name] = found[record["id"]]
    return labels


def _statement(relation: Relation, related: Related) -> Any:
    table = relation.type.table
    link = table.c[relation.link.column]
    order: list[Any] = [table.c.id]
    position = relation.type.fields.get(_POSITION)
    if isinstance(position, Integer):
        order.insert(0, table.c[position.column].asc().nulls_last())
    place = sa.func.row_number().over(partition_by=link, order_by=order).label("place_")
    ranked = (
        sa.select(*related.shown(table), link.label("whole_"), place)
        .where(live(relation.type, table), among(link))
        .subquery()
    )
    shown = [ranked.c[name] for name in related.columns]
    most = sa.bindparam("most", type_=sa.Integer())
    return (
        sa.select(*shown, ranked.c.whole_)
        .where(ranked.c.place_ <= most)
        .order_by(ranked.c.whole_, ranked.c.place_)
    )
