"""What the machine of queries draws: fields, values, filters and orders."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from .reference import SETS, SPOTS, STAGES, WAYS, folded

TAGS = ["a", "A", "ä", "Äß", "vip", "VIP", " b"]
LETTERS = "aAäÄßsze\u0301éE-% _Ωω1\u212a"
TEXTS = st.text(LETTERS, max_size=6)
WHOLE = st.integers(-3, 3) | st.integers(-(2**53) + 1, 2**53 - 1)
AMOUNTS = st.decimals("-99.99", "99.99", places=2) | st.decimals("-1e9", "1e9", places=2)
DAYS = st.dates(date(2023, 12, 25), date(2024, 1, 8)) | st.dates(date(1, 1, 1), date(9999, 12, 31))
INSTANTS = st.datetimes(
    datetime(2024, 3, 30),  # noqa: DTZ001  # hypothesis adds the zone
    datetime(2024, 4, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
) | st.datetimes(
    datetime(1850, 1, 1),  # noqa: DTZ001
    datetime(2290, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
#: Field → how it is compared, and what its values are.
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": TEXTS,
    "note": TEXTS,
    "n": WHOLE,
    "amount": AMOUNTS,
    "day": DAYS,
    "at": INSTANTS,
    "opens": st.sampled_from(
        [time(0, 0), time(9, 5), time(9, 5, 1), time(12, 0), time(23, 59, 59)]
    ),
    "took": st.integers(0, 100) | st.integers(0, 100 * 366 * 24 * 3600),
    "stage": st.sampled_from(list(STAGES)),
    "spot": st.sampled_from(list(SPOTS)),
    "ways": st.lists(st.sampled_from(list(WAYS)), max_size=4),
    "tags": st.lists(st.sampled_from(TAGS), max_size=4),
    "ok": st.booleans(),
    "tri": st.booleans(),
    "home.city": TEXTS,
    "home.region": TEXTS,
    "secret": TEXTS,
    "hush": TEXTS,
}
#: What conditions compare with; nobody writes a number.
OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    **VALUES,
    "number": st.integers(1, 40).map("T-{:02}".format),
}
#: Fields of one line of text, members of an address among them.
LINES = ("name", "home.city", "home.region", "number")
#: Texts that the database holds encrypted: the first can be compared, the second is only there.
SEALED = ("secret", "hush")


def _options(options: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    made = [{"value": v, "label": v, "when": list(when)} for v, when in options.items()]
    return {"options": made, "settings": {"controlled_by": "stage"}}


KINDS: dict[str, dict[str, Any]] = {
    "name": {"kind": "text"},
    "note": {"kind": "long_text"},
    "n": {"kind": "integer", "sortable": True},
    "amount": {"kind": "decimal", "settings": {"scale": 2}, "indexed": True},
    "day": {"kind": "date", "sortable": True},
    "at": {"kind": "datetime"},
    "opens": {"kind": "time", "sortable": True},
    "took": {"kind": "duration"},
    "stage": {
        "kind": "choice",
        "options": [{"value": v, "label": v, "category": c} for v, c in STAGES.items()],
    },
    "spot": {"kind": "choice", **_options(SPOTS)},
    "ways": {"kind": "multi_choice", **_options(WAYS)},
    "tags": {"kind": "tags"},
    "ok": {"kind": "boolean"},
    "tri": {"kind": "boolean", "settings": {"tri_state": True}},
    "home": {"kind": "address", "settings": {"indexed_members": ["city"]}},
    "number": {
        "kind": "auto_number",
        "settings": {"mask": "T-{number:2}", "importable": True},
    },
    "secret": {"kind": "encrypted", "settings": {"filterable": True}},
    "hush": {"kind": "encrypted"},
}
LINKS = ("parent", "boss")
PATHS = [
    *VALUES, "parent.name", "parent.amount", "parent.parent.n", "boss.stage", "boss.day",
    "who.name", "parent.home.city", "boss.tags", "parent.ways", "number", "parent.number",
    "boss.secret", "parent.hush", "parent.spot",
]  # fmt: skip
ORDERED = [path for path in PATHS if not path.endswith(("note", *SETS, *SEALED))]
GROUPS = [
    "stage",
    "stage.category",
    "ok",
    "tri",
    "n",
    "name",
    "parent",
    "parent.stage",
    "who",
    *(f"{field}.{part}" for field in ("day", "at") for part in ("year", "quarter", "month")),
    *(f"{field}.{part}" for field in ("day", "at") for part in ("week", "day")),
    "boss.day.month",
    "opens",
    "opens.hour",
    "ways",
    "tags",
    "parent.tags",
    "home.city",
    "boss.home.region",
    "spot",
    "parent.number",
]
EQUALITY = ("eq", "ne")
ORDER = ("gt", "gte", "lt", "lte")


def wire(value: Any) -> Any:
    """Return a value as JSON carries it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, (date, datetime, time)) else value


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Return values as JSON carries them, members inside their field."""
    made: dict[str, Any] = {}
    for name, value in values.items():
        whole, _, member = name.partition(".")
        if member:
            made.setdefault(whole, {})[member] = wire(value)
        else:
            made[name] = wire(value)
    return made


def stored(name: str, value: Any) -> Any:
    """Return what a record holds for a value that was sent: blanks are cut, empty is nothing."""
    if isinstance(value, str) and name in ("note", *LINES, *SEALED):
        value = unicodedata.normalize("NFC", value)
        value = (value if name == "note" else value.strip()) or None
    if name == "ok":
        return bool(value)
    if name == "ways":
        return [way for way in WAYS if way in (value or [])]
    if name == "tags":
        found: dict[str, str] = {}
        for text in value or []:
            found.setdefault(folded(text.strip()), text.strip())
        return [found[key] for key in sorted(found)]
    return value


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    """Draw one condition with an operand that its field takes."""
    path = draw(st.sampled_from(PATHS))
    name = path.rpartition(".")[2]
    name = f"home.{name}" if "home." in path else name
    if name == "hush" or draw(st.integers(0, 5)) == 0:
        return {"field": path, "op": "empty", "value": draw(st.booleans())}
    if name in SETS:
        operator = draw(st.sampled_from(["has", "has_any", "has_all", "has_none"]))
        one = VALUES[name].filter(bool).map(lambda values: values[0].strip())
        many = st.lists(one, min_size=1, max_size=3)
        return {"field": path, "op": operator, "value": draw(one if operator == "has" else many)}
    if name == "note":
        text = draw(st.text(LETTERS, min_size=1, max_size=3))
        return {"field": path, "op": "has", "value": stored("note", text)}
    if name == "stage" and draw(st.booleans()):
        wanted = draw(st.lists(st.sampled_from(["open", "won", "lost"]), min_size=1))
        return {"field": path, "op": "category", "value": wanted}
    if name in LINES and draw(st.booleans()):
        operator = draw(st.sampled_from(["ieq", "contains", "starts"]))
        text = draw(st.text("aäszeω1ß", min_size=1, max_size=2))
        return {"field": path, "op": operator, "value": text}
    values = OPERANDS[name].map(lambda value: stored(name, value)).filter(lambda v: v is not None)
    operators: tuple[str, ...] = EQUALITY
    if name not in ("ok", "tri"):
        operators += ("in", "nin")
        if name not in ("stage", "spot", "secret", *LINES):
            operators += (*ORDER, "between")
    operator = draw(st.sampled_from(operators))
    size = {"in": (1, 3), "nin": (1, 3), "between": (2, 2)}.get(operator)
    if size:
        found = draw(st.lists(values, min_size=size[0], max_size=size[1]))
        return {"field": path, "op": operator, "value": found}
    return {"field": path, "op": operator, "value": draw(values)}


FILTERS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.builds(lambda part: {"not": part}, inner),
        st.builds(lambda parts: {"and": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"or": parts}, st.lists(inner, max_size=3)),
    ),
    max_leaves=5,
)
SORTS = st.lists(
    st.builds(
        lambda path, down: f"-{path}" if down else path, st.sampled_from(ORDERED), st.booleans()
    ),
    max_size=3,
    unique_by=lambda text: text.removeprefix("-"),
)


def as_json(node: dict[str, Any]) -> dict[str, Any]:
    """Return a filter as JSON carries it."""
    if "not" in node:
        return {"not": as_json(node["not"])}
    for word in ("and", "or"):
        if word in node:
            return {word: [as_json(part) for part in node[word]]}
    value = node["value"]
    sent = [wire(item) for item in value] if isinstance(value, list) else wire(value)
    return {**node, "value": sent}
