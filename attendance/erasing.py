"""True deletion of events, members and attendance with all that hangs on them: a superuser's explicit act.

Everybody else cancels an event, or anonymises or blocks a member; that keeps the record of who came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q, QuerySet

from attendance.databrowser import materialised
from attendance.models import Attendance, Scan
from checkin_project.platform.access import Actor
from checkin_project.platform.exports import storing
from checkin_project.platform.imports import runs as import_runs
from events.models import Event
from members.models import LoyaltyEntry, Member


@dataclass(frozen=True, slots=True)
class Toll:
    """How many rows go with a record."""

    attendance: int
    scans: int
    points: int

    @property
    def is_nothing(self) -> bool:
        return self.attendance == self.scans == self.points == 0


@dataclass(frozen=True, slots=True)
class _Rows:
    attendance: QuerySet[Attendance]
    scans: QuerySet[Scan]
    points: QuerySet[LoyaltyEntry]


def toll_of(record: Event | Member | Attendance) -> Toll:
    """What `erase` would take along. At most four queries."""
    rows = _rows_of(record)
    return Toll(rows.attendance.count(), rows.scans.count(), rows.points.count())


def erase(record: Event | Member | Attendance, *, by: Actor, at: datetime) -> Toll:
    """Delete the record with its attendance, scans and points, in one transaction; says how many rows went.

    Locks the record's row first, so that no door adds to it meanwhile. A member's change history goes as well, and with
    it all stored exports and the files and rows of all imports, any of which may name the member.
    Raises PermissionDenied unless `by` is a superuser.
    """
    if not by.is_superuser:
        raise PermissionDenied
    with transaction.atomic():
        type(record)._default_manager.select_for_update().get(pk=record.pk)
        rows = _rows_of(record)
        toll = Toll(rows.attendance.count(), rows.scans.count(), rows.points.count())
        pk = record.pk
        # The points first: they are found by way of the attendance.
        rows.points.delete()
        rows.scans.delete()
        rows.attendance.delete()
        materialised.forget()
        if not isinstance(record, Attendance):
            record.delete()
        if isinstance(record, Member):
            Member.history.filter(id=pk).delete()
            _forget_log(Member, pk)
            storing.forget(at)
            import_runs.forget(at)
    return toll


def _rows_of(record: Event | Member | Attendance) -> _Rows:
    if isinstance(record, Member):
        return _Rows(
            Attendance.objects.filter(member=record),
            # Refused attempts have no attendance; their subject names the member.
            Scan.objects.filter(Q(attendance__member=record) | Q(subject=f"m:{record.pk}")),
            LoyaltyEntry.objects.filter(member=record),
        )
    rows = (
        Attendance.objects.filter(event=record)
        if isinstance(record, Event)
        else Attendance.objects.filter(pk=record.pk)
    )
    scans = Scan.objects.filter(event=record) if isinstance(record, Event) else Scan.objects.filter(attendance=record)
    return _Rows(rows, scans, _points_for(rows))


def _points_for(rows: QuerySet[Attendance]) -> QuerySet[LoyaltyEntry]:
    """The ledger's lines that these rows earned: their reference begins with the attendance's id."""
    earned = {f"attendance:{pk}" for pk in rows.values_list("pk", flat=True)}
    of_members = LoyaltyEntry.objects.filter(
        member__in=rows.exclude(member=None).values("member"), reference__startswith="attendance:"
    )
    lines = [pk for pk, reference in of_members.values_list("pk", "reference") if _origin(reference) in earned]
    return LoyaltyEntry.objects.filter(pk__in=lines)


def _origin(reference: str | None) -> str:
    return ":".join((reference or "").split(":")[:2])


def _forget_log(model: type[models.Model], pk: int) -> None:
    """The admin's own log repeats the name in every line about the person."""
    LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model), object_id=str(pk)).delete()
