"""How often is counted and sent: at once, then seldom, never less than needed, and alike for any number of screens."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.db.backends.utils import CursorWrapper
from pytest_django.fixtures import Settings
from redis import Redis

from attendance import hub, publisher, reading, topics
from attendance.sending import RedisSender
from attendance.subjects import by_guest_name
from attendance.tests.factories import come_in
from attendance.tests.screens import FakeScreen, acting, event_screen, session_of, watching
from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import make_user
from events.models import Event
from events.tests.factories import make_event

pytestmark = pytest.mark.django_db(transaction=True)


class Asked:
    """Statements of all threads, by what they are for."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    @property
    def counts(self) -> int:
        return sum("capacity FROM events" in each for each in self.statements)

    @property
    def feeds(self) -> int:
        return sum("a.guest_name" in each and "FROM scans" in each for each in self.statements)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked, execute = Asked(), CursorWrapper.execute

    def noted(self: CursorWrapper, sql: Any, params: Any = None) -> Any:
        asked.statements.append(str(sql))
        return execute(self, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", noted)
    return asked


def guests(event: Event, how_many: int, name: str = "Guest") -> Callable[[], None]:
    def arrive() -> None:
        for number in range(how_many):
            come_in(by_guest_name(f"{name} {number}"), event)

    return arrive


async def opened(screens: list[FakeScreen]) -> list[FakeScreen]:
    for screen in screens:
        await screen.open()
    for screen in screens:
        await screen.hear()
    return screens


@pytest.mark.parametrize("how_many", [1, 12])
def test_screens_cost_no_more_questions_however_many_watch(how_many: int, asked: Asked, settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 1
    event, key = make_event(), session_of(make_user(role=Role.SUPERVISOR))

    async def scenario() -> tuple[int, int]:
        staff = [event_screen(event.code, session=key) for _number in range(how_many)]
        public = [event_screen(event.code) for _number in range(how_many)]
        await opened(staff + public)
        asked.statements.clear()
        await acting(guests(event, 1))
        for screen in staff + public:
            await screen.hear(checked_in=1)
        found = asked.counts, asked.feeds
        for screen in staff + public:
            await screen.leave()
        return found

    assert watching(scenario) == (1, 1)


def test_a_crowd_of_screens_that_connects_at_once_is_greeted_by_few_counts(asked: Asked, settings: Settings) -> None:
    settings.COUNTS_MAX_AGE = 1
    event = make_event()

    async def scenario() -> float:
        began = time.monotonic()
        screens = await opened([event_screen(event.code) for _number in range(40)])
        took = time.monotonic() - began
        for screen in screens:
            await screen.leave()
        return took

    took = watching(scenario)

    assert asked.counts <= 2 + took
    # The event, once in so many seconds for all who are not signed in.
    assert sum('FROM "events"' in each for each in asked.statements) <= 2 + took


def test_screens_that_leave_before_they_are_greeted_spoil_nothing_for_the_next(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.COUNTS_MAX_AGE = 0.4
    monkeypatch.setattr(hub, "ALIVE", 0.02)
    event = make_event()

    async def scenario() -> None:
        for _time in range(3):
            [stays] = await opened([event_screen(event.code)])
            await stays.leave()
            hasty = event_screen(event.code)
            await hasty.open()
            # Until it waits for its numbers, and then until nobody is known to want them.
            await asyncio.sleep(0.1)
            await hasty.leave()
            await asyncio.sleep(0.5)

    watching(scenario)


def test_the_first_change_is_sent_at_once_and_a_storm_seldom_and_its_end_always(
    asked: Asked, settings: Settings
) -> None:
    settings.COUNTS_MAX_AGE = 1.5
    event = make_event()

    async def scenario() -> tuple[float, float, int]:
        [screen] = await opened([event_screen(event.code)])
        began = time.monotonic()
        await acting(guests(event, 1, "First"))
        await screen.hear(checked_in=1)
        first = time.monotonic() - began
        asked.statements.clear()
        storm = time.monotonic()
        await acting(guests(event, 25))
        await screen.hear(checked_in=26)
        took, counts = time.monotonic() - storm, asked.counts
        await screen.leave()
        return first, took, counts

    first, took, counts = watching(scenario)

    assert first < 1.5
    assert 1 <= counts <= 2 + took / 1.5


def test_what_could_not_be_counted_is_counted_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.COUNTS_MAX_AGE = 0.05
    monkeypatch.setattr(publisher, "RETRY", 0.2)
    event, read, failures = make_event(), reading.read, [1, 2]

    def failing(event_id: int, *, names: bool = False) -> Any:
        if failures:
            failures.pop()
            raise OperationalError("gone")
        return read(event_id, names=names)

    async def scenario() -> None:
        [screen] = await opened([event_screen(event.code)])
        monkeypatch.setattr(publisher, "read", failing)
        await acting(guests(event, 1))
        await screen.hear(checked_in=1)
        await screen.leave()

    watching(scenario)

    assert failures == []


def test_nothing_is_counted_for_nobody(asked: Asked) -> None:
    event, other = make_event(), make_event()

    async def scenario() -> None:
        [screen] = await opened([event_screen(other.code)])
        asked.statements.clear()
        await acting(guests(event, 3))
        await acting(guests(other, 1))
        await screen.hear(checked_in=1)
        await screen.leave()

    watching(scenario)

    assert asked.counts == 1


# --- Several processes: each has a sender of its own ---


@pytest.fixture
def heard() -> Iterator[None]:
    """Somebody, somewhere, watches the event LIVETEST."""
    client: Any = Redis.from_url(django_settings.REDIS_URL)
    listening = client.pubsub()
    listening.subscribe(topics.channel(topics.numbers_topic("LIVETEST", names=False)))
    assert listening.get_message(timeout=5) is not None
    yield
    listening.close()
    for what in ("changes", "turn"):
        client.delete(topics.channel(f"{what}.LIVETEST"))
    client.close()


@pytest.fixture
def processes() -> Iterator[list[RedisSender]]:
    senders = [RedisSender(django_settings.REDIS_URL) for _number in range(4)]
    yield senders
    for sender in senders:
        sender.close()


@pytest.mark.redis
@pytest.mark.parametrize("notes", [True, False], ids=["as it is", "control: nobody notes what was counted"])
def test_of_several_processes_one_counts_for_all_that_changed_before_it_looked(
    notes: bool, heard: None, processes: list[RedisSender], settings: Settings
) -> None:
    settings.COUNTS_MAX_AGE = 0.2
    first, *others = processes

    turn = first.ask("LIVETEST", 0)
    later = [sender.ask("LIVETEST", 0) for sender in others]
    first.send([], turn)
    time.sleep(0.3)
    counted = 0
    for sender, waiting in zip(others, later, strict=True):
        again = sender.ask("LIVETEST", waiting.number)
        if again.is_heard:
            counted += 1
            if notes:
                sender.send([], again)
            time.sleep(0.3)

    assert (turn.public, turn.staff, turn.pause) == (True, False, 0.0)
    # Their changes came after the first one had looked, so nobody is left out …
    assert all(0 < waiting.pause <= 0.2 for waiting in later)
    # … and one look serves all three.
    assert counted == (1 if notes else 3)


@pytest.mark.redis
def test_without_a_listener_anywhere_nobody_counts(processes: list[RedisSender]) -> None:
    turns = [sender.ask("NOBODYHERE", 0) for sender in processes]

    assert [(turn.is_heard, turn.pause) for turn in turns] == [(False, 0.0)] * 4


@pytest.mark.redis
def test_a_turn_that_nobody_finishes_passes_to_the_next(
    heard: None, processes: list[RedisSender], settings: Settings
) -> None:
    settings.COUNTS_MAX_AGE = 0.1
    crashed, next_one = processes[:2]

    assert crashed.ask("LIVETEST", 0).is_heard
    waiting = next_one.ask("LIVETEST", 0)
    time.sleep(waiting.pause + 0.05)

    assert next_one.ask("LIVETEST", waiting.number).is_heard
