"""Routes on the data model: describe, plan, apply; and one change at a time by its own address."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import Schema

from ...schemas.entity_types import (
    ApplySchema,
    EntityTypeChangeSchema,
    EntityTypeSchema,
    FieldAnswerSchema,
    FieldChangeAnswerSchema,
    PlanSchema,
)
from .. import access, catalog, entities
from ..catalog import EntityType
from ..errors import RelatumError, nearest
from . import wire
from .operations import (
    ACCESS,
    EXCLUSIVE,
    PLAN_ONLY,
    PREFIX,
    READ,
    Answer,
    Call,
    Parameter,
    Reply,
    operation,
)
from .records import FLAG

TAG: Final = "entity types"
CHANGED: Final = {200: Reply("ChangedType")}
_MADE: Final = {**CHANGED, 201: Reply("ChangedType", ("Location",))}
PROBLEMS: Final = (409, 422)


# -- describe -------------------------------------------------------------------------------
@operation(
    "GET", "/entity-types", tag=TAG,
    query=(Parameter("_trashed", FLAG, "1: those in the trash instead."),),
    replies={200: Reply("EntityTypes")},
)  # fmt: skip
def list_entity_types(call: Call) -> Answer:
    """Describe all entity types, with their fields and operators."""
    known = _known(call)
    found = known.trashed_types if call.flag("_trashed") else known.types.values()
    return Answer({"types": [entities.describe(entity_type, known) for entity_type in found]})


@operation(
    "GET", "/entity-types/<type:type>", tag=TAG,
    query=(Parameter("_trashed", FLAG, "1: the last one of that name in the trash instead."),),
    replies={200: Reply("EntityType")},
)  # fmt: skip
def read_entity_type(call: Call, type: str) -> Answer:  # noqa: A002  # the word of the path
    """Describe one entity type."""
    known = _known(call)
    found = _trashed(known, type) if call.flag("_trashed") else known.type(type)
    return Answer(entities.describe(found, known))


def _trashed(known: catalog.Catalog, name: str) -> EntityType:
    found = [t for t in known.trashed_types if t.name == name]
    if not found:
        near = nearest(name, [t.name for t in known.trashed_types])
        raise RelatumError("type_unknown", type=name, nearest=f" None is in the trash.{near}")
    return max(found, key=lambda t: t.trashed_in or 0)


@operation("GET", "/entity-types/export", tag=TAG, replies={200: Reply("Export")})
def export_entity_types(call: Call) -> Answer:
    """Export what was made here, as text that another instance can take over."""
    access.require(call.actor, "read", "the whole data model")
    return Answer(entities.export(catalog.current()))


def _known(call: Call) -> catalog.Catalog:
    """Return the catalog as the caller sees it; raise `forbidden` for who sees nothing of it."""
    access.require_any(call.actor, "read", "entity types")
    return access.seen(call.actor)


# -- many changes ---------------------------------------------------------------------------
@operation(
    "POST", "/entity-types/plan", tag=TAG, mode=READ, body="Plan",
    replies={200: Reply("PlanAnswer")}, problems=PROBLEMS,
)  # fmt: skip
def plan_changes(call: Call) -> Answer:
    """Compute what changes would do: steps, SQL, rows, open questions. Nothing is written."""
    _check(PlanSchema, call)
    return _answer(entities.plan(call.body["changes"], actor=call.actor), applied=False)


@operation(
    "POST", "/entity-types/apply", tag=TAG, mode=EXCLUSIVE, body="Apply",
    replies={200: Reply("PlanAnswer")}, problems=PROBLEMS,
)  # fmt: skip
def apply_changes(call: Call) -> Answer:
    """Apply changes, all or none; with `plan`, only if they still mean what that plan said."""
    _check(ApplySchema, call)
    expect = call.body.get("plan")
    return _answer(
        entities.apply(call.body["changes"], actor=call.actor, expect=expect), applied=True
    )


def _answer(plan: entities.Plan, *, applied: bool) -> Answer:
    """Return a plan, and the types it is about as they are now."""
    known = catalog.current()
    names = dict.fromkeys(step.target.partition(".")[0] for step in plan.steps)
    types = [entities.describe(known.types[name], known) for name in names if name in known.types]
    return Answer({**plan.as_json(), "applied": applied, "types": types})


def _check(schema: type[Schema], call: Call) -> None:
    """Check a body's form; the changes themselves are read by the plan."""
    wire.load(schema, call.body)


