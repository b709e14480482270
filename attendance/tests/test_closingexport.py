from datetime import timedelta
from typing import Any

import pytest
from django.test import TestCase

from attendance.closing import close_event, reopen_event
from attendance.outcomes import Outcome
from attendance.tests.factories import AT, come_in
from checkin_project.platform.access import SYSTEM, Actor, Role, actor_for
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.tests.exports import folder
from checkin_project.platform.tests.factories import make_user
from events.models import Event, GroupRole
from events.tests.factories import make_event, make_group
from members.tests.factories import make_member

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(minutes=30)


@pytest.fixture(autouse=True)
def _wanted(settings: Any) -> None:
    settings.EXPORT_ON_CLOSE = True


def _close(event: Event, *, by: Actor = SYSTEM) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        close_event(event.code, by=by, at=LATER)


def test_a_closed_events_list_is_stored_and_belongs_to_whoever_closed_it() -> None:
    event, other = make_event(name="Chess & cheese"), make_event()
    ana = make_user(Role.ORGANISER)
    come_in(make_member(first_name="Ben", last_name="Adler"), event)
    come_in(make_member(first_name="Cleo"), other)

    _close(event, by=actor_for(ana))

    run = ExportRun.objects.get()
    stored = (folder() / run.key).read_text(encoding="utf-8-sig")
    assert (run.state, run.rows, run.requested_by, run.origin) == ("stored", 1, ana, "closing")
    assert run.about == f"Chess & cheese, {event.local_start:%Y-%m-%d}"
    assert "-attendance_full-chess-cheese-" in run.key
    assert ("Ben" in stored, "Cleo" in stored) == (True, False)


def test_closing_again_stores_nothing_more_and_closing_anew_does() -> None:
    event = make_event()
    come_in(make_member(), event)

    _close(event)
    _close(event)
    once = ExportRun.objects.count()
    reopen_event(event.code, by=SYSTEM, at=LATER)
    _close(event)

    assert (once, ExportRun.objects.count()) == (1, 2)


def test_group_staff_get_the_list_of_their_groups_event() -> None:
    group = make_group()
    event = make_event(group=group)
    come_in(make_member(), event)
    user = make_user(role=None)
    GroupRole.objects.create(user=user, group=group, role=Role.ORGANISER)

    _close(event, by=actor_for(user))

    assert list(ExportRun.objects.values_list("state", "rows", "requested_by")) == [("stored", 1, user.pk)]


def test_an_empty_list_and_a_site_that_wants_none_store_nothing(settings: Any) -> None:
    _close(make_event())
    settings.EXPORT_ON_CLOSE = False
    event = make_event()
    come_in(make_member(), event)

    _close(event)

    assert not ExportRun.objects.exists()


def test_a_broken_storage_neither_holds_up_closing_nor_check_in(tmp_path: Any, settings: Any) -> None:
    (tmp_path / "file").touch()
    options = {"location": tmp_path / "file" / "exports"}
    backend = "django.core.files.storage.FileSystemStorage"
    settings.STORAGES = settings.STORAGES | {"exports": {"BACKEND": backend, "OPTIONS": options}}
    event, other = make_event(), make_event()
    come_in(make_member(), event)

    _close(event)

    assert ExportRun.objects.get().state == ExportRun.State.RETRYING
    assert come_in(make_member(), other).outcome == Outcome.CHECKED_IN
    event.refresh_from_db()
    assert event.closed_at == LATER
