"""Jobs: what runs beside the pages, how far it is and what came of it; what starts by itself."""

from __future__ import annotations

from typing import Any, Final

import orjson
from flask import Response, request

from relatum import changes, jobs, may, query

from .. import ui
from ..words import translated

PAGE: Final = 50
#: The answer after which nobody needs to ask again, as htmx and others say it.
_LAST: Final = 286
_OVER: Final = ("done", "failed", "cancelled")


def _states() -> dict[str, tuple[str, str]]:
    """Return what the states are called, in the order of the tabs, and their icons."""
    return {
        "running": (translated("Running"), "loader-2"),
        "queued": (translated("Waiting"), "clock-pause"),
        "failed": (translated("Failed"), "alert-triangle"),
        "done": (translated("Done"), "check"),
        "cancelled": (translated("Cancelled"), "ban"),
    }


def _titles(kinds: set[str]) -> dict[str, str]:
    """Return what kinds of jobs are called; one that is not there any more, by its name."""
    known = jobs.known()
    return {kind: known[kind].title if kind in known else kind for kind in kinds}


def _labels(found: list[dict[str, Any]]) -> dict[str, Any]:
    ids = sorted({job["actor"] for job in found if job["actor"] is not None})
    labels: dict[str, Any] = query.labels(ids, actor=ui.actor()) if ids else {}
    return labels


def _polled(template: str, values: dict[str, Any]) -> Response:
    """Return a part that is asked for again until it is `over`, if it has changed since."""
    made = ui.render(template, _LAST if values["over"] else 200, **values)
    if not values["over"]:
        made.add_etag()
        made.make_conditional(request)
    return made


# -- looking --------------------------------------------------------------------------------
@ui.page("/jobs")
def job_list() -> Response:
    """List jobs, newest first: all of them, or one's own."""
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    state = state if state in jobs.STATES else ""
    before = request.args.get("before", "")
    found = jobs.list_jobs(
        actor=ui.actor(), state=state or None, kind=kind or None, limit=PAGE + 1,
        before=ui.whole(before),
    )  # fmt: skip
    page = found[:PAGE]
    values: dict[str, Any] = {
        "jobs": page, "labels": _labels(page), "kind": kind,
        "titles": _titles({job["kind"] for job in page} | {kind}),
        "states": _states(), "state": state, "address": request.full_path.rstrip("?"),
        "older": page[-1]["id"] if len(found) > PAGE else None,
        "over": all(job["state"] in _OVER for job in page), "all": may(ui.actor(), "read"),
    }  # fmt: skip
    if ui.is_fragment():
        return _polled("_jobs.html", values)
    return ui.render("jobs.html", **values)


@ui.page("/jobs/<int:number>")
def job_page(number: int) -> Response:
    """Show one job; asked for as a part of a page, only if it has changed since."""
    actor = ui.actor()
    job = jobs.get(number, actor=actor)
    made, is_over = jobs.change_sets(number, actor=actor, limit=PAGE), job["state"] in _OVER
    plain = {n: v for n, v in (job["result"] or {}).items() if not isinstance(v, (list, dict))}
    values: dict[str, Any] = {
        "job": job, "title": _titles({job["kind"]})[job["kind"]], "labels": _labels([job]),
        "states": _states(), "changes": made, "plain": plain, "over": is_over,
        "can_undo": is_over and made and changes.of_job(number) is not None,
        "asked": _pretty(job["arguments"]),
        "rest": _pretty({n: v for n, v in (job["result"] or {}).items() if n not in plain and v}),
    }  # fmt: skip
    if ui.is_fragment():
        return _polled("_job.html", values)
    return ui.render("job.html", **values)


def _pretty(value: dict[str, Any]) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if value else ""


# -- cancel, try again ----------------------------------------------------------------------
@ui.page("/jobs/<int:number>/cancel", "POST")
def cancel_job(number: int) -> Response:
    """Stop a job, after the chunk at hand if it runs."""
    job = jobs.cancel(number, actor=ui.actor())
    text = translated("The job ends after the chunk at hand")
    said = text if job["cancelling"] else translated("The job is cancelled")
    return ui.tell(ui.away(f"/jobs/{number}"), said)


@ui.page("/jobs/<int:number>/retry", "POST")
def retry_job(number: int) -> Response:
    """Let a failed or cancelled job go on where it stopped."""
    jobs.retry(number, actor=ui.actor())
    return ui.tell(ui.away(f"/jobs/{number}"), translated("The job goes on"))


@ui.page("/jobs/retry", "POST")
def retry_jobs() -> Response:
    """Let all failed jobs of a kind go on."""
    count = jobs.retry_failed(request.form.get("kind", ""), actor=ui.actor())
    return ui.tell(ui.away("/jobs"), translated("Jobs that go on: {count}", count=count))


# -- schedules ------------------------------------------------------------------------------
@ui.page("/jobs/schedules")
def schedule_list() -> Response:
    """List what starts by itself."""
    found = jobs.list_schedules(actor=ui.actor())
    titles = _titles({schedule["kind"] for schedule in found})
    return ui.render("job_schedules.html", schedules=found, titles=titles)


@ui.page("/jobs/schedules/<name>", "POST")
def switch_schedule(name: str) -> Response:
    """Switch a schedule on or off."""
    enabled = request.form.get("enabled") == "1"
    jobs.change_schedule(name, actor=ui.actor(), enabled=enabled)
    said = (
        translated("{name} is switched on", name=name)
        if enabled
        else translated("{name} is switched off", name=name)
    )
    return ui.tell(ui.away("/jobs/schedules"), said)
