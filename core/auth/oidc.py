"""Signing in by a provider of OpenID Connect: where a browser is sent, and what it brings back.

The authorization code flow with PKCE: `depart` says where to go and seals what is to be found again
in a text for that browser alone; `arrive` takes that text and what the provider gave the browser,
asks the provider, and returns whom it vouches for. Both ask over HTTP, so outside transactions.
The protocol, signatures and claims are Authlib's; each connection is `core.outbound`'s.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from .. import clock, db, keys, outbound
from ..errors import RelatumError

#: Where the provider sends the browser back to; whoever serves pages answers here.
BACK: Final = "/sign-in/provider/back"
#: How long somebody may take at the provider.
BEGUN_SECONDS: Final = 600
_SCOPE: Final = "openid email profile"
#: Signatures by a key that only the provider has; none and those by a shared secret are no proof.
_ALGORITHMS: Final = frozenset(
    "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split()
)
#: Most characters of what a provider calls somebody, by the standard.
_LONGEST: Final = 255
#: How far the clocks of both sides may differ, in seconds.
_LEEWAY: Final = 60
#: How long what a provider says of itself is kept, and that it says nothing, in seconds.
_KEPT, _MISSED = 3600, 10
#: How long one thread waits while another asks, in seconds.
_PATIENCE: Final = 1
_PLACE: Final = "sign-in by a provider"
_log: Final = logging.getLogger("relatum.oidc")


class Begun(NamedTuple):
    """Where to send the browser, and what it has to bring back: sealed, for its cookie."""

    address: str
    sealed: str


class Identity(NamedTuple):
    """Whom a provider vouches for; `email` only if it says that it has verified it."""

    issuer: str
    subject: str
    email: str | None
    name: str | None


class Arrival(NamedTuple):
    """Who has come back from the provider, and the page that was wanted when it began."""

    identity: Identity
    to: str


def is_offered() -> bool:
    """Say whether people can sign in by a provider: it is set up, and so is base_url."""
    config = db.settings()
    return bool(config.oidc_issuer and config.base_url)


def depart(to: str) -> Begun:
    """Return where to send a browser that is to come back and go on to the page `to`.

    Raises `provider_off`, `provider_failed`.
    """
    found = metadata()
    held = {
        "state": secrets.token_urlsafe(32), "nonce": secrets.token_urlsafe(32),
        "verifier": secrets.token_urlsafe(48), "to": to, "issuer": db.settings().oidc_issuer,
        "until": int(clock.now().timestamp()) + BEGUN_SECONDS,
    }  # fmt: skip
    with _doubting():
        address, _ = _client().create_authorization_url(
            found["authorization_endpoint"], state=held["state"], nonce=held["nonce"],
            code_verifier=held["verifier"],
        )  # fmt: skip
        if urlsplit(address).scheme not in ("https", "http"):
            raise ValueError("its authorization_endpoint is no address of the web")
    return Begun(address, keys.ring().seal(json.dumps(held), _PLACE))


def arrive(sealed: str, given: Mapping[str, str]) -> Arrival:
    """Return who has come back with what the provider `given` the browser, and where to go on.

    Raises `provider_off`, `provider_failed`; `sign_in_over` if it was not begun in this browser, or
    too long ago, or is used up; `provider_refused` with the provider's reason.
    """
    if not is_offered():
        raise RelatumError("provider_off")
    held = _unsealed(sealed)
    if held is None or not secrets.compare_digest(
        given.get("state", "").encode(), held["state"].encode()
    ):
        raise RelatumError("sign_in_over")
    if "error" in given or "code" not in given:
        word = given.get("error", "")
        known = word.isascii() and word.replace("_", "").isalpha() and len(word) <= 40
        raise RelatumError("provider_refused", reason=word if known else "no code")
    found = metadata()
    with _doubting():
        if given.get("iss", found["issuer"]) != found["issuer"]:
            raise ValueError("the answer is another provider's")
        token = _token(found, given["code"], held["verifier"])
        claims = _claims(found, token, held["nonce"])
        return Arrival(_identity(found, {**claims, **_more(found, token, claims)}), held["to"])


def metadata(*, anew: bool = False) -> dict[str, Any]:
    """Return what the provider says of itself, kept for an hour unless it is to be asked `anew`.

    Raises `provider_off`, `provider_failed`.
    """
    if not is_offered():
        raise RelatumError("provider_off")
    issuer = db.settings().oidc_issuer
    until, found = _known.get(issuer, (0.0, None))
    asks = anew or until < time.monotonic()
    # One asks, others go on by what was known: a slow provider must not hold up all threads.
    if asks and _asking.acquire(timeout=0 if found and not anew else _PATIENCE):
        try:
            found = _learned(issuer, anew=anew)
        finally:
            _asking.release()
    if found is None:
        raise RelatumError("provider_failed")
    return found


_asking: Final = threading.Lock()
_known: Final[dict[str, tuple[float, dict[str, Any] | None]]] = {}


def _learned(issuer: str, *, anew: bool) -> dict[str, Any] | None:
    """Return what was found out while this thread waited, else ask."""
    until, found = _known.get(issuer, (0.0, None))
    if until > time.monotonic() and not anew:
        return found
    try:
        with _doubting():
            found = _discovered(issuer)
    except RelatumError:
        # Remembered, too: nobody waits for it again at once.
        _known[issuer] = (time.monotonic() + _MISSED, None)
        raise
    _known[issuer] = (time.monotonic() + _KEPT, found)
    return found


@contextmanager
def _doubting() -> Iterator[None]:
    """Turn all that can be wrong with a provider's answers into `provider_failed`, and log it."""
    try:
        yield
    except OAuth2Error as error:
        _log.warning("sign-in by the provider: %s", error)
        # The code is unknown to it, over or used up, or begun elsewhere.
        code = "sign_in_over" if error.error == "invalid_grant" else "provider_failed"
        raise RelatumError(code) from error
    except Exception as error:
        _log.warning("sign-in by the provider: %s: %s", type(error).__name__, error)
        raise RelatumError("provider_failed") from error


