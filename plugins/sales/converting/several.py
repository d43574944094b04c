"""Converting the selected leads of a list: what would become of each, and one button for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from flask import Response, request

from relatum import RelatumError, catalog, plugin_host, query, requires

from . import leads, verbs
from .api import CONVERT, asking
from .choices import ASK, LINK, MAKE, NONE
from .drafting import Draft, Part
from .mapping import DEAL, LEAD, TYPES
from .pages import PAGES, as_seen, render

_ADDRESS: Final = "/leads/convert"
#: Where the page is found, by the ids of leads.
SEVERAL: Final = f"/x/sales{_ADDRESS}"


class _Seen(NamedTuple):
    """What would become of a lead: a record of each type by its id or name, or why nothing."""

    lead: int
    label: str
    parts: Mapping[str, tuple[int | None, str] | None]
    refused: RelatumError | None


def _ids() -> list[int]:
    """Return the leads that were selected, as many as are converted at once."""
    found = plugin_host.selected()
    if len(found) > leads.LIMIT:
        raise RelatumError("sales_too_many_leads", count=len(found), limit=leads.LIMIT)
    return found


def _choices() -> dict[str, Any]:
    """Return what is chosen for all: what is done about matches, and whether there are deals."""
    picked: dict[str, Any] = {"matches": request.values.get("policy", LINK)}
    if request.values.get("deal") == NONE:
        picked[DEAL] = NONE
    return picked


def _looked(ids: Sequence[int], choices: Mapping[str, Any], known: catalog.Catalog) -> list[_Seen]:
    """Say what would become of leads, in order; those that are hidden are missing."""
    actor = asking()
    made, wrong = verbs.drafts_of(ids, choices, actor=actor)
    called = query.labels(
        [int(p.id) for draft in made for p in draft.parts.values() if p.id is not None],
        actor=actor,
    )
    return [
        _Seen(
            draft.lead["id"], draft.label,
            {n: _named(draft, known.types[n], called) for n in TYPES if n in known.types},
            wrong.get(draft.lead["id"]),
        )
        for draft in made
    ]  # fmt: skip


def _named(
    draft: Draft, entity_type: catalog.EntityType, called: Mapping[str, Mapping[str, Any]]
) -> tuple[int | None, str] | None:
    """Return which record a lead becomes: (id, label), without an id a new one; or none."""
    part: Part = draft.parts[entity_type.name]
    if part.choice == NONE:
        return None
    if part.id is not None:
        return part.id, called.get(str(part.id), {}).get("label", str(part.id))
    name = entity_type.fields.get("name")
    return None, name.text(part.row.get("name")) if name and part.row.get("name") else draft.label


@PAGES.get(_ADDRESS)
@requires(CONVERT)
def show_several() -> Response:
    """Say what the selected leads become, and what stands against it."""
    return _page(_ids())


def _page(ids: list[int], problem: RelatumError | None = None) -> Response:
    choices, found = _choices(), as_seen()
    looked = _looked(ids, choices, found)
    return render(
        "convert_many.html", problem.status if problem else 200, looked=looked,
        back=plugin_host.list_of_selection(LEAD), type=found.type(LEAD), problem=problem,
        types=[found.types[n] for n in TYPES if n in found.types],
        matches=choices["matches"], without_deals=choices.get(DEAL) == NONE,
        deals_known=DEAL in found.types, ready=[each for each in looked if each.refused is None],
        policies=(
            (LINK, plugin_host.translated("Take the best match")),
            (ASK, plugin_host.translated("Leave those leads out")),
            (MAKE, plugin_host.translated("Make new records all the same")),
        ),
    )  # fmt: skip


@PAGES.post(_ADDRESS)
@requires(CONVERT, own=True)
def convert_several() -> Response:
    """Convert those of the selected leads that can be, in one change that one undo takes back."""
    ids, choices = _ids(), _choices()

    def work() -> Response:
        done = verbs.convert(ids, choices, actor=asking(), partial=True)
        refused = [each.error for each in done if each.error is not None]
        if len(refused) == len(done):
            raise refused[0]
        text = plugin_host.translated("Converted leads: {count}", count=len(done) - len(refused))
        if refused:
            text += ". " + plugin_host.translated("Left as they are: {count}", count=len(refused))
        return plugin_host.away(plugin_host.list_of_selection(LEAD), text)

    return plugin_host.tried(work, lambda error: _page(ids, error))
