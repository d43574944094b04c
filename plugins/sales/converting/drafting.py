"""What a lead would become: the records that are linked, and the rows of those that are made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from relatum import Actor, RelatumError, catalog, fields, for_new, may, query, records, seen

from . import leads, mapping, matching
from .choices import ASK, AUTO, LINK, NEW, NONE, Choice, Choices
from .leads import Record
from .mapping import ACCOUNT, CONTACT, DEAL, TYPES, Mapped
from .matching import Match

#: Why a value of a lead is not carried.
NOT_WRITABLE, DOES_NOT_FIT, NOT_YOURS = "not_writable", "does_not_fit", "not_yours"
#: The fields that say to whom a record belongs.
OWN: Final = ("owner", "team")
#: Matches that a refusal names.
_NAMED: Final = 3


class LeftOut(NamedTuple):
    """A value that does not get into a record, and why."""

    type: str
    field: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return it as answers show it."""
        return self._asdict()


@dataclass(slots=True)
class Part:
    """One record that a lead becomes: one that there is, a new one, or none."""

    type: str
    choice: Choice
    row: dict[str, Any] = field(default_factory=dict)
    matches: Sequence[Match] = ()
    #: The record that there is, as whoever converts sees it, its id, and whether he may change it.
    record: Record | None = None
    id: int | None = None
    changeable: bool = False
    #: Nothing was chosen, so what is known of the lead has decided.
    decided: bool = False


@dataclass(slots=True)
class Draft:
    """What one lead would become."""

    lead: Record
    label: str
    parts: dict[str, Part]
    left_out: list[LeftOut] = field(default_factory=list)


Wrong = dict[int, RelatumError]


def drafts(
    found: Sequence[Record], choices: Choices, *, actor: Actor, looking: bool = False
) -> tuple[list[Draft], Wrong]:
    """Return what leads would become, and what is wrong with those that can't be converted.

    `looking` finds the matches of what is chosen, too, and drafts those that are refused as well.
    """
    held = mapping.mapped()
    called = query.labels([lead["id"] for lead in found], actor=actor)
    made = []
    for lead in found:
        label = called.get(str(lead["id"]), {}).get("label", "")
        draft = Draft(lead, label, {})
        for name in TYPES:
            row = _carried(draft, held, name, actor)
            row |= choices.values.get(name, {})
            draft.parts[name] = Part(name, choices.of(name), row)
        made.append(draft)
    _match(made, choices, actor=actor, looking=looking)
    wrong: Wrong = {}
    for draft in made:
        refused = _settle(draft, choices)
        if refused is not None:
            wrong[draft.lead["id"]] = refused
    good = [draft for draft in made if looking or draft.lead["id"] not in wrong]
    _find(good, wrong, actor=actor)
    for draft in [draft for draft in good if looking or draft.lead["id"] not in wrong]:
        if draft.parts[ACCOUNT].choice == NONE and draft.parts[CONTACT].choice == NONE:
            told = {"id": draft.lead["id"], "label": draft.label}
            wrong.setdefault(draft.lead["id"], RelatumError("sales_nothing_made", **told))
        for name in TYPES:
            refused = _complete(draft, draft.parts[name], actor)
            if refused is not None:
                wrong.setdefault(draft.lead["id"], refused)
    return made if looking else [d for d in good if d.lead["id"] not in wrong], wrong


# -- values ---------------------------------------------------------------------------------------
def _carried(draft: Draft, held: Mapped, type_name: str, actor: Actor) -> dict[str, Any]:
    """Return what a record of a type gets of a lead, as far as its fields take it."""
    known, row = seen(actor), dict[str, Any]()
    target_type = known.types.get(type_name)
    if target_type is None:
        return row
    for line in held.of(type_name):
        value, target = draft.lead.get(line.source), target_type.fields.get(line.target or "")
        if is_empty(value) or target is None:
            continue
        if _takes(target, value):
            row[target.name] = value
        else:
            draft.left_out.append(LeftOut(type_name, target.name, DOES_NOT_FIT))
    return row


def is_empty(value: Any) -> bool:
    """Say whether nothing is in a field."""
    if isinstance(value, Mapping):
        return all(each is None for each in value.values())
    return value in (None, "", [])


def _takes(target: fields.Field, value: Any) -> bool:
    try:
        target.check(value)
    except fields.Refused:
        return False
    options = {option.value for option in target.options if not option.retired}
    given = value if isinstance(value, list) else [value]
    return not target.options or options.issuperset(given)


