"""Checks of who comes in: what is declared, what addresses ask for, what roles are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any

from packaging.version import Version

from .. import roles
from ..plugin_host import Unfit, commands_of, discovery, write_manifest
from ..plugin_host.routes import Rule
from ..privacy.finding import is_personal
from .bench import Bench, NotAsked, demand
from .client import Client
from .instances import Instance
from .people import Users

#: From this status on an answer is no refusal, but a failure.
_BROKEN = 500
_PLACE = re.compile(r"<(?:(\w+)(?:\(([^)]*)\))?:)?\w+>")
#: Fields of these types say something of a person where they stand beside a name.
_OF_PEOPLE = frozenset({"person_name", "email", "phone", "address", "encrypted"})


def what_it_declares_is_what_it_brings(bench: Bench) -> None:
    """Check that plugin.json, which whoever enables it has read, is the code's own list."""
    path = bench.active.found.path
    remedy = f"Run: relatum plugins manifest {path}"
    if path.is_dir():
        try:
            stale = write_manifest(path, only_look=True)
        except Unfit as unfit:
            demand([str(unfit)], "plugin.json can't be made from its code", remedy)
        demand([str(path / "plugin.json")] if stale else [], "this file is out of date", remedy)
    bench.shared.read(commands_of, bench.id)
    demand(_versions(bench), "the distribution and Plugin(...) differ", "Say one version in both.")


def _versions(bench: Bench) -> list[str]:
    found = bench.active.found
    points = entry_points(group=discovery.GROUP, name=found.id)
    versions = [point.dist.version for point in points if point.dist is not None]
    if found.source != discovery.INSTALLED:
        return []
    return [f"{v} and {found.version}" for v in versions if Version(v) != Version(found.version)]


def its_addresses_ask_for_a_sign_in_unless_they_are_public(bench: Bench) -> None:
    """Refuse that anybody gets past an address that is not marked as public."""
    told = []
    for rule, status in _answers(bench, None):
        if not rule.public and status not in (401, 403):
            told.append(f"{rule} answers {status} to anybody")
        # Whoever sends something wrong to sign in by is refused, too.
        if rule.public and (status >= _BROKEN or (status == 401 and rule.method == "GET")):
            told.append(f"{rule} is public, and answers {status}")
    demand(told, "who is not signed in is answered otherwise than declared", _MARKS)


_MARKS = (
    "Mark the view with @requires(PERMISSION), or with @requires(public=True) if anybody may ask "
    "for it, and let a public view answer without knowing who asks."
)


def its_addresses_refuse_who_has_no_rights(bench: Bench) -> None:
    """Check that who holds no role is refused at every address that is not public."""
    told = [
        f"{rule} answers {status} to somebody without rights"
        for rule, status in _answers(bench, "guest")
        if not rule.public and status != 403
    ]
    demand(told, "a permission is asked for and not held, and yet", _MARKS)


def its_addresses_answer_who_sees_none_of_its_records(bench: Bench) -> None:
    """Check that nothing breaks for who holds all permissions, and sees no type and no field."""
    names = [each.name for active in bench.loaded.active.values() for each in active.permissions]
    with bench.fresh() as app:
        app.write(roles.save, "keys", {"permissions": names})
        app.write(roles.hold, "user", Users(app).named("guest").id, ["keys"])
        told = [f"{rule} answers {s}" for rule, s in _answers(bench, "guest", app) if s >= _BROKEN]
    demand(told, "it fails for somebody who may use it and sees none of its records", _SIGHT)


_SIGHT = "Ask seen(actor) for the types and fields that are there, or may(actor, ACTION, TYPE)."


def _answers(
    bench: Bench, user: str | None, app: Instance | None = None
) -> Iterator[tuple[Rule, int]]:
    """Yield each address of the plugin and what it answers somebody, in the shared instance."""
    rules, app = bench.active.rules, app or bench.shared
    if not rules:
        raise NotAsked("it brings no addresses")
    with app.served() as application:
        client = Client(app, application)
        client = client.anonymous() if user is None else client.of(user)
        client.headers["Accept"] = "application/json"
        for rule in rules:
            address = _PLACE.sub(_filled, rule.address)
            given: dict[str, Any] = {} if rule.method in ("GET", "DELETE") else {"json": {}}
            yield rule, client.open(address, method=rule.method, **given).status_code


def _filled(place: re.Match[str]) -> str:
    """Return something that stands for a place in an address."""
    kind, detail = place[1], place[2]
    if kind in ("int", "float"):
        return "1" if kind == "int" else "1.5"
    if kind == "any" and detail:
        return detail.split(",")[0].strip().strip("'\"")
    return "x"


def roles_are_given_what_the_plan_says_and_no_more(bench: Bench) -> None:
    """Check that what it lets people do is given to roles in sight, or to administrators alone."""
    active = bench.active
    with bench.fresh(enabled=False) as app:
        before = _lines(app)
        plan = bench.kit.enable(app, bench.id)
        after = _lines(app)
    proposed = {(role, each.name) for each in active.permissions for role in each.roles}
    labels = {each.name: each.label for each in active.permissions}
    had = {(role, name) for role, names in before.items() for name in names}
    new = {(role, name) for role, names in after.items() for name in names} - had
    told = [f"{role} has got {name}" for role, name in sorted(new - proposed)]
    told += [
        f"{role} has got {name}, and the plan does not say so"
        for role, name in sorted(new & proposed)
        if f"{role} may: {labels[name]}" not in plan.notes
    ]
    demand(told, "roles have permissions of it that nobody was told of", _PROPOSE)


_PROPOSE = "Propose them by Permission(..., roles=[...]), or leave them to the administrator."


def _lines(app: Instance) -> dict[str, set[str]]:
    """Return the permissions of plugins that each role has, by its name."""
    return {role["name"]: set(role["permissions"]) for role in app.read(roles.list_roles)}


def what_it_knows_of_people_is_marked_as_personal(bench: Bench) -> None:
    """Check that what is personal is marked, so that it is erased with a person."""
    if not bench.types:
        raise NotAsked("it has no types")
    catalog, told = bench.shared.catalog, list[str]()
    for entity_type in (catalog.types[name] for name in bench.types):
        kinds = {field.kind for field in entity_type.own_fields}
        if "person_name" in kinds:
            told += [
                f"{entity_type.name}.{field.name} ({field.kind})"
                for field in entity_type.own_fields
                if field.kind in _OF_PEOPLE and not is_personal(field)
            ]
    demand(
        told,
        "a type that knows people by name has fields that are not marked as personal",
        'Declare them with "personal": True, or nobody finds and erases them with the person.',
    )


CHECKS = (
    what_it_declares_is_what_it_brings,
    its_addresses_ask_for_a_sign_in_unless_they_are_public,
    its_addresses_refuse_who_has_no_rights,
    its_addresses_answer_who_sees_none_of_its_records,
    roles_are_given_what_the_plan_says_and_no_more,
    what_it_knows_of_people_is_marked_as_personal,
)
