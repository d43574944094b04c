"""Rules on what a plugin says of itself: plugin.json, its id and names, and its distribution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ..plugin_host import Manifest, Unfit, discover, discovery, manifest
from .distribution import GROUP, Distribution
from .rules import ERROR, WARNING, Finding, rule, seen_when_run
from .subject import Subject

#: Words of plugin.json whose names begin with the id, and how they go on.
_OWN: Final = {"types": "_", "field_types": "_", "jobs": "_", "hookspecs": "_", "permissions": "."}
_RELATUM: Final = "relatum"


@rule(
    "RLT001", "unreadable", ERROR,
    title="The code can't be read, or is not for this Relatum",
    why="A plugin is read before it is run: every file must be Python, and `__init__.py` must have "
    "one line `plugin = Plugin(...)` whose values are literals, and whose `api` is of these hooks.",
    fix="Correct the syntax; write id, name and version as plain texts.",
)  # fmt: skip
def unreadable(subject: Subject) -> Iterator[Finding]:
    """Yield files that are no Python, and a missing or wrong Plugin(...)."""
    for path, line, reason in subject.broken:
        yield Finding("RLT001", f"This is no Python: {reason}.", path, line)
    if subject.code is None and not any(path == subject.entry for path, _, _ in subject.broken):
        yield Finding("RLT001", _sentence(subject.problem), subject.entry)


@rule(
    "RLT002", "manifest-missing", ERROR,
    title="A distribution has no plugin.json",
    why="Plugins are listed, planned and compared without being run; an installed one without "
    "`plugin.json` beside its `__init__.py` can't be enabled.",
    fix="Run `relatum plugins manifest FOLDER` and put the file into the package's data.",
)  # fmt: skip
def manifest_missing(subject: Subject) -> Iterator[Finding]:
    """Yield a distribution without plugin.json."""
    if subject.distribution is not None and subject.said is None:
        yield Finding("RLT002", "There is no plugin.json beside the module.", subject.entry)


@rule(
    "RLT003", "manifest-outdated", ERROR,
    title="plugin.json says something else than the code",
    why="An administrator agrees to what `plugin.json` lists. A plugin that brings more, or less, "
    "is left out when the application is built.",
    fix="Run `relatum plugins manifest FOLDER` after each change of what the plugin brings.",
)  # fmt: skip
def manifest_outdated(subject: Subject) -> Iterator[Finding]:
    """Yield a plugin.json that can't be read, or differs from Plugin(...)."""
    said, path = subject.said, f"{subject.shown(subject.package)}/{manifest.FILE}".lstrip("./")
    path = path if subject.package != subject.root else manifest.FILE
    if isinstance(said, Unfit):
        yield Finding("RLT003", _sentence(f"plugin.json can't be used: {said}"), path)
    elif isinstance(said, Manifest) and subject.code is not None:
        code, file = subject.code.as_json(), said.as_json()
        for word in code:
            if word not in ("manifest", "provides") and code[word] != file[word]:
                message = f"plugin.json says {word} {file[word]!r}, the code {code[word]!r}."
                yield Finding("RLT003", message, path)


@rule(
    "RLT004", "wrong-name", ERROR,
    title="An id or a name that could clash",
    why="The id is the prefix of every name that a plugin brings; so two plugins can't want the "
    "same one. It has 3 to 30 characters a-z and 0-9, a letter first, and is none of the words "
    "that Relatum or a bundled plugin uses. A file or folder of a plugin is called by its id.",
    fix="Begin types, field types, jobs and hooks with the id and `_`, fields on others' types "
    "too, and permissions with the id and a dot.",
)  # fmt: skip
def wrong_name(subject: Subject) -> Iterator[Finding]:
    """Yield an id that is none, and names without it."""
    if subject.code is None or subject.bundled:
        return
    plugin_id = subject.code.plugin.id
    bundled = [f for f in discover(None).values() if f.source == "bundled" and f.manifest]
    try:
        manifest.check_id(plugin_id, manifest.words_of(f.manifest for f in bundled if f.manifest))
    except Unfit as unfit:
        yield Finding("RLT004", _sentence(str(unfit)), subject.entry)
        return
    if subject.stem and subject.stem.removeprefix(discovery.MODULE_PREFIX) != plugin_id:
        message = f"It calls itself '{plugin_id}', and its file or folder is '{subject.stem}'."
        yield Finding("RLT004", message, subject.entry)
    if isinstance(subject.said, Manifest):
        for word, name in _strange(subject.said, plugin_id):
            message = f"'{name}' ({word.replace('_', ' ')}) must begin with '{plugin_id}'."
            yield Finding("RLT004", message, subject.entry)


