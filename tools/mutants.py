"""Break each decision about rights, one at a time, and see whether a test notices.

usage: python tools/mutants.py [--only TEXT]... [--minutes N] [--workers N] [--list]

A mutant is the product with one condition, comparison, operand, clause or call deleted or turned
round, in the files that decide who may do what. Each is made in a scratch copy of the tree, where
the tests of rights (and of queries, for `core/query`) run until one fails. What survives is
printed: either it means the same, or a test is missing. Some do mean the same, so nothing but a
person can say whether a survivor is one too many; the exit status is the number of mutants that
survived, at most 100. --only takes the mutants whose place (`core/access/grants.py:58 Role.given`)
holds a text. Without RELATUM_TEST_POSTGRESQL the tests run on SQLite alone.
"""

from __future__ import annotations

import argparse
import ast
import copy
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What decides about rights, what matters most first, with the tests that must notice.
FILES: Final = (
    "core/access/*.py", "core/records/seeing.py", "core/records/belonging.py",
    "core/query/compiling.py", "core/query/density.py", "core/query/lists.py", "core/query/*.py",
)  # fmt: skip
RIGHTS: Final = (
    "tests/test_access_model.py", "tests/test_access*.py", "tests/test_belonging.py",
    "tests/test_tokens_reading.py", "tests/test_token_scopes*.py",
)  # fmt: skip
QUERIES: Final = (
    "tests/test_query*.py", "tests/test_views.py", "tests/test_field_queries.py",
    "tests/test_as_of*.py", "tests/test_records.py", "tests/test_relationships.py",
)  # fmt: skip
#: Too slow to run for each mutant, and no sharper than the model.
_SLOW: Final = "test_access_matrix.py"
#: Not copied: what no test of these reads.
_LEFT: Final = (".git", ".venv", "node_modules", "build", "screenshots", "*.egg-info")
#: Words for what somebody does: a look-up of the wrong one is a mutant.
_ACTIONS: Final = frozenset(
    "read create update delete restore purge import export share assign bulk".split()
)
_SETS: Final = (ast.BitOr, ast.BitAnd, ast.Sub, ast.Add)
_OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.Lt: ast.GtE, ast.GtE: ast.Lt,
    ast.Gt: ast.LtE, ast.LtE: ast.Gt,
}  # fmt: skip
_CALLS: Final = {
    "is_": "is_not", "is_not": "is_", "true": "false", "false": "true", "any": "all",
    "all": "any", "in_": "not_in", "not_in": "in_",
}  # fmt: skip
#: Calls that join conditions: each of their arguments is one.
_JOINING: Final = frozenset({"and_", "or_", "where", "union_all"})
#: What processes are forked from has imported this; the product each imports anew.
_FORKING: Final = multiprocessing.get_context("forkserver")
_PRELOADED: Final = (
    "alembic.op", "apispec", "babel", "flask", "flask_sqlalchemy", "markdown_it", "marshmallow",
    "phonenumbers", "psycopg", "pytest", "sqlalchemy.orm",
)  # fmt: skip
#: A test that takes longer than this hangs.
_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file: the text between two places becomes another."""

    path: str
    function: str
    line: int
    start: int
    end: int
    before: str
    after: str

    @property
    def place(self) -> str:
        """Where it is, as `--only` knows it."""
        return f"{self.path}:{self.line} {self.function}"

    def __str__(self) -> str:
        return f"{self.place}: {_short(self.before)}  ->  {_short(self.after)}"


def _short(text: str) -> str:
    return " ".join(text.split())[:110]


# -- what is changed --------------------------------------------------------------------------
class _Maker(ast.NodeVisitor):
    """Finds the mutants of one file."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.lines = [0]
        for line in text.encode().splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.within: list[str] = []
        self.found: list[Mutant] = []
        #: Tests of branches: they become true and false, which says more than the opposite.
        self.tests: set[int] = set()

    def _change(self, node: ast.expr | ast.stmt, after: ast.AST | str) -> None:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.lines[node.lineno - 1] + node.col_offset
        end = self.lines[node.end_lineno - 1] + node.end_col_offset
        before = self.text.encode()[start:end].decode()
        made = after if isinstance(after, str) else f"({ast.unparse(after)})"
        function = ".".join(self.within) or "module"
        self.found.append(Mutant(self.path, function, node.lineno, start, end, before, made))

    def _test(self, node: ast.expr) -> None:
        self.tests.add(id(node))
        self._change(node, "True")
        self._change(node, "False")

    def _function(self, node: ast.FunctionDef | ast.ClassDef) -> None:
        self.within.append(node.name)
        for statement in node.body:
            self.visit(statement)
        self.within.pop()

    visit_FunctionDef = visit_ClassDef = _function  # noqa: N815  # names of the base class

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave what is raised: the texts of errors have tests of their own."""

    def visit_Assert(self, node: ast.Assert) -> None:
        """Leave assertions: they hold by the types."""

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom):
            self._change(node, "pass")
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._change(node, "pass")
        self.visit(node.value)

    def visit_If(self, node: ast.If | ast.IfExp) -> None:
        self._test(node.test)
        self.generic_visit(node)

    visit_IfExp = visit_If  # noqa: N815

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._test(test)
        self.generic_visit(node)

    def visit_match_case(self, node: ast.match_case) -> None:
        if node.guard is not None:
            self._test(node.guard)
            self.visit(node.guard)
        for statement in node.body:
            self.visit(statement)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for place in range(len(node.values)):
            self._change(node, _without(node, "values", place, alone=node.values[1 - place])
                         if len(node.values) == 2 else _without(node, "values", place))  # fmt: skip
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        if id(node) not in self.tests and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
            turned = copy.copy(node)
            turned.ops = [_OPPOSITE[type(node.ops[0])]()]
            self._change(node, turned)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not) and id(node) not in self.tests:
            self._change(node, node.operand)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, _SETS) and not _is_plain(node):
            self._change(node, node.left)
            self._change(node, node.right)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._change(node, str(not node.value))
        elif node.value in _ACTIONS:
            self._change(node, repr("update" if node.value == "read" else "read"))

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name in _CALLS:
            turned = copy.deepcopy(node)
            if isinstance(turned.func, ast.Attribute):
                turned.func.attr = _CALLS[name]
            else:
                turned.func = ast.Name(_CALLS[name], ast.Load())
            self._change(node, turned)
        if name == "not_":
            self._change(node, node.args[0])
        if name in _JOINING and len(node.args) > 1:
            for place in range(len(node.args)):
                self._change(node, _without(node, "args", place))
        elif name == "where" and isinstance(node.func, ast.Attribute):
            self._change(node, node.func.value)
        self.generic_visit(node)


def _without(node: ast.expr, name: str, place: int, alone: ast.expr | None = None) -> ast.expr:
    """Return a node without one of its parts; `alone` is what is left where only one is."""
    if alone is not None:
        return alone
    made = copy.copy(node)
    parts = getattr(node, name)
    setattr(made, name, parts[:place] + parts[place + 1 :])
    return made


def _is_plain(node: ast.BinOp) -> bool:
    """Say whether numbers or texts are added, not sets or lists of things."""
    return any(isinstance(part, ast.Constant | ast.JoinedStr) for part in (node.left, node.right))


def mutants() -> Iterator[Mutant]:
    """Yield the mutants of all files, what matters most first."""
    done: set[Path] = set()
    for pattern in FILES:
        for path in sorted(ROOT.glob(pattern)):
            if path not in done:
                done.add(path)
                text = path.read_text(encoding="utf-8")
                maker = _Maker(path.relative_to(ROOT).as_posix(), text)
                maker.visit(ast.parse(text))
                yield from maker.found


# -- what notices -----------------------------------------------------------------------------
def _wanted(mutant: Mutant) -> tuple[str, ...]:
    """Return the tests that must notice a mutant."""
    return RIGHTS + (QUERIES if "/query/" in mutant.path else ())


class _Trials:
    """Scratch copies of the tree, and the tests that noticed something lately: they go first."""

    def __init__(self, folder: Path, workers: int, wanted: tuple[str, ...]) -> None:
        self.wanted = wanted
        self._free: SimpleQueue[Path] = SimpleQueue()
        self._lock = threading.Lock()
        self._noticed: list[str] = []
        for number in range(workers):
            tree = folder / str(number) / "relatum"
            shutil.copytree(ROOT, tree, symlinks=True, ignore=shutil.ignore_patterns(*_LEFT))
            self._free.put(tree)

    def noticed(self, mutant: Mutant | None) -> str:
        """Return the first test that fails with a mutant; empty: none does."""
        tree = self._free.get()
        try:
            return self._tried(tree, mutant)
        finally:
            self._free.put(tree)

    def _tried(self, tree: Path, mutant: Mutant | None) -> str:
        if mutant is None:
            return self._run(tree, self.wanted)
        path = tree / mutant.path
        text = path.read_bytes()
        path.write_bytes(text[: mutant.start] + mutant.after.encode() + text[mutant.end :])
        try:
            return self._run(tree, _wanted(mutant))
        finally:
            path.write_bytes(text)

    def _run(self, tree: Path, patterns: tuple[str, ...]) -> str:
        found = [p for each in patterns for p in sorted(tree.glob(each)) if p.name != _SLOW]
        files = [*dict.fromkeys(path.relative_to(tree).as_posix() for path in found)]
        with self._lock:
            first = self._noticed[:12]
        told = tree.parent / "told"
        ran = _FORKING.Process(target=_tests, args=(tree, [*first, *files], told))
        ran.start()
        ran.join(_SECONDS)
        if ran.is_alive():
            ran.kill()
            ran.join()
            return "it hangs"
        if ran.exitcode == 0:
            return ""
        lines = told.read_text(encoding="utf-8", errors="replace").splitlines()
        named = [each for each in lines if each.startswith(("FAILED", "ERROR"))]
        name = named[0].split(" - ")[0].partition(" ")[2] if named else "it does not start"
        if "::" in name:
            with self._lock:
                self._noticed = [name, *(each for each in self._noticed if each != name)]
        return name


def _tests(tree: Path, names: list[str], told: Path) -> None:
    """Run tests in a scratch copy; this process ends with the exit status of pytest."""
    os.chdir(tree)
    sys.path.insert(0, str(tree.parent))
    sys.dont_write_bytecode = True
    with told.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        sys.exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-rfE", *names])))


def main() -> int:
    """Try the mutants that were asked for; return how many survived."""
    asked = _arguments()
    chosen = [m for m in mutants() if not asked.only or any(t in m.place for t in asked.only)]
    if asked.list:
        print(*chosen, f"{len(chosen)} mutants", sep="\n")
        return 0
    until = time.monotonic() + asked.minutes * 60
    _FORKING.set_forkserver_preload([*_PRELOADED])
    with tempfile.TemporaryDirectory(prefix="relatum-mutants-") as folder:
        trials = _Trials(Path(folder), asked.workers, max(map(_wanted, chosen), key=len))
        if broken := trials.noticed(None):
            print(f"Without any mutant {broken} fails. Mend that first.")
            return 100

        def attempt(mutant: Mutant) -> str | None:
            if time.monotonic() > until:
                return None
            found = trials.noticed(mutant)
            print(f"{'killed  ' if found else 'SURVIVED'} {mutant}", found, flush=True)
            return found

        with ThreadPoolExecutor(asked.workers) as pool:
            found = list(pool.map(attempt, chosen))
    survivors = [m for m, name in zip(chosen, found, strict=True) if name == ""]
    tried = sum(name is not None for name in found)
    print(f"\n{tried} of {len(chosen)} tried, {len(survivors)} survived.", *survivors, sep="\n")
    return min(len(survivors), 100)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tools/mutants.py", description=__doc__)
    parser.add_argument("--only", action="append", help="a text in the place of a mutant")
    parser.add_argument("--minutes", type=float, default=600.0, help="begin none after that")
    parser.add_argument("--workers", type=int, default=1, help="how many run at once")
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
