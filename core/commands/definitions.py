"""What people type for types, fields and options, turned into the JSON of a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
import orjson

from ..catalog import EntityType
from ..fields import FIELD_TYPES
from .plans import typed

F = TypeVar("F", bound=Callable[..., Any])
#: How people write an option.
OPTION = "VALUE[:LABEL[:CATEGORY[:WHEN[:NEEDS[:SETS]]]]]"
_FLAGS = ("required", "unique", "indexed", "sortable", "personal")


class JsonText(click.ParamType):  # type: ignore[type-arg]  # generic in stubs alone
    """An option that takes a JSON object."""

    name = "json"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Return the object; fail with what is wrong."""
        if isinstance(value, dict):
            return value
        try:
            read = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            self.fail(f"it is not JSON: {error}", param, ctx)
        if not isinstance(read, dict):
            self.fail("it must be a JSON object", param, ctx)
        return read


def type_options(command: F) -> F:
    """Add the options for what an entity type looks like."""
    for option in reversed(
        (
            click.option("--label", help="What one record is called."),
            click.option("--plural", help="What many are called."),
            click.option("--icon", help="Name of an icon."),
            click.option("--hue", type=int, help="Colour, 0 to 359."),
            click.option("--description", help="What the type is for."),
            click.option(
                "--title",
                help="What names a record: a field, or a pattern such as '{code} {name}'.",
            ),
            click.option(
                "--layout",
                metavar="JSON",
                type=JsonText(),
                help="How the record page is laid out: highlights, and sections with their fields.",
            ),
        )
    ):
        command = option(command)
    return command


def field_options(command: F) -> F:
    """Add the options for the properties of a field."""
    options: list[Callable[[F], F]] = [click.option("--label", help="What people read.")]
    words = {
        "required": "A value is needed.",
        "unique": "No two records have the same value.",
        "indexed": "Filters by it are fast.",
        "sortable": "Long lists can be sorted by it.",
        "personal": "Holds data about a person.",
    }
    options += [click.option(f"--{n}/--no-{n}", n, default=None, help=words[n]) for n in _FLAGS]
    options += [
        click.option(
            "--default", metavar="VALUE", help="Value of new records; also now, today or me."
        ),
        click.option("--help-text", metavar="TEXT", help="A hint beside the field."),
        click.option(
            "--option", "options", multiple=True, metavar=OPTION,
            help="An option of a choice; repeat it in order. Those left out are retired. WHEN: "
            "values of the field controlled_by, NEEDS: fields that need a value with it, SETS: "
            "FIELD=VALUE that entering it sets; each by commas, - for none.",
        ),
        click.option("--target", metavar="TYPE", help="What a lookup points to."),
        click.option(
            "--set", "settings", multiple=True, metavar="NAME=VALUE",
            help="A setting of the field type, e.g. max_length=20. Repeatable.",
        ),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def properties(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a field from the options that were given."""
    made = {name: given[name] for name in ("label", *_FLAGS) if given.get(name) is not None}
    if given.get("help_text") is not None:
        made["help"] = given["help_text"] or None
    if given.get("default") is not None:
        made["default"] = typed(kind, given["default"]) if given["default"] else None
    if given.get("options"):
        made["options"] = [option(text) for text in given["options"]]
    settings = dict(setting(text) for text in given.get("settings", ()))
    if given.get("target"):
        settings["target"] = given["target"]
    if settings:
        made["settings"] = settings
    return made


def option(text: str) -> dict[str, Any]:
    """Read VALUE[:LABEL[:CATEGORY[:WHEN[:NEEDS[:SETS]]]]]."""
    parts = [*text.split(":", 5), *[""] * 5][:6]
    made: dict[str, Any] = dict(zip(("value", "label", "category"), parts, strict=False))
    made = {name: part for name, part in made.items() if part}
    for name, said in zip(("when", "needs", "sets"), parts[3:], strict=True):
        if said:
            listed = [part.strip() for part in said.split(",") if part.strip(" -")]
            made[name] = dict(map(setting, listed)) if name == "sets" else listed
    return made


def setting(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE; what reads as JSON is JSON, anything else is text."""
    name, sign, value = text.partition("=")
    if not sign:
        raise click.UsageError(f"NAME=VALUE is needed, not '{text}'.")
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def field(text: str) -> dict[str, Any]:
    """Read NAME:KIND[=ARGUMENT][:FLAG,FLAG]: a lookup's target, or the options of a choice."""
    name, _, rest = text.partition(":")
    kind, _, flags = rest.partition(":")
    kind, _, argument = kind.partition("=")
    made: dict[str, Any] = {"name": name, "kind": kind}
    if not kind:
        raise click.UsageError(f"--field takes NAME:KIND[=ARGUMENT][:FLAGS], not '{text}'.")
    if kind == "lookup":
        made["settings"] = {"target": argument}
    elif kind in FIELD_TYPES and FIELD_TYPES[kind].HAS_OPTIONS:
        made["options"] = [{"value": value} for value in argument.split(",") if value]
    elif argument:
        raise click.UsageError(f"--field {name}: only a lookup or a choice takes '={argument}'.")
    for flag in filter(None, flags.split(",")):
        if flag not in _FLAGS:
            raise click.UsageError(f"--field {name}: '{flag}' is none of {', '.join(_FLAGS)}.")
        made[flag] = True
    return made


def changed_options(
    entity_type: EntityType, name: str, added: tuple[str, ...], retired: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return the options of a choice field with some added at the end and some retired."""
    known = [
        {
            "value": o.value,
            "label": o.label,
            "hue": o.hue,
            "category": o.category,
            "retired": o.retired,
            "when": list(o.when),
            "needs": list(o.needs),
            "sets": dict(o.sets),
        }
        for o in entity_type.field(name).options
    ]
    for value in retired:
        if value not in [o["value"] for o in known]:
            raise click.UsageError(f"--retire-option: '{value}' is not an option of '{name}'.")
    for known_option in known:
        if known_option["value"] in retired:
            known_option["retired"] = True
    fresh = [option(text) for text in added]
    replaced = {o["value"] for o in fresh}
    return [*(o for o in known if o["value"] not in replaced), *fresh]
