"""What forms of the designer say of a field or a type, as operations of a plan take it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from relatum import RelatumError, catalog, entities, fields

from ... import inputs, words
from ...words import translated

Form = MultiDict[str, str]
NAME_LENGTH: Final = 40
#: The rules that a field can have, beside what its type says.
FLAGS: Final = ("required", "unique", "indexed", "sortable", "personal")
ICONS: Final = (
    "users user building briefcase package box shopping-cart receipt file-text certificate "
    "calendar clock phone mail message bell ticket tool truck car home map-pin building-factory "
    "cpu device-laptop key shield wallet cash coin target trophy gift flag tags tag book school "
    "heart stethoscope paw plant leaf globe plane music star versions puzzle"
).split()
#: Options that are offered empty, to be filled in.
_BLANK: Final = 3
_MARKS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Kind:
    """A field type as people meet it."""

    name: str
    label: str
    icon: str
    type: type[fields.Field]


def kinds() -> dict[str, Kind]:
    """Return all field types, those of plugins last."""
    said = {
        "text": (translated("Text"), "letter-case"),
        "long_text": (translated("Long text"), "align-left"),
        "rich_text": (translated("Formatted text"), "pilcrow"),
        "integer": (translated("Whole number"), "hash"),
        "decimal": (translated("Decimal"), "decimal"),
        "money": (translated("Amount of money"), "coin"),
        "percent": (translated("Percent"), "percentage"),
        "rating": (translated("Rating"), "star"),
        "duration": (translated("Duration"), "hourglass"),
        "boolean": (translated("Yes or no"), "toggle-left"),
        "date": (translated("Date"), "calendar-event"),
        "time": (translated("Time of day"), "clock"),
        "datetime": (translated("Date and time"), "calendar-time"),
        "choice": (translated("Choice"), "circle-dot"),
        "multi_choice": (translated("Several choices"), "list-check"),
        "tags": (translated("Tags"), "tags"),
        "auto_number": (translated("Running number"), "number"),
        "encrypted": (translated("Encrypted text"), "lock"),
        "email": (translated("E-mail"), "mail"),
        "phone": (translated("Phone"), "phone"),
        "url": (translated("Web address"), "link"),
        "colour": (translated("Colour"), "palette"),
        "person_name": (translated("Name of a person"), "id"),
        "address": (translated("Address"), "address-book"),
        "geo": (translated("Point on a map"), "map-pin"),
        "json": (translated("JSON"), "braces"),
        "lookup": (translated("Link to a record"), "arrows-join"),
        "user": (translated("User"), "user"),
        "reference": (translated("Link to several types"), "share"),
    }
    made = {}
    for name, field_type in entities.field_types().items():
        label, icon = said.get(name, (name.replace("_", " ").capitalize(), "puzzle"))
        made[name] = Kind(name, label, icon, field_type)
    return made


def setting_label(name: str) -> str:
    """Return what a setting of a field type is called."""
    said = {
        "target": translated("Points to"), "targets": translated("May point to"),
        "any": translated("Any type at all"),
        "on_delete": translated("When what it points to is deleted"),
        "inverse": translated("Name of the list on the other side"),
        "inverse_label": translated("Label of the list on the other side"),
        "part": translated("Part of the other record"), "tree": translated("Makes a tree"),
        "min": translated("Least"), "max": translated("Most"), "scale": translated("Decimals"),
        "min_length": translated("Least characters"), "max_length": translated("Most characters"),
        "pattern": translated("Pattern"), "currency": translated("Currency"),
        "currency_by": translated("Field with the currency"),
        "base": translated("Field with the worth in the own currency"),
        "rate_date": translated("Date whose rate holds"),
        "fixed_by": translated("Choice that fixes the worth"),
        "computed": translated("Worked out by a plugin"),
        "tri_state": translated("Empty is not the same as no"),
        "controlled_by": translated("Depends on the choice"), "mask": translated("Mask"),
        "restart": translated("Begins anew"), "importable": translated("Imports may bring numbers"),
        "required_members": translated("Needed parts"),
        "indexed_members": translated("Parts to filter by fast"),
        "region": translated("Country of numbers"), "max_bytes": translated("Most bytes"),
        "max_values": translated("Most values"), "filterable": translated("Can be filtered by"),
    }  # fmt: skip
    return said.get(name) or name.replace("_", " ").capitalize()


def hues() -> dict[int, str]:
    """Return the hues that are offered; each keeps its contrast in both themes."""
    return {
        20: translated("Red"), 50: translated("Orange"), 75: translated("Amber"),
        110: translated("Olive"), 150: translated("Green"), 185: translated("Teal"),
        210: translated("Cyan"), 240: translated("Blue"), 265: translated("Indigo"),
        285: translated("Violet"), 315: translated("Purple"), 345: translated("Pink"),
    }  # fmt: skip


def word_label(word: str) -> str:
    """Return what a word of a setting means."""
    said = {
        "restrict": translated("refuse to delete it"), "clear": translated("empty the link"),
        "cascade": translated("delete this one, too"), "never": translated("never"),
        "year": translated("each year"),
    }  # fmt: skip
    return said.get(word) or word.replace("_", " ")


def can(kind: type[fields.Field]) -> list[str]:
    """Return the rules that a field of a type can have."""
    ordered = kind.value_type.ordered
    possible = {
        "required": not kind.NUMBERED, "unique": kind.CAN_BE_UNIQUE and not kind.NUMBERED,
        "indexed": ordered and not issubclass(kind, fields.Composite), "sortable": ordered,
        "personal": True,
    }  # fmt: skip
    return [name for name in FLAGS if possible[name]]


# -- names ----------------------------------------------------------------------------------------
def slug(text: str, *, prefix: str = "", taken: Iterable[str] = ()) -> str:
    """Return a name made of a label: small letters, digits and _, and no name that is taken."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore")
    bare = _MARKS.sub("_", plain.decode().lower()).strip("_").removeprefix("x_") or "field"
    if not prefix and not bare[0].isalpha():
        bare = f"n_{bare}"
    base = f"{prefix}{bare}"[:NAME_LENGTH].strip("_")
    known, name, number = set(taken), base, 2
    while name in known:
        end = f"_{number}"
        name, number = f"{base[: NAME_LENGTH - len(end)]}{end}", number + 1
    return name


