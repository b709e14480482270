"""The storage `backups`: what is there, fetching it whole or not at all, and how long it is kept."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage, storages
from django.utils import timezone

from checkin_project.platform.backups.manifest import SUFFIX, BackupError, Manifest, moment_of
from checkin_project.platform.exports.troubles import in_words as words_for
from checkin_project.platform.exports.troubles import storage_errors
from checkin_project.platform.models import Backup

_CHUNK = 1 << 20
WORKROOM = "backup-"
# A file without its manifest is being written, or was never finished.
UNFINISHED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """Kept are the `latest` backups, and the newest one of each of the last `days` days and `weeks` weeks with any."""

    latest: int
    days: int
    weeks: int


def policy() -> Policy:
    return Policy(settings.BACKUP_KEEP_LATEST, settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_WEEKS)


def storage() -> Storage:
    return storages["backups"]


@contextmanager
def workroom() -> Iterator[Path]:
    """A folder for files in between, on the disk of VAR_DIR: /tmp is often in memory. Nobody else reads it."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    _sweep(settings.VAR_DIR)
    with tempfile.TemporaryDirectory(prefix=WORKROOM, dir=settings.VAR_DIR) as folder:
        yield Path(folder)


def _sweep(folder: Path) -> None:
    """Folders of runs that were killed hold whole copies of the database."""
    for left in folder.glob(f"{WORKROOM}*"):
        if time.time() - left.stat().st_mtime > UNFINISHED.total_seconds():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def in_words() -> Iterator[None]:
    """A storage or disk that fails is told in one sentence."""
    try:
        yield
    except storage_errors() as error:
        strerror = getattr(error, "strerror", None)
        raise BackupError(f"A file cannot be read or written: {strerror}." if strerror else words_for(error)) from error


def names() -> list[str]:
    """Of the backups that are whole, oldest first."""
    everything = _listed()
    return sorted((name for name in everything if moment_of(name) and name + SUFFIX in everything), key=_age)


def _listed() -> set[str]:
    try:
        return set(storage().listdir("")[1])
    except FileNotFoundError:
        return set()


def _age(name: str) -> tuple[datetime, str]:
    moment = moment_of(name)
    assert moment is not None  # noqa: S101
    return moment, name


def put(data: Path, manifest: Manifest) -> None:
    """Store a backup; the manifest comes last, so half a backup is never taken for a whole one."""
    with data.open("rb") as file:
        stored = storage().save(manifest.name, File(file))
    if stored != manifest.name:
        raise BackupError(f"The storage named the backup {stored}; it was not kept under its own name.")
    storage().save(manifest.file_name, ContentFile(manifest.to_json()))


def manifest_of(name: str) -> Manifest:
    """Of the file at this path, or of the backup of this name in the storage."""
    path = Path(name)
    beside = path.with_name(path.name + SUFFIX)
    if path.is_file():
        if not beside.is_file():
            raise BackupError(f"{beside.name} is missing beside the backup: it says what has to be inside.")
        return Manifest.from_json(beside.read_bytes())
    if moment_of(name) is None or not storage().exists(name):
        raise BackupError(f"There is no file {name}, and no backup of that name in the storage.")
    if not storage().exists(name + SUFFIX):
        raise BackupError(f"{name}{SUFFIX} is missing in the storage: it says what has to be inside.")
    with storage().open(name + SUFFIX) as file:
        return Manifest.from_json(file.read())


def fetch(name: str, manifest: Manifest, to: Path) -> None:
    """Copy the data file to `to`. Raises BackupError when it is not exactly what was once stored."""
    path = Path(name)
    source = path.open("rb") if path.is_file() else storage().open(name)
    summed, size = hashlib.sha256(), 0
    with source as file, to.open("wb") as copy:
        while part := file.read(_CHUNK):
            size += len(part)
            summed.update(part)
            copy.write(part)
    if size != manifest.size:
        raise BackupError(f"The backup is damaged: it has {size:,} bytes instead of {manifest.size:,}.")
    if summed.hexdigest() != manifest.sha256:
        raise BackupError("The backup is damaged: its checksum is not the one it was stored with.")


def sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def to_delete(all_names: Iterable[str], kept: Policy) -> list[str]:
    """Which of these backups the policy does not keep, oldest first. Days and weeks are the organisation's."""
    newest_first = sorted(all_names, key=_age, reverse=True)
    stay = set(newest_first[: max(kept.latest, 1)])
    for most, form in ((kept.days, "%Y-%m-%d"), (kept.weeks, "%G-%V")):
        periods: dict[str, str] = {}
        for name in newest_first:
            periods.setdefault(timezone.localtime(_age(name)[0]).strftime(form), name)
        stay.update(list(periods.values())[:most])
    return [name for name in reversed(newest_first) if name not in stay]


def tidy(at: datetime) -> int:
    """Delete what is not kept, and what was never finished; how many. The table then says what is there."""
    unwanted = to_delete(names(), policy())
    for name in unwanted:
        # The manifest first: what is half deleted is not a backup any more.
        storage().delete(name + SUFFIX)
        storage().delete(name)
    whole = {part for name in names() for part in (name, name + SUFFIX)}
    for name in _listed() - whole:
        moment = moment_of(name.removesuffix(SUFFIX))
        if moment is not None and at - moment > UNFINISHED:
            storage().delete(name)
    remember()
    return len(unwanted)


def remember() -> None:
    """Bring the table in line with the storage, such as after an older backup was put back."""
    present = names()
    Backup.objects.exclude(name__in=present).delete()
    known = set(Backup.objects.values_list("name", flat=True))
    for name in present:
        if name not in known:
            note(manifest_of(name))


def note(manifest: Manifest) -> Backup:
    row, _created = Backup.objects.update_or_create(
        name=manifest.name,
        defaults={
            "made_at": manifest.made_at,
            "size": manifest.size,
            "sha256": manifest.sha256,
            "encrypted": bool(manifest.sealed_for),
        },
    )
    return row
