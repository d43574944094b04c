"""The trial of a plugin, in a process of its own: `relatum plugins check` starts it.

It makes an instance on SQLite with the plugins that this one requires, watches while it is
imported, enables, disables and enables it, builds applications, and asks for each address without
signing in. What it found goes into a file, since a plugin may print.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
from flask import Flask

from . import db, entities, install, plugin_host
from .actor import Actor, system
from .app import create_app
from .config import Config
from .errors import RelatumError
from .hooks import reason_of
from .newest import Newest
from .plugin_check import Finding, about_machine, about_manifest, about_pages
from .plugin_host import Active, Found, Unfit, discovery, loading, watching, writing
from .plugin_host.manifest import NEEDS_CONFIG

_ACTOR: Final = system("cli")
#: Answers that tell nobody anything: refused, or sent to where one signs in.
_REFUSED: Final = frozenset({301, 302, 303, 307, 308, 401, 403})
#: A part of an address that stands for a value.
_PART: Final = re.compile(r"<(?:(\w+)(?:\(([^)]*)\))?:)?\w+>")
#: Answers to an address that no value was found for.
_NOT_FOUND: Final = frozenset({404, 405})
#: What the types of an administrator begin with.
_LOCAL: Final = "x_"


class Stop(Exception):
    """Nothing more can be tried."""


class Trial:
    """Tries one plugin in an instance that is there for that alone."""

    def __init__(self, config: Config, plugin_id: str, place: Path, shown: str = "") -> None:
        self.config, self.id = config, plugin_id
        #: Where the code of the plugin is, and what findings call that.
        self.place, self.shown = place, shown
        self.findings: list[Finding] = []
        #: Types of an administrator that it needed.
        self.made: set[str] = set()
        self.app: Flask = create_app(config)
        self.newest = Newest(config)

    def run(self) -> list[Finding]:
        """Do all that can be done, and return what was found."""
        with contextlib.suppress(Stop):
            self._run()
        return self.findings

    def _run(self) -> None:
        found = discovery.discover(self.config).get(self.id)
        if found is None:
            raise self.stop(f"Nothing is found as '{self.id}'")
        if found.problem:
            raise self.stop(found.problem)
        self._import(found)
        self._found(found, self._listed(found))
        first = self._enable()
        self._plan_again()
        self._change(plugin_host.disable)
        second = self._enable()
        if first.brings() != second.brings():
            self.note(about_manifest.UNSTEADY.id, "It brings something else at the second build")
        self._ask(second)

    def note(self, rule: str, message: str, place: tuple[str, int] = ("", 0)) -> None:
        """Note a finding at a line of the plugin."""
        path, line = place
        text = message[:1].upper() + message[1:].rstrip(".") + "."
        self.findings.append(Finding(rule, text, self.shown + path if path else "", line, line))

    def stop(self, reason: str, error: BaseException | None = None) -> Stop:
        """Note why the plugin can't be used; nothing follows."""
        place = watching.place_of(error, self.place)
        self.note(about_manifest.NOT_ENABLED.id, reason, place)
        return Stop()

    # -- before there is an instance --------------------------------------------------------
    def _import(self, found: Found) -> None:
        with watching.watched(self.place) as seen:
            try:
                discovery.run(found)
            except BaseException as error:  # noqa: BLE001  # whatever a stranger's code may do
                raise self.stop(reason_of(error), error) from None
        for what, path, line in dict.fromkeys(seen):
            self.note(about_machine.IMPORT_EFFECT.id, what, (path, line))

    def _listed(self, found: Found) -> dict[str, Any]:
        """Return what the plugin brings; note where its plugin.json says something else."""
        try:
            brings: dict[str, Any] = orjson.loads(writing.manifest_of(found.path))
        except Unfit as unfit:
            raise self.stop(str(unfit), unfit) from None
        said = found.sound.as_json()["provides"]
        for word, names in brings["provides"].items():
            lists = said[word] if said is not None else names
            if set(lists) != set(names):
                message = f"plugin.json lists {lists} as {word}, the plugin brings {names}"
                self.note("RLT003", message)
        return brings

    # -- in the instance --------------------------------------------------------------------
    def _found(self, found: Found, brings: dict[str, Any]) -> None:
        """Make the instance, with the plugins that this one builds on."""
        known = discovery.discover(self.config)
        hooks = set(brings["provides"]["hooks"])
        wanted, left = set[str](), [self.id]
        while left:
            each = known.get(left.pop())
            needed = set(each.sound.plugin.requires) if each and each.manifest else set()
            needed -= wanted
            wanted |= needed
            left += needed
        wanted |= {i for i, f in known.items() if hooks & set(loading.provided(f, "hookspecs"))}
        missing = sorted(wanted - known.keys())
        if missing:
            raise self.stop(f"It requires {missing[0]}, which is not on this machine; install it")
        ids = loading.in_order({i: known[i] for i in wanted - {self.id}})

        def then(actor: Actor) -> None:
            for plugin_id in ids:
                plugin_host.enable(plugin_id, actor=actor)

        with self.app.app_context():
            install.install(
                currency="EUR", timezone="UTC", language="en", admin_email="admin@example.org",
                then=then,
            )  # fmt: skip

    def _do(self, work: Callable[[], Any]) -> Any:
        return db.transact(work, exclusive=True)

    def _change(self, verb: Callable[..., Any]) -> None:
        """Enable or disable the plugin, and build the application that follows."""
        try:
            with self.app.app_context():
                self._do(lambda: verb(self.id, actor=_ACTOR))
        except RelatumError as error:
            if not self._made_local(error):
                raise self.stop(str(error), error) from None
            self._change(verb)
            return
        self.newest.build(self.newest.epoch())

    def _made_local(self, error: RelatumError) -> bool:
        """Make a type of an administrator that is missing: a plugin may be for one instance."""
        name = str(error.params.get("type", ""))
        if error.code != "type_unknown" or not name.startswith(_LOCAL) or name in self.made:
            return False
        self.made.add(name)
        fields = [{"name": "name", "kind": "text"}]
        change = {"op": "create_type", "name": name, "fields": fields}
        with self.app.app_context():
            self._do(lambda: entities.apply([change], actor=_ACTOR))
        return True

    def _enable(self) -> Active:
        """Enable the plugin and return what runs then."""
        self._change(plugin_host.enable)
        fault = self.newest.loaded.faults.get(self.id)
        if fault is not None and fault.kind == NEEDS_CONFIG:
            self._change(self._set_up)
            fault = self.newest.loaded.faults.get(self.id)
        if fault is not None or self.id not in self.newest.loaded.active:
            raise self.stop(fault.reason if fault else "The application can't be built with it")
        return self.newest.loaded.active[self.id]

    def _set_up(self, plugin_id: str, *, actor: Actor) -> None:
        """Give the settings that it needs values that their kinds take."""
        shown = plugin_host.show_settings(plugin_id, actor=actor)["settings"]
        values = {each["name"]: _example(each) for each in shown if each["required"]}
        plugin_host.change_settings(plugin_id, values, actor=actor)

    def _plan_again(self) -> None:
        """Note what would change if it were enabled once more: nothing should."""
        with self.app.app_context(), db.reading(timed=False):
            made = plugin_host.plan_enable(self.id, actor=_ACTOR).as_json()
        for step in made["steps"]:
            message = f"Enabled once more, it would change something: {step['summary']}"
            self.note(about_manifest.UNSTEADY.id, message)

    def _ask(self, active: Active) -> None:
        """Ask for each address without signing in."""
        client = self.newest.app.test_client()
        for rule in active.rules:
            address = _PART.sub(_value, rule.address)
            answer = client.open(address, method=rule.method, headers={"Accept": "*/*"})
            if answer.status_code >= 500:
                message = f"{rule} answers {answer.status_code}"
            elif not rule.public and answer.status_code not in _REFUSED | _NOT_FOUND:
                message = f"{rule} answers {answer.status_code} to somebody who is not signed in"
            else:
                continue
            self.note(about_pages.ROUTE_ANSWER.id, message)


