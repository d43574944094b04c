"""Rules on pages: who may use a view, and what gets into HTML."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

from jinja2 import Environment, TemplateSyntaxError, nodes

from .code import Code, Function
from .rules import ERROR, Finding, rule, seen_when_run
from .subject import Subject

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_REQUIRES: Final = "relatum.requires"
_MARKUP: Final = ("markupsafe.Markup", "flask.Markup")
_FROM_TEXT: Final = "flask.render_template_string"
#: What Flask escapes by itself.
_ESCAPED: Final = (".html", ".htm", ".xml", ".xhtml", ".svg")
_TAG: Final = re.compile(r"<[a-zA-Z][^>]*>")
#: Makes syntax trees of templates; it renders none.
_TEMPLATES: Final = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"])  # noqa: S701


@rule(
    "RLT020", "open-view", ERROR,
    title="A view does not say who may use it",
    why="A view without `@requires` would be open to everybody, and is refused when the "
    "application is built.",
    fix='Put `@requires("ID.permission")` below the decorator of its address, or '
    "`@requires(public=True)`.",
)  # fmt: skip
def open_view(subject: Subject) -> Iterator[Finding]:
    """Yield views without @requires."""
    for code, function, _, access in _views(subject):
        if access is None:
            message = f"The view {function.name} does not say who may use it."
            yield Finding("RLT020", message, code.path, _line(function), function.lineno)


@rule(
    "RLT021", "public-write", ERROR,
    title="Anybody may write by a view",
    why="A public address for POST is found by those who send spam, or fill the disk. It acts as "
    "nobody, so its rights, limits and checks are the plugin's own.",
    fix="Ask for a permission. Where it must be public, such as a form on a website, limit it, and "
    "say why on its line: `# relatum: allow RLT021 REASON`.",
)  # fmt: skip
def public_write(subject: Subject) -> Iterator[Finding]:
    """Yield public views that do more than read; the shell's are where people sign in."""
    if subject.code is not None and subject.code.plugin.shell:
        return
    for code, function, methods, access in _views(subject):
        if access is not None and _is_public(access) and methods - _READS:
            message = f"Anybody may {', '.join(sorted(methods - _READS))} to {function.name}."
            yield Finding("RLT021", message, code.path, _line(function), function.lineno)


def _views(subject: Subject) -> Iterator[tuple[Code, Function, set[str], ast.Call | None]]:
    """Yield each view that a decorator mounts: its methods, and what says who may use it."""
    for code in subject.codes:
        for function in code.functions.values():
            calls = [mark for mark in function.decorator_list if isinstance(mark, ast.Call)]
            methods = {method for call in calls for method in _mounted(call)}
            if not methods:
                continue
            access = [c for c in calls if code.called(c) == _REQUIRES]
            others = [
                c for c in calls if code.called(c) in subject.graph.functions
            ]  # one of the plugin's own decorators may say it
            if access or not others:
                yield code, function, methods, access[0] if access else None


def _mounted(call: ast.Call) -> set[str]:
    """Return the methods for which a decorator mounts a view; none if it is something else."""
    first = call.args[0] if call.args else None
    address = isinstance(first, ast.Constant) and str(first.value).startswith("/")
    address = address or isinstance(first, ast.JoinedStr)
    if not address or not isinstance(call.func, ast.Attribute):
        return set()
    if call.func.attr in _METHODS:
        return {call.func.attr.upper()}
    if call.func.attr != "route":
        return set()
    said = next((k.value for k in call.keywords if k.arg == "methods"), None)
    named = said.elts if isinstance(said, ast.List | ast.Tuple | ast.Set) else []
    return {str(n.value).upper() for n in named if isinstance(n, ast.Constant)} or {"GET"}


def _is_public(access: ast.Call) -> bool:
    said = {k.arg: k.value for k in access.keywords}
    return isinstance(value := said.get("public"), ast.Constant) and value.value is True


def _line(function: Function) -> int:
    return min([function.lineno, *(mark.lineno for mark in function.decorator_list)])


