"""One HTTP request between the event loop and a thread, and ASGI's types as far as they are used."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(slots=True, eq=False)
class Exchange:
    """One request on its way through a thread. `abandoned`: nobody waits for the answer any more.

    `body` is the whole body when it was small enough to be read first, else None and `first` is its beginning.
    """

    body: bytes | None = None
    first: bytes | None = None
    started: bool = False
    in_thread: bool = False
    stuck: bool = False
    abandoned: bool = False
    waiter: asyncio.Task[Any] | None = None
    waits_since: float = 0.0
    receiving: asyncio.Task[Any] | None = None
    late: asyncio.Task[None] | None = None
