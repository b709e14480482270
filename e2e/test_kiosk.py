"""At the kiosk, in a real browser against the real server: pairing, coming in, and a server that goes away."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import qrcode
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, Route, expect, sync_playwright

from e2e.conftest import EVENT, Contexts, Server, sign_in

pytestmark = pytest.mark.browser

CHECK_IN = re.compile(r"/check-in/$")
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def token(server: Server, code: str) -> str:
    return server.command("create_device", "Front door", "--kind=kiosk", f"--event={code}", "--pin=2468")


@pytest.fixture
def kiosk(contexts: Contexts, server: Server, token: str, code: str) -> Open:
    """Opens the check-in screen on a paired tablet."""

    def open_kiosk(path: str = "", **options: Any) -> Page:
        context = contexts(**({"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"} | options))
        context.add_cookies([{"name": "device", "value": token, "url": server.url}])
        page = context.new_page()
        page.goto(path or f"/kiosk/{code}/")
        return page

    return open_kiosk


def _enter(page: Page, text: str) -> None:
    page.get_by_label("Welcome").fill(text)
    page.keyboard.press("Enter")


def _hold_the_clock(page: Page) -> None:
    """The page's timers stand still from here on: only what it is told can move it."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=1))


def _answer_that_stays(route: Route) -> None:
    """The true answer, which the screen does not take away before somebody has looked at it."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub(r'data-seconds="\d+"', 'data-seconds="600"', answer.text()))


def _absent(server: Server) -> tuple[str, str, int]:
    """V-number, name and id of somebody who has not come yet."""
    found = server.rows(
        "SELECT v_number, first_name || ' ' || last_name, id FROM members WHERE v_number IS NOT NULL AND id NOT IN"
        " (SELECT member_id FROM attendance WHERE attended AND member_id IS NOT NULL) ORDER BY id LIMIT 1"
    )
    return found[0]


def _accepted(server: Server, member_id: int) -> int:
    return int(
        server.rows("SELECT COUNT(*) FROM scans WHERE outcome = 'checked_in' AND subject = ?", f"m:{member_id}")[0][0]
    )


def test_ana_makes_this_screen_a_kiosk_with_one_click(contexts: Contexts, code: str) -> None:
    page = contexts().new_page()
    sign_in(page, "/kiosk/")

    page.get_by_label("Checks people in to").select_option(label=_option(page, EVENT))
    page.get_by_role("button", name="Use this screen as a kiosk").click()

    expect(page.get_by_text("you are signed out of this browser")).to_be_visible()
    expect(page.locator("[data-kiosk]")).to_have_attribute("data-event", code)
    page.goto("/devices/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def _option(page: Page, words: str) -> str:
    return page.locator("option", has_text=words).first.inner_text()


def test_a_tablet_is_paired_by_six_characters(contexts: Contexts) -> None:
    laptop, tablet = contexts().new_page(), contexts().new_page()
    sign_in(laptop, "/devices/")
    laptop.get_by_label("Checks people in to").select_option(label=_option(laptop, EVENT))
    laptop.get_by_label("Name of the screen").fill("Side door")
    laptop.get_by_role("button", name="Show the code").click()
    characters = str(laptop.locator("[data-characters]").get_attribute("aria-label"))

    tablet.goto("/kiosk/")
    typed = f"{characters[:3].lower()} {characters[3:].lower()}"
    tablet.get_by_role("textbox", name="Pairing code").press_sequentially(typed)
    tablet.get_by_role("button", name="Pair this screen").click()

    expect(tablet.get_by_label("Welcome")).to_be_focused()
    expect(laptop.get_by_text("The screen is a kiosk now")).to_be_visible()


def test_people_come_in_by_number_and_are_told_when_they_are_in_already(kiosk: Open, server: Server) -> None:
    number, name, member_id = _absent(server)
    page = kiosk()

    _enter(page, number)
    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_label("Welcome")).to_be_focused()
    _enter(page, number)
    expect(page.get_by_role("alert")).to_contain_text("Already in")

    assert _accepted(server, member_id) == 1


def test_people_come_in_by_their_name(kiosk: Open, server: Server) -> None:
    _number, name, member_id = _absent(server)
    page = kiosk()

    page.get_by_label("Welcome").press_sequentially(name.split()[0][:4].lower(), delay=60)
    page.locator(".hit", has_text=name.split()[0]).first.click()

    expect(page.get_by_role("alert")).to_contain_text("Checked in")
    assert _accepted(server, member_id) == 1


def test_somebody_new_comes_in(kiosk: Open, server: Server) -> None:
    page = kiosk()

    _enter(page, "Marguerite Duras")
    page.get_by_role("button", name="I am new here").click()
    expect(page.get_by_label("First name")).to_have_value("Marguerite")
    expect(page.get_by_label("Last name")).to_have_value("Duras")
    page.get_by_label("Student e-mail").fill("nonsense")
    page.locator("form.register").get_by_role("button", name="Check in").click()
    expect(page.get_by_text("This is not an e-mail address.")).to_be_visible()
    page.get_by_label("Student e-mail").fill("")
    page.locator("form.register").get_by_role("button", name="Check in").click()

    expect(page.get_by_role("alert")).to_contain_text("Checked in Marguerite Duras")
    assert server.rows("SELECT status FROM members WHERE last_name = 'Duras'") == [("provisional",)]


def test_a_scanner_that_types_anywhere_and_ends_its_line_twice_is_understood(kiosk: Open, server: Server) -> None:
    page = kiosk()
    page.route(CHECK_IN, _answer_that_stays)
    page.locator("h1").click()
    for _person in range(2):
        number, name, _member_id = _absent(server)

        page.keyboard.type(number)
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(name)
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(name)


def test_a_reload_in_mid_flight_ends_with_one_true_answer(kiosk: Open, server: Server) -> None:
    number, name, member_id = _absent(server)
    page = kiosk()

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(CHECK_IN, lose_the_answer)
    _enter(page, number)
    expect(page.get_by_role("alert")).to_contain_text("Not checked in yet")
    page.unroute(CHECK_IN)
    page.reload()

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    assert _accepted(server, member_id) == 1


def test_a_server_that_dies_is_said_in_words_and_the_person_comes_in_once_it_is_back(
    kiosk: Open, server: Server
) -> None:
    number, name, member_id = _absent(server)
    page = kiosk()

    server.kill()
    try:
        _enter(page, number)
        expect(page.get_by_role("alert")).to_contain_text("Not checked in yet")
        expect(page.locator("[data-attempt]")).to_have_text(re.compile(r"[2-9]|\d\d"))
        expect(page.get_by_text("The server cannot be reached right now")).to_be_visible()
    finally:
        server.start()

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}", timeout=60_000)
    assert _accepted(server, member_id) == 1


@pytest.mark.parametrize(
    "stub",
    [
        {"status": 200, "body": ""},
        {"status": 200, "body": "<h1>Please sign in to the guest network</h1>", "content_type": "text/html"},
        {"status": 500, "body": "Internal Server Error"},
        {"status": 200, "body": "<p>cut", "headers": {"X-Kiosk": "outcome", "X-Outcome": "checked_in"}},
        {"status": 403, "body": "no"},
    ],
)
def test_what_is_no_answer_claims_nothing(kiosk: Open, server: Server, stub: dict[str, Any]) -> None:
    number, _name, member_id = _absent(server)
    page = kiosk()
    page.route(CHECK_IN, lambda route: route.fulfill(**stub))

    _enter(page, number)

    expect(page.get_by_role("alert")).to_contain_text("Not checked in yet")
    assert _accepted(server, member_id) == 0
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_label("Welcome")).to_be_focused()


def test_a_revoked_kiosk_says_so(kiosk: Open, server: Server, code: str, contexts: Contexts) -> None:
    other = server.command("create_device", "Lost tablet", "--kind=kiosk", f"--event={code}")
    page = kiosk()
    page.context.add_cookies([{"name": "device", "value": other, "url": server.url}])
    staff = contexts().new_page()
    sign_in(staff, "/devices/")
    staff.get_by_role("link", name="Revoke Lost tablet").click()
    staff.get_by_role("button", name="Revoke this device").click()

    _enter(page, "V01234567")

    expect(page.get_by_text("This kiosk is no longer paired")).to_be_visible()


def test_a_pass_held_to_the_camera_checks_in(
    chromium: str, server: Server, token: str, code: str, tmp_path: Path
) -> None:
    _number, name, member_id = _absent(server)
    pass_code = server.command(
        "shell",
        "-v0",
        "-c",
        "from django.utils import timezone; from members import passes; from members.models import Member\n"
        f"print(passes.issue(Member.objects.get(pk={member_id}), at=timezone.now())[1])",
    )
    film = _film_of(pass_code, tmp_path / "pass.y4m")
    loaded: list[str] = []
    said = _in_new_thread(_show_to_camera, chromium, film, server.url, token, code, loaded)

    assert said == f"Checked in {name}"
    assert _accepted(server, member_id) == 1
    assert not any("barcode" in address for address in loaded)


def _film_of(text: str, path: Path) -> Path:
    """One frame of a QR code, as raw video for Chromium's fake camera."""
    picture = qrcode.make(text).convert("L").resize((400, 400))
    frame = Image.new("L", (640, 480), 255)
    frame.paste(picture, (120, 40))
    grey = bytes([128]) * (640 * 480 // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + frame.tobytes() + grey) * 2)
    return path


def _show_to_camera(chromium: str, film: Path, url: str, token: str, code: str, loaded: list[str]) -> str:
    """What the screen says; `loaded` gets the addresses that were fetched before the button was pressed."""
    arguments = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=[*arguments, f"--use-file-for-fake-video-capture={film}"]
        )
        context = browser.new_context(base_url=url, permissions=["camera"])
        context.add_cookies([{"name": "device", "value": token, "url": url}])
        page = context.new_page()
        page.on("request", lambda request: loaded.append(request.url))
        page.goto(f"/kiosk/{code}/", wait_until="networkidle")
        before = len(loaded)
        page.get_by_role("button", name="Hold your pass to the camera").click()
        page.locator("[data-outcome]").wait_for()
        said = page.locator(".outcome__headline, .outcome__name").all_inner_texts()
        del loaded[before:]
        browser.close()
    return " ".join(said[:2])


