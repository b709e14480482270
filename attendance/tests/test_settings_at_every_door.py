"""A setting that an organiser saves holds at every door from the next person on, in doors that were open before."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from attendance import eventcodes
from attendance.eventcodes import SelfCheckInOff
from attendance.models import Attendance, Scan
from attendance.tests.desks import Desk
from attendance.tests.kiosks import Kiosk
from attendance.tests.phones import Phone
from attendance.tests.test_settingspanel import page_of, touched
from checkin_project.platform.access import Role
from checkin_project.platform.tests.admin_pages import page, signed_in
from events.models import Event
from events.tests.factories import make_event
from members import loyalty
from members.keys import create_key
from members.models import Member
from members.tests.factories import make_member, next_v_number

pytestmark = pytest.mark.django_db
Door = Callable[[Member], object]
DOORS = ("kiosk", "self", "staff", "admin", "api")


def evening(**fields: Any) -> Event:
    return make_event(**({"starts_at": timezone.now() - timedelta(minutes=30)} | fields))


def somebody() -> Member:
    return make_member(v_number=next_v_number())


def door(name: str, event: Event) -> Door:
    """A door that is open before any setting is changed; it takes a member and lets the rule decide."""
    if name == "kiosk":
        kiosk = Kiosk(event)
        kiosk.client.get(kiosk.url())
        return lambda who: kiosk.enter(str(who.v_number))
    if name == "self":
        code = Phone(event).url
        return lambda who: _by_phone(code, who)
    if name == "staff":
        desk = Desk(event)
        desk.page()
        return lambda who: desk.act("check_in", entry=str(who.v_number))
    if name == "admin":
        admin = signed_in(Role.SUPERVISOR)
        return lambda who: admin.post(page(Attendance, "add"), _added(event, who))
    client = Client(headers={"Authorization": f"Bearer {create_key('Integrator', ['check_in'])[1]}"})
    return lambda who: client.post(
        "/api/check-ins",
        {"event": event.code, "operation_id": str(uuid4()), "code": str(who.v_number)},
        content_type="application/json",
    )


def _by_phone(code: str, who: Member) -> object:
    phone = Phone.__new__(Phone)
    phone.url, phone.client, phone.page = code, Client(), None
    return phone.enter(str(who.v_number))


def _added(event: Event, who: Member) -> dict[str, object]:
    return {"event": event.pk, "member": who.pk, "act": "check_in", "operation_id": str(uuid4())}


def told(use: Door, who: Member) -> str:
    """What the door's rule answered."""
    before = Scan.objects.count()
    use(who)
    assert Scan.objects.count() == before + 1
    return Scan.objects.latest("pk").outcome


def save(event: Event, **values: Any) -> None:
    """Ana changes settings in the panel."""
    answer = signed_in().post(f"/dashboard/{event.code}/settings/", touched(page_of(event), **values).dict())
    assert answer.status_code == 302


@pytest.mark.parametrize("name", DOORS)
def test_walk_ins_are_refused_from_the_next_person_on(name: str) -> None:
    event = evening()
    use = door(name, event)
    assert told(use, somebody()) == "checked_in"

    save(event, walk_ins="refuse")
    assert told(use, somebody()) == "not_registered"

    save(event, walk_ins="add")
    assert told(use, somebody()) == "checked_in"


@pytest.mark.parametrize("name", DOORS)
def test_coming_in_again_is_allowed_from_the_next_scan_on(name: str) -> None:
    event, who = evening(), somebody()
    use = door(name, event)
    assert [told(use, who), told(use, who)] == ["checked_in", "already_in"]

    save(event, reentry="unlimited")

    assert told(use, who) == "checked_in"


@pytest.mark.parametrize("name", DOORS)
def test_a_door_opens_earlier_or_later_as_saved(name: str) -> None:
    event = evening(starts_at=timezone.now() + timedelta(minutes=30))
    use = door(name, event)

    save(event, opens_minutes_before="10")
    assert told(use, somebody()) == "not_open_yet"

    save(event, opens_minutes_before="45")
    assert told(use, somebody()) == "checked_in"


@pytest.mark.parametrize("name", DOORS)
def test_a_door_closes_as_saved(name: str) -> None:
    event = evening(starts_at=timezone.now() - timedelta(hours=2, minutes=20))
    use = door(name, event)
    assert told(use, somebody()) == "checked_in"

    save(event, closes_minutes_after="5")

    assert told(use, somebody()) == "closed"


@pytest.mark.parametrize("name", DOORS)
def test_points_are_those_of_the_moment(name: str) -> None:
    event = evening()
    use = door(name, event)
    use(somebody())

    save(event, points="7")
    use(late := somebody())

    assert loyalty.balance(late.pk, at=timezone.now()) == 7
    assert Scan.objects.latest("pk").answer["points"] == 7


@pytest.mark.parametrize("to", ["off", "rotating"])
def test_a_poster_stops_working_when_self_check_in_changes(to: str) -> None:
    event = evening(check_in={"self_check_in": "poster"})
    poster = Phone(event).url
    assert Client().get(poster).status_code == 200

    save(event, self_check_in=to)

    answer = Client().get(poster)
    assert answer.status_code in (400, 404, 409, 410)
    assert not Attendance.objects.exists()


def test_no_code_is_issued_while_self_check_in_is_off() -> None:
    event = evening()
    save(event, self_check_in="off")

    with pytest.raises(SelfCheckInOff):
        eventcodes.issue(Event.objects.get(pk=event.pk), at=timezone.now())

    save(event, self_check_in="rotating")
    assert eventcodes.issue(Event.objects.get(pk=event.pk), at=timezone.now()).kind == "rotating"


@pytest.mark.parametrize("name", DOORS)
def test_every_door_is_closed_by_closing_and_opened_by_reopening(name: str) -> None:
    event = evening()
    use, ana = door(name, event), signed_in()
    assert told(use, somebody()) == "checked_in"

    ana.post(f"/dashboard/{event.code}/close/", {"act": "close"})
    assert told(use, somebody()) == "closed"

    ana.post(f"/dashboard/{event.code}/close/", {"act": "reopen"})
    assert told(use, somebody()) == "checked_in"
