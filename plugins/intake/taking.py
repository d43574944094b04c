"""What somebody sent by a form becomes a record, with an entry that says what was agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from relatum import Actor, RelatumError, catalog, clock, imports, plugin_host, query, records

from . import assigning, shaping

#: Whoever answers sooner than after so many seconds is no person.
_AT_LEAST: Final = timedelta(seconds=2)
#: For so long a page may be filled in.
_AT_MOST: Final = timedelta(hours=24)
_UTM: Final = ("utm_source", "utm_medium", "utm_campaign")
_MOST: Final = 500


def form_at(address: str, actor: Actor) -> dict[str, Any]:
    """Return the form at an address with its questions; raise `not_found`."""
    asked = {"filter": {"field": "address", "value": address}, "expand": ["questions"], "limit": 1}
    found = query.page(query.from_json("web_form", asked, actor=actor)).records
    if not found or found[0]["makes"] not in catalog.current().types:
        raise RelatumError("not_found", path=address)
    return {**found[0], "questions": sorted(found[0]["questions"], key=_place)}


def _place(line: dict[str, Any]) -> tuple[int, int]:
    return (line["position"] or 0, line["id"])


def seal(form: dict[str, Any]) -> str:
    """Return what a page carries, so that only who has seen it can answer, and not at once."""
    return plugin_host.seal(f"{form['id']} {clock.now().isoformat()}")


def is_spam(form: dict[str, Any], sent: Mapping[str, str]) -> bool:
    """Say whether a machine has answered: it fills the trap, or is too fast, or saw no page."""
    if sent.get("website_"):
        return True
    text = plugin_host.unseal(sent.get("seal", "")) or ""
    id_, _, moment = text.partition(" ")
    if id_ != str(form["id"]):
        return True
    age = clock.now() - datetime.fromisoformat(moment)
    return not _AT_LEAST <= age <= _AT_MOST


def take(
    form: dict[str, Any], sent: Mapping[str, str], actor: Actor, *, address: str, referrer: str
) -> int:
    """Make the record of an answer in the open writing transaction; return its id.

    Raises `Invalid` naming each field that is wrong or missing. Turns are taken one after the
    other: who changes a form at the same time is refused with `version_mismatch`.
    """
    made = catalog.current().type(form["makes"])
    asked = shaping.questions(made, form["questions"])
    texts = {q.path: _sent(q, sent) for q in asked}
    texts |= {line["field"]: line["value"] for line in form["questions"] if line["value"]}
    values = imports.read_values(
        made.name, {path: text for path, text in texts.items() if text}, actor=actor
    )
    if form["consent"] and form["consent_field"] and sent.get("consent_"):
        values[form["consent_field"]] = True
    to = assigning.choose(form, actor)
    turn = {"id": form["id"], "version": form["version"], "last": to.user}
    records.update("web_form", [turn], actor=actor)
    owned = {"owner": to.user} if to.user is not None else {}
    [outcome] = records.create(made.name, [{**values, **owned}], actor=actor)
    campaign = " / ".join(filter(None, (sent.get(name, "").strip() for name in _UTM)))
    entry = {
        "form": form["id"], "made_type": made.name, "made_id": outcome.id, **owned,
        "sent_at": clock.now(), "assigned": to.because[:_MOST], "from_address": address[:_MOST],
        "consent": form["consent"] if sent.get("consent_") else None,
        "referrer": referrer[:_MOST], "campaign": campaign[:_MOST],
    }  # fmt: skip
    records.create("web_form_entry", [entry], actor=actor)
    assert outcome.id is not None
    return outcome.id


def missing(
    form: dict[str, Any], asked: list[shaping.Question], sent: Mapping[str, str]
) -> set[str]:
    """Return the paths of required questions without an answer, and `consent_` if that lacks."""
    found = {q.path for q in asked if q.required and not _sent(q, sent).strip()}
    return found | ({"consent_"} if form["consent"] and not sent.get("consent_") else set())


def _sent(question: shaping.Question, sent: Mapping[str, str]) -> str:
    text = sent.get(question.path, "")
    return ("true" if text else "") if question.input == "check" else text
