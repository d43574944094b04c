"""The help pages: Markdown files of this folder, some made from the code, those of plugins.

One source for the web (`/help/NAME`) and the terminal (`relatum help NAME`). `commands.md` is
made by `tests/commands_page.py` and compared with the commands by a test: the commands lie in a
layer above this one. A plugin's page is the `help.md` of its folder and goes by its id, whether
it is enabled or not: who wonders whether to enable it may read it first.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

from ..config import SETTINGS, Config
from ..errors import REGISTRY, RelatumError, nearest
from ..fields import FIELD_TYPES, Composite, Field
from ..plugin_check import ERROR, RULES
from ..plugin_host import discover
from ..types import OPERATORS

#: Pages in the order in which they are read.
ORDER: Final = (
    "start", "your-types-your-data", "entity-types", "field-types", "relationships", "records",
    "lists", "import-maps", "http", "people", "access", "audit", "plugins", "developing",
    "plugin-tables", "coming-from", "checking-plugins", "testing-plugins", "jobs", "mail",
    "operations", "settings", "commands", "errors", "changes",
)  # fmt: skip
_ROOT: Final = __package__.partition(".core")[0]
_VALUE: Final = re.compile(r"\{(\w+)\}")
#: Values that are half a sentence, or nothing.
_ADDED: Final = re.compile(r"\{(nearest|where|why)\}")


def titles(config: Config | None = None) -> dict[str, str]:
    """Return the title of each help page by its name, in the order of reading.

    Without settings the pages of plugins of the instance are left out.
    """
    own = {name: _title(_own(name)) for name in ORDER}
    brought = {name: _title(path.read_text("utf-8")) for name, path in _brought(config).items()}
    place = ORDER.index("developing") + 1
    named = [*list(own)[:place], *(n for n in brought if n not in own), *list(own)[place:]]
    return {name: own.get(name) or brought[name] for name in named}


def _title(text: str) -> str:
    return text.partition("\n")[0].lstrip("# ").strip()


def text(name: str, config: Config | None = None) -> str:
    """Return a page as Markdown; raise `page_unknown`."""
    if name in ORDER:
        return _own(name)
    brought = _brought(config)
    if name not in brought:
        near = nearest(name[:80], [*ORDER, *brought])
        raise RelatumError("page_unknown", page=name[:80], nearest=near)
    return brought[name].read_text("utf-8")


def _brought(config: Config | None) -> dict[str, Path]:
    """Return the files with the pages of plugins, by id."""
    found = {i: each.path / "help.md" for i, each in discover(config).items() if not each.problem}
    return {plugin_id: path for plugin_id, path in sorted(found.items()) if path.is_file()}


def _own(name: str) -> str:
    # Plugins bring codes of errors when they are imported.
    return _kept(name, len(REGISTRY))


@cache
def _kept(name: str, codes: int) -> str:
    if name in _MADE:
        return _MADE[name]()
    return _file(name)


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def _changes() -> str:
    return resources.files(_ROOT).joinpath("CHANGELOG.md").read_text(encoding="utf-8")


def _errors() -> str:
    """Return the list of errors; a heading begins with its code, which links point to."""
    lines = [
        "# Errors",
        "",
        "Every refusal has one of these codes, over HTTP in a problem document, on the command "
        "line after the word Error. Codes never change; sentences may.",
    ]
    status = 0
    for entry in sorted(REGISTRY.values(), key=lambda e: (e.status, e.code)):
        if entry.status != status:
            status = entry.status
            lines += ["", f"## Status {status}"]
        sentence = _VALUE.sub(r"*\1*", _ADDED.sub("", entry.template))
        lines += ["", f"### `{entry.code}` {entry.title}", "", sentence]
    return "\n".join(lines) + "\n"


def _settings() -> str:
    lines = [
        "# Settings",
        "",
        "A setting stands in `settings.toml` in the home of the instance, or in the environment "
        "as `RELATUM_` and its name in capitals; the environment wins. `RELATUM_HOME` names the "
        "home itself (default: `./instance`). A limit that is passed answers with its name.",
        "",
        "| setting | default | what it says |",
        "|---|---|---|",
    ]
    for known in SETTINGS:
        shown = f"`{known.default}`" if known.default != "" else "(empty)"
        lines.append(f"| `{known.name}` | {shown} | {known.metadata['help']} |")
    return "\n".join(lines) + "\n"


def _field_types() -> str:
    lines = [
        "# Field types",
        "",
        "Every field has a name, a type and a label. All types take `required`, `personal`, "
        "`help`, `default` and `position`; `unique`, `indexed` and `sortable` where it says so.",
    ]
    for kind, field_type in FIELD_TYPES.items():
        lines += ["", f"## `{kind}`", "", field_type.summary, "", *_facts(field_type)]
        if field_type.SETTINGS:
            lines += ["", "| setting | what it says |", "|---|---|"]
            lines += [f"| `{n}` | {s.help} |" for n, s in field_type.SETTINGS.items()]
    lines += ["", "## Operators", "", "| operator | means | takes |", "|---|---|---|"]
    takes = {
        "one": "a value", "many": "a list", "pair": "two values", "flag": "true or false",
        "circle": "latitude, longitude, kilometres",
    }  # fmt: skip
    lines += [f"| `{o.name}` | {o.label} | {takes[o.operands]} |" for o in OPERATORS.values()]
    return "\n".join(lines) + "\n"


def _facts(field_type: type[Field]) -> list[str]:
    ordered = field_type.value_type.ordered
    composite = issubclass(field_type, Composite)
    can = [
        *(["unique"] if field_type.CAN_BE_UNIQUE else []),
        *(["indexed"] if ordered and not composite else []),
        *(["sortable"] if ordered else []),
    ]
    facts = [f"- Can be: {', '.join(can) or 'none of unique, indexed, sortable'}."]
    facts.append(f"- Example: `{field_type.EXAMPLE}`.")
    facts.append(f"- Operators: {_code(field_type.value_type.operators)}.")
    if issubclass(field_type, Composite):
        facts.append(f"- Members: {_code(tuple(m.name for m in field_type.MEMBERS))}.")
    if field_type.DEFAULTS:
        facts.append(f"- Computed defaults: {_code(field_type.DEFAULTS)}.")
    if field_type.PARTS:
        facts.append(f"- Groups also by its parts: {_code(field_type.PARTS)}.")
    return facts


def _checking() -> str:
    """Return the page about checking with every rule; its heading begins with its id."""
    lines = [_file("checking-plugins")]
    for level in dict.fromkeys((ERROR, *(rule.level for rule in RULES.values()))):
        lines += [f"## Rules: {level}s"]
        for rule in sorted(RULES.values(), key=lambda rule: rule.id):
            if rule.level == level:
                lines += [f"### `{rule.id}` {rule.title}", f"{rule.why} {rule.fix}"]
    return "\n\n".join(line.strip() for line in lines) + "\n"


def _code(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


_MADE: Final[dict[str, Callable[[], str]]] = {
    "errors": _errors,
    "settings": _settings,
    "field-types": _field_types,
    "checking-plugins": _checking,
    "changes": _changes,
}
