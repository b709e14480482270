"""Taking back what an import wrote: all of it, while nothing newer stands on it, or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, router, transaction
from django.db.models.deletion import Collector
from django.utils.translation import gettext as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.imports.applying import batches
from checkin_project.platform.imports.importer import Importer, M, R
from checkin_project.platform.imports.plan import Written, plain
from checkin_project.platform.sheets import Problem

_REASON = "import taken back"
_SHOWN = 100


class _Refused(Exception):
    def __init__(self, problems: Iterable[Problem]) -> None:
        super().__init__("Something newer stands on the import.")
        self.problems = list(problems)


def undo_records(written: Iterable[Written], importer: Importer[M, R], *, by: Actor, at: datetime) -> list[Problem]:
    """Delete what the run made and put back what it changed, with history, in one transaction; or say why not.

    A record made by the run goes while it is as it was made and nothing refers to it. A field is put back while it
    holds what the run wrote. Locks the rows. Raises PermissionDenied unless `by` may import everywhere.
    """
    if not by.may(Permission.IMPORT):
        raise PermissionDenied
    user = get_user_model().objects.filter(pk=by.user_id).first() if by.user_id else None
    try:
        with transaction.atomic():
            problems: list[Problem] = []
            for batch in batches(written):
                problems += _undo_batch(batch, importer, user, at)
            if problems:
                raise _Refused(problems)
    except _Refused as error:
        return error.problems
    except IntegrityError:
        reason = _("A value that would be put back belongs to another record now.")
        return [Problem(0, "", "", reason)]
    return []


def _undo_batch(batch: Sequence[Written], importer: Importer[M, R], user: Any, at: datetime) -> list[Problem]:
    model = importer.model
    pks = [item.pk for item in batch]
    rows: dict[int, M] = {
        row.pk: row for row in model._default_manager.select_for_update().filter(pk__in=pks).order_by("pk")
    }
    gone = [item for item in batch if item.pk not in rows]
    problems = [Problem(item.line, "", "", _("This record was deleted since the import.")) for item in gone]
    made = [item for item in batch if item.before is None and item.pk in rows]
    problems += _touched(made, rows, importer)
    changed = [item for item in batch if item.before is not None and item.pk in rows]
    for item in changed:
        problems += _differing(item, rows[item.pk])
    if not problems:
        _delete([rows[item.pk] for item in made], model, user)
        _put_back([(rows[item.pk], item.before or {}) for item in changed], importer, user, at)
    return problems


def _differing(item: Written, row: models.Model) -> Iterator[Problem]:
    for name, value in item.after.items():
        current = plain(getattr(row, name))
        if current != value:
            reason = _("This was changed since the import.")
            yield Problem(item.line, name, str(current)[:_SHOWN], reason)


def _touched(made: Sequence[Written], rows: Mapping[int, M], importer: Importer[M, R]) -> list[Problem]:
    """Which of the records that the run made were edited since, or have something hanging on them?"""
    pks = [item.pk for item in made]
    lines = {item.pk: item.line for item in made}
    problems = [
        Problem(lines[pk], "", str(rows[pk])[:_SHOWN], _("This record was edited since the import."))
        for pk in _edited(pks, importer.model, importer.automatic)
    ]
    for relation in importer.model._meta.related_objects:
        if relation.related_model in importer.parts:
            continue
        name = relation.field.name
        related = relation.related_model._base_manager.filter(**{f"{name}__in": pks})
        for pk in related.order_by().values_list(name, flat=True).distinct():
            reason = _("This record is in use by now: %(what)s.")
            what = {"what": relation.related_model._meta.verbose_name_plural}
            problems.append(Problem(lines[pk], "", str(rows[pk])[:_SHOWN], reason % what))
    return problems + [Problem(lines[pk], "", str(rows[pk])[:_SHOWN], reason) for pk, reason in importer.held(pks)]


def _edited(pks: Sequence[int], model: type[M], automatic: Sequence[str]) -> list[int]:
    """Whose newest history differs from the oldest? (Edited and put back is as good as untouched.)"""
    names = [field.name for field in model._meta.concrete_fields if field.name not in automatic]
    history = model.history.filter(id__in=pks).order_by("id", "history_id")  # type: ignore[attr-defined]
    first: dict[int, Any] = {}
    last: dict[int, Any] = {}
    for pk, *values in history.values_list("id", *names):
        first.setdefault(pk, values)
        last[pk] = values
    return [pk for pk in last if last[pk] != first[pk]]


def _delete(rows: Sequence[M], model: type[M], user: Any) -> None:
    for row in rows:
        # Read by the history, which writes down who deleted what and why.
        row._history_user = user  # type: ignore[attr-defined]
        row._change_reason = _REASON  # type: ignore[attr-defined]
    collector = Collector(using=router.db_for_write(model))
    collector.collect(rows)
    collector.delete()


def _put_back(pairs: Sequence[tuple[M, Mapping[str, Any]]], importer: Importer[M, R], user: Any, at: datetime) -> None:
    if not pairs:
        return
    model, rows = importer.model, [row for row, _before in pairs]
    names = {field.name for field in model._meta.concrete_fields if field.name == "updated_at"}
    for row, before in pairs:
        for name, value in before.items():
            setattr(row, name, model._meta.get_field(name).to_python(value))  # type: ignore[union-attr]
            names.add(name)
        row.updated_at = at  # type: ignore[attr-defined]
    for batch in batches(rows, 100):
        # A CASE of every row and field: kept short.
        model._default_manager.bulk_update(batch, sorted(names))
    model.history.bulk_history_create(  # type: ignore[attr-defined]
        rows, update=True, default_user=user, default_change_reason=_REASON, default_date=at
    )
    importer.finish([], rows)
