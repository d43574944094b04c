"""Where dashboards are kept, who sees them, and who changes them.

They are rows of the desk's own and no records: like a view, a dashboard is a definition and no
data. Whoever reads every record of an instance must not list what others have built for
themselves, and a record can't be shared with a role. Somebody's own is seen by its owner; an
administrator shares his with everybody, or with roles and teams. A declared one is seen by
everybody; its row, without an owner, is what administrators have changed of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from relatum import Actor, RelatumError, context, preferences, query, roles, seen

from .declared import declared
from .definitions import LABEL, MOST, Shown, Widget, changes_of, merged, read_widget

_TABLE: Final = "dashboards"
#: Dashboards that one user may have, and that may be shared in an instance.
MOST_OWN, MOST_SHARED = 50, 200
#: In an audience: everybody.
EVERYBODY: Final = "all"
#: The preference that names the dashboard of somebody's home page.
CHOSEN: Final = "desk.dashboard"


def _table() -> Any:
    return context().table(_TABLE)


# -- reading ------------------------------------------------------------------------------------
def seen_by(actor: Actor, *, hidden: bool = False) -> list[Shown]:
    """Return the dashboards that an actor sees: own ones, shared ones, declared ones.

    Administrators see all that are shared, and the declared ones that are `hidden` if asked.
    """
    own = _table().select({"owner": actor.user_id}, limit=MOST_OWN) if actor.user_id else []
    shared = _table().select({"shared": True}, limit=MOST_SHARED)
    circles = {EVERYBODY} if actor.admin else {EVERYBODY, *roles.circles(actor)}
    there = {row["id"]: row for row in own}
    for row in shared:
        if row["owner"] is not None and (actor.admin or circles & set(row["audience"])):
            there.setdefault(row["id"], row)
    made = [_of_row(row) for row in there.values()]
    changed = {row["declared"]: row for row in shared if row["owner"] is None}
    for key, base in declared().items():
        found = _laid_over(base, changed.get(key))
        if hidden or not found.hidden:
            made.append(found)
    return made


def _of_row(row: Mapping[str, Any]) -> Shown:
    return Shown(
        key=str(row["id"]), row=row["id"], label=row["label"], owner=row["owner"],
        shared=row["shared"], audience=tuple(row["audience"]),
        widgets=tuple(read_widget(each) for each in row["widgets"]),
    )  # fmt: skip


def _laid_over(base: Shown, row: Mapping[str, Any] | None) -> Shown:
    """Return a declared dashboard with what administrators have changed of it."""
    if row is None:
        return base
    changes = row["widgets"]
    return replace(
        base, row=row["id"], hidden=bool(changes.get("hidden")),
        label=changes.get("label") or base.label, widgets=merged(base.widgets, changes),
    )  # fmt: skip


def get(key: str, *, actor: Actor, hidden: bool = False, hold: bool = False) -> Shown:
    """Return a dashboard that an actor sees; raise `not_found`.

    One that is read to be changed is held: nobody else changes it until the transaction ends.
    """
    for found in seen_by(actor, hidden=hidden):
        if found.key == key:
            return _held(found) if hold and found.row is not None else found
    raise _no_dashboard(key)


def _held(found: Shown) -> Shown:
    row = next(iter(_table().select({"id": found.row}, limit=1, hold=True)), None)
    if found.plugin:
        return _laid_over(declared()[found.key], row)
    if row is None:
        raise _no_dashboard(found.key)
    return _of_row(row)


def _no_dashboard(key: str) -> RelatumError:
    return RelatumError("not_found", path=f"/dashboards/{key[:80]}")


def may_change(found: Shown, actor: Actor) -> bool:
    """Say whether an actor may change a dashboard: his own, and administrators what is shared."""
    if actor.reads_only or actor.user_id is None:
        return False
    if found.plugin or found.shared:
        return actor.admin
    return found.owner == actor.user_id


def chosen(known: Sequence[Shown], *, actor: Actor) -> Shown | None:
    """Return the one of some dashboards that stands on the actor's home page."""
    key = preferences.get(CHOSEN, actor=actor)
    return next((each for each in known if each.key == key), None)


