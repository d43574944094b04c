"""The draft of the data model: changes that an administrator collects before they are published.

A draft is a list of entries, each what was done in one go: operations as `entities.plan` takes
them. It is kept per administrator, with the generation of the data model that it was begun on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, entities, preferences

from ... import words
from ...words import translated

#: What the draft is kept as.
NAME: Final = "desk.designer"
Change = dict[str, Any]
#: A type, and a field of it or nothing.
Target = tuple[str, str | None]
#: Operations that take in another one on the same thing, if they come right after it.
_GROWS: Final = {
    "add_field": "change_field", "change_field": "change_field",
    "create_type": "change_type", "change_type": "change_type", "set_view": "set_view",
}  # fmt: skip
_PLACE: Final = ("op", "type", "field", "view")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done in one go."""

    id: int
    changes: tuple[Change, ...]
    #: What it takes the place of: an order of fields replaces the one before.
    key: str | None = None

    @property
    def targets(self) -> set[Target]:
        """What it is about."""
        return {target for change in self.changes for target in _targets(change)}

    def as_json(self) -> dict[str, Any]:
        """Return the entry as it is kept."""
        return {"id": self.id, "changes": list(self.changes), "key": self.key}


def _targets(change: Change) -> Iterable[Target]:
    if change["op"] == "create_type":
        yield change["name"], None
        yield from ((change["name"], field["name"]) for field in change.get("fields", ()))
    elif change["op"] == "add_field":
        yield change["type"], change["name"]
    else:
        yield change["type"], change.get("field")


@dataclass(frozen=True)
class Draft:
    """The entries, and what the data model becomes with those of them that can be."""

    #: The generation of the data model that it was begun on.
    begun: int
    entries: tuple[Entry, ...]
    sketch: entities.Sketch

    @property
    def after(self) -> catalog.Catalog:
        """The data model as it will be."""
        return self.sketch.plan.after

    @property
    def is_old(self) -> bool:
        """Whether somebody else changed the data model since the draft was begun."""
        return bool(self.entries) and self.begun != catalog.current().generation

    @property
    def can_be_published(self) -> bool:
        """Whether nothing stands in its way."""
        clean = not self.sketch.refused and self.sketch.problem is None
        return bool(self.entries) and clean and not self.sketch.plan.blocked

    @cached_property
    def places(self) -> list[tuple[Entry, Change]]:
        """Each change with the entry that it is part of, in order."""
        return [(entry, change) for entry in self.entries for change in entry.changes]

    @cached_property
    def steps(self) -> dict[int, tuple[Any, tuple[str, ...]]]:
        """The step of the plan and its SQL, by the place of its change."""
        kept = [at for at in range(len(self.places)) if at not in self.sketch.refused]
        plan = self.sketch.plan
        return dict(zip(kept, zip(plan.steps, plan.sql, strict=True), strict=True))

    def at(self, entry: Entry) -> list[int]:
        """Return the places of an entry's changes."""
        return [at for at, (each, _) in enumerate(self.places) if each.id == entry.id]

    def about(self, entry: Entry) -> str:
        """Return the names of what an entry is about."""
        [name, field], *others = sorted(entry.targets, key=lambda t: (t[0], t[1] or ""))
        return f"{name}.{field}" if field and not others else name

    def title(self, entry: Entry) -> str:
        """Return what an entry does."""
        [first, *_] = entry.changes
        if entry.key is not None:
            known = self.after.types.get(first["type"])
            label = known.label if known is not None else first["type"]
            if first["op"] == "set_view":
                return translated("Order the views of {type}", type=label)
            return translated("Order the fields of {type}", type=label)
        step = self.steps.get(self.at(entry)[0])
        if step is not None:
            return words.told(step[0].summary)
        return str(first["op"]).replace("_", " ").capitalize()

    @cached_property
    def open_questions(self) -> int:
        """How many answers are missing."""
        return sum(step.question is not None for step in self.sketch.plan.steps)

    @cached_property
    def made(self) -> set[Target]:
        """The types and fields that only the draft has."""
        return {
            target
            for _, change in self.places
            if change["op"] in ("create_type", "add_field")
            for target in _targets(change)
        }

    @cached_property
    def changed(self) -> set[Target]:
        """The types and fields that the draft changes."""
        return {target for entry in self.entries for target in entry.targets} - self.made

    def mark(self, type_name: str, field: str | None = None) -> str:
        """Return whether something is new, changed, or neither: an empty text."""
        target = (type_name, field)
        return "new" if target in self.made else "changed" if target in self.changed else ""

    def touches(self, type_name: str) -> bool:
        """Say whether anything of a type is new or changed."""
        return any(name == type_name for name, _ in self.made | self.changed)


def current(*, actor: Actor) -> Draft:
    """Return the draft of an administrator; an empty one if he has none. Raises `forbidden`."""
    kept = preferences.get(NAME, actor=actor) or {}
    entries = tuple(
        Entry(each["id"], tuple(each["changes"]), each["key"]) for each in kept.get("entries", ())
    )
    return _of(kept.get("begun", catalog.current().generation), entries, actor)