def _in_new_thread(work: Callable[..., str], *values: object) -> str:
    """Playwright runs once per thread, and the session's browser has this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work, *values).result()


def test_without_scripts_people_come_in_too(kiosk: Open, server: Server) -> None:
    number, name, member_id = _absent(server)
    page = kiosk(java_script_enabled=False)

    _enter(page, number)

    expect(page.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    assert _accepted(server, member_id) == 1


def test_half_typed_text_goes_and_a_refused_camera_is_explained(kiosk: Open) -> None:
    page = kiosk("/kiosk/unlock/")
    page.clock.install()
    page.goto(page.url.replace("unlock/", ""))

    page.get_by_label("Welcome").fill("V0123")
    page.get_by_role("button", name="Hold your pass to the camera").click()
    expect(page.locator("[data-camera-problem]:not([hidden])")).to_be_visible()
    page.clock.fast_forward(46_000)

    expect(page.get_by_label("Welcome")).to_have_value("")


def test_the_pin_opens_numbers_and_unpairing(kiosk: Open) -> None:
    page = kiosk("/kiosk/unlock/")

    for digit in "2468":
        page.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="Unlock").click()

    expect(page.get_by_role("heading", name="This kiosk")).to_be_visible()
    expect(page.get_by_role("button", name="Unpair this screen")).to_be_visible()


def test_the_kiosk_page_weighs_little(kiosk: Open, code: str) -> None:
    sizes: dict[str, int] = {}
    page = kiosk("about:blank")  # Nothing is cached yet.
    page.on("requestfinished", lambda request: sizes.update({request.url: _weight(request)}))

    page.goto(f"/kiosk/{code}/", wait_until="networkidle")

    assert any(".woff2" in address for address in sizes)
    assert 50_000 < sum(sizes.values()) <= 100_000, sizes


def _weight(request: Any) -> int:
    found = request.sizes()
    return int(found["responseBodySize"] + found["responseHeadersSize"])


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_on_any_screen(
    kiosk: Open, server: Server, contexts: Contexts, width: int, scheme: Literal["light", "dark"]
) -> None:
    looks: dict[str, Any] = {"viewport": {"width": width, "height": 780}, "color_scheme": scheme, "bypass_csp": True}
    found: list[tuple[str, str]] = []

    def check(page: Page, screen: str) -> None:
        found.extend((screen, violation["id"]) for violation in Axe().run(page).response["violations"])
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((screen, "scrolls sideways"))

    _check_staff_screens(contexts(reduced_motion="reduce", **looks).new_page(), check)
    _check_kiosk_screens(kiosk(**looks), check, _absent(server)[0])

    assert found == []


def _check_staff_screens(page: Page, check: Callable[[Page, str], None]) -> None:
    page.goto("/kiosk/")
    check(page, "pairing, stranger")
    page.goto("/kiosk/pair/222222/")
    check(page, "pairing by link")
    sign_in(page, "/devices/")
    check(page, "devices")
    page.get_by_role("link", name=re.compile("Revoke")).first.click()
    check(page, "revoking")
    page.goto("/kiosk/")
    check(page, "pairing, staff")
    page.goto("/devices/")
    page.get_by_role("button", name="Show the code").click()
    check(page, "code")
    code = page.locator("[data-characters]").get_attribute("aria-label")
    page.goto(f"/kiosk/pair/{code}/")
    page.get_by_role("button", name="Pair this screen").click()
    expect(page.get_by_role("heading", name="Which event")).to_be_visible()
    check(page, "choosing")


def _check_kiosk_screens(page: Page, check: Callable[[Page, str], None], number: str) -> None:
    check(page, "check-in")
    page.route(CHECK_IN, _answer_that_stays)
    for entry, screen in ((number, "checked in"), (number, "already in"), ("V00000000", "not found")):
        _enter(page, entry)
        expect(page.get_by_role("alert")).to_be_visible()
        check(page, screen)
        page.locator("[data-next]").click()
    _enter(page, "bro")
    expect(page.locator(".hit").first).to_be_visible()
    check(page, "hits")
    page.get_by_role("button", name="I am new here").click()
    page.get_by_label("First name").fill("Ben")
    page.get_by_label("Last name").fill("Brown")
    check(page, "registration")
    page.locator("form.register").get_by_role("button", name="Check in").click()
    expect(page.get_by_text("Have you been here before?")).to_be_visible()
    check(page, "likely people")
    page.route(CHECK_IN, lambda route: route.abort())
    page.locator(".hit").first.click()
    expect(page.get_by_role("alert")).to_contain_text("Not checked in yet")
    check(page, "server away")
    page.goto("/kiosk/unlock/")
    check(page, "locked")
    page.get_by_label("PIN").fill("2468")
    page.get_by_role("button", name="Unlock").click()
    check(page, "unlocked")
