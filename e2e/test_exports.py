"""A list becomes a file while its page is looked at."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from e2e.conftest import Contexts

pytestmark = pytest.mark.browser


def test_a_file_is_ready_by_itself_and_downloads(contexts: Contexts, signed_in: Any) -> None:
    page = contexts(storage_state=signed_in, viewport={"width": 360, "height": 740}).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/exports/")
    for _left_by_a_try_before in page.get_by_role("button", name="Delete").all():
        page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_text("No files yet")).to_be_visible()

    page.get_by_label("What").select_option(label="Members")
    page.get_by_role("button", name="Make the file").click()
    expect(page.get_by_text("“Members” is being made.")).to_be_visible()
    # Nobody loads the page again.
    expect(page.get_by_text("Ready", exact=True)).to_be_visible()
    violations = Axe().run(page).response["violations"]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()

    path = Path(download.value.path())
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,first_name,last_name")
    assert download.value.suggested_filename.startswith("members-")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert ([violation["id"] for violation in violations], complaints) == ([], [])
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No files yet")).to_be_visible()
