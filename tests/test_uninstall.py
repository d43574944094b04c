"""Removing a plugin: its data is kept for its return, or goes to an archive, and comes back."""

from __future__ import annotations

import shutil
from functools import partial
from typing import Any

import pytest

from relatum.core import catalog, db, doctor, jobs, plugin_host, query, records, roles
from relatum.core.errors import RelatumError
from relatum.core.testing.dumping import dump

from .plugged import LOYALTY, change, disable, enable, put, small, with_loyalty


def uninstall(instance: Any, plugin_id: str, *, purge: bool = False) -> plugin_host.PluginPlan:
    """Remove a plugin as alice; a job that this starts is run to its end."""
    made = change(instance, plugin_host.uninstall, plugin_id, purge=purge)
    if made.job is not None:
        with instance.app.app_context():
            assert jobs.run(made.job, by="test", pause=lambda: False) == "done"
    return made


def rows(instance: Any, type_name: str, *fields: str) -> list[dict[str, Any]]:
    """Return the records of a type as alice reads them."""
    with instance.reading():
        asked = {"fields": list(fields), "sort": ["id"]}
        found = query.page(query.from_json(type_name, asked, actor=instance.alice))
        return [{name: row[name] for name in fields} for row in found.records]


@pytest.fixture
def loyal(instance):
    with_loyalty(instance)
    instance.create("x_company", {"name": "Acme", "loyalty_tier": "gold"}, {"name": "Bolt"})
    instance.create("loyalty_card", {"number": "a1", "points": 5, "state": "open"}, {"number": "b"})
    return instance


def test_a_plugin_that_was_removed_leaves_nothing_to_be_seen(loyal):
    uninstall(loyal, "loyalty")
    with loyal.reading():
        assert "loyalty_card" not in catalog.current().types
        assert "loyalty_tier" not in catalog.current().type("x_company").fields
        assert plugin_host.show("loyalty", actor=loyal.alice)["state"] == "removed"


def test_enabled_again_it_has_everything_that_it_had(loyal):
    before = dump(loyal)
    uninstall(loyal, "loyalty")
    enable(loyal, "loyalty")
    after = dump(loyal)
    for found in (before, after):
        for name in ("core_plugin", "core_type", "core_field"):
            found.pop(name)
    assert after == before
    assert rows(loyal, "loyalty_card", "number", "points") == [
        {"number": "A1", "points": 5}, {"number": "B", "points": 0},
    ]  # fmt: skip
    assert rows(loyal, "x_company", "name", "loyalty_tier")[0]["loyalty_tier"] == "gold"


#: A type between two others: what it links is unique together.
BETWEEN = """
@hookimpl
def relatum_declare():
    def named(name):
        return {"name": name, "fields": [{"name": "name", "kind": "text"}]}

    def link(name):
        return {"name": name, "kind": "lookup", "settings": {"target": f"small_{name}"},
                "required": True}

    role = {"name": "small_role", "fields": [link("firm"), link("person")],
            "keys": [["firm", "person"]], "title": "{id}"}
    types = {"firm": named("small_firm"), "person": named("small_person"), "role": role}
    return {"types": [types[name] for name in ORDER]}
"""


@pytest.mark.parametrize("order", ["firm person role", "role person firm", "firm role person"])
def test_enabled_again_it_has_the_keys_of_types_that_link_each_other(instance, order):
    put(instance, "small", small("small", BETWEEN) + f"ORDER = {order.split()}\n")
    enable(instance, "small")
    [firm] = instance.create("small_firm", {"name": "Acme"})
    [person] = instance.create("small_person", {"name": "Ada"})
    [role] = instance.create("small_role", {"firm": firm, "person": person})
    uninstall(instance, "small")
    enable(instance, "small")
    assert instance.get("small_role", role)["firm"] == firm
    with pytest.raises(RelatumError) as refused:
        instance.create("small_role", {"firm": firm, "person": person})
    assert refused.value.code == "duplicate"
    with instance.app.app_context():
        assert doctor.examine() == []


def test_purged_it_leaves_the_database_as_it_was_before_it_came(instance):
    instance.make_type("x_company", {"name": "name", "kind": "text"})
    instance.create("x_company", {"name": "Acme"})
    before = dump(instance)
    with_loyalty_on(instance)
    instance.create("loyalty_card", {"number": "a1"})
    uninstall(instance, "loyalty", purge=True)
    assert dump(instance) == before


def with_loyalty_on(instance: Any) -> None:
    """Enable loyalty cards where companies are there already."""
    put(instance, "loyalty", LOYALTY)
    enable(instance, "loyalty")


