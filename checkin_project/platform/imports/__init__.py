"""Importing rows in two steps that share one plan: say what would happen, then do exactly that or nothing.

An app describes its records in an `Importer`; reading, counting, locking, writing and history happen here, once.
"""

from checkin_project.platform.imports.applying import ImportReport, apply_plan, batches
from checkin_project.platform.imports.importer import Importer, Placement
from checkin_project.platform.imports.options import Duplicates, Options
from checkin_project.platform.imports.plan import Change, Likely, Plan, PlannedRow, Record, RowState, Written
from checkin_project.platform.imports.planning import make_plan

__all__ = [
    "Change",
    "Duplicates",
    "ImportReport",
    "Importer",
    "Likely",
    "Options",
    "Placement",
    "Plan",
    "PlannedRow",
    "Record",
    "RowState",
    "Written",
    "apply_plan",
    "batches",
    "make_plan",
]
