"""What rights cost: a list as somebody sees it who may read some of it, against all of it."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final

from sqlalchemy import event

from relatum.benchmarks.instance import Instance, grown
from relatum.benchmarks.report import Figure, Say, contrasted, in_turn, times
from relatum.core import auth, db, roles
from relatum.core.app import create_app

#: Roles, teams with users in them, and shares: as many with one of them as with all others.
ROLES: Final = 500
TEAMS: Final = 20
USERS: Final = 200
SHARES: Final = 10_000
#: How often as long as an administrator's list one may take, and how much longer in milliseconds
#: that of somebody with whom thousands of records are shared, or who sees next to none.
TARGET: Final = 1.3
MORE: Final = 30.0
#: Requests before the first that counts: PostgreSQL's plans are settled after ten.
_WARM: Final = 12
_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks, his team, and the records that are shared with him."""

    id: int
    team: int | None
    shared: frozenset[int]


def measure(instance: Instance, size: int, count: int, say: Say) -> list[Figure]:
    """Return the figures of a list of 50 for each scope, each compared with a filter by hand."""
    name = grown(instance, size)
    usual, laden, sparse = _people(instance, name)
    every = f"SELECT id, owner_id, team_id, city FROM {name} ORDER BY name__k, id"
    with instance.reading() as tx:
        rows = tx.connection.exec_driver_sql(every).all()
    city = min(row[3] for row in rows)
    scopes: dict[str, tuple[Any, Callable[[Asker, Any], bool]]] = {
        "own": ("own", lambda who, row: row[1] == who.id),
        "team": ("team", lambda who, row: who.team == row[2] or row[1] == who.id),
        "team and beneath": ("tree", lambda who, row: who.team == row[2] or row[1] == who.id),
        "criteria": (
            {"filter": {"field": "city", "value": city}},
            lambda who, row: row[3] == city or row[1] == who.id,
        ),
    }
    figures = []
    for label, (scope, admits) in scopes.items():
        say(f"  {label}")
        instance.write(roles.save, "asked", {"types": {name: {"read": scope}}})
        for who in (usual, laden, *([sparse] if scope == "own" else [])):
            seen = (row[0] for row in rows if admits(who, row) or row[0] in who.shared)
            wanted = [*islice(seen, _PAGE)]
            case = f"list of {_PAGE} of {size:,} as seen by '{label}'"
            figures.append(_figure(instance, name, who, case, wanted, count))
    return figures


def _people(instance: Instance, name: str) -> tuple[Asker, Asker, Asker]:
    """Spread the records over users in teams.

    Return one who asks, one with whom many are shared, and one who owns next to none.
    """
    for number in range(ROLES):
        line = {"types": {name: {"read": "own"}}}
        instance.write(roles.save, f"role_{number}", line if number % 2 else {})
    instance.write(roles.save, "asked", {})
    teams = instance.create("team", [{"name": f"Team {n}"} for n in range(TEAMS)])
    rows = [{"name": f"User {n}", "team": teams[n % TEAMS]} for n in range(USERS)]
    users = instance.create("user", rows)
    [sparse] = instance.create("user", [{"name": "Newcomer"}])
    usual, laden = users[0], users[TEAMS]
    for user in (usual, laden, sparse):
        instance.write(roles.hold, "user", user, ["asked", "role_1"])
    spread = f"owner_id = {users[0]} + id % {USERS}, team_id = {teams[0]} + id % {TEAMS}"
    others = f"{users[0]} + mod(id * 7919, {USERS})"
    with instance.connection() as connection:
        connection.exec_driver_sql(f"UPDATE {name} SET {spread}".replace("%", _percent(connection)))
        first = f"SELECT id FROM {name} ORDER BY id LIMIT {_PAGE}"
        connection.exec_driver_sql(
            f"UPDATE {name} SET owner_id = {sparse}, team_id = NULL WHERE id IN ({first})"
        )
        for whom, order in ((laden, "DESC"), (others, "ASC")):
            connection.exec_driver_sql(
                'INSERT INTO core_share (record_id, user_id, "update", created_at) '
                f"SELECT id, {whom}, {_false(connection)}, created_at FROM {name} "
                f"ORDER BY id {order} LIMIT {SHARES}"
            )
        shares = connection.exec_driver_sql("SELECT user_id, record_id FROM core_share").all()
    instance.settle()
    return (
        Asker(usual, teams[0], frozenset(r for user, r in shares if user == usual)),
        Asker(laden, teams[0], frozenset(r for user, r in shares if user == laden)),
        Asker(sparse, None, frozenset()),
    )


def _percent(connection: Any) -> str:
    """Return how a driver is told of a percent sign."""
    return "%%" if connection.dialect.name == "postgresql" else "%"


def _false(connection: Any) -> str:
    return "false" if connection.dialect.name == "postgresql" else "0"


def _figure(
    instance: Instance, name: str, who: Asker, case: str, wanted: list[int], count: int
) -> Figure:
    """Ask for a page over HTTP, in this process, as somebody and as the administrator."""
    app = create_app(instance.config)
    address = f"/api/v1/records/{name}?_sort=name&_limit={_PAGE}&_fields=name,email,phone,city"
    _, token = instance.write(auth.make_token, who.id, "asked", None)
    client = app.test_client()
    answer = client.get(address, headers={"Authorization": f"Bearer {token}"})
    told = answer.get_json()["records"]
    if [row["id"] for row in told] != wanted:
        raise AssertionError(f"{case}: the list is not what a filter by hand leaves")
    works = [
        partial(client.get, address, headers={"Authorization": f"Bearer {text}"})
        for text in (token, instance.token)
    ]
    for work in _WARM * works:
        work()
    note = "{} statements against {}".format(*(_statements(instance, work) for work in works))
    asked, all_ = in_turn(works, count)
    if who.team is not None and len(who.shared) < SHARES:
        return contrasted(f"{case}, against all", asked, all_, TARGET, note)
    more = 1000 * statistics.median(a - b for a, b in zip(asked, all_, strict=True))
    shown = f"{more:+.1f} ms ({note})"
    case += f", with {SHARES:,} shares" if who.shared else f", who owns {_PAGE}"
    case += ", against all"
    return Figure(case, times(asked), times(all_), more, shown, MORE)


def _statements(instance: Instance, work: Callable[[], object]) -> int:
    """Return how many statements some work takes, whatever the load of the machine."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        seen.append(text)

    with instance.app.app_context():
        engine = db.engine()
    event.listen(engine, "before_cursor_execute", note)
    work()
    event.remove(engine, "before_cursor_execute", note)
    return len(seen)
