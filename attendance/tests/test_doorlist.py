"""The door list: everybody expected, by last name, with numbers that stay."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from attendance import doorlist
from attendance.doorlist import Line, door_list
from attendance.registration import cancel_registration, register
from attendance.subjects import Subject, by_guest_name, by_member
from attendance.tests.factories import AT, SUPERVISOR, come_in, go_out
from events.models import Event
from events.tests.factories import EVENING, make_event
from members.models import Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


def put_on(who: Member | Subject, event: Event, people: int = 1) -> None:
    subject = by_member(who.pk) if isinstance(who, Member) else who
    register(subject, event.code, by=SUPERVISOR, at=EVENING - timedelta(days=1), party_size=people)


def names(event: Event) -> list[str]:
    return [line.name for line in door_list(event).lines]


def test_people_stand_by_last_name_whatever_their_accents_and_apostrophes() -> None:
    event = make_event()
    for first, last in (("Uma", "Zahn"), ("Finn", "O’Brien"), ("Dana", "Okafor"), ("Émile", "Éclair"), ("Cher", "")):
        put_on(make_member(first_name=first, last_name=last), event)
    put_on(by_guest_name("Zoe van Adler"), event)

    assert names(event) == ["Adler, Zoe van", "Cher", "Éclair, Émile", "O’Brien, Finn", "Okafor, Dana", "Zahn, Uma"]


def test_who_is_in_or_has_left_is_marked_and_walk_ins_are_listed() -> None:
    event = make_event()
    ana, ben, cleo = (make_member(first_name=name, last_name=name) for name in ("Ana", "Ben", "Cleo"))
    put_on(ana, event, people=3)
    come_in(ben, event)
    put_on(cleo, event)
    come_in(cleo, event)
    go_out(cleo, event, at=AT + timedelta(minutes=9))

    assert door_list(event).lines == (
        Line(1, "Ana, Ana", "", 3, None, None),
        Line(2, "Ben, Ben", "", 1, AT, None),
        Line(3, "Cleo, Cleo", "", 1, AT, AT + timedelta(minutes=9)),
    )
    assert (door_list(event).people, door_list(event).came) == (5, 2)


def test_a_number_stays_with_its_person_when_others_cancel_or_join() -> None:
    event = make_event()
    ana, ben, cleo = (make_member(first_name=name, last_name=name) for name in ("Ana", "Ben", "Cleo"))
    for member in (ben, cleo):
        put_on(member, event)
    before = {line.name: line.number for line in door_list(event).lines}

    cancel_registration(by_member(ben.pk), event.code, by=SUPERVISOR, at=AT)
    put_on(ana, event)

    assert before == {"Ben, Ben": 1, "Cleo, Cleo": 2}
    assert {line.name: line.number for line in door_list(event).lines} == {"Ana, Ana": 3, "Cleo, Cleo": 2}


def test_only_namesakes_show_the_last_digits_of_their_v_numbers() -> None:
    event = make_event()
    for first, v_number in (("Ben", "V01234567"), ("BEN", "V07654321"), ("Bea", "V00001111")):
        put_on(make_member(first_name=first, v_number=v_number), event)

    assert [(line.name, line.hint) for line in door_list(event).lines] == [
        ("Brown, Bea", ""),
        ("Brown, Ben", "…4567"),
        ("Brown, BEN", "…4321"),
    ]


def test_there_is_room_for_walk_ins_unless_they_are_refused() -> None:
    assert len(door_list(make_event()).blanks) == 15
    assert len(door_list(make_event(check_in={"walk_ins": "refuse"})).blanks) == 0


def test_who_does_not_fit_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorlist, "MOST_LINES", 2)
    event = make_event()
    for _person in range(5):
        put_on(make_member(), event)

    found = door_list(event)

    assert (len(found.lines), found.left_out, found.people) == (2, 3, 5)


def test_the_list_takes_one_query_however_long_it_is() -> None:
    def queries(people: int) -> int:
        event = make_event()
        for _person in range(people):
            put_on(make_member(), event)
        with CaptureQueriesContext(connection) as captured:
            door_list(event)
        return len(captured)

    assert queries(1) == queries(3) == 1
