"""Whom staff find at the desk of an event, and how people are named there."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from attendance import desk
from attendance.models import Attendance
from attendance.references import LIFE, ReferenceRefused
from attendance.registration import register
from attendance.subjects import by_code, by_guest_name, by_member
from attendance.tests.factories import AT, come_in
from checkin_project.platform.access import SYSTEM, Actor, Role
from events.models import GroupMember
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
STEWARD = Actor(user_id=1, role=Role.STEWARD)
SUPERVISOR = Actor(user_id=2, role=Role.SUPERVISOR)


def found(query: str, event: Any, actor: Actor = SUPERVISOR) -> list[str]:
    return [hit.label for hit in desk.search(query, event, actor, at=AT)]


def test_members_and_guests_are_found_by_the_beginnings_of_their_names() -> None:
    event = make_event()
    make_member(first_name="Zoë", last_name="Adler")
    come_in(by_guest_name("Zoé Brandt"), event)
    come_in(by_guest_name("Zoe Elsewhere"), make_event())
    come_in(by_guest_name("Lazoe"), event)

    assert found("zoe", event) == ["Zoë Adler", "Zoé Brandt"]
    assert found("zo", event) == []


def test_who_is_on_the_list_is_found_before_namesakes_who_are_not() -> None:
    event = make_event()
    for number in range(10):
        make_member(first_name=f"Ben{number}")
    expected = make_member(first_name="Benz")
    register(by_member(expected.pk), event.code, by=SYSTEM, at=AT)
    for number in range(6):
        come_in(by_guest_name(f"Benno {number}"), event)

    names = found("ben", event)

    assert names[:2] == ["Benz Brown", "Ben0 Brown"]
    assert len(names) == 8 + 4


def test_hits_say_how_people_stand_at_this_event() -> None:
    event = make_event()
    ben = make_member(first_name="Ben")
    come_in(ben, make_event())

    [before] = desk.search("ben", event, SUPERVISOR, at=AT)
    come_in(ben, event)
    [after] = desk.search("ben", event, SUPERVISOR, at=AT)

    assert before.row is None
    assert after.row is not None
    assert after.row.event_id == event.pk


@pytest.mark.parametrize("people", [1, 3])
def test_a_search_takes_four_queries(people: int, django_assert_num_queries: Any) -> None:
    event = make_event()
    for number in range(people):
        come_in(make_member(first_name=f"Ben{number}"), event)
        come_in(by_guest_name(f"Benno {number}"), event)

    with django_assert_num_queries(4):
        assert len(found("ben", event)) == 2 * people


def test_group_staff_find_their_group_and_the_events_list_and_nobody_else() -> None:
    group = make_group()
    event = make_event(group=group)
    linked, listed = make_member(first_name="Benlinked"), make_member(first_name="Benlisted")
    make_member(first_name="Benstranger")
    GroupMember.objects.create(group=group, member=linked, since=AT, how=GroupMember.How.JOINED)
    register(by_member(listed.pk), event.code, by=SYSTEM, at=AT)
    supervisor = Actor(user_id=3, group_roles={group.pk: Role.SUPERVISOR})

    assert sorted(found("ben", event, supervisor)) == ["Benlinked Brown", "Benlisted Brown"]
    assert len(found("ben", event)) == 3


def test_a_walk_in_is_probably_somebody_on_record() -> None:
    event = make_event()
    make_member(first_name="Benjamin", last_name="Brown")
    make_member(first_name="Cleo", last_name="Brown")

    assert [hit.label for hit in desk.likely("benjamin brown", event, SUPERVISOR, at=AT)] == ["Benjamin Brown"]
    assert desk.likely("Be", event, SUPERVISOR, at=AT) == []


def test_who_may_not_search_is_shown_masked_names_and_nobody_hidden() -> None:
    event = make_event()
    make_member(first_name="Ben", last_name="Brown")
    make_member(first_name="Ben", last_name="Brown", kiosk_hidden=True)
    make_member(first_name="Ben", last_name="Brown", is_minor=True)

    hits = desk.likely("Ben Brown", event, STEWARD, at=AT)

    assert [(hit.label, hit.detail, hit.row) for hit in hits] == [("Ben B.", "", None)]
    assert len(desk.likely("Ben Brown", event, SUPERVISOR, at=AT)) == 3


def test_a_steward_is_asked_only_about_the_people_of_the_events_group() -> None:
    group = make_group()
    make_member(first_name="Ben", last_name="Brown")

    assert desk.likely("Ben Brown", make_event(group=group), STEWARD, at=AT) == []


def test_a_reference_is_good_for_one_person_at_one_event_for_five_minutes() -> None:
    event, other = make_event(), make_event()
    ben = make_member()
    reference = desk.reference_of(by_member(ben.pk), event, SUPERVISOR, at=AT)

    def means(actor: Actor, at_event: Any, at: Any) -> Any:
        return desk.subject_of(reference, at_event, actor, operation_id=uuid4(), at=at)

    assert means(SUPERVISOR, event, AT) == by_member(ben.pk)
    for actor, at_event, at in (
        (STEWARD, event, AT),
        (Actor(device_id=2, role=Role.SUPERVISOR), event, AT),
        (SUPERVISOR, other, AT),
        (SUPERVISOR, event, AT + LIFE + timedelta(seconds=1)),
    ):
        with pytest.raises(ReferenceRefused):
            means(actor, at_event, at)


def test_nobody_and_guests_have_no_reference() -> None:
    event = make_event()

    assert desk.reference_of(by_guest_name("Dora"), event, SUPERVISOR, at=AT) == ""
    assert desk.reference_of(by_code("V99999999"), event, SUPERVISOR, at=AT) == ""
    assert Attendance.objects.count() == 0
