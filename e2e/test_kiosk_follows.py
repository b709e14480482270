"""A kiosk that stands open: it follows settings and events by itself, and never under the hands of somebody."""

import contextlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route, expect

from e2e.conftest import Contexts, Server, sign_in
from e2e.test_kiosk import _absent, _hold_the_clock

pytestmark = pytest.mark.browser

HEARTBEAT = re.compile(r"/kiosk/heartbeat/$")
SCRIPTS = re.compile(r"/static/js/.*\.js$")
LATER = re.compile(r"/static/js/lib/more\.js$")
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def token(server: Server, code: str) -> str:
    return server.command("create_device", "Standing kiosk", "--kind=kiosk", f"--event={code}")


@pytest.fixture
def contexts(contexts: Contexts) -> Contexts:
    return partial(contexts, reduced_motion="reduce")


@pytest.fixture
def kiosk(contexts: Contexts, server: Server, token: str) -> Open:
    """A paired tablet whose page has not been opened yet."""

    def pair(own_token: str = token, **options: Any) -> Page:
        context = contexts(**options)
        context.add_cookies([{"name": "device", "value": own_token, "url": server.url}])
        return context.new_page()

    return pair


@pytest.fixture
def switch_sound(contexts: Contexts, code: str) -> Iterator[Callable[[bool], None]]:
    """Staff switch the event's sounds on and off in the settings panel; they are on again in the end."""
    page = contexts().new_page()
    sign_in(page)

    def switch(on: bool) -> None:
        page.goto(f"/dashboard/{code}/settings/")
        page.get_by_role("checkbox", name="Sounds").set_checked(on)
        page.get_by_role("button", name="Save the settings").click()
        expect(page.get_by_text("Every door obeys from now on.")).to_be_visible()

    yield switch
    switch(True)


class Held:
    """Requests that got no answer yet, until they are let go."""

    def __init__(self, page: Page, address: re.Pattern[str]) -> None:
        self.routes: list[Route] = []
        self.is_open = False
        page.route(address, self._hold)

    def _hold(self, route: Route) -> None:
        if self.is_open:
            route.continue_()
        else:
            self.routes.append(route)

    def let_go(self) -> None:
        self.is_open = True
        for route in self.routes:
            with contextlib.suppress(Error):  # The page has given it up.
                route.continue_()


def _stage(page: Page) -> Any:
    return page.locator("[data-kiosk]")


def _is_live(page: Page) -> None:
    """Open the check-in page; its socket has said its first word, and what that made the page ask was answered."""
    with page.expect_response(HEARTBEAT):
        page.goto("/kiosk/")
    expect(page.get_by_role("button", name="Hold your pass to the camera")).to_be_visible()


def test_a_change_of_settings_reaches_an_open_kiosk_by_itself(
    kiosk: Open, switch_sound: Callable[[bool], None]
) -> None:
    page = kiosk()
    _is_live(page)
    expect(_stage(page)).to_have_attribute("data-sounds", re.compile("sounds"))
    _hold_the_clock(page)

    switch_sound(False)

    # No timer runs in this page: only the word from the server can have moved it.
    expect(_stage(page)).to_have_attribute("data-sounds", "")


def test_nobody_who_types_is_disturbed_by_a_change(kiosk: Open, switch_sound: Callable[[bool], None]) -> None:
    page = kiosk()
    _is_live(page)
    field = page.get_by_label("Welcome")
    field.press_sequentially("Gra")

    with page.expect_response(HEARTBEAT):
        switch_sound(False)

    expect(_stage(page)).to_have_attribute("data-sounds", re.compile("sounds"))
    expect(field).to_have_value("Gra")
    field.fill("")
    expect(_stage(page)).to_have_attribute("data-sounds", "")


