"""The nursery of the tests: what it forks is a process like any other."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from relatum.core import faults
from relatum.version import __version__

from . import nursery


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("pass", 0),
        ("import sys; sys.exit(int(sys.argv[1]))", 3),
        ("import os; os.abort()", -signal.SIGABRT),
        ("from relatum.core import faults; faults.point('db.before_commit')", -signal.SIGKILL),
    ],
)
def test_it_ends_as_its_code_ends(code, how):
    assert "db.before_commit" in faults.POINTS
    assert nursery.end(code, "3", given={"RELATUM_FAULTS": "db.before_commit=kill"}) == how


def test_it_can_be_killed_and_is_gone_then():
    process = nursery.begin("import time; time.sleep(60)", given={})
    process.kill()
    assert process.wait() == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_it_has_the_environment_that_is_given_and_none_of_another(tmp_path):
    code = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(os.getenv('COLOUR', ''))"
    for given in ({"COLOUR": "red"}, {}):
        assert nursery.end(code, str(tmp_path / "told"), given=given) == 0
        assert (tmp_path / "told").read_text() == given.get("COLOUR", "")


def test_the_command_from_there_is_the_command(tmp_path):
    def run(*words):
        done = subprocess.run(
            [nursery.command(), *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert run("--version") == (0, f"relatum {__version__}\n", "")
    status, said, error = run("users", "list")
    assert (status, said) == (1, "")
    assert f"{tmp_path}" in error or "instance" in error


def test_it_hears_a_signal():
    code = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); "
    heard, said = os.pipe()
    process = nursery.begin(code + "print('up', flush=True); signal.pause()", given={}, stdout=said)
    os.close(said)
    with os.fdopen(heard) as channel:
        assert channel.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 7