# -- HTML -------------------------------------------------------------------------------------
@rule(
    "RLT022", "unescaped-html", ERROR,
    title="Text gets into HTML unescaped",
    why="`Markup` says that a text is HTML already. Made of an f-string, a format, `%` or `+`, it "
    "lets the name of a record run as a script in the browser of an administrator.",
    fix='Write `Markup("<b>{}</b>").format(name)`, which escapes, or `render_template`.',
)  # fmt: skip
def unescaped_html(subject: Subject) -> Iterator[Finding]:
    """Yield Markup, templates as text, and answers of views that are made of other texts."""
    for code in subject.codes:
        for call in code.calls:
            if code.called(call) not in (*_MARKUP, _FROM_TEXT) or not call.args:
                continue
            if _is_mixed(call.args[0]) or _is_mixed(_value_of(code, call)):
                message = f"{ast.unparse(call.func)} is given a text with values in it."
                yield Finding("RLT022", message, code.path, call.lineno, call.end_lineno or 0)
    for code, function, *_ in _views(subject):
        for node in (n for n in ast.walk(function) if isinstance(n, ast.Return)):
            if _is_mixed(node.value) and _TAG.search(_literals_of(node.value)):
                message = f"{function.name} answers HTML with values in it."
                yield Finding("RLT022", message, code.path, node.lineno, node.end_lineno or 0)


def _literals_of(node: ast.expr | None) -> str:
    """Return the texts that stand in an expression."""
    inside = ast.walk(node) if node is not None else ()
    values = [n.value for n in inside if isinstance(n, ast.Constant)]
    return "".join(value for value in values if isinstance(value, str))


def _is_mixed(node: ast.expr | None) -> bool:
    """Say whether a text is put together of literals and values."""
    if isinstance(node, ast.JoinedStr):
        parts = (p.value for p in node.values if isinstance(p, ast.FormattedValue))
        return any(not isinstance(part, ast.Constant) for part in parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        return not (_is_literal(node.left) and _is_literal(node.right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        values = [*node.args, *(k.value for k in node.keywords)]
        joins = node.func.attr in ("format", "join", "format_map")
        return joins and _is_literal(node.func.value) and not all(map(_is_literal, values))
    return False


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_literal(node.left) and _is_literal(node.right)
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_literal, node.elts))
    return isinstance(node, ast.Constant)


def _value_of(code: Code, call: ast.Call) -> ast.expr | None:
    """Return what the variable that is given to a call was set to in its function."""
    first = call.args[0]
    if not isinstance(first, ast.Name):
        return None
    for function in code.functions.values():
        if not function.lineno <= call.lineno <= (function.end_lineno or 0):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and first.id in map(_name, node.targets):
                return node.value
    return None


def _name(node: Any) -> str:
    return node.id if isinstance(node, ast.Name) else ""


@rule(
    "RLT023", "template-unescaped", ERROR,
    title="A template does not escape",
    why="What a template writes is escaped if its name ends in .html. `|safe` on a value, "
    "`{% autoescape false %}`, or another ending, lets values in as HTML.",
    fix="Drop it. HTML that is made elsewhere comes as `Markup`, and needs no `|safe`.",
)  # fmt: skip
def template_unescaped(subject: Subject) -> Iterator[Finding]:
    """Yield templates that put values into HTML unescaped, or that can't be read."""
    for path in subject.files("*"):
        if "templates" not in path.parts[len(subject.root.parts) :]:
            continue
        shown = subject.shown(path)
        try:
            text = path.read_text(encoding="utf-8")
            tree = _TEMPLATES.parse(text)
        except UnicodeDecodeError:
            continue
        except TemplateSyntaxError as error:
            message = f"The template can't be read: {str(error.message).rstrip('.')}."
            yield Finding("RLT023", message, shown, error.lineno)
            continue
        if path.suffix not in _ESCAPED and _TAG.search(text) and "{{" in text:
            message = f"A template of HTML is called {path.name}; name it .html."
            yield Finding("RLT023", message, shown)
        yield from (Finding("RLT023", said, shown, line) for line, said in _unsafe(tree))


def _unsafe(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    for found in tree.find_all(nodes.Filter):
        if found.name == "safe" and not _is_const(found.node):
            yield found.lineno, "|safe lets a value in unescaped."
    for scope in tree.find_all((nodes.EvalContextModifier, nodes.ScopedEvalContextModifier)):
        for option in scope.options:
            if option.key == "autoescape" and not _is_true(option.value):
                yield scope.lineno, "autoescape is switched off."


def _is_const(node: nodes.Node | None) -> bool:
    if isinstance(node, nodes.CondExpr):
        return _is_const(node.expr1) and (node.expr2 is None or _is_const(node.expr2))
    return isinstance(node, nodes.Const | nodes.TemplateData)


def _is_true(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and node.value is True


ROUTE_ANSWER: Final = seen_when_run(
    "RLT024", "route-answer", ERROR,
    title="An address answers somebody whom it must not know, or fails",
    why="The trial asks for every address without signing in: one that is not public must refuse, "
    "and none may fail with an error of its own.",
    fix="Say who may use it by `@requires`, and refuse what a request lacks.",
)  # fmt: skip
