"""What rights cost: a list as somebody sees it who may read some of it, against all of it."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from relatum.benchmarks.instance import Instance, grown
from relatum.benchmarks.report import Figure, Say, clock, compared
from relatum.core import auth, roles
from relatum.core.app import create_app

#: Roles, teams with users in them, and records shared with the one who asks.
ROLES: Final = 500
TEAMS: Final = 20
USERS: Final = 200
SHARES: Final = 10_000
#: How often as long as an administrator's list one may take.
TARGET: Final = 1.3
_WARM: Final = 5


def measure(instance: Instance, size: int, count: int, say: Say) -> list[Figure]:
    """Return the figures of a list of 50 for each scope."""
    name = grown(instance, size)
    asker = _people(instance, name)
    city = "Berlin"
    with instance.reading() as tx:
        found = tx.connection.exec_driver_sql(f"SELECT city FROM {name} GROUP BY city LIMIT 1")
        city = str(found.scalar_one())
    scopes: dict[str, Any] = {
        "own": "own", "team": "team", "team and beneath": "tree",
        "criteria": {"filter": {"field": "city", "value": city}},
    }  # fmt: skip
    figures = []
    for label, scope in scopes.items():
        say(f"  {label}")
        instance.write(roles.save, "asked", {"types": {name: {"read": scope}}})
        figures.append(_figure(instance, name, asker, label, size, count))
    return figures


def _people(instance: Instance, name: str) -> int:
    """Spread the records over users in teams; return the user who asks."""
    for number in range(ROLES):
        line = {"types": {name: {"read": "own"}}}
        instance.write(roles.save, f"role_{number}", line if number % 2 else {})
    instance.write(roles.save, "asked", {})
    teams = instance.create("team", [{"name": f"Team {n}"} for n in range(TEAMS)])
    rows = [{"name": f"User {n}", "team": teams[n % TEAMS]} for n in range(USERS)]
    users = instance.create("user", rows)
    instance.write(roles.hold, "user", users[0], ["asked", "role_1"])
    with instance.connection() as connection:
        connection.execute(
            sa.text(
                f"UPDATE {name} SET owner_id = {users[0]} + id % {USERS}, "
                f"team_id = {teams[0]} + id % {TEAMS}"
            )
        )
        connection.exec_driver_sql(
            "INSERT INTO core_share (record_id, user_id, update, created_at) "
            f"SELECT id, {users[0]}, {_false(connection)}, created_at FROM {name} "
            f"ORDER BY id DESC LIMIT {SHARES}".replace(" update,", ' "update",')
        )
    instance.settle()
    return users[0]


def _false(connection: Any) -> str:
    return "false" if connection.dialect.name == "postgresql" else "0"


def _figure(instance: Instance, name: str, asker: int, label: str, size: int, count: int) -> Figure:
    """Ask for a page over HTTP, in this process, as somebody and as the administrator."""
    app = create_app(instance.config)
    address = f"/api/v1/records/{name}?_sort=name&_limit=50&_fields=name,email,phone,city"
    _, token = instance.write(auth.make_token, asker, label, None)
    client = app.test_client()
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(count + _WARM):
        for series, text in zip(taken, (token, instance.token), strict=True):
            headers = {"Authorization": f"Bearer {text}"}
            seconds = clock(partial(client.get, address, headers=headers))
            if number >= _WARM:
                series.append(seconds)
    case = f"list of 50 of {size:,} as seen by '{label}', against all"
    return compared(case, *taken, TARGET)
