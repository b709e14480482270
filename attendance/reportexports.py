"""The reports' tables as named exports: for the Exports page, the command and stored copies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from attendance.reportforms import AbsenceForm, FilterForm
from attendance.reports.scope import scope_for
from attendance.reports.tables import ASKING, REPORTS, Question, table_for
from checkin_project.platform.access import Actor, Permission
from checkin_project.platform.exports import Export, Table, register

PARAMS = (*FilterForm.base_fields, *AbsenceForm.base_fields)


def register_exports() -> None:
    """Offer every report that needs nothing but its name. Safe to repeat."""
    for name, report in REPORTS.items():
        if name not in ASKING:
            table, narrowed = partial(_narrowed, name, asked={}), partial(_narrowed, name)
            register(Export(name, report.label, Permission.REPORTS, table, narrowed, PARAMS))


def _narrowed(name: str, actor: Actor, asked: Mapping[str, Any]) -> Table:
    """The report about what an address would ask for: `{"since": "2026-01-01", "group": "3"}`; see FilterForm.

    Days, group or series that make no sense raise ValidationError with a sentence.
    """
    if unknown := sorted(set(asked) - set(PARAMS)):
        raise ValidationError(_("This report knows no %(names)s."), params={"names": ", ".join(unknown)})
    at = timezone.now()
    form = FilterForm(asked, actor=actor, at=at)
    if not form.is_valid():
        raise ValidationError([error for errors in form.errors.values() for error in errors])
    scope = scope_for(actor, form.filters, at=at)
    return table_for(name, Question(actor, scope, AbsenceForm(asked).absence))
