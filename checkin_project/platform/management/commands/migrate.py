"""`manage.py migrate`, which gives up rather than hold up the doors."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg.errors import LockNotAvailable

# A change of a table waits for whoever reads it, and every door waits behind that change.
LOCK_SECONDS = 2


class Command(migrate.Command):
    """Django's command, but on PostgreSQL a table in use is waited for no longer than LOCK_SECONDS.

    The migration that could not be applied has changed nothing then; those before it stand.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "postgresql":
            super().handle(*args, **options)
            return
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            super().handle(*args, **options)
        except OperationalError as error:
            if not isinstance(error.__cause__, LockNotAvailable):
                raise
            raise CommandError(
                f"A table stayed in use for {LOCK_SECONDS} seconds, so the last migration was not applied. "
                "Nothing is broken: run migrate again, or find the long query first."
            ) from None
        finally:
            if connection.is_usable():
                with connection.cursor() as cursor:
                    cursor.execute("RESET lock_timeout")
