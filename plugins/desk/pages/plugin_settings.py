"""The settings of a plugin: a form drawn from what it says of them; secrets go in, never out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, request
from werkzeug.datastructures import MultiDict

from relatum import RelatumError, fields, languages, plugin_host, reading, transact

from .. import inputs, ui, values, words
from ..words import translated
from .plugins import described
from .records import faults
from .records.forms import problem_of

#: What a list without options is written as, one value per line; and what is never shown.
_LINES: Final = "long_text"
_HIDDEN: Final = "encrypted"
_OPTIONS: Final = {False: "choice", True: "multi_choice"}
#: What is wrong with what was sent, and not with the plugin or who asks.
_REFUSED: Final = ("invalid", "desk_form_outdated")


@ui.page("/plugins/<plugin>/settings")
def plugin_settings(plugin: str) -> Response:
    """Show the settings of a plugin as a form."""
    return _form(plugin)


def _form(
    plugin: str,
    refused: RelatumError | None = None,
    sent: MultiDict[str, str] | None = None,
) -> Response:
    shown = plugin_host.show_settings(plugin, actor=ui.actor())
    speak = _words(plugin)
    asked = [_field(each, speak) for each in shown["settings"]]
    wrong = refused.problems if refused is not None else ()
    problems = {problem.field or "": _said(problem, speak) for problem in wrong}
    for each in shown["settings"]:
        if each["secret"] and sent is not None and sent.get(each["name"]):
            told = translated("It was not kept: type it again.")
            problems[each["name"]] = f"{problems.get(each['name'], '')} {told}".strip()
    if refused is not None and not wrong:
        problems[""] = words.said(refused)
    elsewhere, located = faults.located(asked, [], problems)
    return ui.render(
        "plugin_settings.html", refused.status if refused else 200,
        expect=ui.digest(_stated(shown["settings"])), asked=asked,
        plugin=described(plugin_host.show(plugin, actor=ui.actor())),
        shown={each["name"]: each for each in shown["settings"]}, ready=shown["ready"],
        sent=None if sent is None else _without_secrets(sent, shown["settings"]),
        problems=problems, problem_of=problem_of, elsewhere=elsewhere, faults=located,
        begun=_drawn,
        lacks=[] if refused else [(p["field"], words.said(p)) for p in shown["problems"]],
    )  # fmt: skip


def _words(plugin: str) -> Callable[[str], str]:
    """Return what says a text of the plugin in the reader's language, whether it runs or not."""
    found = plugin_host.there().get(plugin)
    if found is None:
        return str
    by = languages.read(found.path / languages.FOLDER, words.language())
    return lambda text: by.gettext(text) if text else text


def _said(problem: Any, speak: Callable[[str], str]) -> str:
    """Return what is wrong: by the words of the plugin, if these are its own."""
    own = str(problem.params.get("reason", "")) if problem.code == "value_invalid" else ""
    told = speak(own)
    return told if told != own else words.said(problem)


def _field(setting: Mapping[str, Any], speak: Callable[[str], str]) -> fields.Field:
    """Return a field whose control is that of a setting."""
    options = tuple(
        fields.Option(id=0, value=str(each["value"]), label=speak(each["label"]))
        for each in setting["options"]
    )
    kind = _LINES if setting["many"] else setting["kind"]
    if setting["secret"]:
        kind = _HIDDEN
    elif options:
        kind = _OPTIONS[setting["many"]]
    open_ = kind == "boolean" and setting["default"] is None and not setting["required"]
    return fields.FIELD_TYPES[kind](
        id=0, type_id=0, name=setting["name"], column="", label=speak(setting["label"]),
        help=speak(setting["description"]) or None, required=setting["required"],
        settings={"tri_state": True} if open_ else {}, options=options,
    )  # fmt: skip


def _without_secrets(
    sent: MultiDict[str, str], settings: list[dict[str, Any]]
) -> MultiDict[str, str]:
    kept = MultiDict(sent)
    for each in settings:
        if each["secret"]:
            kept.pop(each["name"], None)
    return kept


def _stated(settings: list[dict[str, Any]]) -> list[Any]:
    """Return what a form says of settings; of secrets, whether they are set."""
    return [
        [each["name"], each["set"], None if each["secret"] else each["value"]] for each in settings
    ]


def _drawn(setting: Mapping[str, Any]) -> Any:
    """Return the value of a setting as the control of its field takes it."""
    value = setting["value"]
    if setting["many"]:
        texts = [str(each) for each in value or ()]
        return texts if setting["options"] else "\n".join(texts)
    return str(value) if setting["options"] and value is not None else value


# -- changing -------------------------------------------------------------------------------
@ui.page("/plugins/<plugin>/settings", "POST", own=True)
def change_plugin_settings(plugin: str) -> Response:
    """Set what the form sent; the next page is drawn by it."""
    actor, sent = ui.actor(), request.form
    with reading():
        shown = plugin_host.show_settings(plugin, actor=actor)
        given = _given(shown["settings"], sent)

    def work() -> None:
        ui.as_begun(_stated(plugin_host.show_settings(plugin, actor=actor)["settings"]))
        plugin_host.change_settings(plugin, given, actor=actor)

    try:
        transact(work, exclusive=True)
    except RelatumError as error:
        if error.code not in _REFUSED:
            raise
        with reading():
            return _form(plugin, error, sent)
    return ui.tell(ui.away(f"/plugins/{plugin}"), translated("The settings are saved"))


def _given(settings: list[dict[str, Any]], sent: MultiDict[str, str]) -> dict[str, Any]:
    """Return what a form sent for each setting; None where nothing is said.

    What stands there as its default, and was never set, is left alone.
    """
    given: dict[str, Any] = {}
    for each in settings:
        name = each["name"]
        if each["secret"]:
            if sent.get(name):
                given[name] = sent[name]
            elif f"{name}{inputs.EMPTIED}" in sent:
                given[name] = None
            continue
        value = _value(each, sent)
        if each["set"] or value != _begun(each):
            given[name] = value
    return given


def _value(setting: Mapping[str, Any], sent: MultiDict[str, str]) -> Any:
    name = setting["name"]
    if setting["many"] and setting["options"]:
        return [value for value in sent.getlist(name) if value] or None
    if setting["many"]:
        return [line for line in map(str.strip, sent.get(name, "").splitlines()) if line] or None
    if setting["kind"] == "boolean" and not setting["options"]:
        return {"true": True, "false": False}.get((sent.getlist(name) or [""])[-1])
    text = sent.get(name, "").strip()
    if setting["kind"] in ("integer", "decimal") and not setting["options"]:
        text = words.plain(text)
    return text or None


def _begun(setting: Mapping[str, Any]) -> Any:
    """Return what the form of a setting sends if nobody touches it."""
    default = setting["default"]
    if setting["many"]:
        return None if default is None else [str(each) for each in default]
    if default is None or isinstance(default, bool):
        return default
    if setting["kind"] == "decimal" and not setting["options"]:
        return words.plain(values.text(_field(setting, str), default))
    return str(default)
