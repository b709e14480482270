"""Self check-in on a phone, in a real browser against the real server: one tap, bad networks, and no scripts."""

import re
from collections.abc import Callable
from functools import partial
from random import choice
from string import ascii_lowercase
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from e2e.conftest import Contexts, Server

pytestmark = pytest.mark.browser

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 640},
    "reduced_motion": "reduce",
    "has_touch": True,
    "is_mobile": True,
}
POSTED = re.compile(r"/c/[^/]+/$")
Open = Callable[..., Page]


def _event(server: Server, kind: str) -> str:
    """Code of a new event that is open now and takes self check-ins."""
    return server.command(
        "shell",
        "-v0",
        "-c",
        "from datetime import timedelta; from django.utils import timezone; from events.models import *\n"
        "at = timezone.now() - timedelta(hours=1)\n"
        "event = Event.objects.create(name='Harbour walk', location='Pier 4', starts_at=at,"
        " ends_at=at + timedelta(hours=5))\n"
        f"CheckInSettings.objects.filter(event=event).update(self_check_in={kind!r}, points=10)\n"
        "print(event.code)",
    )


def _token(server: Server, code: str) -> str:
    return server.command(
        "shell",
        "-v0",
        "-c",
        "from django.utils import timezone; from attendance import eventcodes; from events.models import Event\n"
        f"print(eventcodes.issue(Event.objects.get(code={code!r}), at=timezone.now()).token)",
    )


@pytest.fixture(scope="module")
def poster(server: Server) -> str:
    """The address of a poster's code."""
    return f"/c/{_token(server, _event(server, 'poster'))}/"


@pytest.fixture
def contexts(contexts: Contexts) -> Contexts:
    """Phones."""
    return partial(contexts, **PHONE)


@pytest.fixture
def phone(contexts: Contexts, poster: str) -> Open:
    def open_phone(path: str = "", **options: Any) -> Page:
        page = contexts(**options).new_page()
        page.goto(path or poster)
        return page

    return open_phone


def _enter(page: Page, text: str) -> None:
    page.get_by_label("Your name or V‑number").fill(text)
    _go(page).tap()


def _guest(name: str) -> str:
    """A name that nobody has come by yet, also when a test is tried a second time."""
    return name + " " + "".join(choice(ascii_lowercase) for _letter in range(8)).title()


def _go(page: Page) -> Any:
    return page.get_by_role("button", name="Check in", exact=True)


def _scans(server: Server, name: str) -> list[str]:
    """Outcomes of all that was tried under this guest's name."""
    found = server.rows("SELECT outcome FROM scans WHERE subject = ? ORDER BY id", f"g:{name.casefold()}")
    return [outcome for (outcome,) in found]


def test_a_member_comes_in_with_a_number_and_sees_points_and_the_live_number(phone: Open, server: Server) -> None:
    page = phone()

    _enter(page, "V01234520")

    answer = page.get_by_role("alert")
    expect(answer).to_contain_text("Checked in Uma P.")
    expect(answer).to_contain_text("+10 points")
    expect(answer).to_contain_text(re.compile(r"\d+ (person is|people are) checked in\."))
    expect(answer).to_contain_text("Harbour walk")
    expect(page.locator("[data-answer]")).to_be_focused()


def test_the_next_event_takes_one_tap_and_that_is_not_me_forgets(phone: Open, server: Server, poster: str) -> None:
    name = _guest("Cleo Weber")
    page = phone()
    _enter(page, name)
    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")

    page.goto(f"/c/{_token(server, _event(server, 'rotating'))}/")
    page.get_by_role("button", name=re.compile("It’s me again ?Cleo")).tap()
    expect(page.get_by_role("alert")).to_contain_text("Checked in Cleo")
    page.goto(poster)
    page.get_by_role("button", name="That’s not me").tap()

    expect(page.get_by_label("Your name or V‑number")).to_be_visible()
    expect(page.get_by_role("button", name="It’s me again")).to_have_count(0)
    assert _scans(server, name) == ["checked_in", "checked_in"]


def test_a_wrong_number_is_corrected_in_the_same_field(phone: Open, server: Server) -> None:
    name = _guest("Corrected Carla")
    page = phone()

    _enter(page, "V99999999")
    expect(page.get_by_role("alert")).to_contain_text("Nobody has this number.")
    page.get_by_role("link", name="Try again").tap()
    expect(page.get_by_label("Your name or V‑number")).to_have_value("V99999999")
    expect(page.get_by_label("Your name or V‑number")).to_be_focused()
    _enter(page, name)

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")


def test_a_double_tap_is_one_check_in(phone: Open, server: Server) -> None:
    name = _guest("Double Dora")
    page = phone()

    page.get_by_label("Your name or V‑number").fill(name)
    _go(page).dblclick()

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    assert _scans(server, name) == ["checked_in"]


def test_without_a_network_it_says_so_tries_again_and_comes_in_once(phone: Open, server: Server) -> None:
    name = _guest("Patient Paul")
    page = phone()
    page.route(POSTED, lambda route: route.abort())

    _enter(page, name)
    expect(page.get_by_role("status")).to_have_text("No connection. Trying again …")
    assert _scans(server, name) == []
    page.unroute(POSTED)

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}", timeout=15_000)
    assert _scans(server, name) == ["checked_in"]


def test_an_answer_that_got_lost_on_the_way_is_asked_for_again_and_counts_once(phone: Open, server: Server) -> None:
    name = _guest("Lost Lisa")
    page = phone()
    lost: list[int] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route(POSTED, lose)
    _enter(page, name)

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}", timeout=15_000)
    assert lost == [201]
    assert _scans(server, name) == ["checked_in"]


