"""The designer: an order that is brought back is no change."""

from __future__ import annotations

from .designing import deals, draft_of, sent
from .desk import at_desk

#: The preset of the instance.
PRESET = "desk"


def test_fields_that_are_back_in_their_order_leave_nothing_in_the_draft(instance):
    deals(instance)
    with at_desk(instance) as desk:
        desk.instance = instance
        own = [f.name for f in instance.catalog.type("x_deal").own_fields if f.owner != "system"]
        sent(desk, "/model/x_deal/order", ids=",".join([*own[1:], own[0]]))
        assert draft_of(desk)
        sent(desk, "/model/x_deal/order", ids=",".join(own))
        assert draft_of(desk) == []
        assert desk.get("/model/plan").status_code == 200
