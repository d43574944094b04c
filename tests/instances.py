"""What tests prepare an instance with: once per module, and copied for each test."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

import pytest

from relatum.core import plugin_host, records
from relatum.core.actor import Actor
from relatum.core.testing.instances import Instance
from relatum.core.testing.originals import PASSWORD as PASSWORD
from relatum.core.testing.originals import Original, Step, chain

Build = Callable[[Instance], Any]


def people(preset: str, alice: Actor) -> None:
    """Let bob and charlie be there, who have neither passwords nor rights, and plugins."""
    others = [{"name": "Bob", "email": "bob@example.org"}, {"name": "Charlie"}]
    records.create("user", others, actor=alice)
    plugin_host.enable_preset(preset, actor=alice)


#: The steps by the fixtures that they are made into.
_STEPS: dict[int, Step] = {}


def prepared(build: Build) -> Any:
    """Make a fixture of what is done to an instance: once per worker, and copied for each test.

    `build` takes `instance`, or by its name another such fixture of the module that it goes on
    from. The fixture is the instance, or a copy of the plain data that `build` returns.
    """
    name: str = build.__name__
    [before] = inspect.signature(build).parameters

    @pytest.fixture(name=name)
    def made(instance: Instance, original: Original) -> Any:
        value = original.values[name]
        return instance if value is None else copy.deepcopy(value)

    _STEPS[id(made)] = Step(name, build, _STEPS.get(id(build.__globals__.get(before))))
    return made


def last_step(module: ModuleType, fixtures: Iterable[str]) -> Step | None:
    """Return what is done last to the instance of a test that takes some fixtures of a module."""
    asked = [_STEPS.get(id(getattr(module, name, None))) for name in fixtures]
    chains = [chain(step) for step in asked]
    longest = max(chains, key=len, default=[])
    assert all(some == longest[: len(some)] for some in chains), "prepared in two ways at once"
    return longest[-1] if longest else None
