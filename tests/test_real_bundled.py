"""Real data in the bundled types: what is missing, an administrator adds; sums equal the files'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from relatum.core import config, db

from . import homes
from .homes import Shell
from .test_real_data import FILES, Row, expected, rows

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILES.is_dir(), reason=f"no real data in {FILES}"),
]

#: What an administrator changes first, as commands.
CHANGES = """
entity-types add-key account name
entity-types add-key product name
entity-types add-key product_family name
entity-types add-key opportunity name
entity-types add-key user name
entity-types add-field account x_founded integer
entity-types add-field opportunity x_product lookup --target product
entity-types add-field opportunity x_engaged date
entity-types change-field opportunity stage --add-option prospecting:Prospecting:open
entity-types change-field opportunity stage --add-option engaging:Engaging:open
"""
SECTORS = ("software", "entertainment", "marketing", "employment", "services")
#: Type, file, map: in the order in which they point to each other.
IMPORTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("team", "sales_teams", {"regional_office": "name", "manager": None, "sales_agent": None}),
    ("team", "sales_teams", {"manager": "name", "regional_office": "parent", "sales_agent": None}),
    ("user", "sales_teams", {"sales_agent": "name", "manager": "team", "regional_office": None}),
    (
        "account", "accounts",
        {
            "account": "name", "year_established": "x_founded", "revenue": "annual_revenue",
            "sector": {
                "field": "industry",
                "values": {
                    "technolgy": "technology", "medical": "healthcare",
                    "finance": "financial_services",
                },
            },
            "office_location": {
                "field": "billing_address.country",
                "values": {"Philipines": "Philippines", "Korea": "KR"},
            },
            "subsidiary_of": {"field": "parent", "by": "name"},
        },
    ),
    ("product_family", "products", {"series": "name", "product": None, "sales_price": None}),
    (
        "product", "products",
        {
            "product": "name", "sales_price": "list_price",
            "series": {"field": "family", "by": "name"},
        },
    ),
    (
        "opportunity", "sales_pipeline",
        {
            "opportunity_id": "name", "sales_agent": {"field": "owner", "by": "name"},
            "product": {"field": "x_product", "by": "name", "values": {"GTXPro": "GTX Pro"}},
            "account": {"field": "account", "by": "name"}, "deal_stage": "stage",
            "engage_date": "x_engaged", "close_date": "close_date", "close_value": "amount",
        },
    ),
)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """Return a shell on an instance with the files in it."""
    folder = tmp_path_factory.mktemp("bundled")
    with homes.bare(request.param, folder / "instance") as environment:
        shell = Shell(environment)
        zone = ("--timezone", "America/New_York", "--admin-email", "you@example.org")
        shell.said("init", "--currency", "USD", *zone, "--preset", "all")
        for line in CHANGES.split("\n"):
            if line:
                shell.said(*line.split(), "--yes")
        more = [word for sector in SECTORS for word in ("--add-option", sector)]
        shell.said("entity-types", "change-field", "account", "industry", *more, "--yes")
        for type_name, file, columns in IMPORTS:
            shell.said(
                "records", "import", type_name, str(FILES / f"{file}.csv"),
                "--map", str(map_of(folder, columns)),
            )  # fmt: skip
        yield shell
        db.dispose(config.load(environ=environment))


def map_of(folder: Path, columns: dict[str, Any]) -> Path:
    """Write an import map and return its place."""
    path = folder / "map.json"
    known = {"relatum_map": 1, "key": ["name"], "date_format": "M/D/YYYY", "columns": columns}
    path.write_bytes(orjson.dumps(known))
    return path


def groups(shell: Shell, path: str) -> dict[str, tuple[int, Decimal]]:
    """Return count and sum of the opportunities by a field or path."""
    select = ("--select", "count,sum(amount)")
    found = shell.json("records", "aggregate", "opportunity", "--group", path, *select)["groups"]
    return {g[path]: (g["count"], Decimal(g["sum(amount)"] or 0)) for g in found}


def of(file: str, key: str, value: str) -> Callable[[str], str]:
    """Return a way to look something up in a file."""
    known = {row[key]: row[value] for row in rows(file)}
    return lambda name: known[name.replace("GTXPro", "GTX Pro")]


def test_opportunities_by_stage_equal_the_file(shell):
    assert groups(shell, "stage") == expected(lambda row: row["deal_stage"].lower())


def test_opportunities_by_office_and_by_family_equal_the_file(shell):
    office = of("sales_teams", "sales_agent", "regional_office")
    family = of("products", "product", "series")
    assert groups(shell, "owner.team.parent.name") == expected(lambda r: office(r["sales_agent"]))
    assert groups(shell, "x_product.family.name") == expected(lambda r: family(r["product"]))


def test_accounts_have_their_revenue_and_their_parents(shell):
    def total(row: Row) -> Decimal:
        return Decimal(row["revenue"])

    [found] = shell.json("records", "aggregate", "account", "--select", "sum(annual_revenue)")[
        "groups"
    ]
    assert Decimal(found["sum(annual_revenue)"]) == sum(map(total, rows("accounts")))
    listed = shell.json(
        "records", "list", "account", "parent__empty=false", "--fields", "name,parent.name",
        "--limit", "100",
    )["records"]  # fmt: skip
    assert {(a["name"], a["parent.name"]) for a in listed} == {
        (row["account"], row["subsidiary_of"]) for row in rows("accounts") if row["subsidiary_of"]
    }


def test_stages_of_ones_own_follow_the_rules_of_their_category(shell):
    found = shell.json(
        "records", "aggregate", "opportunity", "--group", "stage,probability", "--select", "count"
    )["groups"]
    known = {(g["stage"], g["probability"]) for g in found}
    assert {("won", "100.00"), ("lost", "0.00")} <= known
    assert {p for stage, p in known if stage in ("engaging", "prospecting")} == {None}


def test_the_report_of_won_and_lost_deals_equals_the_file(shell):
    decided = [row for row in rows("sales_pipeline") if row["deal_stage"] in ("Won", "Lost")]
    won = [row for row in decided if row["deal_stage"] == "Won"]
    found = shell.json("sales", "report", "winloss")
    figures = found["figures"]
    assert (figures["won"], figures["lost"]) == (len(won), len(decided) - len(won))
    assert Decimal(figures["rate"]) == round(Decimal(100 * len(won)) / len(decided), 1)
    assert Decimal(figures["won_amount"]) == sum(Decimal(row["close_value"]) for row in won)
    owners = {row["label"]: row["won"] for row in found["tables"]["owner"]["rows"]}
    assert owners == Counter(row["sales_agent"] for row in won)
