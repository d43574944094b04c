"""Ways to import by a job and to export, for tests of transfer."""

from __future__ import annotations

import io
from typing import Any

from relatum.core import jobs, uploads
from relatum.plugins.transfer.exporting import Export

from .counting import run

MAP = {"relatum_map": 1}


def send(instance: Any, content: bytes | str, name: str = "file.csv") -> int:
    """Keep a file as alice; return its id."""
    data = content.encode() if isinstance(content, str) else content
    with instance.app.app_context():
        return uploads.keep(name, io.BytesIO(data), actor=instance.alice).id


def begin(instance: Any, type_name: str, content: bytes | str, **words: Any) -> int:
    """Start the job of an import; return its id."""
    name, mapping = words.pop("name", "file.csv"), words.pop("map", {})
    asked = {"upload": send(instance, content, name), "type": type_name, "map": {**MAP, **mapping}}
    return int(instance.write(jobs.enqueue, "transfer_import", {**asked, **words}))


def bring(instance: Any, type_name: str, content: bytes | str, **words: Any) -> dict[str, Any]:
    """Import a file by a job that runs here; return the job."""
    job_id = begin(instance, type_name, content, **words)
    run(instance, job_id)
    job: dict[str, Any] = instance.read(jobs.get, job_id)
    return job


def counts(job: dict[str, Any]) -> tuple[int, ...]:
    """Return how many rows were created, updated, left as they were and refused."""
    assert job["state"] == "done", job["error"]
    names = ("created", "updated", "unchanged", "refused")
    return tuple(job["result"][name] for name in names)


def export(instance: Any, type_name: str, form: str, *args: tuple[str, str]) -> bytes:
    """Export a list as alice."""
    with instance.reading():
        made = Export(type_name, list(args), form, actor=instance.alice)
    with instance.app.app_context():
        return b"".join(made.stream())
