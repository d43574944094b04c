"""What the commands that list and group records share: options, the query, the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from .. import catalog, query, views
from ..actor import Actor
from ..catalog import EntityType
from ..fields import Field, Link, Lookup
from .terminal import Instance, print_json, print_table

F = TypeVar("F", bound=Callable[..., Any])
#: Columns of a table when none are asked for.
_COLUMNS = 8

filters_argument = click.argument("filters", metavar="[FILTER]...", nargs=-1)
sort_option = click.option(
    "--sort", metavar="FIELDS", help="Fields to sort by, joined by commas; - in front: descending."
)
view_option = click.option("--view", metavar="VIEW", help="A saved view to begin with.")
trashed_option = click.option("--trashed", is_flag=True, help="Those in the trash instead.")

as_of_option = click.option(
    "--as-of", metavar="INSTANT",
    help="Values as they were at an instant, or at the end of a date.",
)  # fmt: skip


def all_options(command: F) -> F:
    """Add the arguments and options of a list."""
    for option in (
        trashed_option,
        as_of_option,
        view_option,
        click.option("--count", is_flag=True, help="Also count, up to count_cap."),
        click.option("--after", metavar="CURSOR", help="The page after this cursor."),
        click.option("--limit", metavar="N", help="Records in the page, at most page_limit."),
        click.option("--fields", metavar="FIELDS", help="Fields and paths to show, by commas."),
        sort_option,
        filters_argument,
    ):
        command = option(command)
    return command


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a list joined by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def words(filters: Sequence[str], **control: str | bool | None) -> list[tuple[str, str]]:
    """Return the pairs of an address for filters and control words."""
    pairs = []
    for text in filters:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(
                f"'{text}' is not a filter. Write field=value, field__operator=value or "
                "path.to.field=value."
            )
        pairs.append((name, value))
    for word, given in control.items():
        if given is not None and given is not False:
            pairs.append((f"_{word}", "1" if given is True else given))
    return pairs


def show_all(
    instance: Instance,
    type_name: str,
    *,
    filters: Sequence[str],
    fields: str | None,
    as_json: bool,
    **control: str | bool | None,
) -> None:
    """Print one page of records, as a table or as the API answers."""
    pairs = words(filters, **control)
    page, shown = instance.read(_page, type_name, pairs, fields, as_json=as_json)
    if as_json:
        print_json(
            {
                "records": page.records, "labels": page.labels, "next": page.next,
                "previous": page.previous, "count": page.count,
            }
        )  # fmt: skip
        return
    print_table(list(shown), _rows(shown, page.records, page.labels))
    if page.count is not None:
        click.echo(f"{page.count['value']}{'' if page.count['exact'] else '+'} records match.")
    if page.next:
        click.echo(f"More: --after {page.next}", err=True)


def show_groups(
    instance: Instance,
    type_name: str,
    *,
    filters: Sequence[str],
    group: str | None,
    select: str,
    as_json: bool,
    **control: str | bool | None,
) -> None:
    """Print groups of records with what was computed of each."""
    pairs = words(filters, group=group, select=select, **control)
    columns = names_in(f"{group or ''},{select}")
    found, shown = instance.read(_groups, type_name, pairs, columns)
    if as_json:
        print_json(found.as_json())
    else:
        print_table(list(shown), _rows(shown, found.groups, found.labels))


#: Columns of a table, each with its field; what is computed has none.
Shown = dict[str, Field | None]


def _page(
    type_name: str,
    pairs: list[tuple[str, str]],
    fields: str | None,
    *,
    as_json: bool,
    actor: Actor,
) -> tuple[query.Page, Shown]:
    names: Sequence[str] = ()
    if fields is not None:
        names = names_in(fields)
    elif not as_json:
        names = _saved(type_name, pairs, actor) or _look(catalog.current().type(type_name))
    if names:
        pairs = [*pairs, ("_fields", ",".join(names))]
    page = query.page(views.from_url(type_name, pairs, actor=actor))
    return page, _fields(type_name, ["id", *(name for name in names if name != "id")])


def _groups(
    type_name: str, pairs: list[tuple[str, str]], columns: Sequence[str], *, actor: Actor
) -> tuple[query.Groups, Shown]:
    found = query.aggregate(views.from_url(type_name, pairs, actor=actor))
    return found, _fields(type_name, columns)


def _saved(type_name: str, pairs: Sequence[tuple[str, str]], actor: Actor) -> list[str]:
    """Return the columns of the view that is asked for."""
    name = dict(pairs).get("_view")
    fields = views.get(type_name, name, actor=actor)["query"].get("fields") if name else None
    return list(fields or ())


def _look(entity_type: EntityType) -> list[str]:
    """Return the columns of a table: what names a record, then its other fields."""
    own = [field.name for field in entity_type.own_fields if field.owner != "system"]
    names = dict.fromkeys([*(field.name for field in entity_type.title_fields), *own])
    return list(names)[:_COLUMNS]


def _fields(type_name: str, columns: Sequence[str]) -> Shown:
    known = catalog.current()
    shown: Shown = {}
    for path in columns:
        target: EntityType | None = known.type(type_name)
        field: Field | None = None
        *links, name = path.split(".")
        for link in links:
            field = target.fields.get(link) if target is not None else None
            if field is not None and name in field.members:
                break
            target = known.type(field.target) if isinstance(field, Lookup) else None
        else:
            field = target.fields.get(name) if target is not None else None
        shown[path] = field.members.get(name, field) if field is not None else None
    return shown


def _rows(
    shown: Shown, records: Sequence[Mapping[str, Any]], labels: Mapping[str, Any]
) -> list[list[Any]]:
    """Return the rows of a table as people read them; links show what they point to."""
    return [[_cell(field, row[name], labels) for name, field in shown.items()] for row in records]


def _cell(field: Field | None, value: Any, labels: Mapping[str, Any]) -> Any:
    if isinstance(field, Link) and str(value) in labels:
        return labels[str(value)]["label"]
    return value if field is None else ", ".join(field.text(value).splitlines())


def texts(values: tuple[str, ...]) -> dict[str, str]:
    """Return texts by field, of values as field=value."""
    found: dict[str, str] = {}
    for value in values:
        name, sign, given = value.partition("=")
        if not sign or not name:
            raise click.UsageError(f"'{value}' is not a value. Write field=value.")
        if name in found:
            raise click.UsageError(f"Field '{name}' is given twice.")
        found[name] = given
    return found
