"""Put the code of a mutant in the place of what runs: in one process, without a new import."""

from __future__ import annotations

import ast
import gc
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from inspect import CO_OPTIMIZED
from types import CodeType, FunctionType
from typing import Any

from .finding import ROOT, Mutant, source

Place = tuple[int, int]


class Unswappable(Exception):
    """The change is of something that is made once, when a module is imported."""


def swap(mutant: Mutant) -> None:
    """Let this process run a mutant from now on.

    Functions keep who they are and get other code; a value of a module is computed anew and takes
    the place of the old one wherever that was imported. Raises `Unswappable`.
    """
    old, new = _compiled(mutant.path), _mutated(mutant)
    at = mutant.line, mutant.column
    around = [code for code in _functions(old) if _spans(code, at)]
    if not around:
        _again(mutant)
        return
    before = around[0]
    same = [c for c in _functions(old) if _name(c) == _name(before)]
    after = [c for c in _functions(new) if _name(c) == _name(before)]
    running = _running().get((before.co_filename, *_name(before)), [])
    if len({*map(_code, running)}) > 1:
        # Lambdas on one line. Else they may differ: sets among constants have no order.
        running = [each for each in running if each.__code__ == before]
    if not running:
        raise Unswappable(mutant.key)
    for function in running:
        function.__code__ = after[same.index(before)]


def prepare(paths: Iterable[str]) -> None:
    """Look up what runs, once for all that are forked from this process, and read its files.

    What is written into these meanwhile is of no account.
    """
    for path in paths:
        _compiled(path)
    gc.unfreeze()
    _running()
    gc.freeze()


@cache
def _running() -> dict[tuple[str, str, int], list[FunctionType]]:
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    core = str(ROOT / "core")
    for each in gc.get_objects():
        if type(each) is FunctionType and each.__code__.co_filename.startswith(core):
            code = each.__code__
            found.setdefault((code.co_filename, *_name(code)), []).append(each)
    return found


@cache
def _compiled(path: str) -> CodeType:
    return _compile(path, source(path))


def _mutated(mutant: Mutant) -> CodeType:
    return _compile(mutant.path, text_of(mutant))


def text_of(mutant: Mutant) -> bytes:
    """Return the text of the file of a mutant, changed."""
    text = source(mutant.path)
    assert text[mutant.start : mutant.end].decode() == mutant.before, "the file was changed"
    return text[: mutant.start] + mutant.after.encode() + text[mutant.end :]


def _compile(path: str, text: bytes) -> CodeType:
    made: CodeType = compile(text, str(ROOT / path), "exec", dont_inherit=True)
    return made


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Yield the outermost functions of a module, those of its classes too."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & CO_OPTIMIZED:
                yield each
            else:
                yield from _functions(each)


def _code(function: FunctionType) -> CodeType:
    return function.__code__


def _name(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _spans(code: CodeType, at: Place) -> bool:
    places = [*_places(code)]
    if code.co_name != "<lambda>":
        # A `not` at the beginning of a function is part of a jump, which has another column.
        return code.co_firstlineno <= at[0] <= max(places)[0]
    return min(places) <= at <= max(places)


def _places(code: CodeType) -> Iterator[Place]:
    for line, last, column, end in code.co_positions():
        # What a function begins with has no place of its own.
        if line and last and column is not None and end:
            yield line, column
            yield last, end
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _places(each)


# -- what a module holds ----------------------------------------------------------------------
def _again(mutant: Mutant) -> None:
    """Run the statement of a module that a mutant changes, and hand on what it makes."""
    name = "relatum." + mutant.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    module = sys.modules[name]
    statement = next(
        each for each in ast.parse(text_of(mutant)).body
        if each.lineno <= mutant.line <= (each.end_lineno or 0)
    )  # fmt: skip
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        raise Unswappable(mutant.key)
    before = dict(vars(module))
    code = compile(ast.Module([statement], []), module.__file__ or "", "exec", dont_inherit=True)
    exec(code, vars(module))  # noqa: S102  # it is what the module does, but for one word
    for key, value in vars(module).items():
        if key in before and before[key] is not value:
            _hand_on(before[key], value)


def _hand_on(old: Any, new: Any) -> None:
    for name, module in [*sys.modules.items()]:
        if name.startswith("relatum."):
            for key, value in [*vars(module).items()]:
                if value is old:
                    setattr(module, key, new)
