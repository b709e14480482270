"""The screens that this process serves: who listens to what, and handing each message to all of them.

One hub per event loop; in the product there is one. Numbers reach it from the publisher of the same process, or through
Redis (relay.py). While Redis is away the hub counts by itself every few seconds and marks what it sends as delayed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar

from django.conf import settings
from django.db import DatabaseError, connection

from attendance import topics
from attendance.reading import message_for
from attendance.relay import RedisRelay
from attendance.topics import Message
from events.models import Event

log = logging.getLogger(__name__)
# A screen hears something at least this often, in seconds: who hears nothing knows that it is cut off.
ALIVE = 5.0
# While Redis is away.
DELAYED = 4.0
# Threads that ask the database for screens: few, because doors come first.
ASKING = 2
MOST_KNOWN = 1000

T = TypeVar("T")


class Listener(Protocol):
    """A screen. `offer` never waits."""

    def offer(self, message: Message) -> None: ...


class Hub:
    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.screens: dict[Listener, str] = {}
        self._listeners: dict[str, set[Listener]] = {}
        self._asking = asyncio.Semaphore(ASKING)
        self._known: dict[object, tuple[float, Any]] = {}
        self._events: dict[str, tuple[Event, bool]] = {}
        self._greetings: dict[str, asyncio.Task[Message]] = {}
        self._greeted_at: dict[str, float] = {}
        self._relay = RedisRelay(settings.REDIS_URL, self.hand_out, self._relay_changed) if settings.REDIS_URL else None
        self._alive = asyncio.create_task(self._keep_alive())
        self._catching_up: asyncio.Task[None] | None = None

    @property
    def is_delayed(self) -> bool:
        return self._relay is not None and self._relay.is_down

    def admit(self, screen: Listener, address: str) -> bool:
        """May one more screen from this address be served? Say `dismiss` when it is gone."""
        from_there = Counter(self.screens.values())[address]
        if len(self.screens) >= settings.LIVE_SOCKETS or from_there >= settings.LIVE_SOCKETS_PER_ADDRESS:
            return False
        self.screens[screen] = address
        return True

    def dismiss(self, screen: Listener) -> None:
        self.screens.pop(screen, None)
        for topic in [topic for topic, listeners in self._listeners.items() if screen in listeners]:
            self._listeners[topic].discard(screen)

    async def join(self, screen: Listener, names: Iterable[str]) -> None:
        """From the end of this call on, the screen misses nothing that is sent to these topics."""
        for name in names:
            self._listeners.setdefault(name, set()).add(screen)
        if self._relay is not None:
            await self._relay.subscribe(names)

    def deliver(self, topic: str, message: Message) -> None:
        """`hand_out`, from any thread."""
        # The loop may end at this very moment.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.hand_out, topic, message)

    def is_heard(self, topic: str) -> bool:
        return bool(self._listeners.get(topic))

    def hand_out(self, topic: str, message: Message) -> None:
        """To every screen that listens to the topic. Never waits for one of them."""
        for screen in self._listeners.get(topic, ()):
            screen.offer(message)

    async def recall(self, key: object, question: Callable[[], T], *, since: float) -> T:
        """The answer to `question`, asked in a thread, or the one that was given to the same `key` after `since`."""
        async with self._asking:
            known = self._known.get(key)
            if known is not None and known[0] >= since:
                answer: T = known[1]
                return answer
            now = time.monotonic()
            answer = await self._ask(question)
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            self._known[key] = now, answer
            return answer

    async def greeting(self, event: Event, *, names: bool) -> Message:
        """The event's numbers, counted after this call began, once for all who ask within COUNTS_MAX_AGE."""
        topic = topics.numbers_topic(event.code, names=names)
        self._events[topic] = event, names
        task = self._greetings.get(topic)
        if task is None:
            task = self._greetings[topic] = asyncio.create_task(self._greet(topic, event, names))
            # Those who waited may all be gone when it fails.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _greet(self, topic: str, event: Event, names: bool) -> Message:
        """Whoever comes after the counting began waits for the next one, which begins COUNTS_MAX_AGE later."""
        pause = self._greeted_at.get(topic, 0.0) + settings.COUNTS_MAX_AGE - time.monotonic()
        await asyncio.sleep(max(0.0, pause))
        del self._greetings[topic]
        self._greeted_at[topic] = began = time.monotonic()
        async with self._asking:
            told = await self._ask(lambda: message_for(event, names, since=began))
        return topics.counts_message(told | {"delayed": True} if self.is_delayed else told)

    async def _ask(self, question: Callable[[], T]) -> T:
        future = _executor.submit(_and_close, question)
        _questions.add(future)
        future.add_done_callback(_questions.discard)
        return await asyncio.wrap_future(future)

    def _relay_changed(self, is_up: bool) -> None:
        if self._catching_up is not None:
            self._catching_up.cancel()
        self._catching_up = asyncio.create_task(self._tell_all() if is_up else self._count_until_back())

    async def _count_until_back(self) -> None:
        while True:
            await self._tell_numbers()
            await asyncio.sleep(DELAYED)

    async def _tell_all(self) -> None:
        """Redis is back, and nobody knows what got lost meanwhile."""
        await self._tell_numbers()
        for topic in list(self._listeners):
            if topic == topics.KIOSKS or topic.startswith(topics.settings_topic("")):
                self.hand_out(topic, topics.settings_message(topic.partition(".")[2]))

    async def _tell_numbers(self) -> None:
        for topic, (event, names) in list(self._events.items()):
            if not self.is_heard(topic):
                continue
            try:
                self.hand_out(topic, await self.greeting(event, names=names))
            except DatabaseError as error:
                log.warning("live numbers could not be counted: %s", type(error).__name__)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(ALIVE)
            alive = Message("alive", '{"type":"alive","delayed":true}' if self.is_delayed else '{"type":"alive"}')
            for screen in list(self.screens):
                screen.offer(alive)
            await self._forget_unheard()

    async def _forget_unheard(self) -> None:
        unheard = [topic for topic, listeners in self._listeners.items() if not listeners]
        for topic in unheard:
            del self._listeners[topic]
            self._events.pop(topic, None)
            self._greeted_at.pop(topic, None)
        if unheard and self._relay is not None:
            await self._relay.unsubscribe(unheard)


# --- For the other threads of the process ---

_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
_hubs_lock = threading.Lock()
_executor = ThreadPoolExecutor(ASKING, thread_name_prefix="live-asking")
_questions: set[Future[Any]] = set()


def _and_close(question: Callable[[], T]) -> T:
    try:
        return question()
    finally:
        connection.close()


def hub_of_this_loop() -> Hub:
    """The hub of the running event loop, made when it is first asked for."""
    loop = asyncio.get_running_loop()
    with _hubs_lock:
        if loop not in _hubs:
            for ended in [other for other in _hubs if other.is_closed()]:
                del _hubs[ended]
            _hubs[loop] = Hub()
        return _hubs[loop]


def _running() -> list[Hub]:
    with _hubs_lock:
        return [hub for loop, hub in _hubs.items() if loop.is_running()]


def is_anybody_here() -> bool:
    """Does this process serve a screen?"""
    return any(hub.screens for hub in _running())


def is_heard(topic: str) -> bool:
    return any(hub.is_heard(topic) for hub in _running())


def deliver(topic: str, message: Message) -> None:
    """Hand a message to this process' screens, from any thread."""
    for hub in _running():
        if hub.is_heard(topic):
            hub.deliver(topic, message)


def finish(seconds: float) -> bool:
    """Wait for questions that are under way; False when that takes longer than `seconds`."""
    return not wait(_questions.copy(), timeout=seconds).not_done
