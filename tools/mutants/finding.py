"""Find what can be broken: each decision about rights, one change of the text at a time."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from .known import LEFT_OUT

ROOT = Path(__file__).resolve().parents[2]
#: What decides about rights, what matters most first.
FILES: Final = (
    "core/access/*.py", "core/records/seeing.py", "core/records/belonging.py",
    *(f"core/query/{name}.py" for name in (
        "filters", "terms", "paths", "expanding", "address", "parse", "related", "past", "groups",
        "labelling", "suggesting", "compiling", "lists",
    )),
    "core/query/*.py", "core/records/checks.py",
)  # fmt: skip
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
#: Calls that leave what somebody sees, and what would leave everything: a catalog, a condition.
_SEEING: Final = frozenset({"seen", "live", "admitted", "among_few"})
_CATALOG: Final = "__import__('relatum.core.catalog', fromlist=['current']).current()"
_TRUE: Final = "__import__('sqlalchemy').true()"
#: A statement that only calls one of these fills something; what it fills with is looked at.
_FILLING: Final = frozenset(
    "append extend insert sort reverse setdefault clear pop listen set_sqlite".split()
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one file: the text between two places becomes another."""

    path: str
    function: str
    line: int
    column: int
    #: The lines of what is changed, and those of the statement, without the ones inside it.
    lines: range
    around: range
    start: int
    end: int
    before: str
    after: str
    #: Which one it is of those in its function that read the same.
    nth: int = 0

    @property
    def place(self) -> str:
        """Where it is, as `--only` knows it."""
        return f"{self.path}:{self.line} {self.function}"

    @property
    def key(self) -> str:
        """What it is called in results and in what is known of it, wherever its lines go."""
        again = f" #{self.nth + 1}" if self.nth else ""
        return f"{self.path} {self.function}{again}: {_line(self.before)} -> {_line(self.after)}"

    def __str__(self) -> str:
        return f"{self.place}: {_line(self.before)[:110]}  ->  {_line(self.after)[:110]}"


def _line(text: str) -> str:
    return " ".join(text.split())


# -- what is changed --------------------------------------------------------------------------
class _Maker(ast.NodeVisitor):
    """Finds the mutants of one file."""

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.lines = [0]
        for line in text.encode().splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))
        self.within: list[str] = []
        self.around = range(0)
        self.found: list[Mutant] = []
        #: Tests of branches: they become true and false, which says more than the opposite.
        self.tests: set[int] = set()

    def visit(self, node: ast.AST) -> None:
        """Look at a node; of a statement, know where it is."""
        before = self.around
        if isinstance(node, ast.stmt):
            assert node.end_lineno is not None
            inside = getattr(node, "body", None) or getattr(node, "cases", None)
            end = (
                inside[0].lineno if isinstance(inside, list) and hasattr(inside[0], "lineno") else 0
            )
            self.around = range(
                node.lineno, max(end, node.lineno + 1) if end else node.end_lineno + 1
            )
        super().visit(node)
        self.around = before

    def _change(self, node: ast.expr | ast.stmt, after: ast.AST | str) -> None:
        assert node.end_lineno is not None and node.end_col_offset is not None
        start = self.lines[node.lineno - 1] + node.col_offset
        end = self.lines[node.end_lineno - 1] + node.end_col_offset
        before = self.text.encode()[start:end].decode()
        made = after if isinstance(after, str) else f"({ast.unparse(after)})"
        function = ".".join(self.within) or "module"
        same = [
            m for m in self.found if (m.function, m.before, m.after) == (function, before, made)
        ]
        lines = range(node.lineno, node.end_lineno + 1)
        place = self.path, function, node.lineno, node.col_offset, lines, self.around
        self.found.append(Mutant(*place, start, end, before, made, len(same)))

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
        """Take out what is done, but for what only fills a list: what goes in is looked at."""
        if isinstance(node.value, ast.Call | ast.Yield | ast.YieldFrom):
            filling = isinstance(node.value, ast.Call) and _name(node.value) in _FILLING
            if not filling or "/access/" in self.path:
                self._change(node, "pass")
            self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._change(node, "pass")
        self.visit(node.value)

    def visit_If(self, node: ast.If | ast.IfExp) -> None:
        self._test(node.test)
        self.generic_visit(node)

    visit_IfExp = visit_If  # noqa: N815

    def visit_While(self, node: ast.While) -> None:
        self._change(node.test, "False")
        self.tests.add(id(node.test))
        self.generic_visit(node)

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

    def visit_keyword(self, node: ast.keyword) -> None:
        """Leave what `zip` checks of its arguments: they are as long as each other."""
        if node.arg != "strict":
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self._change(node, str(not node.value))
        elif node.value in _ACTIONS:
            self._change(node, repr("update" if node.value == "read" else "read"))

    def visit_Call(self, node: ast.Call) -> None:
        name = _name(node)
        if name in _SEEING and (whole := _whole(node, self.path)):
            self._change(node, whole)
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


def _name(node: ast.Call) -> str:
    found = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return node.func.id if isinstance(node.func, ast.Name) else found


def _whole(node: ast.Call, path: str) -> str:
    """Return what shows everything in the place of a call that shows what somebody sees."""
    on = node.func.value if isinstance(node.func, ast.Attribute) else None
    of_access = isinstance(on, ast.Name) and on.id == "access"
    if of_access or "/access/" in path:
        return _CATALOG if _name(node) == "seen" else ""
    of_query = on is None or (isinstance(on, ast.Name) and on.id in ("query", "compiling"))
    return _TRUE if of_query and len(node.args) > 1 and "seeing" not in path else ""


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


def mutants() -> tuple[list[Mutant], Counter[str]]:
    """Return the mutants of all files, what matters most first, and how many are left out why."""
    kept: list[Mutant] = []
    left: Counter[str] = Counter()
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        text = source(name).decode()
        maker = _Maker(name, text)
        maker.visit(ast.parse(text))
        for mutant in maker.found:
            reason = _why_left(mutant)
            if reason is None:
                kept.append(mutant)
            else:
                left[reason] += 1
    return kept, left


@cache
def source(path: str) -> bytes:
    """Return the text of a file as it was first read, whatever is written meanwhile."""
    return (ROOT / path).read_bytes()


def files() -> list[Path]:
    """Return the files that are looked at, what matters most first."""
    found = (path for pattern in FILES for path in sorted(ROOT.glob(pattern)))
    return [*dict.fromkeys(found)]


def _why_left(mutant: Mutant) -> str | None:
    names = mutant.path, f"{mutant.path} {mutant.function}"
    return next((why for where, why in LEFT_OUT.items() if where in names), None)
