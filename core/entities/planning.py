"""Plans: what changes of the data model would do, all of them or those that can be."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from marshmallow import RAISE, ValidationError

from ...schemas.entity_types import OPERATIONS as WIRE
from ...schemas.entity_types import flat
from .. import access, catalog, ddl
from ..actor import Actor
from ..errors import RelatumError
from . import amounts, belonging, dependent, entailed, limits
from .draft import Draft, Step
from .operations import OPERATIONS
from .owners import LOCAL, Owner
from .views import note_broken

#: How bad a step can be, from the best on.
RISKS: Final = ("safe", "lossy", "destructive")


@dataclass(frozen=True)
class Plan:
    """What a list of changes means: ordered steps, their SQL, and whether it can be applied."""

    generation: int
    steps: tuple[Step, ...]
    sql: tuple[tuple[str, ...], ...]
    fingerprint: str
    #: The catalog as it will be.
    after: catalog.Catalog = field(repr=False, compare=False)

    @property
    def blocked(self) -> bool:
        """Whether a question is open."""
        return any(step.question for step in self.steps)

    @property
    def risk(self) -> str:
        """The worst of its steps: safe, lossy or destructive."""
        return max((step.risk for step in self.steps), key=RISKS.index, default="safe")

    def as_json(self) -> dict[str, Any]:
        """Return the plan as the API, the command line and the pages show it."""
        return {
            "plan": self.fingerprint,
            "generation": self.generation,
            "blocked": self.blocked,
            "risk": self.risk,
            "steps": [
                {
                    "op": step.op,
                    "target": step.target,
                    "summary": step.summary,
                    "risk": step.risk,
                    "rows": step.rows,
                    "offenders": step.offenders,
                    "uses": step.uses,
                    "notes": step.notes,
                    "question": step.question.as_json() if step.question else None,
                    "sql": list(sql),
                }
                for step, sql in zip(self.steps, self.sql, strict=True)
            ],
        }


def plan(changes: list[dict[str, Any]], *, actor: Actor, owner: Owner = LOCAL) -> Plan:
    """Compute what `changes` of an owner would do; nothing is written.

    `changes` is a list of operations as in `schemas.entity_types`. Raises the error of the
    first operation that can't be, and `forbidden`.
    """
    return planned(changes, actor, owner)[0]


@dataclass(frozen=True)
class Sketch:
    """What can be planned of a list of changes, and what is wrong with the rest."""

    plan: Plan
    #: Why a change was left out, by its place in the list.
    refused: dict[int, RelatumError]
    #: What is wrong with all the others together; with it they can't be applied.
    problem: RelatumError | None


def sketch(changes: list[dict[str, Any]], *, actor: Actor) -> Sketch:
    """Plan those of an administrator's `changes` that can be, in order; nothing is written.

    For changes that are collected while others change the data model, too. Raises `forbidden`.
    """
    access.require(actor, "customise", "the data model")
    refused: dict[int, RelatumError] = {}
    while True:
        draft = Draft()
        try:
            for at, change in enumerate(changes):
                if at not in refused:
                    _take(draft, at, change)
        except RelatumError as error:
            refused[at] = error
            continue
        break
    problem = None
    try:
        _check_whole(draft)
    except RelatumError as error:
        problem = error
    kept = [change for at, change in enumerate(changes) if at not in refused]
    return Sketch(_planned(draft, kept), refused, problem)


def planned(
    changes: list[dict[str, Any]], actor: Actor, owner: Owner, *, applying: bool = False
) -> tuple[Plan, Draft]:
    """Return the plan of `changes` with the draft that it was made from; raise as `plan`."""
    access.require(actor, "customise", "the data model")
    draft = Draft(owner, applying=applying)
    for place, change in enumerate(changes):
        _take(draft, place, change)
    _check_whole(draft)
    return _planned(draft, changes), draft


def _take(draft: Draft, place: int, change: dict[str, Any]) -> None:
    operation, loaded = _load(place, change)
    OPERATIONS[operation](draft, loaded)


def _check_whole(draft: Draft) -> None:
    """Refuse what only all changes together make wrong."""
    limits.check(draft)
    dependent.check(draft)
    entailed.check(draft)
    amounts.check(draft)
    belonging.check(draft)


def _planned(draft: Draft, changes: list[dict[str, Any]]) -> Plan:
    note_broken(draft)
    dialect = draft.connection.dialect
    sql = ddl.as_text((step.statements for step in draft.steps), dialect)
    counted = [step for step in draft.steps if step.job is None]
    seen = [draft.generation, changes, sql, [(s.rows, s.offenders) for s in counted]]
    # The order of words in a change means nothing, and whoever sends it back may have sorted them.
    packed = orjson.dumps(seen, default=str, option=orjson.OPT_SORT_KEYS)
    fingerprint = hashlib.sha256(packed).hexdigest()[:16]
    return Plan(draft.generation, tuple(draft.steps), sql, fingerprint, draft.catalog)


def _load(place: int, change: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    op = change.get("op")
    if not isinstance(op, str) or op not in WIRE:
        raise RelatumError("operation_unknown", op=op, known=", ".join(WIRE))
    try:
        loaded: dict[str, Any] = WIRE[op](unknown=RAISE).load(change)
    except ValidationError as error:
        path, reason = flat(error)[0]
        what = f"changes.{place}.{path}"
        raise RelatumError("definition_invalid", what=what, reason=reason) from None
    return op, loaded
