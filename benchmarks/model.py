"""A whole data model in one text: 60 types of 25 fields with 150 links, through schema apply."""

from __future__ import annotations

import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from relatum.benchmarks.instance import Instance
from relatum.benchmarks.report import Figure, Say, clock, times
from relatum.core import catalog, entities, serve

#: Seconds.
TARGET: Final = 10.0
TYPES, FIELDS, LINKS = 60, 25, 150
_KINDS: Final = (
    "text", "integer", "decimal", "money", "boolean", "date", "datetime", "choice", "email",
    "long_text",
)  # fmt: skip


def document(tag: str, types: int = TYPES, fields: int = FIELDS, links: int = LINKS) -> Any:
    """Return an export of `types` types, as another instance would write it."""
    made = [_type(tag, number, fields) for number in range(types)]
    for number in range(links):
        target = f"x_{tag}_{(number * 7 + 3) % types}"
        settings = {"target": target, "inverse": f"back_{number}"}
        link = {"name": f"link_{number}", "kind": "lookup", "settings": settings}
        made[number % types]["fields"].append(link)
    return {"relatum": entities.FORMAT, "types": made, "extensions": []}


def _type(tag: str, number: int, fields: int) -> dict[str, Any]:
    made: list[dict[str, Any]] = [
        {"name": "name", "kind": "text", "required": True, "sortable": True}
    ]
    for place in range(1, fields):
        kind = _KINDS[place % len(_KINDS)]
        field: dict[str, Any] = {"name": f"f{place}", "kind": kind}
        if kind == "choice":
            field["options"] = [{"value": f"o{n}"} for n in range(8)]
        made.append(field)
    label = f"{tag} {number}"
    return {
        "name": f"x_{tag}_{number}", "label": label, "plural": f"{label}s", "title": "name",
        "fields": made, "keys": [],
    }  # fmt: skip


def measure(instance: Instance, rounds: int, say: Say) -> list[Figure]:
    """Apply a fresh model by the command, `rounds` times."""
    taken = []
    with TemporaryDirectory() as folder:
        for number in range(rounds):
            path = Path(folder) / "model.json"
            path.write_bytes(orjson.dumps(document(f"m{number}")))
            taken.append(clock(partial(_apply, instance, path)))
            say(f"  {taken[-1]:.1f} s")
    with instance.reading():
        left = entities.to_changes(catalog.current(), document(f"m{rounds - 1}"))
    seconds = statistics.median(taken)
    shown = f"{seconds:.1f} s" + (", NOT as the text says" if left else "")
    value = TARGET + 1 if left else seconds
    case = f"apply a model of {TYPES} types, {FIELDS} fields each, {LINKS} links"
    return [Figure(case, times(taken), "", value, shown, TARGET)]


def _apply(instance: Instance, path: Path) -> None:
    command = [sys.executable, "-m", "relatum.cli", "schema", "apply", str(path), "--yes"]
    environ = serve.environment(instance.config)
    subprocess.run(command, check=True, env=environ, stdout=subprocess.DEVNULL)
