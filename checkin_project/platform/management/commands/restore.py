"""`manage.py restore FILE`: a backup back into the database."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from checkin_project.platform.backups import engine, keeping
from checkin_project.platform.backups.contents import records_in
from checkin_project.platform.backups.manifest import BackupError
from checkin_project.platform.backups.restoring import problem_with, restore

WORD = "restore"


class Command(BaseCommand):
    help = "Replace the whole database by a backup: all of it, or nothing is changed. Stop the servers first."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="a file with its .json beside it, a name in the storage, or `latest`")
        parser.add_argument("--key", type=Path, help="file with the private key, for an encrypted backup")
        parser.add_argument("--force", action="store_true", help="delete what the database has now")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["file"]
        if name == "latest":
            name = next(reversed(keeping.names()), "latest")
        try:
            self._ask(name, force=options["force"], yes=options["yes"])
            done = restore(name, key_file=options["key"], force=options["force"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        inside = f"{done.manifest.contents.rows:,} rows in {len(done.manifest.contents.tables)} tables"
        self.stdout.write(f"Restored: {inside}. Everybody has to sign in again.")
        if done.behind:
            self.stdout.write(f"This version has {len(done.behind)} more migrations: run `manage.py migrate`.")

    def _ask(self, name: str, *, force: bool, yes: bool) -> None:
        manifest, present = keeping.manifest_of(name), engine.inspect()
        problem = problem_with(manifest, present, force=force)
        if problem:
            raise BackupError(problem)
        self.stdout.write(f"Backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC with {manifest.contents.rows:,} rows.")
        lost = sum(present.tables[table].rows for table in records_in(present))
        if lost:
            self.stdout.write(f"The database has {lost:,} rows now. All of them will be deleted.")
        if yes:
            return
        self.stdout.write(f"Type {WORD!r} to go on: ", ending="")
        self.stdout.flush()
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip().lower() != WORD:
            raise BackupError("Nothing was changed.")