def _of(begun: int, entries: tuple[Entry, ...], actor: Actor) -> Draft:
    changes = [change for entry in entries for change in entry.changes]
    return Draft(begun, entries, entities.sketch(changes, actor=actor))


def _keep(draft: Draft, actor: Actor) -> Draft:
    if not draft.entries:
        preferences.drop(NAME, actor=actor)
        return draft
    value = {"begun": draft.begun, "entries": [entry.as_json() for entry in draft.entries]}
    preferences.put(NAME, value, actor=actor)
    return draft


def add(*changes: Change, actor: Actor, key: str | None = None) -> Draft:
    """Take changes into the draft, as one entry; raise what the kernel says against them.

    With a key they take the place of the entry of that key; no changes take it away.
    """
    now = current(actor=actor)
    if key is None and len(changes) == 1:
        grown = _grown(now.entries, changes[0])
        if grown is not None:
            made = _of(now.begun, grown, actor)
            if _objection(now, made) is None:
                return _keep(made, actor)
    rest = tuple(each for each in now.entries if key is None or each.key != key)
    number = max((each.id for each in now.entries), default=0) + 1
    made = _of(now.begun, (*rest, Entry(number, changes, key)) if changes else rest, actor)
    error = _objection(now, made, number)
    if error is not None:
        raise error
    return _keep(made, actor)


def _objection(before: Draft, made: Draft, number: int | None = None) -> RelatumError | None:
    """Return what the kernel says against a draft that it did not say against the one before."""
    known = {id(before.places[at][1]) for at in before.sketch.refused}
    for at, error in made.sketch.refused.items():
        entry, change = made.places[at]
        if entry.id == number or id(change) not in known:
            return error
    return made.sketch.problem if before.sketch.problem is None else None


def _grown(entries: tuple[Entry, ...], change: Change) -> tuple[Entry, ...] | None:
    """Return the entries with a change worked into an earlier one of the same thing; else None."""
    [target] = list(_targets(change))[:1]
    for at in reversed(range(len(entries))):
        entry = entries[at]
        if target not in entry.targets:
            continue
        [first, *others] = entry.changes
        same = first.get("view") == change.get("view")
        if others or entry.key or not same or _GROWS.get(first["op"]) != change["op"]:
            return None
        made = Entry(entry.id, (_merged(first, change),))
        return (*entries[:at], made, *entries[at + 1 :])
    return None


def _merged(first: Change, change: Change) -> Change:
    said = {name: value for name, value in change.items() if name not in _PLACE}
    if "settings" in said and "settings" in first:
        said["settings"] = {**first["settings"], **said["settings"]}
    if first["op"] in ("add_field", "create_type") and "settings" in said:
        said["settings"] = {k: v for k, v in said["settings"].items() if v is not None}
    return {**first, **said}


def answer(number: int, change: Change, given: Any, *, actor: Actor) -> Draft:
    """Say what existing records get under a change of an entry; None takes the answer back."""
    now = current(actor=actor)
    entries = tuple(
        Entry(
            entry.id,
            tuple(_answered(each, given) if each == change else each for each in entry.changes),
            entry.key,
        )
        if entry.id == number
        else entry
        for entry in now.entries
    )
    made = _of(now.begun, entries, actor)
    error = _objection(now, made)
    if error is not None:
        raise error
    return _keep(made, actor)


def _answered(change: Change, given: Any) -> Change:
    rest = {name: value for name, value in change.items() if name != "existing"}
    return rest if given is None else {**rest, "existing": given}


def remove(number: int, *, actor: Actor) -> Draft:
    """Take an entry out; what builds on it stays, and is named as what can't be any more."""
    now = current(actor=actor)
    rest = tuple(entry for entry in now.entries if entry.id != number)
    return _keep(_of(now.begun, rest, actor), actor)


def withdraw(type_name: str, field: str | None = None, *, actor: Actor) -> bool:
    """Take out whatever makes and changes something that only the draft has; say if it does.

    A field that is made together with its type is not taken out so.
    """
    now = current(actor=actor)
    if (type_name, field) not in now.made:
        return False
    rest = tuple(entry for entry in now.entries if not _is_about(entry, type_name, field))
    gone = [entry for entry in now.entries if entry not in rest]
    if field is not None and any(e.changes[0]["op"] == "create_type" for e in gone):
        return False
    _keep(_of(now.begun, rest, actor), actor)
    return True


def _is_about(entry: Entry, type_name: str, field: str | None) -> bool:
    return any(name == type_name and field in (None, of) for name, of in entry.targets)


def discard(*, actor: Actor) -> None:
    """Forget the draft."""
    preferences.drop(NAME, actor=actor)


def renew(*, actor: Actor) -> None:
    """Go on with the draft on the data model of today."""
    now = current(actor=actor)
    _keep(Draft(catalog.current().generation, now.entries, now.sketch), actor)
