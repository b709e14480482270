"""The pages everybody shares, in a real browser: by day and by night, on a phone and on a screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from events.models import Event
from events.tests.factories import make_event, make_group

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
PAGES = ("/", "/sign-in/", "/styleguide/", "/no-such-page/")


@contextmanager
def open_page(
    chromium: str, width: int = 1280, scheme: Scheme = "light", *, bypass_csp: bool = False
) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        size = {"width": width, "height": 800}
        context = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=bypass_csp)  # type: ignore[arg-type]
        yield context.new_page()
        browser.close()


@pytest.fixture
def site(live_server: LiveServer, settings: Settings) -> str:
    """Address of a demo site with events of every kind."""
    settings.DEMO = True
    now, group = timezone.now(), make_group(name="Harbour runners")
    make_event(name="On the way", starts_at=now - timedelta(minutes=5), location="Boathouse", group=group)
    make_event(name="Called off", starts_at=now + timedelta(days=1), stored_status=Event.Stored.CANCELLED)
    make_event(name="W" * 200, starts_at=now + timedelta(days=2), timezone="Asia/Tokyo")
    return str(live_server.url)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_to_object_to(site: str, chromium: str, scheme: Scheme) -> None:
    found: list[tuple[str, str]] = []

    with open_page(chromium, 360, scheme, bypass_csp=True) as page:
        for path in PAGES:
            page.goto(site + path)
            found += [(path, violation["id"]) for violation in Axe().run(page).response["violations"]]

    assert found == []


@pytest.mark.parametrize("width", [320, 1280, 2560])
def test_no_page_scrolls_sideways(site: str, chromium: str, width: int) -> None:
    too_wide: list[str] = []

    with open_page(chromium, width) as page:
        for path in PAGES:
            page.goto(site + path)
            if page.evaluate("document.documentElement.scrollWidth") > width:
                too_wide.append(path)

    assert too_wide == []


def test_pages_obey_their_own_security_policy_and_load_from_here_only(site: str, chromium: str) -> None:
    complaints: list[str] = []
    addresses: list[str] = []

    with open_page(chromium) as page:
        page.on("console", lambda message: complaints.append(message.text))
        page.on("request", lambda request: addresses.append(request.url))
        for path in PAGES[:3]:
            page.goto(site + path)

    foreign = [address for address in addresses if not address.startswith((site, "data:"))]
    assert (complaints, foreign) == ([], [])


def test_the_barcode_reader_works_under_the_security_policy_without_another_host(site: str, chromium: str) -> None:
    addresses: list[str] = []
    read = """async () => {
      const { createReader } = await import("/static/js/lib/barcode.js");
      return (await createReader().detect(new ImageData(8, 8))).length;
    }"""

    with open_page(chromium) as page:
        page.goto(site)
        page.on("request", lambda request: addresses.append(request.url))
        found = page.evaluate(read)

    assert found == 0
    assert [address for address in addresses if not address.startswith(site)] == []
    assert any(address.endswith(".wasm") for address in addresses)


def test_numbers_in_a_column_are_equally_wide(site: str, chromium: str) -> None:
    widths = """() => [..."18"].map((digit) => {
      const mark = document.createElement("span");
      mark.className = "numbers";
      mark.textContent = digit.repeat(20);
      document.body.append(mark);
      return mark.getBoundingClientRect().width;
    })"""

    with open_page(chromium) as page:
        page.goto(site)
        page.evaluate("document.fonts.ready")
        ones, eights = page.evaluate(widths)

    assert ones == eights
