"""The running server under generated requests: no crash, and no answer that is not described."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from relatum.core import serve
from relatum.core.config import Config

from .in_turn import LONG
from .plugged import with_loyalty
from .test_api_entity_types import ASSET


def lookup(name: str, target: str, **rules: Any) -> dict[str, Any]:
    """Return the definition of a link."""
    own: dict[str, Any] = {r: rules.pop(r) for r in ("required", "unique") if r in rules}
    return {"name": name, "kind": "lookup", "settings": {"target": target, **rules}, **own}


#: How hard to look: cases per operation, and the seed; a long search sets more.
EXAMPLES = os.environ.get("RELATUM_TEST_EXAMPLES", "6")
SEED = os.environ.get("RELATUM_TEST_SEED", "1")
#: What would lock the tester out, and with him everything that follows.
LEFT_OUT = ("revoke_token", "set_password")
#: What is the same for every type is asked of some, but in a long search.
TYPES_IN_BRIEF = r"/records/(loyalty_card|x_about|x_asset|x_bit|x_company)/(bulk|\{id\}/)"
#: Left out are the checks that want more than a schema can say: which records and names there
#: are by now. A batch answers 413 beyond bulk_limit, and row by row where it is partial.
SETTINGS = """
[checks]
positive_data_acceptance.enabled = false
use_after_free.enabled = false
ensure_resource_availability.enabled = false

[[operations]]
include-path-regex = "/bulk"
checks.negative_data_rejection.enabled = false

