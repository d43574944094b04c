"""What plugins cost: building an application of many, hooks on a write, panels on a page."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from werkzeug.test import Client

from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say, clock, compared
from relatum.core import auth, db, hooks, plugin_host, records
from relatum.core.api.gate import COOKIE
from relatum.core.app import create_app
from relatum.core.plugin_host import Loaded
from relatum.core.plugin_host.loading import State

COUNTS: Final = (0, 10, 50, 200)
#: Plugins that hook a write, and that draw a panel.
MANY: Final = 20
_ROUTES: Final = 10
_PLUGIN: Final = """
from flask import Blueprint
from markupsafe import Markup
from relatum import Plugin, Routes, hookimpl, requires
plugin = Plugin(id="{id}", name="{id}", version="1.0", requires={requires})
"""
_PAGES: Final = """
pages = Blueprint("pages", __name__)
def view(**_): return "here"
for number in range({routes}):
    name = f"page{{number}}"
    pages.add_url_rule(f"/{{name}}/<int:record>", name, requires(public=True)(view))
@hookimpl
def relatum_routes(): return Routes(pages=pages)
"""
_HOOKS: Final = """
@hookimpl
def relatum_before_write(batch):
    for name in batch.column("name"): pass
@hookimpl
def relatum_after_write(batch): pass
@hookimpl
def relatum_after_commit(changes): pass
"""
_PANEL: Final = """
@hookimpl
def desk_slots():
    def draw(type, record): return Markup("<p>Drawn for {}</p>").format(type.label_of_wire(record))
    return [{"place": "record.side", "label": "Panel", "draw": draw}]
"""
_BUILD: Final = """
import gc, json, os, sys, time
from pathlib import Path
from relatum.core import plugin_host
from relatum.core.app import create_app
from relatum.core.config import load
from relatum.core.plugin_host.loading import State
count, home = int(sys.argv[1]), Path(sys.argv[2])
known = {f"many{n}": State(id=f"many{n}", version="1.0", enabled=True) for n in range(count)}
def build():
    began = time.perf_counter()
    loaded = plugin_host.load(known, 1, load(home))
    assert len(loaded.active) == count, loaded.faults
    app = create_app(load(home), loaded)
    app.url_map.update()
    return time.perf_counter() - began, app
first, kept = build()
again = min(build()[0] for _ in range(3))
gc.collect()
pages = int(Path("/proc/self/statm").read_text().split()[1])
print(json.dumps([first, again, pages * os.sysconf("SC_PAGE_SIZE")]))
"""


def measure(instance: Instance, count: int, say: Say) -> list[Figure]:
    """Return what building, a write and a page cost with many plugins."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "plugins").mkdir()
        figures = _built(home, say)
    say(f"a write with {MANY} plugins that hook it")
    figures += _written(instance, count)
    say(f"a page with {MANY} panels")
    return [*figures, _drawn(instance, count)]


def _put(home: Path, name: str, text: str, requires: str = "{}") -> State:
    head = _PLUGIN.format(id=name, requires=requires)
    (home / "plugins" / f"{name}.py").write_text(head + text, encoding="utf-8")
    return State(id=name, version="1.0", enabled=True)


def _built(home: Path, say: Say) -> list[Figure]:
    for number in range(max(COUNTS)):
        _put(home, f"many{number}", _HOOKS + _PAGES.format(routes=_ROUTES))
    figures, alone = [], 0
    for number in COUNTS:
        say(f"an application of {number} plugins")
        command = [sys.executable, "-c", _BUILD, str(number), str(home)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        first, again, memory = json.loads(done.stdout)
        alone = alone or memory
        megabytes = (memory - alone) / 1e6
        case = f"application of {number} plugins, {_ROUTES} routes each"
        product = f"first {first * 1000:.0f} ms, again {again * 1000:.0f} ms"
        figures.append(Figure(case, product, shown=f"+{megabytes:.1f} MB"))
    return figures


def _load(instance: Instance, kind: str, text: str, requires: str, *names: str) -> Loaded:
    home = instance.config.home
    (home / "plugins").mkdir(exist_ok=True)
    known = {name: State(id=name, version=_version(name), enabled=True) for name in names}
    for number in range(MANY):
        each = _put(home, f"{kind}{number}", text, requires)
        known[each.id] = each
    loaded = plugin_host.load(known, 1, instance.config)
    assert not loaded.faults, loaded.faults
    return loaded


def _version(name: str) -> str:
    return plugin_host.discover(None)[name].version


def _written(instance: Instance, count: int) -> list[Figure]:
    """Compare writes of one record and of many, with plugins and without, in turn."""
    loaded = _load(instance, "hooks", _HOOKS, "{}")
    figures = []
    for rows in (1, 1000):
        taken: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(max(count // rows, 12) * 2):
            hooked = turn % 2 == 0
            given = [{"name": f"Measured {turn} {n}"} for n in range(rows)]
            with hooks.using(loaded.hooks if hooked else hooks.NONE):
                work = partial(instance.write, records.create, "x_contact", given)
                taken[hooked].append(clock(work))
        case = f"create {rows:,} with {MANY} plugins on three hooks"
        figures.append(compared(case, taken[True], taken[False]))
    return figures


def _drawn(instance: Instance, count: int) -> Figure:
    """Compare the page of a record with panels of plugins and without, in turn."""
    names = ("desk",)
    with instance.app.app_context():
        db.transact(lambda: plugin_host.enable("desk", actor=instance.actor), exclusive=True)
        user_id = instance.actor.user_id
        assert user_id is not None
        cookie = db.transact(lambda: auth.sign_in(user_id)).cookie
    with instance.reading() as tx:
        generation = tx.epochs.plugins
        record = tx.connection.exec_driver_sql("SELECT min(id) FROM x_contact").scalar()
    clients: dict[bool, Any] = {}
    for panels in (True, False):
        if panels:
            loaded = _load(instance, "panels", _PANEL, '{"desk": ""}', *names)
        else:
            loaded = _plain(names, instance)
        made = create_app(instance.config, loaded, accepted=lambda: generation)
        clients[panels] = Client(made, use_cookies=False)
    taken: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(count):
        asking = clients[turn % 2 == 0]
        headers = {"Cookie": f"{COOKIE}={cookie}"}
        began = perf_counter()
        answer = asking.get(f"/records/x_contact/{record}", headers=headers)
        taken[turn % 2 == 0].append(perf_counter() - began)
        assert answer.status_code == 200, answer.text[:300]
        assert ("Drawn for" in answer.text) == (turn % 2 == 0)
    return compared(f"page of a record with {MANY} panels", taken[True], taken[False])


def _plain(names: tuple[str, ...], instance: Instance) -> Loaded:
    known = {name: State(id=name, version=_version(name), enabled=True) for name in names}
    return plugin_host.load(known, 1, instance.config)
