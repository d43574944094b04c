"""The sign-in provider that an instance was told of: read from the text of settings."""

from __future__ import annotations

from urllib.parse import urlsplit


def read_issuer(text: str) -> None:
    """Raise ValueError for what no provider of OpenID Connect calls itself."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, 0
    if not host or port == 0 or not text.isprintable() or " " in text:
        raise ValueError("it is no address such as https://sso.example.org")
    if parts.scheme not in ("https", "http"):
        raise ValueError("it must begin with https://")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it may have a host, a port and a path, and nothing else")


def read_secret(text: str) -> None:
    """Raise ValueError for what can't be sent as the secret of a client."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("it may have letters, digits and signs of ASCII only")
