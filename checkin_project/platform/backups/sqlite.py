"""SQLite: an online copy of the file, while others go on writing to it."""

from __future__ import annotations

import gzip
import shutil
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from checkin_project.platform.backups import contents
from checkin_project.platform.backups.manifest import BackupError, Contents

_CHUNK = 1 << 20
SECONDS = 30  # to wait for another writer


def path() -> Path:
    """The product's own database."""
    return Path(str(connection.settings_dict["NAME"]))


@contextmanager
def opened(file: Path, *, write: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "rwc" if write else "ro"
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=SECONDS)) as database:
        yield database


def copy(source: Path, to: Path) -> Contents:
    """A copy of one moment, as a single file; what is in it. Writers are not held up: the copy reads a snapshot."""
    with opened(source) as database, opened(to, write=True) as copied:
        # All pages in one step: in several, each write of others would have it begin anew.
        database.backup(copied, pages=-1)
        copied.execute("PRAGMA journal_mode = DELETE")
        return contents.of_sqlite(copied)


def check(file: Path) -> Contents:
    """What is in the file. Raises BackupError unless it is a whole database."""
    try:
        with opened(file) as database:
            told = database.execute("PRAGMA integrity_check(1)").fetchone()
            if told != ("ok",):
                raise BackupError("The backup is damaged: its database is not whole.")
            return contents.of_sqlite(database)
    except sqlite3.DatabaseError:
        raise BackupError("The backup is damaged: it is no database.") from None


def inspect() -> Contents:
    """What is in the product's database; nothing when there is none yet."""
    if not path().exists():
        return Contents({}, ())
    with opened(path()) as database:
        return contents.of_sqlite(database)


def put_back(file: Path, *, after: str) -> None:
    """Make the product's database the one in `file`, with `after` run on it first, in one transaction of SQLite's.

    A process that is killed in the middle leaves the old one; other processes see the old one or the new one.
    """
    path().parent.mkdir(parents=True, exist_ok=True)
    with opened(file, write=True) as database:
        database.executescript(f"BEGIN; {after}; COMMIT;")
    try:
        with opened(file) as database, opened(path(), write=True) as own:
            own.execute("PRAGMA journal_mode = WAL")
            own.execute("PRAGMA synchronous = FULL")
            database.backup(own, pages=-1)
    except sqlite3.OperationalError as error:
        raise BackupError(
            f"The database is in use, and nothing was changed ({error}). Stop the server first."
        ) from None


def pack(source: Path, to: Path) -> None:
    with source.open("rb") as plain, gzip.open(to, "wb", compresslevel=4) as packed:
        shutil.copyfileobj(plain, packed, _CHUNK)


def unpack(source: Path, to: Path) -> None:
    try:
        with gzip.open(source, "rb") as packed, to.open("wb") as plain:
            shutil.copyfileobj(packed, plain, _CHUNK)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise BackupError("The backup is damaged: it cannot be unpacked to its end.") from None
