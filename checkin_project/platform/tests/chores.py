"""Tasks for tests. What they did stands in `DONE`, or in a file when they ran in another process."""

import time
from pathlib import Path
from typing import Any

from django.db import OperationalError, connection
from django_tasks import TaskContext, task

DONE: list[Any] = []


@task()
def remember(*, what: str) -> str:
    DONE.append(what)
    return what


@task()
def fail() -> None:
    raise ValueError("the egg timer broke")


@task()
def leave() -> None:
    raise SystemExit


@task()
def lose_the_database() -> None:
    DONE.append("tried")
    raise OperationalError("server closed the connection unexpectedly")


@task()
def answer_with_a_set() -> set[int]:
    return {1}


@task(takes_context=True)
def count_starts(context: TaskContext) -> int:
    return context.attempt


@task()
def statement_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@task()
def write_file(*, path: str, wait: float = 0) -> None:
    """Begin the file, and finish it after `wait` seconds."""
    file = Path(path)
    file.write_text("begun")
    time.sleep(wait)
    file.write_text("done")
