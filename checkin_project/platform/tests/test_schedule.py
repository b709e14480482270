import sqlite3
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import settings as configured
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from checkin_project.platform import schedule
from checkin_project.platform.models import ScheduledJob
from checkin_project.platform.schedule import Job, claim, daily, every, run_due
from checkin_project.platform.worker import say_alive

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def _minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_every_counts_from_the_last_beginning() -> None:
    due = every(minutes=15)

    found = [due(None, NOON), due(NOON, NOON + _minutes(14)), due(NOON, NOON + _minutes(15))]

    assert found == [True, False, True]


def test_daily_follows_the_clock_of_the_organisation(settings: Settings) -> None:
    settings.TIME_ZONE = "America/New_York"
    due = daily(hour=3)
    three = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

    found = {
        "never before": due(None, NOON),
        "just before": due(three - timedelta(days=1), three - _minutes(1)),
        "at three": due(three - timedelta(days=1), three),
        "done already": due(three, three + timedelta(hours=20)),
        "slept through it": due(three - timedelta(days=1), three + timedelta(hours=20)),
    }

    assert found == {
        "never before": True,
        "just before": False,
        "at three": True,
        "done already": False,
        "slept through it": True,
    }


@pytest.mark.django_db
def test_a_job_runs_when_it_is_due_and_its_row_tells() -> None:
    ran: list[datetime] = []
    jobs = [Job("sweep", ran.append, every(minutes=15))]

    names = [run_due(jobs, worker="w", at=NOON + _minutes(minutes)) for minutes in (0, 5, 15)]

    row = ScheduledJob.objects.get()
    assert names == [["sweep"], [], ["sweep"]]
    assert ran == [NOON, NOON + _minutes(15)]
    assert (row.started_at, row.worker, row.error, row.failures) == (NOON + _minutes(15), "", "", 0)
    assert row.finished_at is not None


@pytest.mark.django_db
def test_a_job_that_fails_keeps_its_error_and_is_tried_again_soon() -> None:
    def run(at: datetime) -> None:
        if at < NOON + _minutes(5):
            raise ValueError("no broom for ben@example.org")

    jobs = [Job("sweep", run, daily(hour=3)), Job("wash", lambda at: None, daily(hour=3))]

    first = run_due(jobs, worker="w", at=NOON)
    failed = ScheduledJob.objects.get(name="sweep")
    ScheduledJob.objects.update(finished_at=NOON)
    too_soon = run_due(jobs, worker="w", at=NOON + timedelta(seconds=30))
    again = run_due(jobs, worker="w", at=NOON + timedelta(minutes=6))

    row = ScheduledJob.objects.get(name="sweep")
    assert (first, too_soon, again) == (["sweep", "wash"], [], ["sweep"])
    assert (failed.error, failed.failures) == ("ValueError: no broom for [hidden]", 1)
    assert (row.error, row.failures) == ("", 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (psycopg.OperationalError("server closed the connection"), ("WARNING", False)),
        (ValueError("no broom"), ("ERROR", True)),
    ],
)
def test_a_lost_database_is_one_line_and_a_mistake_says_where(
    problem: Exception, said: tuple[str, bool], caplog: pytest.LogCaptureFixture
) -> None:
    def run(at: datetime) -> None:
        raise problem

    run_due([Job("sweep", run, daily(hour=3))], worker="w", at=NOON)

    assert [(record.levelname, bool(record.exc_info)) for record in caplog.records] == [said]


@pytest.mark.django_db
def test_of_two_processes_one_runs_a_job() -> None:
    row = ScheduledJob.objects.create(name="sweep")
    seen_by_the_other = ScheduledJob.objects.get()

    first = claim(row, worker="a", at=NOON)
    second = claim(seen_by_the_other, worker="b", at=NOON)

    assert (first, second, ScheduledJob.objects.get().worker) == (True, False, "a")


@pytest.mark.django_db
def test_a_job_whose_process_died_is_run_again_and_a_running_one_is_not() -> None:
    ran: list[datetime] = []
    jobs = [Job("sweep", ran.append, daily(hour=3))]
    now = timezone.now()
    say_alive(["living"])
    ScheduledJob.objects.create(name="sweep", started_at=now - timedelta(hours=1), worker="living")

    while_it_lives = run_due(jobs, worker="w", at=now)
    after_it_died = run_due(jobs, worker="w", at=now + timedelta(minutes=2))

    assert (while_it_lives, after_it_died) == ([], ["sweep"])
    assert ScheduledJob.objects.get().failures == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not configured.SQLITE, reason="about SQLite's one writer")
def test_looking_through_the_schedule_waits_for_no_writer() -> None:
    jobs = [Job("sweep", lambda at: None, every(minutes=15))]
    run_due(jobs, worker="w", at=NOON)
    writer = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        ran = run_due(jobs, worker="w", at=NOON + _minutes(1))
    finally:
        writer.execute("ROLLBACK")
        writer.close()

    assert ran == []


def test_the_schedule_names_every_job_once() -> None:
    names = [job.name for job in schedule.jobs()]

    assert "prune_tasks" in names
    assert len(names) == len(set(names))
