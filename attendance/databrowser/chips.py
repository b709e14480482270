"""The filters that are on, in words, each with what to ask for without it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.databrowser.asked import Asked, DataForm


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    value: str
    without: Asked


def chips(asked: Asked, form: DataForm) -> list[Chip]:
    """In the form's order, with the words of its choices."""
    found = []
    for name, text in asked.filters():
        field = form.fields[name]
        value = getattr(asked, name)
        words = date_format(value) if isinstance(value, date) else dict(getattr(field, "choices", ())).get(text, text)
        found.append(Chip(str(field.label or _("Filter")), str(words), asked.without(name)))
    return found
