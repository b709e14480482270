"""What the admin's start page tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from attendance.models import Device, Scan
from attendance.startpage import SILENT_AFTER, Waiting, needs_attention, todays_events
from attendance.tests.factories import AT, SUPERVISOR, come_in, make_device
from checkin_project.platform.access import Actor, Role, actor_for
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, order
from checkin_project.platform.tests.admin_pages import signed_in, text_of
from checkin_project.platform.tests.factories import make_user
from events.models import ReviewStatus
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ORGANISER = Actor(is_system=True, role=Role.ORGANISER)


def test_today_is_each_events_own_day() -> None:
    # 11:30 in Auckland on the 21st, 17:30 in New York on the 20th.
    at = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    evening = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    make_event(name="Yesterday there", starts_at=evening, timezone="Pacific/Auckland")
    make_event(name="Today here", starts_at=evening, timezone="America/New_York")
    make_event(name="Draft", starts_at=evening, timezone="America/New_York", stored_status="draft")

    assert [today.event.name for today in todays_events(ORGANISER, at=at)] == ["Today here"]


def test_exports_that_could_not_be_stored_wait_for_those_who_see_them() -> None:
    user = make_user(Role.ORGANISER)
    order(Wanted("members"), by=actor_for(user), at=AT)
    ExportRun.objects.update(state=ExportRun.State.FAILED, error="The storage does not answer.")
    line = Waiting(1, "export that could not be stored", "/exports/")

    assert needs_attention(actor_for(user), at=AT) == [line]
    assert needs_attention(actor_for(make_user(Role.ADMINISTRATOR)), at=AT) == [line]
    assert needs_attention(actor_for(make_user(Role.ORGANISER)), at=AT) == []


def test_todays_numbers_are_counted_in_one_query(django_assert_num_queries: Any) -> None:
    for _number in range(3):
        come_in(make_member(), make_event(), party_size=2)

    with django_assert_num_queries(1):
        numbers = [today.event.inside_heads for today in todays_events(ORGANISER, at=AT)]  # type: ignore[attr-defined]

    assert numbers == [2, 2, 2]


def test_what_waits_is_counted_by_kind() -> None:
    make_event(review_status=ReviewStatus.PENDING)
    make_group(review_status=ReviewStatus.PENDING)
    make_group(feed_failures=2)
    make_member(status="provisional")
    event = make_event()
    come_in(make_member(), event)
    Scan.objects.update(flag=Scan.Flag.OVER_CAPACITY)
    make_device(event_id=event.pk, at=AT - SILENT_AFTER - timedelta(minutes=1))

    waiting = {line.label: line.count for line in needs_attention(ORGANISER, at=AT)}

    assert waiting == {
        "event to approve or reject": 1,
        "group to approve or reject": 1,
        "feed that fails": 1,
        "provisional person to look at": 1,
        "offline scan that broke a rule": 1,
        "device silent while its event is open": 1,
    }


def test_a_device_is_missed_only_while_its_event_is_open() -> None:
    make_device(event_id=make_event(starts_at=AT + timedelta(days=3)).pk, at=AT - timedelta(hours=1))
    device, _token = make_device(event_id=make_event().pk, at=AT - timedelta(hours=1))
    Device.objects.filter(pk=device.pk).update(revoked_at=AT)

    assert needs_attention(ORGANISER, at=AT) == []


def test_nothing_waits_for_somebody_who_may_not_see_to_it() -> None:
    make_event(review_status=ReviewStatus.PENDING)
    make_member(status="provisional")

    assert needs_attention(SUPERVISOR, at=AT) == []


def test_group_staff_are_told_of_their_groups_alone() -> None:
    own, foreign = make_group(), make_group()
    for group in (own, foreign, foreign):
        make_event(group=group, review_status=ReviewStatus.PENDING)
    staff = Actor(is_system=True, group_roles={own.pk: Role.ORGANISER})

    assert [line.count for line in needs_attention(staff, at=AT)] == [1]


def test_every_link_of_the_start_page_opens() -> None:
    make_event(review_status=ReviewStatus.PENDING)
    make_group(feed_failures=2, review_status=ReviewStatus.PENDING)
    make_member(status="provisional")
    now = timezone.now()
    event = make_event(starts_at=now, ends_at=now + timedelta(hours=1))
    come_in(make_member(), event, at=now)
    Scan.objects.update(flag=Scan.Flag.OVER_CAPACITY)
    make_device(event_id=event.pk, at=now - timedelta(hours=1))
    client = signed_in()

    start = client.get("/admin/")
    today, waiting = (panel.context for panel in start.context["panels"][:2])
    links = [today["events"][0].url, *(line.url for line in waiting["waiting"])]

    assert len(links) == 7
    assert [client.get(link).status_code for link in links] == [200] * 7


def test_a_quiet_day_says_so() -> None:
    text = text_of(signed_in().get("/admin/"))

    assert "Nothing is planned for today." in text
    assert "All is well." in text
