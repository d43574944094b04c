"""`relatum views`: saved lists of an entity type."""

from __future__ import annotations

from typing import Any

import click
import orjson

from .. import entities, query
from .. import views as verbs
from ..actor import Actor
from .plans import carry_out, changing
from .reading import filters_argument, words
from .terminal import Instance, json_option, pass_instance, print_json, print_table

type_argument = click.argument("type_name", metavar="TYPE")
name_argument = click.argument("name", metavar="VIEW")


@click.group()
def views() -> None:
    """Show, save and drop views: saved lists, asked for by --view.

    A view is everybody's. One whose name begins with my_ is that of the user named by --as alone.
    """


@views.command("list")
@type_argument
@json_option
@pass_instance
def list_views(instance: Instance, type_name: str, as_json: bool) -> None:
    """List the views of a type.

    \b
    Example:
      relatum views list x_company
    """
    found = instance.read(verbs.list_views, type_name)
    if as_json:
        print_json(found)
        return
    columns = ("name", "label", "owner", "query")
    print_table(columns, [[view[c] if c != "query" else _shown(view) for c in columns]
                          for view in found])  # fmt: skip


def _shown(view: dict[str, Any]) -> str:
    return str(view["broken"] or orjson.dumps(view["query"]).decode())


@views.command("save")
@type_argument
@name_argument
@filters_argument
@click.option("--label", help="What people read; default: made of the name.")
@click.option("--sort", metavar="FIELDS", help="Fields to sort by, joined by commas.")
@click.option("--fields", metavar="FIELDS", help="Fields and paths to show, by commas.")
@click.option("--position", type=int, metavar="N", help="Place among the views.")
@changing
@pass_instance
def save(
    instance: Instance, type_name: str, name: str, filters: tuple[str, ...], label: str | None,
    sort: str | None, fields: str | None, position: int | None, plan_only: bool, yes: bool,
    as_json: bool,
) -> None:  # fmt: skip
    """Make a view, or change one. A FILTER is written as for a list of records.

    \b
    Examples:
      relatum views save x_company berlin city=Berlin --sort name --fields name,city --yes
      relatum --as ada@example.org views save x_company my_big_ones employees__gte=1000
    """
    given: dict[str, Any] = {"label": label, "position": position}
    change = {word: value for word, value in given.items() if value is not None}
    asked = instance.read(_asked, type_name, words(filters, sort=sort, fields=fields))
    if asked:
        change["query"] = asked
    if name.startswith(entities.PRIVATE):
        made = instance.write(verbs.save, type_name, name, change)
        print_json(made) if as_json else click.echo(f"Saved {made['label']}.")
        return
    made = {"op": "set_view", "type": type_name, "view": name, **change}
    carry_out(instance, [made], plan_only=plan_only, yes=yes, as_json=as_json)


def _asked(type_name: str, pairs: list[tuple[str, str]], *, actor: Actor) -> dict[str, Any]:
    return query.words(type_name, pairs, actor=actor)


@views.command("drop")
@type_argument
@name_argument
@changing
@pass_instance
def drop(
    instance: Instance, type_name: str, name: str, plan_only: bool, yes: bool, as_json: bool
) -> None:
    """Take a view away; what a plugin brought is hidden.

    \b
    Example:
      relatum views drop x_company berlin --yes
    """
    if name.startswith(entities.PRIVATE):
        instance.write(verbs.drop, type_name, name)
        print_json({"dropped": name}) if as_json else click.echo(f"Dropped {name}.")
        return
    change = {"op": "drop_view", "type": type_name, "view": name}
    carry_out(instance, [change], plan_only=plan_only, yes=yes, as_json=as_json)
