"""The audit log: who did what, what it was before and after, and whether it is as it was sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

import orjson
from flask import Response, request

from relatum import RelatumError, audit, jobs, query, reading, transact

from ... import ui, words
from ...words import translated

_PAGE: Final = 50
_VERIFYING: Final = "verify_audit"
_FILTERS: Final = ("event", "subject", "since", "until")
#: Pages of what is no record, by what a subject begins with.
_PAGES: Final = {"role": "/roles/", "plugin": "/plugins/", "type": "/records/"}


class Differing(NamedTuple):
    """A property that an entry tells of: what it was, and what it is."""

    name: str
    before: str
    after: str


@ui.page("/audit")
def audit_log() -> Response:
    """List what was done, newest first, perhaps narrowed to an event, a subject or some days."""
    asked = {name: request.args.get(name, "").strip() for name in _FILTERS}
    by, problem, found = request.args.get("by", ""), None, []
    try:
        found = audit.entries(
            actor=ui.actor(), limit=_PAGE + 1, by=ui.whole(by),
            before=ui.whole(request.args.get("before", "")),
            **{name: text or None for name, text in asked.items()},
        )  # fmt: skip
    except RelatumError as error:
        if error.status != 400:
            raise
        problem = words.said(error)
    page = found[:_PAGE]
    return ui.render(
        "audit.html", 400 if problem else 200, entries=page, problem=problem, by=by,
        labels=_labels(page), subjects=_subjects(page), differing=_differing, asked=asked,
        events={name: words.told(label) for name, label in audit.EVENTS.items()},
        older=page[-1]["id"] if len(found) > _PAGE else None, last=_last(),
        by_label=request.args.get("by~text", ""),
    )  # fmt: skip


def _labels(entries: Iterable[Mapping[str, Any]]) -> query.Labels:
    return query.labels({e["actor"] for e in entries} - {None}, actor=ui.actor())


def _subjects(entries: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, str | None]]:
    """Return what subjects are called, and the addresses of their pages."""
    known, found = words.known(), {}
    parted = {e["subject"]: e["subject"].partition(":") for e in entries if e["subject"]}
    ids = {int(name) for kind, _, name in parted.values() if kind in known.types and _is_id(name)}
    labels = query.labels(ids, actor=ui.actor())
    for subject, (kind, _, name) in parted.items():
        if kind in known.types and _is_id(name):
            label = labels.get(name)
            called = label["label"] if label else subject
            found[subject] = called, f"/records/{kind}/{name}" if label else None
        elif kind == "type" and name in known.types:
            found[subject] = known.types[name].plural, f"/records/{name}"
        else:
            page = _PAGES.get(kind) if kind != "type" else None
            found[subject] = name or subject, page and f"{page}{name}"
    return found


def _is_id(text: str) -> bool:
    return ui.whole(text) is not None


def _differing(entry: Mapping[str, Any]) -> list[Differing]:
    """Return the properties of an entry whose value is another than before."""
    before, after = entry["before"] or {}, entry["after"] or {}
    names = [*after, *(name for name in before if name not in after)]
    return [
        Differing(name, _text(before.get(name)), _text(after.get(name)))
        for name in names
        if (before.get(name) or None) != (after.get(name) or None)
    ]


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return orjson.dumps(value).decode()


def _last() -> dict[str, Any] | None:
    """Return the last job that verified the log."""
    found = jobs.list_jobs(actor=ui.actor(), kind=_VERIFYING, limit=1)
    return jobs.get(found[0]["id"], actor=ui.actor()) if found else None


@ui.page("/audit/verify", "POST", own=True)
def verify_audit() -> Response:
    """Start a job that compares history and log with their seals."""
    actor = ui.actor()
    job_id = transact(lambda: jobs.enqueue(_VERIFYING, {}, actor=actor))
    with reading():
        return ui.tell(ui.away("/audit"), translated("Verifying runs as job {id}", id=job_id))
