"""Rules on what is around a plugin: what it imports, does when imported, and says that it does."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterator
from typing import Final

from ..plugin_host import manifest
from .about_data import MIGRATIONS
from .code import Code
from .rules import ERROR, WARNING, Finding, rule, seen_when_run
from .subject import Subject

#: The package, and what a plugin may import besides the names of its face.
_FACE: Final = __name__.partition(".")[0]
_OPEN: Final = ("relatum.testing",)
_PLUGINS: Final = "relatum.plugins"

_NETWORK: Final = (
    "socket", "socketserver", "http.client", "http.server", "urllib.request", "urllib3",
    "requests", "httpx", "aiohttp", "websockets", "smtplib", "imaplib", "poplib", "ftplib",
    "xmlrpc.client", "paramiko", "grpc",
)  # fmt: skip
_PROCESSES: Final = (
    "subprocess", "multiprocessing", "pty", "os.system", "os.popen", "os.exec", "os.spawn",
    "os.posix_spawn", "os.fork", "concurrent.futures.ProcessPoolExecutor",
    "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell",
)  # fmt: skip
_FAMILIES: Final = frozenset({"os.exec", "os.spawn", "os.posix_spawn"})
_FILES: Final = (
    "shutil.copy", "shutil.copyfile", "shutil.copy2", "shutil.copytree", "shutil.move",
    "shutil.rmtree", "shutil.make_archive", "shutil.unpack_archive", "os.remove", "os.unlink",
    "os.rename", "os.replace", "os.mkdir", "os.makedirs", "os.rmdir", "os.symlink", "os.truncate",
)  # fmt: skip
#: Methods of paths that write, whatever the path is called.
_WRITING: Final = frozenset({"write_text", "write_bytes", "mkdir", "unlink", "rmdir", "touch",
                             "symlink_to", "hardlink_to"})  # fmt: skip
_THREADS: Final = ("threading.Thread", "threading.Timer", "_thread.start_new_thread")
_ENVIRONMENT: Final = ("os.putenv", "os.unsetenv", "os.environ.update", "os.environ.setdefault",
                       "os.environ.pop", "os.chdir", "sys.path.append", "sys.path.insert",
                       "signal.signal")  # fmt: skip
_SHOWN: Final = ("network", "files", "processes", "public", "tables")


@rule(
    "RLT025", "private-import", ERROR,
    title="An import of what is not for plugins",
    why="Only the names of `relatum` are promised: what lies below changes in every release, "
    "without a word. So do the insides of other plugins, and those that it does not require may "
    "be missing.",
    fix="Import from `relatum`, or from the module of a plugin that `requires` names. If something "
    "is missing there, ask for it.",
)  # fmt: skip
def private_import(subject: Subject) -> Iterator[Finding]:
    """Yield imports of parts of Relatum, and of plugins, that are not for this one."""
    face = set(dir(importlib.import_module(_FACE)))
    for code in subject.codes:
        named = [(name, node.lineno) for name, node in code.imported]
        for call in code.calls:
            first = call.args[0] if call.args else None
            if code.called(call) in ("importlib.import_module", "__import__"):
                named.append((str(getattr(first, "value", "")), call.lineno))
        for name, line in named:
            reason = _private(subject, name, face)
            if reason:
                yield Finding("RLT025", reason, code.path, line, line)


def _private(subject: Subject, name: str, face: set[str]) -> str:
    """Return why a name may not be imported; empty if it may."""
    if not f"{name}.".startswith(f"{_FACE}.") or name in (_FACE, _PLUGINS):
        return ""
    if f"{name}.".startswith(tuple(f"{open_}." for open_ in _OPEN)):
        return ""
    if name.startswith(f"{_PLUGINS}."):
        other, _, below = name.removeprefix(f"{_PLUGINS}.").partition(".")
        if other == subject.id:
            return ""
        if other not in subject.requires:
            return f"{name} is of plugin '{other}', which it does not require."
        return f"{name} is inside of plugin '{other}'." if "." in below else ""
    first = name.split(".")[1]
    return "" if first in face else f"{name} is not one of the names of {_FACE} for plugins."


@rule(
    "RLT026", "work-at-import", ERROR,
    title="Work is done when the module is imported",
    why="Every worker, command and check imports a plugin, enabled or about to be. What it does "
    "then happens many times, holds up the site, and can't be undone.",
    fix="Do it in a hook, a job or a command; read files of the plugin when they are asked for.",
)  # fmt: skip
def work_at_import(subject: Subject) -> Iterator[Finding]:
    """Yield calls at the level of a module that open, connect, start or set something."""
    for code in subject.codes:
        for call in code.at_import:
            name = code.called(call)
            works = _begins(name, (*_NETWORK, *_PROCESSES, *_FILES, *_THREADS, *_ENVIRONMENT))
            if works or name == "open" or _writes(subject, name, call):
                message = f"{name.lstrip('?.')}(...) runs when the module is imported."
                yield Finding("RLT026", message, code.path, call.lineno, call.end_lineno or 0)
        for line, message in _set_at_import(code):
            yield Finding("RLT026", message, code.path, line, line)


def _set_at_import(code: Code) -> Iterator[tuple[int, str]]:
    for node in code.tree.body:
        for target in getattr(node, "targets", ()):
            owner = getattr(target, "value", None)
            if owner is not None and code.dotted(owner) == "os.environ":
                yield node.lineno, "os.environ is written when the module is imported."


IMPORT_EFFECT: Final = seen_when_run(
    "RLT027", "import-effect", ERROR,
    title="Importing it changed something",
    why="The trial watches while the plugin is imported: files that are written, connections, "
    "processes, threads, databases, the environment. There may be none.",
    fix="As with RLT026; what does it may be a library, which is then imported where it is used.",
)  # fmt: skip


# -- capabilities -----------------------------------------------------------------------------
@rule(
    "RLT028", "capability-unsaid", ERROR,
    title="It does more than it says",
    why="Whoever enables a plugin reads its capabilities and decides by them.",
    fix="Name it in `Plugin(capabilities=[...])`, or do without.",
)  # fmt: skip
def capability_unsaid(subject: Subject) -> Iterator[Finding]:
    """Yield the first place of each capability that the plugin has and does not say."""
    if subject.code is None:
        return
    said = set(subject.code.plugin.capabilities)
    for word, (path, line, what) in _capabilities(subject).items():
        if word not in said:
            message = f"{what}: it {manifest.CAPABILITIES[word]}, and does not say '{word}'."
            yield Finding("RLT028", message, path, line, line)


@rule(
    "RLT029", "capability-unused", WARNING,
    title="It says more than it does",
    why="A capability that is not used asks for trust that is not needed, and hides the day on "
    "which it is.",
    fix="Drop the word from `capabilities`.",
)  # fmt: skip
def capability_unused(subject: Subject) -> Iterator[Finding]:
    """Yield capabilities of which nothing is seen; a library may do what is not seen."""
    if subject.code is None or _has_strangers(subject) or subject.code.plugin.shell:
        return
    for word in subject.code.plugin.capabilities:
        if word in _SHOWN and word not in _capabilities(subject):
            yield Finding("RLT029", f"Nothing in the code needs '{word}'.", subject.entry)


def _capabilities(subject: Subject) -> dict[str, tuple[str, int, str]]:
    """Return where each capability that the code shows is seen first: path, line, what."""
    found: dict[str, tuple[str, int, str]] = {}
    for code in subject.codes:
        if code.module.startswith(MIGRATIONS):
            found.setdefault("tables", (code.path, 1, "a migration"))
        for name, node in code.imported:
            for word, modules in (("network", _NETWORK), ("processes", _PROCESSES)):
                if _begins(name, modules):
                    found.setdefault(word, (code.path, node.lineno, f"import of {name}"))
        for call in code.calls:
            name, place = code.called(call), (code.path, call.lineno)
            shown = f"{name.lstrip('?.')}(...)"
            if _begins(name, _PROCESSES):
                found.setdefault("processes", (*place, shown))
            if _begins(name, _FILES) or _writes(subject, name, call):
                found.setdefault("files", (*place, shown))
            if name == "relatum.requires" and any(k.arg == "public" for k in call.keywords):
                found.setdefault("public", (*place, shown))
    return found


def _writes(subject: Subject, name: str, call: ast.Call) -> bool:
    """Say whether a call writes a file: a method of a path, or `open` with a mode that does."""
    if name.startswith(f"{_FACE}.") or name in subject.graph.functions:
        return False
    method = name.rpartition(".")[2]
    if method in _WRITING:
        return True
    if method != "open":
        return False
    given = call.args[1:2] if name == "open" else call.args[:1]
    modes = [*given, *(k.value for k in call.keywords if k.arg == "mode")]
    texts = [m.value for m in modes if isinstance(m, ast.Constant) and isinstance(m.value, str)]
    return any(set(t) & set("wax+") and set(t) <= set("rwaxbt+") for t in texts)


def _begins(name: str, known: tuple[str, ...]) -> bool:
    """Say whether a name is one of those known, or below one; `os.exec` stands for its family."""
    return any(
        name == each or name.startswith(each if each in _FAMILIES else f"{each}.") for each in known
    )


def _has_strangers(subject: Subject) -> bool:
    """Say whether it imports libraries that are neither Python's nor Relatum's."""
    known = {*sys.stdlib_module_names, _FACE, "flask", "markupsafe", "click", "marshmallow",
             "sqlalchemy", "werkzeug", "babel", "orjson"}  # fmt: skip
    return any(
        name.partition(".")[0] not in known for code in subject.codes for name, _ in code.imported
    )
