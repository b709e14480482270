"""The guard in front of other hosts, against a real server on this machine; only the guard's list is another one."""

import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from checkin_project.platform.outbound import PUBLIC, Address, Guard, OutboundError, fetch, is_public

HOME = ipaddress.ip_address("127.0.0.1")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[dict[str, str]] = []

    def do_GET(self) -> None:
        type(self).seen.append({"path": self.path, **{key.lower(): value for key, value in self.headers.items()}})
        name = self.path.strip("/").split("/")[0].split("?")[0]
        answer: Callable[[], None] = getattr(self, f"give_{name}", self.give_missing)
        answer()

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def give(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def give_plain(self) -> None:
        self.give(b"a,b\r\n1,2\r\n", ETag='"1"')

    def give_missing(self) -> None:
        self.give(b"no", 404)

    def give_unchanged(self) -> None:
        self.give(b"", 304)

    def give_large(self) -> None:
        self.give(b"x" * 5_000)

    def give_packed(self) -> None:
        self.give(gzip.compress(b"a,b\n" * 10), Content_Encoding="gzip")

    def give_bomb(self) -> None:
        self.give(gzip.compress(b"0" * 50_000_000), Content_Encoding="gzip")

    def give_brotli(self) -> None:
        self.give(b"??", Content_Encoding="br")

    def give_garbage(self) -> None:
        self.give(b"not packed at all", Content_Encoding="gzip")

    def give_cut(self) -> None:
        self.close_connection = True
        self.give(b"half", Content_Length="100")

    def give_cutpacked(self) -> None:
        body = gzip.compress(bytes(range(256)) * 10)[:-20]
        self.give(body, Content_Encoding="gzip")

    def give_redirect(self) -> None:
        left = int(self.path.rsplit("/", 1)[-1])
        self.give(b"", 302, Location=f"/redirect/{left - 1}" if left else "/plain")

    def give_inside(self) -> None:
        self.give(b"", 302, Location="http://inside.test/plain")

    def give_file(self) -> None:
        self.give(b"", 302, Location="file:///etc/passwd")

    def give_drip(self) -> None:
        """A body that never ends: a byte now and then, so that no single read takes long."""
        self.send_response(200)
        self.end_headers()
        self.drip()

    def give_dripheaders(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.drip()

    def drip(self) -> None:
        try:
            for _second in range(100):
                self.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            self.close_connection = True


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def guard(port: int) -> Guard:
    """As PUBLIC, but for one host of this machine on its own port."""

    def resolve(host: str, _port: int) -> list[Address]:
        return [ipaddress.ip_address("10.0.0.1") if host == "inside.test" else HOME]

    return Guard(
        ports=frozenset({80, 443, port}),
        allows=lambda address: address == HOME,
        resolve=resolve,
        allows_loopback=True,
    )


def get(path: str, port: int, guard: Guard, **options: Any) -> bytes:
    return fetch(f"http://127.0.0.1:{port}/{path}", guard=guard, **options).body


def test_what_is_published_is_read(port: int, guard: Guard) -> None:
    found = fetch(f"http://127.0.0.1:{port}/plain?x=1", guard=guard)

    assert (found.status, found.body, found.headers["ETag"]) == (200, b"a,b\r\n1,2\r\n", '"1"')
    assert found.url == f"http://127.0.0.1:{port}/plain?x=1"


def test_a_packed_body_is_unpacked(port: int, guard: Guard) -> None:
    assert get("packed", port, guard) == b"a,b\n" * 10


def test_an_unchanged_feed_is_told_as_such(port: int, guard: Guard) -> None:
    found = fetch(f"http://127.0.0.1:{port}/unchanged", headers={"If-None-Match": '"1"'}, guard=guard)

    assert (found.status, found.body, Handler.seen[-1]["if-none-match"]) == (304, b"", '"1"')


def test_three_redirects_are_followed_and_no_fourth(port: int, guard: Guard) -> None:
    assert get("redirect/2", port, guard) == b"a,b\r\n1,2\r\n"
    with pytest.raises(OutboundError):
        get("redirect/3", port, guard)


@pytest.mark.parametrize("path", ["inside", "file", "missing", "brotli", "garbage", "cut", "cutpacked", "bomb"])
def test_these_answers_are_refused(path: str, port: int, guard: Guard) -> None:
    with pytest.raises(OutboundError):
        get(path, port, guard)


def test_a_body_may_be_as_large_as_allowed_and_no_larger(port: int, guard: Guard) -> None:
    assert len(get("large", port, guard, max_bytes=5_000)) == 5_000
    with pytest.raises(OutboundError):
        get("large", port, guard, max_bytes=4_999)


@pytest.mark.parametrize("path", ["drip", "dripheaders"])
def test_a_server_that_drips_is_cut_off_at_the_deadline(path: str, port: int, guard: Guard) -> None:
    began = time.monotonic()

    with pytest.raises(OutboundError):
        get(path, port, guard, seconds=0.4)

    assert time.monotonic() - began < 2


def test_a_resolver_that_takes_long_is_not_waited_for(port: int, guard: Guard) -> None:
    began = time.monotonic()

    def ponder(_host: str, _port: int) -> list[Address]:
        time.sleep(1.5)
        return [HOME]

    slow = replace(guard, resolve=ponder)
    with pytest.raises(OutboundError):
        get("plain", port, slow, seconds=0.2)

    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/x",
        "file:///etc/passwd",
        "gopher://example.org/",
        "//example.org/x",
        "example.org",
        "http://",
        "http://example.org:8080/",
        "http://example.org:22/",
        "http://user:secret@example.org/",
        "http://example.org@127.0.0.1/",
        "http://exa mple.org/",
        "http://example.org\\@127.0.0.1/",
        "http://example.org/\r\nHost: x",
        "http://[::1",
        "http://example.org:99999/",
        "http://example.org/" + "x" * 3_000,
    ],
)
def test_addresses_that_are_not_plain_web_addresses_are_never_resolved(url: str) -> None:
    asked: list[str] = []

    def note(host: str, _port: int) -> list[Address]:
        asked.append(host)
        return []

    spy = replace(PUBLIC, resolve=note)
    with pytest.raises(OutboundError):
        fetch(url, guard=spy)

    assert asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2001::1",
        "2001:db8::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_of_the_public_internet_are_not_called(address: str) -> None:
    found = ipaddress.ip_address(address)

    assert not is_public(found)
    with pytest.raises(OutboundError):
        fetch("http://example.org/", guard=replace(PUBLIC, resolve=lambda _host, _port: [found]))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8"])
