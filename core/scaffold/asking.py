"""What a new plugin is to be: checked before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from packaging.version import Version

from ..entities import definitions
from ..entities.owners import Owner
from ..errors import RelatumError, nearest
from ..plugin_host import Found, Unfit, discover, discovery, manifest

#: Licences that a new plugin may have; the last one says that there is none to use it by.
LICENSES: Final = ("Apache-2.0", "MIT", "none")
#: What is written if no type is asked for.
_SOMETHING: Final = "item"
_KERNEL: Final = frozenset({"user", "team"})


class Entity(NamedTuple):
    """An entity type of the new plugin: its name, the word that was asked for, what people read."""

    name: str
    short: str
    label: str
    plural: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A new plugin: its id, its types, the types of others that it adds fields to."""

    id: str
    entities: tuple[Entity, ...]
    extends: tuple[str, ...]
    #: Ranges of versions of the plugins whose types those are, by id.
    requires: dict[str, str]
    panel: bool
    license: str

    @property
    def name(self) -> str:
        """What people call it."""
        return self.id.capitalize()

    @property
    def module(self) -> str:
        """The module of the package: no other distribution has one of that name by accident."""
        return f"{discovery.MODULE_PREFIX}{self.id}"

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return f"relatum-{self.id}"


def asked(
    plugin_id: str,
    *,
    entities: Sequence[str] = (),
    extends: Sequence[str] = (),
    panel: bool = False,
    license: str = LICENSES[0],  # noqa: A002  # what the option is called
) -> Asked:
    """Return what is to be written; raise `scaffold_refused`, `name_invalid`, `type_unknown`.

    `entities` are words, each for a type: `card` is `loyalty_card`. `extends` are types of other
    plugins of this machine.
    """
    found = discover(None)
    _check_id(plugin_id, found)
    owners = {name: each for each in found.values() for name in _types(each)}
    requires = dict(_required(name, owners) for name in extends if name not in _KERNEL)
    wanted = list(entities) if entities or extends else [_SOMETHING]
    return Asked(
        id=plugin_id, panel=panel, license=license, requires=requires,
        entities=tuple(_entity(plugin_id, word) for word in dict.fromkeys(wanted)),
        extends=tuple(dict.fromkeys(extends)),
    )  # fmt: skip


def _check_id(plugin_id: str, found: dict[str, Found]) -> None:
    bundled = [f for f in found.values() if f.source == "bundled" and f.manifest]
    try:
        manifest.check_id(plugin_id, manifest.words_of(f.manifest for f in bundled if f.manifest))
    except Unfit as unfit:
        raise RelatumError("scaffold_refused", reason=str(unfit)) from None
    if plugin_id in found:
        reason = f"a plugin '{plugin_id}' is on this machine already, at {found[plugin_id].path}"
        raise RelatumError("scaffold_refused", reason=reason)


def _types(found: Found) -> Iterator[str]:
    provides = found.manifest.provides if found.manifest is not None else None
    yield from (provides or {}).get("types", ())


def _required(name: str, owners: dict[str, Found]) -> tuple[str, str]:
    """Return the plugin of a type, and the range of its versions from this one on."""
    owner = owners.get(name)
    if owner is None:
        if name.startswith("x_"):
            reason = f"'{name}' is a type of one instance, which no other one has; name a plugin's"
            raise RelatumError("scaffold_refused", reason=reason)
        near = nearest(name[:80], sorted({*owners, *_KERNEL}))
        raise RelatumError("type_unknown", type=name[:80], nearest=near)
    version = Version(owner.version)
    return owner.id, f">={version.major}.{version.minor},<{version.major + 1}"


def _entity(plugin_id: str, word: str) -> Entity:
    short = word.removeprefix(f"{plugin_id}_")
    name = definitions.check_type_name(f"{plugin_id}_{short}", Owner(plugin_id, bundled=False))
    label = short.replace("_", " ").capitalize()
    return Entity(name, short, label, _plural(label))


def _plural(label: str) -> str:
    """Return more than one of something, in English, as far as rules go."""
    if label[-1:] == "y" and label[-2:-1] not in "aeiou":
        return f"{label[:-1]}ies"
    return f"{label}es" if label.endswith(("s", "x", "z", "ch", "sh")) else f"{label}s"
