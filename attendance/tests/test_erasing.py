"""Deleting what people came to."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import TestCase

from attendance.erasing import Toll, erase, toll_of
from attendance.models import Attendance, Device, Scan
from attendance.tests.factories import AT, come_in, make_device, take_back
from checkin_project.platform.access import SYSTEM, Actor, Role
from checkin_project.platform.exports import storing
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.tests.admin_pages import messages_of, page, signed_in, text_of
from checkin_project.platform.tests.exports import folder
from checkin_project.platform.tests.factories import make_import_run
from events.models import Event
from events.tests.factories import make_event
from members.models import LoyaltyEntry, Member
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
ROOT = Actor(is_system=True, is_superuser=True, role=Role.ADMINISTRATOR)


def test_an_event_goes_with_its_attendance_scans_points_and_devices_and_nothing_else() -> None:
    event, other = make_event(check_in={"points": 10}), make_event(check_in={"points": 10})
    ben = make_member()
    come_in(ben, event)
    take_back(ben, event)
    come_in(ben, other)
    make_device(event_id=event.pk)

    toll = erase(event, by=ROOT, at=AT)

    assert toll == Toll(attendance=1, scans=2, points=2)
    assert [row.event for row in Attendance.objects.all()] == [other]
    assert [scan.event for scan in Scan.objects.all()] == [other]
    assert [entry.points for entry in LoyaltyEntry.objects.all()] == [10]
    assert (list(Event.objects.all()), Device.objects.count()) == ([other], 0)


def test_files_that_may_name_a_member_go_with_the_member() -> None:
    ben = make_member(first_name="Ben")
    with TestCase.captureOnCommitCallbacks(execute=True):
        run = storing.store("members", "csv", by=SYSTEM, at=AT)
    path = folder() / run.key
    assert "Ben" in path.read_text()

    with TestCase.captureOnCommitCallbacks(execute=True):
        erase(ben, by=ROOT, at=AT)

    assert (path.exists(), ExportRun.objects.exists()) == (False, False)


def test_imports_that_may_name_a_member_are_forgotten_with_the_member() -> None:
    ben = make_member(first_name="Ben")
    run = make_import_run(state="applied")

    erase(ben, by=ROOT, at=AT)

    run.refresh_from_db()
    assert (run.rows.count(), run.pruned_at, run.counts) == (0, AT, {"new": 1, "error": 1})


def test_a_member_goes_with_every_trace_and_hosted_events_stay() -> None:
    ben = make_member(status=Member.Status.BLOCKED)
    hosted = make_event(host=ben)
    come_in(ben, hosted)
    ben.status = Member.Status.ACTIVE
    ben.save()
    come_in(ben, hosted)
    come_in(make_member(first_name="Ana"), hosted)

    toll = erase(ben, by=ROOT, at=AT)

    hosted.refresh_from_db()
    assert toll == Toll(attendance=1, scans=2, points=0)
    assert hosted.host is None
    assert [row.name for row in Attendance.objects.all()] == ["Ana Brown"]
    assert not Member.history.filter(first_name="Ben").exists()


def test_one_attendance_goes_alone() -> None:
    event = make_event(check_in={"points": 10})
    come_in(make_member(), event)
    come_in(make_member(first_name="Ana"), event)

    erase(Attendance.objects.get(member__first_name="Ben"), by=ROOT, at=AT)

    assert [row.name for row in Attendance.objects.all()] == ["Ana Brown"]
    assert [entry.member.first_name for entry in LoyaltyEntry.objects.all()] == ["Ana"]


def test_nobody_but_a_superuser_erases() -> None:
    event = make_event()

    with pytest.raises(PermissionDenied):
        erase(event, by=SYSTEM, at=AT)

    assert Event.objects.exists()


@pytest.mark.parametrize("model", [Event, Member])
def test_deleting_with_attendance_is_refused_in_the_admin_with_a_way_out(model: type[Event] | type[Member]) -> None:
    come_in(make_member(), make_event())
    record = model.objects.get()

    response = signed_in(Role.ADMINISTRATOR).post(page(model, "delete", record.pk), {"post": "yes"}, follow=True)

    assert model.objects.filter(pk=record.pk).exists()
    assert ("instead" in messages_of(response)[0], Attendance.objects.count()) == (True, 1)


def test_a_superuser_is_told_how_much_goes_before_it_does() -> None:
    come_in(make_member(), make_event())
    event = Event.objects.get()
    client = signed_in(Role.ADMINISTRATOR, is_superuser=True)

    question = client.get(page(Event, "delete", event.pk))
    kept = Event.objects.count()
    client.post(page(Event, "delete", event.pk))

    assert question.context["toll"] == Toll(attendance=1, scans=1, points=0)
    assert (kept, Event.objects.count(), Scan.objects.count()) == (1, 0, 0)


def test_the_log_of_an_erased_member_names_nobody() -> None:
    ben = make_member(first_name="Benedikt")
    come_in(ben, make_event())
    client = signed_in(Role.ADMINISTRATOR, is_superuser=True)
    client.post(page(Member, "change", ben.pk), {"first_name": "Benedikt", "last_name": "B", "status": "active"})

    client.post(page(Member, "delete", ben.pk))

    assert not Member.objects.exists()
    assert "Benedikt" not in text_of(client.get("/admin/"))


def test_what_nobody_came_to_is_deleted_as_usual() -> None:
    event = make_event()

    signed_in().post(page(Event, "delete", event.pk), {"post": "yes"})

    assert not Event.objects.exists()
    assert toll_of(event).is_nothing


def test_organisers_do_not_delete_attendance() -> None:
    result = come_in(make_member(), make_event())
    client = signed_in(Role.ADMINISTRATOR)

    response = client.post(page(Attendance, "delete", result.attendance_id), {"post": "yes"})

    assert (response.status_code, Attendance.objects.count()) == (403, 1)
