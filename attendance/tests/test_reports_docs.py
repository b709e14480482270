"""docs/reports.md names the tables and their columns."""

import re
from pathlib import Path

from django.conf import settings

from attendance.reports.tables import REPORTS


def test_every_table_is_described_with_its_columns() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "reports.md").read_text()

    described = {
        name: tuple(re.findall(r"`(\w+)`", columns))
        for name, columns in re.findall(r"^\| `([\w-]+)` \| (.+) \|$", text, re.MULTILINE)
    }

    assert described == {name: report.headings for name, report in REPORTS.items()}
