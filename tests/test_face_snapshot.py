"""The face of plugins is written down: what goes or changes needs a new API_VERSION.

After a change on purpose, raise API_VERSION (a new name: its second number; one that is gone or
called otherwise: the first) and write the file anew: python tests/test_face_snapshot.py
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

from packaging.version import Version

import relatum
from relatum import testing
from relatum.core import hooks

FILE = Path(__file__).with_name("face.json")
#: Parts of the face that are functions of modules, whose arguments are a promise, too.
_DEEP = ("jobs", "records", "query", "mail", "plugin_host", "entities", "catalog", "views")


def face() -> dict[str, Any]:
    """Return the face as it is: names, arguments of hooks and of the verbs of its modules."""
    return {
        "api_version": hooks.API_VERSION,
        "names": sorted(n for n in dir(relatum)),
        "hooks": {
            name: {"arguments": _arguments(getattr(hooks.specs, name)), "failure": policy.failure}
            for name, policy in sorted(hooks.POLICIES.items())
        },
        "verbs": {
            f"{module}.{name}": _arguments(value)
            for module in _DEEP
            for name, value in sorted(vars(getattr(relatum, module)).items())
            if not name.startswith("_") and inspect.isfunction(value)
        },
        "testing": _testing(),
    }


def _testing() -> dict[str, list[str]]:
    """Return what tests of plugins stand on: fixtures, lines of the ini file, verbs of both."""
    classes = {name: getattr(testing, name) for name in testing._TYPES}
    return {
        "fixtures": sorted(n for n in vars(testing) if n.startswith("relatum_")),
        "lines": sorted(testing._INI),
        **{
            f"{kind}.{name}": _arguments(value)
            for kind, made in sorted(classes.items())
            for name, value in sorted(vars(made).items())
            if not name.startswith("_") and inspect.isfunction(value)
        },
    }


def _arguments(function: Any) -> list[str]:
    return [
        f"{p.name}{'' if p.default is p.empty else '?'}"
        for p in inspect.signature(function).parameters.values()
    ]


def gone(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what a plugin that was written for `was` misses in `now`."""
    lost = [name for name in was["names"] if name not in now["names"]]
    for part in ("hooks", "verbs", "testing"):
        lost += [name for name in was.get(part, ()) if name not in now.get(part, ())]
    for name in ("fixtures", "lines"):
        before, after = (each.get("testing", {}).get(name, []) for each in (was, now))
        lost += [each for each in before if each not in after]
    for name in was["hooks"].keys() & now["hooks"].keys():
        if not set(was["hooks"][name]["arguments"]) <= set(now["hooks"][name]["arguments"]):
            lost.append(name)
    for name in was["verbs"].keys() & now["verbs"].keys():
        before, after = was["verbs"][name], now["verbs"][name]
        taken = {argument.rstrip("?") for argument in after}
        more = [a for a in after if not a.endswith("?") and a not in before]
        if more or not {a.rstrip("?") for a in before} <= taken:
            lost.append(name)
    return lost


def test_the_face_is_as_it_is_written_down():
    assert json.loads(FILE.read_text()) == face(), "after a change on purpose, see above"


def test_what_is_gone_from_the_face_needs_a_new_first_number():
    was = {
        "names": ["jobs"], "hooks": {"h": {"arguments": ["batch", "ctx"]}},
        "verbs": {"jobs.enqueue": ["kind", "actor"], "jobs.get": ["id"]},
    }  # fmt: skip
    same = {**was, "verbs": {"jobs.enqueue": ["kind", "actor", "soon?"], "jobs.get": ["id?"]}}
    assert gone(was, same) == []
    less: dict[str, Any] = {
        "names": [], "hooks": {"h": {"arguments": ["ctx"]}},
        "verbs": {"jobs.enqueue": ["kind", "actor", "why"]},
    }  # fmt: skip
    assert gone(was, less) == ["jobs", "jobs.get", "h", "jobs.enqueue"]


def _write() -> None:
    now = face()
    if FILE.exists():
        was = json.loads(FILE.read_text())
        before, after = Version(was["api_version"]), Version(hooks.API_VERSION)
        lost = gone(was, now)
        if after == before and was != now and after.major >= 1 and not _unreleased():
            sys.exit("raise API_VERSION first")
        if lost and after.major == before.major and not _unreleased():
            sys.exit(f"gone or changed, so API_VERSION needs a new first number: {lost}")
    FILE.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{FILE} is written.\n")


def _unreleased() -> bool:
    """Say whether nothing was published yet: until then nobody has written for this face."""
    return (
        Version(relatum.__version__) < Version("0.1.0")
        or "not released"
        in (FILE.parent.parent / "CHANGELOG.md")
        .read_text()
        .partition("\n## ")[2]
        .partition("\n")[0]
    )


if __name__ == "__main__":
    _write()
