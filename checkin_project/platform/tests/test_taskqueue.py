import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from checkin_project.platform import taskqueue
from checkin_project.platform.models import Worker
from checkin_project.platform.tests import chores
from checkin_project.platform.worker import say_alive

pytestmark = pytest.mark.usefixtures("tasks_wait")


@pytest.fixture(autouse=True)
def _nothing_done() -> Iterator[None]:
    chores.DONE.clear()
    yield
    chores.DONE.clear()


def _do_all(worker: str = "w") -> None:
    while task := taskqueue.take_next(worker=worker, at=timezone.now()):
        taskqueue.work_on(task)


def _only() -> "DBTaskResult[..., object]":
    return DBTaskResult.objects.get()


@pytest.mark.django_db
def test_a_task_is_taken_done_and_written_down() -> None:
    chores.remember.enqueue(what="eggs")

    _do_all()

    row = _only()
    assert (row.status, row.return_value, row.worker_ids) == ("SUCCESSFUL", "eggs", ["w"])
    assert row.started_at is not None
    assert row.finished_at is not None
    assert chores.DONE == ["eggs"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("chore", "error"),
    [
        (chores.fail, "builtins.ValueError"),
        (chores.leave, "builtins.SystemExit"),
        (chores.answer_with_a_set, "TypeError"),
    ],
)
def test_a_task_that_fails_says_why_and_the_next_one_is_done(chore: object, error: str) -> None:
    chore.enqueue()  # type: ignore[attr-defined]
    chores.remember.enqueue(what="eggs")

    _do_all()

    failed = DBTaskResult.objects.exclude(task_path__endswith="remember").get()
    assert (failed.status, chores.DONE) == ("FAILED", ["eggs"])
    assert failed.exception_class_path.endswith(error)


@pytest.mark.django_db
def test_a_task_that_lost_the_database_is_begun_again_twice_and_then_failed() -> None:
    chores.lose_the_database.enqueue()

    for _start in range(4):
        _do_all()
        DBTaskResult.objects.filter(status="READY").update(run_after=timezone.now())

    row = _only()
    assert (row.status, len(row.worker_ids), chores.DONE) == ("FAILED", 3, ["tried"] * 3)
    assert row.exception_class_path == "django.db.utils.OperationalError"


@pytest.mark.django_db
def test_a_task_put_back_waits_a_little() -> None:
    chores.lose_the_database.enqueue()

    _do_all()

    assert _only().status == "READY"
    assert not DBTaskResult.objects.ready().exists()


@pytest.mark.django_db
def test_a_task_whose_worker_died_is_begun_again() -> None:
    chores.count_starts.enqueue()
    now = timezone.now()
    say_alive(["dead"])
    taskqueue.take_next(worker="dead", at=now)

    at_first = taskqueue.give_back_lost(at=now + timedelta(seconds=60))
    later = taskqueue.give_back_lost(at=now + timedelta(seconds=100))
    DBTaskResult.objects.update(run_after=now)
    _do_all("living")

    row = _only()
    assert (at_first, later) == (0, 1)
    assert (row.status, row.return_value, row.worker_ids) == ("SUCCESSFUL", 2, ["dead", "living"])


@pytest.mark.django_db
def test_a_task_that_kills_its_process_every_time_is_marked_as_failed() -> None:
    chores.remember.enqueue(what="eggs")

    for start in range(3):
        DBTaskResult.objects.filter(status="READY").update(run_after=timezone.now())
        assert taskqueue.take_next(worker=f"dead-{start}", at=timezone.now())
        taskqueue.give_back_lost(at=timezone.now())

    row = _only()
    assert (row.status, chores.DONE) == ("FAILED", [])
    assert "Its process ended in the middle, 3 times." in row.traceback


@pytest.mark.django_db
def test_a_task_of_a_living_worker_is_left_alone() -> None:
    chores.remember.enqueue(what="eggs")
    say_alive(["living"])
    taskqueue.take_next(worker="living", at=timezone.now())

    found = taskqueue.give_back_lost(at=timezone.now())

    assert (found, _only().status) == (0, "RUNNING")


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_does_a_task() -> None:
    for number in range(8):
        chores.remember.enqueue(what=str(number))
    taken: list[str] = []
    barrier = threading.Barrier(4)

    def work(name: str) -> None:
        try:
            barrier.wait(10)
            while task := taskqueue.take_next(worker=name, at=timezone.now()):
                taken.append(str(task.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(taken) == sorted(map(str, DBTaskResult.objects.values_list("pk", flat=True)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not settings.SQLITE, reason="about SQLite's one writer")
def test_looking_for_a_task_waits_for_no_writer() -> None:
    name = connection.settings_dict["NAME"]
    writer = sqlite3.connect(name, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        found = taskqueue.take_next(worker="w", at=timezone.now()), taskqueue.give_back_lost(at=timezone.now())
    finally:
        writer.execute("ROLLBACK")
        writer.close()

    assert found == (None, 0)


@pytest.mark.django_db
def test_what_ended_long_ago_is_pruned() -> None:
    for name in ("old", "new"):
        chores.remember.enqueue(what=name)
    chores.remember.enqueue(what="waits")
    now = timezone.now()
    old, new, waits = DBTaskResult.objects.order_by("enqueued_at")
    DBTaskResult.objects.filter(pk__in=[old.pk, new.pk]).update(status="SUCCESSFUL", finished_at=now)
    DBTaskResult.objects.filter(pk=old.pk).update(finished_at=now - timedelta(days=15))

    Worker.objects.create(name="killed", started_at=now, seen_at=now - timedelta(days=2))
    say_alive(["living"])

    pruned = taskqueue.prune(now)

    assert list(Worker.objects.values_list("name", flat=True)) == ["living"]
    assert pruned == 1
    assert set(DBTaskResult.objects.values_list("pk", flat=True)) == {new.pk, waits.pk}


@pytest.mark.django_db
def test_a_worker_is_known_by_its_last_sign_of_life() -> None:
    say_alive(["w"])
    first = Worker.objects.get()

    say_alive(["w"])

    second = Worker.objects.get()
    assert second.started_at == first.started_at
    assert second.seen_at > first.seen_at
