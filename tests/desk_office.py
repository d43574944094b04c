"""The desk of an office with people in teams, for tests of who may do what there.

A test module imports both fixtures, and names them in `__all__`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .desk import Browser, at_desk
from .instances import prepared
from .officing import build


@prepared
def office(instance: Any) -> Any:
    """An office with roles that come with Relatum."""
    return build(instance)


@pytest.fixture
def desk(instance: Any, office: Any) -> Iterator[Browser]:
    """Return a browser in which alice is signed in; it knows the office."""
    with at_desk(instance) as browser:
        browser.ids = office
        yield browser
