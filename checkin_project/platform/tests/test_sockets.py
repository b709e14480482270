"""A client that opens a socket and never reads from it: real sockets, a real uvicorn, a small application."""

import asyncio
import base64
import os
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import connect

from checkin_project.platform import sockets

PATIENCE = 20.0


class Flood:
    """Sends without end to whoever connects; `ended` knows whose sending has ended."""

    def __init__(self) -> None:
        self.ended: set[str] = set()
        self.sent: dict[str, int] = {}

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        who = scope["path"]
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "x" * 2000})
                self.sent[who] = self.sent.get(who, 0) + 1
                await asyncio.sleep(0)
        except OSError:
            pass
        finally:
            self.ended.add(who)


async def until(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not question():  # noqa: ASYNC110 - asks about other connections, which set no event
            await asyncio.sleep(0.02)


def deaf_client(port: int, path: str) -> socket.socket:
    """Shakes hands and never reads again; its machine takes a few kilobytes for it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]
    client.sendall("\r\n".join(lines).encode())
    return client


async def deaf_and_reading(protocol: str, *, for_seconds: float) -> tuple[set[str], dict[str, int]]:
    """Who was cut off while one client reads for so long and another one does not at all; and who was sent how much."""
    app = Flood()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        options: dict[str, Any] = {"lifespan": "off", "log_config": None, **sockets.OPTIONS, "ws": protocol}
        server = uvicorn.Server(uvicorn.Config(app, **options))
        serving = asyncio.create_task(server.serve([listener]))
        await until(lambda: server.started)
        deaf = await asyncio.to_thread(deaf_client, port, "/deaf")
        async with connect(f"ws://127.0.0.1:{port}/reading", max_queue=None) as reading:
            await until(lambda: app.sent.get("/deaf", 0) > 0)
            began = time.monotonic()
            while "/deaf" not in app.ended and time.monotonic() - began < for_seconds:
                await reading.recv()
            found = set(app.ended)
        deaf.close()
        server.should_exit = True
        await serving
    return found, app.sent


def test_who_does_not_read_is_cut_off_and_nobody_else_is_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "SLOW", 0.3)

    cut_off, sent = asyncio.run(deaf_and_reading(sockets.PROTOCOL, for_seconds=PATIENCE))

    assert cut_off == {"/deaf"}
    # What it was sent fits into the buffers of both machines; no more is kept for it.
    assert sent["/deaf"] * 2000 < 8_000_000


def test_control_without_our_protocol_it_would_be_kept_for_ever() -> None:
    cut_off, _sent = asyncio.run(deaf_and_reading("websockets-sansio", for_seconds=2.0))

    assert cut_off == set()


def test_addresses_of_sockets_are_judged_as_those_of_requests(settings: Any) -> None:
    headers = [(b"x-forwarded-for", b"203.0.113.9, 198.51.100.7")]
    scope = {"type": "websocket", "headers": headers, "client": ("10.0.0.1", 5000)}

    settings.TRUSTED_PROXIES = 0
    direct = sockets.address_of_scope(scope)
    settings.TRUSTED_PROXIES = 1
    behind = sockets.address_of_scope(scope)

    assert (direct, behind) == ("10.0.0.1", "198.51.100.7")
    assert sockets.address_of_scope({"type": "websocket", "headers": [], "client": None}) == ""
