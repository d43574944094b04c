"""Convert the values of a field whose type is being changed, then switch it in a generation."""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields

from .. import entities
from ..errors import RelatumError
from ..jobs import Chunk, Kind, Step, register

_FINISH: Final = "finish"


class RetypeArguments(Schema):
    """The field whose type is being changed."""

    type = fields.String(required=True)
    field = fields.String(required=True)


def retype(chunk: Chunk) -> Step:
    """Convert some rows; at the end switch. A value that does not fit gives the change up."""
    where = chunk.arguments
    if chunk.checkpoint == _FINISH:
        entities.apply([{"op": "finish_retype", **where}], actor=chunk.actor)
        return chunk.finish({"rows": chunk.done})
    if chunk.checkpoint is not None:
        entities.apply([{"op": "cancel_retype", **where}], actor=chunk.actor)
        return chunk.finish({"given_up": chunk.checkpoint})
    try:
        before = entities.progress(where["type"], where["field"])
        made = entities.advance(where["type"], where["field"], chunk.size)
    except RelatumError as error:
        if error.code == "retype_lossy":
            chunk.log(str(error))
            return chunk.more(str(error), exclusive=True)
        if error.code in ("retype_not_running", "type_unknown"):
            return chunk.finish({"given_up": "it was cancelled, or finished by somebody else"})
        raise
    done = made.done - before.done
    next_ = _FINISH if made.filled else None
    return chunk.more(next_, done=done, total=made.total, exclusive=made.filled)


RETYPE: Final = register(
    Kind(
        name=entities.RETYPE_JOB, title="Change the type of a field", run=retype,
        arguments=RetypeArguments, permission="customise", chunk=5_000,
    )
)  # fmt: skip
