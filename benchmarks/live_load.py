"""The clients of live.py: screens that note when they show what, and people who arrive on time, one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

CLIENTS = 16


@dataclass
class Screen:
    """One socket. `shown` is (monotonic time, number) for each message with another number."""

    event: str
    shown: list[tuple[float, int]] = field(default_factory=list)
    messages: int = 0
    bytes: int = 0
    delayed: int = 0

    async def watch(self, address: str, origin: Any, cookie: str, opened: asyncio.Semaphore) -> None:
        headers = {"Cookie": cookie} if cookie else {}
        url = f"{address}/ws/events/{self.event}/"
        async with connect(url, origin=origin, additional_headers=headers, compression=None) as socket:
            opened.release()
            with contextlib.suppress(ConnectionClosed):
                async for text in socket:
                    self.take(str(text))

    def take(self, text: str) -> None:
        message = json.loads(text)
        self.messages += 1
        self.bytes += len(text)
        self.delayed += bool(message.get("delayed"))
        if message["type"] == "counts" and (not self.shown or self.shown[-1][1] != message["checked_in"]):
            self.shown.append((time.monotonic(), message["checked_in"]))


@dataclass
class Arrivals:
    """People who are checked in at a given pace, each at the next event; how long each took, from when it was due."""

    port: int
    secret: str
    events: Sequence[str]
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    # By event: when each check-in was acknowledged, and when it was sent.
    acked: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _next_member: int = 1

    def run(self, per_second: float, seconds: float) -> None:
        """Blocks until all of them got an answer. Nobody waits for the one before: a slow server makes a queue."""
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as clients:
            for number in range(int(per_second * seconds)):
                due = began + number / per_second
                time.sleep(max(0.0, due - time.monotonic()))
                clients.submit(self._arrive, self.events[number % len(self.events)], self._next_member, due)
                self._next_member += 1

    def _arrive(self, event: str, member: int, due: float) -> None:
        body = json.dumps({"event": event, "code": f"V1{member:07d}", "operation_id": str(uuid4())})
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret}"}
        self.sent[event].append(time.monotonic())
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/api/check-ins", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self.errors.append(repr(error))
            return
        finally:
            connection.close()
        if answer.status != 201:
            self.errors.append(f"{answer.status}: {text[:200]}")
            return
        now = time.monotonic()
        self.seconds.append(now - due)
        self.acked[event].append(now)


def lags(screens: Sequence[Screen], arrivals: Arrivals) -> tuple[list[float], int]:
    """For each screen and each acknowledged check-in the seconds until the screen showed it, inf for never.

    And how often a screen showed more people than had been sent by then, which would be an invention.
    """
    found, inventions = [], 0
    for screen in screens:
        acked = sorted(arrivals.acked[screen.event])
        sent = sorted(arrivals.sent[screen.event])
        moments = iter(screen.shown)
        at, number = next(moments, (float("inf"), len(acked)))
        for place, moment in enumerate(acked, start=1):
            while number < place:
                at, number = next(moments, (float("inf"), len(acked)))
            found.append(max(0.0, at - moment))
        inventions += sum(number > sum(each <= at for each in sent) for at, number in screen.shown)
    return sorted(found), inventions
