"""Screens on WebSockets: they are sent numbers and news of settings, and nothing they say is listened to."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import parse_cookie
from django.utils import timezone

from attendance import topics
from attendance.hub import Hub, hub_of_this_loop
from attendance.models import Device
from attendance.topics import Message
from attendance.watching import Badge, right_to_watch
from checkin_project.platform.sockets import address_of_scope
from events.models import Event

# Drafts, other people's events and events that never were answer alike.
NOT_THERE = 4404
CHANGED = 4403
TALKATIVE = 1008
TRY_LATER = 1013
# Seconds between two looks at whether the screen may still watch.
CHECK_EVERY = 60.0
# A permission that was looked up this recently, in seconds, need not be looked up for each of a hundred screens.
KNOWN_FOR = 2.0
KNOWN_FOR_CHECK = 10.0
# Whoever does not read for so long is dropped.
SLOW = 10.0
LONGEST_SAID = 1024
MOST_SAID = 20
LONGEST_BADGE = 200
# As in static/js/lib/live.js: numbers this much older come from a clock that was set back.
SET_BACK = 10_000_000

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Seat:
    """What a screen is let in to: the topics it hears, and the event whose numbers it is greeted with."""

    topics: tuple[str, ...]
    event: Event | None = None
    names: bool = False


class Screen:
    """What waits to be sent to one socket: at most one message of each kind, the newest."""

    def __init__(self) -> None:
        self.check_since = 0.0
        self.news = asyncio.Event()
        self._waiting: dict[str, Message] = {}
        self._version = 0

    def offer(self, message: Message) -> None:
        if message.kind == "counts":
            if 0 < self._version - message.version < SET_BACK:
                return
            self._version = message.version
        elif message.kind == "settings":
            # It may have been taken off the public's sight.
            self.check_since = time.monotonic()
        self._waiting[message.kind] = message
        self.news.set()

    def check(self, every: float) -> None:
        self.check_since = time.monotonic() - every
        self.news.set()

    def take(self) -> list[str]:
        self.news.clear()
        waiting, self._waiting = self._waiting, {}
        return [message.text for message in waiting.values()]


class KioskScreen(Screen):
    """A kiosk reads anew whatever changed, so it is only told that something did."""

    def offer(self, message: Message) -> None:
        if message.kind in ("counts", "settings"):
            message = Message("events", '{"type":"events"}')
        super().offer(message)


async def event_screen(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of /ws/events/<code>/."""
    code = scope["url_route"]["kwargs"]["code"]
    await _serve(scope, receive, send, Screen(), partial(_seat_at_event, code, _badge_of(scope)))


async def kiosk_screen(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI application of /ws/kiosk/: says {"type": "events"} when something changed in one of the kiosk's events."""
    await _serve(scope, receive, send, KioskScreen(), partial(_seat_of_kiosk, _badge_of(scope)))


def _badge_of(scope: Scope) -> Badge:
    header = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    cookies = parse_cookie(header)
    session, device = cookies.get(settings.SESSION_COOKIE_NAME, ""), cookies.get(settings.DEVICE_COOKIE_NAME, "")
    return Badge(session[:LONGEST_BADGE], device[:LONGEST_BADGE])


def _seat_at_event(code: str, badge: Badge) -> Seat | None:
    right = right_to_watch(code, badge.actor(), badge.paired(at=timezone.now()))
    if right is None:
        return None
    heard = (topics.numbers_topic(code, names=right.names), topics.settings_topic(code))
    return Seat(heard, right.event, right.names)


def _seat_of_kiosk(badge: Badge) -> Seat | None:
    device = badge.paired(at=timezone.now())
    if device is None or device.kind != Device.Kind.KIOSK:
        return None
    return Seat((topics.settings_topic(device.event.code) if device.event else topics.KIOSKS,))


async def _serve(scope: Scope, receive: Receive, send: Send, screen: Screen, find: Callable[[], Seat | None]) -> None:
    """Until the client goes, may no longer watch, talks too much, or does not read."""
    if (await receive())["type"] != "websocket.connect":
        return
    await send({"type": "websocket.accept"})
    hub = hub_of_this_loop()
    if not hub.admit(screen, address_of_scope(scope)):
        await send({"type": "websocket.close", "code": TRY_LATER})
        return
    tasks = [asyncio.create_task(_until_gone(receive)), asyncio.create_task(_show(hub, screen, find, send))]
    try:
        done, _going_on = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        code = done.pop().result()
    except TimeoutError:
        return  # It does not read, so it would not read a farewell either.
    except OSError:
        return  # It went away in the middle of a message.
    except DatabaseError:
        code = TRY_LATER
    finally:
        hub.dismiss(screen)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    if code:
        await send({"type": "websocket.close", "code": code})


async def _until_gone(receive: Receive) -> int:
    """What is said is thrown away; who says much or long is closed. 0 when the client has gone."""
    said, since = 0, time.monotonic()
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return 0
        if time.monotonic() - since > CHECK_EVERY:
            said, since = 0, time.monotonic()
        said += 1
        if said > MOST_SAID or len(message.get("text") or message.get("bytes") or "") > LONGEST_SAID:
            return TALKATIVE


async def _show(hub: Hub, screen: Screen, find: Callable[[], Seat | None], send: Send) -> int:
    """Find the seat, greet, send what comes; the code to close with when the seat is gone."""
    key = (find.func, find.args) if isinstance(find, partial) else find
    seat = await hub.recall(key, find, since=time.monotonic() - KNOWN_FOR)
    if seat is None:
        return NOT_THERE
    await hub.join(screen, seat.topics)
    if seat.event is None:
        screen.offer(topics.settings_message(""))
    else:
        screen.offer(await hub.greeting(seat.event, names=seat.names))
    loop = asyncio.get_running_loop()
    while True:
        timer = loop.call_later(CHECK_EVERY * random.uniform(0.8, 1), screen.check, KNOWN_FOR_CHECK)  # noqa: S311
        try:
            await _send_news(screen, send)
        finally:
            timer.cancel()
        since, screen.check_since = screen.check_since, 0.0
        try:
            now = await hub.recall(key, find, since=since)
        except DatabaseError:
            continue  # No number changes and nobody is signed out while there is no database.
        if now is None:
            return NOT_THERE
        if now.topics != seat.topics:
            return CHANGED


async def _send_news(screen: Screen, send: Send) -> None:
    """Returns when it is time to look whether the screen may still watch. Raises TimeoutError when it does not read."""
    while not screen.check_since:
        await screen.news.wait()
        for text in screen.take():
            async with asyncio.timeout(SLOW):
                await send({"type": "websocket.send", "text": text})