#: A value that a setting of each kind takes.
_EXAMPLES: Final[dict[str, Any]] = {
    "text": "example", "integer": 1, "decimal": "1", "boolean": True, "date": "2026-01-31",
    "email": "someone@example.org", "url": "https://example.org",
}  # fmt: skip


def _example(setting: dict[str, Any]) -> Any:
    """Return a value that a setting may take, as far as its kind and its options say."""
    options = [option["value"] for option in setting["options"]]
    made = options[0] if options else _EXAMPLES[setting["kind"]]
    return [made] if setting["many"] else made


def _value(part: re.Match[str]) -> str:
    """Return a value for a part of an address: a number, one of those that it names, or a word."""
    if part[1] == "any":
        return part[2].partition(",")[0].strip(" '\"")
    return {"int": "1", "float": "1.5", "uuid": str(uuid.UUID(int=0))}.get(part[1] or "", "x")


def main() -> None:
    """Try the plugin that standard input names, and write what was found into a file."""
    asked = orjson.loads(sys.stdin.buffer.read())
    logging.disable(logging.CRITICAL)
    watching.install()
    config = Config(home=Path(asked["home"]), sqlite_synchronous="OFF")
    found = Trial(config, asked["id"], Path(asked["place"]), asked["shown"]).run()
    Path(asked["answer"]).write_bytes(orjson.dumps([list(each) for each in found]))


if __name__ == "__main__":
    main()