def test_who_begins_to_type_while_the_next_page_is_on_its_way_loses_nothing(kiosk: Open, code: str) -> None:
    page = kiosk()
    _is_live(page)
    _hold_the_clock(page)
    held = Held(page, re.compile(rf"/kiosk/{code}/$"))
    news = f'{{"events": {{"{code}": "changed"}}, "home": "", "next_change_in": null}}'
    page.route(HEARTBEAT, lambda route: route.fulfill(body=news, headers={"X-Kiosk": "alive"}))

    with page.expect_request(lambda request: request.is_navigation_request()):
        page.evaluate("() => void window.dispatchEvent(new Event('online'))")
    page.keyboard.type("V0123")
    assert held.routes
    held.let_go()

    expect(page.get_by_label("Welcome")).to_have_value("V0123")
    page.keyboard.type("4567")
    expect(page.get_by_label("Welcome")).to_have_value("V01234567")


def _shell(server: Server, code: str) -> str:
    return server.command("shell", "-v0", "-c", code)


def test_an_event_that_opens_appears_on_a_waiting_kiosk_by_itself(kiosk: Open, server: Server) -> None:
    own_token = _shell(
        server,
        "from attendance.devices import Place, pair_here\n"
        "from attendance.models import Device\n"
        "from django.utils import timezone\n"
        "from events.models import Event, Group\n"
        "from datetime import timedelta\n"
        "now = timezone.now()\n"
        "group = Group.objects.create(name='Night owls', slug='night-owls')\n"
        "start = now + timedelta(minutes=60, seconds=20)\n"
        "Event.objects.create(name='Owl watch', group=group, starts_at=start, ends_at=start + timedelta(hours=1))\n"
        "place = Place(kind=Device.Kind.KIOSK, name='Owls', group_id=group.pk)\n"
        "print(pair_here(place, by_user_id=None, at=now)[1])\n",
    )
    page = kiosk(own_token)
    asked_for: list[str] = []
    page.on("request", lambda request: asked_for.append(request.url))

    page.goto("/kiosk/")
    waiting = page.get_by_text("Check-in opens at")
    if waiting.count():  # On a very slow machine the event is open by now, and there is nothing to wait for.
        assert float(str(_stage(page).get_attribute("data-next-change-in"))) < 30

    expect(page.get_by_label("Welcome")).to_be_visible(timeout=60_000)
    expect(page.locator(".kiosk-bar__title")).to_have_text("Owl watch")


def test_people_come_in_while_the_scripts_are_still_on_their_way(kiosk: Open, server: Server) -> None:
    number, name, _member_id = _absent(server)
    page = kiosk()
    held = Held(page, SCRIPTS)

    page.goto("/kiosk/", wait_until="domcontentloaded")
    page.get_by_label("Welcome").press_sequentially(number)
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    assert held.routes


def test_what_is_typed_before_the_scripts_come_stays_and_is_searched(kiosk: Open) -> None:
    page = kiosk()
    held = Held(page, SCRIPTS)
    page.goto("/kiosk/", wait_until="domcontentloaded")
    page.get_by_label("Welcome").press_sequentially("bro")

    held.let_go()

    expect(page.locator(".hit").first).to_be_visible()
    expect(page.get_by_label("Welcome")).to_have_value("bro")


def test_what_the_server_said_to_a_page_without_scripts_stays_when_they_come(kiosk: Open) -> None:
    page = kiosk()
    held = Held(page, SCRIPTS)
    page.goto("/kiosk/", wait_until="domcontentloaded")
    page.get_by_label("Welcome").press_sequentially("an")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Type at least three letters")).to_be_visible()

    held.let_go()

    expect(page.get_by_role("button", name="Hold your pass to the camera")).to_be_visible()
    expect(page.get_by_text("Type at least three letters")).to_be_visible()


def test_what_failed_to_come_later_is_fetched_again(kiosk: Open, server: Server) -> None:
    number, name, _member_id = _absent(server)
    page = kiosk()
    page.route(LATER, lambda route: route.abort())
    page.goto("/kiosk/")
    page.get_by_label("Welcome").fill(number)
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    expect(page.get_by_role("button", name="Hold your pass to the camera")).to_have_count(0)

    page.unroute(LATER)
    page.evaluate("() => void window.dispatchEvent(new Event('online'))")

    expect(page.get_by_role("button", name="Hold your pass to the camera")).to_be_visible()
