"""Scopes of tokens, as people write them: what is left of a user's rights, type by type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .. import access
from ..actor import ADMINISTER, EVERY_TYPE, Actor, TokenScope
from ..errors import Invalid, Problem, RelatumError, nearest

#: Types that a scope may name.
MOST_TYPES: Final = 100
#: What a permission of a plugin looks like, as a role holds it: desk.use.
_PERMISSION: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")


def read(given: Mapping[str, Sequence[str]], *, actor: Actor) -> TokenScope:
    """Return the scope that {type: actions} means; "*" stands for all types without a line.

    A line without actions closes its type. The line "*" may hold permissions of plugins, and
    "admin" for all that only administrators do. Raises `Invalid`.
    """
    problems = [*_problems(given, actor)]
    if problems:
        raise Invalid(problems)
    return TokenScope(tuple((name, frozenset(given[name])) for name in sorted(given)))


def _problems(given: Mapping[str, Sequence[str]], actor: Actor) -> Iterator[Problem]:
    if not given:
        yield Problem("required", field="scope")
    if len(given) > MOST_TYPES:
        yield Problem(
            "scope_too_many_types", {"count": len(given), "max": MOST_TYPES}, field="scope"
        )
        return
    for name, actions in given.items():
        at = f"scope.{name[:80]}"
        if name != EVERY_TYPE:
            try:
                access.seen(actor).type(name)
            except RelatumError as error:
                yield Problem(error.code, error.params, field=at)
        for action in map(str, actions):
            if not _is_known(action, every=name == EVERY_TYPE):
                near = nearest(action[:80], [*access.ACTIONS, ADMINISTER])
                yield Problem("scope_action_unknown", {"action": action[:80], "nearest": near}, at)
        if "read" not in actions and any(action in access.ACTIONS for action in actions):
            yield Problem("scope_without_read", {"type": name[:80]}, field=at)


def _is_known(action: str, *, every: bool) -> bool:
    of_all = action == ADMINISTER or (len(action) <= 100 and _PERMISSION.fullmatch(action))
    return action in access.ACTIONS or (every and bool(of_all))
