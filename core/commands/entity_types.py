"""`relatum entity-types`: the data model."""

from __future__ import annotations

from typing import Any

import click

from .. import catalog, entities
from .definitions import OPTION, changed_options, field, field_options, properties, type_options
from .plans import access_option, answer, carry_out, changes_of, changing, existing_option
from .retyping import COMMANDS as RETYPING
from .terminal import Instance, json_option, pass_instance, print_json, print_table

_LOOK = ("label", "plural", "icon", "hue", "description", "title", "layout")


@click.group("entity-types")
def entity_types() -> None:
    """Show and change entity types and their fields.

    Every changing command shows its plan with the SQL first; --plan shows nothing but that.
    """


@entity_types.command("list")
@click.option("--trashed", is_flag=True, help="Those in the trash instead.")
@json_option
@pass_instance
def list_types(instance: Instance, trashed: bool, as_json: bool) -> None:
    """List the entity types.

    \b
    Example:
      relatum entity-types list
    """
    with instance.reading():
        known = catalog.current()
        found = list(known.trashed_types if trashed else known.types.values())
        described = [entities.describe(entity_type, known) for entity_type in found]
    if as_json:
        print_json(described)
        return
    head = ("name", "label", "plural", "owner", "fields")
    print_table(
        head,
        [
            (
                *(d[name] for name in head[:4]),
                len([f for f in d["fields"] if f["owner"] != "system"]),
            )
            for d in described
        ],
    )


@entity_types.command("show")
@click.argument("name")
@json_option
@pass_instance
def show_type(instance: Instance, name: str, as_json: bool) -> None:
    """Show one entity type with its fields and unique keys.

    \b
    Example:
      relatum entity-types show x_deal
    """
    with instance.reading():
        known = catalog.current()
        described = entities.describe(known.type(name), known)
    if as_json:
        print_json(described)
        return
    click.echo(
        f"{described['name']}: {described['label']}, {described['plural']}; title "
        f"{described['title'] or '(id)'}"
    )
    rows = [(f["name"], f["kind"], f["label"], _marks(f), _more(f)) for f in described["fields"]]
    print_table(("field", "type", "label", "rules", "options and settings"), rows)
    for key in described["keys"]:
        click.echo(f"unique: {', '.join(key)}")
    for other in described["lists"]:
        part = ", parts of it" if other["part"] else ""
        click.echo(f"list {other['name']}: {other['type']}.{other['field']}{part}")
    if described["trashed_fields"]:
        click.echo(f"in the trash: {', '.join(described['trashed_fields'])}")


def _marks(described: dict[str, Any]) -> str:
    names = ("required", "unique", "indexed", "sortable", "personal", "read_only")
    return ", ".join(name.replace("_", "-") for name in names if described[name])


def _more(described: dict[str, Any]) -> str:
    parts = [f"{name}={value}" for name, value in described["settings"].items()]
    if described["default"] is not None:
        parts.append(f"default={described['default']}")
    for option in described.get("options", ()):
        category = f" ({option['category']})" if option["category"] else ""
        when = f" with {' or '.join(option['when'])}" if option["when"] else ""
        needs = f" needs {' and '.join(option['needs'])}" if option["needs"] else ""
        set_ = " and ".join(f"{name}={value}" for name, value in option["sets"].items())
        more = f"{needs}{f' sets {set_}' if set_ else ''}{' retired' * option['retired']}"
        parts.append(f"{option['value']}{category}{when}{more}")
    return ", ".join(parts)


@entity_types.command("create")
@click.argument("name")
@type_options
@click.option(
    "--field", "fields", multiple=True, metavar="NAME:KIND[=ARGUMENT][:FLAGS]",
    help="A field; repeatable. ARGUMENT: a lookup's target, a choice's options. FLAGS: required, "
    "unique, indexed, sortable, personal.",
)  # fmt: skip
@access_option
@changing
@pass_instance
def create(
    instance: Instance,
    name: str,
    fields: tuple[str, ...],
    opening: str,
    plan_only: bool,
    yes: bool,
    as_json: bool,
    **look_: Any,
) -> None:
    """Make an entity type. Your own begin with x_.

    \b
    Examples:
      relatum entity-types create x_asset --label Asset --field name:text:required,unique
      relatum entity-types create x_visit --field asset:lookup=x_asset --field on:date
    """
    change = {
        "op": "create_type",
        "name": name,
        **_given(look_),
        "fields": [field(text) for text in fields],
        "access": opening,
    }
    carry_out(instance, [change], plan_only=plan_only, yes=yes, as_json=as_json)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in _LOOK if options[name] is not None}


@entity_types.command("change")
@click.argument("name")
@type_options
@changing
@pass_instance
def change(
    instance: Instance, name: str, plan_only: bool, yes: bool, as_json: bool, **look_: Any
) -> None:
    """Change labels, icon, hue, description, title or layout of a type.

    \b
    Example:
      relatum entity-types change x_asset --plural Assets --title '{name}'
    """
    changes = [{"op": "change_type", "type": name, **_given(look_)}]
    carry_out(instance, changes, plan_only=plan_only, yes=yes, as_json=as_json)


