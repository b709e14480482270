"""Settings, closing and the door list in a real browser, while a kiosk is open in another one."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.conftest import Contexts, Server

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
# The other journeys share the server, so this one has an event of its own.
MAKE_EVENT = """
from datetime import timedelta
from django.utils import timezone
from attendance.registration import register
from attendance.subjects import by_guest_name
from checkin_project.platform.access import SYSTEM
from events.models import Event
now = timezone.now()
event = Event.objects.create(name="Open stage", starts_at=now - timedelta(minutes=5), ends_at=now + timedelta(hours=2))
for number in range(60):
    register(by_guest_name(f"Guest {number}"), event.code, by=SYSTEM, at=now - timedelta(hours=1))
print(event.code)
"""


@pytest.fixture(scope="module")
def code(server: Server) -> str:
    return server.command("shell", "--no-imports", "-c", MAKE_EVENT)


@pytest.fixture(scope="module")
def token(server: Server, code: str) -> str:
    return server.command("create_device", "Stage door", "--kind=kiosk", f"--event={code}")


@pytest.fixture
def open_page(contexts: Contexts, signed_in: Any) -> Iterator[Open]:
    """Opens a page in a browser of its own; nothing may be reported in its console."""
    complaints: list[str] = []

    def make(path: str, width: int = 1280, **options: Any) -> Page:
        size = {"width": width, "height": 800}
        options = {"viewport": size, "reduced_motion": "reduce", "storage_state": signed_in} | options
        page = contexts(**options).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield make
    assert complaints == []


@pytest.fixture
def kiosk(open_page: Open, server: Server, token: str, code: str) -> Page:
    """A paired screen that has been open since before anything was changed."""
    page = open_page("/readyz", storage_state=None)
    page.context.add_cookies([{"name": "device", "value": token, "url": server.url}])
    page.goto(f"/kiosk/{code}/")
    return page


def scan(kiosk: Page, server: Server) -> None:
    """Somebody on record, whom this event has not seen, types the V-number."""
    fresh = server.rows(
        "SELECT v_number FROM members m WHERE v_number IS NOT NULL AND NOT EXISTS (SELECT 1 FROM scans s"
        " JOIN events e ON e.id = s.event_id WHERE e.name = 'Open stage' AND s.subject = 'm:' || m.id)"
        " ORDER BY m.id DESC"
    )
    kiosk.get_by_label("Welcome").fill(str(fresh[0][0]))
    kiosk.get_by_label("Welcome").press("Enter")


def save(page: Page, *choices: str) -> None:
    for choice in choices:
        page.get_by_label(choice).check()
    page.get_by_role("button", name="Save the settings").click()


def test_an_open_kiosk_obeys_a_setting_that_is_saved_in_another_browser(
    open_page: Open, kiosk: Page, code: str, server: Server
) -> None:
    settings = open_page(f"/dashboard/{code}/settings/")
    scan(kiosk, server)
    expect(kiosk.get_by_role("alert")).to_contain_text("Checked in")
    expect(kiosk.get_by_role("alert")).to_have_count(0, timeout=15_000)

    save(settings, "Refuse them: only people on the list come in")
    expect(settings.get_by_text("Saved. Every door obeys from now on.")).to_be_visible()
    scan(kiosk, server)
    expect(kiosk.get_by_role("alert")).to_contain_text("Not on the list")
    expect(kiosk.get_by_role("alert")).to_have_count(0, timeout=15_000)

    save(settings, "Add them: anybody comes in and is counted as a walk-in")
    expect(settings.get_by_text("Saved. Every door obeys from now on.")).to_be_visible()
    scan(kiosk, server)
    expect(kiosk.get_by_role("alert")).to_contain_text("Checked in")


def test_the_second_of_two_is_asked_and_may_replace_what_the_first_saved(open_page: Open, code: str) -> None:
    ana, dana = (open_page(f"/dashboard/{code}/settings/") for _person in range(2))
    save(ana, "As often as they like: every scan is an entry")
    expect(ana.get_by_text("Saved.")).to_be_visible()

    save(dana, "Again after checking out", "People check out when they leave")
    expect(dana.get_by_text("somebody else changed the same")).to_be_visible()
    expect(dana.get_by_text("Save again to replace it with yours.")).to_be_visible()
    expect(dana.get_by_label("Again after checking out")).to_be_checked()

    save(dana)
    expect(dana.get_by_text("Saved. Every door obeys from now on.")).to_be_visible()
    ana.reload()
    expect(ana.get_by_label("Again after checking out")).to_be_checked()
    expect(ana.get_by_label("People check out when they leave")).to_be_checked()


def test_the_settings_on_an_open_dashboard_follow_what_somebody_else_saves(open_page: Open, code: str) -> None:
    dashboard, settings = open_page(f"/dashboard/{code}/"), open_page(f"/dashboard/{code}/settings/")
    expect(dashboard.get_by_text("Live", exact=True)).to_be_visible()
    dashboard.locator("summary", has_text="Check-in settings").click()
    expect(dashboard.get_by_label("Alert when somebody is scanned twice")).to_be_checked()

    settings.get_by_label("Alert when somebody is scanned twice").uncheck()
    save(settings)

    expect(dashboard.get_by_label("Alert when somebody is scanned twice")).not_to_be_checked()


def test_a_paper_list_is_read_back_and_recorded(open_page: Open, code: str, server: Server) -> None:
    page = open_page(f"/dashboard/{code}/paper/", 360)
    page.get_by_label("One line for each person").fill("3\n999\nZoe Adler")

    page.get_by_role("button", name="Read the lines").click()
    expect(page.get_by_text("Guest 2")).to_be_visible()
    page.get_by_role("button", name="Record these lines").click()

    expect(page.get_by_text("2 lines are recorded.")).to_be_visible()
    expect(page.get_by_label("One line for each person")).to_have_value("999")
    assert server.rows("SELECT COUNT(*) FROM attendance WHERE method = 'paper'") == [(2,)]


def test_what_is_wrong_is_focused_and_nothing_typed_is_lost(open_page: Open, code: str) -> None:
    page = open_page(f"/dashboard/{code}/settings/", 360)
    page.get_by_label("Closes, minutes after the end").fill("-5")
    page.get_by_label("Alert when somebody walks in").check()

    save(page)

    expect(page.get_by_text("Type a whole number from 0 to 2880.")).to_be_in_viewport()
    expect(page.get_by_label("Closes, minutes after the end")).to_be_focused()
    expect(page.get_by_label("Alert when somebody walks in")).to_be_checked()


def test_a_server_that_does_not_answer_is_not_taken_for_a_saved_setting(open_page: Open, code: str) -> None:
    page = open_page(f"/dashboard/{code}/settings/")
    page.route("**/settings/", lambda route: route.abort() if route.request.method == "POST" else route.continue_())

    save(page, "Alert when somebody walks in")

    expect(page.get_by_text("Not saved: the server did not answer.")).to_be_visible()
    expect(page.get_by_label("Alert when somebody walks in")).to_be_checked()
    page.unroute("**/settings/")
    save(page)
    expect(page.get_by_text("Saved. Every door obeys from now on.")).to_be_visible()


def test_settings_are_saved_without_scripts(open_page: Open, code: str) -> None:
    page = open_page(f"/dashboard/{code}/settings/", java_script_enabled=False)

    page.get_by_label("Points for coming").fill("3")
    save(page)

    expect(page.get_by_text("Saved. Every door obeys from now on.")).to_be_visible()
    expect(page.get_by_label("Points for coming")).to_have_value("3")


def test_the_door_list_prints_its_head_on_every_page_and_nothing_of_the_site(open_page: Open, code: str) -> None:
    page = open_page(f"/dashboard/{code}/door-list/")
    expect(page.get_by_role("button", name="Print")).to_be_visible()

    page.emulate_media(media="print")
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4", prefer_css_page_size=False)))

    assert pages >= 3
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.get_by_role("link", name="Back to the dashboard")).to_be_hidden()
    heads = page.evaluate("getComputedStyle(document.querySelector('.door-list thead')).display")
    assert heads == "table-header-group"


def test_the_file_of_the_event_is_downloaded_from_its_dashboard(open_page: Open, code: str, tmp_path: Path) -> None:
    page = open_page(f"/dashboard/{code}/")

    with page.expect_download() as started:
        page.get_by_role("link", name="Download CSV").click()
    started.value.save_as(tmp_path / "file.csv")

    assert started.value.suggested_filename.startswith("attendance-open-stage-")
    assert (tmp_path / "file.csv").read_text(encoding="utf-8-sig").count("Guest ") == 60


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    open_page: Open, code: str, scheme: Literal["light", "dark"], width: int
) -> None:
    found: list[tuple[str, str]] = []
    for path in ("settings/", "close/", "door-list/", "paper/"):
        page = open_page(f"/dashboard/{code}/{path}", width, color_scheme=scheme, bypass_csp=True)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((path, "too wide"))
        found += [(path, violation["id"]) for violation in Axe().run(page).response["violations"]]

    assert found == []


def test_closing_in_one_browser_closes_the_open_kiosk_and_reopening_opens_it(
    open_page: Open, kiosk: Page, code: str, server: Server
) -> None:
    page = open_page(f"/dashboard/{code}/close/")
    expect(page.get_by_text("59 people who registered did not come and become no-shows.")).to_be_visible()

    page.get_by_role("button", name="Close the event").click()
    expect(page.get_by_text("The event is closed. 59 registered people did not come.")).to_be_visible()
    assert server.rows("SELECT COUNT(*) FROM attendance WHERE state = 'no_show'") == [(59,)]
    kiosk.goto(f"/kiosk/{code}/")
    expect(kiosk.get_by_label("Welcome")).to_have_count(0)

    page.goto(f"/dashboard/{code}/close/")
    page.get_by_role("button", name="Reopen the event").click()
    expect(page.get_by_text("The event is open again. 59 people are still expected.")).to_be_visible()
