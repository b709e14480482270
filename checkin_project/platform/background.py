"""Work that nobody waits for: begun here, done by a worker (`platform/worker.py`).

A task is a function with `@task()` from django_tasks and arguments that JSON can hold. It may be begun more than once:
when its process is killed, or loses the database, it is begun again. So a task first looks at what is left to do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django_tasks.base import Task
from django_tasks_db.backend import DatabaseBackend

log = logging.getLogger(__name__)
FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0
# In the background a statement may take longer than a person would wait. Locks are still given up after the usual time.
STATEMENT_SECONDS = 600


def start(fn: Task[..., Any], **kwargs: Any) -> None:
    """Have `fn(**kwargs)` done soon, if and only if the transaction that this is called in is committed.

    The task is a row of the same transaction: what is committed is never without its task, and a task never sees the
    state from before.
    """
    if isinstance(fn.get_backend(), DatabaseBackend):
        fn.enqueue(**kwargs)
    else:
        transaction.on_commit(partial(fn.enqueue, **kwargs), robust=True)


def retry_later(fn: Task[..., Any], seconds: float, **kwargs: Any) -> None:
    """Have `fn(**kwargs)` done once `seconds` have passed; see `back_off`.

    Where tasks are done at once, as in most tests, there is no later, and nothing is done.
    """
    if not fn.get_backend().supports_defer:
        log.info("not tried again, because tasks are done at once here: %s", fn.name)
        return
    fn.using(run_after=timezone.now() + timedelta(seconds=seconds)).enqueue(**kwargs)


def back_off(failures: int, *, first: float = FIRST_PAUSE, longest: float = LONGEST_PAUSE) -> float:
    """Seconds to wait after the n-th failure in a row: each pause is twice the one before, up to `longest`."""
    return float(min(first * 2 ** min(max(failures - 1, 0), 30), longest))


@contextmanager
def patience() -> Iterator[None]:
    """Long statements are allowed on this thread's PostgreSQL connection while the block runs."""
    # Behind a transaction pooler the next statement may run on another connection; it keeps the usual time then.
    able = connection.vendor == "postgresql" and not connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]
    if able:
        with connection.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
    try:
        yield
    finally:
        # A connection that broke goes away with its settings.
        if able and connection.connection is not None and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("RESET statement_timeout")
