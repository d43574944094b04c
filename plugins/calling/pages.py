"""The pages in the desk: the next call with its outcome, and putting people on a list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from flask import Blueprint, Response, request

from relatum import (
    RelatumError,
    catalog,
    may,
    plugin_host,
    query,
    reading,
    records,
    requires,
    seen,
    transact,
    views,
)

from . import filling, hours, outcomes, people, progress, queueing
from .entities import PEOPLE
from .frame import LIST, TARGET, USE, Row, list_of, translated

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
asking = plugin_host.asking
#: Draws a page in the frame of the desk; without the desk there are no pages.
_render: Final = partial(plugin_host.page, within="desk")
#: Refusals that a page tells; any other has a page of its own.
_TOLD: Final = (400, *plugin_host.TOLD)
#: Words of the address of the page that fills a list, which are no filter.
_LIST, _NAME = "_list", "_name"
_BACK, _ALL = "back", "_all"
_OF_PAGES: Final = ("_limit", "_after", "_before", "_count", "_fields")
_LISTS: Final = 100
#: Names of those that a preview begins with.
_FIRST: Final = 5


def _known() -> Any:
    return seen(asking(), plugin_host.language())


# -- the next call --------------------------------------------------------------------------------
@PAGES.get("/<int:list_id>/next")
@requires(USE)
def show_next(list_id: int) -> Response:
    """Show whom one calls now, with script and outcomes; or what there is to call."""
    return _next(list_id)


def _next(list_id: int, *, refused: RelatumError | None = None, target_id: int = 0) -> Response:
    actor = asking()
    row = list_of(list_id, actor)
    target = queueing.current(list_id, actor=actor)
    status = refused.status if refused is not None else 200
    given: Row = {"list": row, "refused": refused, "after": _after()}
    if target is None:
        return _render(
            "ready.html", status, closed_until=queueing.closed_until(row),
            waiting=queueing.waiting(row, actor=actor), hours=hours.told(row),
            progress=progress.progress_of(
                list_id, actor=actor, zone=catalog.zone_of(actor.timezone)
            ),
            **given,
        )  # fmt: skip
    found = people.person_of(target, actor)
    assert found is not None  # current() gives nobody else
    type_name, person = found
    told = people.values_of(type_name, person, actor=actor, language=plugin_host.language())
    sent = request.form if refused is not None and target["id"] == target_id else {}
    known = _known()
    return _render(
        "next.html", status, target=target, person=person, type=known.type(type_name),
        told=told, phone=people.number(person, target), sent=sent, log=_log(target, person),
        script=people.filled(row.get("script"), told), outcomes=_outcomes(known),
        hold=queueing.holder(target["id"]), **given,
    )  # fmt: skip


def _outcomes(known: Any) -> list[Any]:
    """Return the outcomes as the reader calls them; none to who does not see the field."""
    field = known.type(TARGET).fields.get("outcome")
    return [each for each in field.options if not each.retired] if field is not None else []


def _log(target: Row, person: Row) -> str | None:
    """Return the address of what was done about somebody, if the reader may see it."""
    found = people.ids_of(target)
    if found is None or not may(asking(), "activities.use"):
        return None
    return f"/x/activities/timeline/{found[0]}/{person['id']}"


def _after() -> Row | None:
    """Return who was interested in the call before, and what one does then."""
    text = request.args.get("after", "")
    id_ = plugin_host.whole(text)
    if id_ is None:
        return None
    label = query.labels([id_], actor=asking()).get(text)
    if label is None or label["type"] not in PEOPLE or label["trashed"]:
        return None
    ways = {
        "lead": (f"/x/sales/leads/{text}/convert", translated("Convert the lead")),
        "contact": (f"/records/opportunity/new?contact={text}", translated("Make a deal")),
    }
    permitted = {
        "lead": may(asking(), "sales.convert"), "contact": may(asking(), "create", "opportunity"),
    }  # fmt: skip
    href, said = ways[label["type"]]
    entity_type = _known().type(label["type"])
    person = records.get(entity_type.name, int(text), actor=asking())
    named = entity_type.fields["name"].text(person["name"]) if person.get("name") else ""
    return {
        **label, "id": int(text), "href": href if permitted[entity_type.name] else None,
        "said": said, "name": named or label["label"],
    }  # fmt: skip


@PAGES.post("/<int:list_id>/next")
@requires(USE, own=True)
def take_next(list_id: int) -> Response:
    """Give whoever asks somebody to call, and show him."""
    return _tried(list_id, lambda: _taken(list_id, f"/x/calling/{list_id}/next"))


def _taken(list_id: int, address: str) -> Response:
    queueing.take(list_id, actor=asking())
    return plugin_host.away(address)


@PAGES.post("/<int:list_id>/leave")
@requires(USE)
def leave(list_id: int) -> Response:
    """Let others have whom one was given, and go back to the list."""
    list_of(list_id, asking())
    queueing.leave(list_id, asking())
    return plugin_host.away(f"/records/{LIST}/{list_id}")


@PAGES.post("/targets/<int:target_id>/outcome")
@requires(USE, own=True)
def note(target_id: int) -> Response:
    """Note what came of a call, and show the next one; what was typed is kept if it is refused."""
    actor, form = asking(), request.form
    with reading():
        list_id = int(records.get(TARGET, target_id, actor=actor)["list"])

    def work() -> Response:
        minutes, version = form.get("minutes", "").strip(), form.get("version", "")
        done = outcomes.note(
            target_id, form.get("outcome", ""), actor=actor, note=form.get("note", "").strip(),
            next_call_at=_instant(form.get("next_call_at", "").strip()),
            duration=f"{minutes}m" if minutes.isdecimal() else minutes,
            version=plugin_host.whole(version),
        )  # fmt: skip
        won = f"?after={done.person[1]}" if done.category == outcomes.WON else ""
        return plugin_host.away(f"/x/calling/{list_id}/next{won}", translated("The call is noted"))

    answer = _tried(list_id, work, target_id)
    if answer.status_code < 300 or answer.status_code == 303:
        # A change of its own: undoing the call takes nobody from whom is called by then.
        transact(lambda: _goes_on(list_id))
    return answer


def _goes_on(list_id: int) -> None:
    try:
        queueing.take(list_id, actor=asking())
    except RelatumError as error:
        if error.code != "calling_list_inactive":
            raise


def _instant(text: str) -> datetime | str | None:
    """Return the instant that somebody typed by the clocks of his zone; other text as it is."""
    if not text:
        return None
    try:
        return (
            datetime.fromisoformat(text)
            .replace(tzinfo=catalog.zone_of(asking().timezone))
            .astimezone(UTC)
        )
    except (ValueError, OverflowError):
        return text


def _tried(list_id: int, work: Callable[[], Response], target_id: int = 0) -> Response:
    """Do something, or draw the page again with what is wrong."""
    return plugin_host.tried(
        work, lambda error: _next(list_id, refused=error, target_id=target_id), _TOLD
    )


# -- putting people on a list ---------------------------------------------------------------------
@PAGES.get("/fill/<type_name>")
@requires(USE)
def show_fill(type_name: str) -> Response:
    """Say who of a list of leads or people would be put on a call list, and who would not."""
    return _fill(type_name, request.args.get(_LIST, ""))


def _fill(type_name: str, chosen: str, refused: RelatumError | None = None) -> Response:
    filling.require_type(type_name)
    actor, known = asking(), _known()
    entity_type = known.type(type_name)
    asked = request.query_string.decode("utf-8", "replace")
    view, words = _words(type_name, asked)
    found, list_id = None, plugin_host.whole(chosen)
    if list_id is not None:
        found = filling.look(list_id, type_name, words, actor=actor)
    open_ = {"field": "status", "op": "ne", "value": "closed"}
    body = {"filter": open_, "sort": ["name"], "fields": ["name"], "limit": _LISTS}
    first = found.ids[:_FIRST] if found is not None else []
    return _render(
        "fill.html", refused.status if refused else 200, type=entity_type, chosen=chosen,
        found=found, refused=refused, view=view, because=filling.said,
        lists=query.page(query.from_json(LIST, body, actor=actor)).records,
        views=[v for v in views.list_views(type_name, actor=actor) if not v["broken"]],
        filtered=bool(_filters(asked)), labels=query.labels(first, actor=actor),
        kept=[(n, v) for n, v in _pairs(asked) if n not in ("_view", "_instead")],
        asked=urlencode(_pairs(asked)), may_make=may(actor, "create", LIST),
    )  # fmt: skip


def _pairs(asked: str) -> list[tuple[str, str]]:
    """Return the words of an address that say which records, and in which order.

    Those that were selected in a list come as an `id` each, with `back`, the words of the list.
    """
    given = parse_qsl(asked, keep_blank_values=True)
    if _BACK in dict(given):
        return [("_view", _ALL), ("id__in", ",".join(v for n, v in given if n == "id"))]
    return [(n, v) for n, v in given if n not in (_LIST, _NAME, *_OF_PAGES)]


def _filters(asked: str) -> list[tuple[str, str]]:
    return [(n, v) for n, v in _pairs(asked) if n == "_filter" or not n.startswith("_")]


def _words(type_name: str, asked: str) -> tuple[str, Row]:
    """Return the view of a list's address, and its filter and order as the desk reads them.

    A list that is opened without a word shows the first view; raises what asking raises.
    """
    actor, pairs = asking(), _pairs(asked)
    if "_as_of" in dict(pairs):
        reason = "call lists take records as they are now. Open the list as of now"
        raise RelatumError("bad_parameter", name="_as_of", reason=reason)
    given = dict(pairs)
    name = given.get("_view")
    if not pairs:
        shared = [v["name"] for v in views.list_views(type_name, actor=actor) if not v["broken"]]
        name = shared[0] if shared else None
    own = [(n, v) for n, v in pairs if n not in ("_view", "_instead", "_search")]
    words = query.words(type_name, own, actor=actor)
    search = given.get("_search", "").strip()
    if search:
        # Where nothing can be searched nobody is meant, rather than everybody.
        titled = query.titled(_known().type(type_name), search)
        words = query.over(words, {"filter": titled or {"or": []}})
    if not name or name == "_all":
        return "", words
    base = views.get(type_name, name, actor=actor)["query"]
    if given.get("_instead"):
        base = {n: v for n, v in base.items() if n != "filter"}
    return name, query.over({n: v for n, v in base.items() if n in ("filter", "sort")}, words)


@PAGES.post("/fill/<type_name>")
@requires(USE, own=True)
def fill(type_name: str) -> Response:
    """Put them on a list, a new one if it is named, and go there."""
    actor, form = asking(), request.form
    asked = request.query_string.decode("utf-8", "replace")

    def work() -> Response:
        chosen, name = form.get(_LIST, ""), form.get(_NAME, "").strip()
        list_id = plugin_host.whole(chosen)
        if chosen == "new":
            [made] = records.create(LIST, [{"name": name or None}], actor=actor)
            list_id = made.id
        if list_id is None:
            raise RelatumError("bad_parameter", name=_LIST, reason="choose a call list")
        done = filling.fill(list_id, type_name, _words(type_name, asked)[1], actor=actor)
        said = translated("On the list: {count}", count=len(done.ids))
        return plugin_host.away(f"/records/{LIST}/{list_id}", said)

    return plugin_host.tried(work, lambda error: _fill(type_name, "", error), _TOLD)