def test_it_is_purged_when_its_files_are_gone(loyal):
    shutil.rmtree(loyal.config.home / "plugins")
    uninstall(loyal, "loyalty", purge=True)
    with loyal.reading() as tx:
        assert "loyalty_card" not in doctor.columns_of(tx.connection)


def test_what_a_purge_drops_is_counted_beforehand(loyal):
    with loyal.reading():
        made = plugin_host.plan_uninstall("loyalty", actor=loyal.alice, purge=True)
    assert made.as_json()["risk"] == "destructive"
    assert "2 records of loyalty_card go for good" in made.notes
    assert "1 values of x_company.loyalty_tier go for good" in made.notes


def test_an_archive_brings_back_records_values_and_what_was_changed_here(loyal):
    loyal.apply(
        {"op": "change_type", "type": "loyalty_card", "label": "Bonus card"},
        {"op": "add_field", "type": "loyalty_card", "name": "x_note", "kind": "text"},
    )
    [first, _] = rows(loyal, "loyalty_card", "id")
    note = {"id": first["id"], "x_note": "mine"}
    loyal.write(records.update, "loyalty_card", [note], actor=loyal.alice)
    line = {"types": {"loyalty_card": {"read": "own"}}}
    loyal.write(roles.save, "member", line, actor=loyal.alice)
    was = rows(loyal, "loyalty_card", "id", "number", "points", "state", "x_note")
    uninstall(loyal, "loyalty", purge=True)
    [archive] = archives(loyal)
    told: Any = change(loyal, plugin_host.restore, archive)
    assert told["left_out"] == []
    assert rows(loyal, "loyalty_card", "id", "number", "points", "state", "x_note") == was
    assert rows(loyal, "x_company", "loyalty_tier")[0]["loyalty_tier"] == "gold"
    with loyal.reading():
        assert catalog.current().type("loyalty_card").label == "Bonus card"
        assert roles.get("member", actor=loyal.alice)["types"]["loyalty_card"] == {"read": "own"}


def archives(instance: Any) -> list[str]:
    """Return the names of the archives in the home."""
    with instance.reading():
        return [found["name"] for found in plugin_host.archives(actor=instance.alice)]


def test_what_is_there_already_is_not_brought_back_twice(loyal):
    uninstall(loyal, "loyalty", purge=True)
    [archive] = archives(loyal)
    change(loyal, plugin_host.restore, archive)
    with pytest.raises(RelatumError, match="are there, or never were here"):
        change(loyal, plugin_host.restore, archive)


def test_what_another_requires_is_not_removed(loyal):
    put(loyal, "upper", small("upper", requires={"loyalty": ">=1"}))
    enable(loyal, "upper")
    with pytest.raises(RelatumError) as refused:
        uninstall(loyal, "loyalty")
    assert refused.value.code == "plugin_needed"


def test_what_another_plugin_keeps_on_its_types_is_never_dropped(loyal):
    more = """
@hookimpl
def relatum_declare():
    return {"extensions": [{"type": "loyalty_card", "fields": [
        {"name": "upper_rank", "kind": "integer"}]}]}
"""
    put(loyal, "upper", small("upper", more))
    enable(loyal, "upper")
    disable(loyal, "upper")
    with pytest.raises(RelatumError, match=r"loyalty_card\.upper_rank"):
        uninstall(loyal, "loyalty", purge=True)


def test_who_may_not_shape_the_instance_removes_nothing(loyal):
    for work in (plugin_host.plan_uninstall, plugin_host.uninstall):
        with pytest.raises(RelatumError) as refused, loyal.app.app_context():
            db.transact(partial(work, "loyalty", actor=loyal.bob), exclusive=True)
        assert refused.value.code == "forbidden"


def test_a_plugin_that_was_never_enabled_has_nothing_to_remove(instance):
    put(instance, "upper", small("upper"))
    with pytest.raises(RelatumError) as refused:
        uninstall(instance, "upper")
    assert refused.value.code == "plugin_not_enabled"


@pytest.mark.parametrize("archive", ["gone.zip", "..", "../keys.json"])
def test_an_archive_that_is_not_there_is_unknown(loyal, archive):
    with pytest.raises(RelatumError) as refused:
        change(loyal, plugin_host.restore, archive)
    assert refused.value.code == "archive_unknown"


def test_a_damaged_archive_changes_nothing(loyal):
    uninstall(loyal, "loyalty", purge=True)
    [archive] = archives(loyal)
    path = loyal.config.home / "archives" / archive
    path.write_bytes(path.read_bytes()[:-200])
    before = dump(loyal)
    with pytest.raises(RelatumError) as refused:
        change(loyal, plugin_host.restore, archive)
    assert refused.value.code == "archive_refused"
    assert str(loyal.config.home) not in str(refused.value)
    assert dump(loyal) == before
