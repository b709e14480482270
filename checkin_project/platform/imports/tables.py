"""An import of one kind of record from one table: what `Kind.make` returns for most kinds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Generic

from checkin_project.platform.access import Actor
from checkin_project.platform.imports.applying import ImportReport, apply_plan
from checkin_project.platform.imports.importer import Importer, M, R
from checkin_project.platform.imports.options import Options
from checkin_project.platform.imports.plan import Plan, Written
from checkin_project.platform.imports.planning import make_plan
from checkin_project.platform.imports.undoing import undo_records
from checkin_project.platform.sheets import Problem, Sheet


class TableImport(Generic[M, R]):
    """See `kinds.Import`. `make` gives a fresh importer for each plan."""

    def __init__(self, make: Callable[[], Importer[M, R]], options: Options) -> None:
        self._make = make
        self._options = options

    def plan(self, sheet: Sheet, *, progress: Callable[[int], None] | None = None) -> Plan:
        return make_plan(sheet, self._make(), progress=progress, options=self._options)

    def apply(
        self, plan: Plan, *, by: Actor, at: datetime, progress: Callable[[int], None] | None = None
    ) -> ImportReport:
        importer = self._make()
        importer.records = plan.records
        report = apply_plan(plan, importer, by=by, at=at)
        if progress is not None:
            progress(report.created + report.updated)
        return report

    def undo(self, written: Iterable[Written], *, by: Actor, at: datetime) -> list[Problem]:
        return undo_records(written, self._make(), by=by, at=at)
