"""Plugins: what is there and why one does not run, what each adds; enabling and disabling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask import Response, request

from relatum import RelatumError, languages, plugin_host, reading, transact

from .. import menu, ui, words
from ..words import translated

_ENABLED: Final = "enabled"
_RESTART: Final = "restart_required"
_NOWHERE: Final[Mapping[str, Path]] = {}
#: What is no fault of a plugin or of its plan.
_ELSEWHERE: Final = (401, 403, 500, 503)
#: Parts that a card counts; the others are for those who look closer.
_COUNTED: Final = ("types", "fields", "field_types", "routes", "jobs", "commands")


def _parts() -> dict[str, tuple[str, str]]:
    """Return what the parts that a plugin brings are called, in order, and their icons."""
    return {
        "types": (translated("Entity types"), "database"),
        "fields": (translated("Fields on other types"), "forms"),
        "field_types": (translated("Field types"), "tags"),
        "settings": (translated("Settings"), "settings"),
        "permissions": (translated("Permissions"), "lock"),
        "routes": (translated("Addresses"), "link"),
        "hooks": (translated("Hooks"), "plug"),
        "jobs": (translated("Jobs"), "clock"),
        "commands": (translated("Commands"), "terminal"),
    }


def _source(name: str | None) -> str:
    """Return where a plugin is from."""
    return {
        "bundled": translated("Comes with Relatum"),
        "installed": translated("Installed on this machine"),
        "home": translated("A file of this instance"),
    }.get(name or "", "")


def _fault(kind: str) -> str:
    """Return what is wrong with a plugin, from the kernel's word for it."""
    return {
        "missing": translated("Its files are not on this machine any more"),
        "incompatible": translated("Another version is on this machine"),
        "safe_mode": translated("The instance is in safe mode"),
        "restart_required": translated("Workers run its former code"),
        "needs_config": translated("It needs settings before it runs"),
    }.get(kind, translated("It failed when it was loaded"))


def is_about_plugin(error: RelatumError) -> bool:
    """Say whether a page of the plugin is where an error is understood."""
    return error.status not in _ELSEWHERE


class Step(NamedTuple):
    """What an administrator can do next: what the button says, and where it leads."""

    label: str
    address: str
    icon: str


class Trouble(NamedTuple):
    """Why a plugin does not run: which part, the reason, and what can be done."""

    part: str
    reason: str
    steps: tuple[Step, ...]
    #: Whether it runs all the same, by its former code.
    runs: bool = False


def _places() -> dict[str, Path]:
    """Return the folders of the plugins that are there, whether they run or not."""
    return {i: found.path for i, found in plugin_host.there().items()}


def described(found: dict[str, Any], places: Mapping[str, Path] = _NOWHERE) -> dict[str, Any]:
    """Return what the kernel says of a plugin, in its own words, with what a page draws beside it.

    `places` are the folders of the plugins that are there, if they are known.
    """
    plugin_id = found["id"]
    place = (places or _places()).get(plugin_id)
    by = languages.read(place / languages.FOLDER, words.language()) if place else None
    said = by.gettext if by else str
    own = [t for t in words.known().types.values() if t.owner == plugin_id]
    first = next((t for t in own if not menu.is_inner(t)), None)
    return {
        **found,
        **({n: by.gettext(found[n]) for n in ("name", "description") if found[n]} if by else {}),
        "shown_version": found["version"] or found["enabled_version"],
        "publisher": _source(found["source"]),
        "icon": first.icon if first and first.icon else "puzzle",
        "hue": first.hue if first and first.hue is not None else ui.hue(plugin_id),
        "counts": _counts(found["provides"] or {}),
        "trouble": _trouble(found, said),
        "notes": [note for note in plugin_host.notes() if note.plugin == plugin_id],
        "outdated": found["state"] == _ENABLED
        and found["version"] not in (None, found["enabled_version"]),
    }


def _counts(provides: Mapping[str, list[str]]) -> list[tuple[str, int]]:
    known = _parts()
    return [(known[name][0], len(provides[name])) for name in _COUNTED if provides.get(name)]


