"""WebSockets of uvicorn, with an end for those who do not read: their connection is cut, not kept until they do."""

from __future__ import annotations

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from checkin_project.platform.requests import client_address

# Seconds that a full buffer may stay full, and that a connection which has ended here may take to be gone.
SLOW = 10.0
LINGER = 15.0
# Bytes that may wait for one client. Live messages are small: this is a dozen with names in them.
BUFFER = 32_768


class SocketProtocol(WebSocketsSansIOProtocol):
    """Closing politely waits until the client has read what is in the buffer; those who never read would stay."""

    _cut: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=BUFFER)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_in(SLOW)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._keep()

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        super().on_task_complete(task)
        if not self.disconnected:
            self._cut_in(LINGER)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self._cut_in(1.0)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keep()
        super().connection_lost(exc)

    def _cut_in(self, seconds: float) -> None:
        self._keep()
        self._cut = self.loop.call_later(seconds, self.transport.abort)

    def _keep(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None


PROTOCOL = f"{__name__}:{SocketProtocol.__name__}"
# What every server of this product has to say to uvicorn about sockets. Messages are too small to gain by compression.
OPTIONS: dict[str, Any] = {
    "ws": PROTOCOL,
    "ws_max_size": 4096,
    "ws_per_message_deflate": False,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
}


def address_of_scope(scope: Mapping[str, Any]) -> str:
    """`client_address` of a WebSocket, from its ASGI scope."""
    request = HttpRequest()
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    request.META = {"REMOTE_ADDR": (scope.get("client") or ("",))[0], "HTTP_X_FORWARDED_FOR": ",".join(forwarded)}
    return client_address(request)
