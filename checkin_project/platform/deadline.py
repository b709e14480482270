"""In front of the WSGI threads: what reaches them is whole and legal, and nobody waits longer than a deadline.

A frozen database holds a thread for as long as it likes, and no timeout of its own ends that. The event loop is free
meanwhile, so it answers 503 in time, whatever the thread does later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from checkin_project.platform.exchange import Exchange, Message, Receive, Scope, Send
from checkin_project.platform.unavailable import HEADERS, bodies, wants_json

# A body up to this size (bytes) is read before a thread is taken, so slow senders hold no thread.
BUFFERED_BODY = 262_144
# Seconds a client may be silent while it sends a body or takes a streamed answer.
PATIENCE = 30.0

LOGGER = logging.getLogger("checkin.server")

# What is wrapped has its own, narrower names for the same things.
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how many. `slow` maps a path's beginning to its own seconds; doors get the last seats."""

    seconds: float
    slow: dict[str, float]
    in_flight: int
    in_flight_doors: int
    doors: tuple[str, ...]
    threads: int

    def seconds_for(self, path: str) -> float:
        return next((seconds for start, seconds in self.slow.items() if path.startswith(start)), self.seconds)


class Deadline:
    """ASGI layer around a Bridge. Puts an Exchange into the scope, by which the two understand each other."""

    def __init__(self, app: AsgiApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self.in_flight = 0
        self.stuck = 0
        bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/healthz":
            # Whether the process lives must not depend on a free thread.
            await _answer(send, 200, "application/json", b'{"status": "ok"}')
            return
        if not scope["query_string"].isascii():
            await _answer(send, 400, "text/plain; charset=utf-8", b"This address contains a character it may not have.")
            return
        # WSGI cannot tell X_Forwarded_For from X-Forwarded-For, so a client could pass for another.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
        if self._overloaded(path):
            await _unavailable(scope, send)
            return
        exchange = Exchange()
        watch = Watch(exchange)
        try:
            if not await _read_ahead(receive, exchange):
                return
            if self._overloaded(path):
                await _unavailable(scope, send)
                return
            self.in_flight += 1
            try:
                await self._serve(scope, receive, send, exchange)
            finally:
                self.in_flight -= 1
                self.stuck -= exchange.stuck
        finally:
            watch.stop()

    def _overloaded(self, path: str) -> bool:
        """Every thread hangs, or too many wait already; the doors of an event are the last to be turned away."""
        limit = self.limits.in_flight_doors if path.startswith(self.limits.doors) else self.limits.in_flight
        return self.stuck >= self.limits.threads or self.in_flight - self.stuck >= limit

    async def _serve(self, scope: Scope, receive: Receive, send: Send, exchange: Exchange) -> None:
        scope["checkin.exchange"] = exchange
        timer = asyncio.get_running_loop().call_later(
            self.limits.seconds_for(scope["path"]), self._expire, scope, send, exchange
        )

        async def bounded_receive() -> Message:
            if exchange.first is not None:
                first, exchange.first = exchange.first, None
                return {"type": "http.request", "body": first, "more_body": True}
            return await _receive_more(receive, exchange)

        async def bounded_send(message: Message) -> None:
            # Never raises: a thread that streams looks at `abandoned` instead.
            if exchange.abandoned:
                return
            if message["type"] == "http.response.start":
                exchange.started = True
                timer.cancel()
            try:
                await _patiently(exchange, send(message))
            except (OSError, RuntimeError) as error:
                exchange.abandoned = True
                LOGGER.warning("an answer was cut short", extra={"error": repr(error)})

        try:
            await self.app(scope, bounded_receive, bounded_send)
        finally:
            timer.cancel()
            if exchange.late is not None:
                await exchange.late

    def _expire(self, scope: Scope, send: Send, exchange: Exchange) -> None:
        """The deadline has come: answer instead of the thread, and let go of what it waits for."""
        if exchange.started or exchange.abandoned:
            return
        exchange.abandoned = True
        exchange.stuck = exchange.in_thread
        self.stuck += exchange.stuck
        if exchange.receiving is not None:
            exchange.receiving.cancel()
        LOGGER.warning("a request was given up at its deadline", extra={"stuck_threads": self.stuck})
        exchange.late = asyncio.get_running_loop().create_task(_unavailable(scope, send))


class Watch:
    """Ends the wait for a client that is silent for PATIENCE: one timer per request, not one per message."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.loop = asyncio.get_running_loop()
        self.timer = self.loop.call_later(PATIENCE, self._look)

    def _look(self) -> None:
        exchange = self.exchange
        now = self.loop.time()
        due = exchange.waits_since + PATIENCE if exchange.waiter else now + PATIENCE
        if exchange.waiter and due <= now:
            waiter, exchange.waiter = exchange.waiter, None
            waiter.cancel()
            due = now + PATIENCE
        self.timer = self.loop.call_at(due, self._look)

    def stop(self) -> None:
        self.timer.cancel()


async def _patiently(exchange: Exchange, step: Awaitable[Any]) -> Any:
    """`step`, or ConnectionResetError when the Watch has ended the wait for it."""
    task = exchange.waiter = asyncio.current_task()
    exchange.waits_since = asyncio.get_running_loop().time()
    try:
        return await step
    except asyncio.CancelledError:
        if exchange.waiter is not None or task is None:
            raise  # somebody else cancels: the server is ending
        task.uncancel()
        raise ConnectionResetError("The client fell silent.") from None
    finally:
        exchange.waiter = None


async def _read_ahead(receive: Receive, exchange: Exchange) -> bool:
    """Read the body, or of a long one the first BUFFERED_BODY bytes; False when the client is gone or silent."""
    chunks: list[bytes] = []
    size = 0
    while True:
        try:
            message = await _patiently(exchange, receive())
        except ConnectionResetError:
            return False
        if message["type"] != "http.request":
            return False
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if not message.get("more_body", False):
            exchange.body = b"".join(chunks)
            return True
        if size > BUFFERED_BODY:
            exchange.first = b"".join(chunks)
            return True


async def _receive_more(receive: Receive, exchange: Exchange) -> Message:
    """The next part of a long body. A part that never comes is an error: half an upload must not pass for a whole."""
    exchange.receiving = asyncio.current_task()
    try:
        async with asyncio.timeout(PATIENCE):
            message = await receive()
    except (TimeoutError, asyncio.CancelledError):
        raise ConnectionResetError("The client stopped sending.") from None
    finally:
        exchange.receiving = None
    if message["type"] != "http.request":
        exchange.abandoned = True
        raise ConnectionResetError("The client went away.")
    return message


async def _answer(
    send: Send, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None
) -> None:
    every = {"Content-Type": content_type, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
    raw = [(name.lower().encode(), value.encode()) for name, value in (every | (headers or {})).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _unavailable(scope: Scope, send: Send) -> None:
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"").decode("latin-1")
    content_type, body = bodies()[wants_json(scope["path"], accept)]
    await _answer(send, 503, content_type, body, HEADERS)
