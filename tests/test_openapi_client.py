"""A typed client, made from the description by a generator off the shelf, writes and reads."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relatum.core import auth
from relatum.core.fields import FIELD_TYPES

from .samples import needed
from .test_schemathesis import serving

OPTIONS = [{"value": "new", "label": "New"}, {"value": "won", "label": "Won"}]


def _field(kind: str) -> dict[str, Any]:
    options = {"options": OPTIONS} if "choice" in kind else {}
    return {"name": f"f_{kind}", "kind": kind, "settings": needed(kind), **options}


@contextmanager
def generated(instance: Any, folder: Path) -> Iterator[Callable[[str], Any]]:
    """Give a way to import the modules of a client made for an instance."""
    described = instance.client(instance.alice).get("/api/v1/openapi.json")
    (folder / "openapi.json").write_text(described.text)
    (folder / "config.yml").write_text("post_hooks: []\n")
    made = subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "openapi_python_client", "generate",
            "--meta", "none", "--fail-on-warning", "--path", "openapi.json",
            "--config", "config.yml", "--output-path", "relatum_client",
        ],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    try:
        yield lambda name: importlib.import_module(f"relatum_client.{name}")
    finally:
        sys.path.remove(str(folder))
        for name in [each for each in sys.modules if each.partition(".")[0] == "relatum_client"]:
            del sys.modules[name]


@pytest.fixture
def client(instance, tmp_path):
    """Return a way to import the modules of a client made for a type with every kind of field."""
    instance.make_type(
        "x_visit", {"name": "name", "kind": "text", "required": True}, *map(_field, FIELD_TYPES)
    )
    with generated(instance, tmp_path) as found:
        yield found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_generated_client_writes_a_record_of_a_custom_type_and_reads_it_back(instance, client):
    visits, models = "api.visits.x_visit", client("models")
    day = dt.date(2026, 1, 31)
    sent = models.XVisitRecordCreate(
        name="First", f_date=day, f_money="12.50", f_user=instance.bob.user_id, f_boolean=True,
        f_choice=models.XVisitRecordCreateFChoice.WON, f_integer=7,
    )  # fmt: skip
    _, token = instance.write(auth.make_token, instance.alice.user_id, "client", None)
    with serving(instance.config) as port:
        address = f"http://127.0.0.1:{port}"
        with client("client").AuthenticatedClient(base_url=address, token=token) as known:
            made = client(f"{visits}_create_record").sync(client=known, body=sent)
            read = client(f"{visits}_read_record").sync(made.id, client=known)
            condition = models.FilterCondition(field="f_date", value=str(day))
            body = models.Query(filter_=condition, sort=["name"])
            page = client(f"{visits}_query_records").sync(client=known, body=body)
            gone = client(f"{visits}_read_record").sync(made.id + 1, client=known)
    assert (read.name, read.f_date, read.f_money, read.f_boolean) == ("First", day, "12.50", True)
    assert read.f_choice.value == "won"
    assert read.created_at.tzinfo is not None
    assert [json.loads(json.dumps(each.to_dict()))["f_integer"] for each in page.records] == [7]
    assert (gone.status, gone.code) == (404, "record_unknown")
