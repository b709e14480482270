"""Making the copies that `storing` has asked for: background tasks, one run each.

Nothing here holds a row or a lock that a door waits for: the table is written to a temporary file, and sent from there.
"""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import Storage, storages
from django.db import transaction
from django.db.models import F
from django.db.utils import Error as DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import task

from checkin_project.platform import background
from checkin_project.platform.access import ANONYMOUS, SYSTEM, Actor, actor_for
from checkin_project.platform.exports.formats import write
from checkin_project.platform.exports.registry import Export, find
from checkin_project.platform.exports.runs import ExportRun
from checkin_project.platform.exports.table import Table
from checkin_project.platform.exports.troubles import WrongSize, in_words, storage_errors

log = logging.getLogger(__name__)
# With pauses of 30 seconds, a minute, two … an hour: for some five hours the storage may be away.
MOST_ATTEMPTS = 12
IN_MEMORY = 2 * 1024 * 1024

State = ExportRun.State


class Written(NamedTuple):
    """What a run's temporary file holds."""

    rows: int
    size: int
    sha256: str


class Refused(Exception):
    """The export cannot be had, now or later; its text says why."""


def exports_storage() -> Storage:
    return storages["exports"]


@task()
def copy(run_id: int, ticket: int) -> None:
    """Copy the run's export to the storage, unless a newer task is responsible for it. Safe to begin again."""
    copy_now(run_id, ticket, at=timezone.now())


def copy_now(run_id: int, ticket: int, *, at: datetime) -> None:
    """Make the copy and write down how it went. A failing storage is asked again later; nothing is raised for it."""
    mine = ExportRun.objects.filter(pk=run_id, ticket=ticket)
    waits = mine.filter(state__in=[State.WAITING, State.RUNNING, State.RETRYING])
    # Counted now, so that a run that kills its worker each time comes to an end, too.
    if not waits.update(state=State.RUNNING, touched_at=at, next_attempt_at=None, attempts=F("attempts") + 1):
        return
    run = mine.select_related("requested_by").get()
    try:
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        # On the disk of VAR_DIR, without a name there: /tmp is often in memory, and nothing is left when we are killed.
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(settings.VAR_DIR)) as spooled:
            file = cast("BinaryIO", spooled)
            written = _write(run, file)
            key = _send(run, file, written.size)
    except Refused as refusal:
        _end(run, State.FAILED, error=str(refusal))
    except storage_errors() as error:
        _failed(run, in_words(error), at=timezone.now())
    else:
        _end(run, State.STORED, error="", key=key, **written._asdict())


def _end(run: ExportRun, state: ExportRun.State, **changes: Any) -> None:
    done = timezone.now()
    mine = ExportRun.objects.filter(pk=run.pk, ticket=run.ticket)
    mine.update(state=state, touched_at=done, finished_at=done, **changes)


def _write(run: ExportRun, file: BinaryIO) -> Written:
    """Write the table. Raises Refused; a lost database is not caught, so that the whole task is begun again."""
    if run.attempts > MOST_ATTEMPTS:
        raise Refused(_("The export was broken off too often."))
    export = find(run.name)
    if export is None:
        raise Refused(_("This export does not exist any more."))
    actor = _actor_of(run)
    if not actor.may_somewhere(export.permission):
        raise Refused(_("Whoever asked for this may not export it any more."))
    hashed = _Hashed(file)
    try:
        rows = write(table_of(export, actor, run.params), run.format, cast("BinaryIO", hashed))
    except (OSError, DatabaseError):
        raise
    except ValidationError as problem:
        raise Refused(" ".join(problem.messages)) from problem
    # Whatever is wrong with one export must not leave its run without an end; it is written down and shown.
    except Exception as problem:
        log.exception("export could not be written: %s", run.name)
        raise Refused(_("The export broke while it was written. It has been written down.")) from problem
    return Written(rows, hashed.size, hashed.digest.hexdigest())


def _actor_of(run: ExportRun) -> Actor:
    """Whoever asked, with the roles of today."""
    if run.by_system:
        return SYSTEM
    return actor_for(run.requested_by) if run.requested_by else ANONYMOUS


def table_of(export: Export, actor: Actor, params: Mapping[str, Any]) -> Table:
    """The whole table that the actor may see, or the part that `params` name."""
    if params and export.narrowed is not None:
        return export.narrowed(actor, params)
    return export.table(actor)


def _send(run: ExportRun, file: BinaryIO, size: int) -> str:
    """Put the file into the storage; under which key. Raises what the storage raises, and WrongSize."""
    storage = exports_storage()
    if run.attempts > 1 or run.ticket:
        # An attempt that was cut off may have left a file that nobody knows of.
        storage.delete(run.key)
    file.seek(0)
    key = storage.save(run.key, File(file, name=run.key))
    if storage.size(key) != size:
        storage.delete(key)
        raise WrongSize
    return key


def _failed(run: ExportRun, sentence: str, *, at: datetime) -> None:
    """Write down what went wrong and have it tried again after a growing pause, until it is enough."""
    log.warning("export not stored, attempt %s: %s (%s)", run.attempts, run.pk, sentence)
    if run.attempts >= MOST_ATTEMPTS:
        _end(run, State.FAILED, error=sentence)
        return
    pause = background.back_off(run.attempts)
    next_attempt_at = at + timedelta(seconds=pause)
    mine = ExportRun.objects.filter(pk=run.pk, ticket=run.ticket)
    with transaction.atomic():
        if mine.update(state=State.RETRYING, error=sentence, touched_at=at, next_attempt_at=next_attempt_at):
            background.retry_later(copy, pause, run_id=run.pk, ticket=run.ticket)


@task()
def remove(run_id: int, ticket: int) -> None:
    """Delete the file and then the row of a run that is to go. Safe to begin again."""
    run = ExportRun.objects.filter(pk=run_id, ticket=ticket, state=State.DELETING).first()
    if run is None:
        return
    try:
        exports_storage().delete(run.key)
    except storage_errors() as error:
        attempts = run.attempts + 1
        mine = ExportRun.objects.filter(pk=run.pk, ticket=ticket)
        mine.update(attempts=attempts, error=in_words(error), touched_at=timezone.now())
        background.retry_later(remove, background.back_off(attempts), run_id=run.pk, ticket=ticket)
        return
    run.delete()


class _Hashed:
    """Passes what is written on to the file, and counts and digests it on the way."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, part: bytes) -> int:
        self.size += len(part)
        self.digest.update(part)
        return self._file.write(part)
