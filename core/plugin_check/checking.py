"""Check: all rules, then the trial, without what the code allows itself with a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from . import trying
from .rules import ERROR, RULES, WARNING, Finding
from .subject import Subject, opened

#: `relatum: allow RLT021, RLT022 why that is`, in a comment of any language.
_ALLOW: Final = re.compile(r"relatum:\s*allow\s+(RLT\d{3}(?:\s*,\s*RLT\d{3})*)\b[ :,]*(.*)")
#: What closes a comment, and is no reason.
_CLOSING: Final = re.compile(r"\s*(?:#\}|-->|\*/)\s*$")
#: Findings without which nothing can be tried.
_FATAL: Final = "RLT001"


class Silenced(NamedTuple):
    """A finding that the code allows itself, with the reason that it gives."""

    finding: Finding
    reason: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found in a plugin, in the order of its files."""

    plugin: str
    version: str
    path: Path
    #: Whether it was run, in an instance of its own.
    tried: bool
    findings: tuple[Finding, ...] = ()
    silenced: tuple[Silenced, ...] = field(default=())

    def count(self, level: str) -> int:
        """Return how many findings are of a level."""
        return sum(RULES[each.rule].level == level for each in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the report as `--json` prints it."""
        return {
            "plugin": self.plugin, "version": self.version, "path": str(self.path),
            "tried": self.tried, "errors": self.count(ERROR), "warnings": self.count(WARNING),
            "findings": [_described(each) for each in self.findings],
            "silenced": [{**_described(each), "reason": why} for each, why in self.silenced],
        }  # fmt: skip


def _described(finding: Finding) -> dict[str, Any]:
    rule = RULES[finding.rule]
    return {
        "rule": rule.id, "name": rule.name, "level": rule.level, "path": finding.path,
        "line": finding.line or None, "message": finding.message, "fix": rule.fix,
        "help": rule.help,
    }  # fmt: skip


def check(path: Path, *, static: bool = False) -> Report:
    """Check the plugin at a path: a project, a folder, a file or a wheel.

    With `static` it is only read; else it is run, too, in a process and an instance of its own.
    Raises `check_unreadable`.
    """
    with opened(path) as subject:
        found = [
            finding
            for _, rule in sorted(RULES.items())
            for finding in (rule.look(subject) if rule.look else ())
        ]
        tries = not static and not any(each.rule == _FATAL for each in found)
        if tries:
            found += trying.tried(subject)
        kept, silenced = _allowed(subject, [_placed(subject, each) for each in found])
        return Report(
            plugin=subject.id, path=path, tried=tries,
            version=subject.code.plugin.version if subject.code else "-",
            findings=tuple(sorted(set(kept), key=lambda f: (f.path, f.line, f.rule, f.message))),
            silenced=tuple(silenced),
        )  # fmt: skip


def _placed(subject: Subject, finding: Finding) -> Finding:
    """Return a finding with a place: what has none is said of the module of the plugin."""
    return finding if finding.path else finding._replace(path=subject.entry)


def _allowed(subject: Subject, found: list[Finding]) -> tuple[list[Finding], list[Silenced]]:
    """Return the findings that stand, and those that their lines allow with a reason."""
    kept: list[Finding] = []
    silenced: list[Silenced] = []
    for each in found:
        reason = _reason(_lines(subject, each), each.rule)
        if reason:
            silenced.append(Silenced(each, reason))
        elif reason is None:
            kept.append(each)
        else:
            kept.append(each._replace(message=f"{each.message} (It is allowed without a reason.)"))
    return kept, silenced


def _reason(lines: list[str], rule_id: str) -> str | None:
    """Return why lines allow a finding of a rule; None if they don't, empty if they don't say."""
    for line in lines:
        said = _ALLOW.search(line)
        if said and rule_id in re.findall(r"RLT\d{3}", said[1]):
            return _CLOSING.sub("", said[2]).strip()
    return None


def _lines(subject: Subject, finding: Finding) -> list[str]:
    """Return the lines that a finding is about; none of a whole file."""
    file = subject.root if subject.root.is_file() else subject.root / finding.path
    if finding.line < 1 or not file.is_file():
        return []
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines[finding.line - 1 : max(finding.line, finding.end)]
