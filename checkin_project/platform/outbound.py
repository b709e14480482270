"""The only way to call another host: addresses that strangers name must not reach into our own networks.

docs/decisions/0030-calling-other-hosts.md says what is refused and why.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from django.utils.translation import gettext as _
from requests_hardened.ip_filter import EXTRA_BLOCKED_NET_RANGES
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

FEED_BYTES = 2_000_000
SECONDS = 10.0
REDIRECTS = 3
_CHUNK = 1 << 14
_LONGEST_URL = 2_000
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_NETWORKS = (
    *EXTRA_BLOCKED_NET_RANGES,
    ipaddress.ip_network("2001::/32"),  # Teredo, which holds an IPv4 address
    ipaddress.ip_network("fec0::/10"),  # site-local, which Python calls global
)
_log = logging.getLogger(__name__)


class OutboundError(Exception):
    """Said to whoever named the address: always the same sentence, which tells nothing of our networks."""

    def __init__(self) -> None:
        super().__init__(_("This address could not be read. It has to be a public web address that answers in time."))


class _Refused(Exception):
    """Why, for the log."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer with status 200, or 304 when the request asked for that. `url` is where it was found in the end."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes


def is_public(address: Address) -> bool:
    """May be called: a unicast address of the public internet that stands for itself and carries no other."""
    mapped = getattr(address, "ipv4_mapped", None)
    if mapped is not None:
        return is_public(mapped)
    is_special = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    return address.is_global and not is_special and not any(address in network for network in _NETWORKS)


def resolve(host: str, port: int) -> list[Address]:
    """All addresses of a host, as the system's resolver has them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0])) for entry in found))


@dataclass(frozen=True, slots=True)
class Guard:
    """Which hosts may be called. Only tests have another one than PUBLIC; no setting can make one."""

    ports: frozenset[int] = frozenset({80, 443})
    allows: Callable[[Address], bool] = is_public
    resolve: Callable[[str, int], Sequence[Address]] = resolve
    allows_loopback: bool = False
    verify: bool | str = True


PUBLIC = Guard()


def fetch(
    url: str,
    *,
    max_bytes: int = FEED_BYTES,
    seconds: float = SECONDS,
    headers: Mapping[str, str] | None = None,
    guard: Guard = PUBLIC,
) -> Fetched:
    """Read what is published at `url`: at most `max_bytes` (unpacked) in `seconds` in all.

    Raises OutboundError, with one sentence for every reason; the log says more.
    """
    until = time.monotonic() + seconds
    try:
        for _attempt in range(REDIRECTS + 1):
            answer = _ask(url, max_bytes, until, dict(headers or {}), guard)
            if isinstance(answer, Fetched):
                return answer
            url = answer
        raise _Refused("too many redirects")
    except (_Refused, requests.RequestException, HTTPError, OSError, ValueError) as error:
        _log.info("Outgoing request refused or failed: %s", type(error).__name__, extra={"reason": str(error)[:300]})
        raise OutboundError from None


def _ask(url: str, max_bytes: int, until: float, headers: dict[str, str], guard: Guard) -> Fetched | str:
    """The answer, or where it redirects to."""
    parts = _checked(url, guard)
    address = _checked_address(parts, until, guard)
    with _watched(until) as watch, _session(address, watch, guard) as session:
        headers |= {"Accept-Encoding": "gzip", "User-Agent": "checkin (feed and import reader)"}
        left = until - time.monotonic()
        response = session.get(url, headers=headers, stream=True, allow_redirects=False, timeout=left)
        with closing(response):
            if response.status_code in _REDIRECTING and "Location" in response.headers:
                return urljoin(url, response.headers["Location"])
            if response.status_code not in (200, 304):
                raise _Refused(f"status {response.status_code}")
            body = b"".join(_body(response, max_bytes, watch)) if response.status_code == 200 else b""
            return Fetched(url, response.status_code, dict(response.headers), body)


def _checked(url: str, guard: Guard) -> SplitResult:
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url or "\\" in url:
        raise _Refused("no plain address")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise _Refused("scheme")
    if parts.username is not None or parts.password is not None or not parts.hostname:
        raise _Refused("no host, or a name and password before it")
    if _port(parts) not in guard.ports:
        raise _Refused("port")
    return parts


def _port(parts: SplitResult) -> int:
    return parts.port if parts.port is not None else {"http": 80, "https": 443}[parts.scheme]


def _checked_address(parts: SplitResult, until: float, guard: Guard) -> Address:
    """The address to connect to. One bad address among several refuses the host: a resolver may deal them in turn."""
    found = _in_time(lambda: guard.resolve(parts.hostname or "", _port(parts)), until)
    bad = [address for address in found if not guard.allows(address)]
    if bad or not found:
        raise _Refused(f"addresses {', '.join(map(str, bad)) or 'none'}")
    return found[0]


def _in_time(ask: Callable[[], Sequence[Address]], until: float) -> Sequence[Address]:
    """The system's resolver knows no deadline: a thread that is late is left behind and ends by itself."""
    future: Future[Sequence[Address]] = Future()

    def run() -> None:
        try:
            future.set_result(ask())
        except Exception as error:  # noqa: BLE001 - handed to whoever waits
            future.set_exception(error)

    threading.Thread(target=run, name="outbound-resolve", daemon=True).start()
    try:
        return future.result(timeout=max(until - time.monotonic(), 0))
    except TimeoutError:
        raise _Refused("the name was not resolved in time") from None