def prefix(entity_type: catalog.EntityType) -> str:
    """Return how names begin that an administrator gives within a type."""
    return "" if entity_type.owner == "local" else "x_"


def names_in(known: catalog.Catalog, entity_type: catalog.EntityType) -> set[str]:
    """Return the names of a type's fields, and of the lists that point to it."""
    return {*entity_type.fields, *known.inverses(entity_type.name)}


# -- fields ---------------------------------------------------------------------------------------
def probe(kind: type[fields.Field], field: fields.Field | None, name: str) -> fields.Field:
    """Return a field by another name, to draw and to read a value of its type."""
    if field is not None:
        return replace(field, name=name, required=False)
    return kind(id=0, type_id=0, name=name, column=name, label=translated("Default"))


def properties(kind: type[fields.Field], field: fields.Field | None, form: Form) -> dict[str, Any]:
    """Return the properties that a form gives a field; raise `inputs.Misread`."""
    problems: dict[str, str] = {}
    said: dict[str, Any] = {
        "label": " ".join(form.get("label", "").split()),
        "help": form.get("help", "").strip() or None,
        **{name: name in form for name in can(kind)},
    }
    if not said["label"]:
        problems["label"] = translated("Give it a label.")
    said["settings"] = settings(kind, field, form, problems)
    if "default" in form or "default_word" in form:
        said["default"] = _default(kind, field, form, problems)
    if kind.HAS_OPTIONS:
        said["options"] = options(field, form)
    if problems:
        raise inputs.Misread(problems, said)
    return said


def settings(
    kind: type[fields.Field], field: fields.Field | None, form: Form, problems: dict[str, str]
) -> dict[str, Any]:
    """Return the settings that a form gives; a setting that is left empty is None."""
    made: dict[str, Any] = {}
    for name, setting in kind.SETTINGS.items():
        key = f"s.{name}"
        if f"{key}~" not in form:
            continue
        sent = [text.strip() for text in form.getlist(key) if text.strip()]
        try:
            if not sent:
                made[name] = None
            elif setting.form in ("several", "types"):
                made[name] = setting.check(sent)
            else:
                made[name] = setting.read(sent[-1])
        except ValueError as error:
            problems[key] = f"{setting_label(name)}: {error}."
    return made


def _default(
    kind: type[fields.Field], field: fields.Field | None, form: Form, problems: dict[str, str]
) -> Any:
    if form.get("default_word"):
        return form["default_word"]
    made = probe(kind, field, "default")
    try:
        value = inputs.value_of(made, form, made.name)
        # A box that is not ticked says nothing: empty counts as no anyway.
        nothing = value is None or value == [] or (value is False and not made.settings)
        return None if nothing else made.wire(made.merge(None, value))
    except fields.Refused as refused:
        problems["default"] = words.said(refused.problem)
    except RelatumError as error:
        problems["default"] = words.said(error)
    return None


