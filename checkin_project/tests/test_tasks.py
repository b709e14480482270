"""The schedule as it is."""

from datetime import UTC, datetime, timedelta

import pytest

from checkin_project.tasks import JOBS, while_open
from events.tests.factories import make_event

NOW = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_a_backup_is_made_every_quarter_of_an_hour_while_check_in_is_open_somewhere() -> None:
    nothing_is_open = while_open(None, NOW)
    make_event(starts_at=NOW, ends_at=NOW + timedelta(hours=2))

    found = [
        while_open(None, NOW),
        while_open(NOW, NOW + timedelta(minutes=14)),
        while_open(NOW, NOW + timedelta(minutes=15)),
    ]

    assert (nothing_is_open, found) == (False, [True, False, True])
    assert not while_open(NOW, NOW + timedelta(days=2))


def test_a_backup_is_verified_every_night() -> None:
    due = {job.name: job.due for job in JOBS}["backup_verified"]
    two = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)

    assert [due(two, two + timedelta(hours=23)), due(two, two + timedelta(hours=24))] == [False, True]
