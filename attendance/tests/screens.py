"""Screens for tests: the ASGI application as a server would call it, without one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils.module_loading import import_string

from checkin_project.platform.models import User

T = TypeVar("T")
# A busy machine may take long; nothing here waits longer than it has to.
PATIENCE = 20.0
ORIGIN = (b"origin", b"http://localhost")


def watching(scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a scenario with screens to its end, on an event loop of its own."""
    return asyncio.run(scenario())


async def acting(act: Callable[[], T]) -> T:
    """Do something to the database, as a web thread would."""

    def in_thread() -> T:
        try:
            return act()
        finally:
            connection.close()

    return await asyncio.to_thread(in_thread)


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


class FakeScreen:
    """One socket. `said` is every message it was sent."""

    def __init__(
        self,
        path: str,
        *,
        session: str = "",
        device: str = "",
        headers: tuple[tuple[bytes, bytes], ...] = (ORIGIN,),
        address: str = "198.51.100.7",
    ) -> None:
        cookies = {settings.SESSION_COOKIE_NAME: session, settings.DEVICE_COOKIE_NAME: device}
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items() if value)
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "headers": [*headers, (b"cookie", cookie.encode())],
            "client": (address, 40000),
            "query_string": b"",
            "subprotocols": [],
        }
        self.said: list[dict[str, Any]] = []
        communicator: Any = ApplicationCommunicator
        self._asgi = communicator(import_string(settings.ASGI_APPLICATION), scope)

    async def open(self) -> str:
        """What the server said to the handshake: "websocket.accept" or "websocket.close"."""
        await self._asgi.send_input({"type": "websocket.connect"})
        answer = await self._asgi.receive_output(PATIENCE)
        return str(answer["type"])

    async def hear(self, kind: str = "counts", **values: object) -> dict[str, Any]:
        """The next message of this kind with these values; those before are skipped. Fails when it does not come."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            answer = await self._asgi.receive_output(max(0.1, until - time.monotonic()))
            assert answer["type"] == "websocket.send", answer
            message: dict[str, Any] = json.loads(answer["text"])
            self.said.append(message)
            if message["type"] == kind and values.items() <= message.items():
                return message
        raise AssertionError(f"no {kind} {values} came")

    async def hear_all(self, seconds: float) -> list[dict[str, Any]]:
        """Everything that comes within so many seconds."""
        heard = []
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if await self._asgi.receive_nothing(left, min(0.05, left)):
                break
            heard.append(await self.hear_one())
        return heard

    async def hear_one(self) -> dict[str, Any]:
        answer = await self._asgi.receive_output(PATIENCE)
        assert answer["type"] == "websocket.send", answer
        message: dict[str, Any] = json.loads(answer["text"])
        self.said.append(message)
        return message

    async def say(self, text: str) -> None:
        await self._asgi.send_input({"type": "websocket.receive", "text": text})

    async def closed(self) -> int:
        """The code it is closed with; messages before are skipped."""
        while True:
            answer = await self._asgi.receive_output(PATIENCE)
            if answer["type"] == "websocket.close":
                return int(answer["code"])

    async def leave(self) -> None:
        await self._asgi.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._asgi.wait(PATIENCE)


def event_screen(code: str, **shown: Any) -> FakeScreen:
    return FakeScreen(f"/ws/events/{code}/", **shown)
