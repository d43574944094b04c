"""The house rules that a reader can't hold in mind: who imports whom, sizes, transactions."""

from __future__ import annotations

import ast
import configparser
import graphlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .sources import ROOT, forgotten, modules, name_of, package_files, sources, tree

__all__ = ["forgotten"]

#: Each part of the package, from the ground up. A layer imports the ones below it; parts of
#: one layer may import each other, but never in a circle.
LAYERS = (
    {"schemas", "version"},
    {
        "core.errors",
        "core.config",
        "core.actor",
        "core.clock",
        "core.faults",
        "core.hooks",
        "core.languages",
        "core.mail_server",
        "core.sign_in_provider",
    },
    {
        "core.storage",
        "core.db",
        "core.dialects",
        "core.access_models",
        "core.audit_models",
        "core.credential_models",
        "core.import_models",
        "core.job_models",
        "core.keys",
        "core.ledger_models",
        "core.mail_models",
        "core.merge_models",
        "core.models",
        "core.plugin_models",
        "core.migrations",
        "core.outbound",
        "core.spine",
    },
    {"core.types", "core.fields"},
    {"core.catalog"},
    {
        "core.access",
        "core.query",
        "core.ddl",
        "core.changes",
        "core.positions",
        "core.audit",
        "core.plugin_tables",
    },
    {
        "core.records",
        "core.entities",
        "core.views",
        "core.preferences",
        "core.profile",
        "core.roles",
        "core.auth",
        "core.jobs",
        "core.mail",
        "core.own_jobs",
        "core.privacy",
        "core.people",
        "core.install",
        "core.backup",
        "core.doctor",
        "core.imports",
        "core.uploads",
    },
    {"core.plugin_host"},
    # core.serve starts processes that import core.wsgi by name, and knows no application itself.
    {
        "core.beside",
        "core.signals",
        "core.succession",
        "core.serve",
        "core.demo",
        "core.help",
        "core.plugin_check",
        "core.scaffold",
    },
    {"core.api", "core.commands"},
    {
        "core.app",
        "core.devel",
        "core.heartbeat",
        "core.newest",
        "core.dispatch",
        "core.trial",
        "core.worker",
        "core.wsgi",
        "cli",
    },
    {"", "testing", "core.testing"},
    {"plugins"},
)
#: Within a layer: (who, whom) never imports.
NEVER = {
    ("core.types", "core.fields"),
    ("core.access", "core.query"),
    ("core.ddl", "core.changes"),
    ("core.changes", "core.ddl"),
    ("core.changes", "core.positions"),
    ("core.access", "core.audit"),
    ("core.changes", "core.audit"),
    ("core.api", "core.commands"),
    ("core.commands", "core.api"),
}
#: Parts that hold no code of their own.
EMPTY = {"core"}
#: Imports inside functions, at most five: what is imported, and why not at the top.
BUDGET = {
    ("core/errors/__init__.py", "rapidfuzz"): "loaded only when something is wrong",
    ("core/dialects.py", "psycopg"): "an extra: its absence is a sentence, not a crash",
    ("core/fields/text.py", "email_validator"): "slow to import, needed by few commands",
    ("core/commands/pages.py", "rich"): "slow to import, needed on a terminal only",
    ("core/commands/terminal.py", "rich"): "slow to import, not needed with --json",
}
#: Who may begin and commit; everybody else joins the transaction that a surface opened (D2a).
OPENERS = {"core.db"}
FILE_LINES = 400
FUNCTION_LINES = 40


class Import(NamedTuple):
    """One imported name: the module of the package (or the outside name) and where it stands."""

    module: str
    outside: str
    inside_function: bool
    relative: bool


@cache
def imports(path: Path) -> list[Import]:
    """Return every import of a file, those inside functions and conditions too."""
    return [*_imports(path)]


def _imports(path: Path) -> Iterator[Import]:
    functions = [n for n in ast.walk(tree(path)) if isinstance(n, ast.FunctionDef | ast.Lambda)]
    deep = {id(child) for function in functions for child in ast.walk(function)}
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield resolved(alias.name, None, id(node) in deep, relative=False)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = name_of(path).split(".") if name_of(path) else []
                package = here if path.name == "__init__.py" else here[:-1]
                above = package[: len(package) - node.level + 1]
                base = ".".join(["relatum", *above, *filter(None, [node.module])])
            for alias in node.names:
                yield resolved(base, alias.name, id(node) in deep, relative=node.level > 0)


def resolved(base: str, name: str | None, deep: bool, *, relative: bool) -> Import:
    """Return an import, as a module of the package if it is one."""
    if base != "relatum" and not base.startswith("relatum."):
        return Import("", base.partition(".")[0], deep, relative)
    inner = base.removeprefix("relatum").strip(".")
    longer = f"{inner}.{name}".strip(".")
    return Import(longer if name and longer in modules() else inner, "", deep, relative)


def part_of(module: str) -> str:
    """Return the part of the layer table that a module belongs to."""
    known = {part for layer in LAYERS for part in layer} | EMPTY
    while module and module not in known:
        module = module.rpartition(".")[0]
    return module


def layer_of(part: str) -> int:
    """Return a part's place in the table; parts that hold no code are below everything."""
    return next((i for i, layer in enumerate(LAYERS) if part in layer), -1)


