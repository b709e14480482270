"""`manage.py verify_backup [FILE]`: would it come back whole?"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checkin_project.platform.backups import keeping
from checkin_project.platform.backups.making import verify
from checkin_project.platform.backups.manifest import BackupError


class Command(BaseCommand):
    help = "Restore a backup into a scratch database and compare rows, newest times and checksums."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="a file, or a name in the storage; left out: the newest there")
        parser.add_argument("--key", type=Path, help="file with the private key, for an encrypted backup")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["file"] or next(reversed(keeping.names()), None)
        if name is None:
            raise CommandError("There is no backup yet: make one by `manage.py backup`.")
        try:
            manifest = verify(name, key_file=options["key"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        inside = f"{manifest.contents.rows:,} rows in {len(manifest.contents.tables)} tables"
        self.stdout.write(f"{manifest.name}, made {manifest.made_at:%Y-%m-%d %H:%M} UTC, comes back as it was.")
        self.stdout.write(f"{inside}, their newest times and the checksums agree.")
