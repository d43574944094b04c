"""A listener on loopback that remembers what was sent to it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

#: An answer of HTTP.
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Said: yes\r\nConnection: close\r\n\r\nhello"


class Canary(NamedTuple):
    """A listener on loopback, and what was sent to it."""

    port: int
    heard: list[bytes]


@contextlib.contextmanager
def listening(
    answer: bytes, *, context: ssl.SSLContext | None = None, slowly: float = 0
) -> Iterator[Canary]:
    """Listen on loopback, for IPv4 and IPv6 alike, and answer everybody the same."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        canary = Canary(server.getsockname()[1], [])
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                with contextlib.suppress(OSError):
                    plain, _ = server.accept()
                    if over.is_set():
                        plain.close()
                        return
                    with context.wrap_socket(plain, server_side=True) if context else plain as one:
                        canary.heard.append(one.recv(65_536))
                        for place in range(0, len(answer), 1 if slowly else len(answer)):
                            one.sendall(answer[place : place + 1] if slowly else answer)
                            time.sleep(slowly)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield canary
        over.set()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", canary.port), 1).close()
        thread.join(10)
