"""What a rule is, and the registry of all of them; the rules stand beside what they look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from .subject import Subject

ERROR, WARNING = "error", "warning"


class Finding(NamedTuple):
    """Something that a rule found: where, from line to line, and what, in a sentence.

    A line counts from 1; 0 stands for the whole file. `path` is relative to what is checked.
    """

    rule: str
    message: str
    path: str = ""
    line: int = 0
    end: int = 0


Look = Callable[["Subject"], Iterable[Finding]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: what it forbids, why, and what to write instead."""

    id: str
    name: str
    level: str
    #: What is wrong, in a few words; why that is, and what to do, in sentences.
    title: str
    why: str
    fix: str
    #: Looks at the code; None for what only shows when the plugin runs.
    look: Look | None = None

    @property
    def help(self) -> str:
        """The address of its section in the help."""
        return f"/help/checking-plugins#{self.id.lower()}"


RULES: Final[dict[str, Rule]] = {}


def rule(id_: str, name: str, level: str, **words: str) -> Callable[[Look], Look]:
    """Make a function a rule: it yields what it found in the code of a plugin."""

    def mark(look: Look) -> Look:
        seen_when_run(id_, name, level, look=look, **words)
        return look

    return mark


def seen_when_run(id_: str, name: str, level: str, **words: Any) -> Rule:
    """Make a rule whose findings come from running the plugin."""
    made = Rule(id=id_, name=name, level=level, **words)
    assert id_ not in RULES, id_
    RULES[id_] = made
    return made
