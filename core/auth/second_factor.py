"""The second step of signing in: codes of an app by time (TOTP), and recovery codes for its loss.

The app's secret is encrypted with the key ring; of recovery codes only digests are kept. A code
counts once: one of the same or an earlier half-minute than the last is refused.
"""

from __future__ import annotations

import hmac
import math
import secrets
from base64 import b32encode
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import pyotp
import sqlalchemy as sa

from .. import access, audit, clock, db, keys, models
from ..actor import Actor
from ..errors import RelatumError
from .people import USERS, digest, end_all, known

FACTORS: Any = models.SecondFactor.__table__
CODES: Any = models.RecoveryCode.__table__
#: How many recovery codes somebody gets.
RECOVERY_CODES: Final = 10
#: Seconds of one code, and how many codes before and after the current one are taken, too.
_STEP: Final = 30
_AROUND: Final = 1
#: After so many wrong codes in a row one waits: at first a step, twice as long after each.
_FREE: Final = 5
_LONGEST_WAIT: Final = 3600


class NewFactor(NamedTuple):
    """What an app is told to make codes: the secret, and the address that a QR code holds."""

    secret: str
    uri: str


def is_on(user_id: int) -> bool:
    """Say whether a user's password alone does not sign him in."""
    query = sa.select(FACTORS.c.user_id).where(
        FACTORS.c.user_id == user_id, FACTORS.c.confirmed_at.is_not(None)
    )
    return db.current().connection.execute(query).first() is not None


def is_required(actor: Actor) -> bool:
    """Say whether the setting require_second_factor wants one of an actor."""
    wanted = db.settings().require_second_factor
    return wanted == "all" or (wanted == "admins" and actor.admin)


def must_set_up(actor: Actor) -> bool:
    """Say whether an actor needs a second factor and has none yet."""
    return is_required(actor) and not is_on(_own(actor))


def look(*, actor: Actor) -> dict[str, Any]:
    """Return whether the actor's own is on, since when, how many recovery codes are left."""
    user_id = _own(actor)
    query = sa.select(FACTORS.c.confirmed_at).where(FACTORS.c.user_id == user_id)
    connection = db.current().connection
    since = connection.execute(query).scalar()
    left = sa.select(sa.func.count()).select_from(CODES).where(CODES.c.user_id == user_id)
    return {
        "on": since is not None, "since": since, "required": is_required(actor),
        "recovery_codes": connection.execute(left).scalar_one() if since is not None else 0,
    }  # fmt: skip


def set_up(*, actor: Actor) -> NewFactor:
    """Make a secret for the actor's app, which counts once `confirm` has seen a code of it.

    Raises `second_factor_on`.
    """
    user_id, tx = _own(actor), db.for_writing()
    if is_on(user_id):
        raise RelatumError("second_factor_on")
    secret = pyotp.random_base32()
    tx.connection.execute(sa.delete(FACTORS).where(FACTORS.c.user_id == user_id))
    row = {
        "user_id": user_id, "secret": keys.ring().seal(secret, _place(user_id)), "last_step": 0,
        "failures": 0,
    }  # fmt: skip
    tx.connection.execute(sa.insert(FACTORS), row)
    return NewFactor(secret, _uri(user_id, secret))


def begun(*, actor: Actor) -> NewFactor | None:
    """Return what `set_up` has made and nobody has confirmed yet."""
    row = _row(_own(actor))
    hidden = row is None or row.confirmed_at is not None or actor.reads_only
    secret = None if hidden else _secret(row)
    return None if secret is None else NewFactor(secret, _uri(row.user_id, secret))


def confirm(code: str, *, actor: Actor, keep: str | None = None) -> list[str]:
    """Switch the actor's second factor on by a code of the app; return the recovery codes.

    Ends his other sessions, which began without; `keep` is the cookie of the one that goes on.
    Raises `second_factor_on`, `second_factor_off` if none was begun, `code_wrong`.
    """
    user_id, tx = _own(actor), db.for_writing()
    row = _row(user_id)
    if row is None:
        raise RelatumError("second_factor_off")
    if row.confirmed_at is not None:
        raise RelatumError("second_factor_on")
    step = _step_of(row, _plain(code))
    if step is None:
        raise RelatumError("code_wrong")
    now = {"confirmed_at": clock.now(), "last_step": step}
    tx.connection.execute(sa.update(FACTORS).where(FACTORS.c.user_id == user_id).values(now))
    end_all(user_id, keep=keep)
    audit.note("second_factor_on", f"user:{user_id}", actor=actor)
    return new_recovery_codes(user_id, actor=actor)


def check(user_id: int, code: str) -> RelatumError | None:
    """Use up a code of a user's app or a recovery code; return the refusal of any other.

    It is returned, not raised: the transaction counts the wrong ones and has to commit. The
    refusals are `code_wrong`, and `too_many_tries` while one has to wait.
    """
    tx, row = db.for_writing(), _row(user_id, lock=True)
    if row is None or row.confirmed_at is None:
        return RelatumError("second_factor_off")
    now = clock.now()
    if row.wait_until is not None and row.wait_until > now:
        return _wait(row.wait_until - now)
    given = _plain(code)
    step = _step_of(row, given)
    this = sa.update(FACTORS).where(FACTORS.c.user_id == user_id)
    if step is None and not _use_recovery_code(user_id, given):
        tx.connection.execute(this.values(_failed(row.failures + 1, now)))
        return RelatumError("code_wrong")
    good = {"last_step": step or row.last_step, "failures": 0, "wait_until": None}
    tx.connection.execute(this.values(good))
    return None


