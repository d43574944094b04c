"""The demonstration: an instance with the data of Klarwerk, a maker of water treatment plants.

Everything is our own invention. It goes in through the public verbs, in the one transaction
that makes the instance: a first start that is killed leaves nothing. Plugins bring example data by
the hook `relatum_demo`; without one that does, Klarwerk has types of its own.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Final

from .. import catalog, changes, clock, entities, install, plugin_host, records
from ..actor import Actor
from ..hooks import Hooks
from .making import Demo as Demo
from .marking import mark
from .model import CHANGES
from .people import TEAMS as TEAMS
from .people import USERS as USERS
from .people import settle
from .removing import ORIGIN
from .removing import Removed as Removed
from .removing import remove as remove
from .story import Rows, Story

ADMIN_EMAIL: Final = "dana@klarwerk.example"
ADMIN_NAME: Final = "Dana Prowse"


def found(preset: str = plugin_host.NONE) -> install.Installed:
    """Make the instance of the settings with the demonstration in it, with a preset's plugins.

    Raises what `install` does, and `preset_unknown`.
    """
    return install.install(
        currency="EUR",
        timezone="Europe/Berlin",
        language="en",
        admin_email=ADMIN_EMAIL,
        admin_name=ADMIN_NAME,
        then=partial(fill, preset=preset),
    )


def fill(actor: Actor, preset: str = plugin_host.NONE) -> None:
    """Enable the plugins of a preset and write the demonstration, in the open transaction."""
    mark()
    plugin_host.enable_preset(preset, actor=actor)
    write(actor=actor)


def write(*, actor: Actor) -> None:
    """Write the demonstration of the plugins that are enabled, in the open transaction."""
    actor = dataclasses.replace(actor, source=ORIGIN)
    # The administrator was made before, and stays when the demonstration goes.
    with changes.apart(), plugin_host.at_work() as hooks:
        if hooks.implemented("relatum_demo"):
            _fill_plugins(hooks, actor)
        else:
            _fill_bare(actor)


def _fill_plugins(hooks: Hooks, actor: Actor) -> None:
    """Let the enabled plugins bring their data, those first that others require."""
    demo = Demo(clock.today(catalog.current().zone), settle(actor), actor)
    hooks.strict("relatum_demo", actor=actor, demo=demo)


def _fill_bare(actor: Actor) -> None:
    """Make types of Klarwerk's own and write its records."""
    entities.apply(CHANGES, actor=actor)
    story = Story(clock.today(catalog.current().zone), settle(actor))
    story.companies = _create("x_company", story.company_rows(), actor)
    story.people = _create("x_person", story.person_rows(), actor)
    _create("x_deal", story.deal_rows(), actor)
    records.update("x_company", story.customer_rows(), actor=actor)
    _create("x_ticket", story.ticket_rows(), actor)


def _create(type_name: str, rows: Rows, actor: Actor) -> list[int]:
    outcomes = records.create(type_name, rows, actor=actor)
    return [outcome.id for outcome in outcomes if outcome.id is not None]
