"""Import a plugin in a process of its own and say, as JSON, what that did besides.

python -m relatum.core.testing.importing HOME ID
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import orjson

from ... import __dir__ as face_names
from ..config import Config
from ..hooks import reason_of
from ..plugin_host import Found, discover, discovery, watching


def main(home: Path, ids: list[str]) -> dict[str, list[str]]:
    """Import plugins, and return by id what that did besides or why it failed."""
    for name in face_names():
        getattr(sys.modules[(__package__ or "").partition(".core")[0]], name)
    found = discover(Config(home=home))
    return {plugin_id: watched(found[plugin_id]) for plugin_id in ids}


def watched(found: Found) -> list[str]:
    """Import a plugin and return what that did besides."""
    before, path = dict(os.environ), list(sys.path)
    failed = ""
    watching.install()
    with watching.watched(found.path.resolve()) as seen:
        try:
            discovery.run(found)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a stranger may do
            failed = f"it can't be imported: {reason_of(error)}"
    told = [f"{each.path}:{each.line}: {each.what}" if each.path else each.what for each in seen]
    if failed:
        told.append(failed)
    if dict(os.environ) != before and not any("environment" in each for each in told):
        told.append("the environment is another than before")
    if sys.path != path:
        told.append("sys.path is another than before")
    return told


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(main(Path(sys.argv[1]), sys.argv[2:])))
