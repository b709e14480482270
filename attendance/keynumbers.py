"""The few numbers at the top of the reports, each against as many days before."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from attendance.reports.people import Seen
from attendance.reports.totals import Totals
from attendance.reports.trends import change


@dataclass(frozen=True, slots=True)
class Key:
    """`value` is a whole number, or with `is_share` a part from 0 to 1. `change` is None with nothing to compare."""

    name: str
    label: str | Promise
    value: float | None
    before: float | None
    is_share: bool = False

    @property
    def change(self) -> float | None:
        """The part by which it grew; for a share by how much of everybody it is larger (0.05: five points)."""
        if not self.is_share:
            return change(self.value, self.before)
        return None if self.value is None or self.before is None else self.value - self.before


def key_numbers(now: Totals, before: Totals, seen: Seen) -> list[Key]:
    """The same words and the same sums as on every other page."""
    return [
        Key("checked_in", _("Checked in"), now.checked_in, before.checked_in),
        Key("held", _("Events held"), now.held, before.held),
        Key("members", _("Members"), seen.now.members, seen.before.members),
        Key("regulars", _("At two events or more"), seen.now.regular_share, seen.before.regular_share, is_share=True),
        Key("first_timers", _("First-timers"), seen.now.first_timers, seen.before.first_timers),
        Key("show_rate", _("Show rate"), now.show_rate, before.show_rate, is_share=True),
    ]
