"""The code of a plugin as its syntax says it: what names mean, what is called, and from where.

Nothing is imported. A name is resolved by the imports of its module: `records.create` after
`from relatum import records` is `relatum.records.create`; what belongs to the plugin itself begins
with a dot, such as `.logic.follow_stages`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from ..plugin_host import PARSING

Function = ast.FunctionDef | ast.AsyncFunctionDef
_HOOKIMPL: Final = "relatum.hookimpl"


@dataclass(frozen=True, eq=False)
class Code:
    """A module of a plugin: its place below the folder that is checked, and its syntax."""

    #: The path as findings show it, and the module below the plugin: `""`, `.logic`.
    path: str
    module: str
    tree: ast.Module
    #: Whether it is the `__init__.py` of a folder: a relative import begins one place lower.
    package: bool = False

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node of the syntax; it is walked once."""
        return list(ast.walk(self.tree))

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported or defined name of the module means."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    top = alias.name.partition(".")[0]
                    found[alias.asname or top] = alias.name if alias.asname else top
            elif isinstance(node, ast.ImportFrom):
                source = self.source_of(node)
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{source}.{alias.name}".replace("..", ".")
        for node in self.tree.body:
            if isinstance(node, Function | ast.ClassDef):
                found[node.name] = f"{self.module}.{node.name}"
        return found

    def source_of(self, node: ast.ImportFrom) -> str:
        """Return what something is imported from; a module of the plugin begins with a dot."""
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")[1:]
        up = node.level - 1 if self.package else node.level
        kept = parts[: len(parts) - up] if up else parts
        return "." + ".".join([*kept, *(node.module.split(".") if node.module else ())])

    def dotted(self, node: ast.expr | None) -> str:
        """Return what a name, or a chain of attributes from one, means; empty if it is no name."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            before = self.dotted(node.value)
            return f"{before}.{node.attr}" if before else ""
        return ""

    def called(self, call: ast.Call) -> str:
        """Return the meaning of what is called; `?.name` for a method of who knows what."""
        known = self.dotted(call.func)
        if not known and isinstance(call.func, ast.Attribute):
            return f"?.{call.func.attr}"
        return known

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Every function and method by its dotted name below the plugin."""
        return dict(_functions(self.tree, self.module))

    @cached_property
    def calls(self) -> list[ast.Call]:
        """Every call of the module, in the order of the lines."""
        found = [node for node in self.nodes if isinstance(node, ast.Call)]
        return sorted(found, key=lambda call: (call.lineno, call.col_offset))

    @cached_property
    def at_import(self) -> list[ast.Call]:
        """The calls that are made when the module is imported."""
        return list(_at_import(self.tree.body))

    @cached_property
    def imported(self) -> list[tuple[str, ast.Import | ast.ImportFrom]]:
        """What is imported when it runs, each name by its full one, and where."""
        found: list[tuple[str, ast.Import | ast.ImportFrom]] = []
        blocks = [node for node in self.nodes if _is_for_types(node)]
        typed = {id(n) for each in blocks for n in ast.walk(each)}
        for node in self.nodes:
            if id(node) in typed:
                continue
            if isinstance(node, ast.Import):
                found += [(alias.name, node) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found += [(f"{node.module}.{alias.name}", node) for alias in node.names]
        return found

    def hooks(self) -> Iterator[tuple[Function, ast.Call | None]]:
        """Yield the functions marked `@hookimpl`, and the call of the mark if it has arguments."""
        for function in self.functions.values():
            for mark in function.decorator_list:
                call = mark if isinstance(mark, ast.Call) else None
                if self.dotted(call.func if call else mark) == _HOOKIMPL:
                    yield function, call


def parsed(path: Path, root: Path, package: Path) -> Code:
    """Return the code of a file; raise SyntaxError, ValueError, OSError."""
    text = path.read_text(encoding="utf-8")
    with PARSING:
        tree = ast.parse(text)
    parts = path.relative_to(package).with_suffix("").parts if package.is_dir() else ()
    is_package = path.name == "__init__.py"
    module = "".join(f".{part}" for part in (parts[:-1] if is_package else parts))
    shown = path.relative_to(root).as_posix() if path != root else path.name
    whole = is_package or not package.is_dir()
    return Code(path=shown, module=module, tree=tree, package=whole)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield f"{prefix}.{child.name}", child
            yield from _functions(child, f"{prefix}.{child.name}")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}.{child.name}")
        elif isinstance(child, ast.stmt):
            yield from _functions(child, prefix)


def _at_import(nodes: Iterable[ast.AST]) -> Iterator[ast.Call]:
    for node in nodes:
        if isinstance(node, Function):
            yield from _at_import([*node.decorator_list, *node.args.defaults])
        elif isinstance(node, ast.Lambda) or _is_for_types(node) or _is_for_main(node):
            continue
        else:
            if isinstance(node, ast.Call):
                yield node
            yield from _at_import(ast.iter_child_nodes(node))


def _is_for_types(node: ast.AST) -> bool:
    """Say whether a block is there for type checkers alone."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _is_for_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


# -- who calls whom ---------------------------------------------------------------------------
@dataclass(frozen=True)
class Graph:
    """The functions of a plugin, and what each of them calls."""

    functions: dict[str, tuple[Code, Function]] = field(default_factory=dict)

    @cached_property
    def calls(self) -> dict[str, set[str]]:
        """What each function calls, by its dotted name."""
        return {
            name: {code.called(n) for n in ast.walk(function) if isinstance(n, ast.Call)}
            for name, (code, function) in self.functions.items()
        }

    def below(self, *names: str) -> set[str]:
        """Return functions of the plugin that are called by some, however deep, and these."""
        found, left = set(names), list(names)
        while left:
            more = self.calls.get(left.pop(), set()) & self.functions.keys() - found
            found |= more
            left += more
        return found


def graph_of(codes: list[Code]) -> Graph:
    """Return who calls whom among all functions of a plugin."""
    return Graph({name: (code, f) for code in codes for name, f in code.functions.items()})
