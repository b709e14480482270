"""One row of an older list of groups → cleaned values, or what is wrong with it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from checkin_project.platform.legacy import is_blank, parse_yes_no
from checkin_project.platform.text import clean_text

ALIASES: dict[str, str] = {
    "name": "name",
    "slug": "slug",
    "website": "website",
    "ical": "ical_url",
    "ical_url": "ical_url",
    "fallback_url": "fallback_url",
    "active": "active",
    "scan_for_metadata": "scan_for_metadata",
    "categories": "categories",
    "suppress_urls": "suppress_urls",
    "skip_phrases": "skip_phrases",
}
FIELDS = {
    "name": _lazy("name"),
    "slug": _lazy("slug"),
    "website": _lazy("website"),
    "ical_url": _lazy("iCal address"),
    "fallback_url": _lazy("fallback address"),
    "active": _lazy("active"),
    "scan_for_metadata": _lazy("scan pages for details"),
    "categories": _lazy("categories"),
    "suppress_urls": _lazy("suppressed addresses"),
    "skip_phrases": _lazy("skipped phrases"),
}
_URL_LENGTHS = {"website": 500, "ical_url": 1000, "fallback_url": 500}
_MOST_LISTED = 200


@dataclass(slots=True)
class Reading:
    """One row, cleaned. Blank cells are absent from `values`; `problems` are (field, reason)."""

    values: dict[str, Any] = field(default_factory=dict)
    categories: tuple[str, ...] = ()
    problems: list[tuple[str, str]] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def listed(cell: str) -> list[str]:
    """What stands in a cell that holds several: a JSON list, or one in each line, or parted by semicolons."""
    text = cell.strip()
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            found = None
        if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
            raise ValidationError(_("This is not a list of texts."))
        items = found
    else:
        items = text.replace(";", "\n").split("\n")
    cleaned = [clean_text(item, max_length=1000) for item in items[: _MOST_LISTED + 1]]
    if len(cleaned) > _MOST_LISTED:
        raise ValidationError(_("More than %(most)d of these are too many.") % {"most": _MOST_LISTED})
    return list(dict.fromkeys(filter(None, cleaned)))


def _address(name: str) -> Callable[[str], str]:
    def clean(cell: str) -> str:
        text = clean_text(cell, max_length=_URL_LENGTHS[name])
        if text.casefold().startswith("webcal://"):
            text = f"https://{text[len('webcal://') :]}"
        elif "://" not in text:
            text = f"https://{text}"
        URLValidator(schemes=["http", "https"])(text)
        return text

    return clean


def read_row(cells: Mapping[str, str], unknown: Mapping[str, str]) -> Reading:
    """`cells` by field of ALIASES, `unknown` by heading."""
    reading = Reading()

    def take(name: str, clean: Callable[[str], Any]) -> Any:
        cell = cells.get(name, "")
        if is_blank(cell):
            return None
        try:
            return clean(cell)
        except ValidationError as error:
            reading.problems.append((name, error.messages[0]))
            return None

    def put(name: str, clean: Callable[[str], Any]) -> None:
        value = take(name, clean)
        if value not in (None, "", []):
            reading.values[name] = value

    put("name", lambda cell: clean_text(cell, max_length=150))
    put("slug", lambda cell: slugify(clean_text(cell, max_length=80)))
    for name in _URL_LENGTHS:
        put(name, _address(name))
    for name in ("active", "scan_for_metadata"):
        put(name, parse_yes_no)
    if reading.values.get("active"):
        # What everybody is; it must not bring back whom staff have switched off.
        del reading.values["active"]
    for name in ("suppress_urls", "skip_phrases"):
        # "false" stands for none in files of one group.
        put(name, lambda cell: [] if cell.strip().casefold() == "false" else listed(cell))
    reading.categories = tuple(take("categories", listed) or ())
    if "name" not in reading.values and not reading.problems:
        reading.problems.append(("name", _("A group needs a name.")))
    left = sorted(heading for heading, cell in unknown.items() if not is_blank(cell) and cell.casefold() != "false")
    if left:
        reading.notes = (_("Groups have no field for %(names)s, so that is left out.") % {"names": ", ".join(left)},)
    return reading
