"""The desk without scripts: the pages of every bundled type."""

from __future__ import annotations

import json
import logging
import re

import pytest

from relatum.core import auth, roles
from relatum.core.testing import Make

from . import bundled
from .desk import Browser, at_desk
from .instances import PASSWORD

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
                page = desk.get(address)
                assert (page.status_code, "part-failed" in page.text) == (200, False), address


#: What somebody may do with records of a type.
WORK = dict.fromkeys(("read", "create", "update", "delete"), "all")
HIDDEN = dict.fromkeys(("read", "create", "update"), False)


def sees_one_type(entity_type):
    """Return the rights to one type, and to nothing else."""
    return {"all_types": {}, "types": {entity_type.name: WORK}, "fields": {}}


def sees_titles_of_one_type(entity_type):
    """Return the rights to all types, and of one to its title alone."""
    fields = [f for f in entity_type.own_fields if f.owner != "system"]
    names = [f.name for f in fields if f.name != entity_type.title]
    hidden = {f"{entity_type.name}.{name}": HIDDEN for name in names}
    return {"all_types": WORK, "types": {}, "fields": hidden}


@pytest.mark.parametrize("rights", [sees_one_type, sees_titles_of_one_type])
def test_pages_have_all_their_parts_for_who_sees_little(instance, caplog, rights):
    make = Make(instance)
    told = {i: json.loads((bundled.FOLDER / i / "plugin.json").read_text()) for i in bundled.IDS}
    permissions = [n for each in told.values() for n in each["provides"]["permissions"]]
    assert "desk.use" in permissions
    bob = instance.bob.user_id
    instance.write(auth.set_password, bob, auth.hash_password(PASSWORD))
    with at_desk(instance) as alice:
        desk = Browser(alice.application)
        assert desk.sign_in(email="bob@example.org").status_code == 303
        for entity_type in [t for t in instance.catalog.types.values() if t.owner != "core"]:
            name = entity_type.name
            id_ = bundled.record_of(instance, make, name)
            role = {**rights(entity_type), "permissions": permissions}
            instance.write(roles.save, "little", role)
            instance.write(roles.hold, "user", bob, ["little"])
            for address in ("/", f"/records/{name}", f"/records/{name}/{id_}"):
                page = desk.get(address)
                assert (page.status_code, "part-failed" in page.text) == (200, False), address
            for route in told[entity_type.owner]["provides"]["routes"]:
                address = re.sub(r"<int:\w+>", str(id_), route.removeprefix("GET "))
                if route.startswith("GET ") and "<" not in address:
                    assert desk.get(address).status_code < 500, (name, address)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_the_sidebar_names_types_by_the_plugins_that_bring_them(instance):
    with at_desk(instance) as desk:
        page = desk.get("/records/account").text
    side = page[page.index('<div class="side"') : page.index("<main")]
    groups = re.findall(r'class="nav-h"[^>]*>([^<]*)', side)
    assert groups[:4] == ["Sales", "Call lists", "Activities", "Contacts"]
    assert "/records/contact_email" not in side
