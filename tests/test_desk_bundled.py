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


MANIFESTS = {i: json.loads((bundled.FOLDER / i / "plugin.json").read_text()) for i in bundled.IDS}
#: All that plugins let people do.
PERMISSIONS = [name for told in MANIFESTS.values() for name in told["provides"]["permissions"]]


@pytest.fixture
def bob(instance):
    """Return the browser of somebody who may use the desk and, at first, nothing else."""
    bob = instance.bob.user_id
    instance.write(auth.set_password, bob, auth.hash_password(PASSWORD))
    instance.write(roles.save, "little", {"permissions": PERMISSIONS})
    instance.write(roles.hold, "user", bob, ["little"])
    with at_desk(instance) as alice:
        desk = Browser(alice.application)
        assert desk.sign_in(email="bob@example.org").status_code == 303
        yield desk


@pytest.mark.parametrize("rights", [sees_one_type, sees_titles_of_one_type])
def test_pages_have_all_their_parts_for_who_sees_little(instance, bob, caplog, rights):
    make = Make(instance)
    for entity_type in [t for t in instance.catalog.types.values() if t.owner != "core"]:
        instance.write(roles.save, "little", rights(entity_type))
        at = f"/records/{entity_type.name}"
        id_ = bundled.record_of(instance, make, entity_type.name)
        for address in ("/", at, f"{at}/{id_}", f"{at}/{id_}/edit", f"{at}/new"):
            page = bob.get(address)
            assert (page.status_code, "part-failed" in page.text) == (200, False), address
        for route in MANIFESTS[entity_type.owner]["provides"]["routes"]:
            address = re.sub(r"<int:\w+>", str(id_), route.removeprefix("GET "))
            if route.startswith("GET ") and "<" not in address:
                assert bob.get(address).status_code < 500, (entity_type.name, address)
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


def test_a_form_of_which_one_may_write_no_field_says_so(instance, bob):
    instance.write(roles.save, "little", sees_titles_of_one_type(instance.catalog.types["task"]))
    assert "Nothing to fill in" not in bob.get("/records/task/new").text
    part = instance.catalog.types["contact_email"]
    instance.write(roles.save, "little", sees_titles_of_one_type(part))
    page = bob.get("/records/contact_email/new").text
    assert "Nothing to fill in" in page
    assert "btn btn-primary" not in page[page.index('<form class="sheet') :]


def test_the_sidebar_names_types_by_the_plugins_that_bring_them(instance):
    with at_desk(instance) as desk:
        page = desk.get("/records/account").text
    side = page[page.index('<div class="side"') : page.index("<main")]
    groups = re.findall(r'class="nav-h"[^>]*>([^<]*)', side)
    assert groups[:4] == ["Sales", "Call lists", "Activities", "Contacts"]
    assert "/records/contact_email" not in side
