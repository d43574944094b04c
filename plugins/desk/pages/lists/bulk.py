"""Change many records of a list: choose which and what, look at what comes of it, then do it.

Few records are changed at once, and the toast takes it back; many are changed by a job.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from flask import Response, request

from relatum import RelatumError, catalog, fields, jobs, plugin_host, query

from ... import inputs, ui, values, words
from ...words import translated
from ..records import forms, history, related
from ..records.lookups import Labels
from .filters import Args
from .opened import Opened, opened
from .selecting import place, selected

#: What the address and the form say: which records, and what is done.
SCOPE, WHAT, ALL = "scope", "what", "all"
#: As many records are changed at once; more of them by a job.
AT_ONCE: Final = 200
#: Words of the form that are not carried from step to step.
_PASSING: Final = ("step", "confirm")


@dataclass(frozen=True)
class Bulk:
    """What is to be done to which records of a list."""

    type: catalog.EntityType
    opened: Opened
    ids: list[int]
    what: str

    @property
    def trashed(self) -> bool:
        """Whether it is the trash that is shown."""
        return bool(self.opened.body.get("trashed"))

    @property
    def is_all(self) -> bool:
        """Whether all records of the list are meant, not only those that were selected."""
        return not self.ids or request.values.get(SCOPE) == ALL

    @property
    def verb(self) -> str:
        """What is done: set, link, unlink, delete or restore."""
        return self.what.partition(":")[0]

    @cached_property
    def tie(self) -> related.Tie | None:
        """What ties the records to others, if that is what is done."""
        name = self.what.partition(":")[2]
        found = (tie for tie in ties(self.type) if tie.name == name)
        return next(found, None) if self.verb in ("link", "unlink") else None

    @cached_property
    def field(self) -> fields.Field | None:
        """The field whose value is asked for."""
        if self.tie is not None:
            return self.tie.partner
        name = self.what.partition(":")[2]
        known = {field.name: field for field in changeable(self.type)}
        return known.get(name) if self.verb == "set" else None

    @property
    def holder(self) -> catalog.EntityType:
        """The type whose field that is."""
        return self.tie.type if self.tie is not None else self.type

    @property
    def back(self) -> str:
        """The words of the list."""
        return urlencode(place())

    @property
    def address(self) -> str:
        """The address of the list."""
        return plugin_host.list_of_selection(self.type.name)

    @property
    def carried(self) -> Args:
        """What a form of the next step holds, so that it says all that was said before."""
        return [pair for pair in request.form.items(multi=True) if pair[0] not in _PASSING]

    def kind(self) -> str:
        """Return the kind of job that does it."""
        return "bulk_update" if self.verb == "set" else f"bulk_{self.verb}"

    def arguments(self) -> dict[str, Any]:
        """Return what that job is asked; raise `Misread`."""
        asked: dict[str, Any] = {"type": self.type.name}
        if self.is_all:
            everything = {"field": "id", "op": "gt", "value": 0}
            asked["filter"] = self.opened.body.get("filter") or everything
        else:
            asked["ids"] = self.ids
        if self.field is not None:
            asked["values"] = inputs.read(self.holder, request.form, [self.field.name])
        if self.tie is not None:
            asked["list"] = self.tie.name
        return asked


def ties(entity_type: catalog.EntityType) -> list[related.Tie]:
    """Return what ties records of a type to others, many to many."""
    return [tie for tie in related.of(entity_type) if tie.partner is not None and tie.name]


def changeable(entity_type: catalog.EntityType) -> list[fields.Field]:
    """Return the fields that many records may get one value of: the owner and the team first."""
    found = [field for field in forms.writable(entity_type) if not field.read_only]
    unique = {name for key in entity_type.keys if len(key.fields) == 1 for name in key.fields}
    return sorted(
        (field for field in found if field.name not in unique),
        key=lambda field: field.owner != "system",
    )


def choices(bulk: Bulk) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield what can be done, in groups: (label, [(word, label)])."""
    if bulk.trashed:
        yield translated("Records"), [("restore", translated("Restore"))]
        return
    known = [(f"set:{field.name}", field.label) for field in changeable(bulk.type)]
    yield translated("Change a field"), known
    for verb, label in (("link", translated("Link to")), ("unlink", translated("Unlink from"))):
        found = [(f"{verb}:{tie.name}", f"{label}: {tie.label}") for tie in ties(bulk.type)]
        if found:
            yield label, found
    yield translated("Records"), [("delete", translated("Move to the trash"))]


