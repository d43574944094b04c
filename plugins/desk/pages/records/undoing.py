"""What one write has done is taken back; what stays, since others changed it, is listed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Response, request

from relatum import RelatumError, jobs, records

from ... import ui, words
from ...words import translated


@ui.page("/changes/<int:number>/undo", "POST")
def undo_change(number: int) -> Response:
    """Take back what one write has done; what others changed since stays, and is shown."""
    partial = request.form.get("partial") == "1"
    try:
        done = records.undo(number, actor=ui.actor(), partial=partial)
    except RelatumError as error:
        if error.code == "undo_limit":
            return _by_job(change_set=number)
        if error.code != "undo_conflict":
            raise
        return _in_the_way(number, error, partial)
    back = _back()
    stuck = _stuck(done["records"], ())
    if stuck:
        again = f"/changes/{done['change_set']}/undo"
        return ui.render("undo.html", number=number, stuck=stuck, done=True, back=back, again=again)
    text = translated("Undone")
    if _wants_page():
        return ui.done(ui.away(back), text)
    # The script draws the page anew, and that says it.
    answer = Response(orjson.dumps({"text": text}), mimetype="application/json")
    return ui.done(answer, text)


@ui.page("/changes/of-job/<int:number>/undo", "POST")
def undo_job(number: int) -> Response:
    """Let a job take back all that a job has written."""
    return _by_job(job=number)


def _by_job(**what: int) -> Response:
    """Leave what is too large to wait for to a job: a change set, or all of a job."""
    job = jobs.enqueue("undo", what, actor=ui.actor())
    text = translated(
        "Job {number} takes it back, as far as nobody has changed it since", number=job
    )
    if _wants_page():
        return ui.tell(ui.away(f"/jobs/{job}"), text)
    return Response(orjson.dumps({"text": text}), mimetype="application/json")


def _wants_page() -> bool:
    known = ("text/html", "application/json")
    return request.accept_mimetypes.best_match(known) != known[1]


def _in_the_way(number: int, error: RelatumError, partial: bool) -> Response:
    """Say what is in the way of taking all back, and offer to take back the rest.

    A script gets the sentence alone, and sends the form for the page.
    """
    if not _wants_page():
        return Response(words.said(error), error.status, mimetype="text/plain")
    plan = records.look(number, actor=ui.actor())
    stuck = _stuck(plan["records"], error.problems)
    rest = not partial and any(not each["whole"] for each in _each(plan["records"], stuck))
    return ui.render(
        "undo.html", 409, number=number, stuck=stuck, done=False, rest=rest, back=_back()
    )


def _stuck(shown: list[dict[str, Any]], problems: Iterable[Any]) -> list[dict[str, Any]]:
    """Return the records that stay, or of which some fields do, each with the reasons.

    `problems` are what only the attempt to write has found: they name records by their place.
    """
    told = [[words.said(problem) for problem in each["conflicts"]] for each in shown]
    loose: list[str] = []
    for problem in problems:
        known = problem.row is not None and problem.row < len(told)
        reasons = told[problem.row] if known else loose
        if (reason := words.said(problem)) not in reasons:
            reasons.append(reason)
    found = [{**each, "reasons": some} for each, some in zip(shown, told, strict=True) if some]
    return [*found, *([{"label": None, "reasons": loose}] if loose else [])]


def _each(shown: list[dict[str, Any]], stuck: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield the records of a change set; `whole` says that nothing of one can be taken back."""
    reasons = {each["id"]: each for each in stuck if "id" in each}
    for each in shown:
        held = {problem["field"] for problem in each["conflicts"]}
        whole = each["id"] in reasons and (
            None in held or not each["fields"].keys() - held or each["op"] != "update"
        )
        yield {**each, "whole": whole}


def _back() -> str:
    """Return the page that the browser comes from, if it is one of ours."""
    back = urlsplit(request.headers.get("Referer", ""))
    if back.netloc != request.host or back.path.startswith("/changes/"):
        return "/"
    return f"{back.path}?{back.query}" if back.query else back.path
