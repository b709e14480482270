"""A plan into the database: exactly what it shows, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import connections, router, transaction
from django.utils.translation import gettext as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.imports import rows
from checkin_project.platform.imports.importer import Importer, M, R, batches
from checkin_project.platform.imports.plan import Plan, Record, Written, plain
from checkin_project.platform.sheets import Problem

__all__ = ["ImportReport", "apply_plan", "batches"]

_BATCH = 1000
_REASON = "import"
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was written. With `outdated` (records changed since the plan was made) that is nothing at all.

    `written` says it row by row, made while iterating: a long import would fill the memory with it.
    """

    created: int = 0
    updated: int = 0
    outdated: tuple[Problem, ...] = ()
    written: Iterable[Written] = field(default=(), compare=False)


class _WrittenRecords:
    """Each record that was written, as often as somebody asks."""

    def __init__(self, label: str, new: Sequence[Record], keys: Sequence[int], changed: Sequence[Record]) -> None:
        self._label, self._new, self._keys, self._changed = label, new, keys, changed

    def __iter__(self) -> Iterator[Written]:
        for record, pk in zip(self._new, self._keys, strict=True):
            after = {name: plain(value) for name, value in record.values.items()}
            yield Written(self._label, pk, record.line, None, after)
        for record in self._changed:
            before = {change.field: plain(change.old) for change in record.changes}
            after = {change.field: plain(change.new) for change in record.changes}
            yield Written(self._label, record.pk or 0, record.line, before, after)


class _OutdatedError(Exception):
    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__("The plan is outdated.")
        self.problems = tuple(problems)


def apply_plan(plan: Plan, importer: Importer[M, R], *, by: Actor, at: datetime) -> ImportReport:
    """Write exactly what `plan` shows, rows with problems left aside, in one transaction, with history.

    Locks the rows it changes. When one of them, or somebody the file calls new, was written since the plan was made,
    nothing is written and the report says which. A second plan of the same file finds nothing to do.
    Raises PermissionDenied unless `by` may import everywhere, ValueError for a plan of an unreadable file.
    """
    if not by.may(Permission.IMPORT):
        raise PermissionDenied
    if plan.fatal is not None:
        raise ValueError(str(plan.fatal))
    new = [record for record in plan.records if record.pk is None and record.line]
    changed = [record for record in plan.records if record.line and record.changed]
    try:
        with transaction.atomic():
            user = get_user_model().objects.filter(pk=by.user_id).first() if by.user_id else None
            write = _write_rows if importer.by_rows else _write_instances
            keys = write(new, changed, importer, user, at)
    except _OutdatedError as error:
        return ImportReport(outdated=error.problems)
    written = _WrittenRecords(importer.model._meta.label, new, keys, changed)
    return ImportReport(created=len(new), updated=len(changed), written=written)


def _write_rows(
    new: Sequence[Record], changed: Sequence[Record], importer: Importer[M, R], user: Any, at: datetime
) -> list[int]:
    """Keys of the new records. Raises _OutdatedError before anything is written."""
    outdated = [*importer.taken([*new, *changed]), *rows.lock(changed, importer.model)]
    if outdated:
        raise _OutdatedError(outdated)
    keys = rows.create(new, importer, user, at)
    rows.update(changed, importer.model, user, at)
    importer.finish_rows(keys, new, changed)
    return keys


def _write_instances(
    new: Sequence[Record], changed: Sequence[Record], importer: Importer[M, R], user: Any, at: datetime
) -> list[int]:
    """As `_write_rows`, with an instance of the model for each record: for what a model works out by itself."""
    outdated = list(importer.taken([*new, *changed]))
    targets = _lock(changed, importer.model, outdated)
    if outdated:
        raise _OutdatedError(outdated)
    created = _create(new, importer, user, at)
    _update(changed, targets, importer, user, at)
    importer.finish(created, targets)
    return [row.pk for row in created]


def _lock(changed: Sequence[Record], model: type[M], outdated: list[Problem]) -> list[M]:
    """The rows to change, locked, in the order of `changed`; rows that are not as planned go to `outdated`."""
    found: dict[int, M] = {}
    for batch in batches(sorted(record.pk or 0 for record in changed)):
        locked = model._default_manager.select_for_update().filter(pk__in=batch)
        found |= {row.pk: row for row in locked.order_by("pk")}
    for record in changed:
        row = found.get(record.pk or 0)
        for change in record.changes:
            if row is None:
                outdated.append(Problem(record.line, "", "", _("This record was deleted since the preview.")))
                break
            current = getattr(row, change.field)
            if current != change.old:
                reason = _("This record was changed since the preview.")
                outdated.append(Problem(record.line, change.field, str(current)[:_SHOWN], reason))
    return [found[record.pk] for record in changed if record.pk in found]


def _create(new: Sequence[Record], importer: Importer[M, R], user: Any, at: datetime) -> list[M]:
    made = [importer.build(record.values) for record in new]
    if not made:
        return made
    manager = importer.model._default_manager
    manager.bulk_create(made, batch_size=_BATCH)
    for row, record in zip(made, new, strict=True):
        for name in importer.automatic:
            setattr(row, name, record.values.get(name, at))
    _write_columns(made, importer.automatic, importer.model)
    # After the times, so that the history begins with the row as it stands.
    _keep_history(made, importer.model, user, at, update=False)
    return made


def _update(changed: Sequence[Record], locked: Sequence[M], importer: Importer[M, R], user: Any, at: datetime) -> None:
    names: set[str] = set()
    for row, record in zip(locked, changed, strict=True):
        for change in record.changes:
            setattr(row, change.field, change.new)
            names.add(change.field)
        row.updated_at = at  # type: ignore[attr-defined]
    _write_columns(locked, sorted({*names, "updated_at"}), importer.model)
    _keep_history(locked, importer.model, user, at, update=True)


def _write_columns(changed: Sequence[M], names: Sequence[str], model: type[M]) -> None:
    """In place of bulk_update(), which builds a CASE of every row and field: half of the time of an import."""
    if not changed or not names:
        return
    connection = connections[router.db_for_write(model)]
    fields = [field for field in model._meta.concrete_fields if field.name in names]
    quote = connection.ops.quote_name
    columns = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    key = quote(str(model._meta.pk.column))
    statement = f"UPDATE {quote(model._meta.db_table)} SET {columns} WHERE {key} = %s"  # noqa: S608 (own names)
    values = [
        (*(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields), row.pk)
        for row in changed
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)


def _keep_history(written: Sequence[M], model: type[M], user: Any, at: datetime, *, update: bool) -> None:
    history = model.history  # type: ignore[attr-defined]
    history.bulk_history_create(
        written, batch_size=_BATCH, update=update, default_user=user, default_change_reason=_REASON, default_date=at
    )
