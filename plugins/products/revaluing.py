"""The job that values open records anew, after rates were added or corrected.

Its changes are undone like those of any job. What is decided keeps its worth.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from relatum import Actor, catalog, context, fields, jobs, query, records

from .rates import Rates, day_of, valued

Row = dict[str, Any]
#: Records that a look counts at most; a job has no limit.
_LOOKED_AT: Final = 20_000
_PAGE: Final = 200


def _amounts() -> list[tuple[str, str]]:
    """Return type and field of all amounts that are valued, in order."""
    known = catalog.current().types
    return [(name, field.name) for name in sorted(known) for field in valued(known[name])]


def _found(name: str, field: fields.Money, after: int, size: int, actor: Actor) -> list[Row]:
    """Return the next records whose amount is in another currency, and open."""
    assert field.currency_by is not None and field.base is not None
    parts: list[Row] = [
        {"field": "id", "op": "gt", "value": after},
        {"field": field.name, "op": "empty", "value": False},
        {"field": field.currency_by, "op": "empty", "value": False},
        {"not": {"field": field.currency_by, "value": field.currency}},
    ]
    if field.fixed_by:
        option = catalog.current().type(name).fields[field.fixed_by].options
        decided = [o.value for o in option if o.category not in (None, "open")]
        if decided:
            parts.append({"not": {"field": field.fixed_by, "op": "in", "value": decided}})
    shown = {field.name, field.base, field.currency_by, field.rate_date, "created_at", "id"}
    asked = {"filter": {"and": parts}, "sort": ["id"], "limit": size, "fields": sorted(shown)}
    return query.page(query.from_json(name, asked, actor=actor)).records


def _worths(field: fields.Money, rows: list[Row], actor: Actor) -> list[tuple[Row, Decimal]]:
    """Return the records that are worth something else by the rates of now, and what."""
    assert field.currency_by is not None
    days = [day_of(row[field.rate_date] or row["created_at"]) for row in rows]
    known = Rates(zip((r[field.currency_by] for r in rows), days, strict=True), actor=actor)
    found = []
    for row, day in zip(rows, days, strict=True):
        rate = known.on(row[field.currency_by], day)
        if rate is None:
            continue
        worth = rate.worth(Decimal(row[field.name]), field.currency)
        before = row[field.base or ""]
        if before is None or Decimal(before) != worth:
            found.append((row, worth))
    return found


def _field(name: str, of: str) -> fields.Money:
    field = catalog.current().type(name).fields[of]
    assert isinstance(field, fields.Money)
    return field


def look(_: Row, __: Actor) -> Row:
    """Say what would change: {"types": [{type, field, records, before, after}], "complete"}.

    `before` and `after` are sums in the currency of the instance; `complete` is false where there
    are more records than are looked at.
    """
    actor, left, told = context().as_plugin(), _LOOKED_AT, []
    for name, of in _amounts():
        field, after, count = _field(name, of), 0, 0
        sums = [Decimal(0), Decimal(0)]
        while left > 0 and (rows := _found(name, field, after, _PAGE, actor)):
            after, left = rows[-1]["id"], left - len(rows)
            for row, worth in _worths(field, rows, actor):
                count += 1
                sums[0] += Decimal(row[field.base or ""] or 0)
                sums[1] += worth
        if count:
            before, then = (field.wire(each) for each in sums)
            told.append(
                {"type": name, "field": of, "records": count, "before": before, "after": then}
            )
    return {"types": told, "complete": left > 0}


def run(chunk: jobs.Chunk) -> jobs.Step:
    """Value the next records; the checkpoint says which amount, and after which record."""
    actor, known = context().as_plugin(), _amounts()
    at = chunk.checkpoint or {"amount": list(known[0]) if known else None, "after": 0, "changed": 0}
    pending = [each for each in known if at["amount"] and list(each) >= at["amount"]]
    if not pending:
        return chunk.finish({"changed": at["changed"]})
    name, of = pending[0]
    after = at["after"] if [name, of] == at["amount"] else 0
    field = _field(name, of)
    rows = _found(name, field, after, min(chunk.size, _PAGE), actor)
    made = [
        {"id": row["id"], field.base or "": field.wire(worth)}
        for row, worth in _worths(field, rows, actor)
    ]
    if made:
        records.update(name, made, actor=actor, check_required=False)
    changed = at["changed"] + len(made)
    if rows:
        place = {"amount": [name, of], "after": rows[-1]["id"], "changed": changed}
        return chunk.more(place, done=len(rows))
    if len(pending) == 1:
        return chunk.finish({"changed": changed})
    return chunk.more({"amount": list(pending[1]), "after": 0, "changed": changed})


KIND: Final = jobs.Kind(
    name="products_revalue", title="Value amounts by the rates of now", run=run, look=look,
    permission="products.revalue",
)  # fmt: skip
