"""What members' list has, the others have, too."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import TestCase

from attendance.models import Attendance
from attendance.tests.factories import come_in
from checkin_project.platform.access import Role
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.tests.admin_pages import signed_in
from checkin_project.platform.tests.factories import make_user
from events.models import Event, GroupRole
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "what"),
    [("events_event", "events_full"), ("events_group", "groups"), ("attendance_attendance", "runner")],
)
def test_marked_records_of_every_list_are_copied(model: str, what: str) -> None:
    for _each in range(2):
        come_in(make_member(), make_event(group=make_group()))
    event = Event.objects.first()
    assert event is not None
    pk = {"events_event": event.pk, "events_group": event.group_id}.get(model) or Attendance.objects.get(event=event).pk
    data = {"action": "copy_to_storage", ACTION_CHECKBOX_NAME: [pk], "confirmed": "1", "what": what, "format": "csv"}

    with TestCase.captureOnCommitCallbacks(execute=True):
        signed_in(Role.ORGANISER).post(f"/admin/{model.replace('_', '/')}/", data)

    assert list(ExportRun.objects.values_list("name", "state", "rows")) == [(what, "stored", 1)]


def test_group_staff_get_their_own_groups_records_only() -> None:
    own, foreign = make_group(), make_group()
    for group in (own, foreign):
        come_in(make_member(), make_event(group=group))
    user = make_user(role=None)
    GroupRole.objects.create(user=user, group=own, role=Role.ORGANISER)
    client = signed_in(None)
    client.force_login(user)
    everybody = list(Attendance.objects.values_list("pk", flat=True))
    data = {"action": "copy_to_storage", ACTION_CHECKBOX_NAME: everybody, "confirmed": "1"}

    with TestCase.captureOnCommitCallbacks(execute=True):
        client.post("/admin/attendance/attendance/", data | {"what": "attendance_full", "format": "csv"})

    assert list(ExportRun.objects.values_list("requested_by", "rows", "about")) == [(user.pk, 1, "1 record")]
