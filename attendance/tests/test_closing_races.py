"""Closing while people are arriving: each of them is either in, or told that check-in is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from threading import Semaphore
from types import SimpleNamespace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from attendance import closing
from attendance.closing import Closed, close_event, reopen_event
from attendance.models import Attendance
from attendance.outcomes import Outcome
from attendance.registration import register
from attendance.stats import Counts, counts
from attendance.subjects import by_member
from attendance.tests.checker import violations
from attendance.tests.factories import SUPERVISOR, come_in
from attendance.tests.racing import PATIENCE, open_event, registered, rounds, together, wide_pool
from checkin_project.platform.access import SYSTEM
from events.models import Event
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db(transaction=True)
ARRIVALS, FIRST = 50, 10


@pytest.fixture(autouse=True)
def _many_connections() -> Iterator[None]:
    with wide_pool():
        yield


def arrive(who: Member, event: Event, answered: Semaphore) -> Outcome:
    outcome = come_in(who, event, at=timezone.now()).outcome
    answered.release()
    return outcome


def close(event: Event, answered: Semaphore) -> Closed:
    """In the middle of the arrivals: after the first of them, not before."""
    # Connections are lent in the order of asking: asked for later, this one would come after all arrivals.
    connection.ensure_connection()
    for _arrival in range(FIRST):
        answered.acquire(timeout=PATIENCE)
    return close_event(event.code, by=SYSTEM, at=timezone.now())


def race(capacity: int | None, answered: Semaphore) -> tuple[Event, dict[Member, Outcome], Closed]:
    """Every second of those who arrive is on the list, the others walk in; ten more are on the list and stay away."""
    event = open_event(capacity=capacity)
    people = [make_member() for _person in range(ARRIVALS)]
    for member in [*people[::2], *(make_member() for _person in range(10))]:
        registered(member, event)
    acts: list[Callable[[], Outcome | Closed]] = [partial(arrive, member, event, answered) for member in people]
    acts.append(partial(close, event, answered))
    *told, closed = together(acts)
    assert isinstance(closed, Closed)
    outcomes = [outcome for outcome in told if isinstance(outcome, Outcome)]
    return event, dict(zip(people, outcomes, strict=True)), closed


def wrong(event: Event, outcomes: dict[Member, Outcome]) -> list[str]:
    """One sentence per person whose row does not say what the person was told."""
    states = dict(Attendance.objects.filter(event=event).values_list("member_id", "state"))
    fits: dict[Outcome, set[str | None]] = {Outcome.CHECKED_IN: {"attended"}, Outcome.CLOSED: {"no_show", None}}
    found = [
        f"{member.pk} was told {outcome} and is {states.get(member.pk)}"
        for member, outcome in outcomes.items()
        if states.get(member.pk) not in fits[outcome]
    ]
    return [
        *violations(),
        *found,
        *(f"{who} is still expected" for who, state in states.items() if state == "registered"),
    ]


@pytest.mark.parametrize("capacity", [None, 500])
def test_fifty_arrivals_and_the_closing_at_one_instant_leave_nobody_in_between(capacity: int | None) -> None:
    told: Counter[Outcome] = Counter()
    for _round in rounds(4, 2):
        event, outcomes, closed = race(capacity, Semaphore(0))

        now = counts(event.pk)
        told.update(outcomes.values())
        assert wrong(event, outcomes) == []
        assert now.no_shows == now.expected - now.shown >= 10
        # Who was let in after the closing counted had asked before it.
        assert closed.checked_in <= now.checked_in == list(outcomes.values()).count(Outcome.CHECKED_IN)
    assert told[Outcome.CHECKED_IN] > 0


def test_registering_while_the_event_closes_leaves_nobody_expected() -> None:
    for _round in rounds(3, 2):
        event = open_event()
        people = [make_member() for _person in range(20)]

        def put_on_the_list(member: Member, event: Event = event) -> bool:
            try:
                register(by_member(member.pk), event.code, by=SUPERVISOR, at=timezone.now() - timedelta(seconds=1))
            except ValidationError:
                return False
            return True

        def close_now(event: Event = event) -> bool:
            return close_event(event.code, by=SYSTEM, at=timezone.now()).is_new

        acts: list[Callable[[], bool]] = [partial(put_on_the_list, member) for member in people]
        together([*acts, close_now])

        assert not Attendance.objects.filter(event=event, state="registered").exists()


def test_closings_and_reopenings_at_one_instant_end_in_one_of_the_two() -> None:
    event = open_event()
    for _person in range(10):
        registered(make_member(), event)

    now = timezone.now()
    acts: list[Callable[[], object]] = [
        partial(act, event.code, by=SYSTEM, at=now) for act in (close_event, reopen_event) * 6
    ]
    together(acts)

    event.refresh_from_db()
    states = set(Attendance.objects.filter(event=event).values_list("state", "registration"))
    assert states == ({("registered", "registered")} if event.closed_at is None else {("no_show", "no_show")})
    assert violations() == []


def test_the_check_finds_what_a_closing_that_holds_nothing_gets_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Semaphore(0)

    def look_then_write(event: Event, before: str, after: str, at: datetime) -> Counts:
        """What `_turn` must not do: remember who was absent, and write it later."""
        absent = list(Attendance.objects.filter(event=event, registration=before, attended=False).values_list("pk"))
        for _arrival in range(ARRIVALS - FIRST):
            answered.acquire(timeout=PATIENCE)
        Attendance.objects.filter(pk__in=[pk for (pk,) in absent]).update(
            registration=after, state=after, attended=False, checked_in_at=None
        )
        return counts(event.pk)

    def not_held(event_code: str, by: object) -> Event:
        return Event.objects.get(code=event_code)

    monkeypatch.setattr(closing, "_turn", look_then_write)
    monkeypatch.setattr(closing, "_held", not_held)
    monkeypatch.setattr(closing, "transaction", SimpleNamespace(atomic=nullcontext))

    event, outcomes, _closed = race(None, answered)

    assert wrong(event, outcomes) != []
