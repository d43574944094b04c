"""Connections between any two records: seen from both, once for each role, gone with either."""

from __future__ import annotations

import pytest

from relatum.core import query, records
from relatum.core.errors import Invalid

from .desk import at_desk
from .instances import prepared

#: The preset of the instance.
PRESET = "contacts"


@prepared
def crm(instance):
    """An instance with a company, a machine of one's own type, and a role."""
    instance.make_type("x_machine", {"name": "name", "kind": "text"}, label="Machine", title="name")
    instance.create("account", {"name": "Acme"})
    instance.create("x_machine", {"name": "Press"})
    instance.create("connection_role", {"name": "Looks after", "reverse": "Looked after by"})


def ids(crm):
    """Return the ids of the company, the machine and the role."""
    return tuple(
        crm.sql(f"SELECT id FROM {name}")[0].id
        for name in ("account", "x_machine", "connection_role")
    )


def connect(crm, **more):
    """Connect the company with the machine; return the id."""
    account, machine, role = ids(crm)
    row = {"one": account, "other": machine, "role": role, **more}
    return crm.create("connection", row)[0]


def live(crm):
    """Return how many connections there are."""

    def found(*, actor):
        return len(query.page(query.from_json("connection", {}, actor=actor)).records)

    return crm.read(found)


def test_records_of_any_types_are_connected_and_both_show_it(crm):
    connect(crm)
    account, machine, _ = ids(crm)
    with at_desk(crm) as desk:
        assert "Press" in desk.get(f"/records/account/{account}").text
        assert "Acme" in desk.get(f"/records/x_machine/{machine}").text


def test_a_connection_goes_with_either_record_and_comes_back(crm):
    connect(crm)
    _, machine, _ = ids(crm)
    crm.write(records.delete, "x_machine", [{"id": machine}])
    assert live(crm) == 0
    crm.write(records.restore, "x_machine", [{"id": machine}])
    assert live(crm) == 1


def test_two_records_have_a_role_for_each_other_once(crm):
    connect(crm)
    with pytest.raises(Invalid) as caught:
        connect(crm)
    assert caught.value.problems[0].code == "duplicate"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (lambda account: {"other": account}, "other"),
        (lambda _: {"valid_from": "2026-05-02", "valid_to": "2026-05-01"}, "valid_to"),
    ],
    ids=["itself", "dates"],
)
def test_a_connection_that_cannot_be_is_refused_by_name(crm, wrong, field):
    with pytest.raises(Invalid) as caught:
        connect(crm, **wrong(ids(crm)[0]))
    assert [problem.field for problem in caught.value.problems] == [field]