def _trouble(found: dict[str, Any], said: Callable[[str], str]) -> Trouble | None:
    """Return why a plugin that should run does not, or why one can't be enabled."""
    plugin_id = found["id"]
    fault = plugin_host.current().faults.get(plugin_id)
    kind, reason = (fault.kind, fault.reason) if fault else (found["fault"], found["reason"])
    if found["state"] != _ENABLED:
        return Trouble(translated("It can't be enabled"), reason, ()) if reason else None
    if kind is None:
        return None
    if kind == _RESTART:
        reload = Step(translated("Replace the workers"), "/plugin-workers", "refresh")
        return Trouble(_fault(kind), reason or "", (reload,), runs=fault is None)
    steps = [Step(translated("Disable"), f"/plugins/{plugin_id}/disable", "power")]
    if kind == "incompatible":
        label = translated("Bring it up to date")
        steps.insert(0, Step(label, f"/plugins/{plugin_id}/enable", "refresh"))
    elif kind == "quarantined":
        label = translated("Try again")
        steps.insert(0, Step(label, f"/plugins/{plugin_id}/enable", "refresh"))
    elif kind == "needs_config":
        label = translated("Set it up")
        steps.insert(0, Step(label, f"/plugins/{plugin_id}/settings", "settings"))
        reason = _lacking(plugin_id, said) or reason
    return Trouble(_fault(kind), reason or "", tuple(steps))


def _lacking(plugin_id: str, said: Callable[[str], str]) -> str:
    """Return which settings are wrong or missing, by what the plugin calls them; empty: none."""
    loaded = plugin_host.current()
    fault, schema = loaded.faults.get(plugin_id), loaded.settings.get(plugin_id)
    if fault is None or schema is None:
        return ""
    found = []
    for problem in fault.problems:
        setting = schema.settings.get((problem.field or "").partition(".")[0])
        place = f"{said(setting.label)}: " if setting else ""
        found.append(f"{place}{words.said(problem)}")
    return " ".join(found)


def parts(provides: Mapping[str, Any] | None) -> list[tuple[str, str, list[str]]]:
    """Return what a plugin brings as (label, icon, names), without what it does not bring."""
    given = provides or {}
    return [
        (label, icon, list(given[name]))
        for name, (label, icon) in _parts().items()
        if given.get(name)
    ]


def names() -> dict[str, str]:
    """Return what the plugins that run are called, by id."""
    active = plugin_host.current().active
    return {i: words.by(i, a.found.sound.plugin.name) for i, a in active.items()}


# -- looking --------------------------------------------------------------------------------
@ui.page("/plugins")
def plugin_list() -> Response:
    """List the plugins: those in trouble first, those that run, those that could."""
    places = _places()
    found = [described(each, places) for each in plugin_host.list_plugins(actor=ui.actor())]
    on = [each for each in found if each["state"] == _ENABLED]
    off = [each for each in found if each["state"] != _ENABLED]
    on.sort(key=lambda each: each["trouble"] is None)
    archives = [
        {**each, "when": datetime.fromtimestamp(each["at"], UTC)}
        for each in plugin_host.archives(actor=ui.actor())
    ]
    return ui.render(
        "plugins.html", on=on, off=off, archives=archives, serving=plugin_host.convergence(),
        installs=plugin_host.installs_from_the_web(),
    )  # fmt: skip


# -- workers --------------------------------------------------------------------------------
@ui.page("/plugin-workers")
def ask_reload() -> Response:
    """Say what replacing the workers means, and which they are."""
    plugin_host.list_plugins(actor=ui.actor())  # refuses who may not look at plugins
    return ui.render("plugin_reload.html", serving=plugin_host.convergence())


@ui.page("/plugin-workers", "POST")
def reload() -> Response:
    """Let every worker make room for a new one, one by one."""
    plugin_host.reload(actor=ui.actor())
    return ui.tell(ui.away("/plugins"), translated("The workers are replaced, one by one"))


@ui.page("/plugins/<plugin>")
def plugin_page(plugin: str) -> Response:
    """Show one plugin: what it says of itself, what it brings, what was changed of that here."""
    shown = plugin_host.show(plugin, actor=ui.actor())
    manifest = shown["manifest"] or {}
    brings = manifest.get("provides") or shown["provides"]
    types = [words.known().type(name) for name in shown["types"]]
    return ui.render(
        "plugin.html", plugin=described(shown), shown=shown, brings=parts(brings), types=types,
        requires=manifest.get("requires") or {}, names=names(), shell=_is_desk(plugin),
        has_settings=plugin in plugin_host.current().settings,
    )  # fmt: skip


# -- enabling -------------------------------------------------------------------------------
@ui.page("/plugins/<plugin>/enable")
def ask_enable(plugin: str) -> Response:
    """Show what enabling a plugin, or its new version, would do. Its code is run for that."""
    return _ask_enable(plugin)


