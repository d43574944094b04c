"""What a server for developers of plugins knows beside: whose code failed, what is not served.

An application has it if, and only if, the server was started with --dev.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from flask import current_app, has_app_context

from . import following

#: Where an application keeps it.
DEVELOPMENT: Final = "relatum.development"


@dataclass(frozen=True)
class Development:
    """What the applications that one process builds share: problems by the id of a plugin."""

    problems: dict[str, str] = field(default_factory=dict)


class Blame(NamedTuple):
    """Whose code failed: the plugin, the function of it that was called, file and line in it."""

    plugin: str
    function: str
    place: str

    def __str__(self) -> str:
        return f"plugin {self.plugin}, in {self.function} ({self.place})"


def development() -> Development | None:
    """Return what is known for developers; None unless the server was started with --dev."""
    found = current_app.extensions.get(DEVELOPMENT) if has_app_context() else None
    return found if isinstance(found, Development) else None


def blame(error: BaseException) -> Blame | None:
    """Return whose code failed; None if no plugin's code is where an exception came from."""
    active = following.current().active
    places = {plugin_id: each.found.path for plugin_id, each in active.items()}
    for cause in reversed([*_causes(error)]):
        found = _in(cause, places)
        if found is not None:
            return found
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _in(error: BaseException, places: Mapping[str, Path]) -> Blame | None:
    """Return the plugin of the innermost frame that is one's, by what was called of it first."""
    frames = traceback.extract_tb(error.__traceback__)
    whose = [_owner(Path(frame.filename), places) for frame in frames]
    owner = next((each for each in reversed(whose) if each is not None), None)
    if owner is None:
        return None
    first = frames[whose.index(owner)]
    last = max(n for n, each in enumerate(whose) if each == owner)
    at = f"{Path(frames[last].filename).name}, line {frames[last].lineno}"
    return Blame(owner, first.name, at)


def _owner(file: Path, places: Mapping[str, Path]) -> str | None:
    return next((i for i, place in places.items() if file.is_relative_to(place)), None)


def trace(error: BaseException) -> str:
    """Return the traceback of an exception and of what it came from."""
    return "".join(traceback.format_exception(error))