def _complete(draft: Draft, part: Part, actor: Actor) -> RelatumError | None:
    """Leave out of a row what whoever converts may not write; return why that can't be.

    Of a record that there is, only what is empty in it is filled.
    """
    if part.choice == NONE or part.type not in seen(actor).types:
        part.row = {}
        return None
    if part.record is not None:
        part.row = {n: v for n, v in part.row.items() if is_empty(part.record.get(n))}
        writable = seen(actor).type(part.type).writable
    else:
        writable = for_new(actor, part.type).writable
        if not may(actor, "create", part.type):
            thing = f"records of '{part.type}'"
            return RelatumError("forbidden", action="create", thing=thing)
    locked = [n for n in part.row if n in seen(actor).type(part.type).fields and n not in writable]
    whole = catalog.current().type(part.type)
    for name in locked:
        if part.record is None and whole.fields[name].required:
            return RelatumError("sales_field_needed", type=part.type, field=name)
        del part.row[name]
        draft.left_out.append(LeftOut(part.type, name, NOT_WRITABLE))
    if part.record is None:
        _own(draft, part, actor)
    return None


def _own(draft: Draft, part: Part, actor: Actor) -> None:
    """Let a new record belong to whom the lead belongs to, if whoever converts may say so."""
    given = {name: draft.lead.get(name) for name in OWN}
    mine = {"owner": actor.user_id, "team": actor.team_id}
    given = {n: v for n, v in given.items() if v is not None and n not in part.row}
    if given == {n: mine[n] for n in given} or may(actor, "assign", part.type):
        part.row |= given
    else:
        draft.left_out.append(LeftOut(part.type, "owner", NOT_YOURS))


# -- which records --------------------------------------------------------------------------------
def _match(made: Sequence[Draft], choices: Choices, *, actor: Actor, looking: bool) -> None:
    """Look for records that leads may be already, for those parts that are not chosen."""
    for name in (ACCOUNT, CONTACT):
        open_ = [d for d in made if d.parts[name].choice == AUTO and d.lead.get(name) is None]
        if looking:
            open_ = list(made)
        elif choices.matches == NEW:
            open_ = []
        if name not in seen(actor).types or not open_:
            continue
        found = matching.find(name, [draft.lead for draft in open_], actor=actor)
        for draft, some in zip(open_, found, strict=True):
            draft.parts[name].matches = some


def _settle(draft: Draft, choices: Choices) -> RelatumError | None:
    """Decide what was not chosen; return why that can't be."""
    unsure: list[Match] = []
    for part in draft.parts.values():
        if part.choice != AUTO:
            continue
        part.decided = True
        there = draft.lead.get(part.type) if part.type != DEAL else None
        if there is not None:
            part.choice = there
        elif part.matches and choices.matches == LINK:
            part.choice = part.matches[0].id
        else:
            unsure += part.matches if choices.matches == ASK else ()
            part.choice = NEW if _can_be(part) else NONE
    told = {"id": draft.lead["id"], "label": draft.label}
    if unsure:
        named = ", ".join(f"{m.type} {m.id} ({m.label}, {m.score} %)" for m in unsure[:_NAMED])
        return RelatumError("sales_lead_matches", matches=named, **told)
    return None


def _can_be(part: Part) -> bool:
    """Say whether a lead has what a new record needs first of all: its name."""
    if part.type == DEAL:
        return True
    name = part.row.get("name")
    return bool(name.get("last") if isinstance(name, Mapping) else name)


def _find(made: Sequence[Draft], wrong: Wrong, *, actor: Actor) -> None:
    """Read the records that are chosen; what is hidden is missing."""
    for name in (CONTACT, ACCOUNT):
        chosen = [d for d in made if isinstance(d.parts[name].choice, int)]
        ids = {int(d.parts[name].choice) for d in chosen}
        there = leads.by_id(name, ids, actor=actor) if ids else {}
        changeable = _changeable(name, there, actor)
        for draft in chosen:
            part = draft.parts[name]
            part.id = int(part.choice)
            part.record = there.get(part.id)
            if part.record is None and part.decided:
                # Nobody chose what is hidden or gone, so it is as if nothing were known of it.
                part.id, part.choice = None, NEW if _can_be(part) else NONE
                continue
            if part.record is None:
                unknown = RelatumError("record_unknown", type=name, id=part.id)
                wrong.setdefault(draft.lead["id"], unknown)
                continue
            part.changeable = part.id in changeable
            if not part.changeable:
                draft.left_out += [
                    LeftOut(name, n, NOT_WRITABLE)
                    for n in part.row if is_empty(part.record.get(n))
                ]  # fmt: skip
                part.row = {}
        if name == CONTACT:
            _stay_together(made)


def _stay_together(made: Sequence[Draft]) -> None:
    """Let the company of a person that there is be the one, where none was chosen."""
    for draft in made:
        account, person = draft.parts[ACCOUNT], draft.parts[CONTACT].record
        if person is not None and account.decided and account.choice in (NEW, NONE):
            account.choice = person.get(ACCOUNT) or account.choice


def _changeable(type_name: str, ids: Iterable[int], actor: Actor) -> set[int]:
    if not may(actor, "update", type_name):
        return set()
    return records.admitted(catalog.current().type(type_name), ids, "update", actor)
