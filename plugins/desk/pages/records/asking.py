"""What is asked on saving, such as about a record that may be there already, and the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import request

from relatum import RelatumError

#: The word of a form for the keys that its button answers with yes.
ACCEPT: Final = "_accept"
_ASKED: Final = "confirm_needed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands below the problems: links to other records, and a button if it may be saved."""

    records: Sequence[dict[str, Any]]
    #: The keys that the button accepts; empty where saving is refused whatever is said.
    keys: str


def accepted() -> frozenset[str]:
    """Return what the form, by the button that was pressed, answers with yes."""
    return frozenset(key for key in request.form.get(ACCEPT, "").split(",") if key)


def asked(error: Exception) -> Asked | None:
    """Return what a refusal asks; None if it asks nothing and names no records."""
    problems = error.problems if isinstance(error, RelatumError) else ()
    met = {each["id"]: each for p in problems for each in p.params.get("records", ())}
    only = problems and all(problem.code == _ASKED for problem in problems)
    # What was accepted before stays accepted: another plugin may ask after the first.
    keys = {p.params["key"] for p in problems} | accepted() if only else ()
    return Asked(list(met.values()), ",".join(sorted(keys))) if met or keys else None
