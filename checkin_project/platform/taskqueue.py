"""Tasks as rows of django_tasks_db: which is next, doing it, and what happens to one whose worker died."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django_tasks.base import TaskContext, TaskResultStatus
from django_tasks.utils import normalize_json
from django_tasks_db.models import DBTaskResult

from checkin_project.platform.background import back_off
from checkin_project.platform.models import Worker

if TYPE_CHECKING:
    Row = DBTaskResult[..., Any]

log = logging.getLogger("checkin.worker")
BACKEND = "default"
# A task that takes its process down with it must not do so for ever.
MOST_STARTS = 3
KEPT_DAYS = 14
PRUNE_AT_ONCE = 500


class TaskLostError(Exception):
    """Why a task is marked as failed although it never said so itself."""


def take_next(*, worker: str, at: datetime) -> Row | None:
    """The next task that is due, now begun by this worker; None when nothing waits.

    Looks with a plain SELECT. Only the UPDATE that takes the task writes, and of several workers one succeeds.
    """
    while True:
        task = DBTaskResult.objects.ready().filter(backend_name=BACKEND).first()
        if task is None:
            return None
        names = [*task.worker_ids, worker]
        taken = DBTaskResult.objects.filter(pk=task.pk, status=TaskResultStatus.READY).update(
            status=TaskResultStatus.RUNNING, started_at=at, worker_ids=names
        )
        if taken:
            task.status, task.started_at, task.worker_ids = TaskResultStatus.RUNNING, at, names
            return task


def work_on(row: Row) -> None:
    """Do a task that `take_next` gave, and write down how it went.

    When it lost the database it is put back, at most MOST_STARTS - 1 times; any other error is its result. Raises the
    database's error when nothing can be written down either.
    """
    try:
        value = _call(row)
    except (OperationalError, InterfaceError) as error:
        log.warning("task lost the database: %s (%s)", row.task_name, type(error).__name__)
        _put_back(row, error, at=timezone.now())
    # Whatever goes wrong inside a task belongs to the task; the worker goes on with the next one.
    except (Exception, SystemExit) as error:
        log.exception("task failed: %s", row.task_name)
        row.set_failed(error)
    else:
        row.set_successful(value)


def _call(row: Row) -> object:
    result: Any = row.task_result
    context = [TaskContext(task_result=result)] if result.task.takes_context else []
    # Raises TypeError when the value is nothing that JSON can hold.
    return normalize_json(result.task.call(*context, *result.args, **result.kwargs))


def give_back_lost(*, at: datetime) -> int:
    """Put tasks back whose worker has not been heard of for a while; how many. Reads only, unless there are some."""
    running = list(DBTaskResult.objects.running().filter(backend_name=BACKEND))
    if not running:
        return 0
    alive = set(Worker.objects.alive(at).values_list("name", flat=True))
    lost = [row for row in running if row.worker_ids and row.worker_ids[-1] not in alive]
    for row in lost:
        log.warning("task lost its worker: %s", row.task_name)
        _put_back(row, TaskLostError(f"Its process ended in the middle, {MOST_STARTS} times."), at=at)
    return len(lost)


def _put_back(row: Row, error: Exception, *, at: datetime) -> None:
    """To be begun again, or failed after MOST_STARTS; nothing when somebody else has done so meanwhile."""
    starts = len(row.worker_ids)
    with transaction.atomic():
        unchanged = DBTaskResult.objects.filter(pk=row.pk, status=TaskResultStatus.RUNNING, started_at=row.started_at)
        if starts < MOST_STARTS:
            pause = timedelta(seconds=back_off(starts, first=5))
            unchanged.update(status=TaskResultStatus.READY, run_after=at + pause)
        elif unchanged.select_for_update().exists():
            row.set_failed(error)


def prune(at: datetime) -> int:
    """Delete tasks that ended more than KEPT_DAYS ago, a few at a time, so that nobody waits for it; how many.

    Workers that were killed, and so did not sign off, go after a day.
    """
    Worker.objects.filter(seen_at__lt=at - timedelta(days=1)).delete()
    old = DBTaskResult.objects.finished().filter(finished_at__lt=at - timedelta(days=KEPT_DAYS)).order_by()
    total = 0
    while keys := list(old.values_list("pk", flat=True)[:PRUNE_AT_ONCE]):
        total += DBTaskResult.objects.filter(pk__in=keys).delete()[0]
    return total
