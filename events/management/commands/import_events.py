from collections.abc import Callable
from typing import Any

from checkin_project.platform.access import Actor
from checkin_project.platform.importcommand import ImportCommand
from checkin_project.platform.imports import ImportReport, Plan
from checkin_project.platform.sheets import Sheet
from events import imports


class Command(ImportCommand):
    help = "Import events from a CSV file of any generation. Blank cells never overwrite; repeats change nothing."

    def plan(self, sheet: Sheet, progress: Callable[[int], None] | None) -> Plan:
        return imports.plan(sheet, progress=progress)

    def apply(self, plan: Plan, *, by: Actor, at: Any) -> ImportReport:
        return imports.apply(plan, by=by, at=at)
