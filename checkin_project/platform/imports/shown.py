"""A plan's rows as they are kept and shown: values as texts, cut where they are long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from checkin_project.platform.imports.plan import Plan, PlannedRow, RowState
from checkin_project.platform.imports.records import ImportRun

LONGEST = 200
# Between a field that holds JSON and the name of what is kept in it.
EXTRA = ": "
MOST_OUTDATED = 50
MOST_PROBLEMS = 10
MOST_VALUES = 20
Cells = list[list[str]]


# The columns of `import_rows`, in the order of `shown_rows`.
COLUMNS = ("run", "line", "state", "label", "changes", "problems", "likely", "notes")


def shown_rows(run: ImportRun, plan: Plan) -> Iterator[list[Any]]:
    for row in plan.rows:
        yield [
            run.pk,
            row.line,
            row.state.value,
            shown(row.label),
            _changes(plan, row),
            [[shown(problem.column), shown(problem.value), problem.reason] for problem in row.problems],
            [
                {"label": shown(likely.label), "reasons": list(likely.reasons), "pk": likely.pk, "line": likely.line}
                for likely in row.likely
            ],
            list(row.notes),
        ]


def frequent_problems(plan: Plan) -> list[dict[str, Any]]:
    """What is wrong most often: the column, the reason, how many rows, and which values, the first of them."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in plan.rows:
        for problem in row.problems:
            values = found.setdefault((shown(problem.column), problem.reason), {})
            values[shown(problem.value)] = values.get(shown(problem.value), 0) + 1
    most = sorted(found.items(), key=lambda entry: -sum(entry[1].values()))[:MOST_PROBLEMS]
    return [
        {
            "column": column,
            "reason": reason,
            "count": sum(values.values()),
            "values": [value for value in list(values)[:MOST_VALUES] if value],
            "more": max(0, len(values) - MOST_VALUES),
        }
        for (column, reason), values in most
    ]


def shown(value: Any) -> str:
    """Any value as a short text that every database can hold."""
    if value is None:
        return ""
    if isinstance(value, str) and len(value) <= LONGEST and "\x00" not in value:
        return value  # most values of a long list
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        value = timezone.localtime(value) if timezone.is_aware(value) else value
        value = f"{value:%Y-%m-%d %H:%M:%S %Z}".replace(":00 ", " ").strip()
    text = str(value)
    text = text.replace("\x00", "␀")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _changes(plan: Plan, row: PlannedRow) -> Cells:
    """[field, old, new] of what the row changes; of a new record everything it gets."""
    found = [cell for change in plan.changes_of(row) for cell in _cells(change.field, change.old, change.new)]
    made = [("", plan.records[row.record])] if row.state is RowState.NEW and row.record >= 0 else []
    made += [(plan.parts[part].prefix, plan.parts[part].records[number]) for part, number in row.also]
    for prefix, record in made:
        if record.pk is None:
            found += [cell for name, value in record.values.items() for cell in _cells(prefix + name, None, value)]
    return found


def _cells(name: str, old: Any, new: Any) -> Cells:
    if isinstance(new, dict) or isinstance(old, dict):
        before, after = old or {}, new or {}
        names = [key for key in {**before, **after} if before.get(key) != after.get(key)]
        return [[f"{name}{EXTRA}{key}", shown(before.get(key)), shown(after.get(key))] for key in names]
    return [] if new in (None, "") and old in (None, "") else [[name, shown(old), shown(new)]]


def differences(run: ImportRun, plan: Plan) -> list[dict[str, Any]]:
    """The rows of which `plan` says something else than the preview did, the first MOST_OUTDATED of them."""
    before = iter(run.rows.order_by("line").only("run_id", "line", "state", "changes").iterator())
    found: list[dict[str, Any]] = []
    for row in plan.rows:
        # Both are in the order of the one file.
        old = next((each for each in before if each.line >= row.line), None)
        if old is None or (old.state == row.state and old.changes == _changes(plan, row)):
            continue
        reason = _("Other values would change now than in the preview.")
        if old.state != row.state:
            was = {"was": RowState(old.state).label, "now": row.state.label}
            reason = _("It was “%(was)s” in the preview and is “%(now)s” now.") % was
        found.append({"line": row.line, "label": shown(row.label), "reason": reason})
        if len(found) == MOST_OUTDATED:
            break
    return found
