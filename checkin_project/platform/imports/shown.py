"""A plan's rows as they are kept and shown: values as texts, cut where they are long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from checkin_project.platform.imports.plan import Plan, PlannedRow, RowState
from checkin_project.platform.imports.records import ImportRow, ImportRun

LONGEST = 200
# Before the heading of a column that is kept in a record's JSON.
EXTRA = "extra: "
MOST_OUTDATED = 50
Cells = list[list[str]]


def shown_rows(run: ImportRun, plan: Plan) -> Iterator[ImportRow]:
    for row in plan.rows:
        yield ImportRow(
            run=run,
            line=row.line,
            state=row.state,
            label=shown(row.label),
            changes=_changes(plan, row),
            problems=[[shown(problem.column), shown(problem.value), problem.reason] for problem in row.problems],
            likely=[
                {"label": shown(likely.label), "reasons": list(likely.reasons), "pk": likely.pk, "line": likely.line}
                for likely in row.likely
            ],
            notes=list(row.notes),
        )


def shown(value: Any) -> str:
    """Any value as a short text that every database can hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    text = value.isoformat(" ") if isinstance(value, date) and hasattr(value, "hour") else str(value)
    text = text.replace("\x00", "␀")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _changes(plan: Plan, row: PlannedRow) -> Cells:
    """[field, old, new] of what the row changes; of a new record everything it gets."""
    if row.state is RowState.NEW and row.record >= 0:
        given = plan.records[row.record].values
        return [cell for name, value in given.items() for cell in _cells(name, None, value)]
    return [cell for change in plan.changes_of(row) for cell in _cells(change.field, change.old, change.new)]


def _cells(name: str, old: Any, new: Any) -> Cells:
    if isinstance(new, Mapping) or isinstance(old, Mapping):
        before, after = old or {}, new or {}
        names = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        prefix = EXTRA if name == "extra" else f"{name}: "
        return [[f"{prefix}{key}", shown(before.get(key)), shown(after.get(key))] for key in names]
    return [] if new in (None, "") and old in (None, "") else [[name, shown(old), shown(new)]]


def differences(run: ImportRun, plan: Plan) -> list[dict[str, Any]]:
    """The rows of which `plan` says something else than the preview did, the first MOST_OUTDATED of them."""
    before = {row.line: row for row in run.rows.only("run_id", "line", "state", "changes").iterator()}
    found: list[dict[str, Any]] = []
    for row in plan.rows:
        old = before.pop(row.line, None)
        changes = _changes(plan, row)
        if old is not None and old.state == row.state and old.changes == changes:
            continue
        was = RowState(old.state).label if old is not None else _("not there")
        if old is not None and old.state == row.state:
            reason = _("Other values would change now than in the preview.")
        else:
            reason = _("It was “%(was)s” in the preview and is “%(now)s” now.") % {"was": was, "now": row.state.label}
        found.append({"line": row.line, "label": shown(row.label), "reason": reason})
        if len(found) == MOST_OUTDATED:
            break
    return found