def _strange(said: Manifest, plugin_id: str) -> Iterator[tuple[str, str]]:
    provides = said.provides or {}
    for word, sign in _OWN.items():
        for name in provides.get(word, ()):
            if not name.startswith(f"{plugin_id}{sign}"):
                yield word, name
    for name in provides.get("fields", ()):
        owner, _, field = name.rpartition(".")
        if not field.startswith(f"{plugin_id}_") and not owner.startswith(f"{plugin_id}_"):
            yield "fields", name


@rule(
    "RLT005", "distribution-differs", ERROR,
    title="The distribution says something else than the plugin",
    why="pip installs by the metadata of the distribution, Relatum enables by that of the plugin: "
    "version, licence and entry point must be the same, and Relatum a requirement.",
    fix='Name the module under `[project.entry-points."relatum.plugins"]` by the plugin\'s id, '
    "keep version and licence equal, and require `relatum`.",
)  # fmt: skip
def distribution_differs(subject: Subject) -> Iterator[Finding]:
    """Yield what a distribution says otherwise than the plugin."""
    made = subject.distribution
    if made is None or subject.code is None:
        return
    plugin = subject.code.plugin

    def found(message: str, *words: str) -> Finding:
        return Finding("RLT005", message, made.path, made.line(*words))

    if plugin.id not in made.points:
        named = ", ".join(made.points) or "nothing"
        yield found(f"The entry points of {GROUP} name {named}, not '{plugin.id}'.", GROUP)
    if made.version is not None and not _same_version(made.version, plugin.version):
        message = f"The distribution has version {made.version}, the plugin {plugin.version}."
        yield found(message, "ersion", made.version)
    if made.license and plugin.license and made.license != plugin.license:
        message = f"The distribution's licence is {made.license}, the plugin's {plugin.license}."
        yield found(message, "icense", made.license)
    if made.requires is not None and _RELATUM not in {name for name, _ in _requirements(made)}:
        yield found("The distribution does not require relatum.", "dependencies")


@rule(
    "RLT006", "pinned-dependency", ERROR,
    title="A requirement is pinned to one version",
    why="All plugins share one environment. A library that one of them pins with `==` can't be "
    "used by another one that needs a newer version, and Relatum's own can't be repaired.",
    fix="Say the lowest version that works, and the next one that may not: `httpx>=0.27,<1`.",
)  # fmt: skip
def pinned_dependency(subject: Subject) -> Iterator[Finding]:
    """Yield requirements of one exact version."""
    made = subject.distribution
    for name, requirement in _requirements(made) if made is not None else ():
        pins = [s for s in requirement.specifier if s.operator in ("==", "===")]
        if made is not None and any(not s.version.endswith(".*") for s in pins):
            line = made.line(requirement.name, "==")
            yield Finding("RLT006", f"{name} is pinned: {requirement}.", made.path, line)


@rule(
    "RLT007", "help-missing", WARNING,
    title="There is no help.md",
    why="The file `help.md` of a plugin is a page of the help, under its id: who wonders whether "
    "to enable it reads that first.",
    fix="Write what it is for, what it adds, and what to do first.",
)  # fmt: skip
def help_missing(subject: Subject) -> Iterator[Finding]:
    """Yield a folder without help.md."""
    if subject.package.is_dir() and not (subject.package / "help.md").is_file():
        yield Finding("RLT007", "There is no help.md beside the module.", subject.entry)


NOT_ENABLED: Final = seen_when_run(
    "RLT008", "not-enabled", ERROR,
    title="It can't be enabled, disabled and enabled again",
    why="An administrator does that while the instance serves, and nothing may be lost or left "
    "over. The trial does it in an instance of its own, with the plugins that it requires.",
    fix="The message has the reason that an administrator would read.",
)  # fmt: skip
UNSTEADY: Final = seen_when_run(
    "RLT009", "unsteady", ERROR,
    title="It brings something else each time",
    why="Every worker builds the application for itself, and all must build the same. What a "
    "plugin declares is a function of its version, not of the day or the machine.",
    fix="Return the same from `relatum_declare` and the other hooks each time.",
)  # fmt: skip
TRIAL_ENDED: Final = seen_when_run(
    "RLT010", "trial-ended", ERROR,
    title="The trial did not come to its end",
    why="The process that ran the plugin ended, or took too long. In a worker that would be the "
    "site.",
    fix="Never end the process, and wait for nothing without a limit.",
)  # fmt: skip


def _requirements(made: Distribution) -> Iterator[tuple[str, Requirement]]:
    for text in made.requires or ():
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        yield canonicalize_name(requirement.name), requirement


@cache
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _same_version(one: str, other: str) -> bool:
    return one == other or (_version(one) is not None and _version(one) == _version(other))


def _sentence(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip()
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "?")) else ".")