def _ask_enable(plugin: str, refused: RelatumError | None = None) -> Response:
    found = described(plugin_host.show(plugin, actor=ui.actor()))
    plan, opening = None, request.values.get("access", plugin_host.USUAL)
    try:
        plan = plugin_host.plan_enable(plugin, actor=ui.actor(), opening=opening).as_json()
    except RelatumError as error:
        if not is_about_plugin(error):
            raise
        refused = error
    first = None
    if refused is not None and refused.code == "plugin_requires":
        needed = refused.params["id"]
        label = translated("Enable {plugin} first", plugin=needed)
        first = Step(label, f"/plugins/{needed}/enable", "power")
    return ui.render(
        "plugin_enable.html", refused.status if refused else 200, plugin=found, plan=plan,
        refused=refused, first=first, brings=parts(plan and plan["provides"]), opening=opening,
    )  # fmt: skip


@ui.page("/plugins/<plugin>/enable", "POST", own=True)
def enable(plugin: str) -> Response:
    """Enable a plugin as it was planned; the next page is drawn with it."""
    actor, expect = ui.actor(), request.form.get("expect", "")
    opening = request.form.get("access", plugin_host.USUAL)
    try:
        made = transact(
            lambda: plugin_host.enable(plugin, actor=actor, expect=expect, opening=opening),
            exclusive=True,
        )
    except RelatumError as error:
        if not is_about_plugin(error):
            raise
        with reading():
            return _ask_enable(plugin, error)
    name = name_of(plugin)
    said = {
        "enable": translated("{plugin} is enabled", plugin=name),
        "update": translated("{plugin} is up to date", plugin=name),
    }
    # What it needs before it runs is the next click.
    address = f"/plugins/{plugin}/settings" if made.needs else "/plugins"
    return ui.tell(ui.away(address), said[made.action])


# -- disabling ------------------------------------------------------------------------------
@ui.page("/plugins/<plugin>/disable")
def ask_disable(plugin: str) -> Response:
    """Show what disabling a plugin would do, and what would go along with it."""
    return _ask_disable(plugin)


def _ask_disable(plugin: str, refused: RelatumError | None = None) -> Response:
    actor, plan, going = ui.actor(), None, []
    found = described(plugin_host.show(plugin, actor=actor))
    try:
        plan = plugin_host.plan_disable(plugin, actor=actor, cascade=True)
        going = [described(plugin_host.show(each, actor=actor)) for each in plan.plugins]
    except RelatumError as error:
        if not is_about_plugin(error):
            raise
        refused = error
    ids = {each["id"] for each in going}
    stays = [t for t in words.known().types.values() if t.owner in ids]
    return ui.render(
        "plugin_disable.html", refused.status if refused else 200, plugin=found, plan=plan,
        along=[each for each in going if each["id"] != plugin], refused=refused, stays=stays,
        ends=parts(_ends(going)), desk=any(map(_is_desk, ids)),
    )  # fmt: skip


def _ends(going: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return what works no more: all that the plugins bring but what they have declared."""
    ends: dict[str, list[str]] = {}
    for each in going:
        for name, listed in (each["provides"] or {}).items():
            known = ends.setdefault(name, [])
            if name not in ("types", "fields"):
                known.extend(word for word in listed if word not in known)
    return ends


def _is_desk(plugin: str) -> bool:
    """Say whether a plugin brings the pages that are looked at here."""
    found = plugin_host.current().active.get(plugin)
    return found is not None and found.found.sound.plugin.shell


@ui.page("/plugins/<plugin>/disable", "POST", own=True)
def disable(plugin: str) -> Response:
    """Disable a plugin as it was planned, with those that require it."""
    actor, expect = ui.actor(), request.form.get("expect", "")
    try:
        made = transact(
            lambda: plugin_host.disable(plugin, actor=actor, cascade=True, expect=expect),
            exclusive=True,
        )
    except RelatumError as error:
        if not is_about_plugin(error):
            raise
        with reading():
            return _ask_disable(plugin, error)
    if any(map(_is_desk, made.plugins)):
        # What answers from now on knows no page but the first.
        return ui.away("/")
    said = translated("{plugin} is disabled", plugin=name_of(plugin))
    return ui.tell(ui.away("/plugins"), said)


def name_of(plugin: str) -> str:
    """Return what a plugin is called, by the files that are there."""
    found = plugin_host.there().get(plugin)
    if found is None or found.manifest is None:
        return plugin
    own = languages.read(found.path / languages.FOLDER, words.language())
    return own.gettext(found.manifest.plugin.name)
