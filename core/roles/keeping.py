"""What roles say of a plugin's types, fields and permissions: told, put back, and forgotten."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from .. import access, db
from ..access.grants import GRANT
from ..actor import Actor
from .editing import list_roles, save


def lines_on(
    plugin: str, types: Collection[str], fields: Collection[tuple[str, str]], *, actor: Actor
) -> dict[str, dict[str, Any]]:
    """Return what roles say of types, of all their fields and others, and of permissions, by role.

    Each is {types, fields, permissions} as `list_roles` has them; roles that say nothing are left
    out.
    """
    others = {f"{type_name}.{field}" for type_name, field in fields}
    found: dict[str, dict[str, Any]] = {}
    for role in list_roles(actor=actor):
        said = {
            "types": {n: line for n, line in role["types"].items() if n in types},
            "fields": {
                path: rights
                for path, rights in role["fields"].items()
                if path in others or path.partition(".")[0] in types
            },
            "permissions": [p for p in role["permissions"] if p.startswith(f"{plugin}.")],
        }
        if any(said.values()):
            found[role["name"]] = said
    return found


def put_back(lines: Mapping[str, Mapping[str, Any]], *, actor: Actor) -> None:
    """Let roles say again what `lines_on` returned, besides what they say now; raise as `save`."""
    for role in list_roles(actor=actor):
        kept = lines.get(role["name"])
        if kept is not None:
            given = {
                "types": {**role["types"], **kept["types"]},
                "fields": {**role["fields"], **kept["fields"]},
                "permissions": sorted({*role["permissions"], *kept["permissions"]}),
            }
            save(role["name"], given, actor=actor)


def forget_permissions(plugin: str) -> None:
    """Take the permissions of a plugin from all roles, in the open writing transaction."""
    its = GRANT.c.action.startswith(f"{plugin}.", autoescape=True)
    db.for_writing().connection.execute(sa.delete(GRANT).where(GRANT.c.type_id.is_(None), its))
    access.changed()
