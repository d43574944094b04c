"""What plugins propose that roles hold; whoever enables the plugin accepts it with the plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from .. import access, catalog, db
from ..access import grants
from ..access.grants import GRANT
from ..errors import RelatumError
from ..languages import Phrase
from .opening import told_of

_KEY: Final = "grants"


class Proposal(NamedTuple):
    """A permission for a role; or a type of whose records it sees the personal fields, too."""

    role: str
    type: str | None = None
    permission: str | None = None
    label: str = ""


def of_declarations(document: Any) -> tuple[Any, list[Proposal]]:
    """Return declarations without their grants, and the proposals in these.

    `grants` is {role: [type, ...]}. Raises `definition_invalid`.
    """
    if not isinstance(document, Mapping) or _KEY not in document:
        return document, []
    given, rest = document[_KEY], {k: v for k, v in document.items() if k != _KEY}
    lists = isinstance(given, Mapping) and all(isinstance(v, list) for v in given.values())
    if not lists:
        raise RelatumError(
            "definition_invalid", what="grants", reason="must be {role: [type, ...]}"
        )
    found = [Proposal(str(role), type=str(n)) for role, names in given.items() for n in names]
    return rest, found


def told(
    proposals: Iterable[Proposal], new_types: Sequence[str], opening: str = "usual"
) -> list[str]:
    """Return sentences on who will see new types, and on what is proposed besides."""
    made: list[str] = []
    if new_types:
        seen = told_of(opening, ", ".join(access.readers()))
        made.append(Phrase("{types}: {sentence}", types=", ".join(new_types), sentence=seen))
    for role, each in _by_role(proposals).items():
        types = [p.type for p in each if p.type is not None]
        if types:
            made.append(f"{role} sees personal fields, too: {', '.join(types)}")
        made += [f"{role} may: {p.label or p.permission}" for p in each if p.permission]
    return made


def _by_role(proposals: Iterable[Proposal]) -> dict[str, list[Proposal]]:
    found: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        found.setdefault(proposal.role, []).append(proposal)
    return found


def accept(proposals: Iterable[Proposal]) -> None:
    """Give roles what is proposed, where they are there and have no word on it yet."""
    connection, known = db.for_writing().connection, catalog.current()
    roles, rows = grants.current().named, list[dict[str, Any]]()
    for proposal in proposals:
        role = roles.get(proposal.role)
        if role is None:
            continue
        general = role.lines.get(None, {})
        if proposal.permission is not None and proposal.permission not in general:
            row = {"type_id": None, "action": proposal.permission, "scope": "all"}
            rows.append({"role_id": role.id, "criteria": None, **row})
        if proposal.type is not None:
            type_id = known.type(proposal.type).id
            rows += [
                {"role_id": role.id, "type_id": type_id, "action": a, **given._asdict()}
                for a, given in general.items()
                if "." not in a and type_id not in role.lines
            ]
    if rows:
        connection.execute(sa.insert(GRANT), rows)
        access.changed()
