"""What is written about the product, compared with the product."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from checkin_project.platform.access import PERMISSIONS, Role
from checkin_project.platform.tests.test_settings import PRODUCTION

ROOT: Path = settings.BASE_DIR
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])


def test_the_printed_table_of_roles_is_the_one_in_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", (ROOT / "docs/roles.md").read_text(), re.MULTILINE)

    printed = {name: cells.split(" | ") for name, cells in rows}

    assert printed == {
        permission.value: ["yes" if role.rank >= least.rank else "–" for role in Role]
        for permission, least in PERMISSIONS.items()
    }


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_environment_that_is_checked_is_the_one_that_is_written_down() -> None:
    written = set(re.findall(r"^([A-Z_]+)=", (ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    checked = set(re.findall(r"^  ([A-Z_]+)=", (ROOT / "scripts/check.sh").read_text(), re.MULTILINE))

    assert written == checked
    assert written == {*PRODUCTION, "REDIS_URL"}


def test_each_target_of_make_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z0-9-]+):", makefile, re.MULTILINE))
    explained = set(re.findall(r"^([a-z0-9-]+):.*## \S", makefile, re.MULTILINE))

    assert targets - explained == {"setup-dev"}
