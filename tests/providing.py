"""Sign-in providers for tests: a real one in a process of its own, and one that says anything.

The real one is npm's certified `oidc-provider`, brought once by the lock file in `oidc_provider/`.
The other one is a thread: what it signs, claims and answers is what a test puts into it.
"""

from __future__ import annotations

import base64
import dataclasses
import fcntl
import hashlib
import hmac
import html
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from http.cookiejar import CookieJar
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from relatum.core.dispatch import Application

from .desk import Browser
from .plugged import served

HERE = Path(__file__).parent / "oidc_provider"
BASE = "http://localhost"
WAY = "/sign-in/provider"
BACK = f"{BASE}{WAY}/back"
#: What the instance is known by; the secret has signs that are escaped.
CLIENT, SECRET = "crm", "geheim/+ %#?&=:"
ALICE = "alice alice@example.org yes"


def settings(issuer: str, **more: Any) -> dict[str, Any]:
    """Return the settings of an instance that signs people in by a provider on this machine."""
    return {
        "base_url": BASE, "oidc_issuer": issuer, "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET, "outbound_hosts": "127.0.0.1", "outbound_seconds": 5.0,
        "sign_in_limit": "1000 per minute", **more,
    }  # fmt: skip


# -- a real one -----------------------------------------------------------------------------
@contextmanager
def real_provider(back: str = BACK) -> Iterator[str]:
    """Run a real provider that leads `back`, and give its issuer; skip without Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("there is no Node with npm, which the real provider runs on")
    _bring(npm)
    words = [node, str(HERE / "provider.mjs"), CLIENT, SECRET, back]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(words, text=True, **pipes) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            yield next(line.strip() for line in lines if line.startswith("http"))
        finally:
            process.kill()


def _bring(npm: str) -> None:
    """Have the packages of the lock file, whichever worker comes first."""
    pins = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = HERE / "node_modules" / ".pins"
    with (HERE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != pins:
            words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            subprocess.run(words, cwd=HERE, check=True)
            stamp.write_text(pins)


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing by itself."""


class Person:
    """Somebody at the real provider with a browser of his own, which keeps cookies."""

    def __init__(self) -> None:
        self._open = build_opener(HTTPCookieProcessor(CookieJar()), _Stay()).open

    def _got(self, address: str, form: dict[str, str] | None = None) -> tuple[str | None, str, str]:
        body = urlencode(form).encode() if form is not None else None
        try:
            answer = self._open(Request(address, body), timeout=10)
        except HTTPError as error:
            answer = error
        with answer:
            away = answer.headers.get("Location")
            return away and urljoin(address, away), answer.read().decode(), address

    def goes(self, address: str, login: str = ALICE) -> str:
        """Go where the instance sends the browser, sign in there; return the way back."""
        for _ in range(10):
            if address.startswith(BACK):
                return address.removeprefix(BASE)
            away, page, here = self._got(address)
            if away is None:
                assert 'name="login"' in page, page
                form = {"prompt": "login", "login": login, "password": "any"}
                [action] = re.findall(r'<form[^>]* action="([^"]+)"', page)
                away, page, _ = self._got(urljoin(here, html.unescape(action)), form)
            assert away is not None, page
            address = away
        raise AssertionError(f"no way back from {address}")


# -- one that says anything -----------------------------------------------------------------
@cache
def new_key(name: str) -> RSAKey:
    """Return a key to sign with, which takes a while to make; the same for each name."""
    return RSAKey.generate_key(2048, {"kid": name})


