"""The job that converts the values of a field whose type is being changed, then switches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from marshmallow import Schema, fields

from ..errors import RelatumError
from ..jobs import Chunk, Kind, Step
from .retyping import advance, progress

NAME: Final = "retype"
_FINISH: Final = "finish"


class RetypeArguments(Schema):
    """The field whose type is being changed."""

    type = fields.String(required=True)
    field = fields.String(required=True)


def kind(apply: Callable[..., Any]) -> Kind:
    """Return the kind of the job; `apply` applies changes of the data model."""

    def run(chunk: Chunk) -> Step:
        if chunk.checkpoint is None:
            return _convert(chunk)
        op = "finish_retype" if chunk.checkpoint == _FINISH else "cancel_retype"
        apply([{"op": op, **chunk.arguments}], actor=chunk.actor)
        if op == "finish_retype":
            return chunk.finish({"rows": chunk.done})
        return chunk.finish({"given_up": chunk.checkpoint})

    return Kind(
        name=NAME, title="Change the type of a field", run=run, arguments=RetypeArguments,
        permission="customise", chunk=5_000,
    )  # fmt: skip


def _convert(chunk: Chunk) -> Step:
    """Convert some rows; a value that does not fit gives the whole change up."""
    where = chunk.arguments
    try:
        before = progress(where["type"], where["field"])
        made = advance(where["type"], where["field"], chunk.size)
    except RelatumError as error:
        if error.code == "retype_lossy":
            chunk.log(str(error))
            return chunk.more(str(error), exclusive=True)
        if error.code in ("retype_not_running", "type_unknown"):
            return chunk.finish({"given_up": "it was cancelled, or finished by somebody else"})
        raise
    next_ = _FINISH if made.filled else None
    done = made.done - before.done
    return chunk.more(next_, done=done, total=made.total, exclusive=made.filled)
