"""Sharing records out: the page in the desk, the call below /api/x/intake, and the command."""

from __future__ import annotations

from typing import Any, Final

import click
import orjson
from flask import Blueprint, Response, jsonify, request
from marshmallow import Schema, fields

from relatum import (
    Context,
    Permission,
    RelatumError,
    body,
    catalog,
    changes,
    context,
    imports,
    plugin_host,
    query,
    reading,
    requires,
    seen,
    transact,
)

from . import sharing
from .assigning import LEAST, TURNS
from .pages import PAGES

SHARE: Final = "intake.share"
PERMISSIONS: Final = [Permission(SHARE, "Share records out among a team", roles=("manager",))]
API: Final = Blueprint("api", __name__)
asking = plugin_host.asking
_MOST_TEAMS: Final = 200


def ways() -> dict[str, str]:
    """Return the ways of sharing out, as the reader calls them."""
    return {
        TURNS: plugin_host.translated("Everybody gets as many"),
        LEAST: plugin_host.translated("So that everybody has as much open work"),
    }


# -- the page -------------------------------------------------------------------------------------
def offered(ctx: Context, type: catalog.EntityType) -> list[dict[str, str]] | None:  # noqa: A002
    """Offer to share out what is selected in a list, where one may give it to others."""
    if ctx.actor is None or not sharing.is_shared(type, ctx.actor):
        return None
    label = plugin_host.translated("Share out")
    return [{"label": label, "href": f"/x/intake/share-out/{type.name}", "icon": "users-group"}]


SLOTS: Final[list[dict[str, Any]]] = [
    {"place": "list.selected", "draw": offered, "permission": SHARE},
]


@PAGES.get("/share-out/<type_name>")
@requires(SHARE)
def show_sharing(type_name: str) -> Response:
    """Ask among whom the selected records are shared out, and say who gets which."""
    return _page(type_name, plugin_host.selected())


def _page(type_name: str, ids: list[int], refused: RelatumError | None = None) -> Response:
    actor, known = asking(), seen(asking(), plugin_host.language())
    entity_type = known.type(type_name)
    if not sharing.is_shared(entity_type, actor):
        raise RelatumError("forbidden", action="assign", thing=f"records of '{type_name}'")
    asked = {"sort": ["name"], "fields": ["name"], "limit": _MOST_TEAMS}
    teams = query.page(query.from_json("team", asked, actor=actor)).records
    team, by = plugin_host.whole(request.values.get("team", "")), request.values.get("by", TURNS)
    looked = None
    if team is not None:
        try:
            looked = sharing.look(
                type_name, ids, team, by, actor=actor, translated=plugin_host.translated
            )
        except RelatumError as error:
            if error.status not in plugin_host.TOLD:
                raise
            refused = refused or error
    return plugin_host.page(
        "share.html", refused.status if refused else 200, within="desk", type=entity_type,
        looked=looked, teams=teams, team=team, by=by, ways=ways(), ids=ids, refused=refused,
        back=plugin_host.list_of_selection(type_name),
    )  # fmt: skip


@PAGES.post("/share-out/<type_name>")
@requires(SHARE, own=True)
def do_sharing(type_name: str) -> Response:
    """Share the selected records out, in one change that one undo takes back."""
    ids, team = plugin_host.selected(), plugin_host.whole(request.form.get("team", ""))

    def work() -> Response:
        if team is None:
            raise RelatumError("bad_parameter", name="team", reason="choose a team")
        by = request.form.get("by", TURNS)
        made = sharing.share(type_name, ids, team, by, actor=asking())
        told = [f"{made.names[user]} {count}" for user, count in made.counts().items() if count]
        said = plugin_host.translated("Shared out: {told}", told=", ".join(told))
        return plugin_host.away(plugin_host.list_of_selection(type_name), said)

    return plugin_host.tried(work, lambda error: _page(type_name, ids, error))


# -- the call -------------------------------------------------------------------------------------
class Wanted(Schema):
    """Which records are shared out, among whom and how."""

    type = fields.String(required=True)
    ids = fields.List(fields.Integer(strict=True), required=True)
    team = fields.Integer(strict=True, required=True)
    by = fields.String(load_default=TURNS)


@API.post("/share-out")
@requires(SHARE)
def share_out() -> Response:
    """Share records out; with `_dry_run=1` say who would get which, and write nothing."""
    given, actor = body(Wanted), asking()
    asked = (given["type"], given["ids"], given["team"], given["by"])
    if request.args.get("_dry_run") in ("1", "true"):
        return jsonify(sharing.look(*asked, actor=actor).as_json())
    done = sharing.share(*asked, actor=actor)
    return jsonify(**done.as_json(), change_set=changes.number())


# -- the command ----------------------------------------------------------------------------------
@click.command("share-out")
@click.argument("type_name", metavar="TYPE")
@click.argument("records", metavar="RECORD...", nargs=-1, required=True)
@click.option("--team", required=True, help="Whose members get them: a name or an id.")
@click.option(
    "--by", type=click.Choice([TURNS, LEAST]), default=TURNS, show_default=True,
    help="Whether each gets as many, or the open work of all comes level.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say who would get which, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def share_command(
    type_name: str, records: tuple[str, ...], team: str, by: str, dry_run: bool, as_json: bool
) -> None:
    """Share records, by their names or ids, out among the active members of a team.

    \b
    Examples:
      relatum intake share-out lead 4711 4712 4713 --team Sales
      relatum intake share-out lead 'Pumps for Hoppe' --team Sales --by least_open --dry-run
    """
    actor = context().actor
    assert actor is not None  # a command is always somebody's

    def work() -> sharing.Shared:
        ids = [int(imports.find(type_name, text, actor=actor)) for text in records]
        to = int(imports.find("team", team, actor=actor))
        do = sharing.look if dry_run else sharing.share
        return do(type_name, ids, to, by, actor=actor)

    if dry_run:
        with reading():
            made = work()
    else:
        made = transact(work)
    if as_json:
        click.echo(orjson.dumps(made.as_json(), option=orjson.OPT_INDENT_2))
        return
    for id_, each in made.given.items():
        click.echo(f"{made.labels[id_] or id_} → {made.names[each.user or 0]}: {each.because}")


COMMANDS: Final = [share_command]
