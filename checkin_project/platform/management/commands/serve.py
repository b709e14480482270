"""`manage.py serve`: the whole product in one process."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from checkin_project.platform import server
from checkin_project.platform.worker import BackgroundWork


class Command(BaseCommand):
    help = "Serve HTTP and WebSockets in one process on HOST and PORT."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")
        parser.add_argument("--demo", action="store_true", help="put demo data into an empty database first")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            listener = server.listen(settings.HOST, settings.PORT)
            server.check_database()
            if options["migrate"]:
                call_command("migrate", verbosity=0, interactive=False)
            server.check_migrations()
        except server.CannotStartError as reason:
            self.stderr.write(str(reason))
            sys.exit(1)
        trouble = server.redis_trouble()
        if trouble:
            self.stderr.write(trouble)
        for what, address in server.addresses():
            self.stdout.write(f"{what}: {address}")
        if options["demo"]:
            call_command("demo", stdout=self.stdout)
        self.stdout.flush()
        server.run(listener, work=BackgroundWork() if settings.WORKER else None)
