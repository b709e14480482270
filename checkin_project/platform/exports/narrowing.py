"""Exports of rows, which can be limited to some: by their ids, or by a field that people know."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports.registry import Export
from checkin_project.platform.exports.table import Table

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

IDS = "ids"


def of_rows(
    name: str,
    label: str | _StrPromise,
    permission: Permission,
    make: Callable[[Any], Table],
    rows_for: Callable[[Actor], QuerySet[Any]],
    **fields: str,
) -> Export:
    """The export of all rows of the actor's, or of those that `{"ids": [1, 2]}` names.

    `fields` are further names and the paths they stand for (`event="event__code"`). What names no row at all raises
    ValidationError: an empty file would look as if nothing had been there.
    """
    paths = {IDS: "pk__in"} | fields

    def narrowed(actor: Actor, params: Mapping[str, Any]) -> Table:
        rows = rows_for(actor).filter(**{paths[name]: value for name, value in params.items()})
        if not rows.exists():
            raise ValidationError(_("There is nothing to export: no such records, or none that you may see."))
        return make(rows)

    return Export(name, label, permission, lambda actor: make(rows_for(actor)), narrowed, tuple(paths))
