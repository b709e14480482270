"""Hears through Redis what other processes announce, knows when it does not hear, and comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from typing import Any

from redis.asyncio import Connection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from attendance import topics
from attendance.topics import Message

log = logging.getLogger(__name__)
# Seconds without a word until Redis is asked whether it is there, and again as many until it is believed not to be.
QUIET = 2.0
RETRY = 1.0
CONFIRM = 2.0
_TROUBLE = (RedisError, OSError, asyncio.TimeoutError)


class RedisRelay:
    """One connection that listens. `on_message(topic, message)` and `on_state(is_up)` are called on its event loop.

    `on_state` is told of changes alone: first when Redis is found away, then when it is back.
    """

    def __init__(self, url: str, on_message: Callable[[str, Message], None], on_state: Callable[[bool], None]) -> None:
        self.is_down = False
        self._on_message, self._on_state = on_message, on_state
        self._pool: Any = ConnectionPool.from_url(
            url, socket_connect_timeout=QUIET, socket_timeout=QUIET, retry=Retry(NoBackoff(), 0), protocol=2
        )
        self._connection: Connection | None = None
        self._is_doubtful = False
        # Topics that somebody listens to; each is confirmed by Redis once per connection.
        self._confirmed: dict[str, asyncio.Event] = {}
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._ended)

    async def subscribe(self, names: Iterable[str]) -> None:
        """Returns when Redis has confirmed that it will send these, or at once or late when it is away."""
        new = [name for name in names if name not in self._confirmed]
        for name in new:
            self._confirmed[name] = asyncio.Event()
        await self._send("SUBSCRIBE", new)
        if self.is_down:
            return
        waits = [asyncio.ensure_future(self._confirmed[name].wait()) for name in names]
        _done, late = await asyncio.wait(waits, timeout=CONFIRM)
        for wait in late:
            wait.cancel()
        # What was sent meanwhile may be lost: begin anew, which tells everybody the numbers again.
        self._is_doubtful |= bool(late)

    async def unsubscribe(self, names: Iterable[str]) -> None:
        gone = [name for name in names if self._confirmed.pop(name, None) is not None]
        await self._send("UNSUBSCRIBE", gone)

    async def _send(self, command: str, names: list[str]) -> None:
        if names and self._connection is not None:
            # Whoever reads from this connection notices, too, and makes a new one for all topics.
            with contextlib.suppress(*_TROUBLE):
                await self._connection.send_command(command, *map(topics.channel, names))

    async def _run(self) -> None:
        while True:
            try:
                await self._hear()
            except _TROUBLE as error:
                self._say(is_down=True, why=type(error).__name__)
            await asyncio.sleep(RETRY)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """By a mistake of ours, or with the event loop. Screens must not believe themselves live then."""
        if not task.cancelled():
            log.error("live messages: listening to Redis ended", exc_info=task.exception())
            self._say(is_down=True, why="ended")

    def _say(self, *, is_down: bool, why: str = "") -> None:
        if is_down != self.is_down:
            self.is_down = is_down
            log.warning("live messages: Redis is %s", f"away ({why})" if is_down else "back")
            self._on_state(not is_down)

    async def _hear(self) -> None:
        connection = self._pool.make_connection()
        try:
            await connection.connect()
            for confirmed in self._confirmed.values():
                confirmed.clear()
            self._connection, self._is_doubtful = connection, False
            # One topic that is always there, so that Redis knows this connection as one that listens.
            await connection.send_command("SUBSCRIBE", *map(topics.channel, ["", *self._confirmed]))
            await self._read(connection)
        finally:
            self._connection = None
            await connection.disconnect(nowait=True)

    async def _read(self, connection: Any) -> None:
        is_asked = False
        while True:
            answer = await connection.read_response(timeout=QUIET, disconnect_on_error=False)
            if self._is_doubtful:
                raise TimeoutError
            if answer is not None:
                is_asked = False
                self._take(*answer)
            elif is_asked:
                raise TimeoutError
            else:
                is_asked = True
                await connection.send_command("PING")

    def _take(self, kind: bytes, name: bytes, data: Any = None) -> None:
        topic = name.decode()[len(topics.channel("")) :]
        if kind == b"message":
            self._on_message(topic, topics.unpacked(data))
        elif kind == b"subscribe":
            if topic in self._confirmed:
                self._confirmed[topic].set()
            if all(confirmed.is_set() for confirmed in self._confirmed.values()):
                self._say(is_down=False)
