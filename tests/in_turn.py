"""Which tests run on both databases, and which on one of the two, in turn.

What differs between databases is met by the verbs of the kernel: their tests run on both. Pages,
commands, addresses and what plugins make of those verbs run on one, every second case on the other
one, so that most of them are met by both. RELATUM_TEST_EXAMPLES (a long search) runs all on both.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Final, Protocol, TypeVar

LONG: Final = "RELATUM_TEST_EXAMPLES" in os.environ
DATABASES: Final = ("sqlite", "postgresql")
#: The modules whose cases take turns. What is no pattern of a module here runs on both.
IN_TURN: Final = (
    *(
        f"test_{name}.py"
        for name in (
            "*_doors activities* api_* app auth bare bundled* calling* cli* conversion_* costs "
            "demo* desk* dev doctor_damage fault_* followers foreign_records forgotten_password "
            "help* hooks hostile_plugins import_lines* intake* inviting languages layouts leaving "
            "life_of_access mail* mass_assignment notifications* oidc* openapi* opening own_jobs "
            "people plugin_looks plugin_patches plugin_secrets plugin_settings* preferences "
            "published_hooks readme real_* sales_* second_factor serve services shell testing "
            "token* transfer_cards transfer_systems view_as visits worker"
        ).split()
    ),
    "setup.cfg",
)
_DATABASE: Final = re.compile(rf"(?<=[\[-])({'|'.join(DATABASES)})(?=[\]-])")


class Item(Protocol):
    """A test, as far as it matters here."""

    @property
    def nodeid(self) -> str:
        """Its address: module, name and parameters."""


T = TypeVar("T", bound=Item)


def split(items: Iterable[T]) -> tuple[list[T], list[T]]:
    """Return the tests that run, in their order, and those whose case the other database tries.

    A case that was asked for on one database alone runs there.
    """
    if LONG:
        return list(items), []
    cases: dict[str, dict[str, T]] = {}
    for item in items:
        found = _DATABASE.findall(item.nodeid)
        if len(found) == 1 and _takes_turns(item.nodeid):
            cases.setdefault(_DATABASE.sub("*", item.nodeid), {})[found[0]] = item
    turns: Counter[str] = Counter()
    out: list[T] = []
    for case, by in cases.items():
        if len(by) == len(DATABASES):
            module = case.partition("::")[0]
            out.append(by[DATABASES[turns[module] % len(DATABASES)]])
            turns[module] += 1
    left = {id(item) for item in out}
    return [item for item in items if id(item) not in left], out


def _takes_turns(address: str) -> bool:
    name = PurePath(address.partition("::")[0]).name
    return any(fnmatchcase(name, pattern) for pattern in IN_TURN)
