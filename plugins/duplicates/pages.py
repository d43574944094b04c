"""The pages of duplicates in the desk: pairs, rules, and the card beside a record."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup

from relatum import RelatumError, catalog, jobs, may, plugin_host, records, requires, seen

from . import matching, pairs, rules
from .routes import asking, place
from .searching import REVIEW, SEARCH, types

PAGES: Final = Blueprint("pages", __name__, template_folder="templates", static_folder="static")
#: Pairs and records that a card or a page shows of one record.
_CARD: Final = 5
_away = plugin_host.away
#: Draws a page in the frame of the desk; without the desk there are no pages.
_render: Final = partial(plugin_host.page, within="desk")


def _known() -> catalog.Catalog:
    return seen(asking(), plugin_host.language())


# -- pairs ----------------------------------------------------------------------------------------
@PAGES.get("/")
@requires(REVIEW)
def start() -> Response:
    """List the pairs of one type that a search has found, as far as the reader sees both."""
    known = _known()
    offered = [known.type(name) for name in types(known)]
    name = request.args.get("type", "") or (offered[0].name if offered else "")
    chosen = known.type(name) if name else None
    found, following = (
        pairs.listed(name, actor=asking(), after=place(request.args.get("after", "")))
        if chosen
        else ([], None)
    )
    return _render(
        "pairs.html", types=offered, type=chosen, pairs=found, called=_called, job=_last(name),
        next=",".join(map(str, following)) if following else None,
        can_merge=chosen is not None and may(asking(), "delete", name),
    )  # fmt: skip


def _called(type_name: str, names: tuple[str, ...]) -> list[str]:
    known = _known().type(type_name).fields
    return [known[name].label for name in names if name in known]


def _last(type_name: str) -> dict[str, Any] | None:
    """Return the last search of a type that the reader may know of."""
    found = jobs.list_jobs(actor=asking(), kind=SEARCH.name, limit=20, details=True)
    return next((job for job in found if job["arguments"].get("type") == type_name), None)


@PAGES.post("/search")
@requires(REVIEW)
def search() -> Response:
    """Start a search."""
    name = _known().type(request.form.get("type", "")).name
    jobs.enqueue(SEARCH.name, {"type": name}, actor=asking())
    return _away(f"/x/duplicates/?type={name}")


@PAGES.post("/dismiss")
@requires(REVIEW)
def dismiss() -> Response:
    """Remember that two records are not one, and go back to where that was said."""
    one, other = (_id(request.form.get(name, "")) for name in ("one", "other"))
    pairs.dismiss(one, other, actor=asking())
    name = _known().type(request.form.get("type", "")).name
    here = request.form.get("from") == "record"
    return _away(f"/records/{name}/{one}" if here else f"/x/duplicates/?type={name}")


def _id(text: str) -> int:
    found = plugin_host.whole(text)
    if found is None:
        raise RelatumError("bad_parameter", name="one", reason="it must be the id of a record")
    return found


# -- rules ----------------------------------------------------------------------------------------
@PAGES.get("/rules")
@requires(REVIEW)
def show_rules() -> Response:
    """List the rules in force, those that come along, too."""
    known = _known()
    return _render(
        "rules.html", rules=rules.in_force(known), idle=rules.idle(known), known=known,
        can_change=may(asking(), "create", "duplicate_rule"),
    )  # fmt: skip


@PAGES.post("/rules")
@requires(REVIEW)
def take_over() -> Response:
    """Make a rule of one's own of a shipped one, which stands for that from then on."""
    wanted = request.form.get("type", ""), request.form.get("against", "")
    found = [rule for rule in rules.shipped() if (rule.type, rule.against) == wanted]
    if not found or rules.stood_for(*wanted):
        raise RelatumError("not_found", path=request.path)
    [made] = records.create("duplicate_rule", [rules.document(found[0])], actor=asking())
    return _away(f"/records/duplicate_rule/{made.id}/edit")


# -- beside a record ------------------------------------------------------------------------------
def _card(type: Any, record: dict[str, Any]) -> Markup | None:  # noqa: A002  # what the desk says
    """Draw what a record may be the same as; nothing if that is nothing."""
    known = _known()
    found: list[matching.Match] = []
    for against in sorted({r.against for r in rules.in_force(known) if r.type == type.name}):
        [some] = matching.find(type.name, [record], actor=asking(), against=against)
        found += some
    if not found:
        return None
    apart = pairs.dismissed([record["id"]])
    left = [each for each in found if pairs.both(record["id"], each.id) not in apart]
    if not left:
        return None
    drawn = render_template(
        "duplicates/card.html", type=type, record=record, matches=left[:_CARD], known=known,
        can_merge=may(asking(), "delete", type.name),
    )  # fmt: skip
    return Markup(drawn)  # noqa: S704  # of a template


def _links() -> list[dict[str, str]]:
    return [
        {"label": plugin_host.translated("Duplicates"), "href": "/x/duplicates/", "icon": "copy"}
    ]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "record.side", "draw": _card, "permission": REVIEW},
    {"place": "palette.commands", "draw": _links, "permission": REVIEW},
    {"place": "menu.workspace", "draw": _links, "permission": REVIEW},
]
