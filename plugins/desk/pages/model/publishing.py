"""The plan of the draft: what it does, what it asks, and its publication."""

from __future__ import annotations

from typing import Any, Final

from flask import Response, request

from relatum import RelatumError, entities, fields, reading, transact

from ... import inputs, ui, words
from ...words import translated
from . import draft as drafts
from . import shaping

#: Operations after which existing records may get another value.
_ANSWERED: Final = (
    "add_field", "change_field", "retype_field", "restore_field", "restore_type", "add_key",
)  # fmt: skip


@ui.page("/model/plan")
def show_draft_plan() -> Response:
    """Show what the draft does: steps, rows, risk, uses, SQL and open questions."""
    return _plan()


def _plan(status: int = 200, refused: str | None = None, wrong: Any = None) -> Response:
    draft = drafts.current(actor=ui.actor())
    part = "_designer_plan.html" if ui.is_fragment() else "designer_plan.html"
    return ui.render(
        part, status, draft=draft, refused=refused, wrong=wrong or {}, answers=_answers(draft),
    )  # fmt: skip


def _answers(draft: drafts.Draft) -> dict[int, dict[str, Any]]:
    """Return what can be answered under each change: the words, and the field to fill."""
    return {
        at: _answer_of(draft, step, draft.places[at][1])
        for at, (step, _) in draft.steps.items()
        if _is_asked(step, draft.places[at][1])
    }


def _is_asked(step: Any, change: dict[str, Any]) -> bool:
    if change["op"] == "change_field" and "options" in change and step.rows:
        return True
    asks = step.question or step.offenders or "existing" in change
    return change["op"] in _ANSWERED and bool(asks)


def _answer_of(draft: drafts.Draft, step: Any, change: dict[str, Any]) -> dict[str, Any]:
    field = _filled(draft, change)
    if step.question and "answers" in step.question.params:
        said = str(step.question.params["answers"]).split()
        words = [word for word in ("keep", "default", "clear") if word in said]
        fills = '{"fill":' in said
    else:
        fills = field is not None
        words = [] if change["op"] == "retype_field" else ["keep"]
        words += ["default"] if field is not None and field.default is not None else []
        words += ["clear"] if field is None or not field.required else []
    if isinstance(field, fields.Link) or not fills:
        field = None
    shown = shaping.probe(type(field), field, "fill") if field is not None else None
    return {"words": words, "now": change.get("existing"), "field": shown}


def _filled(draft: drafts.Draft, change: dict[str, Any]) -> fields.Field | None:
    """Return the field that existing records get a value of, as the draft makes it."""
    entity_type = draft.after.types.get(change["type"])
    name = change.get("name") or change.get("field")
    if entity_type is None or name is None:
        return None
    shadows = (shadow.new for shadow in entity_type.shadows if shadow.new.name == name)
    return next(shadows, None) or entity_type.fields.get(name)


@ui.page("/model/plan/<int:number>/<int:place>/answer", "POST")
def answer_change(number: int, place: int) -> Response:
    """Say what existing records get under a change."""
    actor = ui.actor()
    draft = drafts.current(actor=actor)
    entry = next((entry for entry in draft.entries if entry.id == number), None)
    if entry is None or place >= len(entry.changes):
        return _plan(409, translated("This change is not in the draft any more."))
    change = entry.changes[place]
    try:
        drafts.answer(number, change, _given(draft, change), actor=actor)
    except (RelatumError, fields.Refused) as error:
        reason = words.said(error.problem if isinstance(error, fields.Refused) else error)
        return _plan(422, wrong={(number, place): reason})
    return _to_plan()


def _given(draft: drafts.Draft, change: dict[str, Any]) -> Any:
    word = "" if "back" in request.form else request.form.get("answer", "")
    field = _filled(draft, change)
    if word != "fill" or field is None:
        return word or None
    made = shaping.probe(type(field), field, "fill")
    value = inputs.value_of(made, request.form, made.name)
    return {"fill": None if value is None else made.wire(made.merge(None, value))}


def _to_plan() -> Response:
    return _plan() if ui.is_fragment() else ui.away("/model/plan")


@ui.page("/model/plan/<int:number>/remove", "POST")
def remove_change(number: int) -> Response:
    """Take a change out of the draft."""
    drafts.remove(number, actor=ui.actor())
    return _to_plan()


@ui.page("/model/discard", "POST")
def discard_draft() -> Response:
    """Forget the whole draft."""
    drafts.discard(actor=ui.actor())
    return ui.tell(ui.away("/model"), translated("The draft is discarded"))


@ui.page("/model/renew", "POST")
def renew_draft() -> Response:
    """Go on with a draft that was begun on an older data model."""
    drafts.renew(actor=ui.actor())
    return _to_plan()


@ui.page("/model/publish", "POST", own=True)
def publish_draft() -> Response:
    """Apply the plan that was looked at; every page has the new data model from then on."""
    actor, sure = ui.actor(), "sure" in request.form
    with reading():
        draft = drafts.current(actor=actor)
        refused = _against(draft, sure=sure)
        if refused is not None:
            return _plan(409, refused)
    changes = [change for _, change in draft.places]
    looked_at = request.form.get("plan", "")

    def work() -> entities.Plan:
        made = entities.apply(changes, actor=actor, expect=looked_at)
        drafts.discard(actor=actor)
        return made

    try:
        made = transact(work, exclusive=True)
    except RelatumError as error:
        if error.status not in (409, 422):
            raise
        with reading():
            return _plan(409, words.said(error))
    names = [step.target.partition(".")[0] for step in made.steps]
    found = next((name for name in names if name in made.after.types), None)
    answer = ui.away(f"/model/{found}" if found else "/model")
    return ui.tell(answer, translated("The data model is published"))


def _against(draft: drafts.Draft, *, sure: bool) -> str | None:
    """Return in a sentence why the draft can't be published."""
    if not draft.entries:
        return translated("There is nothing in the draft.")
    if not draft.can_be_published:
        return translated("Something is still open. Answer the questions first.")
    if draft.sketch.plan.risk == "destructive" and not sure:
        return translated("Say that you know that this can't be undone.")
    return None
