"""The hand-written statement against the same questions asked through the ORM."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models import Max, Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attendance.facts import Facts, lock_event, read_facts, seats_taken
from attendance.models import Attendance, Scan
from attendance.registration import register
from attendance.subjects import by_guest_name, by_member
from attendance.tests.factories import AT, come_in, go_out, take_back
from checkin_project.platform.access import SYSTEM
from events.models import Event, GroupMember
from events.tests.factories import EVENING, make_event, make_group
from members import loyalty
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def facts_of(member: Member, event: Event) -> Facts:
    facts = read_facts(by_member(member.pk), event.code, uuid4(), AT)
    assert facts is not None
    return facts


def assert_as_the_orm_says(facts: Facts, member: Member, event: Event) -> None:
    row = Attendance.objects.filter(event=event, member=member).first()
    stored = Event.objects.select_related("check_in_settings").get(pk=event.pk)
    for name in ("id", "code", "name", "group_id", "stored_status", "review_status", "starts_at", "ends_at"):
        assert getattr(facts.event, name) == getattr(stored, name), name
    for name in ("all_day", "closed_at", "capacity"):
        assert getattr(facts.event, name) == getattr(stored, name), name
    for name in ("opens_minutes_before", "closes_minutes_after", "reentry", "walk_ins", "points"):
        assert getattr(facts.event, name) == getattr(stored.check_in_settings, name), name
    if row is None:
        assert facts.row is None
    else:
        assert facts.row is not None
        for name in facts.row._fields:
            assert getattr(facts.row, name) == getattr(row, name), name
    others = Attendance.objects.filter(member=member, attended=True).exclude(event=event)
    assert facts.story.visits == others.count()
    assert facts.story.previous_at == others.aggregate(latest=Max("checked_in_at"))["latest"]
    assert facts.story.last_at == (row and row.scans.accepted().aggregate(latest=Max("occurred_at"))["latest"])
    if stored.check_in_settings.points:
        assert facts.story.points_before == loyalty.balance(member.pk, at=AT)
    linked = GroupMember.objects.filter(group=event.group_id, member=member).exists()
    assert facts.story.is_linked == (event.group_id is None or linked)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["in", "out", "undo", "register", "elsewhere"]), max_size=6), st.booleans())
def test_the_statement_reads_what_the_orm_reads(acts: list[str], in_group: bool) -> None:
    group = make_group() if in_group else None
    event = make_event(group=group, capacity=9, check_in={"reentry": "unlimited", "points": 5})
    other = make_event(starts_at=EVENING - timedelta(days=7))
    ben = make_member()
    for number, act in enumerate(acts):
        at = AT + timedelta(minutes=number)
        if act == "in":
            come_in(ben, event, at=at)
        elif act == "out":
            go_out(ben, event, at=at)
        elif act == "undo":
            take_back(ben, event, at=at)
        elif act == "register":
            register(by_member(ben.pk), event.code, by=SYSTEM, at=at)
        else:
            come_in(ben, other, at=EVENING - timedelta(days=7))

    assert_as_the_orm_says(facts_of(ben, event), ben, event)


def test_an_operation_is_read_back_as_it_was_written() -> None:
    ben, event, operation = make_member(), make_event(), uuid4()
    come_in(ben, event, operation_id=operation)

    facts = read_facts(by_member(ben.pk), event.code, operation, AT)

    scan = Scan.objects.get()
    assert facts is not None
    assert facts.operation is not None
    for name in facts.operation._fields:
        assert getattr(facts.operation, name) == getattr(scan, name), name


def test_seats_are_counted_as_the_orm_counts_them() -> None:
    event = make_event(capacity=50, check_in={"reentry": "after_exit"})
    for size in (1, 2, 3):
        member = make_member()
        register(by_member(member.pk), event.code, by=SYSTEM, at=AT, party_size=size)
    come_in(by_guest_name("Cleo"), event, party_size=4)
    come_in(by_guest_name("Dora"), event, party_size=5)
    go_out(by_guest_name("Dora"), event, at=AT + timedelta(minutes=1))

    taken = seats_taken(event.pk)

    assert taken == Attendance.objects.filter(event=event).seats().aggregate(heads=Sum("party_size"))["heads"] == 10
    assert lock_event(event.pk) == 50
