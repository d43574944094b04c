"""Convert leads, look at what would come of it, and disqualify them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, overload

from relatum import Actor, RelatumError, query, records, savepoint

from . import choices as chosen
from . import leads
from .choices import Choices
from .drafting import Draft, Part, Wrong, drafts
from .mapping import LEAD, TYPES, mapped
from .writing import Converted, Refused, Unseen, Writing

#: How often a bulk conversion is tried without the leads that were refused.
_TRIES: Final = 5


@overload
def convert(
    lead_ids: int, choices: Any = None, *, actor: Actor,
    versions: Mapping[int, int] | None = None,
) -> Converted: ...  # fmt: skip
@overload
def convert(
    lead_ids: Sequence[int], choices: Any = None, *, actor: Actor, partial: bool = False,
    versions: Mapping[int, int] | None = None,
) -> list[Converted]: ...  # fmt: skip
def convert(
    lead_ids: int | Sequence[int],
    choices: Any = None,
    *,
    actor: Actor,
    partial: bool = False,
    versions: Mapping[int, int] | None = None,
) -> Converted | list[Converted]:
    """Convert one lead or several: each becomes an account, a contact and an opportunity.

    Joins the open transaction, so all is one change set and one undo. `choices` is what
    `choices.read` takes; `versions` are those that leads must have. Returns what became of the
    lead, or of each in order; with `partial` those that are refused are among them. Raises what is
    wrong with the first lead otherwise: `sales_lead_converted`, `sales_lead_matches`,
    `sales_nothing_made`, `sales_field_needed`, `sales_choice_invalid`, `record_unknown`,
    `forbidden`, `invalid`.
    """
    if isinstance(lead_ids, int):
        [one] = convert([lead_ids], choices, actor=actor, versions=versions)
        return one
    ids, picked = list(dict.fromkeys(lead_ids)), chosen.read(choices or {})
    wrong = dict(leads.lock(ids, actor=actor, versions=versions)) if ids else {}
    _stop(wrong, ids, partial=partial)
    found = leads.by_id(LEAD, [id_ for id_ in ids if id_ not in wrong], actor=actor)
    wrong |= _done_before(list(found.values()), actor)
    _stop(wrong, ids, partial=partial)
    left = [found[id_] for id_ in ids if id_ in found and id_ not in wrong]
    done = _converted(left, picked, wrong, actor=actor, partial=partial)
    return [done.get(id_) or Converted(id_, {}, error=wrong[id_]) for id_ in ids]


def _stop(wrong: Wrong, ids: Sequence[int], *, partial: bool) -> None:
    """Raise what is wrong with the first lead, unless the others are to be converted."""
    if wrong and not partial:
        raise wrong[min(wrong, key=ids.index)]


def _done_before(found: Sequence[leads.Record], actor: Actor) -> Wrong:
    """Refuse leads that were converted, with what they became as far as that is seen."""
    became = leads.became(found, actor=actor)
    every = [to for some in became.values() for to in some]
    called = query.labels([*became, *every], actor=actor)

    def named(id_: int) -> str:
        known = called.get(str(id_), {})
        return f"{known.get('type', LEAD)} {id_} ({known.get('label', '')})"

    return {
        id_: RelatumError(
            "sales_lead_converted", id=id_, label=called.get(str(id_), {}).get("label", ""),
            became=", ".join(map(named, some)) or "–",
        )
        for id_, some in became.items()
    }  # fmt: skip


def _converted(
    left: list[leads.Record], picked: Choices, wrong: Wrong, *, actor: Actor, partial: bool
) -> dict[int, Converted]:
    """Convert leads all at once; of a partial call those that can be, one by one in the end."""
    order = [lead["id"] for lead in left]
    for _ in range(_TRIES if partial else 1):
        if not left:
            return {}
        try:
            return _at_once(left, picked, actor=actor, wrong=wrong, partial=partial)
        except Refused as refused:
            wrong |= refused.wrong
            _stop(refused.wrong, order, partial=partial)
        left = [lead for lead in left if lead["id"] not in wrong]
    done: dict[int, Converted] = {}
    for lead in left:
        try:
            done |= _at_once([lead], picked, actor=actor, wrong=wrong, partial=partial)
        except Refused as refused:
            wrong |= refused.wrong
    return done


def _at_once(
    found: list[leads.Record], picked: Choices, *, actor: Actor, wrong: Wrong, partial: bool
) -> dict[int, Converted]:
    made, refused = drafts(found, picked, actor=actor)
    _stop(refused, [lead["id"] for lead in found], partial=partial)
    wrong |= refused
    try:
        with savepoint():
            return Writing(made, actor, picked).run()
    except Unseen:
        with savepoint():
            return Writing(made, actor, picked, later=True).run()


# -- look -----------------------------------------------------------------------------------------
def look(lead_id: int, choices: Any = None, *, actor: Actor) -> dict[str, Any]:
    """Say what converting a lead would make of it, and write nothing.

    Returns {lead, label, version, converted: [id], TYPE: {choice, id, values, matches: [{type, id,
    label, score, reasons, blocks}]}, left_out, stale, error}. Raises `record_unknown`,
    `sales_choice_invalid`.
    """
    found = leads.by_id(LEAD, [lead_id], actor=actor)
    if lead_id not in found:
        raise RelatumError("record_unknown", type=LEAD, id=lead_id)
    draft, error = draft_of(found[lead_id], choices, actor=actor)
    became = leads.became([found[lead_id]], actor=actor)
    done = _done_before([found[lead_id]], actor) if became else {}
    error = done.get(lead_id, error)
    return {
        "lead": lead_id, "label": draft.label, "version": found[lead_id]["version"],
        "converted": became.get(lead_id, []),
        **{name: _shown(draft.parts[name]) for name in TYPES},
        "left_out": [each.as_json() for each in draft.left_out],
        "stale": [{"line": line, "reason": str(why)} for line, why in mapped().stale],
        "error": error.as_json() if error else None,
    }  # fmt: skip


def drafts_of(ids: Sequence[int], choices: Any, *, actor: Actor) -> tuple[list[Draft], Wrong]:
    """Return what those leads that are seen would become, in order, and what stands against it.

    Raises `sales_choice_invalid`.
    """
    found = leads.by_id(LEAD, ids, actor=actor)
    there = [found[id_] for id_ in ids if id_ in found]
    made, wrong = drafts(there, chosen.read(choices or {}), actor=actor, looking=True)
    return made, wrong | _done_before(there, actor)


def draft_of(
    lead: leads.Record, choices: Any, *, actor: Actor
) -> tuple[Draft, RelatumError | None]:
    """Return what a lead would become, and what stands against it."""
    made, wrong = drafts([lead], chosen.read(choices or {}), actor=actor, looking=True)
    return made[0], wrong.get(lead["id"])


def _shown(part: Part) -> dict[str, Any]:
    return {
        "choice": part.choice, "id": part.id, "values": part.row,
        "matches": [match_as_json(each) for each in part.matches],
    }  # fmt: skip


def match_as_json(match: Any) -> dict[str, Any]:
    """Return a match as answers show it."""
    names = ("type", "id", "label", "score", "reasons", "blocks")
    return {name: getattr(match, name) for name in names}


# -- disqualify -----------------------------------------------------------------------------------
def disqualify(
    lead_ids: int | Sequence[int], status: str, *, actor: Actor
) -> list[records.Outcome]:
    """Close leads without a deal, for a reason: a status of the category lost.

    Joins the open transaction. Raises `sales_choice_invalid`, `sales_lead_has_deals`, and what
    `records.update` does.
    """
    ids = [lead_ids] if isinstance(lead_ids, int) else list(dict.fromkeys(lead_ids))
    possible = leads.statuses("lost")
    if status not in possible:
        told = {"value": str(status)[:100], "possible": ", ".join(possible)}
        raise RelatumError("sales_choice_invalid", name="status", **told)
    wrong = leads.lock(ids, actor=actor)
    _stop(wrong, ids, partial=False)
    with_deals = leads.deals_of(ids, actor=actor)
    for id_ in ids:
        if id_ in with_deals:
            label = query.labels([id_], actor=actor).get(str(id_), {}).get("label", "")
            raise RelatumError("sales_lead_has_deals", id=id_, label=label)
    rows = [{"id": id_, "status": status} for id_ in ids]
    return records.update(LEAD, rows, actor=actor)
