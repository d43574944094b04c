"""The main job on real data: the commands of a help page, and answers equal to the files' own."""

from __future__ import annotations

import csv
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from relatum import cli
from relatum.core import config, db, serve
from relatum.core.app import create_app

from . import homes, pages

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("RELATUM_TEST_DATA") or ROOT.parent / "shared" / "data")
FILES = DATA / "crm_sales_opportunities"
pytestmark = [
    pytest.mark.slow, pytest.mark.skipif(not FILES.is_dir(), reason=f"no real data in {FILES}"),
]  # fmt: skip

Row = dict[str, str]


class Company:
    """The company of the files, after a person has followed the page."""

    def __init__(self, environment: dict[str, str], done: list[pages.Done]) -> None:
        self.environment, self.done = environment, done
        self.app = create_app(config.load(environ=environment))
        answer = self.run("tokens", "create", "test", "--user", "you@example.org")
        self.client = self.app.test_client()
        self.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {answer.splitlines()[0]}"

    def run(self, *words: str) -> str:
        """Run a command and return what it printed."""
        return str(CliRunner(env=self.environment).invoke(cli.main, words).output)

    def ask(self, address: str) -> Any:
        """Return the answer of the API."""
        answer = self.client.get(f"/api/v1/records/{address}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def groups(self, field: str) -> dict[str, tuple[int, Decimal]]:
        """Return count and sum of the deals by a field or path, as the API answers."""
        found = self.ask(f"x_deal/aggregate?_group={field}&_select=count,sum(amount)")["groups"]
        return {g[field]: (g["count"], Decimal(g["sum(amount)"] or 0)) for g in found}

    def output(self, command: str) -> list[pages.Done]:
        """Return the commands of the page that begin so, with what they printed."""
        return [one for one in self.done if one.text.startswith(command)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def company(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    folder = tmp_path_factory.mktemp("company")
    for file in FILES.glob("*.csv"):
        shutil.copy(file, folder)
    with homes.bare(request.param, folder / "instance") as environment:
        port = serve.free_port(serve.LOOPBACK, 20_000 + os.getpid() % 10_000)
        known = pages.commands("your-types-your-data")
        made = Company(environment, pages.run(known, folder, environment, port))
        yield made
        db.dispose(config.load(environ=environment))


def rows(name: str) -> list[Row]:
    """Return the rows of a file as they are."""
    with (FILES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(group: Callable[[Row], str]) -> dict[str, tuple[int, Decimal]]:
    """Return count and sum of the file's own deals by something in their rows."""
    found: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal(0)))
    for row in rows("sales_pipeline"):
        count, total = found[group(row)]
        found[group(row)] = (count + 1, total + Decimal(row["close_value"] or 0))
    return dict(found)


def test_every_command_of_the_page_does_what_the_page_says(company):
    assert pages.unlike(pages.commands("your-types-your-data"), company.done) == []


def test_rows_that_name_an_unknown_product_are_refused_by_line_column_text_and_nearest(company):
    refused, *_ = company.output("relatum records import x_deal")
    wrong = [
        line for line, row in enumerate(rows("sales_pipeline"), 2) if row["product"] == "GTXPro"
    ]
    assert len(wrong) == 1480
    for line in wrong[:20]:
        problem = "No x_product has name 'GTXPro'. Did you mean 'GTX Pro'?"
        assert f"line {line}, column 'product': {problem}\n" in refused.output
    assert "Error import_refused: 1480 of 8800 rows" in refused.output
    assert "Nothing is written." in refused.output


def test_a_second_import_changes_nothing(company):
    _, first, second = company.output("relatum records import x_deal")
    assert "8,800 created, 0 updated, 0 unchanged; 0 refused" in first.output
    assert "0 created, 0 updated, 8,800 unchanged; 0 refused" in second.output


def test_deals_by_stage_equal_the_file(company):
    found = company.groups("stage")
    assert found == expected(lambda row: row["deal_stage"].lower())
    assert {stage: count for stage, (count, _) in found.items()} == {
        "won": 4238, "lost": 2473, "engaging": 1589, "prospecting": 500,
    }  # fmt: skip


def test_deals_by_the_office_of_the_agent_equal_the_file(company):
    offices = {row["sales_agent"]: row["regional_office"] for row in rows("sales_teams")}
    assert company.groups("owner.team.parent.name") == expected(
        lambda row: offices[row["sales_agent"]]
    )


def test_deals_by_product_series_equal_the_file(company):
    series = {row["product"]: row["series"] for row in rows("products")}
    series["GTXPro"] = series["GTX Pro"]
    assert company.groups("product.series") == expected(lambda row: series[row["product"]])


def test_what_is_empty_in_the_file_is_empty(company):
    deals = rows("sales_pipeline")
    columns = {"company": "account", "engaged": "engage_date", "closed": "close_date"}
    for field, column in columns.items():
        [found] = company.ask(f"x_deal/aggregate?{field}__empty=true&_select=count")["groups"]
        assert found["count"] == sum(not row[column] for row in deals)
    [deal] = company.ask("x_deal?closed__empty=true&company__empty=true&_limit=1")["records"]
    assert deal["amount"] is None


def test_a_deal_is_what_its_line_says(company):
    found = "code,product.name,company.name,owner.name,stage,engaged,closed,amount"
    [deal] = company.ask(f"x_deal?code=1C1I7A6R&_fields={found}")["records"]
    assert list(deal.values())[1:] == [
        "1C1I7A6R", "GTX Plus Basic", "Cancity", "Moses Frase", "won", "2016-10-20", "2017-03-01",
        "1054.00",
    ]  # fmt: skip


def test_the_agents_are_users_in_the_teams_of_their_managers_and_offices(company):
    found = company.ask("user?_limit=100&email__empty=true&_fields=name,team.name,team.parent.name")
    assert {tuple(list(user.values())[1:]) for user in found["records"]} == {
        (row["sales_agent"], row["manager"], row["regional_office"]) for row in rows("sales_teams")
    }


def test_a_parent_company_is_found_by_its_name(company):
    found = company.ask("x_company?parent__empty=false&_limit=100&_fields=name,parent.name")
    assert {(c["name"], c["parent.name"]) for c in found["records"]} == {
        (row["account"], row["subsidiary_of"]) for row in rows("accounts") if row["subsidiary_of"]
    }
