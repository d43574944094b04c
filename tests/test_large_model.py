"""Sixty types of 25 fields with 150 relationships: one file makes them, and a client knows them."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

from relatum.core import auth, catalog, db, entities

from .homes import Shell, bare
from .test_bundled import INIT
from .test_openapi_client import generated
from .test_schemathesis import serving

TYPES, FIELDS, LINKS = 60, 25, 150
#: Seconds that one file may take (the issue's figure), of the machine's time for this process.
SECONDS = 10.0
#: Kinds of fields that need no settings, in turn.
KINDS = (
    "text", "integer", "decimal", "money", "date", "datetime", "boolean", "email", "phone", "url",
    "long_text", "percent", "rating", "duration", "time", "tags", "address", "geo",
    "person_name", "json", "auto_number", "encrypted",
)  # fmt: skip


def document() -> dict[str, Any]:
    """Return the text of the data model; links go to types before and after their own."""
    kinds, numbers = itertools.cycle(KINDS), itertools.count()
    types = []
    for place in range(TYPES):
        name = f"x_kind_{place:02}"
        links = []
        for turn in range(LINKS // TYPES + (place < LINKS % TYPES)):
            number = next(numbers)
            target = f"x_kind_{(place * 7 + turn * 13 + 1) % TYPES:02}"
            settings = {"target": target, "on_delete": "clear", "inverse": f"list_{number}"}
            links.append({"name": f"link_{number}", "kind": "lookup", "settings": settings})
        plain = [{"name": "name", "kind": "text", "required": True}]
        plain += [
            {"name": f"field_{n:02}", "kind": next(kinds)}
            for n in range(FIELDS - len(links) - len(plain))
        ]
        types.append({"name": name, "label": f"Kind {place}", "fields": [*plain, *links]})
    return {"relatum": 1, "types": types}


@pytest.fixture
def applied(database: str, tmp_path: Path):
    """Give a way to run commands on an instance to which the file was applied; and how long."""
    file = tmp_path / "model.json"
    with bare(database, tmp_path / "home") as environment:
        shell = Shell(environment)
        shell.said(*INIT, "--preset", "none")
        file.write_text(json.dumps(document()), encoding="utf-8")
        start = time.process_time()
        shell.said("schema", "apply", str(file), "--yes")
        yield shell, file, time.process_time() - start


@pytest.mark.slow
def test_one_file_makes_sixty_types_in_seconds_and_again_changes_nothing(applied, tmp_path):
    shell, file, seconds = applied
    assert seconds < SECONDS
    described = shell.json("entity-types", "list")
    own = [[f for f in each["fields"] if f["owner"] == "local"] for each in described]
    assert [len(fields) for fields in own if fields] == [FIELDS] * TYPES
    assert sum(f["kind"] == "lookup" for fields in own for f in fields) == LINKS
    assert shell.said("schema", "diff", str(file)) == "No differences.\n"
    exported = shell.said("schema", "export")
    with bare("sqlite", tmp_path / "other") as environment:
        other = Shell(environment)
        other.said(*INIT, "--preset", "none")
        (tmp_path / "exported.json").write_text(exported, encoding="utf-8")
        other.said("schema", "apply", str(tmp_path / "exported.json"), "--yes")
        assert other.said("schema", "export") == exported
    assert shell.json("doctor")["findings"] == []


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_client_generated_for_all_of_it_writes_a_record_and_reads_it_back(instance, tmp_path):
    def apply(actor: Any) -> None:
        changes = entities.to_changes(catalog.current(), document())
        entities.apply(changes, actor=actor)

    with instance.app.app_context():
        db.transact(lambda: apply(instance.alice), exclusive=True)
    _, token = instance.write(auth.make_token, instance.alice.user_id, "client", None)
    with generated(instance, tmp_path) as module, serving(instance.config) as port:
        models, root = module("models"), tmp_path / "relatum_client"
        [file] = root.rglob("x_kind_59_create_record.py")
        kinds = ".".join(file.relative_to(root).parent.parts) + ".x_kind_59"
        address = f"http://127.0.0.1:{port}"
        with module("client").AuthenticatedClient(base_url=address, token=token) as known:
            sent = models.XKind59RecordCreate(name="Last")
            made = module(f"{kinds}_create_record").sync(client=known, body=sent)
            read = module(f"{kinds}_read_record").sync(made.id, client=known)
    assert (read.id, read.name, read.version) == (made.id, "Last", 1)
