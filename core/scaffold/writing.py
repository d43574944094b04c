"""Write the package of a new plugin: all of it, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any, Final

from jinja2 import DictLoader, Environment

from ...version import __version__
from .. import clock, plugin_host
from ..errors import RelatumError
from .asking import LICENSES, Asked

#: Where each template goes; `{id}` and `{module}` are the plugin's.
_FILES: Final = {
    "pyproject.toml": "pyproject.toml",
    "readme.md": "README.md",
    "gitignore": ".gitignore",
    "workflow.yml": ".github/workflows/check.yml",
    "init.py": "{module}/__init__.py",
    "entities.py": "{module}/entities.py",
    "logic.py": "{module}/logic.py",
    "help.md": "{module}/help.md",
    "de.po": "{module}/translations/de.po",
    "test.py": "tests/test_{id}.py",
}
_PANEL: Final = {
    "panel.py": "{module}/panel.py",
    "panel.html": "{module}/templates/{id}/panel.html",
    "panel.css": "{module}/static/{id}.css",
}
_LICENSE_FILES: Final = {"Apache-2.0": "apache", "MIT": "mit"}
_NO_LICENSE: Final = "LicenseRef-Proprietary"
#: The words of the templates in German; for those of the author there are none.
_GERMAN: Final = {
    "entities": {
        "Name": "Name", "Status": "Status", "Active": "Aktiv", "Ended": "Beendet",
        "Starts on": "Beginnt am", "Ends on": "Endet am",
    },
    "extends": {"Basic": "Einfach", "Plus": "Plus"},
    "panel": {
        "It has no end.": "Es hat kein Ende.",
        "It ended {count} days ago.": "Es endete vor {count} Tagen.",
        "It ends in {count} days.": "Es endet in {count} Tagen.",
    },
}  # fmt: skip


def write(new: Asked, folder: Path) -> list[Path]:
    """Write a new plugin into a folder, which is made, and return the files, relative to it.

    The package stands beside first and is moved when it is whole: a failure leaves nothing.
    Raises `scaffold_refused`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        reason = f"{folder} is there already and is not empty; name another by --folder"
        raise RelatumError("scaffold_refused", reason=reason)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        reason = f"{folder} can't be made: {error.strerror or error}"
        raise RelatumError("scaffold_refused", reason=reason) from None
    try:
        _fill(new, beside)
        beside.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def _fill(new: Asked, folder: Path) -> None:
    texts = {
        file.name.removesuffix(".jinja"): file.read_text(encoding="utf-8")
        for file in resources.files(__package__).joinpath("files").iterdir()
        if file.name.endswith(".jinja")
    }
    # Their signs are not those of the templates and workflows that they write.
    templates = Environment(
        loader=DictLoader(texts), autoescape=False, trim_blocks=True,  # noqa: S701  # code, not HTML
        lstrip_blocks=True,
        keep_trailing_newline=True, block_start_string="[%", block_end_string="%]",
        variable_start_string="[[", variable_end_string="]]", comment_start_string="[#",
        comment_end_string="#]",
    )  # fmt: skip
    files = _FILES | (_PANEL if new.panel else {})
    if new.license in _LICENSE_FILES:
        files = {**files, _LICENSE_FILES[new.license]: "LICENSE"}
    values = _values(new)
    for template, place in files.items():
        path = folder / place.format(id=new.id, module=new.module)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(templates.get_template(template).render(values), encoding="utf-8")
    plugin_host.write_manifest(folder / new.module)
    for cache in folder.rglob("__pycache__"):
        shutil.rmtree(cache)


def _values(new: Asked) -> dict[str, Any]:
    """Return what stands in the templates."""
    named = [each.plural.lower() for each in new.entities]
    added = [f"levels of each {name.replace('_', ' ')}" for name in new.extends]
    summary = " and ".join([*named, *added])
    description = f"{summary[:1].upper()}{summary[1:]}."
    labels = [text for each in new.entities for text in (each.label, each.plural)]
    words = dict.fromkeys((new.name, description, *labels), "")
    if new.extends:
        added_words = {"level": "Stufe", "until": "bis"}
        words |= {f"{new.name}: {en}": f"{new.name}: {de}" for en, de in added_words.items()}
    for part, german in _GERMAN.items():
        words |= german if getattr(new, part) else {}
    release = __version__.split(".")
    return {
        "id": new.id, "name": new.name, "module": new.module, "distribution": new.distribution,
        "entities": new.entities, "extends": new.extends, "requires": new.requires,
        "panel": new.panel, "license": _NO_LICENSE if new.license == LICENSES[-1] else new.license,
        "licensed": new.license in _LICENSE_FILES, "year": clock.now().year,
        "relatum": ".".join(release[:2]), "summary": summary, "description": description,
        "words": words,
    }  # fmt: skip
