"""Copies of exports in the storage `exports`: asked for, tried again, deleted and pruned. `copying` makes them.

Nothing here waits for the storage: each function writes rows of `export_runs` and begins a background task.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from checkin_project.platform import background
from checkin_project.platform.access import Actor
from checkin_project.platform.exports.copying import copy, remove
from checkin_project.platform.exports.formats import FORMATS
from checkin_project.platform.exports.registry import find
from checkin_project.platform.exports.runs import ExportRun, ExportRunQuerySet

log = logging.getLogger(__name__)
SLUG_LENGTH = 60
ABOUT_LENGTH = 200

State = ExportRun.State


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export by name; `params` narrow it to a part, where the export can be, and `about` tells people which."""

    name: str
    format: str = "csv"
    params: Mapping[str, Any] = field(default_factory=dict)
    about: str = ""
    origin: ExportRun.Origin = ExportRun.Origin.PERSON


def store(
    export_name: str,
    format: str,  # noqa: A002  the word of everybody who calls it
    *,
    by: Actor,
    at: datetime,
    params: Mapping[str, Any] | None = None,
) -> ExportRun:
    """As `order`, for whoever has nothing to say about where it comes from."""
    return order(Wanted(export_name, format, params or {}), by=by, at=at)


def order(wanted: Wanted, *, by: Actor, at: datetime) -> ExportRun:
    """Have it copied to the storage soon, if the transaction that this is called in is committed.

    Writes one row and takes no lock. Raises ValidationError (one sentence) for an export or format that does not exist,
    PermissionDenied for whoever may not have it.
    """
    run = begin(wanted, by=by, at=at)
    background.start(copy, run_id=run.pk, ticket=run.ticket)
    return run


def begin(wanted: Wanted, *, by: Actor, at: datetime) -> ExportRun:
    """The row of a copy that the caller has made at once, by `copying.copy_now`. Raises as `order`."""
    export = find(wanted.name)
    if export is None:
        raise ValidationError(_("There is no such export."), code="unknown_export")
    if wanted.params.keys() - set(export.params):
        raise ValidationError(_("This export cannot be limited in that way."), code="unknown_param")
    if wanted.format not in FORMATS:
        raise ValidationError(_("There is no such format."), code="unknown_format")
    if not by.may_somewhere(export.permission) or not (by.user_id or by.is_system):
        raise PermissionDenied
    return ExportRun.objects.create(
        name=export.name,
        format=wanted.format,
        params=dict(wanted.params),
        about=wanted.about[:ABOUT_LENGTH],
        origin=wanted.origin,
        requested_by_id=by.user_id,
        by_system=by.is_system,
        key=new_key(f"{export.name} {wanted.about}", wanted.format, at=at),
        created_at=at,
        touched_at=at,
    )


def new_key(words: str, extension: str, *, at: datetime) -> str:
    """ "2026/11/20/4f0c…-members.csv": a day, 128 random bits, and words as letters, digits and hyphens only."""
    slug = slugify(words)[:SLUG_LENGTH].strip("-_") or "export"
    return f"{timezone.localdate(at):%Y/%m/%d}/{secrets.token_hex(16)}-{slug}.{extension}"


def retry(run: ExportRun, *, at: datetime) -> bool:
    """Try a failed copy again now, as if for the first time. False when somebody did, or it needs no retry any more."""
    changes = {"state": State.WAITING, "attempts": 0, "next_attempt_at": None, "finished_at": None}
    return _restart(run, [State.FAILED, State.RETRYING], at=at, **changes)


def delete(run: ExportRun, *, at: datetime) -> bool:
    """Take the run off every list now and its file out of the storage soon. False when it changed meanwhile."""
    states = [state for state in State if state != State.DELETING]
    return _restart(run, states, at=at, state=State.DELETING, attempts=0)


def _restart(run: ExportRun, states: Iterable[ExportRun.State], *, at: datetime, **changes: Any) -> bool:
    """Begin a task for a run that is as `run` shows it; one begun before has no say any more."""
    ticket = run.ticket + 1
    with transaction.atomic():
        found = ExportRun.objects.filter(pk=run.pk, ticket=run.ticket, state__in=list(states))
        if not found.update(ticket=ticket, touched_at=at, **changes):
            return False
        work = remove if changes.get("state", run.state) == State.DELETING else copy
        background.start(work, run_id=run.pk, ticket=ticket)
    return True


def restart_stranded(at: datetime) -> None:
    """Begin again what lost its task: its worker was killed while the database was away, or there was no worker."""
    for run in ExportRun.objects.stranded(at):
        if _restart(run, [ExportRun.State(run.state)], at=at):
            log.warning("stored export begun again: %s", run.pk)


def prune(at: datetime, *, keep: timedelta) -> int:
    """Delete runs older than `keep`, with their files; how many."""
    return _delete_all(ExportRun.objects.filter(created_at__lt=at - keep), at=at)


def forget(at: datetime) -> int:
    """Delete every run with its file, because somebody in them is to leave no trace; how many."""
    return _delete_all(ExportRun.objects.all(), at=at)


def _delete_all(runs: ExportRunQuerySet, *, at: datetime) -> int:
    return sum(delete(run, at=at) for run in runs.exclude(state=State.DELETING))
