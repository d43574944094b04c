"""What a plugin says of itself: in its code, and in `plugin.json`, read without running it."""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson
from marshmallow import RAISE, ValidationError
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from ...schemas.entity_types import flat
from ...schemas.plugins import ID_PATTERN, ManifestSchema, PluginSchema
from ..entities.definitions import RESERVED_WORDS
from ..errors import Problem
from ..hooks import API_VERSION
from ..languages import Phrase

#: First words of the `relatum` command; a plugin's commands go by its id.
COMMAND_WORDS: Final = frozenset(
    "init serve demo doctor upgrade backup restore entity records changes views users roles access "
    "audit privacy tokens jobs worker keys mail schema plugins help version".split()
)
#: What the kernel's own types are called.
_KERNEL_TYPES: Final = frozenset({"user", "team"})
#: Help pages; a plugin's own page goes by its id.
_PAGES: Final = frozenset("start developing relationships lists http people access operations "
                          "settings commands errors changes".split())  # fmt: skip
#: What an address of plugins in general has where the id of one could stand.
_ADDRESSES: Final = frozenset({"reload"})
FILE: Final = "plugin.json"
PROVIDED: Final = (
    "types", "fields", "field_types", "tables", "settings", "jobs", "permissions", "hooks",
    "hookspecs", "slots", "routes", "commands",
)  # fmt: skip

#: What a plugin may say that it does, for whoever decides whether to enable it. What the build
#: sees by itself (public addresses, secrets, own tables) must be said; `plugins check` looks into
#: the code for the others.
CAPABILITIES: Final = {
    "public": Phrase("answers addresses that anybody may ask for, without signing in"),
    "secrets": Phrase("keeps secrets of other systems in its settings"),
    "tables": Phrase("keeps tables of its own beside the records"),
    "network": Phrase("talks to other machines"),
    "files": Phrase("writes files on this machine"),
    "processes": Phrase("starts other programs on this machine"),
}

#: Held by whoever makes a syntax tree: CPython 3.11 counts their depth in one place for all threads
#: and raises SystemError ("AST constructor recursion depth mismatch") when two make one at a time.
PARSING: Final = threading.RLock()


#: Why an enabled plugin does not run; safe mode and what a new process mends are never stored.
MISSING, INCOMPATIBLE, QUARANTINED = "missing", "incompatible", "quarantined"
NEEDS_CONFIG, SAFE = "needs_config", "safe_mode"
#: This process runs other code of it than is there by now; a new process would run that.
RESTART = "restart_required"


class Unfit(Exception):
    """A plugin can't be used; the message says why, in a sentence without its end."""

    def __init__(self, reason: str, fault: str = QUARANTINED) -> None:
        super().__init__(reason)
        self.fault = fault


