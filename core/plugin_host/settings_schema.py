"""The settings of a plugin as its marshmallow schema describes them: read once, checked, loaded.

A value goes in as JSON has it, and comes out as the plugin sees it: text, whole number, decimal
number, true or false, date, or a tuple of these.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import orjson
from marshmallow import RAISE, Schema, ValidationError, missing, validate
from marshmallow import fields as ma

from ...schemas.entity_types import flat
from ..entities.definitions import check_name, label_from
from ..errors import Invalid, Problem, RelatumError, nearest
from ..fields import Refused
from ..fields.text import clean
from ..hooks import hiding, reason_of
from .manifest import Unfit
from .settings_problems import problem_of

#: What a setting can be: the field that says so, in words of field types, and what it loads to.
_KINDS: Final[dict[type[ma.Field[Any]], tuple[str, type]]] = {
    ma.String: ("text", str), ma.Integer: ("integer", int), ma.Decimal: ("decimal", Decimal),
    ma.Boolean: ("boolean", bool), ma.Date: ("date", date), ma.Email: ("email", str),
    ma.Url: ("url", str),
}  # fmt: skip
_POSSIBLE: Final = "String, Integer, Decimal, Boolean, Date, Email, Url, or a List of one of them"
#: Longest text, and largest whole number that every JSON reader keeps exact.
_TEXT_LIMIT: Final = 10_000
_NUMBER_LIMIT: Final = 2**53 - 1
_ENV: Final = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
#: Variables that are not a plugin's: they hold the instance's own settings, its keys among them.
_OWN_VARIABLES: Final = "RELATUM_"


@dataclass(frozen=True, slots=True)
class Kept:
    """A value as it is stored: JSON, or a text that was sealed; `lost`: its key is not here."""

    value: Any = field(default=None, repr=False)
    sealed: bool = False
    lost: bool = False

    @property
    def variable(self) -> str | None:
        """The variable of the environment that a secret is read from; None: it is no such one."""
        found = None if self.sealed else _variable(self.value)
        return found and found[1]


def _variable(value: Any) -> re.Match[str] | None:
    return _ENV.fullmatch(value) if isinstance(value, str) else None


class Values(Mapping[str, Any]):
    """Loaded settings by name; it can't be changed, and shows names alone where it is printed."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<settings {', '.join(self._values)}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: `kind` is a word of field types, `many` says that it is a list of these.

    `default` is what it is without a value, `options` what it can be alone, with labels; both as
    JSON has them.
    """

    name: str
    kind: str
    many: bool = False
    label: str
    description: str = ""
    required: bool = False
    secret: bool = False
    default: Any = None
    options: tuple[tuple[Any, str], ...] = ()
    field: ma.Field[Any] = field(repr=False)

    @property
    def inner(self) -> ma.Field[Any]:
        """The field of the schema that says what it is; of a list, what its parts are."""
        return self.field.inner if isinstance(self.field, ma.List) else self.field

    def as_json(self) -> dict[str, Any]:
        """Return the setting without its value, as the API and the command line show it."""
        return {
            "name": self.name, "kind": self.kind, "many": self.many, "label": self.label,
            "description": self.description, "required": self.required, "secret": self.secret,
            "default": self.default,
            "options": [{"value": value, "label": label} for value, label in self.options],
        }  # fmt: skip

    def wire(self, value: Any) -> Any:
        """Return a loaded value as JSON has it; raise `Unfit` for what is none of its kind."""
        if value is None:
            return None
        if self.many:
            return [self._wire(each) for each in value]
        return self._wire(value)

    def _wire(self, value: Any) -> Any:
        wanted = _KINDS[type(self.inner)][1]
        if type(value) is not wanted:
            raise Unfit(
                f"relatum_settings: '{self.name}' becomes {type(value).__name__} when it is "
                f"loaded, and {wanted.__name__} is what its field says"
            )
        if isinstance(value, Decimal):
            return f"{value:f}"
        return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class SettingsSchema:
    """The settings of a plugin, and what they must be."""

    plugin: str
    settings: Mapping[str, Setting]
    _schema: Schema = field(repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of those that are secrets."""
        return tuple(name for name, setting in self.settings.items() if setting.secret)

    def draft(self) -> Values:
        """Return what is known without any value: the defaults."""
        return Values({s.name: self._default(s) for s in self.settings.values()})

    def _default(self, setting: Setting) -> Any:
        made = setting.field.load_default
        return None if made is missing else _frozen(made)

    def open(self, kept: Mapping[str, Kept], *, here: bool = True) -> Values:
        """Return the loaded values; raise `Invalid` naming each setting that is wrong or missing.

        Without `here` a secret that comes from the environment is taken for right: this process
        need not be one that uses it. Raises `Unfit` for what its schema makes of a value.
        """
        given: dict[str, Any] = {}
        problems: list[Problem] = []
        unknown: set[str] = set()
        for name, setting in self.settings.items():
            row = kept.get(name)
            # What was a secret once is none for other eyes, whatever a newer version says.
            if row is None or (row.sealed and not setting.secret):
                continue
            value = row.value
            if row.lost:
                problems.append(Problem("setting_key_lost", field=name))
            elif setting.secret and row.variable is not None:
                value = os.environ.get(row.variable) if here else None
                if here and not value:
                    told = {"variable": row.variable}
                    problems.append(Problem("setting_variable_missing", told, field=name))
            if value is None or row.lost:
                unknown.add(name)
            else:
                given[name] = value
        loaded = self._loaded(given, unknown, problems)
        return Values({n: _frozen(loaded.get(n)) for n in self.settings})

    def _loaded(
        self, given: dict[str, Any], unknown: Collection[str], problems: list[Problem]
    ) -> Mapping[str, Any]:
        """Load values through the schema; `problems` are what is known to be wrong already."""
        loaded: Any = {}
        try:
            # A copy: what a schema makes of its input must not be seen by anybody else.
            loaded = self._schema.load(dict(given), partial=tuple(sorted(unknown)), unknown=RAISE)
        except ValidationError as error:
            problems += [self._problem(path, text, given) for path, text in flat(error)]
        except Exception as error:  # noqa: BLE001  # whatever a stranger's code may do
            raise Unfit(self.hidden(f"its settings: {reason_of(error)}", given)) from None
        if problems:
            raise Invalid(problems)
        if not isinstance(loaded, dict):
            raise Unfit("relatum_settings: its schema must load to a dict")
        for name in self.settings:
            self.settings[name].wire(loaded.get(name))
        return loaded

    def _problem(self, path: str, text: str, given: Mapping[str, Any]) -> Problem:
        """Return what a message of marshmallow says, by a code where there is one."""
        setting = self.settings.get(path.partition(".")[0])
        own = Problem("value_invalid", {"reason": self.hidden(text, given)})
        if setting is None:
            return own
        value = given.get(setting.name)
        if setting.many and isinstance(value, list) and path != setting.name:
            value = value[int(path.rpartition(".")[2])]
        of = setting.inner if path != setting.name else setting.field
        return (problem_of(text, of, value, secret=setting.secret) or own).at(field=path)

    def hidden(self, text: str, given: Mapping[str, Any]) -> str:
        """Return a text of the plugin without the secrets that it may hold."""
        return hiding.without(text, (str(given.get(name) or "") for name in self.secrets))

    # -- what somebody gives --------------------------------------------------------------------
    def read(self, values: Mapping[str, Any]) -> dict[str, Kept | None]:
        """Return values that somebody gave, to be kept; None takes one back.

        A list may be a text parted by commas. Raises `Invalid` for unknown names and for values
        that can't be stored.
        """
        problems: list[Problem] = []
        found: dict[str, Kept | None] = {}
        for name, value in values.items():
            setting = self.settings.get(name)
            if setting is None:
                near = nearest(name[:40], sorted(self.settings))
                told = {"plugin": self.plugin, "setting": name[:40], "nearest": near}
                problems.append(Problem("plugin_setting_unknown", told, field=name[:40]))
                continue
            try:
                made = _given(setting, value)
            except Refused as refused:
                problems.append(refused.problem.at(field=name))
                continue
            secret = setting.secret and _variable(made) is None
            found[name] = None if made is None else Kept(made, sealed=secret)
        if problems:
            raise Invalid(problems)
        return found


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


