"""A storage that hangs or is gone, a real one: people come in meanwhile as if it were not there."""

import threading
import time
from typing import Any

import pytest
from botocore.config import Config
from django.db import connections

from attendance.outcomes import Outcome
from attendance.tests.factories import AT, come_in
from checkin_project.platform.access import SYSTEM
from checkin_project.platform.buckets import client_config
from checkin_project.platform.exports.copying import copy_now
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin
from checkin_project.platform.tests.swift import OwnSwift
from events.tests.factories import make_event
from members.tests.factories import make_member

pytestmark = [pytest.mark.s3, pytest.mark.django_db(transaction=True)]
SECONDS = 2  # of patience, instead of the ten of production


def _put(settings: Any, options: dict[str, Any]) -> None:
    backend = "checkin_project.platform.buckets.Bucket"
    settings.STORAGES = settings.STORAGES | {"exports": {"BACKEND": backend, "OPTIONS": options}}


def _copy(run: ExportRun) -> None:
    try:
        copy_now(run.pk, run.ticket, at=AT)
    finally:
        connections.close_all()


def test_people_come_in_while_a_copy_hangs_and_the_copy_succeeds_later(own_swift: OwnSwift, settings: Any) -> None:
    impatient = client_config("path").merge(Config(read_timeout=SECONDS))
    _put(settings, own_swift.options(client_config=impatient))
    event, members = make_event(), [make_member() for _each in range(5)]
    come_in(make_member(), event)
    run = begin(Wanted("attendance_full", params={"event": event.code}), by=SYSTEM, at=AT)
    worker = threading.Thread(target=_copy, args=(run,))

    own_swift.freeze()
    try:
        worker.start()
        end = time.monotonic() + 5
        while ExportRun.objects.get().state == ExportRun.State.WAITING and time.monotonic() < end:
            time.sleep(0.01)
        outcomes = [come_in(member, event).outcome for member in members]
        is_still_hanging = worker.is_alive()
        worker.join(30)
    finally:
        own_swift.thaw()

    run.refresh_from_db()
    assert (outcomes, is_still_hanging) == ([Outcome.CHECKED_IN] * 5, True)
    assert (run.state, run.error) == (ExportRun.State.RETRYING, "The storage does not answer.")
    _put(settings, own_swift.options())
    _copy(run)
    run.refresh_from_db()
    assert (run.state, run.attempts, run.rows) == (ExportRun.State.STORED, 2, 6)
