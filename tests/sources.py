"""The Python files of the checkout and their syntax trees, for tests that read them."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NOT_OURS = {"build", "dist", "instance", "node_modules"}


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """Forget the trees after a module: a million objects that every later test would pay for."""
    yield
    tree.cache_clear()


@cache
def _sources() -> list[Path]:
    found = []
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name[0] != "." and name not in NOT_OURS]
        found += [Path(folder, file) for file in files if file.endswith(".py")]
    return sorted(found)


def sources(*folders: str) -> list[Path]:
    """Return the Python files of the checkout, or of some of its folders."""
    return [p for p in _sources() if not folders or p.relative_to(ROOT).parts[0] in folders]


def package_files() -> list[Path]:
    """Return the files that make up the package."""
    outside = {"tests", "benchmarks", "tools", "examples"}
    return [path for path in sources() if path.relative_to(ROOT).parts[0] not in outside]


def name_of(path: Path) -> str:
    """Return a file's module name below `relatum`; the root itself is the empty name."""
    return (
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").strip(".")
    )


@cache
def modules() -> frozenset[str]:
    """Return the names of all modules of the package."""
    return frozenset(name_of(path) for path in package_files())


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))
