"""Start the trial of a plugin: a process of its own, with an instance that is thrown away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import orjson

from .about_manifest import TRIAL_ENDED
from .rules import Finding
from .subject import Subject

#: Seconds that a trial may take.
SECONDS: Final = 300
#: The process; it makes applications, which lie in a layer above.
_TRIAL: Final = f"{__name__.partition('.')[0]}.core.trial"
_UNUSED: Final = ("__pycache__", "*.pyc", "node_modules", ".git")
#: Characters of what the process said last.
_LAST: Final = 300


def tried(subject: Subject) -> list[Finding]:
    """Run a plugin in a process and an instance of its own, and return what was found."""
    with tempfile.TemporaryDirectory(prefix="relatum-trial-") as name:
        folder = Path(name).resolve()
        answer, paths = folder / "answer.json", _placed(subject, folder)
        place = _at_home(subject, folder) or subject.package
        shown = subject.shown(subject.package)
        asked = {
            "id": subject.id, "home": str(folder / "home"), "answer": str(answer),
            "place": str(place), "shown": "" if subject.package == subject.root else f"{shown}/",
        }  # fmt: skip
        reason = _run(asked, folder, paths)
        if reason or not answer.is_file():
            return [Finding(TRIAL_ENDED.id, reason or "The process ended by itself.")]
        return [Finding(*each) for each in orjson.loads(answer.read_bytes())]


def _placed(subject: Subject, folder: Path) -> list[Path]:
    """Put a plugin where an instance finds it; return the folders to import from."""
    if subject.distribution is None:
        return []
    # As if it were installed: what is on the path first is the distribution that counts.
    version = subject.code.plugin.version if subject.code else "0"
    name = subject.distribution.name or subject.id
    info = folder / "site" / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )
    points = "".join(f"{i} = {module}\n" for i, module in subject.distribution.points.items())
    (info / "entry_points.txt").write_text(f"[relatum.plugins]\n{points}", encoding="utf-8")
    depth = subject.module.count(".") + 1
    return [folder / "site", subject.package.parents[depth - 1]]


def _at_home(subject: Subject, folder: Path) -> Path | None:
    """Copy the file or folder of a plugin into the home; return where it is then."""
    if subject.distribution is not None or subject.bundled:
        return None
    target = folder / "home" / "plugins" / (subject.id + subject.package.suffix)
    target.parent.mkdir(parents=True)
    if subject.package.is_dir():
        shutil.copytree(subject.package, target, ignore=shutil.ignore_patterns(*_UNUSED))
    else:
        shutil.copyfile(subject.package, target)
    return target


def _run(asked: dict[str, Any], folder: Path, paths: list[Path]) -> str:
    """Run the trial; return why it did not come to its end, or nothing."""
    own = {n: v for n, v in os.environ.items() if not n.startswith("RELATUM_")}
    before = own.get("PYTHONPATH")
    path = os.pathsep.join([*map(str, paths), *([before] if before else [])])
    own |= {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "random"}
    (folder / "home").mkdir(exist_ok=True)
    said = folder / "said"
    # A file, not a pipe: what the plugin leaves running would hold that open.
    with (
        said.open("wb") as errors,
        subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", _TRIAL], cwd=folder / "home", env=own, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            process.communicate(orjson.dumps(asked), timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return f"It took longer than {SECONDS} s."
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode == 0:
        return ""
    last = said.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2][:_LAST]
    return f"The process ended with status {process.returncode}. {last}".strip()
