"""The one way to an HTTP address that somebody has typed or configured: checked, then connected.

The address is read as browsers read it, its name resolved once, every answer checked, and the
connection made to exactly what was checked, so a name that answers otherwise a moment later leads
nowhere. TLS is verified for the name. Redirects are not followed and proxies of the environment
not used: both would lead past the check. Never inside a transaction: the other side may be slow.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, NamedTuple

import ada_url

from . import db
from .errors import RelatumError

_PORTS: Final = {"https:": 443, "http:": 80}
#: IPv4 that `is_global` knows nothing of on some Pythons, and a public address at which a cloud
#: tells its machines their secrets.
_IPV4_REFUSED: Final = tuple(
    map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4", "168.63.129.16/32"))
)
#: The only IPv6 that is public, and what in it is for protocols, examples or tunnels.
_IPV6_PUBLIC: Final = IPv6Network("2000::/3")
_IPV6_REFUSED: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
#: IPv6 whose last four bytes are an IPv4 address: written so, or translated by the network.
_IPV4_INSIDE: Final = tuple(map(IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96")))
#: Read at once from the other side.
_PIECE: Final = 65_536


class Answer(NamedTuple):
    """What the other side has answered, whatever it was; names of headers are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Target(NamedTuple):
    scheme: str
    host: str
    port: int
    path: str
    #: Named by whoever runs the instance: it may be private.
    named: bool


def request(
    address: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    trusted: Collection[str] = (),
) -> Answer:
    """Send one HTTP request and return the answer, a redirect too.

    Only `https`, and only to public addresses, unless the setting outbound_hosts names the host.
    `trusted` are hosts that whoever runs the instance has named elsewhere: they may be private.

    Raises `address_refused`, and `outbound_failed` for what can't be reached, takes longer than
    outbound_seconds or answers more than outbound_size bytes.
    """
    target = _read(address, trusted)
    ends = time.monotonic() + db.settings().outbound_seconds
    connection = _connection(target, _resolve(target), ends)
    try:
        connection.request(method, target.path, body, dict(headers or {}))
        with connection.getresponse() as response:
            found = {name.lower(): value for name, value in response.getheaders()}
            answer = Answer(response.status, found, _all(response, target))
        if time.monotonic() >= ends:
            raise TimeoutError  # what was cut off can look like a whole answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = _said(error)
        if time.monotonic() >= ends:
            reason = f"it took longer than outbound_seconds ({db.settings().outbound_seconds:g})"
        raise _failed(target.host, reason) from None
    finally:
        connection.release()
    return answer


def host_of(address: str) -> str | None:
    """Return the host of an address as browsers read it, without a dot at the end."""
    try:
        return ada_url.URL(address).hostname.rstrip(".") or None
    except ValueError:
        return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Say whether an address is one of the internet, and no way to this machine or network."""
    if isinstance(address, IPv6Address):
        if any(address in network for network in _IPV4_INSIDE):
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        refused = any(address in network for network in _IPV6_REFUSED)
        return address in _IPV6_PUBLIC and not refused
    refused = any(address in network for network in _IPV4_REFUSED)
    return address.is_global and not address.is_multicast and not refused


def _read(address: str, trusted: Collection[str]) -> _Target:
    try:
        url = ada_url.URL(address)
    except ValueError:
        raise _refused(address, "it is no address of the web") from None
    host = host_of(address)
    if url.protocol not in _PORTS or not host:
        raise _refused(address, "it must begin with https:// and a host")
    if url.username or url.password:
        raise _refused(address, "a user name or password stands in it")
    listed = (each.strip() for each in db.settings().outbound_hosts.split(","))
    named = host in {host_of(f"https://{each}") for each in listed if each}
    if url.protocol != "https:" and not named:
        raise _refused(address, f"it must begin with https:// unless outbound_hosts names {host}")
    port = int(url.port or _PORTS[url.protocol])
    return _Target(url.protocol, host, port, url.pathname + url.search, named or host in trusted)


def _resolve(target: _Target) -> list[tuple[Any, ...]]:
    """Return where to connect to, all of it checked, as `getaddrinfo` does."""
    try:
        found = socket.getaddrinfo(target.host.strip("[]"), target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(target.host, _said(error)) from None
    if not target.named:
        _check(target.host, (each[4][0] for each in found))
    return list(found)


def _check(host: str, addresses: Iterable[Any]) -> None:
    for text in addresses:
        # An address with a zone leads to one interface of this machine.
        if "%" in text or not is_public(ip_address(text)):
            reason = f"it leads to {text}, which is not public. Name {host} in outbound_hosts"
            raise _refused(host, f"{reason} if it is a server of yours")


def _connection(target: _Target, places: list[tuple[Any, ...]], ends: float) -> _Plain:
    """Return a connection that is made, at its first request, to one of the places."""
    if target.scheme == "https:":
        return _Tls(target, places, ends)
    return _Plain(target, places, ends)


class _Plain(http.client.HTTPConnection):
    """Connects to places that were checked, and is cut off when its time is over."""

    def __init__(self, target: _Target, places: list[tuple[Any, ...]], ends: float) -> None:
        super().__init__(target.host.strip("[]"), target.port)
        self._places, self._ends = places, ends
        self._cut: threading.Timer | None = None
        self._end: socket.socket | None = None

    def connect(self) -> None:
        """Connect to the first place that answers; raise OSError."""
        error: OSError = OSError("it has no address")
        for family, kind, protocol, _, place in self._places:
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(max(self._ends - time.monotonic(), 0.001))
                made.connect(place)
            except OSError as refused:
                made.close()
                error = refused
                continue
            self.sock = self._watched(made)
            return
        raise error

    def _watched(self, made: socket.socket) -> socket.socket:
        # A limit per read does not stop somebody who sends a byte at a time.
        self._end = made.dup()
        self._cut = threading.Timer(max(self._ends - time.monotonic(), 0.001), self._cut_off)
        self._cut.daemon = True
        self._cut.start()
        return made

    def _cut_off(self) -> None:
        with suppress(OSError):
            assert self._end is not None
            self._end.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the connection for good; `close` is called, too, where an answer begins."""
        self.close()
        if self._cut is not None and self._end is not None:
            self._cut.cancel()
            self._end.close()


class _Tls(_Plain):
    """As `_Plain`, with a certificate for the name of the host."""

    def connect(self) -> None:
        """Connect and shake hands; raise OSError."""
        super().connect()
        context = ssl.create_default_context()
        context.set_alpn_protocols(["http/1.1"])
        self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


def _all(response: http.client.HTTPResponse, target: _Target) -> bytes:
    limit, found = db.settings().outbound_size, bytearray()
    while piece := response.read(_PIECE):
        found += piece
        if len(found) > limit:
            raise _failed(target.host, f"it answers more than outbound_size ({limit}) bytes")
    if response.length:
        raise http.client.IncompleteRead(bytes(found), response.length)
    return bytes(found)


def _said(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__} {error}".strip()


def _failed(host: str, reason: str) -> RelatumError:
    return RelatumError("outbound_failed", host=host[:200], reason=reason.rstrip("."))


def _refused(address: str, reason: str) -> RelatumError:
    return RelatumError("address_refused", address=address[:200], reason=reason)