class Unset(Unfit):
    """A plugin can't be used before its settings are right; `problems` says which are not."""

    def __init__(self, plugin_id: str, problems: Sequence[Problem]) -> None:
        self.problems: Final = tuple(problems)
        #: The settings that are wrong or missing.
        self.names: Final = tuple(
            dict.fromkeys(p.field.partition(".")[0] for p in problems if p.field)
        )
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        place = f"setting '{first.field}'" if first.field else "its settings"
        super().__init__(
            f"{place}: {first.message.rstrip('.')}{more}; run: relatum plugins settings "
            f"{plugin_id}",
            NEEDS_CONFIG,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What a plugin says of itself, in its `__init__.py` as `plugin = Plugin(...)`.

    `api` is the range of the hooks that it was written for, `requires` the plugins that it
    builds on: ids with ranges of versions, `presets` the choices of `relatum init --preset` that
    it is part of, `capabilities` what it does beyond records and pages (see CAPABILITIES).
    `shell` says that it brings the pages outside /api and /x; one enabled plugin may. Values are
    literals, so that they can be read without running the plugin.
    """

    id: str
    name: str
    version: str
    api: str = ">=1.0,<2"
    description: str = ""
    license: str = ""
    requires: Mapping[str, str] = field(default_factory=dict)
    presets: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    shell: bool = False

    def __post_init__(self) -> None:
        # A list in the code and one in JSON are the same word.
        object.__setattr__(self, "presets", tuple(self.presets))
        object.__setattr__(self, "capabilities", tuple(self.capabilities))


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A plugin's word on itself, and what it says to bring (None: not said beforehand)."""

    plugin: Plugin
    provides: Mapping[str, tuple[str, ...]] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the manifest as `plugin.json` holds it."""
        said = {**asdict(self.plugin), "requires": dict(self.plugin.requires)}
        provides = None if self.provides is None else {k: list(v) for k, v in self.provides.items()}
        return {"manifest": 1, **said, "provides": provides}


def read(path: Path, *, by_code: bool = False) -> Manifest:
    """Return the manifest of a folder or a one-file plugin; raise `Unfit`.

    A folder's `plugin.json` counts; without one, in one file, and `by_code`,
    `plugin = Plugin(...)` does.
    """
    try:
        if not by_code and path.is_dir() and (path / FILE).exists():
            return _of_file((path / FILE).read_bytes())
        source = path / "__init__.py" if path.is_dir() else path
        return _of_source(source.read_text(encoding="utf-8"), source.name)
    except OSError as error:
        raise Unfit(f"{path.name} can't be read: {error.strerror or error}") from None
    except orjson.JSONDecodeError as error:
        raise Unfit(f"{FILE} is not JSON: {error}") from None
    except (SyntaxError, ValueError) as error:
        raise Unfit(f"{path.name} can't be read: {error}") from None


@lru_cache(maxsize=256)
def _of_file(text: bytes) -> Manifest:
    # Every application that is built asks for all plugins that are there.
    return parse(orjson.loads(text))


def parse(document: Any) -> Manifest:
    """Return a manifest from its JSON value; raise `Unfit`."""
    loaded = _load(ManifestSchema, document, FILE)
    provides = MappingProxyType({n: tuple(loaded["provides"][n]) for n in PROVIDED})
    said = {k: v for k, v in loaded.items() if k not in ("manifest", "provides")}
    return Manifest(plugin=_sound(Plugin(**said)), provides=provides)


def _load(schema: Any, document: Any, where: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = schema(unknown=RAISE).load(document)
    except ValidationError as error:
        path, reason = flat(error)[0]
        raise Unfit(f"{where}: {path}: {reason.rstrip('.')}") from None
    return loaded


@lru_cache(maxsize=256)
def _of_source(text: str, name: str) -> Manifest:
    with PARSING:
        tree = ast.parse(text)
    for node in tree.body:
        call = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if not isinstance(call, ast.Call) or _called(call) != "Plugin":
            continue
        try:
            said = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
        except ValueError:
            raise Unfit(f"{name}: the values in Plugin(...) must be literals") from None
        return Manifest(plugin=_sound(Plugin(**_load(PluginSchema, said, "Plugin(...)"))))
    raise Unfit(f"{name} has no line: plugin = Plugin(...)")


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _sound(plugin: Plugin) -> Plugin:
    try:
        Version(plugin.version)
        if Version(API_VERSION) not in SpecifierSet(plugin.api):
            reason = f"it is written for hooks {plugin.api}; this program has {API_VERSION}"
            raise Unfit(reason, INCOMPATIBLE)
        for range_ in plugin.requires.values():
            SpecifierSet(range_)
        for word in plugin.capabilities:
            if word not in CAPABILITIES:
                known = ", ".join(CAPABILITIES)
                raise Unfit(f"there is no capability '{word[:40]}'; those that exist: {known}")
    except (InvalidVersion, InvalidSpecifier) as error:
        raise Unfit(f"{error}") from None
    return plugin


def check_id(plugin_id: str, reserved: Iterable[str]) -> None:
    """Check the id of a plugin that is not bundled; raise `Unfit`."""
    if not re.fullmatch(ID_PATTERN, plugin_id):
        raise Unfit(
            f"the id '{plugin_id[:40]}' is none: 3 to 30 characters a-z and 0-9, a letter first"
        )
    own = RESERVED_WORDS | COMMAND_WORDS | _KERNEL_TYPES | _PAGES | _ADDRESSES
    if plugin_id in {*own, *reserved}:
        raise Unfit(f"the id '{plugin_id}' is reserved; choose another")


def words_of(bundled: Iterable[Manifest]) -> frozenset[str]:
    """Return the first word of every name that bundled plugins use; no other plugin has it as id.

    So a name that begins with a plugin's id can't meet a bundled one.
    """
    names = {name for manifest in bundled for name in _names(manifest)}
    return frozenset(name.partition("_")[0] for name in names)


def _names(manifest: Manifest) -> Iterable[str]:
    yield manifest.plugin.id
    provides = manifest.provides or {}
    yield from provides.get("types", ())
    yield from (name.rpartition(".")[2] for name in provides.get("fields", ()))
    yield from provides.get("field_types", ())


def fits(version: str, range_: str) -> bool:
    """Say whether a version is in a range; an empty range takes any."""
    return Version(version) in SpecifierSet(range_, prereleases=True)
