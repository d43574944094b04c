"""Fixtures for every test: an instance on each database, its people, and a way to act.

A test that takes `instance` runs on SQLite and on PostgreSQL, or on one of them in turn (see
in_turn.py), on a copy of one that was made before (see instances.py). Never roll-back fixtures: DDL
and threads need real commits.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from marshmallow import RAISE

from relatum.core import db, plugin_host
from relatum.core.api.wire import PROBLEM
from relatum.core.config import Config
from relatum.core.errors import REGISTRY
from relatum.core.testing.databases import Databases
from relatum.core.testing.instances import Instance
from relatum.core.testing.originals import Original, Originals, hash_cheaply
from relatum.schemas.errors import ProblemSchema

from . import in_turn
from .desk import Browser, at_desk
from .instances import last_step, people

ADMIN_URL = os.environ.get("RELATUM_TEST_POSTGRESQL", "")
REDIS_URL = os.environ.get("RELATUM_TEST_REDIS", "")
hash_cheaply()


#: The modules that take minutes, the longest first.
_LONGEST = (
    "test_schemathesis.py",
    "test_browser_pages.py", "test_browser_list_forms.py", "test_browser_looks.py",
    "test_browser_list.py",
)  # fmt: skip


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Mark what needs PostgreSQL; without a server it is deselected and counted. So is Redis.

    Of what was then asked for, some cases take turns.
    """
    _mark(config, items)
    yield
    items[:], others = in_turn.split(items)
    config.hook.pytest_deselected(items=others)


def _mark(config: pytest.Config, items: list[pytest.Item]) -> None:
    # What takes minutes begins at once, or one worker would wait for another at the end.
    late = len(_LONGEST)
    places = {name: place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, late))
    out: list[pytest.Item] = []
    kept: list[pytest.Item] = []
    for item in items:
        callspec = getattr(item, "callspec", None)
        needs = callspec is not None and "postgresql" in callspec.params.values()
        if needs:
            item.add_marker(pytest.mark.postgres)
        missing = any(
            not address and item.get_closest_marker(server) is not None
            for server, address in (("postgres", ADMIN_URL), ("redis", REDIS_URL))
        )
        (out if missing else kept).append(item)
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = kept


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what is there for good: modules, thousands of tests.

    Looking through them again and again took a fifth of the time of the suite. An application has
    some tens of thousands of objects: looking rarely finds most of them gone.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000)


@pytest.fixture(scope="session")
def _databases() -> Iterator[Databases]:
    """Yield the databases on the server, which know how to make an installed instance."""
    made = Databases(ADMIN_URL)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _originals(tmp_path_factory: pytest.TempPathFactory, _databases: Databases) -> Originals:
    """Return the instances that tests have copies of."""
    return Originals(_databases, lambda: tmp_path_factory.mktemp("original"), people)


@pytest.fixture
def preset(request: pytest.FixtureRequest) -> str:
    """Return the preset of `instance`: the PRESET of the module, by itself no plugin."""
    return str(getattr(request.module, "PRESET", plugin_host.NONE))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """Return the name of the database that this run of the test uses."""
    return str(request.param)


@pytest.fixture
def original(
    request: pytest.FixtureRequest, database: str, preset: str, _originals: Originals
) -> Original:
    """Return what the instance of this test is a copy of."""
    return _originals.get(database, preset, last_step(request.module, request.fixturenames))


@pytest.fixture
def config(original: Original, tmp_path: Path, _originals: Originals) -> Iterator[Config]:
    """Return the settings of a freshly installed instance with alice, bob and charlie."""
    with _originals.copied(original, tmp_path) as made:
        yield made


@pytest.fixture
def instance(config: Config) -> Instance:
    """Return a freshly installed instance; alice is its administrator, bob is not."""
    return Instance.installed(config)


@pytest.fixture
def desk(equipped: Instance) -> Iterator[Browser]:
    """Return a browser in which alice is signed in to what the module has `equipped`."""
    with at_desk(equipped) as browser:
        yield browser


@pytest.fixture
def blank(tmp_path: Path, _databases: Databases) -> Iterator[Callable[[str], Config]]:
    """Yield a way to get the settings of an empty database, named by its kind."""
    made: list[Config] = []

    def make(kind: str) -> Config:
        url = _databases.take([]) if kind == "postgresql" else ""
        home = tmp_path / f"blank-{len(made)}"
        made.append(Config(home=home, database_url=url, sqlite_synchronous="OFF"))
        return made[-1]

    yield make
    for config in made:
        if config.database_url:
            _databases.give_back(config.database_url)
        else:
            db.dispose(config)


Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def refused() -> Refused:
    """Return the one check of an error: its status, code, shape, sentence and help address."""

    def check(response: Any, status: int, code: str) -> dict[str, Any]:
        assert (response.status_code, response.content_type) == (status, PROBLEM), response.text
        body: dict[str, Any] = response.get_json()
        assert ProblemSchema(unknown=RAISE).validate(body) == {}
        assert (body["status"], body["code"]) == (status, code), body
        assert body["type"] == f"/help/errors#{code}"
        assert body["title"] == REGISTRY[code].title
        for sentence in (body["detail"], *(item["message"] for item in body["errors"])):
            assert sentence.endswith((".", "?", "!", "more)")) or ". Run: " in sentence, sentence
            assert "?" not in sentence.split("Did you mean")[0], f"a value is missing: {sentence}"
        assert response.headers["Cache-Control"] == "no-store"
        return body

    return check
