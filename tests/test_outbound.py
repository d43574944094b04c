"""Connections to elsewhere: no spelling of an address leads to this machine or its network."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import pytest

from relatum.core import outbound
from relatum.core.config import Config
from relatum.core.errors import RelatumError
from relatum.core.testing.settled import Settled

from .canary import OK, Canary, listening
from .smtp_server import certify

#: Loopback and the private networks in every spelling that some client has taken; {port} is the
#: canary's.
SPELLINGS = """
http://127.0.0.1:{port}/
https://127.0.0.1:{port}/
http://127.0.0.2:{port}/
http://127.255.255.254:{port}/
http://127.1:{port}/
http://127.0.1:{port}/
http://2130706433:{port}/
http://0x7f000001:{port}/
http://0x7f.0.0.1:{port}/
http://0x7f.1:{port}/
http://0X7F.0X0.0X0.0X1:{port}/
http://0177.0.0.1:{port}/
http://0177.0.0.01:{port}/
http://017700000001:{port}/
http://0177.0x0.0.1:{port}/
http://00000177.0.0.1:{port}/
http://127.0.0.1.:{port}/
http://0x7f000001.:{port}/
http://0:{port}/
http://0.0.0.0:{port}/
http://0x0:{port}/
http://00:{port}/
http://localhost:{port}/
http://LOCALHOST:{port}/
http://localhost.:{port}/
http://LocalHost.:{port}/
HTTP://localhost:{port}/
HtTpS://localhost:{port}/
http:localhost:{port}/
http:/localhost:{port}/
http:///localhost:{port}/
http:\\\\localhost:{port}\\
http://\\localhost:{port}/
 http://localhost:{port}/
http://local\thost:{port}/
http://①②⑦.⓪.⓪.①:{port}/
http://１２７.０.０.１:{port}/
http://127。0。0。1:{port}/
http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/
http://loc%61lhost:{port}/
http://%31%32%37.0.0.1:{port}/
http://[::1]:{port}/
http://[0:0:0:0:0:0:0:1]:{port}/
http://[0000::0001]:{port}/
http://[::]:{port}/
http://[::127.0.0.1]:{port}/
http://[::ffff:127.0.0.1]:{port}/
http://[::ffff:7f00:1]:{port}/
http://[::FFFF:7F00:0001]:{port}/
http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/
http://[::ffff:0:127.0.0.1]:{port}/
http://[64:ff9b::127.0.0.1]:{port}/
http://[64:ff9b:1::127.0.0.1]:{port}/
http://[2002:7f00:1::]:{port}/
http://[2001:0:7f00:1::]:{port}/
http://[fe80::1]:{port}/
http://[fe80::1%25lo]:{port}/
http://[fe80::1%lo]:{port}/
http://[fec0::1]:{port}/
http://[fc00::1]:{port}/
http://[fd00:ec2::254]/latest/meta-data/
http://[ff02::1]:{port}/
https://user@127.0.0.1:{port}/
https://user:secret@127.0.0.1:{port}/
https://example.org@127.0.0.1:{port}/
https://example.org:443@127.0.0.1:{port}/
https://example.org%2F@127.0.0.1:{port}/
https://127.0.0.1:{port}#@example.org/
https://127.0.0.1:{port}?@example.org/
https://127.0.0.1:{port}\\@example.org/
https://169.254.169.254/latest/meta-data/
https://0xa9fea9fe/latest/meta-data/
https://2852039166/latest/meta-data/
https://100.100.100.200/latest/meta-data/
https://192.0.0.192/latest/
https://168.63.129.16/machine/
https://10.0.0.1:{port}/
https://172.16.0.1:{port}/
https://192.168.0.1:{port}/
https://100.64.0.1:{port}/
https://198.18.0.1:{port}/
https://192.0.2.1:{port}/
https://224.0.0.1:{port}/
https://240.0.0.1:{port}/
https://255.255.255.255:{port}/
file:///etc/passwd
FILE://127.0.0.1:{port}/
gopher://127.0.0.1:{port}/_GET
ftp://127.0.0.1:{port}/
ws://127.0.0.1:{port}/
dict://127.0.0.1:{port}/
data:text/plain,hello
javascript:alert(1)
//127.0.0.1:{port}/
127.0.0.1:{port}
http://
https://:{port}/
http://127.0.0.1:{port} /
http://127.0.0.1:{port}
Host: example.org
""".removeprefix("\n").splitlines()
#: Names of the world that lead here.
NAMES = ("localtest.me", "127.0.0.1.nip.io", "spoofed.example", "www.localtest.me.")


@pytest.fixture
def settled(tmp_path) -> Settled:
    return Settled(Config(home=tmp_path))


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening(OK) as made:
        yield made


def asked(settled: Settled, address: str, **more: Any) -> outbound.Answer:
    with settled.app.app_context():
        return outbound.request(address, **more)


def refusal(settled: Settled, address: str, **more: Any) -> RelatumError:
    with pytest.raises(RelatumError) as caught:
        asked(settled, address, **more)
    return caught.value


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let each look-up of any name give the next answer, the last one for ever; list the names."""
    names: list[str] = []

    def look(host: str, port: int, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        text = answers[min(len(names), len(answers) - 1)]
        names.append(host)
        version = ipaddress.ip_address(text).version
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (text, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return names


def test_the_table_of_spellings_is_long_enough():
    assert len(set(SPELLINGS)) > 90


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_leads_to_this_machine_or_its_network(settled, canary, spelling):
    error = refusal(settled, spelling.format(port=canary.port))
    assert (error.code, canary.heard) == ("address_refused", [])


def test_the_spellings_do_lead_here_where_nothing_is_checked(settled, canary):
    here = ("127.", "localhost", "0.0.0.0", "[::1]", "[::]", "[::ffff:7f00:1]")
    addresses = [spelling.format(port=canary.port) for spelling in SPELLINGS]
    hosts = [outbound.host_of(address) or "" for address in addresses]
    with settled.configured(outbound_hosts=",".join(filter(None, hosts))):
        for address, host in zip(addresses, hosts, strict=True):
            if host.startswith(here):
                with contextlib.suppress(RelatumError):
                    asked(settled, address)
    assert len(canary.heard) > 40


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"])
def test_a_name_that_leads_here_is_refused_by_what_it_leads_to(
    settled, canary, monkeypatch, name, place
):
    resolving(monkeypatch, place)
    error = refusal(settled, f"https://{name}:{canary.port}/")
    assert (error.code, place in str(error), canary.heard) == ("address_refused", True, [])
    assert "outbound_hosts" in str(error)


def test_one_private_answer_among_public_ones_is_enough_to_refuse(settled, monkeypatch):
    places = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 443))
        for text in ("93.184.216.34", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: places)
    assert refusal(settled, "https://two.example/").code == "address_refused"


