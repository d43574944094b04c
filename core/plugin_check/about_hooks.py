"""Rules on hooks: how they are marked, what they take, and what they do with a batch."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from typing import Final

from ..errors import nearest
from ..hooks import POLICIES, specs
from ..plugin_host import discover
from .code import Code, Function
from .rules import ERROR, WARNING, Finding, rule
from .subject import Subject

_ORDER: Final = frozenset({"wrapper", "hookwrapper", "tryfirst", "trylast", "specname"})
#: What a hook of writes calls its rows.
_BATCH: Final = "WriteBatch"
#: Verbs that ask or write; a word in capitals is a type.
_VERBS: Final = ("relatum.records.", "relatum.query.")
#: Those of a table of the plugin's own, `ctx.table(name)`.
_OF_TABLES: Final = frozenset({"select", "insert", "update", "delete", "count", "sums"})
_ASK_NOBODY: Final = frozenset({"from_json"})
_GROWS: Final = frozenset({
    "append", "add", "extend", "insert", "update", "setdefault", "pop", "popitem", "remove",
    "discard", "clear", "appendleft",
})  # fmt: skip
_CONTAINERS: Final = frozenset({"list", "dict", "set", "collections.defaultdict",
                                "collections.deque", "collections.Counter"})  # fmt: skip


@rule(
    "RLT011", "hook-order", ERROR,
    title="A hook wants to come first, last, or around others",
    why="Hooks are called in the order of what plugins require, which everybody can see; a wrapper "
    "could swallow what others refuse. Such a plugin is left out.",
    fix="Require the plugin that must come before; drop wrapper, tryfirst and trylast.",
)  # fmt: skip
def hook_order(subject: Subject) -> Iterator[Finding]:
    """Yield words in @hookimpl that steer the order."""
    for code in subject.codes:
        for function, mark in code.hooks():
            for word in mark.keywords if mark is not None else ():
                if word.arg in _ORDER:
                    message = f"{function.name} uses {word.arg}."
                    yield _at("RLT011", message, code, function)


@rule(
    "RLT012", "hook-arguments", ERROR,
    title="A hook takes arguments that it does not get",
    why="Every argument of a hook is passed by its name, and a hook takes those it wants. One with "
    "a default, or of another name, never gets its value.",
    fix="Name the arguments as the table of hooks does, without defaults.",
)  # fmt: skip
def hook_arguments(subject: Subject) -> Iterator[Finding]:
    """Yield arguments of hooks that are unknown or have a default."""
    for code in subject.codes:
        for function, _ in code.hooks():
            given = function.args
            names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            if given.defaults or any(given.kw_defaults):
                message = f"{function.name} gives an argument a default."
                yield _at("RLT012", message, code, function)
            if function.name not in POLICIES:
                continue
            known = list(inspect.signature(getattr(specs, function.name)).parameters)
            if given.vararg or given.kwarg or not set(names) <= set(known):
                strange = [n for n in names if n not in known] or ["*"]
                message = f"{function.name} has no '{strange[0]}'; it has {', '.join(known)}."
                yield _at("RLT012", message, code, function)


@rule(
    "RLT013", "hook-unknown", ERROR,
    title="There is no such hook, or it is not marked",
    why="Nobody calls a function whose name is no hook, or one without `@hookimpl`. A plugin with "
    "an unknown hook is left out.",
    fix="Correct the name, or add `@hookimpl`; a hook of a plugin that may be missing is marked "
    "`@hookimpl(optionalhook=True)`.",
)  # fmt: skip
def hook_unknown(subject: Subject) -> Iterator[Finding]:
    """Yield marked functions that are no hooks, and hooks without their mark."""
    found = discover(None)
    published = {
        hook
        for each in found.values()
        if each.manifest is not None and each.manifest.provides is not None
        for hook in each.manifest.provides["hookspecs"]
    }
    known = {*POLICIES, *published}
    absent = tuple(f"{plugin_id}_" for plugin_id in subject.requires - found.keys())
    for code in subject.codes:
        marked = set()
        for function, mark in code.hooks():
            marked.add(function.name)
            optional = mark is not None and any(k.arg == "optionalhook" for k in mark.keywords)
            if function.name in known or optional or function.name.startswith(absent or ("?",)):
                continue
            near = nearest(function.name, sorted(known))
            yield _at("RLT013", f"There is no hook '{function.name}'.{near}", code, function)
        for node in code.tree.body if not code.module else ():
            if isinstance(node, Function) and node.name in POLICIES.keys() - marked:
                yield _at("RLT013", f"{node.name} has no @hookimpl.", code, node)


@rule(
    "RLT014", "query-per-row", ERROR,
    title="A hook asks or writes once per row",
    why="A hook of writes gets up to 1,000 rows at once. A verb of records or query within a loop "
    "over them makes an import of 100,000 rows that many times as slow.",
    fix="Collect what you need of all rows (`batch.column(name)`), ask once, and write once after "
    "the loop.",
)  # fmt: skip
def query_per_row(subject: Subject) -> Iterator[Finding]:
    """Yield verbs that are called in a loop over a batch."""
    for code in subject.codes:
        for function in code.functions.values():
            batch = _batch_of(code, function)
            if batch is None:
                continue
            seen = set()
            tables = _tables(function)
            for call in _in_loops(function, batch):
                verb = _verb(subject, code, call) or _verb_of_table(call, tables)
                if verb and call.lineno not in seen:
                    seen.add(call.lineno)
                    message = f"{verb} is called for each row of a batch."
                    yield Finding("RLT014", message, code.path, call.lineno, call.end_lineno or 0)


def _batch_of(code: Code, function: Function) -> str | None:
    """Return the name of the argument that is a batch."""
    for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
        said = ast.unparse(each.annotation) if each.annotation is not None else ""
        if each.arg == "batch" or said.strip("\"'").rpartition(".")[2] == _BATCH:
            return each.arg
    return None


def _in_loops(function: Function, batch: str) -> Iterator[ast.Call]:
    """Yield the calls in loops over a batch, or over what was made of it."""
    made = {batch}
    for node in ast.walk(function):
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and _mentions(value, made):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            made |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    for node in ast.walk(function):
        for part in _repeated(node, made):
            yield from (n for n in ast.walk(part) if isinstance(n, ast.Call))


def _repeated(node: ast.AST, names: set[str]) -> list[ast.AST]:
    """Return what is done for each of what some names hold."""
    if isinstance(node, ast.For | ast.AsyncFor):
        return [*node.body] if _mentions(node.iter, names) else []
    if not isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        return []
    if not any(_mentions(each.iter, names) for each in node.generators):
        return []
    made = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
    return [*made, *(test for each in node.generators for test in each.ifs)]


def _mentions(node: ast.AST | None, names: set[str]) -> bool:
    inside = ast.walk(node) if node is not None else ()
    return any(isinstance(n, ast.Name) and n.id in names for n in inside)


def _verb(subject: Subject, code: Code, call: ast.Call) -> str:
    """Return the verb that a call comes to, itself or by functions of the plugin; or nothing."""
    name = code.called(call)
    if _is_verb(name):
        return name.removeprefix("relatum.")
    if name not in subject.graph.functions:
        return ""
    for below in sorted(subject.graph.below(name)):
        for called in sorted(subject.graph.calls.get(below, ())):
            if _is_verb(called):
                return f"{called.removeprefix('relatum.')} (by {name.rpartition('.')[2]})"
    return ""


def _tables(function: Function) -> set[str]:
    """Return the variables that a function sets to tables of the plugin's own."""
    return {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and _is_table(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_table(node: ast.expr, known: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in known
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr == "table"


def _verb_of_table(call: ast.Call, tables: set[str]) -> str:
    verb = call.func
    if not isinstance(verb, ast.Attribute) or verb.attr not in _OF_TABLES:
        return ""
    return ast.unparse(verb) if _is_table(verb.value, tables) else ""


def _is_verb(name: str) -> bool:
    verb = name.rpartition(".")[2]
    return name.startswith(_VERBS) and verb.islower() and verb not in _ASK_NOBODY


@rule(
    "RLT015", "shared-state", WARNING,
    title="A hook changes a value of its module",
    why="Workers are processes and threads: what one of them keeps in a variable no other one "
    "sees, a rolled back write leaves it behind, and it grows until the worker ends.",
    fix="Keep it in a record, or work it out again.",
)  # fmt: skip
def shared_state(subject: Subject) -> Iterator[Finding]:
    """Yield functions below hooks that write into variables of their modules."""
    started = [
        name
        for code in subject.codes
        for function, _ in code.hooks()
        for name, each in code.functions.items()
        if each is function
    ]
    for name in sorted(subject.graph.below(*started) & subject.graph.functions.keys()):
        code, function = subject.graph.functions[name]
        held = {n for n, value in _bound(code.tree) if _is_container(code, value)}
        for line, written in _written(function, held):
            message = f"'{written}' is a variable of the module, and {function.name} changes it."
            yield Finding("RLT015", message, code.path, line)


def _bound(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None]]:
    for node in tree.body:
        targets: list[ast.expr] = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                yield target.id, getattr(node, "value", None)


def _is_container(code: Code, value: ast.expr | None) -> bool:
    if isinstance(value, ast.Call):
        return code.called(value) in _CONTAINERS
    return isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)


def _written(function: Function, held: set[str]) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of what a function writes into variables of its module."""
    own = {a.arg for a in (*function.args.args, *function.args.kwonlyargs)}
    own |= {
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    shared = {n for node in ast.walk(function) if isinstance(node, ast.Global) for n in node.names}
    for node in ast.walk(function):
        name = ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            grows = node.func.attr in _GROWS and isinstance(owner, ast.Name)
            name = owner.id if grows and isinstance(owner, ast.Name) else ""
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            name = node.value.id if isinstance(node.value, ast.Name) else ""
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in shared:
            yield node.lineno, node.id
            continue
        if name in held and (name not in own or name in shared):
            yield getattr(node, "lineno", function.lineno), name


def _at(rule_id: str, message: str, code: Code, function: ast.AST) -> Finding:
    """Return a finding at a function: its marks belong to it."""
    marks = getattr(function, "decorator_list", [])
    line = min([getattr(function, "lineno", 0), *(m.lineno for m in marks)])
    return Finding(rule_id, message, code.path, line, getattr(function, "lineno", 0))
