"""The demonstration: an instance with the data of Klarwerk, a maker of water treatment plants.

Everything is our own invention. It goes in through the public verbs, in the one transaction
that makes the instance: a first start that is killed leaves nothing.
"""

from __future__ import annotations

from typing import Final

from .. import catalog, clock, entities, install, records
from ..actor import Actor
from .model import CHANGES
from .story import TEAMS as TEAMS
from .story import USERS as USERS
from .story import Rows, Story

ADMIN_EMAIL: Final = "dana@klarwerk.example"
ADMIN_NAME: Final = "Dana Prowse"


def found() -> install.Installed:
    """Make the instance of the settings with the demonstration in it; raise what `install` does."""
    return install.install(
        currency="EUR",
        timezone="Europe/Berlin",
        language="en",
        admin_email=ADMIN_EMAIL,
        admin_name=ADMIN_NAME,
        then=fill,
    )


def fill(actor: Actor) -> None:
    """Make the types of the demonstration and write its records, in the open transaction."""
    entities.apply(CHANGES, actor=actor)
    teams: dict[str, int] = {}
    for name, parent in TEAMS:
        row = {"name": name, "parent": teams.get(parent)}
        teams[name] = _create("team", [row], actor)[0]
    people = [{"name": name, "email": email, "team": teams[team]} for name, email, team in USERS]
    ids = dict(zip((name for name, _, _ in USERS), _create("user", people, actor), strict=True))
    by_team = {of: [ids[name] for name, _, team in USERS if team == of] for of in teams}
    story = Story(clock.today(catalog.current().zone), by_team)
    story.companies = _create("x_company", story.company_rows(), actor)
    story.people = _create("x_person", story.person_rows(), actor)
    _create("x_deal", story.deal_rows(), actor)
    records.update("x_company", story.customer_rows(), actor=actor)
    _create("x_ticket", story.ticket_rows(), actor)


def _create(type_name: str, rows: Rows, actor: Actor) -> list[int]:
    outcomes = records.create(type_name, rows, actor=actor)
    return [outcome.id for outcome in outcomes if outcome.id is not None]