def test_addresses_of_the_public_internet_may_be_called(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:7f00:1]"]
)
def test_other_ways_to_write_this_machine_are_refused_by_the_real_resolver(host: str, port: int) -> None:
    Handler.seen.clear()

    with pytest.raises(OutboundError):
        fetch(f"http://{host}:{port}/plain", guard=replace(PUBLIC, ports=frozenset({port})))

    assert Handler.seen == []


def test_one_inner_address_among_several_refuses_the_host(port: int, guard: Guard) -> None:
    mixed = replace(guard, resolve=lambda _host, _port: [HOME, ipaddress.ip_address("10.0.0.1")])

    with pytest.raises(OutboundError):
        get("plain", port, mixed)


def test_the_checked_address_is_called_whatever_the_name_means_later(port: int, guard: Guard) -> None:
    """Who answers names may answer differently the second time; nobody is asked a second time."""
    answers = iter([[HOME], [ipaddress.ip_address("10.0.0.1")]])
    turning = replace(guard, resolve=lambda _host, _port: next(answers))

    assert fetch(f"http://localhost:{port}/plain", guard=turning).status == 200
    assert Handler.seen[-1]["host"] == f"localhost:{port}"


def test_the_machines_proxy_is_not_used(port: int, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert get("plain", port, guard).startswith(b"a,b")


def test_every_refusal_says_the_same(port: int, guard: Guard) -> None:
    said = set()
    for url in (
        "file:///etc/passwd",
        "http://10.0.0.1/",
        f"http://127.0.0.1:{port}/missing",
        "http://nowhere.invalid/",
    ):
        with pytest.raises(OutboundError) as refused:
            fetch(url, guard=guard)
        said.add(str(refused.value))

    assert said == {"This address could not be read. It has to be a public web address that answers in time."}


def test_a_certificate_has_to_be_that_of_the_host(tmp_path: Any) -> None:
    """A TLS server with a certificate of its own making is refused; nothing of the request reaches it."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def answer() -> None:
        connection, _peer = listener.accept()
        with connection:
            connection.settimeout(2)
            heard.append(connection.recv(10_000))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    number = listener.getsockname()[1]
    guard = Guard(frozenset({number}), lambda _address: True, lambda _host, _port: [HOME], allows_loopback=True)

    with pytest.raises(OutboundError):
        fetch(f"https://localhost:{number}/secret", guard=guard)

    thread.join(5)
    listener.close()
    assert heard[0].startswith(b"\x16\x03")  # a TLS greeting and nothing else
    assert b"secret" not in heard[0]
    assert b"localhost" in heard[0]
    assert ssl.HAS_SNI


def test_no_watch_over_a_fetch_stays_behind(port: int, guard: Guard) -> None:
    get("plain", port, guard)

    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith("Timer")]
