"""The key ring of encrypted fields: a file in the home, or the setting `keys`; never in backups.

A line is `NAME KEY`, the key 32 bytes in base64: the first named k… encrypts, the others still
decrypt, and `index` makes the digests that equality goes by. In the setting commas part them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import db
from .errors import RelatumError

#: Letters of a key's name, so that it stands at one place of a sealed text.
NAME_LENGTH: Final = 7
_NAME: Final = re.compile(r"k[0-9a-f]{6}")
_INDEX: Final = "index"
_VERSION: Final = "1"
_NONCE: Final = 12
_rings: dict[tuple[str, int, int], Ring] = {}


@dataclass(frozen=True)
class Ring:
    """The keys by name, the current one first."""

    keys: dict[str, bytes]
    index: bytes

    @property
    def current(self) -> str:
        """The name of the key that encrypts."""
        return next(iter(self.keys))

    def seal(self, text: str, place: str) -> str:
        """Return a text encrypted for one place, such as a field of a record."""
        nonce = secrets.token_bytes(_NONCE)
        made = AESGCM(self.keys[self.current]).encrypt(nonce, text.encode(), place.encode())
        packed = base64.urlsafe_b64encode(nonce + made).decode()
        return f"{_VERSION}.{self.current}.{packed}"

    def open(self, sealed: str, place: str) -> str | None:
        """Return a text that was sealed for a place; None without its key, or if it was changed."""
        _, name, packed = [*sealed.split(".", 2), "", ""][:3]
        key = self.keys.get(name)
        if key is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(packed)
            return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], place.encode()).decode()
        except (InvalidTag, ValueError):
            return None

    def digest(self, text: str, place: str) -> str:
        """Return what a text is found by without being readable."""
        said = hmac.new(self.index, f"{place}\0{text}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(said.digest()).decode()


def path() -> Path:
    """Return the file of the key ring."""
    return db.settings().home / "keys" / "ring"


def ring() -> Ring:
    """Return the key ring, made on first use; raise `keys_unreadable`."""
    told = db.settings().keys
    if told:
        return _known(("", 0, hash(told)), told)
    file = path()
    try:
        if not file.exists():
            _publish(_text({_new_name(): secrets.token_bytes(32)}, secrets.token_bytes(32)))
        state = file.stat()
        return _known((str(file), state.st_mtime_ns, state.st_ino), file)
    except OSError as error:
        raise RelatumError("keys_unreadable", where=str(file), reason=str(error)) from None


def rotate() -> Ring:
    """Put a new key in front of the ring; with the setting `keys` its first key is the new one."""
    if db.settings().keys:
        return ring()
    known = ring()
    try:
        _publish(_text({_new_name(): secrets.token_bytes(32), **known.keys}, known.index))
    except OSError as error:
        raise RelatumError("keys_unreadable", where=str(path()), reason=str(error)) from None
    return ring()


def _known(where: tuple[str, int, int], source: str | Path) -> Ring:
    found = _rings.get(where)
    if found is None:
        text = source if isinstance(source, str) else source.read_text("ascii")
        _rings.clear()
        found = _rings[where] = _read(text, where[0] or "the setting keys")
    return found


def _read(text: str, where: str) -> Ring:
    found: dict[str, bytes] = {}
    for line in re.split(r"[,\n]", text):
        name, _, key = line.strip().partition(" ")
        if not name:
            continue
        try:
            found[name] = base64.b64decode(key.strip(), validate=True)
        except ValueError:
            found[name] = b""
        if len(found[name]) != 32 or not (name == _INDEX or _NAME.fullmatch(name)):
            reason = f"'{name[:20]}' is not a key of 32 bytes named index or k and six digits"
            raise RelatumError("keys_unreadable", where=where, reason=reason)
    index = found.pop(_INDEX, b"")
    if not index or not found:
        reason = "it needs a key named index and one that encrypts"
        raise RelatumError("keys_unreadable", where=where, reason=reason)
    return Ring(found, index)


def _text(keys: dict[str, bytes], index: bytes) -> str:
    every = {**keys, _INDEX: index}
    return "".join(f"{name} {base64.b64encode(key).decode()}\n" for name, key in every.items())


def _new_name() -> str:
    return "k" + secrets.token_hex(3)


def _publish(text: str) -> None:
    """Write the ring for its owner alone; what is there is replaced at once, or stays."""
    file = path()
    first = not file.exists()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f".ring.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    try:
        if first:
            os.link(part, file)  # two processes may begin at once: one of them makes the ring
        else:
            part.replace(file)
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)