def _unsealed(sealed: str) -> dict[str, Any] | None:
    text = keys.ring().open(sealed, _PLACE)
    held: dict[str, Any] | None = None if text is None else json.loads(text)
    if held is None or held["until"] < clock.now().timestamp():
        return None
    return held if held["issuer"] == db.settings().oidc_issuer else None


def _discovered(issuer: str) -> dict[str, Any]:
    found = _json(_asked(get_well_known_url(issuer, external=True)))
    said = found.get("issuer")
    if not isinstance(said, str) or said.rstrip("/") != issuer.rstrip("/"):
        raise ValueError(f"it calls itself {said!r}, and oidc_issuer is {issuer!r}")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(found.get(name), str):
            raise ValueError(f"it does not name its {name}")
    found["keys"] = _keys(found)
    return found


def _keys(found: Mapping[str, Any]) -> KeySet:
    return KeySet.import_key_set(_json(_asked(found["jwks_uri"])))  # type: ignore[arg-type]


def _token(found: Mapping[str, Any], code: str, verifier: str) -> dict[str, Any]:
    """Return what the provider gives this client for a code."""
    last: OAuth2Error | None = None
    for proof in _proofs(found.get("token_endpoint_auth_methods_supported")):
        try:
            return dict(
                _client().fetch_token(
                    found["token_endpoint"], code=code, code_verifier=verifier, auth=proof
                )
            )
        except OAuth2Error as error:
            # Some insist on the one way that the client was registered for.
            if error.error != "invalid_client":
                raise
            last = error
    assert last is not None
    raise last


def _proofs(supported: Any) -> list[ClientAuth]:
    """Return the ways in which this client can prove to be itself, the usual one first."""
    name, secret = db.settings().oidc_client_id, db.settings().oidc_client_secret
    if not secret:
        return [ClientAuth(name, None, "none")]
    basic, post = "client_secret_basic", "client_secret_post"
    # In a header both are escaped first.
    ways = [ClientAuth(quote(name, ""), quote(secret, ""), basic)]
    if isinstance(supported, list) and post in supported:
        ways = [*(ways if basic in supported else ()), ClientAuth(name, secret, post)]
    return ways