class Liar:
    """A provider whose every word a test can change before it is asked."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.keys = {"one": new_key("one")}
        self.signed_by: Any = self.keys["one"]
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "one"}
        self.says: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.userinfo: Any = None
        self.takes = {"client_secret_basic", "client_secret_post"}
        #: What is answered instead of a path's own answer: a status and a body.
        self.instead: dict[str, tuple[int, bytes]] = {}
        self.codes: dict[str, str] = {}
        #: Seconds before each answer.
        self.slow = 0.0
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []

    def metadata(self) -> dict[str, Any]:
        known = {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }  # fmt: skip
        return {n: v for n, v in {**known, **self.says}.items() if v is not None}

    def code_for(self, address: str, **claims: Any) -> str:
        """Return the way back of somebody who was sent to `address`, with these claims."""
        sent = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        self.sent = sent
        now = int(time.time())
        made = {
            "iss": self.issuer, "sub": "alice-1", "aud": CLIENT, "exp": now + 300, "iat": now,
            "nonce": sent["nonce"], "email": "alice@example.org", "email_verified": True,
            "name": "Alice", **self.claims, **claims,
        }  # fmt: skip
        self.codes["code"] = json.dumps({n: v for n, v in made.items() if v is not None})
        query = urlencode({"code": "code", "state": sent["state"]})
        return f"/sign-in/provider/back?{query}"

    def answer(self, path: str, form: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((path, form, headers))
        time.sleep(self.slow)
        if path in self.instead:
            return self.instead[path]
        made: Any
        if path == "/.well-known/openid-configuration":
            made = self.metadata()
        elif path == "/jwks":
            made = {"keys": [key.as_dict(private=False) for key in self.keys.values()]}
        elif path == "/userinfo":
            made = self.userinfo
        else:
            return self._token(form, headers)
        return 200, json.dumps(made).encode()

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> tuple[int, bytes]:
        basic = base64.b64encode(f"{CLIENT}:geheim%2F%2B%20%25%23%3F%26%3D%3A".encode()).decode()
        by_header = headers.get("authorization") == f"Basic {basic}"
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        proved = by_header if self.takes == {"client_secret_basic"} else by_form
        if not (proved or (by_header and "client_secret_basic" in self.takes)):
            return 401, b'{"error": "invalid_client"}'
        verifier = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = _packed(verifier).decode()
        if form["code"] not in self.codes or challenge != self.sent["code_challenge"]:
            return 400, b'{"error": "invalid_grant"}'
        claims = json.loads(self.codes.pop(form["code"]))
        if isinstance(self.signed_by, bytes):
            # As libraries did that took a public key for a shared secret; no key: no signature.
            parts = b".".join(_packed(json.dumps(part).encode()) for part in (self.header, claims))
            proof = hmac.digest(self.signed_by, parts, "sha256") if self.signed_by else b""
            token = b".".join((parts, _packed(proof))).decode()
        else:
            token = jwt.encode(self.header, claims, self.signed_by, [self.header["alg"]])
        made = {"access_token": "at", "token_type": "Bearer", "id_token": token}
        return 200, json.dumps(made).encode()


def _packed(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


@contextmanager
def lying() -> Iterator[Liar]:
    """Run such a provider for the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            form = {n: v[0] for n, v in parse_qs(self.rfile.read(size).decode()).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, body = provider.answer(urlsplit(self.path).path, form, headers)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815  # as above

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = Liar(server.server_port)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join(10)


# -- an instance with a provider -----------------------------------------------------------
@pytest.fixture
def liar() -> Iterator[Liar]:
    """Return a provider that says what it is told to."""
    with lying() as made:
        yield made


@pytest.fixture
def crm(instance: Any, liar: Liar) -> Any:
    """Return an instance that signs people in by the provider; `configured` is told more."""
    instance.config = dataclasses.replace(instance.config, **settings(liar.issuer))
    return instance


@pytest.fixture
def door(crm: Any) -> Iterator[Callable[[], Browser]]:
    """Return a way to get browsers of people who are not signed in."""
    with served(crm) as application:
        yield lambda: Browser(application)


def configured(crm: Any, **more: Any) -> AbstractContextManager[Application]:
    """Serve the instance with further settings."""
    crm.config = dataclasses.replace(crm.config, **more)
    return served(crm)


def come(browser: Any, liar: Liar, *, to: str = "", **claims: Any) -> Any:
    """Go to the provider and come back with the claims that it makes; return the answer."""
    away = browser.get(WAY, query_string={"next": to} if to else {})
    assert away.status_code == 303, away.text
    return browser.get(liar.code_for(away.location, **claims))


def is_in(browser: Any) -> str | None:
    """Return who is signed in, by name."""
    answer = browser.get("/api/v1/session", headers={"Accept": "application/json"})
    return answer.get_json()["user"]["name"] if answer.status_code == 200 else None


def said(page: Any) -> str:
    """Return what the sign-in page says, beside its form."""
    assert 'name="password"' in page.text
    [text] = re.findall(r'role="alert">(?:<svg.*?</svg>)?(.*?)</p>', page.text, re.DOTALL)
    return str(text)


def linked(crm: Any) -> list[tuple[str, int]]:
    """Return who is linked: what the provider says, and the user."""
    return [
        (row.subject, row.user_id)
        for row in crm.sql("SELECT subject, user_id FROM core_identity ORDER BY subject")
    ]
