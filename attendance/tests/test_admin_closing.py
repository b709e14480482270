"""Closing and reopening events in the admin, through the same rule as the dashboard."""

from datetime import timedelta

import pytest
from django.utils import timezone

from attendance.closing import close_event
from attendance.models import Attendance
from attendance.registration import register
from attendance.subjects import by_member
from attendance.tests.factories import SUPERVISOR, come_in
from attendance.tests.kiosks import open_event
from checkin_project.platform.access import SYSTEM, Role
from checkin_project.platform.tests.admin_pages import act, messages_of, page, signed_in, text_of
from events.models import Event
from events.tests.factories import make_event
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def registered_for(event: Event) -> None:
    who = by_member(make_member().pk)
    register(who, event.code, by=SUPERVISOR, at=event.starts_at - timedelta(days=1))


def test_ana_closes_events_after_a_question_and_reopens_them() -> None:
    first, second, ana = open_event(), open_event(), signed_in()
    for event in (first, second):
        registered_for(event)

    asked = act(ana, first, "close", second)
    assert "Close these events?" in text_of(asked)
    assert not Event.objects.filter(closed_at__isnull=False).exists()

    closed = act(ana, first, "close", second, confirmed="yes")
    assert messages_of(closed) == ["2 events changed."]
    assert set(Attendance.objects.values_list("state", flat=True)) == {"no_show"}

    reopened = act(ana, first, "reopen", confirmed="yes")
    assert messages_of(reopened) == ["1 event changed."]
    assert sorted(Attendance.objects.values_list("state", flat=True)) == ["no_show", "registered"]


def test_what_cannot_be_closed_is_named_and_the_rest_is_closed() -> None:
    now, coming = open_event(), make_event(name="Next week", starts_at=timezone.now() + timedelta(days=7))

    answer = act(signed_in(), now, "close", coming, confirmed="yes")

    assert sorted(messages_of(answer)) == [
        "1 event changed.",
        "Next week: Check-in has not opened yet. Cancel the event if it does not take place.",
    ]


def test_the_record_offers_what_fits_and_no_time_to_type() -> None:
    event, ana = open_event(), signed_in()

    before = text_of(ana.get(page(Event, "change", event.pk)))
    close_event(event.code, by=SYSTEM, at=timezone.now())
    after = text_of(ana.get(page(Event, "change", event.pk)))

    assert ('value="close"' in before, 'value="reopen"' in before) == (True, False)
    assert ('value="close"' in after, 'value="reopen"' in after) == (False, True)
    assert 'name="closed_at_0"' not in before + after


@pytest.mark.parametrize("role", [Role.STEWARD, Role.SUPERVISOR])
def test_who_does_not_organise_cannot_close(role: Role) -> None:
    event = open_event()

    act(signed_in(role), event, "close", confirmed="yes")

    event.refresh_from_db()
    assert event.closed_at is None


def test_nobody_who_came_reads_that_they_did_not_come() -> None:
    event, ben = open_event(), make_member()
    register(by_member(ben.pk), event.code, by=SUPERVISOR, at=event.starts_at - timedelta(days=1))
    come_in(ben, event, at=timezone.now())
    registered_for(event)
    close_event(event.code, by=SYSTEM, at=timezone.now())

    came, absent = (
        text_of(signed_in().get(page(Attendance, "change", Attendance.objects.get(state=state).pk)))
        for state in ("attended", "no_show")
    )

    assert "Registered, did not come" not in came
    assert "Registered, did not come" in absent
