"""The sources of the browser assets, and when they are built: only if they changed."""

from __future__ import annotations

import json
import re
import shutil
import stat

import pytest

from relatum.tools.backend import assets

FRONTEND = assets.FRONTEND
DIST = assets.DIST
LINES = 400
PERMISSIVE = {"0BSD", "MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "OFL-1.1"}
#: What has a word for "where text begins" or "where it ends", and says left or right instead.
PHYSICAL = re.compile(
    r"(?<![\w-])((margin|padding|border)-)?(left|right)\s*:|text-align:\s*(left|right)|float:"
)
#: What a strict content security policy forbids.
CODE_FROM_TEXT = re.compile(r"\beval\(|new Function|javascript:|\bon\w+\s*=\s*[\"']")


def sources(*suffixes):
    """Return the desk's own sources of some kinds."""
    return [path for path in assets.inputs() if path.suffix in suffixes]


def read(path):
    """Return a text file."""
    return path.read_text(encoding="utf-8")


# -- sources --------------------------------------------------------------------------------
def test_packages_are_pinned_exactly_and_by_hash_and_without_a_registry():
    package = json.loads(read(FRONTEND / "package.json"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert all(re.fullmatch(r"[\d.]+", version) for version in wanted.values()), wanted
    lock = json.loads(read(FRONTEND / "package-lock.json"))["packages"]
    own = lock.pop("")
    assert own["dependencies"] | own["devDependencies"] == wanted
    assert not [name for name, held in lock.items() if "resolved" in held]
    assert all(held["integrity"].startswith("sha512-") for held in lock.values())


def test_npm_writes_no_registry_into_the_lock_file_and_runs_nothing_of_a_package():
    settings = {line for line in read(FRONTEND / ".npmrc").splitlines() if "=" in line}
    assert {"omit-lockfile-registry-resolved=true", "ignore-scripts=true"} <= settings


def test_a_source_is_short_enough_to_read():
    lengths = {path.name: len(read(path).splitlines()) for path in sources(".css", ".js", ".mjs")}
    assert lengths
    assert {name: n for name, n in lengths.items() if n > LINES} == {}


def test_styles_follow_the_direction_of_the_text():
    wrong = [
        f"{path.relative_to(FRONTEND)}:{number} {line.strip()}"
        for path in sources(".css")
        for number, line in enumerate(read(path).splitlines(), 1)
        if PHYSICAL.search(line)
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_win_over_the_desk_and_all_styles_stand_in_a_layer():
    start, *imports = re.findall(r"^@.+;$", read(FRONTEND / "css" / "app.css"), re.MULTILINE)
    layers = start.removeprefix("@layer ").rstrip(";").split(", ")
    assert layers == "tokens base vendor layout components views plugin utilities".split()
    named = {line.split('"')[1]: line for line in imports}
    assert {f"./{p.relative_to(FRONTEND / 'css')}" for p in sources(".css")} == {
        *named,
        "./app.css",
    }
    assert [name for name, line in named.items() if "layer(" not in line] == ["./fonts.css"]


def test_no_script_runs_a_text_as_code():
    wrong = [path.name for path in sources(".js") if CODE_FROM_TEXT.search(read(path))]
    assert wrong == []


# -- what was built -------------------------------------------------------------------------
def test_the_assets_are_built_from_the_sources_as_they_are():
    assert assets.fresh(), "run: python tools/backend/assets.py"
    assert assets.requirements() == []


def test_everything_of_others_that_went_in_is_named_with_a_permissive_licence():
    package = json.loads(read(FRONTEND / "package.json"))
    locked = json.loads(read(FRONTEND / "package-lock.json"))["packages"]
    named = json.loads(read(DIST / "THIRD-PARTY.json"))
    # Those that we name, and what they bring along.
    pinned = {
        path.removeprefix("node_modules/"): each["version"]
        for path, each in locked.items()
        if path and not each.get("dev")
    }
    bundled = {each["name"]: each["version"] for each in named}
    assert package["dependencies"].items() <= bundled.items() <= pinned.items()
    assert {each["license"] for each in named} <= PERMISSIVE
    for each in named:
        assert "permi" in each["text"].lower(), each["name"]


def test_a_font_and_an_icon_are_drawn_by_files_of_ours():
    style = read(DIST / json.loads(read(DIST / "manifest.json"))["files"]["style.css"])
    addresses = set(re.findall(r"url\(\"?([^\")]+)", style))
    assert addresses
    assert all((DIST / address).is_file() for address in addresses), addresses


# -- when it is built -----------------------------------------------------------------------
@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Return a copy of the sources, with the assets that were built from them."""
    monkeypatch.setattr(assets, "FRONTEND", tmp_path / "frontend")
    monkeypatch.setattr(assets, "DIST", tmp_path / "static" / "dist")
    monkeypatch.setattr(assets, "WORK", tmp_path / "work")
    shutil.copytree(FRONTEND, assets.FRONTEND, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(DIST, assets.DIST)
    return tmp_path


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Return a function that puts a program on a path which has nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, script):
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    return put


def test_fresh_assets_are_not_built_again_and_call_no_node(copy, on_path):
    on_path("node", f"echo called >> {copy}/calls")
    on_path("npm", f"echo called >> {copy}/calls")
    assets.build()
    assert assets.requirements() == []
    assert not (copy / "calls").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda: (assets.FRONTEND / "css" / "base.css").write_text("a { color: red }"),
        lambda: (assets.FRONTEND / "package-lock.json").write_text("{}"),
        lambda: (assets.FRONTEND / "js" / "new.js").write_text(""),
        lambda: (assets.FRONTEND / "js" / "cells.js").rename(assets.FRONTEND / "js" / "other.js"),
        lambda: shutil.rmtree(assets.FRONTEND / "img"),
        lambda: next(assets.DIST.glob("app-*.js")).unlink(),
        lambda: (assets.DIST / "manifest.json").write_text("{"),
        lambda: shutil.rmtree(assets.DIST),
    ],
)
def test_any_change_makes_the_assets_stale(copy, on_path, change):
    change()
    assert not assets.fresh()
    assert assets.requirements() == [assets.NODE_WHEEL]


def test_what_an_editor_leaves_behind_changes_nothing(copy):
    (assets.FRONTEND / "css" / "base.css~").write_text("old")
    (assets.FRONTEND / "css" / ".base.css.swp").write_text("half")
    (assets.FRONTEND / "node_modules").mkdir()
    (assets.FRONTEND / "node_modules" / "x.js").write_text("")
    assert assets.fresh()


@pytest.mark.parametrize(
    ("version", "needs"),
    [("v18.20.4", [assets.NODE_WHEEL]), ("what?", [assets.NODE_WHEEL]), ("v20.0.0", [])],
)
def test_a_node_of_the_machine_is_used_if_it_is_new_enough(copy, on_path, version, needs):
    shutil.rmtree(assets.DIST)
    on_path("node", f"echo {version}")
    on_path("npm", "exit 1")
    assert assets.requirements() == needs


def test_a_build_that_fails_says_what_to_do_and_leaves_what_there_was(copy, on_path):
    (assets.FRONTEND / "css" / "base.css").write_text("a { color: red }")
    with pytest.raises(assets.NotBuilt, match=r"Install Node 20 or newer .* or run: pip install"):
        assets.build()
    on_path("node", "echo v22.1.0")
    on_path("npm", "exit 1")
    with pytest.raises(assets.NotBuilt, match="Check the connection to npm's registry"):
        assets.build()
    on_path("npm", "exec /bin/mkdir -p node_modules")
    on_path("node", '[ "$1" = --version ] && echo v22.1.0')
    with pytest.raises(assets.NotBuilt, match="Correct what is named above"):
        assets.build()
    assert (assets.DIST / "manifest.json").exists()


def test_npm_is_called_once_for_a_lock_file(copy, on_path):
    on_path("npm", f"echo called >> {copy}/calls; exec /bin/mkdir -p node_modules")
    made = f"/bin/mkdir -p {assets.WORK}/dist; echo '{{}}' > {assets.WORK}/dist/manifest.json"
    on_path("node", f'[ "$1" = --version ] && echo v22.1.0 || {{ {made}; }}')
    for color in ("red", "blue"):
        (assets.FRONTEND / "css" / "base.css").write_text(f"a {{ color: {color} }}")
        assets.build()
    assert (copy / "calls").read_text() == "called\n"
    assert [path.name for path in assets.DIST.iterdir()] == ["manifest.json"]
