"""`manage.py migrate` beside people who are working."""

import threading
import time
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from checkin_project.platform.models import User
from checkin_project.platform.tests.factories import make_user

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def long_reader() -> Iterator[None]:
    """Somebody whose report keeps every table of sign-in open. What was migrated meanwhile is put back in the end."""
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic():
            list(User.objects.all())
            reading.set()
            done.wait(30)
        connection.close()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert reading.wait(10)
    try:
        yield
    finally:
        done.set()
        thread.join(10)
        call_command("migrate", verbosity=0)


def test_a_migration_gives_up_after_two_seconds_and_nobody_waits_longer(long_reader: None) -> None:
    refusals: list[str] = []

    def migrate() -> None:
        try:
            call_command("migrate", "platform", "zero", verbosity=0)
        except CommandError as error:
            refusals.append(str(error))
        finally:
            connection.close()

    migrating = threading.Thread(target=migrate, daemon=True)
    migrating.start()
    longest = 0.0
    while migrating.is_alive():
        started = time.monotonic()
        User.objects.count()
        longest = max(longest, time.monotonic() - started)
        time.sleep(0.01)
    migrating.join(10)

    assert len(refusals) == 1
    assert "run migrate again" in refusals[0]
    assert longest <= 2.5


def test_nothing_is_left_half_migrated_and_the_doors_keep_their_own_patience(long_reader: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        before = cursor.fetchone()[0]

    with pytest.raises(CommandError):
        call_command("migrate", "platform", "zero", verbosity=0)

    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone()[0] == before
    # The one that had to wait changed nothing, so the way back from it is whole.
    call_command("migrate", verbosity=0)
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    assert make_user().pk
