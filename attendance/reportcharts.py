"""Reports as drawings: which numbers become bars and lines, and what their places are called."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from attendance.reports.months import Month
from attendance.reports.times import Slot
from attendance.reports.totals import Line
from checkin_project.platform.charts import Chart, Layer

# Bars of so many minutes for arrivals around the start.
WIDTH = 5


def of_months(months: Sequence[Month]) -> Chart:
    """Heads of each month, and the mean of three months as a line."""
    return Chart(
        labels=_long(months),
        short=_short(months),
        stacks=(Layer(_("Checked in"), tuple(month.totals.checked_in for month in months)),),
        lines=(Layer(_("Mean of three months"), tuple(month.trailing for month in months)),),
    )


def of_first_timers(months: Sequence[Month]) -> Chart:
    """Different members of each month: those who came before, and on top of them those who had not."""
    return Chart(
        labels=_long(months),
        short=_short(months),
        stacks=(
            Layer(_("Returning"), tuple(month.returning for month in months)),
            Layer(_("First-timers"), tuple(month.first_timers for month in months)),
        ),
    )


def of_events(lines: Sequence[Line]) -> Chart:
    """Heads of each event, in the order given."""
    return Chart(
        labels=tuple(f"{date_format(line.event.on, 'SHORT_DATE_FORMAT')} {line.event.name}" for line in lines),
        short=tuple(date_format(line.event.on, "j M") for line in lines),
        stacks=(Layer(_("Checked in"), tuple(line.totals.checked_in for line in lines)),),
    )


def of_hours(hours: Sequence[Slot]) -> Chart:
    return Chart(
        labels=tuple(f"{slot.start}:00–{slot.start + 1}:00" for slot in hours),
        short=tuple(str(slot.start) for slot in hours),
        stacks=(Layer(_("Checked in"), tuple(slot.heads for slot in hours)),),
    )


def of_minutes(slots: Sequence[Slot]) -> Chart:
    """Slots of WIDTH minutes."""
    return Chart(
        labels=tuple(
            _("%(first)d to %(last)d minutes") % {"first": slot.start, "last": slot.start + WIDTH - 1} for slot in slots
        ),
        short=tuple(f"{slot.start:+d}".replace("-", "−") if slot.start else "0" for slot in slots),
        stacks=(Layer(_("Checked in"), tuple(slot.heads for slot in slots)),),
    )


def _long(months: Sequence[Month]) -> tuple[str, ...]:
    return tuple(date_format(month.day, "YEAR_MONTH_FORMAT") for month in months)


def _short(months: Sequence[Month]) -> tuple[str, ...]:
    """January is called by its year."""
    return tuple(date_format(month.day, "Y" if month.day.month == 1 else "M") for month in months)