def difference(field: fields.Field, said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form says that is not so already."""
    now = {
        "label": field.label, "help": field.help, "default": field.default_value(),
        "options": [_option(option) for option in field.options],
        **{name: getattr(field, name) for name in FLAGS},
    }  # fmt: skip
    changed = {n: v for n, v in said.items() if n in now and n != "settings" and now[n] != v}
    moved = {
        name: value
        for name, value in said.get("settings", {}).items()
        if field.settings.get(name) != value and (value is not None or name in field.settings)
    }
    return {**changed, "settings": moved} if moved else changed


# -- options --------------------------------------------------------------------------------------
def _option(option: fields.Option) -> dict[str, Any]:
    return {
        "value": option.value, "label": option.label, "hue": option.hue,
        "category": option.category, "retired": option.retired, "when": list(option.when),
        "needs": list(option.needs), "sets": dict(option.sets),
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list of options; one that is to be filled in has no value yet."""

    key: str
    option: dict[str, Any]
    is_new: bool


def rows(field: fields.Field | None, form: Form | None = None) -> list[Row]:
    """Return the lines of options as a form shows them, with some to be filled in."""
    known = {option.value: _option(option) for option in field.options} if field else {}
    said = options(field, form) if form is not None and "o" in form else [*known.values()]
    made = [Row(f"v.{each['value']}", each, each["value"] not in known) for each in said]
    blank: dict[str, Any] = {
        "value": "", "label": "", "hue": None, "category": None, "when": [], "needs": [],
        "sets": {},
    }  # fmt: skip
    return [*made, *(Row(f"n.{n}", blank, is_new=True) for n in range(1 if made else _BLANK))]


def options(field: fields.Field | None, form: Form) -> list[dict[str, Any]]:
    """Return the options that a form gives, in its order."""
    known = {option.value: option for option in field.options} if field else {}
    taken, made = set(known), []
    for key in form.getlist("o"):
        label = " ".join(form.get(f"o.{key}.label", "").split())
        if not label:
            continue
        value = key.removeprefix("v.")
        if key.startswith("n."):
            given = form.get(f"o.{key}.value", "").strip()
            value = given or slug(label, taken=taken)
        taken.add(value)
        hue = form.get(f"o.{key}.hue", "")
        made.append(
            {
                "value": value, "label": label, "hue": int(hue) if hue.isdecimal() else None,
                "category": form.get(f"o.{key}.category", "").strip() or None,
                "retired": f"o.{key}.retired" in form,
                "when": form.getlist(f"o.{key}.when"),
                **_entailed(known.get(value), form, f"o.{key}"),
            }
        )  # fmt: skip
    return moved(made, [f"v.{each['value']}" for each in made], form.get("move", ""))


def _entailed(option: fields.Option | None, form: Form, at: str) -> dict[str, Any]:
    """Return what an option needs, and texts of what it sets; as it is if the form is silent."""
    if f"{at}.entails" not in form:
        sets = dict(option.sets) if option else {}
        return {"needs": list(option.needs) if option else [], "sets": sets}
    texts = (text.strip() for text in form.getlist(f"{at}.to"))
    pairs = zip(form.getlist(f"{at}.set"), texts, strict=False)
    return {"needs": form.getlist(f"{at}.needs"), "sets": {n: text for n, text in pairs if n}}


def moved(items: list[Any], keys: list[str], asked: str) -> list[Any]:
    """Return items with one of them moved, as `KEY:up` or `KEY:down` asks."""
    key, _, way = asked.rpartition(":")
    if key not in keys:
        return items
    at = keys.index(key)
    to = at + (1 if way == "down" else -1)
    if not 0 <= to < len(items):
        return items
    made = [*items]
    made[at], made[to] = made[to], made[at]
    return made


# -- what the kernel says against it --------------------------------------------------------------
_OF_NAMES: Final = ("name_invalid", "name_prefix", "name_taken", "name_reserved")


def problems_of(error: RelatumError, kind: type[fields.Field] | None = None) -> dict[str, str]:
    """Return where in a form a refusal of the kernel stands; an empty name: above it all."""
    reason = words.said(error)
    if error.code in _OF_NAMES:
        return {"name": reason}
    if error.code != "definition_invalid":
        return {"": reason}
    what = re.sub(r"^changes\.\d+\.", "", str(error.params["what"]))
    said = str(error.params["reason"])
    last = what.rpartition(".")[2]
    if kind is not None and last in kind.SETTINGS:
        return {f"s.{last}": said}
    if said.startswith("the default"):
        return {"default": said}
    if last in ("label", "plural", "title", "help", "icon"):
        return {last: said}
    mentioned = next((n for n in (kind.SETTINGS if kind else ()) if n in said.split()), None)
    return {f"s.{mentioned}": said} if mentioned else {"": said}
