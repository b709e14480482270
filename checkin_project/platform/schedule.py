"""What runs by the clock: each job by one process at a time, known by its row in `jobs`.

The list itself is `checkin_project.tasks.JOBS`; a worker looks through it every few seconds (`platform/worker.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.module_loading import import_string

from checkin_project.platform.background import back_off, patience
from checkin_project.platform.logs import clean
from checkin_project.platform.models import ScheduledJob, Worker

log = logging.getLogger(__name__)
# (when it was last begun, now) → begin it now?
Due = Callable[[datetime | None, datetime], bool]
MOST_ERROR = 2000
# Through Django, or past it as backups go.
DATABASE_AWAY = (OperationalError, InterfaceError, psycopg.OperationalError)


@dataclass(frozen=True, slots=True)
class Job:
    """`run` is given the moment at which it was begun. After a crash it is begun again: it looks at what is left to do.

    A job that failed is tried again after a minute, two, four … up to an hour, whatever `due` says.
    """

    name: str
    run: Callable[[datetime], object]
    due: Due


def every(*, minutes: float) -> Due:
    """Due when `minutes` have passed since it was last begun."""
    pause = timedelta(minutes=minutes)
    return lambda last, now: last is None or now - last >= pause


def daily(*, hour: int, minute: int = 0) -> Due:
    """Due once a day from that time on, by the organisation's clock; a machine that slept through it catches up."""

    def due(last: datetime | None, now: datetime) -> bool:
        local = timezone.localtime(now)
        today = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        latest = today if today <= local else today - timedelta(days=1)
        return last is None or last < latest

    return due


def jobs() -> Sequence[Job]:
    """The schedule, by name: the ground floor imports nothing above it."""
    found: Sequence[Job] = import_string(settings.SCHEDULE)
    return found


def run_due(schedule: Sequence[Job], *, worker: str, at: datetime | None = None) -> list[str]:
    """Run what is due and nobody else runs, one after another; the names of the jobs that ran.

    Looks with plain SELECTs and writes only when something is due. Errors of a job are kept in its row, not raised.
    """
    ran = []
    rows = {row.name: row for row in ScheduledJob.objects.filter(name__in=[job.name for job in schedule])}
    for job in schedule:
        now = at or timezone.now()
        row = rows.get(job.name)
        if not _is_due(job, row, now):
            continue
        if row is None:
            row, _created = ScheduledJob.objects.get_or_create(name=job.name)
        if claim(row, worker=worker, at=now):
            _run(job, row, worker=worker, at=now)
            ran.append(job.name)
    return ran


def _is_due(job: Job, row: ScheduledJob | None, now: datetime) -> bool:
    if row is None:
        return job.due(None, now)
    # Begun and never finished: `claim` finds out whether its process still lives.
    failures = row.failures + bool(row.worker)
    since = row.started_at if row.worker else row.finished_at
    if failures and since is not None and (now - since).total_seconds() >= back_off(failures, first=60):
        return True
    return job.due(row.started_at, now)


def claim(row: ScheduledJob, *, worker: str, at: datetime) -> bool:
    """Take the job, as `row` shows it, for this worker. Of several that try, one gets True.

    A job that is being run is taken only from a worker that has not been heard of for a while.
    """
    if row.worker and Worker.objects.alive(at).filter(name=row.worker).exists():
        return False
    row.failures += bool(row.worker)
    unchanged = ScheduledJob.objects.filter(pk=row.pk, started_at=row.started_at, worker=row.worker)
    return unchanged.update(started_at=at, worker=worker, failures=row.failures) == 1


def _run(job: Job, row: ScheduledJob, *, worker: str, at: datetime) -> None:
    error = ""
    try:
        with patience():
            job.run(at)
    # The next job must run whatever this one does; its row and the log tell.
    except Exception as problem:
        if isinstance(problem, DATABASE_AWAY):
            log.warning("job failed, the database does not answer: %s (%s)", job.name, type(problem).__name__)
        else:
            log.exception("job failed: %s", job.name)
        error = clean(f"{type(problem).__name__}: {problem}")[:MOST_ERROR]
    failures = row.failures + 1 if error else 0
    mine = ScheduledJob.objects.filter(pk=row.pk, worker=worker)
    mine.update(finished_at=timezone.now(), worker="", error=error, failures=failures)
