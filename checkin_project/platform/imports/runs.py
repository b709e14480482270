"""An import from its file to its end: received, looked at, confirmed, undone. The work itself is in `running.py`."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import PurePath
from typing import IO, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_tasks.base import Task

from checkin_project.platform import background
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.imports import running
from checkin_project.platform.imports.options import Duplicates, Options
from checkin_project.platform.imports.records import ImportRow, ImportRun, ImportWrite, RunState
from checkin_project.platform.sheets.workbook import STARTS_WITH as WORKBOOK
from checkin_project.platform.text import clean_text

# Bytes up to which a file is read while its sender waits: about two thousand rows. Workbooks are packed.
AT_ONCE, WORKBOOK_AT_ONCE = 250_000, 50_000
Work = Task[..., None]


@dataclass(frozen=True, slots=True)
class Choices:
    """What an operator has decided about a run: the kind of its rows and the engine's options."""

    kind: str
    options: Options


def receive(
    file: File[bytes], *, name: str, header: Iterable[str], choices: Choices, by: Actor, at: datetime
) -> ImportRun:
    """Keep a file that was sent or fetched, and have it read. Nothing in the records changes.

    Raises PermissionDenied unless `by` may import everywhere, as every function here does.
    """
    _require(by)
    sha256, lines = _measured(file)
    run = ImportRun(
        created_at=at,
        created_by_id=by.user_id,
        file_name=_clean_name(name),
        size=file.size or 0,
        sha256=sha256,
        kind=choices.kind,
        header=list(header),
        options=_stored(choices.options),
        touched_at=at,
        total=2 * max(0, lines - 1),  # each row is read, and kept to be looked at
    )
    run.file.save(name, File(file), save=False)
    with transaction.atomic():
        run.save()
        _begin(run, RunState.UPLOADED, running.plan_import, at=at)
    return _done_at_once(run, running.plan_import)


def choices_of(run: ImportRun) -> Choices:
    """Raises KeyError for a kind, ValueError for options, that this version of the product does not know."""
    return Choices(run.kind, running.options_of(run))


def look_again(run: ImportRun, choices: Choices, *, by: Actor, at: datetime) -> ImportRun:
    """Plan the run anew with these choices. Raises ValueError where that is over: see `can_be_planned`."""
    _require(by)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if not can_be_planned(run, at):
            raise ValueError("This run cannot be planned again.")
        run.kind, run.options = choices.kind, _stored(choices.options)
        run.total = 2 * run.row_count or run.total
        run.save(update_fields=["kind", "options", "total"])
        _begin(run, RunState.UPLOADED, running.plan_import, at=at)
    return _done_at_once(run, running.plan_import)


def can_be_planned(run: ImportRun, at: datetime) -> bool:
    """Before it is imported, as long as its file is kept; work that died in between may be begun again."""
    is_open = run.state in (RunState.PLANNED, RunState.FAILED) or (run.state != RunState.UNDOING and run.is_silent(at))
    return bool(run.file) and is_open


def decide(choices: Choices, decisions: Mapping[int, Duplicates | None]) -> Choices:
    """`choices` with what was decided for single rows, by line; None: as for all."""
    kept = {line: each for line, each in choices.options.decisions.items() if line not in decisions}
    kept |= {line: each for line, each in decisions.items() if each is not None}
    return replace(choices, options=replace(choices.options, decisions=kept))


def confirm(run: ImportRun, fingerprint: str, *, by: Actor, at: datetime) -> str:
    """Have written what the preview with this fingerprint showed; else why not, in a sentence. Safe to repeat."""
    _require(by)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if run.state in (RunState.APPLYING, RunState.APPLIED):
            return ""
        if run.state != RunState.PLANNED or run.fingerprint != fingerprint:
            return _("This is not the newest preview of the file any more. Look at this one. Nothing was written.")
        if not run.file:
            return _("The file is not kept any more. Upload it again. Nothing was written.")
        run.applied_by_id, run.total = by.user_id, 2 * run.row_count
        run.save(update_fields=["applied_by", "total"])
        _begin(run, RunState.APPLYING, running.apply_import, at=at)
    _done_at_once(run, running.apply_import)
    return ""


def undo(run: ImportRun, *, by: Actor, at: datetime) -> str:
    """Have taken back all that the run wrote; else why not, in a sentence. Safe to repeat."""
    _require(by)
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if run.state in (RunState.UNDOING, RunState.UNDONE):
            return ""
        if not can_be_undone(run):
            return _("This import cannot be undone.")
        run.undone_by_id = by.user_id
        run.save(update_fields=["undone_by"])
        _begin(run, RunState.UNDOING, running.undo_import, at=at)
    _done_at_once(run, running.undo_import)
    return ""