class _Watch:
    """Cuts the connection at the deadline: time-outs of single reads let a server drip bytes for hours."""

    def __init__(self) -> None:
        self._handles: list[socket.socket] = []
        self.has_cut = False

    def add(self, sock: socket.socket) -> None:
        # A second handle of the same connection, because TLS takes the first one for itself.
        self._handles.append(sock.dup())

    def cut(self) -> None:
        self.has_cut = True
        for handle in self._handles:
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for handle in self._handles:
            handle.close()


@contextmanager
def _watched(until: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(max(until - time.monotonic(), 0), watch.cut)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()
        timer.join()
        watch.close()


@contextmanager
def _session(address: Address, watch: _Watch, guard: Guard) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # neither a proxy nor a .netrc of this machine
        session.verify = guard.verify
        session.mount("http://", _PinnedAdapter(address, watch, guard, is_https=False))
        session.mount("https://", _PinnedAdapter(address, watch, guard, is_https=True))
        yield session


class _PinnedAdapter(IPFilterAdapter):  # type: ignore[misc]
    """Connects to the address that was checked, whatever the name means a moment later.

    The library keeps the host's name for the Host header, for TLS and for its certificate, and looks once more itself.
    """

    def __init__(self, address: Address, watch: _Watch, guard: Guard, *, is_https: bool) -> None:
        self._address, self._watch = address, watch
        super().__init__(is_https_proto=is_https, allow_loopback=guard.allows_loopback)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _watched_pools(self._watch)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host_params, pool_kwargs = super().build_connection_pool_key_attributes(request, verify, cert)
        is_6 = self._address.version == 6
        host_params["host"] = f"[{self._address}]" if is_6 else str(self._address)
        return host_params, pool_kwargs


def _watched_pools(watch: _Watch) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools whose connections tell `watch` of themselves."""

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            watch.add(sock)
            return sock

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            watch.add(sock)
            return sock

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def _body(response: requests.Response, max_bytes: int, watch: _Watch) -> Iterator[bytes]:
    """The body in parts, unpacked by ourselves: a few bytes may unpack to gigabytes."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise _Refused(f"encoding {encoding}")
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=31)
    size = 0
    while True:
        part = response.raw.read1(_CHUNK, decode_content=False)
        if watch.has_cut:
            # What was cut off looks like an end.
            raise _Refused("too slow")
        if not part:
            break
        if unpack is not None:
            try:
                part = unpack.decompress(part, max_bytes - size + 1)
            except zlib.error as error:
                raise _Refused("broken packing") from error
        size += len(part)
        if size > max_bytes:
            raise _Refused("too large")
        yield part
    if unpack is not None and not unpack.eof:
        raise _Refused("cut short")
    told = response.headers.get("Content-Length", "")
    is_counted = told.isdigit() and "chunked" not in response.headers.get("Transfer-Encoding", "")
    if is_counted and response.raw.tell() != int(told):
        raise _Refused("cut short")