def new_recovery_codes(user_id: int, *, actor: Actor) -> list[str]:
    """Make recovery codes in place of those that a user has, and return them: shown only now."""
    tx = db.for_writing()
    tx.connection.execute(sa.delete(CODES).where(CODES.c.user_id == user_id))
    made = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    rows = [{"user_id": user_id, "code_hash": digest(text)} for text in made]
    tx.connection.execute(sa.insert(CODES), rows)
    audit.note("recovery_codes_made", f"user:{user_id}", actor=actor)
    return ["-".join(text[i : i + 4] for i in range(0, 16, 4)) for text in made]


def switch_off(user_id: int, *, actor: Actor) -> None:
    """Forget a user's second factor and recovery codes."""
    audit.note("second_factor_off", f"user:{user_id}", actor=actor)
    connection = db.for_writing().connection
    connection.execute(sa.delete(CODES).where(CODES.c.user_id == user_id))
    connection.execute(sa.delete(FACTORS).where(FACTORS.c.user_id == user_id))


def reset(user_id: int, *, actor: Actor) -> None:
    """Let a user in without the second factor that he has lost, and end his sessions.

    Raises `forbidden`, `record_unknown`, `second_factor_off`.
    """
    access.require(actor, "reset", "second factors")
    db.for_writing()
    known(user_id)
    if not is_on(user_id):
        raise RelatumError("second_factor_off")
    switch_off(user_id, actor=actor)
    end_all(user_id)
    audit.note("second_factor_reset", f"user:{user_id}", actor=actor)


def reseal() -> int:
    """Encrypt every app's secret that an older key has encrypted with the current one."""
    tx, ring, moved = db.for_writing(), keys.ring(), 0
    key = sa.func.substr(FACTORS.c.secret, 3, keys.NAME_LENGTH)
    query = sa.select(FACTORS).where(key != ring.current).with_for_update()
    for row in tx.connection.execute(query).all():
        secret = _secret(row)
        if secret is not None:
            sealed = ring.seal(secret, _place(row.user_id))
            this = sa.update(FACTORS).where(FACTORS.c.user_id == row.user_id)
            tx.connection.execute(this.values(secret=sealed))
            moved += 1
    return moved


def _own(actor: Actor) -> int:
    if actor.user_id is None:
        raise RelatumError("not_signed_in")
    access.require_whole(actor, "change", "a second factor")
    return actor.user_id


def _row(user_id: int, *, lock: bool = False) -> Any:
    query = sa.select(FACTORS).where(FACTORS.c.user_id == user_id)
    if lock:
        query = query.with_for_update()
    return db.current().connection.execute(query).first()


def _place(user_id: int) -> str:
    return f"second_factor:{user_id}"


def _secret(row: Any) -> str | None:
    """Return the secret of an app; None if its key is lost."""
    return keys.ring().open(row.secret, _place(row.user_id))


def _uri(user_id: int, secret: str) -> str:
    query = sa.select(USERS.c.email, USERS.c.name).where(USERS.c.id == user_id)
    email, name = db.current().connection.execute(query).one()
    host = urlsplit(db.settings().base_url).hostname
    issuer = f"Relatum {host}" if host else "Relatum"
    return pyotp.TOTP(secret).provisioning_uri(name=email or name, issuer_name=issuer)


def _plain(code: str) -> str:
    """Return a code as it is compared: people type spaces, dashes and capitals."""
    return "".join(code[:100].split()).replace("-", "").lower()


def _step_of(row: Any, code: str) -> int | None:
    """Return the half-minute that a code is of, if it is one that may still be used."""
    secret = _secret(row)
    if secret is None or not (code.isascii() and code.isdigit()):
        return None
    app, now = pyotp.TOTP(secret, interval=_STEP), int(clock.now().timestamp()) // _STEP
    for step in range(now - _AROUND, now + _AROUND + 1):
        if step > row.last_step and hmac.compare_digest(app.generate_otp(step), code):
            return step
    return None


def _use_recovery_code(user_id: int, code: str) -> bool:
    gone = sa.delete(CODES).where(CODES.c.user_id == user_id, CODES.c.code_hash == digest(code))
    return bool(db.for_writing().connection.execute(gone).rowcount)


def _failed(failures: int, now: datetime) -> dict[str, Any]:
    wait = None
    if failures >= _FREE:
        seconds = min(_STEP * 2 ** min(failures - _FREE, 10), _LONGEST_WAIT)
        wait = now + timedelta(seconds=seconds)
    return {"failures": failures, "wait_until": wait}


def _wait(left: timedelta) -> RelatumError:
    return RelatumError("too_many_tries", seconds=max(1, math.ceil(left.total_seconds())))
