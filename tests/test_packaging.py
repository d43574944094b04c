"""What is built and installed: the package `relatum`, its command, and nothing else.

The browser assets are part of it, built; what they are built from is in the source distribution.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("core", "schemas", "plugins")
#: What a checkout holds that no distribution is made from.
UNUSED = (".git*", ".venv", ".*_cache", ".hypothesis", ".root", "build", "dist", "instance")
ALSO_UNUSED = ("*.egg-info", "__pycache__", "node_modules")
#: What the desk's browser assets are built from, and where they are.
FRONTEND = Path("plugins/desk/frontend")
ASSETS = Path("plugins/desk/static/dist")
START_SECONDS = 90


def settings() -> configparser.ConfigParser:
    """Return setup.cfg."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def packages() -> list[str]:
    """Return the packages that setup.cfg lists."""
    return settings()["options"]["packages"].split()


def shipped() -> set[str]:
    """Return every file of the package, as a wheel names it."""
    data = settings()["options.package_data"]
    found = set()
    for package in packages():
        folder = ROOT.joinpath(*package.split(".")[1:])
        for pattern in ["*.py", *data.get(package, "").split()]:
            paths = [path for path in folder.glob(pattern) if path.is_file()]
            found |= {f"relatum/{path.relative_to(ROOT).as_posix()}" for path in paths}
    return found


def test_the_list_of_packages_is_the_tree() -> None:
    folders = [path.parent for top in FOLDERS for path in (ROOT / top).rglob("__init__.py")]
    names = [".".join(("relatum", *folder.relative_to(ROOT).parts)) for folder in folders]
    assert packages() == sorted(["relatum", *names])


def test_every_file_in_a_package_folder_is_shipped() -> None:
    present = {
        f"relatum/{path.relative_to(ROOT).as_posix()}"
        for top in FOLDERS
        for path in (ROOT / top).rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        # Assets are shipped built.
        and not path.is_relative_to(ROOT / FRONTEND)
    }
    assert present <= shipped(), sorted(present - shipped())


def test_the_version_is_readable_without_importing_anything() -> None:
    version: dict[str, str] = {}
    exec((ROOT / "version.py").read_text(encoding="utf-8"), version)
    assert settings()["metadata"]["version"] == "attr: relatum.version.__version__"
    assert version["__version__"].count(".") == 2


def copy_of_checkout(folder: Path) -> Path:
    """Return a copy of the checkout, so that a build leaves nothing behind in it; no assets."""
    unused = shutil.ignore_patterns(*UNUSED, *ALSO_UNUSED)
    return Path(shutil.copytree(ROOT, folder / "checkout", ignore=unused))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout with its assets, so that it can be built without Node."""
    copy = copy_of_checkout(tmp_path_factory.mktemp("packaging"))
    shutil.copytree(ROOT / ASSETS, copy / ASSETS)
    return copy


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    """Return the folder with the source distribution, and the wheel that was built from it."""
    run(sys.executable, "-m", "build", "--no-isolation", str(source))
    return source / "dist"


def run(*command: str, **variables: str) -> str:
    """Run a command and return what it printed; a failure shows it."""
    own = {**os.environ, **variables}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=own)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def clean_environment(folder: Path) -> Path:
    """Make an environment that holds nothing, and return its Python."""
    venv.create(folder, with_pip=False, symlinks=True)
    return folder / "bin" / "python"


def install(python: Path, *what: str) -> None:
    """Install something into an environment that has no pip of its own."""
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *what)


def installed_names(python: Path) -> set[str]:
    """Return what stands in site-packages, caches aside."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    folder = Path(run(str(python), "-c", code).strip())
    return {path.name for path in folder.iterdir()} - {"__pycache__"}


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        licences = [name for name in wheel.namelist() if name.endswith("licenses/LICENSE")]
    assert names == shipped()
    assert licences
    assets = {Path(name).name for name in names if f"/{ASSETS}/" in name}
    assert {"manifest.json", "icons.json", "THIRD-PARTY.json"} <= assets
    assert {Path(name).suffix for name in assets} >= {".js", ".css", ".woff2", ".br", ".gz"}
    assert not [name for name in names if "frontend" in name or "node_modules" in name]


