"""What tests of plugins share for as long as pytest runs: instances to copy, and where they lie."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from .. import catalog, db, entities, plugin_host
from ..config import Config
from ..plugin_host.presets import with_required
from . import people
from .instances import Instance
from .originals import Originals, Step, hash_cheaply
from .subjects import Subject, Tested, find

if TYPE_CHECKING:
    from .databases import Databases

SQLITE, POSTGRESQL = "sqlite", "postgresql"
#: Where the address of a PostgreSQL server is said; its user must be allowed to make databases.
SERVER: Final = "RELATUM_TEST_POSTGRESQL"
#: Seconds that importing plugins may take on a machine that does much else.
_PATIENCE: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the ini file asks for; words are ids of plugins or paths below `base`, its folder."""

    base: Path
    plugin: str = ""
    others: tuple[str, ...] = ()
    schema: str = ""
    settings: str = ""
    databases: tuple[str, ...] = (SQLITE,)
    conformance: tuple[str, ...] = ()

    @property
    def possible(self) -> tuple[str, ...]:
        """The databases that there is a server for."""
        return tuple(d for d in self.databases if d != POSTGRESQL or os.environ.get(SERVER))


class Kit:
    """Makes instances for tests of plugins: each prepared once, and copied for each test.

    Raises ValueError with what to do where the ini file names something that is not there.
    """

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self._folder = Path(tempfile.mkdtemp(prefix="relatum-testing-"))
        self._made = 0
        #: What is to be closed before that goes away.
        self.closing = ExitStack()
        self._subjects: dict[str, Subject] = {}
        self._steps: dict[tuple[str, bool], Step] = {}
        hash_cheaply()

    @cached_property
    def _databases(self) -> Databases | None:
        if POSTGRESQL not in self.asked.possible:
            return None
        module: Any = importlib.import_module(".databases", __package__)
        made: Databases = module.Databases(os.environ[SERVER])
        return made

    @cached_property
    def _originals(self) -> Originals:
        return Originals(self._databases, self.new_folder, people.settle)

    def new_folder(self) -> Path:
        """Return a folder that nobody has, which goes away when all tests have run."""
        self._made += 1
        made = self._folder / str(self._made)
        made.mkdir()
        return made

    def close(self) -> None:
        """Take away whatever was made."""
        self.closing.close()
        if "_databases" in vars(self) and self._databases is not None:
            self._databases.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def subject(self, word: str) -> Subject:
        """Return the plugin that a word of the ini file names."""
        if word not in self._subjects:
            self._subjects[word] = find(word, self.asked.base)
        return self._subjects[word]

    @cache  # noqa: B019  # it is there as long as pytest runs
    def imported(self) -> dict[str, list[str]]:
        """Return by id what importing each plugin that is to conform did besides.

        They are imported once, in a process of their own. Raises `AssertionError` if that fails.
        """
        home = self.new_folder()
        subjects = [self.subject(word) for word in self.asked.conformance]
        for subject in subjects:
            subject.place(home)
        done = subprocess.run(  # noqa: S603  # our own module
            [sys.executable, "-B", "-m", f"{__package__}.importing", str(home),
             *(subject.id for subject in subjects)],
            capture_output=True, check=False, timeout=_PATIENCE,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stderr.decode(errors="replace"))
        found: dict[str, list[str]] = orjson.loads(done.stdout)
        return found

    @contextmanager
    def instance(
        self, database: str, word: str, *, enabled: bool = True, home: Path | None = None
    ) -> Iterator[Instance]:
        """Give an instance that knows a plugin, has it `enabled` or is about to; "": none.

        The types of one's own, those plugins that it requires and the others that were asked for
        are there in any case.
        """
        with self.copy(database, self.step(word, enabled=enabled and bool(word)), home) as (app, _):
            yield app

    @contextmanager
    def copy(
        self, database: str, step: Step, home: Path | None = None
    ) -> Iterator[tuple[Instance, Any]]:
        """Give a copy of an instance after a step, and what the step returned."""
        original = self._originals.get(database, plugin_host.NONE, step)
        folder = home or self.new_folder()
        with self._originals.copied(original, folder) as config:
            try:
                yield Instance.installed(config), original.values[step.name]
            finally:
                db.dispose(config)

    def step(self, word: str, *, enabled: bool) -> Step:
        """Return what is done to an instance until a plugin is enabled, or until just before."""
        key = word, enabled
        if key not in self._steps:
            if enabled:
                build: Any = partial(self._enable, word)
                self._steps[key] = Step(f"enable {word}", build, self.step(word, enabled=False))
            else:
                self._steps[key] = Step(f"about {word}", partial(self._before, word), None)
        return self._steps[key]

    def _before(self, word: str, app: Instance) -> None:
        """Do everything to an instance that comes before a plugin is enabled."""
        for subject in self._placed(word):
            subject.place(app.home)
        if self.asked.schema:
            self._declare(app)
        for plugin_id, needs_it in self._ordered(word, app.home):
            if not needs_it:
                self.enable(app, plugin_id)

    def _enable(self, word: str, app: Instance) -> None:
        """Enable a plugin, and those of the others that require it."""
        for plugin_id, needs_it in self._ordered(word, app.home):
            if needs_it:
                self.enable(app, plugin_id)

    def enable(self, app: Instance, plugin_id: str) -> plugin_host.PluginPlan:
        """Enable a plugin with the settings that it was given for tests."""
        return app.enable(plugin_id, values=self._settings.get(plugin_id, {}))

    @cached_property
    def _settings(self) -> dict[str, dict[str, Any]]:
        if not self.asked.settings:
            return {}
        said = "relatum_settings names", "write {plugin: {name: value}} into it"
        found: dict[str, dict[str, Any]] = self._read(self.asked.settings, *said)
        return found

    def _read(self, name: str, names: str, remedy: str) -> Any:
        """Return the JSON of a file that the ini file names; raise ValueError with the remedy."""
        path = self.asked.base / name
        try:
            return orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise ValueError(f"{names} {path}, which can't be read ({error}): {remedy}") from None

    def _placed(self, word: str) -> list[Subject]:
        words = dict.fromkeys([*filter(None, [word]), *self.asked.others])
        return [self.subject(each) for each in words]

    def _ordered(self, word: str, home: Path) -> list[tuple[str, bool]]:
        """Return all plugins in the order of enabling, and whether they need that of the word."""
        found = plugin_host.discover(Config(home=home))
        own = self.subject(word).id if word else ""
        wanted = with_required(found, [each.id for each in self._placed(word)])
        return [(each, own in with_required(found, [each])) for each in wanted]

    def _declare(self, app: Instance) -> None:
        remedy = "write it with relatum schema export FILE"
        document = self._read(self.asked.schema, "relatum_schema names", remedy)
        with app.reading():
            changes = entities.to_changes(catalog.current(), document)
        app.apply(*changes)

    def tested(self, app: Instance, word: str) -> Tested:
        """Return what an instance in which a plugin is enabled knows of it."""
        plugin_id = self.subject(word).id
        with app.reading():
            active = plugin_host.current().active.get(plugin_id)
            types = [t.name for t in catalog.current().types.values() if t.owner == plugin_id]
        if active is None:
            faults = app.read(plugin_host.show, plugin_id)
            raise AssertionError(f"'{plugin_id}' does not run: {faults['reason']}")
        return Tested(
            plugin=active.found.sound.plugin, path=self.subject(word).path, module=active.module,
            types=tuple(types), permissions=tuple(each.name for each in active.permissions),
        )  # fmt: skip