def test_the_name_is_looked_up_once_so_another_answer_later_leads_nowhere(
    settled, canary, monkeypatch
):
    connected: list[Any] = []
    names = resolving(monkeypatch, "93.184.216.34", "127.0.0.1")

    def connect(self: socket.socket, place: Any) -> None:
        connected.append(place)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket.socket, "connect", connect)
    error = refusal(settled, f"https://rebinding.example:{canary.port}/")
    assert error.code == "outbound_failed"
    assert names == ["rebinding.example"]
    assert connected == [("93.184.216.34", canary.port)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_nobody_follows_it(settled, canary, status):
    away = f"HTTP/1.1 {status} Away\r\nLocation: http://127.0.0.1:{canary.port}/\r\n"
    with (
        listening(f"{away}Content-Length: 0\r\n\r\n".encode()) as first,
        settled.configured(outbound_hosts="localhost"),
    ):
        answer = asked(settled, f"http://localhost:{first.port}/")
    assert (answer.status, len(first.heard), canary.heard) == (status, 1, [])


@pytest.mark.parametrize(
    "listed",
    ["localhost", "LocalHost", "other.example, localhost", "localhost.", "[::1],localhost"],
)
def test_a_host_that_is_named_is_asked_although_it_is_private(settled, canary, listed):
    with settled.configured(outbound_hosts=listed):
        answer = asked(
            settled, f"http://localhost:{canary.port}/a?b=c#d", method="POST",
            headers={"X-One": "1"}, body=b"text",
        )  # fmt: skip
    assert (answer.status, answer.headers["x-said"], answer.body) == (200, "yes", b"hello")
    [heard] = canary.heard
    assert heard.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert f"Host: localhost:{canary.port}\r\n".encode() in heard
    assert b"X-One: 1\r\n" in heard


@pytest.mark.parametrize("listed", ["local", "host", "", " , ", "localhost.example.org", "*"])
def test_a_host_is_named_as_a_whole(settled, canary, listed):
    with settled.configured(outbound_hosts=listed):
        assert refusal(settled, f"http://localhost:{canary.port}/").code == "address_refused"
    assert canary.heard == []


def test_a_trusted_host_may_be_private_and_speaks_tls_all_the_same(settled, canary):
    plain = refusal(settled, f"http://localhost:{canary.port}/", trusted=["localhost"])
    assert (plain.code, canary.heard) == ("address_refused", [])
    tls = refusal(settled, f"https://localhost:{canary.port}/", trusted=["localhost"])
    assert (tls.code, len(canary.heard)) == ("outbound_failed", 1)


def test_proxies_of_the_environment_are_not_used(settled, canary, monkeypatch):
    with listening(OK) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with settled.configured(outbound_hosts="localhost"):
            assert asked(settled, f"http://localhost:{canary.port}/").status == 200
    assert (len(canary.heard), proxy.heard) == (1, [])


@pytest.fixture
def tls(tmp_path, monkeypatch):
    """Return what a server speaks TLS with, for 127.0.0.1; `trusting` makes clients trust it."""
    path = tmp_path / "tls.pem"
    certify(path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return context, lambda: monkeypatch.setenv("SSL_CERT_FILE", str(path))


def test_a_certificate_is_checked(settled, tls):
    context, trusting = tls
    with listening(OK, context=context) as server, settled.configured(outbound_hosts="127.0.0.1"):
        address = f"https://127.0.0.1:{server.port}/"
        error = refusal(settled, address)
        assert (error.code, "certificate" in str(error)) == ("outbound_failed", True)
        assert server.heard == []
        trusting()
        assert asked(settled, address).body == b"hello"


def test_a_certificate_is_for_the_name_not_for_the_address(settled, tls, monkeypatch):
    context, trusting = tls
    trusting()
    resolving(monkeypatch, "127.0.0.1")
    with (
        listening(OK, context=context) as server,
        settled.configured(outbound_hosts="sso.example"),
    ):
        error = refusal(settled, f"https://sso.example:{server.port}/")
    assert (error.code, "certificate" in str(error)) == ("outbound_failed", True)


@pytest.mark.parametrize(
    "answer", [OK, b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 5000], ids=["counted", "until it ends"]
)
def test_somebody_who_sends_a_byte_at_a_time_is_cut_off(settled, answer):
    settings = {"outbound_hosts": "localhost", "outbound_seconds": 0.5}
    with listening(answer, slowly=0.02) as slow, settled.configured(**settings):
        began = time.monotonic()
        error = refusal(settled, f"http://localhost:{slow.port}/")
    assert (error.code, "outbound_seconds (0.5)" in str(error)) == ("outbound_failed", True)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("size", [1000, 1001])
def test_an_answer_has_a_largest_size(settled, size):
    text = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode()
    settings = {"outbound_hosts": "localhost", "outbound_size": 1000}
    with listening(text + b"x" * size) as server, settled.configured(**settings):
        address = f"http://localhost:{server.port}/"
        if size == 1000:
            assert len(asked(settled, address).body) == size
        else:
            error = refusal(settled, address)
            assert (error.code, "outbound_size (1000)" in str(error)) == ("outbound_failed", True)


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9"])
def test_what_is_no_answer_is_named_as_such(settled, answer):
    with (
        listening(answer or b"\r\n") as server,
        settled.configured(outbound_hosts="localhost"),
    ):
        error = refusal(settled, f"http://localhost:{server.port}/")
    assert (error.code, "localhost" in str(error)) == ("outbound_failed", True)


def test_where_nobody_listens_and_a_name_that_is_not_there_are_said(settled, monkeypatch):
    with settled.configured(outbound_hosts="localhost"):
        with listening(OK) as gone:
            pass
        error = refusal(settled, f"http://localhost:{gone.port}/")
        assert (error.code, "refused" in str(error)) == ("outbound_failed", True)

    def nobody(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    error = refusal(settled, "https://nowhere.example/")
    assert (error.code, "not known" in str(error)) == ("outbound_failed", True)


@pytest.mark.parametrize(
    "text",
    "8.8.8.8 93.184.216.34 1.1.1.1 2606:4700::1111 64:ff9b::808:808 ::ffff:8.8.8.8".split(),
)
def test_addresses_of_the_internet_are_public(text):
    assert outbound.is_public(ipaddress.ip_address(text))