@pytest.mark.slow
def test_the_source_distribution_holds_what_a_packager_needs(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"LICENSE", "README.md", "CHANGELOG.md", "Makefile", "setup.cfg", "pyproject.toml"}
    assert wanted | {"tests/conftest.py", "examples/plugins/loyalty/pyproject.toml"} <= names
    assert {f"{ASSETS}/manifest.json", "tools/backend/assets.py"} <= names
    assert {f"{FRONTEND}/{name}" for name in ("package-lock.json", ".npmrc", "build.mjs")} <= names
    assert not [name for name in names if "node_modules" in name]
    assert not [name for name in names if name.startswith((".root", ".git", "instance"))]


@pytest.mark.slow
def test_an_installed_wheel_puts_only_relatum_into_site_packages(
    built: Path, tmp_path: Path
) -> None:
    python = clean_environment(tmp_path / "env")
    install(python, "--no-deps", str(next(built.glob("*.whl"))))
    package, *others = sorted(installed_names(python))
    assert package == "relatum"
    assert [name.endswith(".dist-info") for name in others] == [True]
    assert (python.parent / "relatum").exists()


@pytest.mark.slow
def test_a_source_distribution_is_installed_without_node_and_without_a_network(
    built: Path, tmp_path: Path
) -> None:
    archive = str(next(built.glob("*.tar.gz")))
    offline = ("--no-deps", "--no-index", "--no-build-isolation")
    target = tmp_path / "installed"
    pip = (sys.executable, "-m", "pip", "install", "--quiet")
    run(*pip, *offline, "--target", str(target), archive, PATH=str(tmp_path))
    assert (target / "relatum" / ASSETS / "manifest.json").exists()


@pytest.mark.slow
def test_a_clone_without_node_gets_one_for_the_build_alone(tmp_path: Path) -> None:
    source = copy_of_checkout(tmp_path)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps")
    run(*pip, "--wheel-dir", str(tmp_path), str(source), PATH=str(tmp_path))
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == shipped()


@pytest.mark.slow
def test_an_editable_install_adds_only_relatum(source: Path, tmp_path: Path) -> None:
    python = clean_environment(tmp_path / "env")
    install(python, "--no-deps", "--editable", str(source))
    assert [name for name in installed_names(python) if "relatum" not in name] == []
    where = run(str(python), "-c", "import relatum.version as v; print(v.__file__)").strip()
    assert Path(where) == source / "version.py"


@pytest.mark.slow
def test_the_wheel_alone_gives_a_working_demo(built: Path, tmp_path: Path) -> None:
    python = clean_environment(tmp_path / "env")
    install(python, str(next(built.glob("*.whl"))))
    with demo(python.parent / "relatum", tmp_path) as address:
        page = fetched(address)
        assert "Relatum" in page
        [style] = re.findall(r'<link rel="stylesheet" href="/(assets/style-\w+\.css)"', page)
        assert "@layer tokens" in fetched(address + style)


@contextmanager
def demo(command: Path, folder: Path) -> Iterator[str]:
    """Run `relatum demo` in an empty folder; it must stop cleanly when told to."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    own = {name: value for name, value in os.environ.items() if not name.startswith("RELATUM_")}
    with subprocess.Popen([command, "demo", "--port", str(port)], cwd=folder, env=own) as server:
        try:
            yield f"http://127.0.0.1:{port}/"
        finally:
            server.send_signal(signal.SIGTERM)
    assert server.returncode == 0


def fetched(address: str) -> str:
    """Return the page that a browser gets, as soon as something answers."""
    asked = urllib.request.Request(address, headers={"Accept": "text/html,*/*;q=0.8"})
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                assert answer.status == HTTPStatus.OK
                return str(answer.read().decode())
        except HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
