"""`manage.py backup_key FILE`: a pair of keys for encrypted backups."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checkin_project.platform.backups.manifest import BackupError
from checkin_project.platform.backups.sealing import make_keys


class Command(BaseCommand):
    help = "Make a pair of keys: the private one goes into FILE, the public one is printed."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            public = make_keys(options["file"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"BACKUP_PUBLIC_KEYS={public}")
        self.stdout.write(f"Keep {options['file']} away from this machine, twice: without it no backup can be read.")
