"""`manage.py backup`: the whole database to the storage `backups`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from checkin_project.platform.backups.making import make
from checkin_project.platform.backups.manifest import BackupError


class Command(BaseCommand):
    help = "Write a backup of the whole database to the storage `backups`, and delete those that are not kept."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--verify", action="store_true", help="restore it into a scratch database and compare")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = make(timezone.now(), verify=options["verify"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        tried = ", restored and compared" if options["verify"] else ""
        sealed = ", encrypted" if manifest.sealed_for else ""
        inside = f"{manifest.contents.rows:,} rows in {len(manifest.contents.tables)} tables"
        self.stdout.write(f"{manifest.name}: {inside}, {manifest.size:,} bytes{sealed}{tried}.")