def test_it_gives_up_after_a_while_with_everything_still_in_the_form(phone: Open, server: Server) -> None:
    name = _guest("Stubborn Sam")
    page = phone()
    page.clock.install()
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(str(route.request.post_data))
        route.abort()

    page.route(POSTED, refuse)
    _enter(page, name)
    gave_up = page.get_by_role("status").filter(has_text="No connection, so you may not be checked in.")
    # In small steps: a pause that the page has not begun yet is not skipped.
    for _step in range(300):
        if gave_up.count():
            break
        page.clock.run_for(500)
        page.wait_for_timeout(20)
    expect(gave_up).to_be_visible()
    page.unroute(POSTED)

    expect(page.get_by_label("Your name or V‑number")).to_have_value(name)
    _go(page).tap()
    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    assert len(tries) == 7
    assert len(set(tries)) == 1
    assert _scans(server, name) == ["checked_in"]


@pytest.mark.parametrize(
    "stub",
    [
        {"status": 200, "body": ""},
        {"status": 200, "body": "<h1>Please sign in to the guest network</h1>", "content_type": "text/html"},
        {"status": 500, "body": "Internal Server Error"},
        {"status": 503, "body": "busy"},
        {"status": 201, "body": "<p>cut", "headers": {"X-Self": "outcome"}},
    ],
)
def test_what_is_no_answer_claims_nothing(phone: Open, server: Server, stub: dict[str, Any]) -> None:
    name = _guest("Nobody Ned")
    page = phone()
    page.route(POSTED, lambda route: route.fulfill(**stub))

    _enter(page, name)

    expect(page.get_by_role("status")).to_have_text("No connection. Trying again …")
    expect(page.locator("[data-answer]")).to_have_count(0)
    assert _scans(server, name) == []


def test_a_page_whose_cookie_is_gone_says_to_scan_again(phone: Open, server: Server) -> None:
    name = _guest("Cookieless Carl")
    page = phone()
    page.context.clear_cookies()

    _enter(page, name)

    expect(page.get_by_role("status")).to_have_text("This page is too old. Scan the code again.")
    assert _scans(server, name) == []


def test_without_scripts_it_works_the_same(phone: Open, server: Server, poster: str) -> None:
    name, other = _guest("Plain Petra"), _guest("Quiet Quentin")
    page = phone(java_script_enabled=False)

    _enter(page, "V99999998")
    expect(page.get_by_role("alert")).to_contain_text("Nobody has this number.")
    page.get_by_role("link", name="Try again").tap()
    expect(page.get_by_label("Your name or V‑number")).to_have_value("V99999998")
    _enter(page, name)
    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    page.goto(poster)
    page.get_by_role("button", name="That’s not me").tap()
    _enter(page, other)

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {other}")
    assert _scans(server, name) == _scans(server, other) == ["checked_in"]


def test_the_page_weighs_little_asks_little_and_leaks_nothing(phone: Open, poster: str, server: Server) -> None:
    name = _guest("Light Lena")
    sizes: dict[str, int] = {}
    referrers: set[str] = set()
    page = phone("about:blank")
    page.on("request", lambda request: referrers.add(request.headers.get("referer", "")))
    page.on("requestfinished", lambda request: sizes.update({request.url: _weight(request)}))

    page.goto(poster, wait_until="networkidle")
    _enter(page, name)
    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")

    assert not any(".woff2" in address or ".css" in address for address in sizes), sizes
    assert sum(sizes.values()) <= 60_000, sizes
    assert not any(poster in referrer for referrer in referrers), referrers


def _weight(request: Any) -> int:
    found = request.sizes()
    return int(found["responseBodySize"] + found["responseHeadersSize"])


def test_the_button_lies_where_the_thumb_is_and_is_big(phone: Open) -> None:
    page = phone(viewport={"width": 320, "height": 568})

    box = _go(page).bounding_box()

    assert box["width"] >= 280
    assert box["height"] >= 60
    assert box["y"] > 568 / 2
    assert box["y"] + box["height"] <= 568


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360])
def test_axe_finds_nothing_on_any_screen(
    phone: Open, poster: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    found: list[tuple[str, str]] = []
    page = phone(viewport={"width": width, "height": 640}, color_scheme=scheme, bypass_csp=True)

    def check(screen: str) -> None:
        found.extend((screen, violation["id"]) for violation in Axe().run(page).response["violations"])
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((screen, "scrolls sideways"))

    check("form")
    _go(page).tap()
    expect(page.get_by_text("Type your name or your V‑number.")).to_be_visible()
    check("nothing typed")
    _enter(page, "V99999997")
    expect(page.get_by_role("alert")).to_be_visible()
    check("not found")
    page.goto(poster)
    _enter(page, _guest("Wolfeschlegelsteinhausenbergerdorff"))
    expect(page.locator("[data-outcome=checked_in]")).to_be_visible()
    check("checked in")
    page.goto(poster)
    check("remembered")
    page.get_by_role("button", name="It’s me again").tap()
    expect(page.locator("[data-outcome=already_in]")).to_be_visible()
    check("already in")
    page.goto(poster)
    page.get_by_text("Check in somebody else").tap()
    check("somebody else")
    page.route(POSTED, lambda route: route.abort())
    _enter(page, "Waiting Walter")
    expect(page.get_by_role("status")).to_contain_text("Trying again")
    check("no connection")
    page.unroute(POSTED)
    page.goto("/c/NOPE/")
    check("no code of ours")

    assert found == []
