"""A long spreadsheet from a laptop into the records, in a real browser."""

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.conftest import Contexts, sign_in

pytestmark = pytest.mark.browser
ROWS = 4000


@pytest.fixture
def staff(contexts: Contexts) -> Page:
    page = contexts(viewport={"width": 1280, "height": 900}, reduced_motion="reduce").new_page()
    sign_in(page, "/admin/members/member/")
    return page


def test_a_long_file_is_watched_looked_at_and_confirmed(staff: Page, tmp_path: Path) -> None:
    troubles: list[str] = []
    staff.on("pageerror", lambda error: troubles.append(str(error)))
    path = tmp_path / "autumn.csv"
    # Another attempt at this test must not find the people of the one before.
    name = uuid4().hex
    rows = [f"{name}{n},Test{n},{name}{n},Studies,{'bad' if n % 100 == 0 else ''}" for n in range(1, ROWS + 1)]
    path.write_text("\n".join(["id,first_name,last_name,major,v_number", *rows]))

    staff.get_by_role("link", name="Import", exact=True).click()
    staff.get_by_label("File", exact=True).set_input_files(path)
    staff.get_by_role("button", name="Show what would happen").click()

    # The worker is told by nothing but the database; the page follows by itself.
    expect(staff.get_by_role("heading", name=f"{ROWS - 40} rows would be written")).to_be_visible(timeout=60_000)
    assert serious(staff) == []
    staff.get_by_role("link", name=re.compile("With problems")).click()
    shown = staff.get_by_role("region", name="Rows of the file").get_by_role("row")
    expect(shown).to_have_count(41)
    expect(shown.nth(1)).to_contain_text("101")
    staff.get_by_role("button", name=f"Import {ROWS - 40} rows").click()

    expect(staff.get_by_role("heading", name=f"{ROWS - 40} records made, 0 changed")).to_be_visible(timeout=60_000)
    assert serious(staff) == []
    assert troubles == []


def serious(page: Page) -> list[tuple[Any, Any]]:
    found = Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")]
