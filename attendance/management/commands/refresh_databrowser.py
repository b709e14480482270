"""`manage.py refresh_databrowser`: bring the data browser's materialised view up to date, now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from attendance.databrowser import materialised


class Command(BaseCommand):
    help = "Makes or refreshes the data browser's materialised view. PostgreSQL only; pages go on meanwhile."

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("The materialised view needs PostgreSQL. On SQLite the data browser reads live rows.")
        done = materialised.refresh(at=timezone.now())
        if done is None:
            raise CommandError("Another process is refreshing the view already. Nothing was done here.")
        self.stdout.write(f"The view is up to date: {done.rows} rows, {done.seconds:.1f} s.")
        if not materialised.is_wanted():
            self.stdout.write("Pages read live rows all the same: DATABROWSER is not set to materialized.")
