"""The same acts on either database: write out, look inside, try out, put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import sqlite_version

from django.conf import settings
from django.db import connection

from checkin_project.platform.backups import postgres, sqlite
from checkin_project.platform.backups.manifest import Contents

# What was going on when the backup was made is over: nobody is signed in, no job runs, what waited is not done twice.
_AFTER = {
    "django_session": "DELETE FROM django_session",
    "workers": "DELETE FROM workers",
    "jobs": "UPDATE jobs SET worker = ''",
    "django_tasks_database_dbtaskresult": (
        "UPDATE django_tasks_database_dbtaskresult SET status = 'FAILED', finished_at = CURRENT_TIMESTAMP,"
        " exception_class_path = 'checkin_project.platform.backups.manifest.BackupError',"
        " traceback = 'It waited when the backup was made, and was not begun again after the backup was put back.'"
        " WHERE status IN ('READY', 'RUNNING')"
    ),
}


def name() -> str:
    return "sqlite" if settings.SQLITE else "postgresql"


def version() -> str:
    if not settings.SQLITE:
        return postgres.server_version()
    return sqlite_version


def write_out(to: Path, *, scratch: Path, checksums: bool) -> Contents:
    """The data file of a backup, not sealed yet; what was in the database at its moment."""
    if not settings.SQLITE:
        return postgres.dump(to, checksums=checksums)
    plain = scratch / "copy.sqlite3"
    inside = sqlite.copy(sqlite.path(), plain)
    sqlite.pack(plain, to)
    plain.unlink()
    return inside


def inspect() -> Contents:
    """What is in the product's own database now, without checksums."""
    return sqlite.inspect() if settings.SQLITE else postgres.inspect()


def try_out(data: Path, *, scratch: Path, checksums: bool) -> Contents:
    """Put the data file back into a database made for it, look inside, and throw that database away."""
    if settings.SQLITE:
        with _unpacked(data, scratch) as plain:
            return sqlite.check(plain)
    with postgres.scratch() as database:
        postgres.load(data, database=database)
        return postgres.inspect(database, checksums=checksums)


def put_back(data: Path, *, scratch: Path, tables: list[str]) -> None:
    """Replace the product's database: all of it or nothing. `tables` are those that the backup has."""
    # This process must not stand in its own way.
    connection.close()
    if not settings.SQLITE:
        connection.close_pool()  # type: ignore[attr-defined]
    after = "; ".join(statement for table, statement in _AFTER.items() if table in tables)
    if settings.SQLITE:
        with _unpacked(data, scratch) as plain:
            sqlite.check(plain)
            sqlite.put_back(plain, after=after)
    else:
        postgres.load(data, before=postgres.dropping(), after=f"{after};")


@contextmanager
def _unpacked(data: Path, scratch: Path) -> Iterator[Path]:
    plain = scratch / "unpacked.sqlite3"
    sqlite.unpack(data, plain)
    try:
        yield plain
    finally:
        plain.unlink()
