"""Test a plugin: fixtures for pytest, and a conformance suite that one line collects.

pytest finds this by itself. In the ini file of the plugin's own tests:

    [tool:pytest]
    relatum_plugin = loyalty
    relatum_conformance = loyalty

Nothing of the program is loaded before a test asks for a fixture, so that other test runs on the
same machine are none the slower. The help page `testing-plugins` says the rest.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from .core.dispatch import Application
    from .core.testing import Client as Client
    from .core.testing import Clock as Clock
    from .core.testing import Generations as Generations
    from .core.testing import Instance as Instance
    from .core.testing import Jobs as Jobs
    from .core.testing import Kit
    from .core.testing import Mail as Mail
    from .core.testing import Make as Make
    from .core.testing import Outbox as Outbox
    from .core.testing import Tested as Tested
    from .core.testing import User as User
    from .core.testing import Users as Users

#: What tests may write into annotations; loaded when it is first asked for.
_TYPES: Final = (
    "Client", "Clock", "Generations", "Instance", "Jobs", "Mail", "Make", "Outbox", "Tested",
    "User", "Users",
)  # fmt: skip
_INI: Final = {
    "relatum_plugin": "the plugin under test: its id, or the path to its folder or file",
    "relatum_with": "plugins that are enabled besides, where it does not require them",
    "relatum_schema": "types of one's own that it extends, as relatum schema export writes them",
    "relatum_settings": "settings of plugins in JSON: {plugin: {name: value}}",
    "relatum_databases": "sqlite, or sqlite postgresql, which takes RELATUM_TEST_POSTGRESQL",
    "relatum_conformance": "plugins that the conformance suite is run for: ids or paths",
}
_ONE: Final = frozenset({"relatum_plugin", "relatum_schema", "relatum_settings"})
_DATABASES: Final = frozenset({"sqlite", "postgresql"})


def __getattr__(name: str) -> Any:
    """Load a class for annotations."""
    if name not in _TYPES:
        raise AttributeError(f"module 'relatum.testing' has no attribute '{name}'")
    return getattr(_loaded(), name)


def _loaded() -> Any:
    return importlib.import_module(".core.testing", __package__)


# -- what pytest asks -------------------------------------------------------------------------
_KIT: Final = pytest.StashKey["Kit"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the lines of the ini file."""
    for name, text in _INI.items():
        if name in _ONE:
            parser.addini(name, text, default="")
        else:
            parser.addini(name, text, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Let the ini file be collected, where it asks for the conformance suite.

    That is so where pytest looks for tests by itself, not where somebody says which ones.
    """
    strange = sorted({*config.getini("relatum_databases")} - _DATABASES)
    if strange:
        raise pytest.UsageError(
            f"relatum_databases knows sqlite and postgresql, not {', '.join(strange)}"
        )
    if not config.getini("relatum_conformance") or config.inipath is None:
        return
    config.addinivalue_line("markers", "slow: takes seconds; left out by -m 'not slow'")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args.append(str(config.inipath))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the conformance suite from the ini file that asks for it."""
    config = parent.config
    if file_path != config.inipath or not config.getini("relatum_conformance"):
        return None
    suite: Any = importlib.import_module(".core.testing.conformance", __package__)
    made: pytest.Collector = suite.Suite.from_parent(parent, path=file_path, kit=_kit(config))
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on each database, if the ini file names more than one that is there."""
    if "relatum_database" in metafunc.fixturenames:
        found = _kit(metafunc.config).asked.possible
        if len(found) > 1:
            metafunc.parametrize("relatum_database", found, indirect=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take away what was made."""
    if _KIT in config.stash:
        config.stash[_KIT].close()


def _kit(config: pytest.Config) -> Kit:
    """Return what all tests of this process share, made when it is first asked for."""
    if _KIT not in config.stash:
        loaded = _loaded()
        asked = loaded.Asked(
            base=config.inipath.parent if config.inipath else config.rootpath,
            plugin=config.getini("relatum_plugin"),
            others=tuple(config.getini("relatum_with")),
            schema=config.getini("relatum_schema"),
            settings=config.getini("relatum_settings"),
            databases=tuple(config.getini("relatum_databases") or ["sqlite"]),
            conformance=tuple(config.getini("relatum_conformance")),
        )
        config.stash[_KIT] = loaded.Kit(asked)
    return config.stash[_KIT]


# -- fixtures ---------------------------------------------------------------------------------
@pytest.fixture
def relatum_database(request: pytest.FixtureRequest) -> str:
    """Return the database of the test: sqlite, or postgresql where the ini file asks for both."""
    found = _kit(request.config).asked.possible
    if not found:
        pytest.skip("RELATUM_TEST_POSTGRESQL names no server")
    return str(getattr(request, "param", found[0]))


@pytest.fixture
def relatum_app(
    request: pytest.FixtureRequest, relatum_database: str, tmp_path: Path
) -> Iterator[Instance]:
    """Return a running instance of one's own, in which the plugin under test is enabled.

    It is a copy, so a test may do to it what it likes. Verbs are run by `read` and `write`:
    `relatum_app.read(query.page, ...)`; `create`, `get` and `change` are there for records.
    """
    kit = _kit(request.config)
    home = tmp_path / "relatum"
    home.mkdir()
    with kit.instance(relatum_database, kit.asked.plugin, home=home) as made:
        yield made


@pytest.fixture
def relatum_home(relatum_app: Instance) -> Path:
    """Return the folder of the instance."""
    return relatum_app.home


@pytest.fixture
def relatum_users(relatum_app: Instance) -> Users:
    """Return the people: alice administers, bob is in her team, charlie is not, guest has no role.

    `relatum_users.make("Dora", roles=["manager"], team="Service")` makes more.
    """
    made: Users = _loaded().Users(relatum_app)
    return made


@pytest.fixture
def _relatum_served(relatum_app: Instance) -> Iterator[Application]:
    """Return the application that a server would call."""
    with relatum_app.served() as made:
        yield made


@pytest.fixture
def relatum_client(relatum_app: Instance, _relatum_served: Application) -> Client:
    """Return an HTTP client of alice: `relatum_client.get("/api/x/loyalty/count").json`.

    `.of("bob")` is another one's, `.anonymous()` nobody's, `.signed_in("bob")` has a session.
    """
    made: Client = _loaded().Client(relatum_app, _relatum_served).of("Alice")
    return made


@pytest.fixture
def relatum_make(relatum_app: Instance) -> Make:
    """Return what makes records: `relatum_make("loyalty_card", points=5)` gives one with its id.

    What the type requires and is not given gets a valid value. `.many(type, count)` makes several,
    `.row(type)` returns what could be sent.
    """
    made: Make = _loaded().Make(relatum_app)
    return made


@pytest.fixture
def relatum_clock() -> Iterator[Clock]:
    """Return the clock of the program: `.freeze(moment)` holds it, `.move(days=1)` moves it on."""
    made: Clock = _loaded().Clock()
    yield made
    made.release()


@pytest.fixture
def relatum_outbox(relatum_app: Instance) -> Outbox:
    """Return the mails that would be sent, each with `to`, `subject` and `text`; none leaves."""
    made: Outbox = _loaded().Outbox(relatum_app)
    return made


@pytest.fixture
def relatum_jobs(relatum_app: Instance) -> Jobs:
    """Return what runs jobs: `.run_due()` all that is due by the clock, `.run(kind)` one of a kind.

    Nothing runs beside a test.
    """
    made: Jobs = _loaded().Jobs(relatum_app)
    return made


@pytest.fixture
def relatum_generations(
    request: pytest.FixtureRequest, relatum_app: Instance, _relatum_served: Application
) -> Generations:
    """Return what changes the set of plugins: `.disable()`, `.enable()`, `.update(path)`.

    The next request of `relatum_client` is served by the new set, as in a running server.
    """
    kit = _kit(request.config)
    own = kit.subject(kit.asked.plugin).id if kit.asked.plugin else ""
    made: Generations = _loaded().Generations(relatum_app, _relatum_served, own)
    return made


@pytest.fixture
def relatum_plugin(request: pytest.FixtureRequest, relatum_app: Instance) -> Tested:
    """Return the plugin under test, enabled: `.id`, `.version`, `.module`, `.types`, `.path`."""
    kit = _kit(request.config)
    if not kit.asked.plugin:
        raise pytest.UsageError(
            "relatum_plugin is not set: add the line relatum_plugin = ID to the ini file"
        )
    return kit.tested(relatum_app, kit.asked.plugin)
