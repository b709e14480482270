from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from checkin_project.platform import background
from checkin_project.platform.tests import chores


@pytest.fixture(autouse=True)
def _nothing_done() -> Iterator[None]:
    chores.DONE.clear()
    yield
    chores.DONE.clear()


@pytest.mark.django_db(transaction=True)
def test_a_task_is_done_at_once_in_most_tests_but_not_before_the_commit() -> None:
    with transaction.atomic():
        background.start(chores.remember, what="eggs")
        before = list(chores.DONE)

    assert (before, chores.DONE) == ([], ["eggs"])


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_has_no_task(tasks_wait: None) -> None:
    with transaction.atomic():
        background.start(chores.remember, what="eggs")
        transaction.set_rollback(True)

    assert not DBTaskResult.objects.exists()


@pytest.mark.django_db
def test_a_task_waits_with_its_arguments(tasks_wait: None) -> None:
    background.start(chores.remember, what="eggs")

    row = DBTaskResult.objects.get()
    assert (row.status, row.task_path) == ("READY", "checkin_project.platform.tests.chores.remember")
    assert row.args_kwargs == {"args": [], "kwargs": {"what": "eggs"}}
    assert chores.DONE == []


@pytest.mark.django_db
def test_later_is_later(tasks_wait: None) -> None:
    before = timezone.now()

    background.retry_later(chores.remember, 90, what="eggs")

    row = DBTaskResult.objects.get()
    assert timedelta(seconds=90) <= row.run_after - before < timedelta(seconds=100)
    assert not DBTaskResult.objects.ready().exists()


@pytest.mark.django_db
def test_where_tasks_are_done_at_once_there_is_no_later() -> None:
    background.retry_later(chores.remember, 90, what="eggs")

    assert chores.DONE == []


def test_each_pause_is_twice_the_one_before_up_to_a_limit() -> None:
    pauses = [background.back_off(failures) for failures in (0, 1, 2, 3, 8, 9, 1000)]

    assert pauses == [30, 30, 60, 120, 3600, 3600, 3600]


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_long_statement_is_allowed_in_the_background_only() -> None:
    def shown() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    with background.patience():
        inside = shown()

    assert (inside, shown()) == ("10min", "15s")