def can_be_undone(run: ImportRun) -> bool:
    """What it wrote is kept for a while only; see `prune`."""
    return run.state == RunState.APPLIED and run.pruned_at is None and bool(run.records_created or run.records_updated)


def set_free(run: ImportRun, *, by: Actor, at: datetime) -> bool:
    """Give up work of which nothing is heard any more, so that it can be asked for again.

    If it should be alive after all it finds its claim gone, and what it has written so far is rolled back.
    """
    _require(by)
    back = {RunState.APPLYING: RunState.PLANNED, RunState.UNDOING: RunState.APPLIED}
    with transaction.atomic():
        run = ImportRun.objects.select_for_update().get(pk=run.pk)
        if not run.is_silent(at):
            return False
        run.state, run.claim = back.get(RunState(run.state), RunState.FAILED), None
        run.problem = "" if run.state != RunState.FAILED else _("Reading the file did not come to its end. Look again.")
        run.save(update_fields=["state", "claim", "problem"])
    return True


def prune(at: datetime) -> None:
    """Remove the files, rows and written values of old runs. Who imported which file when, and the counts, stay."""
    _forget(ImportRun.objects.filter(created_at__lt=at - timedelta(days=settings.IMPORT_KEEP_DAYS)), at)


def forget(at: datetime) -> None:
    """The same for all runs, when somebody is erased whom any of them may name. Files go once that is committed."""
    _forget(ImportRun.objects.all(), at)


def _forget(which: QuerySet[ImportRun], at: datetime) -> None:
    for run in which.filter(pruned_at=None).exclude(state__in=[RunState.APPLYING, RunState.UNDOING]):
        emptied = {"pruned_at": at, "file": "", "outdated": [], "frequent": [], "options": {}, "header": []}
        if run.state not in (RunState.APPLIED, RunState.UNDONE):
            reason = _("The file is not kept any more. Upload it again.")
            emptied |= {"state": RunState.FAILED, "problem": reason, "claim": None}
        with transaction.atomic():
            if ImportRun.objects.filter(pk=run.pk, state=run.state).update(**emptied):
                ImportRow.objects.filter(run=run).delete()
                ImportWrite.objects.filter(run=run).delete()
                if run.file:
                    transaction.on_commit(partial(run.file.storage.delete, str(run.file.name)), robust=True)


def zone_named(name: str) -> ZoneInfo:
    """Raises ValueError for what is no time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(name) from None


def _require(by: Actor) -> None:
    if not by.may(Permission.IMPORT):
        raise PermissionDenied


def _clean_name(name: str) -> str:
    """The last part of the name, as it may be shown and stored."""
    try:
        return clean_text(PurePath(name.replace("\\", "/")).name[-200:], max_length=200) or _("a file without a name")
    except ValidationError:
        return _("a file without a name")


def _measured(file: IO[bytes] | File[bytes]) -> tuple[str, int]:
    """SHA-256 and number of lines (of a workbook 1: nobody knows yet), read in parts."""
    digest, lines = hashlib.sha256(), 1
    file.seek(0)
    is_workbook = file.read(len(WORKBOOK)) == WORKBOOK
    file.seek(0)
    while part := file.read(1 << 16):
        digest.update(part)
        lines += 0 if is_workbook else part.count(b"\n") or part.count(b"\r")
    file.seek(0)
    return digest.hexdigest(), lines


def _stored(options: Options) -> dict[str, Any]:
    return {
        "zone": options.zone.key,
        "create_missing": options.create_missing,
        "columns": dict(options.columns),
        "duplicates": options.duplicates.value,
        "decisions": {str(line): decision.value for line, decision in options.decisions.items()},
    }


def _begin(run: ImportRun, state: RunState, work: Work, *, at: datetime) -> None:
    """Give the run to a new attempt; a long one to a worker. Within the caller's transaction."""
    run.state, run.claim, run.touched_at = state, uuid.uuid4(), at
    run.done, run.problem, run.outdated = 0, "", []
    run.save(update_fields=["state", "claim", "touched_at", "done", "problem", "outdated"])
    if _is_long(run):
        background.start(work, run_id=run.pk, claim=str(run.claim))


def _is_long(run: ImportRun) -> bool:
    return run.size > (WORKBOOK_AT_ONCE if str(run.file.name).endswith(".xlsx") else AT_ONCE)


def _done_at_once(run: ImportRun, work: Work) -> ImportRun:
    """The run after the work, if it is short enough to be waited for."""
    if not _is_long(run):
        work.func(run_id=run.pk, claim=str(run.claim))
    run.refresh_from_db()
    return run
