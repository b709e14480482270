"""What an operator may decide about an import before it is planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _


class Duplicates(models.TextChoices):
    """What becomes of a new row that is likely the same as a record that is known."""

    UPDATE = "update", _("Update the likely record")
    KEEP = "keep", _("Keep both")
    SKIP = "skip", _("Leave the row out")


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is read and what is done with it.

    `zone` is that of times without one. `columns` says of single headings which field they stand for ("": none), the
    others are recognised. `duplicates` holds for all rows but those in `decisions` (by physical line).
    """

    zone: ZoneInfo
    create_missing: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    duplicates: Duplicates = Duplicates.KEEP
    decisions: Mapping[int, Duplicates] = field(default_factory=dict)

    def duplicate(self, line: int) -> Duplicates:
        return self.decisions.get(line, self.duplicates)
