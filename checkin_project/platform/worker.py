"""What does background work: three threads in `manage.py serve`, or in a process of their own (`manage.py work`).

One does tasks, one runs jobs by the clock, one says now and then that both live, and finds tasks whose worker died.
Nothing is locked while there is nothing to do: on SQLite a worker that waits takes nobody's turn to write.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from time import monotonic

from django.db import Error, InterfaceError, OperationalError, close_old_connections, connection
from django.utils import timezone

from checkin_project.platform import schedule
from checkin_project.platform.background import back_off, patience
from checkin_project.platform.models import Worker
from checkin_project.platform.taskqueue import give_back_lost, take_next, work_on

log = logging.getLogger("checkin.worker")
TASKS_EVERY = 1.0
JOBS_EVERY = 5.0
ALIVE_EVERY = 20.0
SIGN_OFF_SECONDS = 2.0
DATABASE_AWAY = (OperationalError, InterfaceError)


def new_name(what: str) -> str:
    return f"{what}-{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(4)}"


class Loop:
    """One thread: calls `step` again and again; True from it means that there may be more to do at once.

    It survives a lost database: it says so once, waits longer and longer, and goes on under a new name, so that what it
    had begun and could not write down is found and begun again.
    """

    def __init__(self, what: str, step: Callable[[str], bool], pause: float, is_ending: threading.Event) -> None:
        self.what = what
        self.step = step
        self.pause = pause
        self.is_ending = is_ending
        self.name = ""
        self.thread = threading.Thread(target=self._run, name=f"worker-{what}", daemon=True)

    def _run(self) -> None:
        failures = 0
        try:
            while not self.is_ending.is_set():
                try:
                    close_old_connections()
                    if not self.name:
                        name = new_name(self.what)
                        say_alive([name])
                        self.name = name
                    more = self.step(self.name)
                # This thread is the only one of its kind: it must outlive whatever goes wrong.
                except Exception as error:  # noqa: BLE001
                    failures += 1
                    self.name = ""
                    self._lost(error, failures)
                    continue
                if failures:
                    log.info("background work goes on: %s", self.what)
                    failures = 0
                close_old_connections()
                if not more:
                    self.is_ending.wait(self.pause)
        finally:
            connection.close()

    def _lost(self, error: Exception, failures: int) -> None:
        if not isinstance(error, DATABASE_AWAY):
            log.error("background work failed: %s", self.what, exc_info=error)
        elif failures == 1:
            log.warning("background work waits, the database does not answer: %s (%s)", self.what, type(error).__name__)
        connection.close()
        self.is_ending.wait(back_off(failures, first=1, longest=10))


class BackgroundWork:
    """A worker: `start()` it once, and `stop()` it before the process ends."""

    def __init__(self) -> None:
        self.is_ending = threading.Event()
        self.loops = [
            Loop("tasks", do_task, TASKS_EVERY, self.is_ending),
            Loop("jobs", run_jobs, JOBS_EVERY, self.is_ending),
        ]
        self.watch = Loop("watch", self._say_alive, ALIVE_EVERY, self.is_ending)
        self._last = self._steady_since = 0.0

    def start(self) -> None:
        for loop in (*self.loops, self.watch):
            loop.thread.start()

    def stop(self, seconds: float) -> bool:
        """Begin nothing more and wait for what is under way; False when something still runs after `seconds`.

        What still runs then is begun again by another worker, or by this one's next start.
        """
        self.is_ending.set()
        end = monotonic() + seconds
        for loop in (*self.loops, self.watch):
            if loop.thread.is_alive():
                loop.thread.join(max(0.0, end - monotonic()))
        ended = [loop for loop in (*self.loops, self.watch) if not loop.thread.is_alive()]
        # In a thread: a database that hangs does not hold up the end.
        signing_off = threading.Thread(target=_forget, args=([loop.name for loop in ended if loop.name],), daemon=True)
        signing_off.start()
        signing_off.join(SIGN_OFF_SECONDS)
        return all(loop in ended for loop in self.loops)

    def _say_alive(self, own: str) -> bool:
        """Once every few seconds; after a gap others have to be given time to be heard of again."""
        now = monotonic()
        if now - self._last > Worker.SILENT.total_seconds() / 2:
            self._steady_since = now
        self._last = now
        say_alive([own, *(loop.name for loop in self.loops if loop.name)])
        if now - self._steady_since > Worker.SILENT.total_seconds():
            give_back_lost(at=timezone.now())
        return False


def _forget(names: list[str]) -> None:
    """Whoever ended in order is not missed."""
    try:
        Worker.objects.filter(name__in=names).delete()
    except Error:
        log.debug("not signed off: the database does not answer")
    finally:
        connection.close()


def say_alive(names: list[str]) -> None:
    now = timezone.now()
    rows = [Worker(name=name, started_at=now, seen_at=now) for name in names]
    Worker.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=["seen_at"])


def do_task(worker: str) -> bool:
    """Do the next waiting task; False when there is none."""
    task = take_next(worker=worker, at=timezone.now())
    if task is None:
        return False
    with patience():
        work_on(task)
    return True


def run_jobs(worker: str) -> bool:
    """Run what is due by the clock."""
    schedule.run_due(schedule.jobs(), worker=worker)
    return False
