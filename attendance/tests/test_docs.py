"""What the documents promise is what the code does."""

import re
from pathlib import Path

from django.conf import settings

from attendance.api import HTTP_STATUS
from attendance.outcomes import Outcome

DOCS = Path(settings.BASE_DIR) / "docs"


def test_every_outcome_is_documented_with_its_status() -> None:
    text = (DOCS / "api.md").read_text()

    documented = {name: int(status) for name, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \|", text, re.MULTILINE)}
    assert documented == {outcome.value: status for outcome, status in HTTP_STATUS.items()}


def test_the_table_of_the_rule_names_every_outcome_of_an_entry() -> None:
    text = (DOCS / "checking-in.md").read_text()
    table = text[text.index("## The table") : text.index("## What is stored")]

    named = set(re.findall(r"`(\w+)`", table)) & set(Outcome)
    assert named == set(Outcome) - {"checked_out", "already_out", "not_in", "undone", "nothing_to_undo"}
