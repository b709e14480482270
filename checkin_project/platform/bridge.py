"""From the event loop to WSGI threads and back. A finished answer crosses in one step; a2wsgi takes three or more.

Each crossing wakes a thread and costs about 60 µs, which is a good part of what a check-in costs.
"""

import asyncio
import contextvars
import io
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any

from a2wsgi.wsgi import Body, build_environ

from checkin_project.platform.exchange import Exchange, Receive, Scope, Send

# Bytes and seconds up to which a streamed answer is gathered before it is sent in parts.
GATHER_BYTES = 262_144
GATHER_SECONDS = 0.25

Headers = list[tuple[str, str]]
WsgiApp = Callable[[Any, Any], Iterable[bytes]]


@dataclass(slots=True)
class Head:
    """What the application said by start_response."""

    status: int = 0
    headers: Headers | None = None

    def start_response(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        self.status = int(status.split(" ", 1)[0])
        self.headers = headers
        return self._write

    @staticmethod
    def _write(part: bytes) -> None:
        raise NotImplementedError("WSGI's write() is older than this product; return the parts instead.")

    def message(self) -> dict[str, Any]:
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers or ()]
        return {"type": "http.response.start", "status": self.status, "headers": raw}


class Bridge:
    """ASGI application for HTTP behind Deadline: runs a WSGI application in `threads` threads.

    A request that nobody waits for any more is not begun, and its stream is not continued.
    """

    def __init__(self, app: WsgiApp, *, threads: int) -> None:
        self.app = app
        self.executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="WSGI")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        exchange: Exchange = scope["checkin.exchange"]
        reader: Any = receive
        body: Any = Body(loop, reader) if exchange.body is None else io.BytesIO(exchange.body)
        wsgi_scope: Any = scope
        environ = build_environ(wsgi_scope, body)

        def emit(message: dict[str, Any]) -> None:
            asyncio.run_coroutine_threadsafe(_send(send, message), loop).result()

        context = contextvars.copy_context()
        whole = await loop.run_in_executor(self.executor, context.run, self._work, environ, exchange, emit)
        if whole is not None:
            head, content = whole
            await send(head.message())
            await send({"type": "http.response.body", "body": content, "more_body": False})

    def _work(
        self, environ: Any, exchange: Exchange, emit: Callable[[dict[str, Any]], None]
    ) -> tuple[Head, bytes] | None:
        """In a thread: the whole answer, or None when it was too long and has been sent by `emit` already."""
        if exchange.abandoned:
            return None
        exchange.in_thread = True
        head = Head()
        parts = self.app(environ, head.start_response)
        try:
            return _gather(parts, head, exchange, emit)
        finally:
            getattr(parts, "close", lambda: None)()


def _gather(
    parts: Iterable[bytes], head: Head, exchange: Exchange, emit: Callable[[dict[str, Any]], None]
) -> tuple[Head, bytes] | None:
    """Join small parts; send what has gathered when it becomes long or old. Each `emit` waits for the client."""
    gathered: list[bytes] = []
    size = 0
    sent = False
    since = monotonic()
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size < GATHER_BYTES and monotonic() - since < GATHER_SECONDS:
            continue
        if not sent:
            emit(head.message())
            sent = True
        emit({"type": "http.response.body", "body": b"".join(gathered), "more_body": True})
        gathered, size, since = [], 0, monotonic()
        if exchange.abandoned:
            return None
    if not sent:
        return head, b"".join(gathered)
    emit({"type": "http.response.body", "body": b"".join(gathered), "more_body": False})
    return None


async def _send(send: Send, message: dict[str, Any]) -> None:
    await send(message)
