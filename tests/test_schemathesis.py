"""The running server under generated requests: no crash, and no answer that is not described."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relatum.core import serve
from relatum.core.config import Config

from .test_api_entity_types import ASSET

#: How hard to look: cases per operation, and the seed; a long search sets more.
EXAMPLES = os.environ.get("RELATUM_TEST_EXAMPLES", "10")
SEED = os.environ.get("RELATUM_TEST_SEED", "1")
#: What would lock the tester out, and with him everything that follows.
LEFT_OUT = ("revoke_token", "set_password")
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
"""
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
    alice = instance.client(instance.alice)
    # Another administrator may go; alice's own token must work to the end.
    for address, sent in (
        ("entity-types", ASSET),
        *(("records/x_asset", {"name": name}) for name in "ABC"),
        ("records/team", {"name": "Sales"}),
    ):
        assert alice.post(f"/api/v1/{address}", json=sent).status_code == 201
    token = alice.environ_base["HTTP_AUTHORIZATION"]
    (tmp_path / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    with serving(config) as port:
        base = f"http://{serve.LOOPBACK}:{port}/api/v1"
        left_out = [word for name in LEFT_OUT for word in ("--exclude-operation-id", name)]
        done = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis", "run", f"{base}/openapi.json",
                "--header", f"Authorization: {token}", *left_out,
                "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure", "--no-shrink",
                "--phases", "examples,coverage,fuzzing", "--no-color",
            ],
            check=False, capture_output=True, text=True, cwd=tmp_path,
        )  # fmt: skip
        request = urllib.request.Request(f"{base}/session", headers={"Authorization": token})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200, "the tester was locked out: most cases tested nothing"
    assert done.returncode == 0, done.stdout + done.stderr
