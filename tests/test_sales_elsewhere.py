"""Nothing that is bundled is privileged: sales works as somebody's plugin under another id."""

from __future__ import annotations

import re
import shutil
from typing import Any

import pytest

from relatum import plugins
from relatum.core import catalog, plugin_host, records
from relatum.core.plugin_host import manifest

from .plugged import change, disable, enable

#: The preset of the instance: what sales builds on.
PRESET = "contacts"
OWN = (
    "lead", "opportunity", "opportunity_competitor", "opportunity_contact", "opportunity_line",
    "stage_change",
)  # fmt: skip


@pytest.fixture
def elsewhere(instance):
    """Put a copy of sales into the home, as somebody's plugin acmesales."""
    enable(instance, "products")
    enable(instance, "duplicates")
    folder = instance.config.home / "plugins" / "acmesales"
    [source] = plugins.__path__
    shutil.copytree(f"{source}/sales", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / manifest.FILE).unlink()
    (folder / "templates" / "sales").rename(folder / "templates" / "acmesales")
    names = "|".join(sorted(OWN, key=len, reverse=True))
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(rf'"({names})(?=["./])', r'"acmesales_\1', text)
        # The lists that its links make on the types of others carry its id, too.
        text = re.sub(r'"inverse": "', '"inverse": "acmesales_', text)
        # And so do its permissions, and the folder of its templates.
        text = re.sub(r'"sales(?=[./](?!css))', '"acmesales', text)
        path.write_text(text.replace('id="sales"', 'id="acmesales"'), encoding="utf-8")
    assert plugin_host.write_manifest(folder)
    return instance


def test_it_is_enabled_with_all_that_it_declares(elsewhere):
    plan = enable(elsewhere, "acmesales")
    assert set(plan.provides["types"]) == {f"acmesales_{name}" for name in OWN}
    found = elsewhere.read(plugin_host.show, "acmesales")
    assert (found["source"], found["state"], found["fault"]) == ("home", "enabled", None)


def test_its_hooks_run_as_those_of_the_bundled_one(elsewhere):
    enable(elsewhere, "acmesales")
    [account] = elsewhere.create("account", {"name": "Acme"})
    ready = {"amount": "100", "close_date": "2026-05-01"}
    deal = {"name": "Pumps", "account": account, "stage": "propose", **ready}
    [made] = elsewhere.create("acmesales_opportunity", deal)

    def stored() -> Any:
        return elsewhere.read(records.get, "acmesales_opportunity", made)

    assert stored()["probability"] == "50.00"
    won = {"id": made, "stage": "won"}
    elsewhere.write(records.update, "acmesales_opportunity", [won], actor=elsewhere.alice)
    assert (stored()["probability"], stored()["forecast_category"]) == ("100.00", "closed")
    found = elsewhere.sql("SELECT stage FROM acmesales_stage_change ORDER BY id")
    assert [row.stage for row in found] == ["propose", "won"]


def test_both_live_side_by_side_and_the_copy_is_purged_without_a_trace_of_the_other(elsewhere):
    enable(elsewhere, "sales")
    enable(elsewhere, "acmesales")
    [kept] = elsewhere.create("lead", {"subject": "Bundled"})
    elsewhere.create("acmesales_lead", {"subject": "Copied"})
    disable(elsewhere, "acmesales")
    change(elsewhere, plugin_host.uninstall, "acmesales")
    with elsewhere.reading():
        known = catalog.current().types
        assert "acmesales_lead" not in known
        assert {*OWN} <= known.keys()
    assert elsewhere.read(records.get, "lead", kept)["subject"] == "Bundled"