# -- values that somebody gives ---------------------------------------------------------------
def _given(setting: Setting, value: Any) -> Any:
    """Return a value as it may be loaded, None for an empty one; raise `Refused`."""
    if setting.secret:
        return _secret(value)
    if not setting.many:
        return _one(setting, value)
    if isinstance(value, str):
        value = _parted(value)
    if not isinstance(value, list):
        return value  # the schema says what is wrong with it
    return [made for made in (_one(setting, each) for each in value) if made is not None] or None


def _parted(text: str) -> Any:
    if text.lstrip().startswith("["):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # a text with commas may begin with a bracket
    return text.split(",")


def _one(setting: Setting, value: Any) -> Any:
    if isinstance(value, str):
        made = clean(value.strip(), lines=setting.kind == "text")
        if len(made) > _TEXT_LIMIT:
            raise Refused("too_long", length=len(made), max=_TEXT_LIMIT)
        return made or None
    if setting.kind == "integer" and isinstance(value, (int, float)):
        if isinstance(value, float) and not value.is_integer():
            raise Refused("not_integer", got=f"the number {value}")
        if value > _NUMBER_LIMIT:
            raise Refused("too_large", max=_NUMBER_LIMIT)
        if value < -_NUMBER_LIMIT:
            raise Refused("too_small", min=-_NUMBER_LIMIT)
    return value


