"""The dashboard in a real browser against the real server: live, by keyboard alone, on a phone, and without scripts."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, Literal
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.conftest import EVENT, Contexts, Server

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return server.command("create_api_key", "Door", "--scopes=check_in")


@pytest.fixture
def open_page(contexts: Contexts, signed_in: Any, code: str) -> Iterator[Callable[..., Page]]:
    """Opens the dashboard in a browser of its own; nothing may be reported in its console."""
    complaints: list[str] = []

    def make(path: str = "", width: int = 1280, **options: Any) -> Page:
        size = {"width": width, "height": 900}
        options = {"viewport": size, "reduced_motion": "reduce", "storage_state": signed_in} | options
        page = contexts(**options).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.add_init_script(SHIFTS)
        page.goto(path or f"/dashboard/{code}/")
        if not path and options.get("java_script_enabled", True):
            expect(page.get_by_text("Live", exact=True)).to_be_visible()
        return page

    yield make
    assert complaints == []


def check_in(server: Server, code: str, key: str, guest: str) -> None:
    """Somebody comes in at another door: through the API."""
    body = json.dumps({"event": code, "operation_id": str(uuid4()), "guest_name": guest}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/api/check-ins", body, headers)  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        assert answer.status in (200, 201)


@pytest.fixture
def come(server: Server, code: str, key: str) -> Callable[[str], None]:
    return lambda guest: check_in(server, code, key, guest)


def number(page: Page, what: str) -> int:
    return int(page.locator(f"[data-count={what}]").first.inner_text())


def feed(page: Page) -> Any:
    return page.locator("[data-part=feed] [data-line]")


def absent(server: Server) -> tuple[str, str]:
    """V-number and name of somebody who has not come yet."""
    found = server.rows(
        "SELECT v_number, first_name || ' ' || last_name FROM members WHERE v_number IS NOT NULL AND id NOT IN"
        " (SELECT member_id FROM attendance WHERE attended AND member_id IS NOT NULL) ORDER BY id DESC LIMIT 1"
    )
    return found[0]


def test_a_check_in_at_another_door_appears_on_every_dashboard_without_a_reload(
    open_page: Callable[..., Page], come: Callable[[str], None]
) -> None:
    laptop, phone = open_page(), open_page(width=360)
    before = number(laptop, "checked_in")

    come("Dora Lind")

    for page in (laptop, phone):
        expect(page.locator("[data-count=checked_in]").first).to_have_text(str(before + 1))
        expect(feed(page).first).to_contain_text("Dora Lind")
        expect(page.locator(".popup")).to_contain_text("Dora Lind")
        expect(page.locator("[data-said]")).to_contain_text("Dora Lind")


def test_somebody_scanned_twice_is_announced(open_page: Callable[..., Page], come: Callable[[str], None]) -> None:
    come("Twice Tom")
    page = open_page()

    come("Twice Tom")

    expect(page.locator(".popup")).to_contain_text("Already in")
    expect(feed(page).first).to_contain_text("Twice Tom")


def test_nothing_moves_and_nothing_typed_is_lost_while_people_come(
    open_page: Callable[..., Page], come: Callable[[str], None]
) -> None:
    page = open_page()
    page.locator("summary", has_text="Add a walk-in").click()
    name = page.get_by_label("Name", exact=True)
    name.press_sequentially("Half a na")
    page.wait_for_timeout(700)
    page.evaluate("window.shifts.length = 0")

    for guest in ("One", "Two", "Three"):
        come(f"Guest {guest}")
        expect(feed(page).first).to_contain_text(f"Guest {guest}")
    name.press_sequentially("me")

    expect(name).to_be_focused()
    expect(name).to_have_value("Half a name")
    assert sum(page.evaluate("window.shifts")) == 0


def test_the_first_arrival_moves_nothing(open_page: Callable[..., Page], server: Server, key: str) -> None:
    empty = str(server.rows("SELECT code FROM events WHERE name = ?", "Club fair")[0][0])
    page = open_page(f"/dashboard/{empty}/")
    expect(page.get_by_text("Nobody has arrived yet")).to_be_visible()
    page.wait_for_timeout(700)
    page.evaluate("window.shifts.length = 0")

    check_in(server, empty, key, "First Fay")

    expect(feed(page).first).to_contain_text("First Fay")
    expect(page.locator(".curve__plot")).to_be_visible()
    assert sum(page.evaluate("window.shifts")) == 0


def test_a_pointer_over_the_feed_holds_it(open_page: Callable[..., Page], come: Callable[[str], None]) -> None:
    page = open_page()
    first = feed(page).first.inner_text()
    feed(page).first.get_by_role("button", name="Undo").hover()

    come("Held Hanna")
    expect(page.locator(".popup")).to_contain_text("Held Hanna")
    held = feed(page).first.inner_text()
    expect(page.get_by_text("Held while you point here")).to_be_visible()
    page.mouse.move(0, 0)

    assert held == first
    expect(feed(page).first).to_contain_text("Held Hanna")


def test_the_desk_by_keyboard_alone(open_page: Callable[..., Page], server: Server) -> None:
    _number, name = absent(server)
    page = open_page()
    press = page.keyboard.press

    press("/")
    page.keyboard.type(name.split()[-1][:4].lower())
    expect(page.locator("[data-hit]").first).to_be_visible()
    for _step in range(page.locator("[data-hit]").count()):
        if page.locator("[data-hit][aria-current]", has_text=name).count():
            break
        press("ArrowDown")
    press("Enter")
    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Checked in")
    expect(page.locator("[data-answer] [role=alert]")).to_contain_text(name)
    expect(page.get_by_label("Name, V-number or pass")).to_be_focused()
    expect(feed(page).first).to_contain_text(name)

    # While somebody types, u is a letter.
    page.keyboard.type("u")
    expect(page.get_by_label("Name, V-number or pass")).to_have_value("u")
    press("Escape")
    expect(page.get_by_label("Name, V-number or pass")).to_have_value("")
    page.get_by_label("Name, V-number or pass").blur()
    press("u")
    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Taken back")
    expect(feed(page).first).to_contain_text("Undo")


def test_shortcuts_are_listed(open_page: Callable[..., Page]) -> None:
    page = open_page()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Shortcuts")).to_be_hidden()
    page.keyboard.press("w")

    expect(page.get_by_label("Name", exact=True)).to_be_focused()


def test_a_number_is_checked_in_and_undone_on_a_phone(open_page: Callable[..., Page], server: Server) -> None:
    v_number, name = absent(server)
    page = open_page(width=360)
    before = number(page, "checked_in")

    page.get_by_label("Name, V-number or pass").fill(v_number)
    page.keyboard.press("Enter")
    expect(page.locator("[data-answer] [role=alert]")).to_contain_text(name)
    expect(page.locator("[data-count=checked_in]").first).to_have_text(str(before + 1))
    page.locator("[data-answer]").get_by_role("button", name="Undo").click()

    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Taken back")
    expect(page.locator("[data-count=checked_in]").first).to_have_text(str(before))
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_a_walk_in_is_warned_of_while_typing_and_comes_in(open_page: Callable[..., Page], server: Server) -> None:
    page = open_page()
    page.locator("summary", has_text="Add a walk-in").click()
    page.get_by_label("Name", exact=True).press_sequentially("Olivia Brown")

    expect(page.get_by_text("On record already?")).to_be_visible()
    # Enter asks; it does not check in the first of those on record.
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="None of them: check in as a guest")).to_be_visible()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Olivia Brown")
    page.get_by_role("button", name="None of them: check in as a guest").click()

    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Olivia Brown")
    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    assert server.rows("SELECT COUNT(*) FROM attendance WHERE guest_name = 'Olivia Brown'") == [(1,)]


def test_an_answer_that_got_lost_is_asked_for_again_and_done_once(
    open_page: Callable[..., Page], server: Server, code: str
) -> None:
    page = open_page()
    lost: list[str] = []

    def lose_first(route: Any) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.request.url)
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(f"/dashboard/{code}/$"), lose_first)
    page.locator("summary", has_text="Add a walk-in").click()
    page.get_by_label("Name", exact=True).fill("Lost Lena")
    page.keyboard.press("Enter")

    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Lost Lena")
    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Checked in")
    assert server.rows("SELECT COUNT(*) FROM scans WHERE subject LIKE 'g:lost lena%'") == [(1,)]


def test_the_page_says_when_it_is_offline_and_comes_back_by_itself(
    open_page: Callable[..., Page], come: Callable[[str], None]
) -> None:
    page = open_page()
    page.context.set_offline(True)
    expect(page.get_by_text("Offline since")).to_be_visible()
    come("Meanwhile Max")
    page.get_by_label("Name, V-number or pass").fill("V00000000")
    page.keyboard.press("Enter")
    expect(page.get_by_text("nobody is counted twice")).to_be_visible()

    page.context.set_offline(False)

    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(feed(page).first).to_contain_text("Meanwhile Max")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-answer] [role=alert]")).to_contain_text("Not found")


def test_a_hit_for_other_letters_is_not_what_enter_means(open_page: Callable[..., Page], server: Server) -> None:
    page = open_page()
    page.get_by_label("Name, V-number or pass").press_sequentially("ximena")
    expect(page.locator("[data-hit][aria-current]")).to_have_count(1)

    page.keyboard.type("qq")
    page.keyboard.press("Enter")

    expect(page.get_by_text("Nobody’s name begins with")).to_be_visible()
    assert server.rows("SELECT COUNT(*) FROM scans WHERE answer LIKE '%Ximena%'") == [(0,)]


def test_who_is_signed_out_is_told(open_page: Callable[..., Page], come: Callable[[str], None]) -> None:
    page = open_page()
    page.context.clear_cookies()

    come("Unseen Uwe")

    expect(page.get_by_text("You are signed out")).to_be_visible()
    expect(page.get_by_text("Unseen Uwe")).to_have_count(0)


def test_everything_works_without_scripts(open_page: Callable[..., Page], server: Server) -> None:
    v_number, name = absent(server)
    page = open_page(java_script_enabled=False)

    page.get_by_label("Name, V-number or pass").fill(name.split()[0][:4])
    page.get_by_role("button", name="Check in", exact=True).first.click()
    page.get_by_role("button", name=f"Check in {name}").click()
    expect(page.locator("[data-answer]")).to_contain_text(f"{name}")
    page.locator("[data-answer]").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-answer]")).to_contain_text("Taken back")
    page.locator("summary", has_text="Add a walk-in").click()
    page.get_by_label("Name", exact=True).fill("Plain Paul")
    page.get_by_role("button", name="Check in as a guest").click()

    expect(page.locator("[data-answer]")).to_contain_text("Plain Paul")
    assert server.rows("SELECT COUNT(*) FROM attendance WHERE guest_name = 'Plain Paul' AND attended") == [(1,)]
    assert v_number


def test_the_overview_is_live(open_page: Callable[..., Page], come: Callable[[str], None], code: str) -> None:
    page = open_page("/dashboard/")
    card = page.locator(f'[data-watch="{code}"]')
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    before = int(card.locator("[data-count=checked_in]").inner_text())

    come("Overview Olga")

    expect(card.locator("[data-count=checked_in]")).to_have_text(str(before + 1))
    card.get_by_role("link", name=EVENT).click()
    expect(page.get_by_role("heading", name=EVENT)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_to_object_to(
    open_page: Callable[..., Page], come: Callable[[str], None], width: int, scheme: Scheme
) -> None:
    found: dict[str, list[str]] = {}

    def look(page: Page, state: str) -> None:
        found[state] = [violation["id"] for violation in Axe().run(page).response["violations"]]

    page = open_page(width=width, color_scheme=scheme, bypass_csp=True)
    look(page, "page")
    for details in page.locator("details").all():
        details.evaluate("(each) => { each.open = true; }")
    page.get_by_label("Name, V-number or pass").fill("bro")
    expect(page.locator("[data-hit]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    look(page, "hits")
    page.get_by_label("Name, V-number or pass").fill("V00000000")
    page.keyboard.press("Enter")
    expect(page.locator("[data-answer] [role=alert]")).to_be_visible()
    come(f"Axe {width} {scheme}")
    expect(page.locator(".popup")).to_be_visible()
    look(page, "result and pop-up")
    if width > 360:
        page.keyboard.press("Escape")
        page.locator("[data-open-help]").click()
        look(page, "help")
    page.goto("/dashboard/")
    look(page, "overview")

    assert {state: problems for state, problems in found.items() if problems} == {}
