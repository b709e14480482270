"""The data browser with its script: a choice shows its rows, the address says what was asked, and axe looks on."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from attendance.tests.browsing import World
from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import PASSWORD, make_user
from e2e.test_looks import open_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_choice_shows_its_rows_and_the_page_is_for_everybody(live_server: LiveServer, chromium: str) -> None:
    World()
    make_user(Role.ORGANISER, username="ana")

    with open_page(chromium, 360, "dark", bypass_csp=True) as page:
        page.goto(f"{live_server.url}/sign-in/?next=/data/")
        page.fill("[name=username]", "ana")
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.click("summary:text-is('Filters')")
        page.select_option("[name=who]", "guest")

        expect(page.locator(".chip")).to_contain_text("Guests")
        expect(page.locator(".data-count")).to_have_text(re.compile(r"\s*9\s+of\s+29\s*"))
        assert page.url == f"{live_server.url}/data/?who=guest"
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.click("summary:text-is('Download')")
        page.click("summary:text-is('Columns')")
        assert page.locator(".unfold--menu[open]").count() == 0
        assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
