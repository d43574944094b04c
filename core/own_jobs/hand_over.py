"""Hand what a user owns over to others: records of all types, as one job that is undone as one.

Each type is a change of many records, as `bulk` does it: its rules, its refusals, its chunks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ...schemas.jobs import HandOverSchema
from .. import access, auth, catalog, query
from ..actor import Actor
from ..auth.people import known
from ..catalog import EntityType
from ..errors import Invalid, Problem, RelatumError
from ..fields import Choice
from ..jobs import Chunk, Kind, Step, register
from ..languages import Phrase
from .bulk import BULK_UPDATE, NAMED

#: The category of options that are not the end of something.
_OPEN: Final = "open"


def owned(user_id: int, *, actor: Actor) -> list[dict[str, Any]]:
    """Return what a user owns outside of the trash: {type, label, records, open, state} by type.

    `open` counts those that are not in a closed category of the choice `state`; all, without one.
    """
    found = []
    for entity_type in _owning(actor):
        state = _state_of(entity_type)
        asked: dict[str, Any] = {"filter": _of(user_id), "select": ["count"]}
        if state is not None:
            asked["group"] = [state.name]
        groups = query.aggregate(query.from_json(entity_type.name, asked, actor=actor)).groups
        count = sum(group["count"] for group in groups)
        over = _closed(state) if state is not None else set()
        closed = sum(g["count"] for g in groups if state is not None and g[state.name] in over)
        if count:
            found.append(
                {
                    "type": entity_type.name, "label": entity_type.plural, "records": count,
                    "open": count - closed, "state": state.name if state is not None else None,
                }
            )  # fmt: skip
    return found


def _owning(actor: Actor) -> list[EntityType]:
    """Return the types whose records have an owner of their own: parts go with their wholes."""
    return [each for each in access.seen(actor).types.values() if each.part_of is None]


def _state_of(entity_type: EntityType) -> Choice | None:
    """Return the choice that says whether a record is done with: the first with categories."""
    found = (f for f in entity_type.own_fields if isinstance(f, Choice) and _closed(f))
    return next(found, None)


def _closed(state: Choice) -> set[str]:
    return {o.value for o in state.options if o.category is not None and o.category != _OPEN}


def _of(user_id: int) -> dict[str, Any]:
    return {"field": "owner", "value": user_id}


def _meant(entity_type: EntityType, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the filter of the records of a type that are handed over."""
    of_user, state = _of(arguments["user"]), _state_of(entity_type)
    if not arguments["only_open"] or state is None:
        return of_user
    over = sorted({o.category for o in state.options if o.value in _closed(state) and o.category})
    still = [
        {"field": state.name, "op": "empty", "value": True},
        {"not": {"field": state.name, "op": "category", "value": over}},
    ]
    return {"and": [of_user, {"or": still}]}


# -- the job --------------------------------------------------------------------------------
def _check(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Raise what is wrong with a wish: who leaves, and every heir."""
    known(arguments["user"])
    heirs = {f"heirs.{name}": id_ for name, id_ in arguments["heirs"].items()}
    problems = []
    for place, heir in {"transfer_to": arguments.get("transfer_to"), **heirs}.items():
        refused = _refusal(arguments["user"], heir) if heir is not None else None
        if refused is not None:
            problems.append(Problem("heir_impossible", {"reason": refused}, field=place))
    for name in arguments["heirs"]:
        access.seen(actor).type(name)
    if problems:
        raise Invalid(problems)
    return arguments


def _refusal(user_id: int, heir: int) -> str | None:
    """Say why somebody gets nothing; None: he does."""
    if heir == user_id:
        return Phrase("it is the user who leaves")
    try:
        auth.must_enter(heir)
    except RelatumError as error:
        unknown = error.code == "record_unknown"
        return Phrase("there is no such user") if unknown else Phrase("the user is disabled")
    return None


def _heir(arguments: dict[str, Any], type_name: str) -> int | None:
    heir: int | None = arguments["heirs"].get(type_name, arguments.get("transfer_to"))
    return heir


def look(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Say what would change hands: {"count": all, "types": {type: how many}}."""
    _check(arguments, actor)
    found = owned(arguments["user"], actor=actor)
    word = "open" if arguments["only_open"] else "records"
    types = {each["type"]: each[word] for each in found if _heir(arguments, each["type"])}
    return {"count": sum(types.values()), "types": types}


def hand_over(chunk: Chunk) -> Step:
    """Do some records of the type at hand; the checkpoint holds the types that are left."""
    at = chunk.checkpoint or _beginning(chunk)
    total = None if chunk.checkpoint else at["total"]
    left, inner = list(at["left"]), at["inner"]
    counts, refused = dict(at["counts"]), list(at["refused"])
    while left:
        name = left[0]
        step = _step(chunk, name, inner)
        if step is not None and not step.finished:
            state = {**at, "left": left, "inner": step.checkpoint, "counts": counts,
                     "refused": refused}  # fmt: skip
            return chunk.more(state, done=step.done, total=total)
        if step is not None:
            told = dict(step.result or {})
            refused = [*refused, *told.pop("refusals")][:NAMED]
            counts[name] = told
        left, inner = left[1:], None
    totals = Counter[str]()
    for each in counts.values():
        totals.update(each)
    return chunk.finish({**totals, "types": counts, "refusals": refused}, total=total)


def _beginning(chunk: Chunk) -> dict[str, Any]:
    counts = look(chunk.arguments, chunk.actor)
    left = [name for name, count in counts["types"].items() if count]
    return {"left": left, "inner": None, "counts": {}, "refused": [], "total": counts["count"]}


def _step(chunk: Chunk, name: str, inner: Any) -> Step | None:
    """Do the next records of a type; None for one that is not there any more."""
    entity_type = catalog.current().types.get(name)
    if entity_type is None:
        return None
    values = {"owner": _heir(chunk.arguments, name)}
    asked = {"type": name, "filter": _meant(entity_type, chunk.arguments), "values": values}
    run: Callable[[Chunk], Step] = BULK_UPDATE.run
    return run(replace(chunk, arguments=asked, checkpoint=inner, prepared=None))


HAND_OVER: Final = register(
    Kind(
        name="hand_over", title="Hand over records", run=hand_over, arguments=HandOverSchema,
        check=_check, look=look,
    )
)  # fmt: skip