# -- one change -----------------------------------------------------------------------------
def one_change(call: Call, type_name: str, change: dict[str, Any], *, made: str = "") -> Answer:
    """Plan or apply one change and describe its type; `made` is the address of what it makes."""
    planned = call.flag(PLAN_ONLY.name)
    verb = entities.plan if planned else entities.apply
    try:
        plan = verb([change], actor=call.actor)
    except RelatumError as error:
        raise _in_place(error) from None
    known = catalog.current()
    found = known.types.get(type_name)
    body = {
        **plan.as_json(),
        "applied": not planned,
        "type": None if found is None else entities.describe(found, known),
    }
    if planned or not made:
        return Answer(body)
    return Answer(body, 201, {"Location": f"{PREFIX}/entity-types/{made}"})


def _in_place(error: RelatumError) -> RelatumError:
    """Name the place in the body that was sent, not in the list of changes made of it."""
    if error.code != "definition_invalid":
        return error
    what = str(error.params["what"]).removeprefix("changes.0.")
    return RelatumError(error.code, what=what, reason=error.params["reason"])


@operation(
    "POST", "/entity-types", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY, ACCESS),
    body="NewEntityType", replies=_MADE, problems=PROBLEMS,
)  # fmt: skip
def create_entity_type(call: Call) -> Answer:
    """Make an entity type with its fields."""
    name = wire.load(EntityTypeSchema, call.body)["name"]
    opening = call.text(ACCESS.name)
    change = {**call.body, "op": "create_type", **({"access": opening} if opening else {})}
    return one_change(call, name, change, made=name)


@operation(
    "PATCH", "/entity-types/<type:type>", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY,),
    body="EntityTypeChange", replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def change_entity_type(call: Call, type: str) -> Answer:  # noqa: A002
    """Change labels, icon, hue, description, title or layout of an entity type."""
    _check(EntityTypeChangeSchema, call)
    return one_change(call, type, {**call.body, "op": "change_type", "type": type})


@operation(
    "DELETE", "/entity-types/<type:type>", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY,),
    replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def trash_entity_type(call: Call, type: str) -> Answer:  # noqa: A002
    """Put an entity type in the trash; its records are kept and come back with it."""
    return one_change(call, type, {"op": "trash_type", "type": type})


@operation(
    "POST", "/entity-types/<type:type>/restore", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY,),
    replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def restore_entity_type(call: Call, type: str) -> Answer:  # noqa: A002
    """Take an entity type out of the trash."""
    return one_change(call, type, {"op": "restore_type", "type": type})


@operation(
    "POST", "/entity-types/<type:type>/purge", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY,),
    replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def purge_entity_type(call: Call, type: str) -> Answer:  # noqa: A002
    """Drop an entity type that is in the trash, with its records, for good."""
    return one_change(call, type, {"op": "purge_type", "type": type})


@operation(
    "POST", "/entity-types/<type:type>/fields", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY,),
    body="NewField", replies=_MADE, problems=PROBLEMS,
)  # fmt: skip
def add_field(call: Call, type: str) -> Answer:  # noqa: A002
    """Add a field; `existing` says what existing records get if it is required."""
    wire.load(FieldAnswerSchema, call.body)
    return one_change(call, type, {**call.body, "op": "add_field", "type": type}, made=type)


@operation(
    "PATCH", "/entity-types/<type:type>/fields/<field>", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), body="FieldChange", replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def change_field(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Change a field; `existing` says what happens to records that break a stricter rule."""
    _check(FieldChangeAnswerSchema, call)
    return one_change(call, type, {**call.body, "op": "change_field", "type": type, "field": field})


@operation(
    "DELETE", "/entity-types/<type:type>/fields/<field>", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def trash_field(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Put a field in the trash; its values are kept and come back with it."""
    return one_change(call, type, {"op": "trash_field", "type": type, "field": field})


@operation(
    "POST", "/entity-types/<type:type>/fields/<field>/restore", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def restore_field(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Take a field out of the trash.

    If its values are no longer unique, say what happens to them in a plan of changes.
    """
    return one_change(call, type, {"op": "restore_field", "type": type, "field": field})


@operation(
    "POST", "/entity-types/<type:type>/fields/<field>/purge", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def purge_field(call: Call, type: str, field: str) -> Answer:  # noqa: A002
    """Drop a field that is in the trash, with its values, for good."""
    return one_change(call, type, {"op": "purge_field", "type": type, "field": field})