def _asked(type_name: str) -> Bulk:
    found = opened(type_name, place())
    return Bulk(found.type, found, selected(), request.values.get(WHAT, ""))


@ui.page("/records/<type_name>/bulk")
def choose_bulk(type_name: str) -> Response:
    """Ask which records are changed, and what of them."""
    return _chosen(_asked(type_name))


def _chosen(bulk: Bulk, problems: dict[str, str] | None = None) -> Response:
    known = {word for _, group in choices(bulk) for word, _ in group}
    ready = bulk.what in known
    again = problems is not None
    return ui.render(
        "bulk.html", 422 if again else 200, bulk=bulk, type=bulk.type, choices=choices(bulk),
        ready=ready, problems=problems or {}, sent=request.form if again else None,
        problem_of=forms.problem_of, counted=_counted(bulk),
    )  # fmt: skip


def _counted(bulk: Bulk) -> dict[str, Any]:
    asked = {
        word: bulk.opened.body[word] for word in ("filter", "trashed") if bulk.opened.body.get(word)
    }
    found: dict[str, Any] = query.count(query.from_json(bulk.type.name, asked, actor=ui.actor()))
    return found


@ui.page("/records/<type_name>/bulk", "POST")
def do_bulk(type_name: str) -> Response:
    """Show what a change of many records does, or do it."""
    bulk = _asked(type_name)
    if bulk.what not in {word for _, group in choices(bulk) for word, _ in group}:
        raise RelatumError("bad_parameter", name=WHAT, reason="say what is done to the records")
    try:
        arguments = bulk.arguments()
        plan = jobs.look(bulk.kind(), arguments, actor=ui.actor())
    except (inputs.Misread, RelatumError) as error:
        if isinstance(error, RelatumError) and error.status not in (404, 409, 422):
            raise
        return _chosen(bulk, _problems(error))
    if request.form.get("step") != "do":
        return _look(bulk, plan)
    if plan["count"] > AT_ONCE:
        return _start(bulk, arguments, plan)
    return _do(bulk, arguments)


def _problems(error: inputs.Misread | RelatumError) -> dict[str, str]:
    """Return what is wrong, by field; a job names them by where they stand in its arguments."""
    found = forms.problems_of(error)
    return {name.removeprefix("arguments.values."): told for name, told in found.items()}


def _look(bulk: Bulk, plan: dict[str, Any], problem: str | None = None) -> Response:
    shown, labels = changes_of(plan["changes"])
    return ui.render(
        "bulk_look.html", 422 if problem else 200, bulk=bulk, type=bulk.type, plan=plan,
        shown=shown, labels=labels, problem=problem, by_job=plan["count"] > AT_ONCE,

    )  # fmt: skip


def changes_of(found: list[dict[str, Any]]) -> tuple[list[Any], Labels]:
    """Return changes as a page shows them, (record, type, entry), and what links are called."""
    known = words.known()
    shown = [
        (each, known.types[each["type"]], history.entry(known.types[each["type"]], each))
        for each in found
        if each["type"] in known.types
    ]
    return shown, query.labels(history.ids(entry for *_, entry in shown), actor=ui.actor())


def _start(bulk: Bulk, arguments: dict[str, Any], plan: dict[str, Any]) -> Response:
    """Start the job, once the number of records was typed if they are many."""
    typed = "".join(sign for sign in request.form.get("confirm", "") if sign.isalnum())
    if typed.isascii() and typed.isdecimal() and len(typed) <= 15 and int(typed) > 0:
        arguments["confirm"] = int(typed)
    if plan["confirm"] and arguments.get("confirm") != plan["count"]:
        said = translated("Type the number of records that are meant.")
        return _look(bulk, plan, said)
    job = jobs.enqueue(bulk.kind(), arguments, actor=ui.actor())
    text = translated(
        "Job {number} is at it: {records}", number=job,
        records=values.type_label(bulk.type.name, plan["count"]),
    )  # fmt: skip
    return ui.tell(ui.away(f"/jobs/{job}"), text)


def _do(bulk: Bulk, arguments: dict[str, Any]) -> Response:
    """Do it at once; what is refused stays as it is and is counted."""
    result = jobs.at_once(bulk.kind(), arguments, actor=ui.actor())
    refused = result.get("refused", 0)
    done = sum(
        count for word, count in result.items()
        if word not in ("refused", "unchanged", "refusals")
    )  # fmt: skip
    text = translated("{records} changed", records=values.type_label(bulk.type.name, done))
    if refused:
        text = translated("{done}, {count} refused", done=text, count=refused)
    return ui.done(ui.away(bulk.address), text)
