"""The registry of errors: a code, an HTTP status, a title and a sentence each.

`request_codes` and `model_codes` say what can be wrong with a request, `value_codes` with a value,
`instance_codes` with the instance, `plugin_codes` with plugins, `job_codes` with jobs,
`mail_codes` with outgoing mail, `change_codes` with undoing, `sign_in_codes` with signing in,
`outbound_codes` with connecting to elsewhere; the package is their only reader.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One entry of the registry."""

    code: str
    status: int
    title: str
    template: str
    #: The plugin that brings it, in whose words it is said; the core.
    owner: str = "core"

    def sentence(self, params: dict[str, Any]) -> str:
        """Return the sentence with `params` in it."""
        values: defaultdict[str, Any] = defaultdict(lambda: "?")
        values.update(params)
        return self.template.format_map(values)


REGISTRY: Final[dict[str, ErrorCode]] = {}


def codes(status: int, **entries: tuple[str, str]) -> None:
    """Add the codes of one status: a title and a sentence with {name} for values each."""
    for code, (title, template) in entries.items():
        REGISTRY[code] = ErrorCode(code, status, title, template)


def error_codes(plugin: str, status: int, **entries: tuple[str, str]) -> None:
    """Add codes of a plugin with one HTTP status: a title and a sentence with {name} for values.

    Called where a module of the plugin is imported; `RelatumError(code, name=value)` raises one.
    A code begins with the plugin's id and an underscore; ValueError says which one does not.
    Both texts are translated by the plugin's own words.
    """
    for code, (title, template) in entries.items():
        if not code.startswith(f"{plugin}_"):
            raise ValueError(f"the code '{code}' must begin with '{plugin}_'")
        REGISTRY[code] = ErrorCode(code, status, title, template, plugin)