[[operations]]
include-path-regex = "/plugins/{plugin}"
parameters = { plugin = "loyalty" }
"""
#: What a plugin's routes answer; they are not in the description of the API.
ROUTES = {
    ("get", "/x/loyalty/hello"): (200,),
    ("get", "/api/x/loyalty/count"): (200,),
    ("post", "/api/x/loyalty/cards"): (201, 409),
}
#: Types with parts, ties, a tree, a link to itself and a reference; and one with what callers
#: can't send, can't read in the database, or can't choose freely.
TIED: list[dict[str, Any]] = [
    {"name": "x_place", "fields": [
        {"name": "name", "kind": "text"}, lookup("above", "x_place", tree=True, inverse="below"),
        lookup("twin", "x_place", on_delete="clear", unique=True),
    ]},
    {"name": "x_order", "fields": [
        {"name": "name", "kind": "text", "unique": True},
        lookup("place", "x_place", inverse="orders", on_delete="cascade"),
    ]},
    {"name": "x_line", "title": "product", "fields": [
        {"name": "product", "kind": "text", "required": True},
        {"name": "position", "kind": "integer"},
        lookup("order", "x_order", required=True, part=True, inverse="lines"),
        lookup("instead", "x_line", on_delete="clear"),
    ]},
    {"name": "x_bit", "fields": [
        {"name": "name", "kind": "text"},
        lookup("line", "x_line", required=True, part=True, inverse="bits"),
    ]},
    {"name": "x_about", "fields": [
        {"name": "name", "kind": "text"},
        {"name": "about", "kind": "reference",
         "settings": {"targets": ["x_place", "x_order", "x_line"], "on_delete": "cascade"}},
    ]},
    {"name": "x_case", "title": "number", "fields": [
        {"name": "number", "kind": "auto_number", "settings": {"mask": "C-{year}-{number:4}"}},
        {"name": "secret", "kind": "encrypted", "settings": {"filterable": True}},
        {"name": "hidden", "kind": "encrypted"},
        {"name": "stage", "kind": "choice", "options": [{"value": "new"}, {"value": "done"}]},
        {"name": "reason", "kind": "choice", "settings": {"controlled_by": "stage"},
         "options": [{"value": "fixed", "when": ["done"]}, {"value": "other"}]},
        {"name": "tones", "kind": "multi_choice", "settings": {"controlled_by": "stage"},
         "options": [{"value": "loud", "when": ["new"]}, {"value": "calm"}]},
    ]},
]  # fmt: skip
PROGRAM = """
import sys
from relatum.core import config, serve
port, workers = map(int, sys.argv[1:])
serve.serve(config.load(), port=port, workers=workers, ready=lambda: print("up", flush=True))
"""


@contextmanager
def serving(config: Config, *, workers: int = 2) -> Iterator[int]:
    """Serve an instance in processes of its own, and return the port."""
    port = serve.free_port(serve.LOOPBACK, 19_000 + os.getpid() % 10_000)
    command = [sys.executable, "-P", "-c", PROGRAM, str(port), str(workers)]
    environment = os.environ | serve.environment(config)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "up\n"
        try:
            yield port
        finally:
            server.terminate()


@pytest.mark.slow
def test_generated_requests_find_no_crash_and_nothing_undescribed(
    instance, config, tmp_path: Path
) -> None:
    alice = instance.client(with_loyalty(instance).alice)
    # Another administrator may go; alice's own token must work to the end.
    for address, sent in (
        ("entity-types", ASSET),
        *(("records/x_asset", {"name": name}) for name in "ABC"),
        ("records/team", {"name": "Sales"}),
        *(("entity-types", each) for each in TIED),
        ("records/x_order", {"name": "A", "lines": [{"product": "a"}, {"product": "b"}]}),
        ("records/x_place", {"name": "top"}),
        ("records/x_case", {"stage": "done", "reason": "fixed", "secret": "a", "tones": ["calm"]}),
    ):
        assert alice.post(f"/api/v1/{address}", json=sent).status_code == 201
    token = alice.environ_base["HTTP_AUTHORIZATION"]
    # What the description does not allow, three of five cases, is refused before a database is
    # asked: once is enough.
    again = instance.dialect == "postgresql" and not LONG
    mode = "positive" if again else "all"
    # Neither are the same edges of each parameter new to a second database; values at random are.
    phases = "examples,fuzzing" if again else "examples,coverage,fuzzing"
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "routes.json").write_text(json.dumps(routes()), encoding="utf-8")
    with serving(config) as port:
        server = f"http://{serve.LOOPBACK}:{port}"
        found = search(
            tmp_path, "routes.json", token, "--url", server, "--mode", mode, phases=phases
        )
        left_out = [word for name in LEFT_OUT for word in ("--exclude-operation-id", name)]
        described = f"{server}/api/v1/openapi.json"
        # What changes the data model comes last: it makes the description of records an old one.
        model = "/entity-types|/uninstall"
        first = model if LONG else f"{model}|{TYPES_IN_BRIEF}"
        for which, paths in (("--exclude-path-regex", first), ("--include-path-regex", model)):
            chosen = (which, paths, *left_out, "--mode", mode)
            found += search(tmp_path, described, token, *chosen, phases=phases)
        address = f"{server}/api/v1/session"
        request = urllib.request.Request(address, headers={"Authorization": token})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200, "the tester was locked out: most cases tested nothing"
    assert not found, found


def search(folder: Path, description: str, token: str, *more: str, phases: str) -> str:
    """Send generated requests for a description; return what is wrong, or nothing."""
    done = subprocess.run(
        [
            Path(sys.executable).parent / "schemathesis", "run", description,
            "--header", f"Authorization: {token}", *more,
            "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure", "--no-shrink",
            "--phases", phases, "--no-color",
        ],
        check=False, capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    return done.stdout + done.stderr if done.returncode else ""


def routes() -> dict[str, Any]:
    """Return a description of the plugin's routes."""
    paths: dict[str, Any] = {}
    for (method, path), statuses in ROUTES.items():
        answers = {str(status): {"description": "an answer"} for status in (*statuses, 400, 404)}
        paths.setdefault(path, {})[method] = {"responses": answers}
    info = {"title": "Loyalty", "version": "1"}
    return {"openapi": "3.1.0", "info": info, "paths": paths}
