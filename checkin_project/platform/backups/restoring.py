"""Putting a backup back: everything is looked at before anything is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from checkin_project.platform.backups import engine, keeping
from checkin_project.platform.backups.contents import NOT_RECORDS, differences, records_in
from checkin_project.platform.backups.making import opened
from checkin_project.platform.backups.manifest import BackupError, Contents, Manifest


@dataclass(frozen=True, slots=True)
class Restored:
    """`behind` names the migrations that the code has and the backup had not."""

    manifest: Manifest
    behind: list[str]


def problem_with(manifest: Manifest, present: Contents, *, force: bool) -> str:
    """Why this backup must not be put back here, as one sentence; "" when it may."""
    if manifest.engine != engine.name():
        return f"The backup is of {manifest.engine}, but DATABASE_URL names {engine.name()}."
    unknown = sorted(set(manifest.contents.migrations) - _known() - _foreign(manifest.contents.migrations))
    if unknown:
        return f"The backup was made by a newer version (it has {unknown[-1]}): install that version first."
    full = records_in(present)
    if full and not force:
        return (
            f"The database is not empty: {', '.join(full[:5])}{' …' if len(full) > 5 else ''} have rows."
            " Use an empty one, or add --force, which deletes all that is in it."
        )
    return ""


@keeping.in_words()
def restore(name: str, *, key_file: Path | None, force: bool) -> Restored:
    """Replace the whole database by the backup, or change nothing and raise BackupError.

    Sessions, tasks and jobs of that time are ended: nobody is signed in afterwards, and what waited stays undone.
    """
    manifest = keeping.manifest_of(name)
    problem = problem_with(manifest, engine.inspect(), force=force)
    if problem:
        raise BackupError(problem)
    with keeping.workroom() as room:
        plain = opened(name, manifest, key_file=key_file, room=room)
        engine.put_back(plain, scratch=room, tables=list(manifest.contents.tables))
    wrong = differences(_records(manifest.contents), _records(engine.inspect()))
    if wrong:
        raise BackupError(f"The backup was put back, but it is not as it was: {' '.join(wrong[:5])}")
    return Restored(manifest, sorted(_known() - set(manifest.contents.migrations)))


def _records(contents: Contents) -> Contents:
    """Without what `engine.put_back` ends on purpose."""
    return Contents({name: t for name, t in contents.tables.items() if name not in NOT_RECORDS}, contents.migrations)


def _known() -> set[str]:
    """Every migration of this code, as "app.name"."""
    return {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}


def _foreign(migrations: Iterable[str]) -> set[str]:
    """Those of other people's packages, which may have thrown old migrations away meanwhile."""
    ours = {config.label for config in apps.get_app_configs() if "site-packages" not in config.path}
    return {name for name in migrations if name.split(".", 1)[0] not in ours}
