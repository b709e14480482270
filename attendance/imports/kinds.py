"""Attendance, the joined view of older systems, and the lists of runs as kinds of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from types import MappingProxyType

from django.utils.translation import gettext_lazy as _lazy

from attendance.imports import writing
from attendance.imports.columns import ALIASES, FIELDS, RUNNER_ALIASES, RUNNER_FIELDS
from attendance.imports.planning import Planner, Shape
from attendance.imports.writing import Importers
from attendance.models import Method
from checkin_project.platform.access import Actor
from checkin_project.platform.imports import ImportReport, Options, Plan, Written
from checkin_project.platform.imports.kinds import Kind
from checkin_project.platform.sheets import Problem, Sheet
from events.imports import EventImporter
from members.imports import MemberImporter

_EVENT = frozenset({"event_id", "event_code", "event_name"})
_KEYS = {"member_id", "member_v_number", "member_student_email", "member_personal_email"}
_NAMES = {"member_name", "member_first_name", "member_last_name"}
_TIME = frozenset({"checked_in_at"})

ATTENDANCE = Shape(MappingProxyType(ALIASES), (_EVENT, frozenset(_KEYS | _NAMES), _TIME))
DATABROWSER = Shape(
    MappingProxyType(ALIASES),
    (frozenset({"event_name"}), frozenset({"event_date"}), frozenset(_NAMES), _TIME),
    fills=True,
)
RUNNER = Shape(
    MappingProxyType(RUNNER_ALIASES),
    (frozenset({"member_name"}), frozenset({"event_date"}), _TIME),
    door=Method.SELF,
    event_name="Run",
)


class AttendanceImport:
    """See `checkin_project.platform.imports.kinds.Import`."""

    def __init__(self, shape: Shape, options: Options) -> None:
        self._shape, self._options = shape, options

    def plan(self, sheet: Sheet, *, progress: Callable[[int], None] | None = None) -> Plan:
        return Planner(self._shape, self._options).plan(sheet, progress)

    def apply(
        self, plan: Plan, *, by: Actor, at: datetime, progress: Callable[[int], None] | None = None
    ) -> ImportReport:
        report = writing.apply(plan, self._importers(), by=by, at=at)
        if progress is not None:
            progress(len(plan.rows))
        return report

    def undo(self, written: Iterable[Written], *, by: Actor, at: datetime) -> list[Problem]:
        return writing.undo(written, self._importers(), by=by, at=at)

    def _importers(self) -> Importers:
        return Importers(EventImporter(self._options.zone), MemberImporter(self._options.zone))


def kinds() -> list[Kind]:
    """The joined view first: a file that is both is read as what tells more."""

    def of(shape: Shape) -> Callable[[Options], AttendanceImport]:
        return lambda options: AttendanceImport(shape, options)

    return [
        Kind("databrowser", _lazy("Data browser (joined)"), FIELDS, ALIASES, DATABROWSER.needs, of(DATABROWSER)),
        Kind("attendance", _lazy("Attendance"), FIELDS, ALIASES, ATTENDANCE.needs, of(ATTENDANCE), True),
        Kind("runner", _lazy("Runs"), RUNNER_FIELDS, RUNNER_ALIASES, RUNNER.needs, of(RUNNER), True),
    ]
