"""What a dashboard is made of: widgets, each one question with the way to draw its answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

KINDS: Final = ("number", "chart", "table", "list", "funnel")
CHARTS: Final = ("bar", "line", "area", "pie", "donut")
SIZES: Final = ("small", "medium", "wide", "full")
PERIODS: Final = ("week", "month", "quarter", "year", "months")
OWNERS: Final = ("me", "team")
COMPARED: Final = ("before", "target")
#: Widgets that one dashboard may have, and letters of a label.
MOST, LABEL = 24, 80
_NAME: Final = re.compile(r"[a-z0-9_]{1,40}")
_CHOICES: Final = {"kind": KINDS, "chart": CHARTS, "size": SIZES}
_MAY_BE_EMPTY: Final = {"period": PERIODS, "compare": COMPARED}
#: By how many paths each kind may group.
_GROUPS: Final = {"number": (0, 0), "list": (0, 0), "funnel": (1, 1), "chart": (1, 2),
                  "table": (1, 2)}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One question: of which records, counted or summed by what, and how the answer is drawn.

    `type` with `view` (a saved view) and `filter` (as a query has it) say which records.
    `measure` is count or a function of a field, such as sum(amount); `share` is for numbers:
    {path, part, of}, how large a part of some groups one of them is. `group` are paths, the
    second one makes series or columns; that of a funnel is a choice. `date` is the path that the
    period goes by. A number is compared with the period before or with a `target`.
    """

    id: str
    kind: str
    type: str
    label: str = ""
    size: str = "medium"
    view: str | None = None
    filter: Any = None
    measure: str = "count"
    group: tuple[str, ...] = ()
    chart: str = "bar"
    date: str | None = None
    period: str | None = None
    compare: str | None = None
    target: str | None = None
    share: Any = None

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept: what is empty or as usual is left out."""
        usual = {f.name: f.default for f in fields(self)}
        made = {k: v for k, v in asdict(self).items() if v not in (None, usual[k])}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in made.items()}


def read_widget(given: Any) -> Widget:
    """Return a widget of what is kept or declared; ValueError says what is wrong."""
    if isinstance(given, Widget):
        given = given.as_json()
    if not isinstance(given, Mapping):
        raise ValueError("a widget must be Widget(...) or a dict")
    known = {f.name for f in fields(Widget)}
    if strange := sorted(str(name) for name in given if name not in known):
        raise ValueError(f"a widget has no '{strange[0]}'; it has {', '.join(sorted(known))}")
    if missing := [name for name in ("id", "kind", "type") if not given.get(name)]:
        raise ValueError(f"a widget needs '{missing[0]}'")
    made = Widget(**{**given, "group": tuple(given.get("group") or ())})
    _check(made)
    return made


def _check(made: Widget) -> None:
    if not _NAME.fullmatch(str(made.id)):
        raise ValueError("the id of a widget is up to 40 small letters, digits and _")
    for name, allowed in _CHOICES.items():
        if getattr(made, name) not in allowed:
            raise ValueError(f"{name} of widget '{made.id}' must be one of {', '.join(allowed)}")
    for name, allowed in _MAY_BE_EMPTY.items():
        if getattr(made, name) not in (None, *allowed):
            raise ValueError(f"{name} of widget '{made.id}' must be one of {', '.join(allowed)}")
    for name in ("type", "label", "measure", "view", "date", "target"):
        if not isinstance(getattr(made, name), (str, type(None))):
            raise ValueError(f"{name} of widget '{made.id}' must be text")
    least, most = _GROUPS[made.kind]
    if not least <= len(made.group) <= most or not all(isinstance(g, str) for g in made.group):
        raise ValueError(f"widget '{made.id}' groups by {least} to {most} paths")
    shared = made.share
    if shared is not None and not (
        isinstance(shared, Mapping) and {"path", "part", "of"} == set(shared)
    ):
        raise ValueError(f"share of widget '{made.id}' must have path, part and of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """What a plugin brings ready-made: its own name, a label, widgets in order.

    `at_home` puts its widgets on everybody's home page; `owner` and `period` are what it begins
    with.
    """

    name: str
    label: str
    widgets: tuple[Any, ...]
    icon: str = "chart-bar"
    at_home: bool = False
    owner: str = ""
    period: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A dashboard as somebody sees it. `key` is its address: a number, or `plugin.name`."""

    key: str
    label: str
    widgets: tuple[Widget, ...]
    icon: str = "chart-bar"
    #: The plugin that declares it; empty: somebody has built it.
    plugin: str = ""
    owner: int | None = None
    shared: bool = False
    audience: tuple[str, ...] = ()
    #: The row that keeps it, or what was changed of it.
    row: int | None = None
    hidden: bool = False
    at_home: bool = False
    begins: dict[str, str] = field(default_factory=dict)

    def widget(self, name: str) -> Widget | None:
        """Return one of its widgets."""
        return next((each for each in self.widgets if each.id == name), None)

    def free_id(self) -> str:
        """Return an id that none of its widgets has."""
        taken = {each.id for each in self.widgets}
        return next(f"w{n}" for n in range(1, len(taken) + 2) if f"w{n}" not in taken)


# -- what was changed of a declared one -----------------------------------------------------------
def changes_of(declared: tuple[Widget, ...], now: tuple[Widget, ...]) -> dict[str, Any]:
    """Return what differs: {order, widgets: {id: changed properties, or None: removed}}.

    What is not said stays as its plugin has it, so later versions of the plugin bring more.
    """
    base, held = {w.id: w for w in declared}, {w.id: w for w in now}
    changed: dict[str, Any] = {}
    for name, widget in held.items():
        known = base.get(name)
        whole = {f.name: getattr(widget, f.name) for f in fields(Widget)}
        own = {k: v for k, v in whole.items() if known is None or getattr(known, k) != v}
        if own:
            changed[name] = {k: list(v) if isinstance(v, tuple) else v for k, v in own.items()}
    changed |= {name: None for name in base if name not in held}
    return {"order": list(held), "widgets": changed}


def merged(declared: tuple[Widget, ...], changes: Mapping[str, Any]) -> tuple[Widget, ...]:
    """Return the widgets of a declared dashboard with what was changed laid over."""
    changed, held = changes.get("widgets") or {}, {w.id: w for w in declared}
    for name, own in changed.items():
        if own is None:
            held.pop(name, None)
        elif name in held:
            held[name] = read_widget({**held[name].as_json(), **own})
        elif "kind" in own and "type" in own:
            held[name] = read_widget(own)
    order = [name for name in changes.get("order") or () if name in held]
    return tuple(held[name] for name in (*order, *(n for n in held if n not in order)))
