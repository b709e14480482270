"""A screen that stays right without a reload: live, with its socket cut, without any server, and live again."""

import http.client
import json
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, WebSocketRoute, expect

from e2e.conftest import Server, put_away

pytestmark = pytest.mark.browser

# Promised, and a little for a machine that is busy.
FALL_BACK, RECOVER, SHOWN = 10_000 + 8_000, 15_000 + 8_000, 2_000 + 8_000
SEED = """
import json
from datetime import timedelta
from django.utils import timezone
from checkin_project.platform.access import Scope
from events.models import Event
from members.keys import create_key
now = timezone.now()
event = Event.objects.create(name="Live evening", starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=3))
print(json.dumps([event.code, create_key("Turnstile", [Scope.CHECK_IN])[1]]))
"""


# Sockets that say what the test says, and a server that cannot be asked.
MUTE = """
window.sockets = [];
window.WebSocket = class extends EventTarget {
  constructor() { super(); window.sockets.push(this); }
  close() {}
};
const fetched = window.fetch;
window.fetch = (url, ...rest) =>
  String(url).endsWith("/live/") ? Promise.reject(new TypeError()) : fetched(url, ...rest);
"""


class Door:
    """Checks guests in by the API, and knows how many."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.event, self.secret = json.loads(server.command("shell", "--no-imports", "-c", SEED))
        self.came = 0

    def let_in(self, how_many: int = 1) -> None:
        for _guest in range(how_many):
            body = {"event": self.event, "guest_name": f"Guest {uuid4()}", "operation_id": str(uuid4())}
            headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json"}
            door = http.client.HTTPConnection("localhost", self.server.port, timeout=30)
            door.request("POST", "/api/check-ins", json.dumps(body), headers)
            assert door.getresponse().status == 201
            door.close()
            self.came += 1


@pytest.fixture(scope="module")
def door(server: Server) -> Door:
    return Door(server)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    yield context
    put_away(context)


def shown(page: Page) -> Locator:
    return page.locator("[data-count=checked_in]").first


def state(page: Page) -> Locator:
    return page.locator("[data-live-state]")


def open_screen(page: Page, door: Door) -> None:
    page.goto(f"{door.server.url}/events/{door.event}/screen/")
    expect(shown(page)).to_have_text(str(door.came), timeout=SHOWN)


def test_numbers_move_by_themselves_and_the_screen_says_that_they_are_live(context: BrowserContext, door: Door) -> None:
    page = context.new_page()
    open_screen(page, door)
    expect(state(page)).to_have_text(re.compile("^\\s*Live\\s*$"), use_inner_text=True, timeout=RECOVER)

    door.let_in(3)

    expect(shown(page)).to_have_text(str(door.came), timeout=SHOWN)


def test_without_sockets_it_asks_says_so_and_is_live_again_when_they_work(context: BrowserContext, door: Door) -> None:
    page = context.new_page()
    is_cut = True
    sockets: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        if is_cut:
            socket.close(code=1013)
        else:
            socket.connect_to_server()

    page.route_web_socket(re.compile("/ws/events/"), route)
    open_screen(page, door)
    expect(state(page)).to_have_attribute("data-live-state", "delayed", timeout=FALL_BACK)
    expect(state(page)).to_contain_text("Delayed")
    door.let_in()
    expect(shown(page)).to_have_text(str(door.came), timeout=FALL_BACK)

    is_cut = False

    expect(state(page)).to_have_attribute("data-live-state", "live", timeout=RECOVER)
    opened = len(sockets)
    door.let_in()
    expect(shown(page)).to_have_text(str(door.came), timeout=SHOWN)
    # The one that works is kept.
    assert len(sockets) == opened


def test_without_the_server_it_says_since_when_and_comes_back_by_itself(context: BrowserContext, door: Door) -> None:
    page = context.new_page()
    open_screen(page, door)
    expect(state(page)).to_have_attribute("data-live-state", "live", timeout=RECOVER)

    door.server.kill()
    expect(state(page)).to_have_attribute("data-live-state", "offline", timeout=FALL_BACK)
    expect(state(page)).to_contain_text("Offline since")
    since = state(page).locator("time").get_attribute("datetime")
    door.server.start()

    expect(state(page)).to_have_attribute("data-live-state", "live", timeout=RECOVER)
    door.let_in()
    expect(shown(page)).to_have_text(str(door.came), timeout=SHOWN)
    assert since is not None


def test_a_page_that_comes_back_into_view_reads_anew_at_once(context: BrowserContext, door: Door) -> None:
    page = context.new_page()
    open_screen(page, door)
    expect(state(page)).to_have_attribute("data-live-state", "live", timeout=RECOVER)

    context.set_offline(True)
    expect(state(page)).to_have_attribute("data-live-state", "offline", timeout=FALL_BACK)
    door.let_in(2)
    context.set_offline(False)

    expect(shown(page)).to_have_text(str(door.came), timeout=SHOWN)
    expect(state(page)).to_have_attribute("data-live-state", "live", timeout=RECOVER)


def test_older_numbers_never_cover_newer_ones_and_a_new_socket_is_believed(context: BrowserContext, door: Door) -> None:
    page = context.new_page()
    page.add_init_script(MUTE)

    def tell(version: int, checked_in: int) -> None:
        told = {"type": "counts", "event": door.event, "version": version, "checked_in": checked_in, "latest": []}
        page.evaluate("data => sockets.at(-1).dispatchEvent(new MessageEvent('message', { data }))", json.dumps(told))

    page.goto(f"{door.server.url}/events/{door.event}/screen/")
    expect(state(page)).to_have_attribute("data-live-state", "offline", timeout=FALL_BACK)
    tell(5_000_000, 41)
    expect(shown(page)).to_have_text("41")
    tell(4_999_000, 40)  # from a slower process
    tell(5_000_001, 42)
    expect(shown(page)).to_have_text("42")
    tell(5_000_000, 40)
    page.wait_for_timeout(300)
    expect(shown(page)).to_have_text("42")

    opened = page.evaluate("sockets.length")
    page.evaluate("() => void sockets.at(-1).dispatchEvent(new CloseEvent('close', { code: 1012 }))")
    page.wait_for_function("opened => sockets.length > opened", arg=opened, timeout=RECOVER)
    tell(1_000, 7)  # another server, whose clock is behind

    expect(shown(page)).to_have_text("7")
