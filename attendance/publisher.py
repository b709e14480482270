"""The thread that counts what changed and sends it: each event at once, then at most once in COUNTS_MAX_AGE."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from redis.exceptions import RedisError

from attendance import hub, topics
from attendance.reading import as_message, read
from attendance.sending import Outbox, Sender, Turn, new_sender
from events.models import Event

log = logging.getLogger(__name__)
# Seconds until the next attempt when Redis or the database is away.
RETRY = 1.0


@dataclass(slots=True)
class Change:
    """What screens have not been told of one event yet. `number` is the change's place in Redis' own count of them."""

    code: str
    settings: bool = False
    number: int = 0
    due: float = 0.0


class Publisher:
    """Marks cost next to nothing; the thread starts with the first one that somebody may hear."""

    def __init__(self) -> None:
        self._changes: dict[int, Change] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_ending = threading.Event()
        self._thread: threading.Thread | None = None

    def mark(self, event_id: int, event_code: str, *, settings_changed: bool = False) -> None:
        """The event changed, and that is committed. Without Redis nothing is done unless a screen is watching here."""
        if not settings.REDIS_URL and not hub.is_anybody_here():
            return
        with self._lock:
            change = self._changes.get(event_id)
            if change is None:
                change = self._changes[event_id] = Change(event_code)
            change.settings |= settings_changed
            # Whoever counts for the change before may have looked too early for this one.
            change.number = 0
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="live-publisher", daemon=True)
                self._thread.start()
        self._wake.set()

    def finish(self, seconds: float) -> bool:
        """Send what was marked so far and end the thread; False when that takes longer than `seconds`."""
        thread = self._thread
        if thread is None:
            return True
        self._is_ending.set()
        self._wake.set()
        thread.join(seconds)
        return not thread.is_alive()

    def _run(self) -> None:
        sender = new_sender()
        try:
            while True:
                self._wake.wait(self._pause())
                self._wake.clear()
                is_ending = self._is_ending.is_set()
                for event_id, change in self._take(everything=is_ending):
                    self._try(sender, event_id, change, last_chance=is_ending)
                if is_ending and self._has_ended():
                    return
        finally:
            sender.close()

    def _pause(self) -> float | None:
        """Seconds until something is due; None to wait for the next mark."""
        with self._lock:
            due = min((change.due for change in self._changes.values()), default=None)
        return None if due is None else max(0.0, due - time.monotonic())

    def _take(self, *, everything: bool) -> list[tuple[int, Change]]:
        now = time.monotonic()
        with self._lock:
            taken = [(key, change) for key, change in self._changes.items() if everything or change.due <= now]
            for key, _change in taken:
                del self._changes[key]
        return taken

    def _has_ended(self) -> bool:
        with self._lock:
            if self._changes:
                return False
            self._is_ending.clear()
            self._thread = None
            return True

    def _try(self, sender: Sender, event_id: int, change: Change, *, last_chance: bool) -> None:
        try:
            pause = self._publish(sender, event_id, change, last_chance=last_chance)
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("live numbers could not be sent: %s", type(error).__name__)
            pause = RETRY
        finally:
            connection.close()
        if pause and not last_chance:
            self._put_back(event_id, change, time.monotonic() + pause)

    def _put_back(self, event_id: int, change: Change, due: float) -> None:
        """Until then. A mark that came meanwhile is served by the same message."""
        with self._lock:
            newer = self._changes.get(event_id)
            if newer is not None:
                change = Change(change.code or newer.code, change.settings or newer.settings)
            change.due = due
            self._changes[event_id] = change

    def _publish(self, sender: Sender, event_id: int, change: Change, *, last_chance: bool) -> float:
        """Send what there is to say; the seconds after which to come back, 0 when all is said."""
        change.code = change.code or self._code_of(event_id)
        if not change.code:
            return 0.0  # Deleted meanwhile.
        if change.settings:
            sender.send(_settings_changed(change.code))
            change.settings = False
        turn = sender.ask(change.code, change.number)
        change.number = turn.number
        if turn.pause:
            if not last_chance:
                return turn.pause
            turn = Turn(public=True, staff=True)
        if turn.is_heard:
            sender.send(_numbers(event_id, change.code, turn), turn)
        return 0.0

    @staticmethod
    def _code_of(event_id: int) -> str:
        return Event.objects.filter(pk=event_id).values_list("code", flat=True).first() or ""


def _numbers(event_id: int, code: str, turn: Turn) -> Outbox:
    """One count, and one look at the feed when somebody who may see names is watching."""
    found = read(event_id, names=turn.staff)
    feeds = {False: None, True: found.feed}
    return [
        (topics.numbers_topic(code, names=names), topics.counts_message(as_message(code, found.numbers, feeds[names])))
        for names, is_heard in ((False, turn.public), (True, turn.staff))
        if is_heard
    ]


def _settings_changed(code: str) -> Outbox:
    message = topics.settings_message(code)
    return [(topics.settings_topic(code), message), (topics.KIOSKS, message)]


publisher = Publisher()
