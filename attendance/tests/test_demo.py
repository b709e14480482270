from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django.fixtures import Settings

from attendance import demo, eventcodes
from attendance.eventcodes import Kind
from attendance.models import Attendance, Scan
from attendance.outcomes import Outcome
from checkin_project.platform.models import User
from events.models import Event
from members.models import Member
from members.tests.factories import make_member

NOW = datetime(2026, 11, 20, 18, 7, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_a_demo_shows_a_door_that_is_open_now() -> None:
    demo.fill(at=NOW, password="a long demo password")

    tonight = Event.objects.get(name="Chess night")
    assert tonight.status_at(NOW) == Event.Status.ONGOING
    assert tonight.capacity == 30
    assert set(Scan.objects.values_list("outcome", flat=True)) == {Outcome.CHECKED_IN}
    assert Attendance.objects.filter(event=tonight, state=Attendance.State.ATTENDED).count() == 7
    assert Attendance.objects.filter(event=tonight, state=Attendance.State.REGISTERED).count() == 7
    assert Event.objects.filter(all_day=True, starts_at__lte=NOW, ends_at__gt=NOW).count() == 1
    assert Event.objects.filter(starts_at__date=(NOW + timedelta(days=1)).date()).count() == 1


def test_people_can_try_both_kinds_of_event_codes_at_once() -> None:
    demo.fill(at=NOW)

    kinds = {event.name: eventcodes.issue(event, at=NOW).kind for event in Event.objects.open_for_check_in(NOW)}

    assert kinds == {"Chess night": Kind.POSTER, "Club fair": Kind.ROTATING}


def test_the_demos_user_is_an_administrator_with_the_password_that_is_told() -> None:
    sign_in = demo.fill(at=NOW)

    assert sign_in is not None
    user = User.objects.get(username=sign_in.username)
    assert len(sign_in.password) >= 12
    assert user.check_password(sign_in.password)
    assert user.is_superuser


def test_a_second_run_keeps_data_and_password() -> None:
    first = demo.fill(at=NOW)
    counts = (Member.objects.count(), Event.objects.count(), Scan.objects.count())

    second = demo.fill(at=NOW + timedelta(days=1), password="another one entirely")

    assert first is not None
    assert second == demo.SignIn("demo", "")
    assert (Member.objects.count(), Event.objects.count(), Scan.objects.count()) == counts
    assert User.objects.get(username="demo").check_password(first.password)


def test_a_database_in_use_is_left_alone() -> None:
    make_member()

    assert demo.fill(at=NOW) is None
    assert not Event.objects.exists()


def test_the_command_prints_the_password_once(settings: Settings) -> None:
    settings.DEMO_PASSWORD = "chosen by the tester"
    first, second = StringIO(), StringIO()

    call_command("demo", stdout=first)
    call_command("demo", stdout=second)

    assert "Sign in as demo with the password chosen by the tester" in first.getvalue()
    assert "chosen by the tester" not in second.getvalue()
