"""From the rows of a file to a plan; nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext as _

from checkin_project.platform.imports.columns import Columns, columns_of
from checkin_project.platform.imports.importer import Importer, M, Placement, R
from checkin_project.platform.imports.options import Duplicates, Options
from checkin_project.platform.imports.plan import Plan, PlannedRow, Record, RowState
from checkin_project.platform.sheets import Problem, Row, Sheet

_PROGRESS_EVERY = 500


def make_plan(
    sheet: Sheet,
    importer: Importer[M, R],
    *,
    progress: Callable[[int], None] | None = None,
    options: Options | None = None,
) -> Plan:
    """What importing `sheet` would do. Reads a fixed number of queries, however long the file is.

    `progress` is called with the number of rows read so far, every few hundred rows. `options` default to none taken.
    """
    plan = Plan(header=sheet.header)
    columns = columns_of(sheet, importer.aliases, importer.needs, options)
    if isinstance(columns, Problem):
        plan.fatal = columns
        return plan
    importer.load()
    plan.records = importer.records
    for item in sheet:
        if isinstance(item, Problem):
            if item.fatal:
                plan.fatal = item
                return plan
            plan.rows.append(PlannedRow(item.line, RowState.ERROR, problems=(item,)))
        elif not columns.is_blank(item):
            plan.rows.append(_plan_row(item, columns, importer, options))
        if progress is not None and plan.rows and len(plan.rows) % _PROGRESS_EVERY == 0:
            progress(len(plan.rows))
    _settle_states(plan)
    return plan


def _plan_row(row: Row, columns: Columns, importer: Importer[M, R], options: Options | None) -> PlannedRow:
    reading = importer.read(columns.cells(row), columns.unknown(row))
    found = Placement(problems=tuple(reading.problems)) if reading.problems else importer.place(reading)
    if found.problems:
        return columns.refused(row, found.problems, notes=found.notes)
    if found.likely and options is not None:
        decision = options.duplicate(row.line)
        if decision is Duplicates.SKIP:
            label = importer.label(Record(None, values=reading.values))
            return PlannedRow(row.line, RowState.SKIPPED, label, likely=found.likely, notes=found.notes)
        found = decided(found, decision)
    number = found.record
    if number is None:
        number = len(importer.records)
        importer.records.append(Record(None))
    record = importer.records[number]
    notes = found.notes
    if record.line:
        notes = (*notes, _("Folded into line %(line)d.") % {"line": record.line})
    state = RowState.REPEATED if record.line else RowState.NEW
    record.line = record.line or row.line
    importer.merge(number, reading)
    return PlannedRow(row.line, state, importer.label(record), number, likely=found.likely, notes=notes)


def decided(found: Placement, decision: Duplicates) -> Placement:
    """A row that is likely the same as known records, after the operator has chosen: the likeliest one, or none."""
    best = next((likely for likely in found.likely if likely.record >= 0), None)
    if decision is not Duplicates.UPDATE or best is None:
        return found
    note = _("Folded into the likely record %(name)s.") % {"name": best.label}
    return replace(found, record=best.record, notes=(*found.notes, note))


def _settle_states(plan: Plan) -> None:
    """Only when all rows are folded is it known whether a record changes: the first row about it says so."""
    for row in plan.rows:
        if row.state is RowState.NEW:
            record = plan.records[row.record]
            if record.pk is not None:
                row.state = RowState.CHANGED if record.changed else RowState.SAME
