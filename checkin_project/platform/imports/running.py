"""The work of an import, in the background or while somebody waits: read, write, take back.

Each attempt has a claim, kept in its run. It writes only while the run still knows that claim, so an attempt that
was given up, killed or begun twice changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_tasks import task

from checkin_project.platform import bulk
from checkin_project.platform.access import ANONYMOUS, Actor, actor_for
from checkin_project.platform.exports.troubles import in_words, storage_errors
from checkin_project.platform.imports import kinds
from checkin_project.platform.imports.applying import batches
from checkin_project.platform.imports.options import Duplicates, Options
from checkin_project.platform.imports.plan import Plan, Written
from checkin_project.platform.imports.pulse import Pulse, PulseBeside, SupersededError, still_mine
from checkin_project.platform.imports.records import ImportRow, ImportRun, ImportWrite, RunState
from checkin_project.platform.imports.shown import (
    COLUMNS,
    MOST_OUTDATED,
    differences,
    frequent_problems,
    shown,
    shown_rows,
)
from checkin_project.platform.sheets import Problem, read_sheet

_BATCH = 2000


def options_of(run: ImportRun) -> Options:
    """Raises KeyError or ValueError for what this version of the product does not know."""
    kept = run.options
    return Options(
        zone=ZoneInfo(kept["zone"]),
        create_missing=kept["create_missing"],
        columns=kept["columns"],
        duplicates=Duplicates(kept["duplicates"]),
        decisions={int(line): Duplicates(decision) for line, decision in kept["decisions"].items()},
    )


@task()
def plan_import(run_id: int, claim: str) -> None:
    """Read the file and keep what it would do. Changes no record; safe to begin again."""
    run = _taken(run_id, claim, RunState.UPLOADED, RunState.PLANNING)
    if run is None:
        return
    with _ended_in_words(run, claim):
        plan = _planned(run, Pulse(run, claim))
        ImportRow.objects.filter(run=run).delete()
        for number, batch in enumerate(batches(shown_rows(run, plan), _BATCH)):
            with transaction.atomic():
                still_mine(run, claim, done=len(plan.rows) + number * _BATCH, total=2 * len(plan.rows))
                bulk.insert(ImportRow, COLUMNS, batch)
        _settle(
            run,
            claim,
            state=RunState.FAILED if plan.fatal else RunState.PLANNED,
            problem=str(plan.fatal) if plan.fatal else "",
            header=list(plan.header),
            counts={state.value: count for state, count in plan.counts.items()},
            frequent=frequent_problems(plan),
            likely_count=sum(bool(row.likely) for row in plan.rows),
            fingerprint="" if plan.fatal else plan.fingerprint,
        )


@task()
def apply_import(run_id: int, claim: str) -> None:
    """Write exactly what the preview showed, in one transaction, or nothing. Safe to begin again."""
    run = _taken(run_id, claim, RunState.APPLYING)
    if run is None:
        return
    with _ended_in_words(run, claim):
        by = _actor(run.applied_by_id)
        importer = kinds.kind(run.kind).make(options_of(run))
        plan = _planned(run, Pulse(run, claim), importer)
        if plan.fatal or plan.fingerprint != run.fingerprint:
            raise _StoppedError(_records_changed(), differences(run, plan))
        with transaction.atomic(), PulseBeside(run, claim, before=len(plan.rows)) as pulse:
            report = importer.apply(plan, by=by, at=timezone.now(), progress=pulse)
            if report.outdated:
                raise _StoppedError(_records_changed(), _named(report.outdated))
            _keep(run, report.written)
            _settle(
                run,
                claim,
                state=RunState.APPLIED,
                applied_at=timezone.now(),
                done=run.total,
                records_created=report.created,
                records_updated=report.updated,
            )


@task()
def undo_import(run_id: int, claim: str) -> None:
    """Take back all that the run wrote, or nothing. Safe to begin again."""
    run = _taken(run_id, claim, RunState.UNDOING)
    if run is None:
        return
    with _ended_in_words(run, claim):
        by = _actor(run.undone_by_id)
        importer = kinds.kind(run.kind).make(options_of(run))
        with transaction.atomic():
            at = timezone.now()
            problems = importer.undo(_written(run), by=by, at=at)
            if problems:
                raise _StoppedError(_newer(), _named(problems))
            _settle(run, claim, state=RunState.UNDONE, undone_at=at)


class _StoppedError(Exception):
    """Rolls back. `problem` is said on the run's page, `outdated` names the rows it is about."""

    def __init__(self, problem: str, outdated: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(problem)
        self.problem, self.outdated = problem, list(outdated)


def _taken(run_id: int, claim: str, state: RunState, become: RunState | None = None) -> ImportRun | None:
    """The run, if it waits for this attempt (or was being done by it when its process was killed)."""
    waiting = [state, become] if become else [state]
    mine = ImportRun.objects.filter(pk=run_id, claim=claim, state__in=waiting)
    if not mine.update(state=become or state, touched_at=timezone.now()):
        return None
    return ImportRun.objects.filter(pk=run_id).first()


@contextmanager
def _ended_in_words(run: ImportRun, claim: str) -> Iterator[None]:
    """However it ends, the run's page tells. An accident is not swallowed: it is written down, too."""
    end: dict[str, Any] = {"state": RunState.FAILED, "applied_by": None}
    if run.state == RunState.UNDOING:
        end = {"state": RunState.APPLIED, "undone_by": None}  # what could not be undone is still imported
    try:
        yield
    except SupersededError:
        return
    except _StoppedError as stopped:
        with suppress(SupersededError):
            _settle(run, claim, problem=stopped.problem, outdated=stopped.outdated, **end)
    except PermissionDenied:
        reason = _("Whoever asked for this may not import any more. Nothing was changed.")
        with suppress(SupersededError):
            _settle(run, claim, problem=reason, **end)
    except (OperationalError, InterfaceError):
        # The database was lost: the worker begins again, and finds the run as it was.
        raise
    except Exception:
        reason = _("Something broke, and it has been written down. Nothing was changed. Try again.")
        with suppress(DatabaseError, SupersededError):
            _settle(run, claim, problem=reason, **end)
        raise


def _settle(run: ImportRun, claim: str, **values: Any) -> None:
    """The end of an attempt. Raises SupersededError when it is not the one that counts."""
    mine = ImportRun.objects.filter(pk=run.pk, claim=claim, state=run.state)
    if not mine.update(claim=None, touched_at=timezone.now(), **values):
        raise SupersededError


def _planned(run: ImportRun, progress: Callable[[int], None], importer: kinds.Import | None = None) -> Plan:
    """What the file would do now, if it is the one that was uploaded."""
    importer = importer or kinds.kind(run.kind).make(options_of(run))
    try:
        with run.file.open("rb") as file:
            digest = hashlib.sha256()
            while part := file.read(1 << 16):
                digest.update(part)
            if digest.hexdigest() != run.sha256:
                raise _StoppedError(_("The kept file is not the one that was uploaded. Upload it again."))
            file.seek(0)
            return importer.plan(read_sheet(cast("BinaryIO", file)), progress=progress)
    except FileNotFoundError:
        raise _StoppedError(_("The kept file is gone. Upload it again.")) from None
    except storage_errors() as error:
        reason = _("The kept file could not be read: %(reason)s") % {"reason": in_words(error)}
        raise _StoppedError(reason) from error


def _keep(run: ImportRun, written: Iterable[Written]) -> None:
    rows = ([run.pk, each.line, each.model_label, each.pk, each.before, each.after] for each in written)
    bulk.insert(ImportWrite, ("run", "line", "model", "object_pk", "before", "after"), rows)


def _written(run: ImportRun) -> Iterator[Written]:
    for row in ImportWrite.objects.filter(run=run).order_by("pk").iterator():
        yield Written(row.model, row.object_pk, row.line, row.before, row.after)


def _actor(user_id: int | None) -> Actor:
    """What the person may do now, not when the button was pressed."""
    user = get_user_model().objects.filter(pk=user_id).first() if user_id else None
    return actor_for(user) if user is not None else ANONYMOUS


def _named(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    found = [
        {"line": each.line, "label": shown(": ".join(filter(None, (each.column, each.value)))), "reason": each.reason}
        for each in problems
    ]
    return found[:MOST_OUTDATED]


def _records_changed() -> str:
    return _("The records have changed since this preview was made. Nothing was written.")


def _newer() -> str:
    return _("This import cannot be undone any more, because something newer stands on it. Nothing was changed.")
