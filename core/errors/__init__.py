"""The one registry of errors: a stable code, an HTTP status and a sentence for each.

Every sentence names the thing, the rule and the next step. Codes are part of the public
contract and are never translated; `relatum help errors` and /help/errors are made from
`REGISTRY`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from . import access_codes as access_codes
from . import change_codes as change_codes
from . import import_codes as import_codes
from . import instance_codes as instance_codes
from . import job_codes as job_codes
from . import mail_codes as mail_codes
from . import model_codes as model_codes
from . import outbound_codes as outbound_codes
from . import plugin_codes as plugin_codes
from . import request_codes as request_codes
from . import sign_in_codes as sign_in_codes
from . import value_codes as value_codes
from .registry import REGISTRY, ErrorCode, error_codes

__all__ = [
    "REGISTRY", "CodeNeeded", "ErrorCode", "Invalid", "Problem", "RecordMerged", "RelatumError",
    "error_codes",
    "nearest",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one value: where it is, which rule, and what was found.

    `row` counts from 0 within the batch that was sent; `field` is a field name or a path.
    """

    code: str
    params: dict[str, Any] = field(default_factory=dict)
    field: str | None = None
    row: int | None = None

    @property
    def message(self) -> str:
        """The sentence of the registry with this problem's values in it."""
        return REGISTRY[self.code].sentence(self.params)

    def at(self, *, field: str | None = None, row: int | None = None) -> Problem:
        """Return the same problem with its place filled in."""
        return Problem(
            self.code,
            self.params,
            self.field if field is None else field,
            self.row if row is None else row,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the `errors[]` item of a problem document."""
        return {
            "row": self.row,
            "field": self.field,
            "code": self.code,
            "message": self.message,
            "params": self.params,
        }


class RelatumError(Exception):
    """Refuse something for a reason that the caller can act on.

    Raised with a code of the registry and the values its sentence needs.
    """

    def __init__(self, code: str, **params: Any) -> None:
        self.code: Final = code
        self.params: Final = params
        self.problems: tuple[Problem, ...] = ()
        super().__init__(REGISTRY[code].sentence(params))

    @property
    def status(self) -> int:
        """The HTTP status that belongs to the code."""
        return REGISTRY[self.code].status

    @property
    def title(self) -> str:
        """The short name of the error, the same for every occurrence."""
        return REGISTRY[self.code].title

    def as_json(self) -> dict[str, Any]:
        """Return the problem document (RFC 9457) of this error."""
        return {
            "type": f"/help/errors#{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": str(self),
            "errors": [problem.as_json() for problem in self.problems],
        }


class CodeNeeded(RelatumError):
    """Refuse a right password or link until a code follows; the answer has a ticket for that."""

    def __init__(self, ticket: str) -> None:
        super().__init__("second_factor_needed")
        self.ticket: Final = ticket

    def as_json(self) -> dict[str, Any]:
        """Return the problem document with the ticket."""
        return super().as_json() | {"ticket": self.ticket}


class RecordMerged(RelatumError):
    """Refuse a record that was merged into another; the answer says into which."""

    def __init__(self, type_name: str, record_id: int, into: int) -> None:
        super().__init__("record_merged", type=type_name, id=record_id, merged_into=into)

    def as_json(self) -> dict[str, Any]:
        """Return the problem document with the record that is left."""
        return super().as_json() | {"merged_into": self.params["merged_into"]}


class Invalid(RelatumError):
    """Refuse values: a list of problems, each with its row, field, code and sentence.

    Problems that all have one code of their own status (a duplicate, a missing record, an old
    version) give that code and status to the whole; anything else is `invalid` or `conflict`.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, codes = problems[0], {problem.code for problem in problems}
        statuses = {REGISTRY[code].status for code in codes}
        if codes == {first.code} and first.code in WHOLE:
            super().__init__(first.code, **first.params)
        else:
            place = f"{first.field}: " if first.field else ""
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            code = "conflict" if statuses == {409} else "invalid"
            super().__init__(code, first=f"{place}{first.message}{more}")
        self.problems = tuple(problems)


#: Codes of problems that speak for a whole request.
WHOLE: Final = frozenset(
    {
        "record_unknown",
        "record_forbidden",
        "assign_forbidden",
        "admin_only",
        "version_mismatch",
        "confirm_needed",
        "duplicate",
        "duplicate_hidden",
        "restore_conflict",
        "still_referenced",
        "still_needed",
        "not_in_trash",
    }
)


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str:
    """Return ` Did you mean 'x'?` for the closest known word, or an empty text."""
    from rapidfuzz import fuzz, process  # noqa: PLC0415  # loaded only when something is wrong

    # A word mistyped as a whole goes before one that only has it as a part: nam is name first.
    for scorer in (fuzz.ratio, fuzz.WRatio):
        found = process.extractOne(
            word[:200], known, scorer=scorer, processor=str.casefold, score_cutoff=60
        )
        if found:
            break
    return f" Did you mean '{found[0]}'?" if found else ""
