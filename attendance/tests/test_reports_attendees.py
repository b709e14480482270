"""Who came most, who was missing, who followed; and who may read the names."""

from datetime import timedelta
from typing import Any

import pytest

from attendance.reports import attendees, followers, totals
from attendance.reports.attendees import Absence
from attendance.reports.followers import Followed
from attendance.tests.reporting import came, registered, scoped
from checkin_project.platform.access import SYSTEM, Actor, Role
from events.models import Event, GroupMember
from events.tests.factories import EVENING, make_event, make_group, make_series
from members.models import Member, MemberWord
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


People = list[tuple[Event, list[Member | str]]]


def evenings(count: int, **fields: Any) -> list[Event]:
    return [
        make_event(name=f"Evening {number}", starts_at=EVENING - timedelta(days=count - number + 1), **fields)
        for number in range(count)
    ]


def test_equals_share_a_place_and_the_last_seen_comes_first() -> None:
    first, second, third = evenings(3)
    ana, ben, cleo = (make_member(first_name=name, last_name="") for name in ("Ana", "Ben", "Cleo"))
    evening: People = [(first, [ana, ben]), (second, [ana, cleo]), (third, [ana, "Gus"])]
    for event, who in evening:
        for person in who:
            came(event, person)

    found = attendees.attendees(scoped(), by=SYSTEM)

    assert [(each.standing, each.name, each.visits, each.first.name, each.last.name) for each in found.attendees] == [
        (1, "Ana", 3, "Evening 0", "Evening 2"),
        (2, "Cleo", 1, "Evening 1", "Evening 1"),
        (2, "Ben", 1, "Evening 0", "Evening 0"),
    ]
    assert attendees.attendees(scoped(), by=SYSTEM, limit=1).total == 3


def test_a_name_finds_people_at_their_place_among_all() -> None:
    (event,) = evenings(1)
    MemberWord.objects.all().delete()
    for name in ("Ana", "Benedikt"):
        came(event, make_member(first_name=name))

    found = attendees.attendees(scoped(), by=SYSTEM, name="bene")

    assert [(each.standing, each.name) for each in found.attendees] == [(1, "Benedikt Brown")]
    assert attendees.attendees(scoped(), by=SYSTEM, name="be").attendees == ()


def test_an_organiser_of_a_group_is_told_the_names_of_its_members_alone() -> None:
    group = make_group()
    (event,) = evenings(1, group=group)
    known, unknown = make_member(first_name="Known"), make_member(first_name="Unknown")
    GroupMember.objects.create(group=group, member=known)
    came(event, known)
    came(event, unknown)
    organiser = Actor(user_id=1, group_roles={group.pk: Role.ORGANISER})

    found = attendees.attendees(scoped(by=organiser), by=organiser)

    assert [each.name for each in found.attendees] == ["Known Brown"]
    assert attendees.attendees(scoped(by=organiser), by=organiser, name="unknown").attendees == ()
    assert totals.total(totals.lines(scoped(by=organiser).events)).members == 2


def test_only_events_really_held_can_be_missed() -> None:
    events = evenings(5)
    gone, there = make_member(first_name="Gone"), make_member(first_name="There")
    for number in (0, 1):
        came(events[number], gone)
    # Nobody came to the fourth: perhaps it never took place.
    registered(events[3], gone)
    for number in (1, 2, 4):
        came(events[number], there)

    found = attendees.not_seen(scoped(), Absence(missed=2, least=2), by=SYSTEM)

    assert found.since is not None
    assert found.since.name == "Evening 2"
    assert [(each.attendee.name, each.attendee.last.name, each.events) for each in found.absent] == [
        ("Gone Brown", "Evening 1", 2)
    ]
    assert attendees.not_seen(scoped(), Absence(missed=3, least=2), by=SYSTEM).absent == ()
    assert attendees.not_seen(scoped(), Absence(missed=2, least=3), by=SYSTEM).absent == ()
    assert attendees.not_seen(scoped(), Absence(missed=5, least=1), by=SYSTEM).since is None


def test_who_came_to_one_and_then_to_the_other() -> None:
    a, b = make_series(name="A"), make_series(name="B")
    first_b, first_a, second_b = evenings(3)
    Event.objects.filter(pk=first_a.pk).update(series=a)
    Event.objects.filter(pk__in=[first_b.pk, second_b.pk]).update(series=b)
    then, other_way, both_ways, only = (make_member(first_name=name) for name in ("Then", "Other", "Both", "Only"))
    who_came: People = [(first_b, [other_way, both_ways]), (first_a, [then, other_way, both_ways, only, "Gus"])]
    for event, who in who_came:
        for person in who:
            came(event, person)
    last: list[Member | str] = [then, both_ways, "Gus"]
    for person in last:
        came(second_b, person)
    of_a, of_b = followers.chosen(f"s{a.pk}"), followers.chosen(f"s{b.pk}")

    assert followers.followed(scoped(), of_a, of_b) == Followed(first=4, second=3, both=2)
    assert Followed(first=4, second=3, both=2).share == 0.5
    assert Followed(first=0, second=3, both=0).share is None
    named = followers.followers(scoped(), of_a, of_b, by=SYSTEM)
    assert [(each.name, each.first.name, each.last.name) for each in named] == [
        ("Then Brown", "Evening 1", "Evening 2"),
        ("Both Brown", "Evening 1", "Evening 2"),
    ]
    assert followers.followed(scoped(), followers.chosen(f"e{first_b.code}"), of_a) == Followed(2, 4, 2)
    assert followers.followed(scoped(), followers.chosen("g0"), of_a) == Followed(0, 4, 0)


@pytest.mark.parametrize("people", [1, 3])
def test_lists_of_people_take_the_same_few_queries(people: int, django_assert_num_queries: Any) -> None:
    events = evenings(5)
    for _person in range(people):
        member = make_member()
        came(events[0], member)
        came(events[1], member)
    for event in events[2:]:
        came(event, "Gus")
    scope = scoped()

    with django_assert_num_queries(2):
        assert len(attendees.attendees(scope, by=SYSTEM).attendees) == people
    with django_assert_num_queries(3):
        assert len(attendees.not_seen(scope, Absence(3, 2), by=SYSTEM).absent) == people
    with django_assert_num_queries(2):
        a, b = followers.chosen(f"e{events[0].code}"), followers.chosen(f"e{events[1].code}")
        assert len(followers.followers(scope, a, b, by=SYSTEM)) == people
