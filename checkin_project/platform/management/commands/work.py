"""`manage.py work`: background work in a process of its own, beside gunicorn or several servers."""

import signal
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand

from checkin_project.platform import server
from checkin_project.platform.worker import BackgroundWork

# For a task under way. What takes longer is begun again by the next worker.
GRACEFUL_SECONDS = 30


class Command(BaseCommand):
    help = "Do background work and scheduled jobs until it is told to end (SIGTERM or Ctrl-C)."
    requires_system_checks = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            server.check_database()
            server.check_migrations()
        except server.CannotStartError as reason:
            self.stderr.write(str(reason))
            sys.exit(1)
        is_ending = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: is_ending.set())
        work = BackgroundWork()
        work.start()
        self.stdout.write("Background work has begun.")
        self.stdout.flush()
        is_ending.wait()
        if not work.stop(GRACEFUL_SECONDS):
            self.stderr.write("A task was still running; it will be begun again.")
            server.leave_at_once()
