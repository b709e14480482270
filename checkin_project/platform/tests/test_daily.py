from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import TestCase

from checkin_project.platform.access import SYSTEM
from checkin_project.platform.exports.daily import prune_old, store_daily
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.storing import Wanted, begin
from checkin_project.platform.tests.exports import registered
from checkin_project.tasks import JOBS

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 20, 3, 0, 5, tzinfo=UTC)
State = ExportRun.State


@pytest.fixture(autouse=True)
def _numbers(settings: Any) -> Iterator[None]:
    settings.EXPORT_FORMAT = "json"
    with registered(), registered(name="letters", label="Letters"):
        yield


def _store(at: datetime) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        store_daily(at)


def test_each_named_export_is_stored_once_a_day(settings: Any) -> None:
    settings.EXPORT_DAILY = ["numbers", "letters"]

    _store(NIGHT)
    _store(NIGHT + timedelta(minutes=5))
    first = list(ExportRun.objects.order_by("pk").values_list("name", "format", "state", "origin", "by_system"))
    _store(NIGHT + timedelta(days=1))

    assert first == [
        ("numbers", "json", State.STORED, "schedule", True),
        ("letters", "json", State.STORED, "schedule", True),
    ]
    assert ExportRun.objects.count() == 4


def test_what_somebody_asked_for_today_does_not_stand_for_the_daily_one(settings: Any) -> None:
    settings.EXPORT_DAILY = ["numbers"]
    begin(Wanted("numbers"), by=SYSTEM, at=NIGHT)

    _store(NIGHT)

    assert ExportRun.objects.filter(origin="schedule").count() == 1


def test_a_wrong_name_does_not_hold_up_the_others(settings: Any) -> None:
    settings.EXPORT_DAILY = ["nothing", "numbers"]

    _store(NIGHT)

    assert list(ExportRun.objects.values_list("name", flat=True)) == ["numbers"]


def test_runs_older_than_the_setting_are_deleted(settings: Any) -> None:
    settings.EXPORTS_KEEP_DAYS = 7
    begin(Wanted("numbers"), by=SYSTEM, at=NIGHT - timedelta(days=8))
    young = begin(Wanted("numbers"), by=SYSTEM, at=NIGHT - timedelta(days=6))

    with TestCase.captureOnCommitCallbacks(execute=True):
        prune_old(NIGHT)

    assert list(ExportRun.objects.all()) == [young]


def test_the_schedule_has_them() -> None:
    assert {"daily_exports", "restart_exports", "prune_exports"} <= {job.name for job in JOBS}
