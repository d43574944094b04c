"""Certificates of what was erased: signed by the instance, so that it knows its own again."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

import orjson

from .. import changes, keys

_PLACE: Final = "certificate of erasure"


def sign(certificate: Mapping[str, Any]) -> dict[str, Any]:
    """Return a certificate with its signature."""
    return {**certificate, "signature": keys.ring().digest(_text(certificate), _PLACE)}


def is_genuine(certificate: Mapping[str, Any]) -> bool:
    """Say whether this instance has made a certificate, and nobody has changed it since."""
    given = str(certificate.get("signature", ""))
    rest = {name: value for name, value in certificate.items() if name != "signature"}
    made = keys.ring().digest(_text(rest), _PLACE)
    return hmac.compare_digest(given.encode(), made.encode())


def _text(certificate: Mapping[str, Any]) -> str:
    plain = orjson.loads(changes.dump(certificate))
    return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS).decode()
