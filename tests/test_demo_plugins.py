"""The demonstration that plugins bring, and how it goes away again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from relatum.core import clock, db, demo, doctor, query
from relatum.core.actor import system
from relatum.core.app import create_app
from relatum.core.config import load

from . import homes
from .homes import Shell
from .plugged import small

_DECIDED = ("won", "lost")


class Made:
    """An instance with the demonstration of a preset."""

    def __init__(self, environment, preset):
        self.environment = environment
        self.shell = Shell(environment)
        self.config = load(environ=environment)
        self.app = create_app(self.config)
        with self.app.app_context():
            demo.found(preset)

    def rows(self, type_name, *fields):
        """Return all records of a type with some fields."""

        def found(after=None):
            asked = {"fields": ["id", *fields], "limit": 500, "sort": ["id"], "after": after}
            given = {name: value for name, value in asked.items() if value is not None}
            page = query.page(query.from_json(type_name, given, actor=self.actor))
            return [*page.records, *(found(page.next) if page.next else ())]

        with self.app.app_context(), db.reading():
            return found()

    @property
    def actor(self):
        """The machine's own administrator."""
        return system()


@pytest.fixture
def contacts(database, tmp_path):
    """Return an instance with the example contacts."""
    with homes.bare(database, tmp_path / "home") as environment:
        made = Made(environment, "contacts")
        yield made
        db.dispose(made.config)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def everything(request, tmp_path_factory):
    """Return an instance with all example data."""
    with homes.bare(request.param, tmp_path_factory.mktemp("everything")) as environment:
        made = Made(environment, "all")
        yield made
        db.dispose(made.config)


def test_a_preset_brings_its_data_its_users_and_its_teams(contacts):
    assert len(contacts.rows("account")) == 200
    assert len(contacts.rows("contact")) == 1000
    assert len(contacts.rows("user")) == len(demo.USERS) + 1
    with contacts.app.app_context():
        assert doctor.examine() == []
    names = [type_["name"] for type_ in contacts.shell.json("entity-types", "list")]
    assert "opportunity" not in names


def test_what_was_brought_has_a_past_and_says_where_it_is_from(contacts):
    made = [row["created_at"] for row in contacts.rows("account", "created_at")]
    now = datetime.now(UTC)
    assert min(made) < now - timedelta(days=700) < max(made) < now
    [first, *_] = contacts.rows("household")
    [change] = contacts.shell.json("records", "history", "household", str(first["id"]))
    assert (change["op"], change["source"]) == ("create", "demo")


def test_removed_it_leaves_what_people_made_and_says_what_that_needs(contacts):
    shell = contacts.shell
    account, other = (row["id"] for row in contacts.rows("account")[:2])
    shell.said("records", "create", "account", "name=Mine")
    shell.said("records", "create", "contact", "name=Ann Mine", f"account={account}")
    person = contacts.rows("contact")[-1]["id"]
    role = [f"account={other}", f"contact={person}", "role=technical"]
    shell.said("records", "create", "account_contact", *role)
    done = shell.json("demo", "--remove", status=3)
    assert done["kept"] == {"account": [account, other]}
    assert (done["removed"]["contact"], done["removed"]["user"]) == (1000, len(demo.USERS))
    assert done["removed"]["team"] == len(demo.TEAMS)
    assert [row["name"] for row in contacts.rows("account", "name")][-1] == "Mine"
    assert len(contacts.rows("contact")) == len(contacts.rows("account_contact")) == 1
    [admin] = contacts.rows("user", "email")
    assert admin["email"] == demo.ADMIN_EMAIL
    shell.said("records", "delete", "contact", str(person))
    assert shell.json("demo", "--remove")["removed"] == {"account": 2}
    assert shell.json("demo", "--remove") == {"removed": {}, "kept": {}}
    assert shell.json("doctor")["findings"] == []


def test_a_demonstration_that_a_plugin_fails_makes_no_instance(tmp_path):
    home = tmp_path / "home"
    (home / "plugins").mkdir(parents=True)
    code = "@hookimpl\ndef relatum_demo(demo): raise ValueError('no story')\n"
    text = small("small", code).replace("requires", "presets=['tiny'], requires")
    (home / "plugins" / "small.py").write_text(text, encoding="utf-8")
    with homes.bare("sqlite", home) as environment:
        shell = Shell(environment)
        assert "no story" in shell.error("demo", "--preset", "tiny").replace("\n", " ")
        assert shell.error("users", "list").startswith("not_initialised: ")


# -- all of it ------------------------------------------------------------------------------
@pytest.mark.slow
def test_there_is_enough_of_everything(everything):
    wanted = {
        "product": 60, "product_family": 10, "price_list": 3, "lead": 300, "opportunity": 1500,
        "opportunity_line": 3000, "opportunity_contact": 1500, "household": 20,
    }  # fmt: skip
    counts = {name: len(everything.rows(name)) for name in wanted}
    assert all(counts[name] >= least for name, least in wanted.items()), counts
    with everything.app.app_context():
        assert doctor.examine() == []


@pytest.mark.slow
def test_opportunities_belong_to_their_accounts_people_and_time(everything):
    today = clock.now().date()
    fields = (
        "stage", "account.created_at", "created_at", "stage_changed_at", "closed_at",
        "close_date", "probability", "contact.account", "account", "owner", "account.owner",
    )  # fmt: skip
    for row in everything.rows("opportunity", *fields):
        decided = row["stage"] in _DECIDED
        assert row["account.created_at"] <= row["created_at"] <= row["stage_changed_at"]
        assert (row["closed_at"] is not None) == decided
        assert decided or row["close_date"] > today
        assert (row["contact.account"], row["account.owner"]) == (row["account"], row["owner"])


@pytest.mark.slow
def test_small_accounts_buy_more_often_and_large_ones_for_more(everything):
    small_: list[Any] = []
    large: list[Any] = []
    for row in everything.rows("opportunity", "stage", "amount", "account.employees"):
        if row["stage"] in _DECIDED:
            (small_ if row["account.employees"] <= 50 else large).append(row)

    def won(rows):
        return sum(row["stage"] == "won" for row in rows) / len(rows)

    def amount(rows):
        return sum(float(row["amount"]) for row in rows) / len(rows)

    assert 0.25 < won(large) < won(small_) < 0.6
    assert amount(large) > 2 * amount(small_)


@pytest.mark.slow
def test_an_amount_is_the_sum_of_its_lines_to_the_cent_and_worth_what_the_rates_say(everything):
    sums: dict[int, Decimal] = {}
    for line in everything.rows("opportunity_line", "opportunity", "net"):
        sums[line["opportunity"]] = sums.get(line["opportunity"], 0) + Decimal(line["net"])
    own = abroad = 0
    for row in everything.rows("opportunity", "amount", "amount_base", "currency"):
        assert Decimal(row["amount"]) == sums[row["id"]]
        own += row["currency"] is None and row["amount"] == row["amount_base"]
        abroad += row["currency"] is not None and row["amount"] != row["amount_base"] is not None
    assert own + abroad == len(sums)
    assert abroad > 20


@pytest.mark.slow
def test_all_of_it_goes_away_and_comes_back_from_the_trash(everything):
    with everything.app.app_context():
        done = db.transact(lambda: demo.remove(actor=everything.actor))
    assert done.kept == {}
    assert done.removed["opportunity"] == 1500
    assert done.removed["contact"] == 1000
    assert everything.rows("opportunity_line") == everything.rows("product") == []
    with everything.app.app_context():
        assert doctor.examine() == []
