"""A year of a sales team of twenty through the API, as those people: the sums are the events'."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from relatum.core import clock, roles
from relatum.core.actor import Actor
from relatum.core.dispatch import Application

from .instances import prepared
from .plugged import client, served
from .selling_year import OPEN, PEOPLE, TEAMS, YEAR, Event, Year

pytestmark = pytest.mark.slow
#: The preset of the instance.
PRESET = "sales"
RECORDS = "/api/v1/records"


@prepared
def house(instance: Any) -> None:
    """Twenty people in four teams; of each team one is its manager."""
    for team in TEAMS:
        [id_] = instance.create("team", {"name": team})
        names = [name for name in PEOPLE if name[:-1] == team]
        rows = [{"name": n, "email": f"{n}@example.org", "team": id_} for n in names]
        for name, user in zip(names, instance.create("user", *rows), strict=True):
            role = "manager" if name.endswith("0") else "member"
            instance.write(roles.hold, "user", user, [role])


class Office:
    """Does what happens, each by whom it is done, at its instant."""

    def __init__(self, instance: Any, application: Application) -> None:
        rows = instance.sql("SELECT id, name FROM core_user")
        self.users = {row.name: row.id for row in rows}
        self.by_id = {row.id: row.name for row in rows}
        self._ask = {name: client(application, self._token(instance, name)) for name in PEOPLE}
        self._ask["alice"] = client(application, instance.token())
        self.leads: dict[int, int] = {}
        self.deals: dict[int, int] = {}
        self.companies: dict[int, int] = {}

    def _token(self, instance: Any, name: str) -> str:
        return str(instance.token(Actor(user_id=self.users[name], name=name)))

    def call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Ask for an address as somebody, and return what is answered; it must go well."""
        answer = self._ask[who].open(path, method=method, json=body)
        assert answer.status_code < 300, (who, method, path, body, answer.text)
        return answer.json

    def change(self, event: Event, type_name: str, id_: int, **values: Any) -> None:
        """Change a record as whoever does it."""
        self.call(event.who, "PATCH", f"{RECORDS}/{type_name}/{id_}", values)

    def do(self, event: Event) -> None:
        """Let an event happen."""
        with clock.frozen(event.at):
            getattr(self, f"_{event.kind}")(event)

    def _lead(self, event: Event) -> None:
        given = event.given
        row = {
            "subject": f"Interest {event.to}", "company": given["company"],
            "name": {"first": "Pat", "last": f"Person {event.to}"}, "source": given["source"],
            "email": f"pat{event.to}@company{event.to}.example",
            "estimated_amount": str(given["amount"]),
        }  # fmt: skip
        self.leads[event.to] = self.call(event.who, "POST", f"{RECORDS}/lead", row)["id"]

    def _contacted(self, event: Event) -> None:
        self.change(event, "lead", self.leads[event.to], status="contacted")

    def _disqualified(self, event: Event) -> None:
        path = f"/api/x/sales/leads/{self.leads[event.to]}/disqualify"
        self.call(event.who, "POST", path, {"status": "no_longer_interested"})

    def _converted(self, event: Event) -> None:
        path = f"/api/x/sales/leads/{self.leads[event.to]}/convert"
        close = (event.at + timedelta(days=90)).date().isoformat()
        body = {"matches": "new", "values": {"opportunity": {"close_date": close}}}
        done = self.call(event.who, "POST", path, body)
        self.deals[event.to] = done["opportunity"]
        self.companies[event.to] = done["account"]

    def _reassigned(self, event: Event) -> None:
        owner = self.users[event.given["owner"]]
        self.change(event, "opportunity", self.deals[event.to], owner=owner)

    def _amount(self, event: Event) -> None:
        self.change(event, "opportunity", self.deals[event.to], amount=str(event.given["amount"]))

    def _stage(self, event: Event) -> None:
        self.change(event, "opportunity", self.deals[event.to], **event.given)

    def _mistaken(self, event: Event) -> None:
        deal = self.deals[event.to]
        self.change(event, "opportunity", deal, stage="won")
        listed = self.call(event.who, "GET", f"{RECORDS}/opportunity/{deal}/history")
        newest = listed["changes"][0]["change_set"]
        self.call(event.who, "POST", f"/api/v1/changes/{newest}/undo")

    def _merge(self, event: Event) -> None:
        into, other = self.companies[event.to], self.companies[event.given["other"]]
        self.call(event.who, "POST", f"{RECORDS}/account/{into}/merge", {"others": [other]})

    # -- what the program says ----------------------------------------------------------------
    def groups(self, **words: str) -> list[dict[str, Any]]:
        """Return groups of deals, with their counts and sums."""
        asked = "&".join(f"{name}={value}" for name, value in words.items())
        path = f"{RECORDS}/opportunity/aggregate?_select=count,sum(amount)&{asked}"
        found: list[dict[str, Any]] = self.call("alice", "GET", path)["groups"]
        return found


@contextmanager
def lived(instance: Any, year: Year) -> Iterator[Office]:
    """Give the office after the year."""
    with served(instance) as application:
        office = Office(instance, application)
        for event in year.events:
            if event.at.year == YEAR:
                office.do(event)
        with clock.frozen(datetime(YEAR + 1, 1, 1, tzinfo=UTC)):
            yield office


def pair(group: dict[str, Any]) -> tuple[int, Decimal]:
    """Return how many there are, and what they sum up to."""
    return group["count"], Decimal(group["sum(amount)"])


def test_the_sums_of_a_year_are_those_of_its_events(house: Any) -> None:
    # 20 s: some 800 requests, and the stages of each month end.
    year = Year(seed=7, leads=160)
    sums = year.sums()
    with lived(house, year) as office:
        for month, stages in sums.pipeline.items():
            last = (month + timedelta(days=32)).replace(day=1)
            at = datetime(last.year, last.month, 1, tzinfo=UTC) - timedelta(microseconds=1)
            words = {"_group": "stage", "_as_of": at.isoformat().replace("+00:00", "Z")}
            found = {g["stage"]: pair(g) for g in office.groups(**words) if g["stage"] in OPEN}
            assert found == stages, month
        decided = office.groups(_group="closed_at.month,stage", stage__in="won,lost", _tz="UTC")
        assert {(g["closed_at.month"], g["stage"]): pair(g) for g in decided} == sums.decided
        won = office.groups(_group="owner", stage="won")
        assert {office.by_id[g["owner"]]: pair(g) for g in won} == sums.won_by
        lost = office.groups(_group="lost_reason", stage="lost")
        assert {g["lost_reason"]: g["count"] for g in lost} == sums.lost_for
        converted = office.groups(_group="source")
        assert {g["source"]: g["count"] for g in converted} == sums.converted
        _merged(office)


def _merged(office: Office) -> None:
    """Check that the deals of both companies are those of the one that is left."""
    asked = f"{RECORDS}/opportunity?account={office.companies[1]}&_fields=name"
    found = {row["id"] for row in office.call("alice", "GET", asked)["records"]}
    assert found == {office.deals[1], office.deals[2]}