def _claims(found: Mapping[str, Any], token: Mapping[str, Any], nonce: str) -> dict[str, Any]:
    """Return what the ID token claims: signed by the provider, for this client and this sign-in."""
    listed = found.get("id_token_signing_alg_values_supported") or ["RS256"]
    registry = JWSRegistry(
        algorithms=[each for each in listed if each in _ALGORITHMS], strict_check_header=False
    )
    try:
        read = jwt.decode(token["id_token"], found["keys"], registry=registry)
    except InvalidKeyIdError:
        # It has new keys.
        found = metadata(anew=True)
        read = jwt.decode(token["id_token"], found["keys"], registry=registry)
    client = db.settings().oidc_client_id
    wanted = {
        "iss": {"essential": True, "value": found["issuer"]},
        "aud": {"essential": True, "value": client},
    }
    told = {"nonce": nonce, "client_id": client, "access_token": token.get("access_token")}
    claims = CodeIDToken(read.claims, read.header, wanted, told)
    claims.validate(now=int(clock.now().timestamp()), leeway=_LEEWAY)
    return dict(claims)


def _more(
    found: Mapping[str, Any], token: Mapping[str, Any], claims: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the provider says of somebody besides, if it has not said the address yet."""
    address = found.get("userinfo_endpoint")
    if "email" in claims or not address:
        return {}
    said = _json(_asked(address, {"Authorization": f"Bearer {token['access_token']}"}))
    if said.get("sub") != claims["sub"]:
        raise ValueError("its userinfo_endpoint speaks of somebody else")
    return {name: said[name] for name in ("email", "email_verified", "name") if name in said}


def _identity(found: Mapping[str, Any], claims: Mapping[str, Any]) -> Identity:
    subject, email, name = (_text(claims.get(each)) for each in ("sub", "email", "name"))
    if subject is None or len(subject) > _LONGEST:
        raise ValueError(f"its sub is no text of up to {_LONGEST} characters")
    # Some say true as a text.
    said = claims.get("email_verified")
    verified = said is True or said == "true"
    return Identity(found["issuer"], subject, email if verified else None, name)


def _text(value: Any) -> str | None:
    """Return a text that has something in it and nothing that can't be seen or kept."""
    return value if isinstance(value, str) and value and value.isprintable() else None


class _Response(NamedTuple):
    """An answer as Authlib reads one."""

    status_code: int
    text: bytes

    def json(self) -> Any:
        return json.loads(self.text)

    def raise_for_status(self) -> None:
        raise ValueError(f"it answers with the status {self.status_code}")


class _Http:
    """What Authlib sends requests by."""

    def post(self, url: str, data: Any, headers: Any, auth: ClientAuth) -> _Response:
        url, headers, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        got = _send(url, method="POST", headers=headers, body=body.encode())
        return _Response(got.status, got.body)


def _client() -> OAuth2Client:
    config = db.settings()
    return OAuth2Client(
        _Http(), config.oidc_client_id, scope=_SCOPE, code_challenge_method="S256",
        redirect_uri=config.base_url.rstrip("/") + BACK,
    )  # fmt: skip


def _asked(address: str, headers: Mapping[str, str] | None = None) -> outbound.Answer:
    return _send(address, headers={"Accept": "application/json", **(headers or {})})


def _send(address: str, **more: Any) -> outbound.Answer:
    # What the administrator has named may be a server of the house; what that names is checked.
    host = outbound.host_of(db.settings().oidc_issuer)
    return outbound.request(address, trusted=[host] if host else [], **more)


def _json(answer: outbound.Answer) -> dict[str, Any]:
    if answer.status != 200:
        raise ValueError(f"it answers with the status {answer.status}")
    found = json.loads(answer.body)
    if not isinstance(found, dict):
        raise TypeError("it answers something else than an object")
    return found
