"""Numbers for people: grouped, rounded and signed as the reader's language writes them. What is not known is a dash."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format
from django.utils.translation import ngettext

from checkin_project.platform import charts

register = template.Library()
NOTHING = "–"
# A number and its sign stay on one line.
SPACE = "\u00a0"


@register.filter
def number(value: float | None, places: int = 0) -> str:
    """1234567 → 1,234,567."""
    return NOTHING if value is None else number_format(round(value, places), places, force_grouping=True)


@register.filter
def percent(share: float | None) -> str:
    """0.456 → 46 %. A share that is neither all nor nothing never reads as 0 or 100."""
    if share is None:
        return NOTHING
    rounded = round(share * 100)
    if 0 < share < 1:
        rounded = min(99, max(1, rounded))
    return f"{number_format(rounded, 0)}{SPACE}%"


@register.filter
def change(share: float | None) -> str:
    """0.12 → +12 %, -0.05 → −5 %."""
    if share is None:
        return NOTHING
    rounded = round(share * 100)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
    return f"{sign}{number_format(abs(rounded), 0, force_grouping=True)}{SPACE}%"


@register.filter
def points(difference: float) -> str:
    """How far two shares are apart: 0.05 → +5 points."""
    rounded = round(difference * 100)
    sign = "+" if rounded > 0 else "−" if rounded < 0 else "±"
    return ngettext("%(sign)s%(number)d point", "%(sign)s%(number)d points", abs(rounded)) % {
        "sign": sign,
        "number": abs(rounded),
    }


@register.filter
def share_of(part: float, whole: float) -> float | None:
    """3 of 4 → 0.75; None of nothing."""
    return part / whole if whole else None


@register.filter
def of(value: float, most: float) -> float:
    """How long a bar beside a line of a table is, from 0 to 100."""
    return charts.share(value, most)


@register.filter
def tenth(share: float | None) -> int:
    """0.456 → 5: which of eleven shades stands behind a share. Anything at all is one at least."""
    return 0 if not share else max(1, round(share * 10))
