"""Threads that start at one instant, each with a database connection of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.utils import timezone

from attendance.registration import cancel_registration, register
from attendance.subjects import by_member
from attendance.tests.factories import SUPERVISOR
from events.models import Event
from events.tests.factories import make_event
from members.models import Member

T = TypeVar("T")
# Connections that a race on PostgreSQL may hold at once; the rest of the threads queue in the pool.
AT_ONCE = 24
PATIENCE = 60.0


def together(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Run every act in a thread of its own, all let go at once; their results in order. Raises what an act raised."""
    gate = threading.Barrier(len(acts))
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int, act: Callable[[], T]) -> None:
        try:
            gate.wait(PATIENCE)
            results[number] = act()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, act), daemon=True) for number, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    if errors:
        raise errors[0]
    assert len(results) == len(acts), "some acts never ended"
    return [results[number] for number in range(len(acts))]


@contextmanager
def meanwhile(act: Callable[[], None]) -> Iterator[None]:
    """Run `act` over and over in a thread of its own while the body runs, and once more after it."""
    done = threading.Event()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            while not done.is_set():
                act()
            act()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(PATIENCE)
    assert not thread.is_alive(), "the act beside the race never ended"
    if errors:
        raise errors[0]


@contextmanager
def wide_pool() -> Iterator[None]:
    """Let AT_ONCE threads hold a connection at the same time; the default suits one process of a server."""
    default = connections["default"]
    pool: dict[str, Any] | None = default.settings_dict["OPTIONS"].get("pool")
    if not pool:
        yield
        return
    before = dict(pool)
    default.close()
    default.close_pool()  # type: ignore[attr-defined]
    pool |= {"max_size": AT_ONCE, "timeout": 30}
    try:
        yield
    finally:
        default.close()
        default.close_pool()  # type: ignore[attr-defined]
        pool.clear()
        pool |= before


def rounds(on_postgresql: int, on_sqlite: int) -> range:
    """How often a race is run; RACE_ROUNDS=20 asks for more than fits into everyday's suite."""
    usual = on_sqlite if settings.SQLITE else on_postgresql
    return range(int(os.environ.get("RACE_ROUNDS", usual)))


def open_event(**fields: object) -> Event:
    """An event that is going on at this moment."""
    return make_event(starts_at=timezone.now() - timedelta(minutes=5), **fields)  # type: ignore[arg-type]


def registered(who: Member, event: Event) -> str:
    """Put on the list: "registered" or "no seat"."""
    try:
        register(by_member(who.pk), event.code, by=SUPERVISOR, at=timezone.now())
    except ValidationError:
        return "no seat"
    return "registered"


def unregistered(who: Member, event: Event, at: datetime) -> None:
    """Taken off the list, if on it."""
    try:
        cancel_registration(by_member(who.pk), event.code, by=SUPERVISOR, at=at)
    except ValidationError:
        return
