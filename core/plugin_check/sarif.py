"""A report as SARIF 2.1.0, which code hosts show beside the lines of a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from .checking import Report
from .rules import RULES, Finding

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
#: What the addresses of files are relative to.
_BASE: Final = "PLUGIN"


def sarif(report: Report, version: str) -> dict[str, Any]:
    """Return a report as a SARIF document; `version` is that of Relatum.

    What the code allows itself is in it, too, as suppressed.
    """
    ids = sorted(RULES)
    results = [_result(report, each, ids) for each in report.findings]
    for each, reason in report.silenced:
        suppressed = {"suppressions": [{"kind": "inSource", "justification": reason}]}
        results.append({**_result(report, each, ids), **suppressed})
    folder = report.path.resolve()
    base = folder.parent if folder.is_file() else folder
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "relatum plugins check",
                        "version": version,
                        "rules": [_rule(rule_id) for rule_id in ids],
                    }
                },
                "originalUriBaseIds": {_BASE: {"uri": f"{base.as_uri()}/"}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(rule_id: str) -> dict[str, Any]:
    rule = RULES[rule_id]
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": rule.level},
    }


def _result(report: Report, finding: Finding, ids: list[str]) -> dict[str, Any]:
    where = {"uri": quote(_inside(report.path, finding.path)), "uriBaseId": _BASE}
    return {
        "ruleId": finding.rule,
        "ruleIndex": ids.index(finding.rule),
        "level": RULES[finding.rule].level,
        "message": {"text": f"{finding.message} {RULES[finding.rule].fix}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": where,
                    "region": {"startLine": max(finding.line, 1)},
                }
            }
        ],
    }


def _inside(path: Path, shown: str) -> str:
    """Return the path of a file; within a wheel it stands behind the wheel's own."""
    return f"{path.name}/{shown}" if path.suffix == ".whl" else shown
