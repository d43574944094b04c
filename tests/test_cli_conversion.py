"""`relatum sales`: leads are converted, looked at and disqualified, and the mapping is changed."""

from __future__ import annotations

import orjson
import pytest

from relatum.core import serve

from .homes import Shell
from .instances import prepared
from .test_conversion import LEAD

#: The preset of the instance.
PRESET = "sales"


@prepared
def crm(instance):
    """An instance with leads, and a company that the first may be."""
    rows = [LEAD, {"subject": "Nothing"}, {"subject": "Garden", "name": {"last": "Bloom"}}]
    instance.create("lead", *rows)
    instance.create("account", {"name": "Averill Ales Ltd"})


@pytest.fixture
def relatum(crm):
    return Shell(serve.environment(crm.config))


def test_leads_are_looked_at_and_converted_by_their_names(relatum):
    said = relatum.said("sales", "convert", "Pumps for a brewery", "--dry-run")
    assert "(Averill Ales Ltd), 80 %: Name" in said
    assert "refused" not in relatum.said("sales", "convert", "Garden", "--dry-run")
    refused = relatum("sales", "convert", "Pumps for a brewery")
    assert (refused.exit_code, "sales_lead_matches" in refused.stderr) == (1, True)
    said = relatum.said("sales", "convert", "Pumps for a brewery", "--account", "new", "--json")
    [done] = orjson.loads(said)
    assert (done["status"], done["made"]) == ("converted", ["account", "contact", "opportunity"])


def test_those_that_can_be_are_converted_and_the_exit_says_that_others_are_not(relatum):
    done = relatum("sales", "convert", "Nothing", "Garden", "--partial", "--deal", "none")
    assert (done.exit_code, "refused" in done.stderr) == (3, True)
    assert "(new)" in done.stdout
    values = '{"opportunity": {"name": "Said"}}'
    broken = relatum("sales", "convert", "Nothing", "--values", values[:-1])
    assert broken.exit_code == 2


def test_a_lead_is_disqualified_and_the_mapping_is_changed_and_taken_back(relatum):
    assert "lost" in relatum.said("sales", "disqualify", "Nothing", "--status", "lost")
    assert "website = account.website  (shipped)" in relatum.said("sales", "mapping")
    said = relatum.said("sales", "mapping", "--set", "website = account")
    assert "website = account  (own)" in said
    assert "account.website" not in said
    wrong = relatum("sales", "mapping", "--set", "company = account.employees")
    assert (wrong.exit_code, "sales_map_kinds_differ" in wrong.stderr) == (1, True)
    assert "(own)" not in relatum.said("sales", "mapping", "--reset")
