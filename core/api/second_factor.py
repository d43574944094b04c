"""One's own second factor: to set it up, renew its recovery codes, switch it off; and its reset."""

from __future__ import annotations

from typing import Final

from ...schemas.people import CodeSchema
from ..auth import second_factor
from . import sessions, wire
from .operations import OWN, Answer, Call, Reply, operation

TAG: Final = "sign-in"


@operation(
    "GET", "/my/second-factor", tag=TAG, replies={200: Reply("SecondFactor")}, setting_up=True
)
def read_second_factor(call: Call) -> Answer:
    """Say whether one's second factor is on or required, and how many recovery codes are left."""
    return Answer(second_factor.look(actor=call.actor))


@operation(
    "POST", "/my/second-factor", tag=TAG, replies={201: Reply("NewSecondFactor")},
    problems=(409,), secret=True, setting_up=True,
)  # fmt: skip
def begin_second_factor(call: Call) -> Answer:
    """Make a secret for an app that shows codes; it counts once a code of it was confirmed."""
    return Answer(second_factor.set_up(actor=call.actor)._asdict(), 201)


@operation(
    "POST", "/my/second-factor/confirm", tag=TAG, body="Code", secret=True, setting_up=True,
    replies={200: Reply("RecoveryCodes")}, problems=(409, 422),
)  # fmt: skip
def confirm_second_factor(call: Call) -> Answer:
    """Switch the second factor on by a code of the app; the answer has the recovery codes.

    They are shown only now. One's other sessions end.
    """
    code = wire.load(CodeSchema, call.body)["code"]
    made = second_factor.confirm(code, actor=call.actor, keep=call.cookie)
    return Answer({"recovery_codes": made})


@operation(
    "POST", "/my/second-factor/recovery-codes", tag=TAG, mode=OWN, body="Code", secret=True,
    replies={200: Reply("RecoveryCodes")}, problems=(409, 422, 429),
)  # fmt: skip
def renew_recovery_codes(call: Call) -> Answer:
    """Make new recovery codes in place of all older ones; needs a code."""
    code, user_id = wire.load(CodeSchema, call.body)["code"], call.actor.user_id
    assert user_id is not None
    made = sessions.proved(
        code, lambda: second_factor.new_recovery_codes(user_id, actor=call.actor), actor=call.actor
    )
    return Answer({"recovery_codes": made})


@operation(
    "POST", "/my/second-factor/off", tag=TAG, mode=OWN, body="Code", replies={204: Reply(None)},
    problems=(409, 422, 429),
)  # fmt: skip
def switch_second_factor_off(call: Call) -> Answer:
    """Switch one's own second factor off; needs a code."""
    code, user_id = wire.load(CodeSchema, call.body)["code"], call.actor.user_id
    assert user_id is not None
    sessions.proved(
        code, lambda: second_factor.switch_off(user_id, actor=call.actor), actor=call.actor
    )
    return Answer(status=204)


@operation(
    "DELETE", "/users/<id:id>/second-factor", tag=TAG, replies={204: Reply(None)}, problems=(409,)
)
def reset_second_factor(call: Call, id: int) -> Answer:  # noqa: A002  # the word of the path
    """Let a user in again who has lost app and recovery codes; his sessions end."""
    second_factor.reset(id, actor=call.actor)
    return Answer(status=204)
