"""The desk without scripts: the pages of every bundled type."""

from __future__ import annotations

import re

from relatum.core.testing import Make

from . import bundled
from .desk import at_desk

#: The preset of the instance.
PRESET = "all"


def test_every_bundled_type_has_its_pages(instance):
    make = Make(instance)
    with at_desk(instance) as desk:
        for name in [t.name for t in instance.catalog.types.values()]:
            alice = instance.alice.user_id
            id_ = alice if name == "user" else bundled.record_of(instance, make, name)
            for address in (
                f"/records/{name}", f"/records/{name}/{id_}", f"/records/{name}/new",
                f"/records/{name}/{id_}/edit",
            ):  # fmt: skip
                assert desk.get(address).status_code == 200, address


def test_the_sidebar_names_types_by_the_plugins_that_bring_them(instance):
    with at_desk(instance) as desk:
        page = desk.get("/records/account").text
    side = page[page.index('<div class="side"') : page.index("<main")]
    groups = re.findall(r'class="nav-h"[^>]*>([^<]*)', side)
    assert groups[:4] == ["Sales", "Call lists", "Activities", "Contacts"]
    assert "/records/contact_email" not in side
