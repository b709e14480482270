"""Making a backup, and trying it out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from django.utils import timezone

from checkin_project.platform.backups import engine, keeping, sealing
from checkin_project.platform.backups.contents import differences
from checkin_project.platform.backups.manifest import BackupError, CannotTryError, Manifest, new_name
from checkin_project.platform.models import Backup

log = logging.getLogger("checkin.backups")


@keeping.in_words()
def make(at: datetime, *, verify: bool = False) -> Manifest:
    """Write the whole database to the storage `backups`, sealed when a public key is set, and delete what is too old.

    With `verify` the data is put back into a scratch database and compared, as it was before it was sealed, so that no
    private key is needed; and what the storage kept is read again. Holds no lock that a door waits for.
    Raises BackupError when nothing could be kept, and when what was kept is not as it should be.
    """
    keys = sealing.public_keys()
    with keeping.workroom() as room:
        plain = room / "plain"
        inside = engine.write_out(plain, scratch=room, checksums=verify)
        name = new_name(engine.name(), at=at, sealed=bool(keys))
        manifest = Manifest(name, at, engine.name(), engine.version(), inside)
        manifest = _keep(manifest, plain, keys, room)
        if verify:
            with _told(manifest.name):
                keeping.fetch(manifest.name, manifest, room / "again")
                _compare(manifest, plain, room)
    keeping.tidy(at)
    return manifest


def _keep(manifest: Manifest, plain: Path, keys: list[str], room: Path) -> Manifest:
    data = plain
    if keys:
        data = room / "sealed"
        sealing.seal(plain, data, keys)
    manifest = replace(manifest, size=data.stat().st_size, sha256=keeping.sum_of(data), sealed_for=tuple(keys))
    keeping.put(data, manifest)
    keeping.note(manifest)
    log.info("backup made: %s bytes, %s rows", manifest.size, manifest.contents.rows)
    return manifest


@contextmanager
def _told(name: str) -> Iterator[None]:
    """The table tells how trying a backup out went; unless it could not be tried."""
    found = Backup.objects.filter(name=name)
    try:
        yield
    except CannotTryError:
        raise
    except BackupError as error:
        found.update(problem=str(error))
        raise
    found.update(verified_at=timezone.now(), problem="")


@keeping.in_words()
def verify(name: str, *, key_file: Path | None) -> Manifest:
    """Fetch a backup, put it back into a scratch database and compare; the result is kept. Raises BackupError."""
    manifest = keeping.manifest_of(name)
    with _told(manifest.name), keeping.workroom() as room:
        _compare(manifest, opened(name, manifest, key_file=key_file, room=room), room)
    return manifest


def opened(name: str, manifest: Manifest, *, key_file: Path | None, room: Path) -> Path:
    """The data file as the database's own tools wrote it, fetched, checked and unsealed in `room`."""
    stored, plain = room / "stored", room / "plain"
    keeping.fetch(name, manifest, stored)
    if not manifest.sealed_for:
        return stored
    sealing.unseal(stored, plain, key_file)
    stored.unlink()
    return plain


def _compare(manifest: Manifest, plain: Path, room: Path) -> None:
    if manifest.engine != engine.name():
        raise CannotTryError(f"The backup is of {manifest.engine}, but the database here is {engine.name()}.")
    checksums = any(table.checksum for table in manifest.contents.tables.values())
    found = engine.try_out(plain, scratch=room, checksums=checksums)
    wrong = differences(manifest.contents, found)
    if wrong:
        raise BackupError(f"What came out of the backup is not what went in: {' '.join(wrong[:5])}")
