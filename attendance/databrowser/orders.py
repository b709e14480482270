"""The orders rows can be asked for in, each total: no two rows are equal, so that pages neither repeat nor miss one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from attendance.databrowser.sources import Facts, Source


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of an order whose keys are never NULL. Rows are in it when `fact` is there (or, `is_missing`, is not).

    `parent` is "event" or "member" when all keys but the last one belong to that record.
    """

    keys: tuple[str, ...]
    fact: str = ""
    is_missing: bool = False
    parent: str = ""

    def holds(self, row: Facts) -> bool:
        return not self.fact or (row[self.fact] is None) == self.is_missing

    def condition(self, source: Source) -> Q:
        return Q(**{f"{source.path(self.fact)}__isnull": self.is_missing}) if self.fact else Q()

    def order_by(self, source: Source, *, is_descending: bool) -> list[str]:
        return [f"{'-' if is_descending else ''}{source.path(key)}" for key in self.keys]


@dataclass(frozen=True, slots=True)
class Order:
    """Phases follow each other whichever way their keys run: what is missing always comes last."""

    label: Any
    phases: tuple[Phase, ...]


def _of_event(*keys: str) -> tuple[Phase, ...]:
    return (Phase((*keys, "event_id", "id"), parent="event"),)


def _of_member(*keys: str) -> tuple[Phase, ...]:
    """Members by these facts and their names; then guests, of whom nothing is known but the name."""
    names = ("last_name", "first_name", "member_id", "id")
    return Phase((*keys, *names), "member_id", parent="member"), Phase(("guest_key", "id"), "member_id", True)


DEFAULT_ORDER = "checked_in_at"
ORDERS: dict[str, Order] = {
    "checked_in_at": Order(
        _("Checked in"), (Phase(("checked_in_at", "id"), "checked_in_at"), Phase(("id",), "checked_in_at", True))
    ),
    "event_date": Order(_("Event's date"), _of_event("event_starts_at")),
    "event_name": Order(_("Event"), _of_event("event_name", "event_starts_at")),
    "member_name": Order(_("Name"), _of_member()),
    "member_classification": Order(_("Classification"), _of_member("classification")),
    "member_major": Order(_("Major"), _of_member("major")),
}


def beyond(keys: list[tuple[str, Any]], *, is_descending: bool) -> Q:
    """Rows that come after the one with these values, by path. The first key's range is what an index begins with."""
    verb = "lt" if is_descending else "gt"
    found = Q()
    for path, value in reversed(keys):
        found = Q(**{f"{path}__{verb}": value}) | (Q(**{path: value}) & found if found else Q())
    first, value = keys[0]
    return Q(**{f"{first}__{verb}e": value}) & found