def teams(*, actor: Actor) -> list[tuple[int, str]]:
    """Return id and name of the teams that an actor sees, by name."""
    if "team" not in seen(actor).types:
        return []
    asked = {"fields": ["name"], "sort": ["name"], "limit": MOST_SHARED}
    found = query.page(query.from_json("team", asked, actor=actor)).records
    return [(each["id"], each["name"]) for each in found]


# -- writing ------------------------------------------------------------------------------------
def create(label: str, *, actor: Actor, widgets: Sequence[Widget] = ()) -> Shown:
    """Make a dashboard of the actor's own and return it; raise `bad_parameter`."""
    _may_write(actor)
    if _table().count({"owner": actor.user_id}) >= MOST_OWN:
        raise RelatumError(
            "bad_parameter", name="dashboard",
            reason=f"you have {MOST_OWN}, which is the most; delete one first",
        )  # fmt: skip
    [id_] = _table().insert([{
        "owner": actor.user_id, "label": _label(label), "audience": [],
        "widgets": [each.as_json() for each in widgets],
    }])  # fmt: skip
    return get(str(id_), actor=actor)


def _may_write(actor: Actor) -> None:
    if actor.reads_only or actor.user_id is None:
        raise RelatumError("forbidden", action="change", thing="dashboards")


def _label(text: str) -> str:
    label = " ".join(text.split())[:LABEL]
    if not label:
        raise RelatumError("bad_parameter", name="label", reason="a dashboard needs a label")
    return label


def keep(found: Shown, *, actor: Actor, **changes: Any) -> Shown:
    """Change label, widgets, audience or hidden of a dashboard and return it as it is then.

    Raises `forbidden` for who may not, `bad_parameter` for what can't be.
    """
    if not may_change(found, actor):
        raise RelatumError("forbidden", action="change", thing=f"dashboard '{found.label}'")
    made = replace(found, **changes)
    made = replace(made, label=_label(made.label))
    if len(made.widgets) > MOST:
        raise RelatumError(
            "bad_parameter", name="widgets",
            reason=f"a dashboard has {MOST} at most; remove one first",
        )  # fmt: skip
    if made.audience != found.audience:
        made = replace(made, shared=_shares(made, actor))
    if made.plugin:
        _keep_changes(made)
    else:
        _table().update([{
            "id": made.row, "label": made.label, "shared": made.shared,
            "audience": list(made.audience), "widgets": [w.as_json() for w in made.widgets],
        }])  # fmt: skip
    return get(made.key, actor=actor, hidden=True)


def _shares(made: Shown, actor: Actor) -> bool:
    """Return whether it is shared from now on; only administrators share."""
    if made.plugin or not actor.admin:
        raise RelatumError("forbidden", action="share", thing=f"dashboard '{made.label}'")
    return bool(made.audience)


def _keep_changes(made: Shown) -> None:
    base = declared()[made.key]
    changes: dict[str, Any] = changes_of(base.widgets, made.widgets)
    if made.label != base.label:
        changes["label"] = made.label
    if made.hidden:
        changes["hidden"] = True
    row = {"widgets": changes, "label": made.label}
    if made.row is None:
        _table().insert([{**row, "declared": made.key, "shared": True, "audience": []}])
    else:
        _table().update([{**row, "id": made.row}])


def drop(found: Shown, *, actor: Actor) -> None:
    """Delete a dashboard; of a declared one, what was changed of it. Raises `forbidden`."""
    if not may_change(found, actor):
        raise RelatumError("forbidden", action="delete", thing=f"dashboard '{found.label}'")
    if found.row is not None:
        _table().delete({"id": found.row})
