"""What a plugin may bring, held against the rules and what it says of itself; else `Unfit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..fields import FIELD_TYPES, Choice, Field, Link
from ..jobs import JOB_NAME, Kind
from .discovery import BUNDLED, Found
from .manifest import PROVIDED, Manifest, Unfit


def check_field_type(found: Found, made: Any) -> None:
    """Refuse what is no field type, or would store or be called otherwise than it may."""
    if not (isinstance(made, type) and issubclass(made, Field)):
        raise Unfit("relatum_field_types must return classes of field types")
    base: Any = next((c for c in made.__mro__ if c in FIELD_TYPES.values()), None)
    if base is None or base is made or issubclass(made, (Link, Choice)):
        raise Unfit(f"field type '{made.kind}' must build on one that is no link and no choice")
    if found.source != BUNDLED and not made.kind.startswith(f"{found.id}_"):
        raise Unfit(f"field type '{made.kind}' must begin with '{found.id}_'")
    if made.kind in FIELD_TYPES or made.columns is not base.columns:
        raise Unfit(f"field type '{made.kind}' must have a name of its own and store as its base")


def check_job(found: Found, kind: Any) -> Kind:
    """Return a kind of job as the plugin's own; refuse what is none, or has a foreign name."""
    if not isinstance(kind, Kind):
        raise Unfit("relatum_jobs must return jobs.Kind(...)")
    if not kind.name.startswith(f"{found.id}_") or not JOB_NAME.fullmatch(kind.name):
        raise Unfit(f"kind of job '{kind.name}' must begin with '{found.id}_'")
    if kind.limit is not None and kind.limit < 1:
        raise Unfit(f"the limit of the kind of job '{kind.name}' must be at least 1, or None")
    return replace(kind, plugin=found.id)


def check_provides(manifest: Manifest, brings: Mapping[str, tuple[str, ...]]) -> None:
    """Hold what a plugin brings against what its plugin.json says; raise `Unfit`."""
    provides = manifest.provides or {}
    for name in PROVIDED:
        if name not in brings:
            continue
        said, actual = set(provides.get(name, ())), set(brings[name])
        words = name.replace("_", " ")
        if actual - said:
            listed = ", ".join(sorted(actual - said))
            raise Unfit(f"it brings {words} that its plugin.json does not list: {listed}")
        if said - actual:
            listed = ", ".join(sorted(said - actual))
            raise Unfit(f"its plugin.json lists {words} that it does not bring: {listed}")


def names_of(document: Any) -> dict[str, tuple[str, ...]]:
    """Return the names of the types and of the fields on others' types in declarations."""
    if not isinstance(document, dict):
        return {}
    types = [t for t in document.get("types") or () if isinstance(t, dict)]
    extensions = [e for e in document.get("extensions") or () if isinstance(e, dict)]
    own = {str(t.get("name")) for t in types}
    return {
        "types": tuple(sorted(own)),
        "fields": tuple(
            sorted(
                f"{e.get('type')}.{f.get('name')}"
                for e in extensions
                if str(e.get("type")) not in own
                for f in e.get("fields") or ()
                if isinstance(f, dict)
            )
        ),
    }