@cache
def dependencies() -> dict[str, dict[str, Path]]:
    """Return for every part the parts it imports, each with one file that does."""
    found: dict[str, dict[str, Path]] = {}
    for path in package_files():
        part = part_of(name_of(path))
        for one in imports(path):
            target = part_of(one.module)
            if not one.outside and target != part:
                found.setdefault(part, {})[target] = path
    return found


def test_every_module_stands_in_the_layer_table() -> None:
    top = {"", "plugins"}
    strays = [m for m in modules() if m not in top | EMPTY and part_of(m) in {"", *EMPTY}]
    assert not strays, f"give them a layer in DESIGN section 2 and here: {strays}"


def test_a_lower_layer_never_imports_a_higher_one() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} ({part}) imports {target}"
        for part, targets in dependencies().items()
        for target, path in targets.items()
        if layer_of(target) > layer_of(part) or (part, target) in NEVER
    ]
    assert not wrong, "\n".join(wrong)


def test_parts_never_import_each_other_in_a_circle() -> None:
    graphlib.TopologicalSorter(dependencies()).prepare()


def test_what_tests_stand_on_is_no_part_of_what_runs() -> None:
    kit = {"testing", "core.testing"}
    wrong = [
        f"{part} imports it"
        for part, found in dependencies().items()
        if part not in kit and kit & found.keys()
    ]
    assert not wrong, "\n".join(wrong)


def test_plugins_import_the_faces_of_what_they_require_and_never_the_core() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {one.module}"
        for path in sources("plugins")
        for one in imports(path)
        if not one.outside and one.module and not one.relative and one.module not in faces(path)
    ]
    assert not wrong, "\n".join(wrong)


def faces(path: Path) -> set[str]:
    """Return the packages of the plugins that the one of a file requires."""
    manifest = ROOT / "plugins" / path.relative_to(ROOT).parts[1] / "plugin.json"
    required = json.loads(manifest.read_text())["requires"] if manifest.is_file() else {}
    return {f"plugins.{name}" for name in required}


def test_inside_the_package_imports_are_relative() -> None:
    # Alembic loads revisions by path, so they have no package to be relative to.
    # Plugins import the face as those of third parties do.
    files = [
        path
        for path in package_files()
        if path.relative_to(ROOT).parts[0] != "plugins" and path.parent.name != "versions"
    ]
    wrong = [
        f"{path.relative_to(ROOT)} imports {one.module or 'relatum'} by its full name"
        for path in files
        for one in imports(path)
        if not one.outside and not one.relative
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_imports_a_second_copy_of_the_package() -> None:
    folders = {"core", "schemas", "plugins"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {one.outside}"
        for path in sources()
        for one in imports(path)
        if one.outside in folders and not one.relative
    ]
    assert not wrong, "\n".join(wrong)


def test_tests_and_benchmarks_import_the_package_by_its_name() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {one.module} relatively"
        for path in sources("tests", "benchmarks", "tools", "examples")
        for one in imports(path)
        if one.relative and part_of(one.module)
    ]
    assert not wrong, "\n".join(wrong)


def test_imports_inside_functions_stay_within_their_budget() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), one.outside or one.module)
        for path in package_files()
        for one in imports(path)
        if one.inside_function
    }
    assert found <= set(BUDGET), f"not in the budget: {sorted(found - set(BUDGET))}"
    assert found >= set(BUDGET), f"no longer needed: {sorted(set(BUDGET) - found)}"
    assert len(BUDGET) <= 5


def test_only_the_openers_begin_and_commit() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} in {function or 'the module'}"
        for path in package_files()
        for function, line in openings(tree(path))
        if part_of(name_of(path)) not in OPENERS
    ]
    assert not wrong, "use db.reading() and db.writing():\n" + "\n".join(wrong)


def openings(node: ast.AST, function: str = "") -> Iterator[tuple[str, int]]:
    """Yield (outermost function, line) of each call that begins or ends a transaction."""
    words = {"begin", "begin_nested", "commit", "rollback"}
    for child in ast.iter_child_nodes(node):
        called = child.func if isinstance(child, ast.Call) else None
        if isinstance(called, ast.Attribute) and called.attr in words:
            yield function, called.lineno
        inside = child.name if isinstance(child, ast.FunctionDef) and not function else function
        yield from openings(child, inside)


def test_a_file_is_short_enough_to_read() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources()}
    long = [f"{path.relative_to(ROOT)}: {n}" for path, n in lengths.items() if n > FILE_LINES]
    assert not long, "\n".join(long)


def test_a_function_fits_on_a_screen() -> None:
    # A revision is a list of tables, and is never read again once it is out.
    files = [path for path in package_files() if path.parent.name != "versions"]
    functions = [
        (path, node)
        for path in files
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    ]
    long = [
        f"{path.relative_to(ROOT)}: {node.name} has {length} lines"
        for path, node in functions
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES
    ]
    assert not long, "\n".join(long)


def test_tests_are_no_package_and_the_root_has_no_conftest() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))
    assert not (ROOT / "conftest.py").exists()


def test_type_checkers_find_the_package_through_a_link() -> None:
    link = ROOT / ".root" / "relatum"
    assert link.is_symlink()
    assert link.resolve() == ROOT
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    assert settings["mypy"]["mypy_path"].endswith("/.root")
