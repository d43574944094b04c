"""What is known of mutants: which are no decisions about rights, and which mean the same."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

_PLANS = "which of two statements is run that find the same, and whether an index drives it"
_PLACES = "where a page starts and ends, and in which order: not what may be on it"
_WRITTEN = "how an address and its words are written: what they name is looked up elsewhere"
_SHOWN = "how what was found is computed and written"
_HISTORY = "how history is put together again: who sees it is decided by past and lists"
_KEYS = "unique keys, options and trees: no decision about rights"
_DECLARED = "what a type checker reads, and defaults that are always given"
_LOCKS = "locks, of PostgreSQL alone"


def _of(path: str, names: str, why: str) -> dict[str, str]:
    return {f"{path} {name}": why for name in names.split()}


#: Files, and functions in files, that are left out, and why.
LEFT_OUT: Final[dict[str, str]] = {
    "core/query/cursors.py": _PLACES,
    "core/query/dateparts.py": _SHOWN,
    "core/query/density.py": _PLANS,
    "core/query/rebuilding.py": _HISTORY,
    "core/query/remade.py": _HISTORY,
    **_of(
        "core/query/sorting.py",
        "Term.ordered terms branches _compare _beyond", _PLACES,
    ),
    **_of(
        "core/query/lists.py",
        "_List.page _List._cursor _List._rows _List._after _List.count _List._matching",
        _PLACES,
    ),
    **_of("core/query/lists.py", "_List._is_dense _List._check_cost", _PLANS),
    **_of(
        "core/query/neighbours.py",
        "_Around.of _Around._parts _Around._beyond _number _first", _PLACES,
    ),
    **_of("core/query/neighbours.py", "_Around._most", _PLANS),
    **_of("core/query/merging.py", "_is_order_of_owners", _PLANS),
    **_of("core/query/filters.py", "is_driven is_ordered", _PLANS),
    **_of("core/query/terms.py", "SortKey.indexed", _PLANS),
    **_of("core/query/terms.py", "module Query", _DECLARED),
    **_of("core/query/related.py", "module _Link", _DECLARED),
    **_of("core/query/paths.py", "module Path", _DECLARED),
    **_of(
        "core/query/groups.py",
        "_Grouping.groups _Grouping._grouped_value _Grouping._computed _Grouping._row "
        "_Grouping._wired _value _result _check_sum _order _smallest_first",
        _SHOWN,
    ),
    **_of("core/query/related.py", "_from_row _from_list", _SHOWN),
    **_of("core/query/past.py", "instant _end_of", _WRITTEN),
    **_of("core/query/address.py", "module _json _word _pair _typed", _WRITTEN),
    **_of(
        "core/query/parse.py",
        "module _list _flag _text _limit _instant _works_on _category bounded", _WRITTEN,
    ),
    **_of(
        "core/records/checks.py",
        "key_values unique _bytes _touches _taken _shown holders _holding _holding.make shadows "
        "options trees",
        _KEYS,
    ),
    **_of("core/records/checks.py", "in_turn", _LOCKS),
}  # fmt: skip


def equivalent() -> dict[str, str]:
    """Return the mutants that mean the same as what is there, by their keys, and why."""
    text = Path(__file__).with_name("equivalent.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["same"]
    return {key: group["why"] for group in groups for key in group["mutants"]}