@entity_types.command("add-field")
@click.argument("type_name", metavar="TYPE")
@click.argument("name")
@click.argument("kind")
@field_options
@existing_option
@changing
@pass_instance
def add_field(
    instance: Instance,
    type_name: str,
    name: str,
    kind: str,
    existing: str | None,
    plan_only: bool,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Add a field. KIND is a field type, such as text, money or lookup.

    \b
    Examples:
      relatum entity-types add-field x_asset serial text --unique --set max_length=20
      relatum entity-types add-field x_asset owner_company lookup --target x_company
      relatum entity-types add-field x_asset state choice --option new:New:open --option gone
      relatum entity-types add-field x_asset bought date --required --existing fill=2026-01-01
    """
    change_ = {"op": "add_field", "type": type_name, "name": name, "kind": kind}
    change_ |= properties(kind, given) | answer(existing, kind)
    carry_out(instance, [change_], plan_only=plan_only, yes=yes, as_json=as_json)


@entity_types.command("change-field")
@click.argument("type_name", metavar="TYPE")
@click.argument("name")
@field_options
@click.option(
    "--add-option",
    "added",
    multiple=True,
    metavar=OPTION,
    help="One more option of a choice.",
)
@click.option(
    "--retire-option",
    "retired",
    multiple=True,
    metavar="VALUE",
    help="An option nobody can choose any more.",
)
@existing_option
@changing
@pass_instance
def change_field(
    instance: Instance,
    type_name: str,
    name: str,
    added: tuple[str, ...],
    retired: tuple[str, ...],
    existing: str | None,
    plan_only: bool,
    yes: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Change a field. A stricter rule counts the rows that break it and asks what they get.

    \b
    Examples:
      relatum entity-types change-field x_asset state --add-option lost:Lost:closed
      relatum entity-types change-field x_asset serial --required --existing keep
    """
    with instance.reading():
        entity_type = catalog.current().type(type_name)
        kind = entity_type.field(name).kind
    change_: dict[str, Any] = {"op": "change_field", "type": type_name, "field": name}
    change_ |= properties(kind, given) | answer(existing, kind)
    if added or retired:
        change_["options"] = changed_options(entity_type, name, added, retired)
    carry_out(instance, [change_], plan_only=plan_only, yes=yes, as_json=as_json)


def _on_type(op: str, doc: str) -> Any:
    """Make the command for an operation on one type."""

    @click.argument("name")
    @existing_option
    @changing
    @pass_instance
    def command(
        instance: Instance,
        name: str,
        existing: str | None,
        plan_only: bool,
        yes: bool,
        as_json: bool,
    ) -> None:
        changes = [{"op": op, "type": name, **answer(existing, "")}]
        carry_out(instance, changes, plan_only=plan_only, yes=yes, as_json=as_json)

    return entity_types.command(op.removesuffix("_type"), help=doc)(command)


def _on_field(op: str, doc: str) -> Any:
    """Make the command for an operation on one field."""

    @click.argument("type_name", metavar="TYPE")
    @click.argument("name")
    @existing_option
    @changing
    @pass_instance
    def command(
        instance: Instance,
        type_name: str,
        name: str,
        existing: str | None,
        plan_only: bool,
        yes: bool,
        as_json: bool,
    ) -> None:
        changes = [{"op": op, "type": type_name, "field": name, **answer(existing, "")}]
        carry_out(instance, changes, plan_only=plan_only, yes=yes, as_json=as_json)

    return entity_types.command(op.replace("_", "-"), help=doc)(command)


def _on_key(op: str, doc: str) -> Any:
    """Make the command for an operation on a unique key."""

    @click.argument("type_name", metavar="TYPE")
    @click.argument("fields", nargs=-1, required=True)
    @existing_option
    @changing
    @pass_instance
    def command(
        instance: Instance,
        type_name: str,
        fields: tuple[str, ...],
        existing: str | None,
        plan_only: bool,
        yes: bool,
        as_json: bool,
    ) -> None:
        changes = [{"op": op, "type": type_name, "fields": list(fields), **answer(existing, "")}]
        carry_out(instance, changes, plan_only=plan_only, yes=yes, as_json=as_json)

    return entity_types.command(op.replace("_", "-"), help=doc)(command)


def _doc(sentence: str, example: str) -> str:
    return f"{sentence}\n\n\b\nExample:\n  relatum entity-types {example}"


_on_type("trash_type", _doc("Put a type in the trash; its records are kept.", "trash x_asset"))
_on_type("restore_type", _doc("Take a type out of the trash, with its records.", "restore x_asset"))
_on_field(
    "trash_field",
    _doc("Put a field in the trash; its values are kept.", "trash-field x_asset serial"),
)
_on_field(
    "restore_field",
    _doc("Take a field out of the trash, with its values.", "restore-field x_asset serial"),
)
_on_type(
    "purge_type",
    _doc("Drop a type that is in the trash, for good, with its records.", "purge x_asset --yes"),
)
_on_field(
    "purge_field",
    _doc("Drop a field that is in the trash, for good.", "purge-field x_asset serial --yes"),
)
for command in RETYPING:
    entity_types.add_command(command)
_on_key("add_key", _doc("Let FIELDS together be a unique key.", "add-key user name"))
_on_key("trash_key", _doc("Take a unique key over FIELDS away.", "trash-key user name"))


@entity_types.command("apply")
@click.argument("file")
@changing
@pass_instance
def apply_file(instance: Instance, file: str, plan_only: bool, yes: bool, as_json: bool) -> None:
    """Apply the changes in a JSON file, all in one transaction; - is standard input.

    \b
    Example:
      relatum entity-types apply types.json
    """
    carry_out(instance, changes_of(file), plan_only=plan_only, yes=yes, as_json=as_json)


@entity_types.command("plan")
@click.argument("file")
@json_option
@pass_instance
def plan_file(instance: Instance, file: str, as_json: bool) -> None:
    """Show what the changes in a JSON file would do.

    \b
    Example:
      relatum entity-types plan types.json
    """
    carry_out(instance, changes_of(file), plan_only=True, yes=True, as_json=as_json)
