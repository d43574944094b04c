"""The calls below /api/x/loyalty."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, jsonify

from relatum import context, query, requires

from . import points

API = Blueprint("api", __name__)


def seen(type_name: str, record_id: int) -> dict[str, Any]:
    """Return a record that who asks may see; answer 404 if there is none."""
    actor = context().actor
    assert actor is not None  # no view here is public
    asked = {"filter": {"field": "id", "op": "eq", "value": record_id}, "limit": 1}
    found = query.page(query.from_json(type_name, asked, actor=actor)).records
    return dict(found[0]) if found else abort(404)


@API.get("/cards/<int:card>/balance")
@requires("loyalty.redeem")
def balance(card: int) -> Response:
    """Say how many points a card has."""
    seen("loyalty_card", card)
    return jsonify(card=card, points=points.balances(context(), [card])[card])


@API.post("/cards/<int:card>/rewards/<int:reward>")
@requires("loyalty.redeem")
def redeem(card: int, reward: int) -> Response:
    """Exchange points of a card for a reward."""
    seen("loyalty_card", card)
    wanted = seen("loyalty_reward", reward)
    left = points.balances(context(), [card])[card] - wanted["points"]
    if left < 0:
        abort(400, f"The card lacks {-left} points for {wanted['name']}; book some first")
    points.book(context(), {card: -wanted["points"]}, wanted["name"])
    return jsonify(card=card, points=left)
