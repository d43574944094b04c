"""Every operation as a route; a path's `<id:id>` is a whole number that JSON keeps exact."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

# Importing a module declares its operations.
from . import audit as audit
from . import bulk as bulk
from . import changes as changes
from . import entity_types as entity_types
from . import gate, wire
from . import health as health
from . import identities as identities
from . import jobs as jobs
from . import mail as mail
from . import merges as merges
from . import openapi as openapi
from . import own as own
from . import people as people
from . import plugins as plugins
from . import privacy as privacy
from . import records as records
from . import retyping as retyping
from . import roles as roles
from . import second_factor as second_factor
from . import session as session
from . import tokens as tokens
from . import views as views
from .operations import OPERATIONS, PREFIX, Operation


class Id(BaseConverter):
    """A record id in a path: 1 to 2^53 - 1, without leading zeros; 0 stands for any other."""

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        # Refused later: werkzeug would offer the methods of whatever else the path is like.
        sound = len(value) < 17 and value[0] != "0" and int(value) <= wire.ID_LIMIT
        return int(value) if sound else 0


class TypeName(BaseConverter):
    """A type's name where verbs stand beside it."""

    regex = "(?!(?:plan|apply|export)$)[^/]+"


def install(app: Flask) -> None:
    """Give `app` a route for every operation."""
    app.url_map.converters |= {"id": Id, "type": TypeName}
    for operation in OPERATIONS:
        app.add_url_rule(
            PREFIX + operation.path,
            endpoint=operation.name,
            view_func=_view(operation),
            methods=[operation.method],
        )


def _view(operation: Operation) -> Any:
    def view(**path: Any) -> Response:
        if path.get("id") == 0:
            raise NotFound
        return gate.answer(operation, path)

    return view
