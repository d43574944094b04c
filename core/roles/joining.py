"""Who comes in by a sign-in provider: a user who is linked, is found, or is made by then."""

from __future__ import annotations

from .. import auth, db, records
from ..actor import system
from ..auth import identities
from ..auth.oidc import Identity
from ..errors import Invalid, RelatumError
from .holding import hold


def join(known: Identity) -> int:
    """Return the user whom a provider vouches for; `auth.enter` follows in the transaction.

    Whoever is not linked yet is found by the address that the provider has verified, or becomes a
    user with the role of the setting oidc_create. Raises `identity_unknown` for everybody else and
    for who may not sign in, `identity_taken`, `role_unknown`.
    """
    db.for_writing()
    user_id = identities.use(known.issuer, known.subject)
    if user_id is None:
        if known.email is None:
            raise RelatumError("identity_unknown")
        found = identities.holder(known.email)
        if found is not None and not (found.exact and auth.enters(found.user_id)):
            raise RelatumError("identity_unknown")
        user_id = _made(known, known.email) if found is None else found.user_id
        identities.link(user_id, known.issuer, known.subject)
    if not auth.enters(user_id):
        raise RelatumError("identity_unknown")
    return user_id


def _made(known: Identity, email: str) -> int:
    config, actor = db.settings(), system("ui")
    role, domain = config.oidc_create, email.rpartition("@")[2].casefold()
    domains = {each.strip().casefold() for each in config.oidc_domains.split(",")} - {""}
    if role == "no" or (domains and domain not in domains):
        raise RelatumError("identity_unknown")
    name = (known.name or "").strip()[:200] or email.partition("@")[0]
    try:
        [outcome] = records.create("user", [{"name": name, "email": email}], actor=actor)
    except Invalid:
        raise RelatumError("identity_unknown") from None
    assert outcome.id is not None
    made = outcome.id
    hold("user", made, [role], actor=actor)
    return made
