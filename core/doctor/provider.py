"""Signing in by a provider: whether the settings are enough, and what the provider answers."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from .. import db, models
from ..auth import oidc
from ..errors import RelatumError
from .findings import Finding

_ROLE = models.Role.__table__


def findings(connection: sa.Connection) -> Iterator[Finding]:
    """Yield what keeps people from signing in by the provider; asks nobody."""
    config = db.settings()
    if not config.oidc_issuer:
        return
    if not config.base_url:
        text = "There is no button of the sign-in provider, since it would not know the way back"
        yield Finding("provider_without_base", text, "Set base_url")
    if config.oidc_create != "no":
        there = sa.select(_ROLE.c.id).where(_ROLE.c.name == config.oidc_create)
        if connection.execute(there).first() is None:
            text = f"oidc_create names the role {config.oidc_create!r}, which is not there"
            yield Finding("provider_role_unknown", text, "See: relatum roles list")


def asked() -> list[Finding]:
    """Return what is wrong with what the provider says of itself; never in a transaction."""
    if not oidc.is_offered():
        return []
    try:
        oidc.metadata(anew=True)
    except RelatumError as error:
        text = f"The sign-in provider can't be used: {error.__cause__ or error}".rstrip(".")
        return [Finding("provider_failed", text, "Correct oidc_issuer, or the provider")]
    return []
