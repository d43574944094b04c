"""Keys: short hashes by which the records that may match are found, kept with every write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from marshmallow import Schema, fields

from relatum import WriteBatch, catalog, jobs, plugin_host, query

from . import pairs
from .comparing import COMPARISONS
from .rules import ID, Rule, in_force, save_state, state, table
from .words import translated

#: Changed whenever comparisons make other keys than before: then all are made anew.
_VERSION: Final = 1
_BUILT: Final = "built"
_CHUNK: Final = 400

#: What makes the keys of the records of a type: comparisons and fields.
Specs = frozenset[tuple[str, str]]


def specs(rules: Iterable[Rule], type_name: str) -> Specs:
    """Return what the records of a type are found by: (comparison, field)."""
    return frozenset(
        (condition.comparison.name, name)
        for rule in rules
        if rule.against == type_name
        for condition in rule.found_by
        for name in condition.there
    )


def code(type_name: str, comparison: str, key: str) -> int:
    """Return the hash of a key of a type: a whole number that a column holds."""
    return _code(f"{type_name}\n{comparison}\n{key}")


@lru_cache(maxsize=65_536)
def _code(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 12


def codes(type_name: str, wanted: Specs, record: Mapping[str, Any]) -> Iterator[int]:
    """Yield the hashes of a record of a type, by its wire values."""
    for comparison, name in wanted:
        value = record.get(name)
        if value is not None:
            for key in COMPARISONS[comparison].keys(value):
                yield code(type_name, comparison, key)


def write(type_name: str, wanted: Specs, records: Mapping[int, Mapping[str, Any]]) -> None:
    """Write the keys of records that have none, by their ids."""
    table("key").insert(
        {"code": each, "record": id_}
        for id_, record in records.items()
        for each in set(codes(type_name, wanted, record))
    )


def follow(batch: WriteBatch) -> None:
    """Let the keys of records follow a write."""
    wanted = specs(in_force(catalog.current()), batch.type)
    if not wanted:
        return
    compared = {name for _, name in wanted}
    places = [
        place
        for place in range(len(batch))
        if batch.operation != "update" or not compared.isdisjoint(batch.changed(place))
    ]
    ids = {place: id_ for place in places if (id_ := batch.id(place)) is not None}
    if batch.operation in ("update", "delete") and ids:
        table("key").delete({"record": list(ids.values())})
        pairs.forget(batch.type, list(ids.values()))
    if batch.operation != "delete":
        write(
            batch.type,
            wanted,
            {id_: wire(batch, place, compared) for place, id_ in ids.items()},
        )


def wire(batch: WriteBatch, place: int, names: Iterable[str], *, before: bool = False) -> Any:
    """Return what a row of a batch will have in some fields, or had, as wire values."""
    value = batch.before if before else batch.value
    known = batch.entity_type.fields
    return {name: known[name].wire(value(place, name)) for name in names}


# -- all records ----------------------------------------------------------------------------------
class Anew(Schema):
    """What the job is asked: to make keys that are there already, too."""

    anew = fields.Boolean(load_default=False)


def fill_chunk(chunk: jobs.Chunk) -> jobs.Step:
    """Make the keys of the records of one type after the other, where rules ask for others."""
    at = chunk.checkpoint or {"todo": None, "after": 0}
    rules = in_force(catalog.current())
    needed = {name: _text(found) for rule in rules if (found := specs(rules, name := rule.against))}
    todo = at["todo"]
    if todo is None:
        built = {} if chunk.arguments.get("anew") else state(_BUILT) or {}
        todo = sorted(name for name in {*needed, *built} if needed.get(name) != built.get(name))
    if not todo:
        return chunk.finish()
    name, *rest = todo
    ids = _ids(name, at["after"])
    _make(name, specs(rules, name), ids)
    if len(ids) == _CHUNK:
        return chunk.more({"todo": todo, "after": ids[-1]}, done=len(ids))
    known = {**(state(_BUILT) or {}), name: needed.get(name)}
    save_state(_BUILT, {each: text for each, text in known.items() if text})
    return chunk.more({"todo": rest, "after": 0}, done=len(ids))


def _text(wanted: Specs) -> str:
    return f"{_VERSION} " + ", ".join(f"{comparison} {name}" for comparison, name in sorted(wanted))


def _ids(type_name: str, after: int) -> list[int]:
    if type_name not in catalog.current().types:
        return []
    asked = {
        "filter": {"field": "id", "op": "gt", "value": after}, "sort": ["id"], "fields": ["id"],
        "limit": _CHUNK,
    }  # fmt: skip
    found = query.page(
        query.from_json(type_name, asked, actor=plugin_host.context_of(ID).as_plugin())
    )
    return [record["id"] for record in found.records]


def _make(type_name: str, wanted: Specs, ids: list[int]) -> None:
    """Make the keys of some records anew.

    The old ones go first, and then the values are read: whoever writes a record meanwhile waits,
    or has written what is read.
    """
    if not ids:
        return
    table("key").delete({"record": ids})
    if wanted:
        names = sorted({name for _, name in wanted})
        asked, plugin = {"fields": ["id", *names]}, plugin_host.context_of(ID).as_plugin()
        found = query.every(type_name, asked, among=("id", ids), actor=plugin)
        write(type_name, wanted, {record["id"]: record for record in found})


KEYS: Final = jobs.Kind(
    name="duplicates_keys", title=translated("Keys of duplicates"), run=fill_chunk, arguments=Anew,
    chunk=_CHUNK, limit=1, schedule="every 1 day",
)  # fmt: skip
