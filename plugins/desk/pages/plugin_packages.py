"""Installing packages of plugins, removing plugins, and bringing archives back."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from relatum import RelatumError, jobs, plugin_host, reading, transact

from .. import ui
from ..words import translated
from .plugins import described, is_about_plugin, name_of


@ui.page("/plugin-installs", "POST")
def install() -> Response:
    """Start the job that installs a package, and show it."""
    requirement = request.form.get("requirement", "").strip()
    job = jobs.enqueue(plugin_host.INSTALL.name, {"requirement": requirement}, actor=ui.actor())
    return ui.away(f"/jobs/{job}")


@ui.page("/plugins/<plugin>/remove")
def ask_remove(plugin: str) -> Response:
    """Show what removing a plugin would do: with its data kept, and with its data dropped."""
    return _ask(plugin)


def _ask(plugin: str, refused: RelatumError | None = None, wrong: str = "") -> Response:
    actor = ui.actor()
    found = described(plugin_host.show(plugin, actor=actor))
    plans: dict[bool, dict[str, Any]] = {}
    for purge in (False, True):
        if found["state"] == "removed" and not purge:
            continue
        try:
            made = plugin_host.plan_uninstall(plugin, actor=actor, purge=purge)
            plans[purge] = made.as_json()
        except RelatumError as error:
            if not is_about_plugin(error):
                raise
            refused = error
    return ui.render(
        "plugin_remove.html", refused.status if refused else 422 if wrong else 200,
        plugin=found, refused=refused, wrong=wrong, keep=plans.get(False), purge=plans.get(True),
    )  # fmt: skip


@ui.page("/plugins/<plugin>/remove", "POST", own=True)
def remove(plugin: str) -> Response:
    """Remove a plugin as it was planned; dropping its data is a job that is shown next."""
    actor, purge = ui.actor(), "purge" in request.form
    expect, name = request.form.get("expect", ""), name_of(plugin)
    if purge and request.form.get("sure", "").strip() != plugin:
        with reading():
            return _ask(plugin, wrong=translated("Type {plugin} to confirm", plugin=plugin))
    try:
        made = transact(
            lambda: plugin_host.uninstall(plugin, actor=actor, purge=purge, expect=expect),
            exclusive=True,
        )
    except RelatumError as error:
        if not is_about_plugin(error):
            raise
        with reading():
            return _ask(plugin, error)
    place = "/plugins" if made.job is None else f"/jobs/{made.job}"
    return ui.tell(ui.away(place), translated("{plugin} is removed", plugin=name))


@ui.page("/plugin-archives/<archive>/restore", "POST", own=True)
def restore(archive: str) -> Response:
    """Bring an archive back."""
    actor = ui.actor()
    told = transact(lambda: plugin_host.restore(archive, actor=actor), exclusive=True)
    said = translated("{plugin} is back", plugin=name_of(told["plugin"]))
    return ui.tell(ui.away(f"/plugins/{told['plugin']}"), said)
