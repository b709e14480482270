"""Real screens for tests: WebSocket clients that keep what a server told them, each in a thread of its own."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from attendance.tests.outage import Server, wait_until

# A promise kept in a second may take some more on a machine that does other things, too.
PATIENCE = 30.0


@dataclass
class LiveScreen:
    """A screen that shows the last numbers it was sent and whether they are delayed."""

    server: Server
    event: str
    said: list[dict[str, Any]] = field(default_factory=list)
    _open: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        origin: Any = f"http://127.0.0.1:{self.server.port}"
        address = f"ws://127.0.0.1:{self.server.port}/ws/events/{self.event}/"
        socket = self._open.enter_context(connect(address, origin=origin, open_timeout=PATIENCE, close_timeout=1))
        threading.Thread(target=self._read, args=(socket,), daemon=True).start()
        return self

    def __exit__(self, *trouble: object) -> None:
        self._open.close()

    def _read(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            for text in socket:
                self.said.append(json.loads(text) | {"heard_at": time.monotonic()})

    @property
    def counts(self) -> list[dict[str, Any]]:
        return [message for message in self.said if message["type"] == "counts"]

    @property
    def checked_in(self) -> int:
        return int(self.counts[-1]["checked_in"]) if self.counts else -1

    @property
    def is_delayed(self) -> bool:
        return bool(self.said and self.said[-1].get("delayed"))

    def shows(self, checked_in: int, *, seconds: float = PATIENCE) -> float:
        """Wait for this number; the seconds it took."""
        return wait_until(lambda: self.checked_in == checked_in, f"showing {checked_in}", seconds)
