"""A mail server for tests, in a process of its own: real SMTP, with refusals by address.

Run as `python smtp_server.py FOLDER [CERTIFICATE]`; it writes its port to standard output. What it
takes is a file each in the folder. The first word of an address says how it behaves: `never` is
refused for good when it is named and `spam` when the text is there, `later` and `busy` are told to
come again the first time, `rude` gets an error in place of the goodbye. With a certificate it
takes mail only after STARTTLS and a password, and knows addresses with letters of any language.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

USER, PASSWORD = "relatum@example.org", "geheim/#?"


class Got(NamedTuple):
    """A message as it came in."""

    sender: str
    recipient: str
    message: EmailMessage


class Server(NamedTuple):
    """A running server."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        """The address of the server as a setting."""
        return f"smtp://127.0.0.1:{self.port}"

    def got(self) -> list[Got]:
        """Return what came in, in order."""
        found = []
        for path in sorted(self.folder.glob("*.eml")):
            sender, recipient, text = path.read_bytes().split(b"\n", 2)
            message = message_from_bytes(text, policy=default)
            assert isinstance(message, EmailMessage)
            found.append(Got(sender.decode(), recipient.decode(), message))
        return found

    def forget(self) -> None:
        """Forget what came in, and who was told to come again."""
        for path in self.folder.iterdir():
            path.unlink()


@contextmanager
def serving(folder: Path, certificate: Path | None = None) -> Iterator[Server]:
    """Run a server for the block."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, __file__, str(folder), *([str(certificate)] if certificate else [])]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(int(process.stdout.readline()), folder)
        finally:
            process.kill()


def certify(path: Path) -> None:
    """Write a key and a certificate for this machine, which nobody has signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    signed = made.add_extension(here, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))


class _Handler:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _is_first(self, address: str) -> bool:
        try:
            (self.folder / f"{address}.tried").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    async def handle_RCPT(  # noqa: N802  # the word of the library
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        word = address.partition("@")[0]
        if word == "never":
            return "550 5.1.1 No such user here"
        if word == "later" and self._is_first(address):
            return "451 4.7.1 Greylisted, try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        [address] = envelope.rcpt_tos
        word = address.partition("@")[0]
        if word == "spam":
            return "554 5.7.1 Looks like spam"
        if word == "busy" and self._is_first(address):
            return "452 4.3.1 No space left"
        lines = [envelope.mail_from.encode(), address.encode(), envelope.content]
        part = self.folder / f"{time.time_ns()}-{os.getpid()}.part"
        part.write_bytes(b"\n".join(lines))
        part.rename(part.with_suffix(".eml"))
        session.rude = word == "rude"
        return "250 Taken"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return "451 Not yet" if getattr(session, "rude", False) else "221 Bye"


async def _serve(folder: Path, certificate: Path | None) -> None:
    from aiosmtpd.smtp import SMTP, AuthResult

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: Any, auth: Any) -> Any:
        right = (auth.login, auth.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options = {
            "tls_context": context, "require_starttls": True, "auth_required": True,
            "authenticator": authenticate, "enable_SMTPUTF8": True,
        }  # fmt: skip

    def protocol() -> Any:
        return SMTP(_Handler(folder), hostname="localhost", **options)

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
