"""Routes on views: those of everybody are changes of the data model, one's own are not."""

from __future__ import annotations

from typing import Final

from ...schemas.entity_types import ViewChangeSchema
from .. import views
from . import wire
from .entity_types import CHANGED, PROBLEMS, one_change
from .operations import EXCLUSIVE, PLAN_ONLY, Answer, Call, Reply, operation

TAG: Final = "views"


@operation("GET", "/entity-types/<type:type>/views", tag=TAG, replies={200: Reply("Views")})
def list_views(call: Call, type: str) -> Answer:  # noqa: A002  # the word of the path
    """List the views of an entity type: those of everybody, and one's own."""
    return Answer({"views": views.list_views(type, actor=call.actor)})


@operation(
    "PUT", "/entity-types/<type:type>/views/<view>", tag=TAG, mode=EXCLUSIVE, query=(PLAN_ONLY,),
    body="ViewChange", replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def set_view(call: Call, type: str, view: str) -> Answer:  # noqa: A002
    """Make or change a view that everybody can open."""
    wire.load(ViewChangeSchema, call.body)
    change = {**call.row(), "op": "set_view", "type": type, "view": view}
    return one_change(call, type, change)


@operation(
    "DELETE", "/entity-types/<type:type>/views/<view>", tag=TAG, mode=EXCLUSIVE,
    query=(PLAN_ONLY,), replies=CHANGED, problems=PROBLEMS,
)  # fmt: skip
def drop_view(call: Call, type: str, view: str) -> Answer:  # noqa: A002
    """Take away a view of everybody; what a plugin brought is hidden."""
    return one_change(call, type, {"op": "drop_view", "type": type, "view": view})


@operation(
    "PUT", "/my/views/<type>/<view>", tag=TAG, body="ViewChange",
    replies={200: Reply("View")}, problems=PROBLEMS,
)  # fmt: skip
def save_own_view(call: Call, type: str, view: str) -> Answer:  # noqa: A002
    """Make or change a view of one's own; its name begins with `my_`."""
    given = wire.load(ViewChangeSchema, call.body)
    return Answer(views.save(type, view, given, actor=call.actor))


@operation("DELETE", "/my/views/<type>/<view>", tag=TAG, replies={204: Reply(None)})
def drop_own_view(call: Call, type: str, view: str) -> Answer:  # noqa: A002
    """Take away a view of one's own."""
    views.drop(type, view, actor=call.actor)
    return Answer(status=204)
