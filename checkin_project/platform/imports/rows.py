"""Writing a plan's records as rows, thousands at a time, for importers that say `by_rows`.

What `applying` does with a model's instance for each record; a test holds the two to the same result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from checkin_project.platform import bulk
from checkin_project.platform.imports.importer import Importer, M, R, batches
from checkin_project.platform.imports.plan import Record
from checkin_project.platform.sheets import Problem

_REASON = "import"
_SHOWN = 100
_LOCKED_AT_ONCE = 10_000


def lock(changed: Sequence[Record], model: type[models.Model]) -> Iterator[Problem]:
    """Lock the rows to change, in the order of their keys; says which of them are not as planned."""
    names = _names(changed)
    for batch in batches(sorted(changed, key=lambda record: record.pk or 0), _LOCKED_AT_ONCE):
        rows = model._default_manager.select_for_update().filter(
            bulk.among(model, [record.pk or 0 for record in batch])
        )
        found = {pk: values for pk, *values in rows.order_by("pk").values_list("pk", *names)}
        for record in batch:
            current = found.get(record.pk)
            if current is None:
                yield Problem(record.line, "", "", _("This record was deleted since the preview."))
            else:
                yield from _differing(record, zip(names, current, strict=True))


def _differing(record: Record, current: Iterable[tuple[str, Any]]) -> Iterator[Problem]:
    changed = record.changed
    for name, value in current:
        if name in changed and value != record.stored.get(name):
            reason = _("This record was changed since the preview.")
            yield Problem(record.line, name, str(value)[:_SHOWN], reason)


def create(new: Sequence[Record], importer: Importer[M, R], user: Any, at: datetime) -> list[int]:
    """Insert the records with their history; their keys, in the same order."""
    if not new:
        return []
    model = importer.model
    template = importer.build({})
    given = dict.fromkeys(importer.automatic, at)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = [(field.name, given.get(field.name, getattr(template, field.attname))) for field in fields]
    keys = bulk.reserve_keys(model, len(new))
    rows = (
        [key, *[record.values.get(name, default) for name, default in columns]]
        for key, record in zip(keys, new, strict=True)
    )
    bulk.insert(model, [str(model._meta.pk.name), *(name for name, _default in columns)], rows)
    _keep_history(model, keys, "+", user, at)
    return keys


def update(changed: Sequence[Record], model: type[models.Model], user: Any, at: datetime) -> None:
    """Change the locked rows, with their history."""
    if not changed:
        return
    rows = ((record.pk or 0, record.changed) for record in changed)
    bulk.update(model, _names(changed), rows, {"updated_at": at})
    _keep_history(model, [record.pk or 0 for record in changed], "~", user, at)


def _names(changed: Sequence[Record]) -> list[str]:
    return sorted({name for record in changed for name in record.changed})


def _keep_history(model: type[models.Model], keys: Sequence[int], kind: str, user: Any, at: datetime) -> None:
    history = model.history.model  # type: ignore[attr-defined]
    user = user or history.get_default_history_user(model())
    facts = {
        "history_date": at,
        "history_type": kind,
        "history_change_reason": _REASON,
        "history_user_id": user.pk if user else None,
    }
    bulk.keep_history(model, keys, facts)