def _secret(value: Any) -> Any:
    """Return a secret as it is, or the name of the variable that it is read from."""
    if not isinstance(value, str):
        return value
    clean(value, lines=True)
    if len(value) > _TEXT_LIMIT:
        raise Refused("too_long", length=len(value), max=_TEXT_LIMIT)
    variable = _variable(value)
    if value.startswith("env:") and (variable is None or variable[1].startswith(_OWN_VARIABLES)):
        raise Refused("setting_variable")
    return value or None


# -- the schema ---------------------------------------------------------------------------------
def settings_schema(plugin_id: str, returned: Any) -> SettingsSchema:
    """Return the settings of a plugin from what `relatum_settings` returned; raise `Unfit`."""
    if not (isinstance(returned, type) and issubclass(returned, Schema)):
        raise Unfit("relatum_settings must return a class of a marshmallow schema")
    made = returned()
    if made.many:
        raise Unfit("relatum_settings: its schema must be of one set of values, not of many")
    found = {name: _setting(name, each) for name, each in made.fields.items()}
    return SettingsSchema(plugin_id, found, made)


def _unfit(name: str, reason: str) -> Unfit:
    return Unfit(f"relatum_settings: '{name}': {reason}")


def _setting(name: str, given: ma.Field[Any]) -> Setting:
    try:
        check_name(name)
    except RelatumError as error:
        raise Unfit(f"relatum_settings: {str(error).rstrip('.')}") from None
    many = type(given) is ma.List
    inner: ma.Field[Any] = given.inner if isinstance(given, ma.List) else given
    if type(inner) not in _KINDS:
        raise _unfit(name, f"a setting can't be {type(inner).__name__}; use {_POSSIBLE}")
    _check_field(name, given, inner)
    secret = given.metadata.get("secret", False) is True
    options = _options(given, inner)
    if secret and (type(given) is not ma.String or options or given.load_default is not missing):
        raise _unfit(name, "a secret is a String without options and without a default")
    described = {w: str(given.metadata.get(w, "")) for w in ("label", "description")}
    setting = Setting(
        name=name, kind=_KINDS[type(inner)][0], many=many, required=given.required, secret=secret,
        label=described["label"] or label_from(name), description=described["description"],
        options=options, field=given,
    )  # fmt: skip
    return _with_default(setting)


def _check_field(name: str, given: ma.Field[Any], inner: ma.Field[Any]) -> None:
    """Refuse what would store or load otherwise than it says; raise `Unfit`."""
    for each in (given, inner):
        if each.data_key is not None or each.attribute is not None or each.dump_only:
            raise _unfit(name, "a setting has one name, and is neither data_key nor attribute nor "
                               "dump_only")  # fmt: skip
    if callable(given.load_default):
        raise _unfit(name, "its default must be a value, the same wherever it is read")
    if isinstance(inner, ma.Date) and inner.format not in (None, "iso"):
        raise _unfit(name, "a date is stored as 2026-01-31 and takes no other format")
    if isinstance(inner, ma.Boolean) and not (True in inner.truthy and False in inner.falsy):
        raise _unfit(name, "true and false must be possible")
    if isinstance(inner, ma.Decimal) and inner.allow_nan:
        raise _unfit(name, "a number that is none can't be stored; leave out allow_nan")


def _options(given: ma.Field[Any], inner: ma.Field[Any]) -> tuple[tuple[Any, str], ...]:
    """Return what a setting can be alone, with labels, as JSON has it."""
    rules = [*inner.validators, *(given.validators if given is not inner else ())]
    found = next((rule for rule in rules if isinstance(rule, validate.OneOf)), None)
    if found is None:
        return ()
    labels = [str(label) for label in found.labels]
    values = [f"{v:f}" if isinstance(v, Decimal) else v for v in found.choices]
    values = [v.isoformat() if isinstance(v, date) else v for v in values]
    return tuple(
        (value, labels[place] if place < len(labels) else str(value))
        for place, value in enumerate(values)
    )


def _with_default(setting: Setting) -> Setting:
    """Return a setting with its default, which its own schema must take."""
    default = setting.field.load_default
    if default is missing or default is None:
        return setting
    wire = setting.wire(default)
    try:
        setting.field.deserialize(wire)
    except ValidationError as error:
        reason = "; ".join(text for _, text in flat(error)).rstrip(".")
        raise _unfit(setting.name, f"its own rules refuse its default: {reason}") from None
    return replace(setting, default=wire)
