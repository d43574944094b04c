"""The job that searches all records of a type for pairs that are likely to be one."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema, fields

from relatum import Actor, Permission, RelatumError, catalog, jobs, plugin_host, query, seen

from . import pairs
from .matching import CANDIDATES, look
from .rules import ID, Rule, in_force, table
from .words import translated

REVIEW: Final = "duplicates.review"
PERMISSION: Final = Permission(REVIEW, "Look through duplicates", roles=("manager", "member"))
_CHUNK: Final = 200


class Asked(Schema):
    """The type whose records are searched."""

    type = fields.String(required=True)


def rules_within(known: catalog.Catalog, type_name: str) -> list[Rule]:
    """Return the rules that compare the records of a type with each other."""
    return [rule for rule in in_force(known) if rule.type == rule.against == type_name]


def types(known: catalog.Catalog) -> list[str]:
    """Return the types whose records are compared with each other, in order."""
    return sorted({rule.type for rule in in_force(known) if rule.type == rule.against})


def _check(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    known = seen(actor)
    name = known.type(arguments["type"]).name
    if not rules_within(known, name):
        reason = f"no rule compares records of '{name}' with each other. Make one first"
        raise RelatumError("bad_parameter", name="type", reason=reason)
    return arguments


def _search(chunk: jobs.Chunk) -> jobs.Step:
    """Search for the pairs of some records, each pair by the younger of the two.

    It is found whoever sees them; who sees only one of the two is not shown it.
    """
    name, at = chunk.arguments["type"], chunk.checkpoint or {"after": 0, "pairs": 0, "crowded": 0}
    if not at["after"]:
        table("pair").delete({"type": name, "dismissed": False})
    actor = plugin_host.context_of(ID).as_plugin()
    rules = rules_within(catalog.current(), name)
    if not rules:
        return chunk.finish({"pairs": at["pairs"]})
    names = sorted({each for rule in rules for one in rule.conditions for each in one.fields})
    asked = {
        "filter": {"field": "id", "op": "gt", "value": at["after"]}, "sort": ["id"],
        "fields": ["id", *names], "limit": _CHUNK,
    }  # fmt: skip
    rows = query.page(query.from_json(name, asked, actor=actor)).records
    looked = look(rules, rows, own=[row["id"] for row in rows], actor=actor)
    found = (
        (row["id"], each.id, each.score, tuple(one.there[0] for one in each.met))
        for row, some in zip(rows, looked.found, strict=True)
        for each in some
        if each.id < row["id"]
    )
    kept, crowded = pairs.keep(name, found) + at["pairs"], looked.crowded + at["crowded"]
    if len(rows) == _CHUNK:
        step = {"after": rows[-1]["id"], "pairs": kept, "crowded": crowded}
        return chunk.more(step, done=len(rows))
    if crowded:
        chunk.log(f"Keys that more than {CANDIDATES} records share found nobody: {crowded}")
    return chunk.finish({"pairs": kept, "crowded": crowded}, done=len(rows))


SEARCH: Final = jobs.Kind(
    name="duplicates_search", title=translated("Search for duplicates"), run=_search,
    arguments=Asked, check=_check, permission=REVIEW, chunk=_CHUNK, limit=1,
)  # fmt: skip
