"""Who sees a new type: as the roles' lines for all types say, or narrower from the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from .. import access, db
from ..access import grants
from ..access.grants import GRANT, Role
from ..catalog import EntityType
from ..languages import Phrase

#: What may be chosen for a new type, and what that means for whoever holds a role.
OPENINGS: Final = {
    "usual": Phrase("As each role says for all types"),
    "own": Phrase("Everybody works with their own records alone"),
    "read": Phrase("Who reads all types reads it, and nobody changes it"),
    "closed": Phrase("Only administrators see it, until a role says otherwise"),
}


def open_type(entity_type: EntityType, opening: str) -> None:
    """Give every role a line on a new type, in the open exclusive transaction; usual: none."""
    if opening == "usual":
        return
    rows = [
        {"role_id": role.id, "type_id": entity_type.id, "criteria": None, **row}
        for role in grants.current().roles.values()
        if None in role.lines and entity_type.id not in role.lines
        for row in _line(role, opening)
    ]
    if rows:
        db.for_writing().connection.execute(sa.insert(GRANT), rows)
        access.changed()


def _line(role: Role, opening: str) -> Iterator[dict[str, Any]]:
    general = {a: g for a, g in role.lines[None].items() if a in access.ACTIONS}
    if opening == "closed" or not general:
        yield {"action": "none", "scope": "all"}
        return
    for action, given in general.items():
        if opening == "own":
            yield {"action": action, "scope": "all" if action in access.WHOLE else "own"}
        elif action == "read":
            yield {"action": action, "scope": given.scope}


def told_of(opening: str, readers: str) -> Phrase:
    """Return what a plan says of who will see a new type."""
    if opening == "closed" or not readers:
        return Phrase("only administrators will see it, until a role says otherwise")
    if opening == "own":
        return Phrase("who holds {roles} will see their own records", roles=readers)
    if opening == "read":
        return Phrase("who holds {roles} will see it, and nobody changes it", roles=readers)
    return Phrase("who holds {roles} will see it", roles=readers)
