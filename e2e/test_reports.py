"""The reports in a real browser: on the smallest phone, by day and by night, with names of any length."""

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from attendance.tests.reporting import came
from checkin_project.platform.access import Role
from checkin_project.platform.tests.factories import PASSWORD, make_user
from e2e.test_looks import SCHEMES, Scheme, open_page
from events.tests.factories import make_event, make_group, make_series
from members.tests.factories import make_member

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGES = (
    "",
    "events/",
    "months/",
    "people/",
    "times/",
    "retention/",
    "not-seen/?missed=1&least=1",
    "meaning/",
    "?since=x",
)


def fill() -> None:
    group, series = make_group(name="W" * 150), make_series(name="M" * 150)
    people = [make_member(first_name="W" * 100, major="M" * 150), make_member(classification="junior")]
    for days in (400, 70, 40, 9, 2):
        starts_at = timezone.now() - timedelta(days=days)
        event = make_event(name="W" * 200, group=group, series=series, starts_at=starts_at)
        for member in people[: 1 if days == 2 else 2]:
            came(event, member, minutes=days % 7)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_reports_fit_a_small_phone_and_axe_finds_nothing(
    live_server: LiveServer, chromium: str, scheme: Scheme
) -> None:
    fill()
    user = make_user(Role.ORGANISER)
    wrong: list[tuple[str, str]] = []

    with open_page(chromium, 320, scheme, bypass_csp=True) as page:
        page.goto(f"{live_server.url}/sign-in/")
        page.fill("[name=username]", user.username)
        page.fill("[name=password]", PASSWORD)
        page.click("main button[type=submit]")
        page.wait_for_url(f"{live_server.url}/**")
        for path in PAGES:
            page.goto(f"{live_server.url}/reports/{path}")
            for summary in page.query_selector_all("main summary"):
                summary.click()
            wrong += [(path, violation["id"]) for violation in Axe().run(page).response["violations"]]
            if page.evaluate("document.documentElement.scrollWidth") > 320:
                wrong.append((path, "scrolls sideways"))

    assert wrong == []
