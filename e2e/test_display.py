"""The event's code: on a projector, photographed by a phone, printed on paper, and away with the server."""

import io
import json
import re
from collections.abc import Callable
from typing import Any, Literal

import pypdfium2
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from checkin_project.platform import qr
from checkin_project.platform.tests import qrreader
from e2e.conftest import Contexts, Server, sign_in

pytestmark = pytest.mark.browser

PROJECTOR = {"width": 1920, "height": 1080}
PHONE = {"width": 360, "height": 740}
# Name → how people check themselves in, and where it differs, the status and the hours until the event.
EVENTS: dict[str, tuple[Any, ...]] = {
    "Lantern walk": ("rotating",),
    "Cinema": ("rotating",),
    "Previewed": ("rotating",),
    "Far": ("rotating",),
    "Chess": ("rotating",),
    "W" * 200: ("rotating",),
    "Cut off": ("rotating",),
    "Long sleep": ("rotating",),
    "Asleep": ("poster",),
    "Leaked": ("poster",),
    "Follows": ("off",),
    "Short": ("poster",),
    "Long name " * 20: ("poster",),
    "Off": ("off",),
    "Draft": ("poster", "draft"),
    "Cancelled": ("poster", "cancelled"),
    "Early": ("poster", "scheduled", 20),
    "Closed": ("poster", "scheduled", -40),
}
MAKE = """
import json
from datetime import timedelta
from django.utils import timezone
from events.models import CheckInSettings, Event
now, codes = timezone.now(), {{}}
for name, (kind, status, hours) in {events!r}.items():
    event = Event.objects.create(
        name=name, location="Library", timezone="Europe/Berlin", stored_status=status,
        starts_at=now + timedelta(hours=hours, minutes=-10), ends_at=now + timedelta(hours=hours + 3))
    CheckInSettings.objects.filter(event=event).update(self_check_in=kind)
    codes[name] = event.code
print(json.dumps(codes))
"""
OLD_CODE = """
from datetime import timedelta; from django.utils import timezone; from events.models import Event
from attendance import eventcodes
event = Event.objects.select_related("check_in_settings").get(code={code!r})
print(eventcodes.issue(event, at=timezone.now() - timedelta(seconds={seconds})).url)
"""


@pytest.fixture(scope="module")
def codes(server: Server) -> dict[str, str]:
    """The codes of EVENTS by their names."""
    whole = {name: (*values, *("scheduled", 0)[len(values) - 1 :]) for name, values in EVENTS.items()}
    return dict(json.loads(run(server, MAKE.format(events=whole))))


def run(server: Server, script: str) -> str:
    return server.command("shell", "--no-imports", "-c", script)


@pytest.fixture(scope="module")
def cookies(browser: Browser, server: Server) -> list[Any]:
    """Ana, signed in."""
    page = browser.new_page(base_url=server.url)
    sign_in(page)
    found = page.context.cookies()
    page.context.close()
    return list(found)


@pytest.fixture
def contexts(contexts: Contexts, cookies: list[Any]) -> Contexts:
    """`ana=True` is signed in."""

    def make(*, ana: bool = False, **options: Any) -> BrowserContext:
        context = contexts(**({"reduced_motion": "reduce"} | options))
        if ana:
            context.add_cookies(cookies)
        return context

    return make


@pytest.fixture
def projector(contexts: Contexts) -> Callable[..., Page]:
    """Opens an event's code on a projector."""

    def show(code: str, *, clock: bool = False, **options: Any) -> Page:
        page = contexts(ana=True, **({"viewport": PROJECTOR} | options)).new_page()
        if clock:
            page.clock.install()
        page.goto(f"/events/{code}/qr/")
        return page

    return show


def seen(page: Page) -> str | None:
    """What a reader of QR codes sees on the screen."""
    return qrreader.read(page.screenshot())


def checked_in(page: Page, number: int) -> None:
    expect(page.locator('[data-count="checked_in"]').first).to_have_text(str(number))


def check_in_by_phone(contexts: Contexts, address: str, name: str) -> Page:
    phone = contexts(viewport=PHONE, is_mobile=True, has_touch=True).new_page()
    phone.goto(address)
    phone.locator("input[name=entry]").fill(name)
    phone.get_by_role("button", name="Check in", exact=True).tap()
    return phone


def test_a_phone_checks_in_by_the_projectors_picture_and_every_screen_shows_it(
    projector: Callable[..., Page], contexts: Contexts, codes: dict[str, str]
) -> None:
    code = codes["Lantern walk"]
    screen = projector(code)
    public, dashboard = contexts(viewport=PHONE).new_page(), contexts(ana=True).new_page()
    public.goto(f"/events/{code}/screen/")
    dashboard.goto(f"/dashboard/{code}/")
    for page in (screen, public, dashboard):
        checked_in(page, 0)
        page.evaluate("window.notReloaded = true")

    address = seen(screen)
    assert address
    phone = check_in_by_phone(contexts, address, "Nora Quist")

    expect(phone.locator("[data-answer]")).to_contain_text("Checked in")
    for page in (screen, public, dashboard):
        checked_in(page, 1)
        assert page.evaluate("window.notReloaded") is True
    expect(public.locator("body")).not_to_contain_text("Nora")
    expect(screen.locator("body")).not_to_contain_text("Nora")


def test_a_photographed_code_is_refused_in_words_two_minutes_later(
    contexts: Contexts, server: Server, codes: dict[str, str]
) -> None:
    code = codes["Cinema"]
    photographed = run(server, OLD_CODE.format(code=code, seconds=120))
    phone = contexts(viewport=PHONE, is_mobile=True, has_touch=True).new_page()

    phone.goto(photographed)

    expect(phone.get_by_role("alert")).to_contain_text("This code is too old. Scan the code on the screen again.")
    expect(phone.locator("input[name=entry]")).to_have_count(0)
    rows = "SELECT COUNT(*) FROM attendance a JOIN events e ON e.id = a.event_id WHERE e.code = ?"
    assert server.rows(rows, code) == [(0,)]


def test_link_previews_change_no_row(
    projector: Callable[..., Page], contexts: Contexts, server: Server, codes: dict[str, str]
) -> None:
    code = codes["Previewed"]
    address = str(seen(projector(code)))
    preview = contexts().request
    before = everything(server)

    for _again in range(10):
        for path in (address, f"/events/{code}/screen/", f"/events/{code}/live/", f"/events/{code}/qr/"):
            for method in ("GET", "HEAD", "OPTIONS"):
                preview.fetch(path, method=method)

    assert everything(server) == before


def everything(server: Server) -> dict[str, list[Any]]:
    """Every row of the database."""
    tables = [name for (name,) in server.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {table: server.rows(f'SELECT * FROM "{table}"') for table in tables}  # noqa: S608 - names of our own


def test_five_metres_away_and_from_the_side_the_code_is_read(
    projector: Callable[..., Page], codes: dict[str, str]
) -> None:
    page = projector(codes["Far"], color_scheme="dark")
    picture = page.locator(".display__code").screenshot()
    right = seen(page)

    # A code one metre wide fills 300 pixels of a phone's live picture from five metres.
    assert right
    assert qrreader.read(qrreader.photo(picture, width=300, blur=1)) == right
    assert qrreader.read(qrreader.photo(picture, width=300, angle=9, contrast=0.5)) == right
    assert qrreader.read(qrreader.photo(picture, width=500, tilt=0.12, blur=1)) == right
    # The negative control: ten times as far nobody reads it.
    assert qrreader.read(qrreader.photo(picture, width=30)) is None


@pytest.mark.parametrize("size", [PROJECTOR, {"width": 1280, "height": 720}, {"width": 1024, "height": 768}])
@pytest.mark.parametrize("name", ["Chess", "W" * 200], ids=["short", "long"])
def test_nothing_scrolls_on_a_wide_screen_and_the_code_fills_it(
    projector: Callable[..., Page], codes: dict[str, str], size: dict[str, int], name: str
) -> None:
    page = projector(codes[name], viewport=size)

    fits = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    box = page.locator(".display__code").bounding_box()

    assert fits == [size["width"], size["height"]]
    assert box
    assert box["height"] == box["width"]
    assert box["height"] >= min(0.93 * size["height"], 0.59 * size["width"])
    expect(page.locator(".display__tools a").last).to_be_in_viewport(ratio=1)


def test_on_a_phone_nothing_scrolls_sideways(projector: Callable[..., Page], codes: dict[str, str]) -> None:
    wide, long = codes["W" * 200], codes["Long name " * 20]
    page = projector(wide, viewport={"width": 320, "height": 640})

    for path in (f"/events/{wide}/qr/", f"/events/{long}/qr/print/", f"/events/{wide}/screen/", "/events/codes/print/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
        if "/qr/" in path:
            picture = Image.open(io.BytesIO(page.locator(".qr").screenshot()))
            assert qrreader.read(picture.resize((900, 900))), path


def test_a_new_code_comes_every_half_minute_without_anything_moving(
    projector: Callable[..., Page], codes: dict[str, str]
) -> None:
    page = projector(codes["Chess"], clock=True)
    before, place = str(seen(page)), page.locator("[data-qr]").bounding_box()
    page.evaluate("window.notReloaded = true")
    renewed = "https://check.example.org/c/RENEWED/"
    asked: list[str] = []

    def renew(route: Route) -> None:
        asked.append(route.request.url)
        drawn = qr.drawing(renewed, slanted=True)
        route.fulfill(json=route.fetch().json() | {"url": renewed, "qr": {"size": drawn.size, "path": drawn.path}})

    page.route("**/qr/now/", renew)
    page.clock.fast_forward(32_000)
    page.wait_for_function("url => document.querySelector('[data-display]').dataset.url === url", arg=renewed)

    assert seen(page) == renewed
    expect(page.locator("[data-left]")).to_have_text(re.compile(r"^([12]?\d|30)$"))
    assert page.evaluate("window.notReloaded") is True
    assert page.locator("[data-qr]").bounding_box() == place
    assert before.split("/c/")[1] not in "".join(asked)


def test_a_screen_says_that_its_code_is_too_old_while_the_server_is_away_and_recovers_by_itself(
    projector: Callable[..., Page], contexts: Contexts, server: Server, codes: dict[str, str]
) -> None:
    page = projector(codes["Cut off"], clock=True)
    page.evaluate("window.notReloaded = true")
    assert seen(page)
    server.kill()
    try:
        page.clock.fast_forward(61_000)
        expect(page.get_by_role("alert")).to_contain_text("This code is too old")
        expect(page.get_by_text("Waiting for the server")).to_be_visible()
        assert seen(page) is None
    finally:
        server.start()

    page.clock.fast_forward(20_000)

    expect(page.get_by_role("alert")).to_have_count(0, timeout=60_000)
    assert page.evaluate("window.notReloaded") is True
    phone = check_in_by_phone(contexts, str(seen(page)), "Ole Winter")
    expect(phone.locator("[data-answer]")).to_contain_text("Checked in")


@pytest.mark.parametrize(
    "sign",
    [
        "document.dispatchEvent(new Event('visibilitychange'))",
        "window.dispatchEvent(new Event('online'))",
        "window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
    ],
)
def test_a_screen_that_wakes_asks_at_once(projector: Callable[..., Page], codes: dict[str, str], sign: str) -> None:
    page = projector(codes["Asleep"])

    with page.expect_response("**/qr/now/", timeout=15_000) as answer:
        page.evaluate(sign)

    assert answer.value.ok


def test_a_screen_that_slept_through_the_life_of_its_code_never_shows_it(
    projector: Callable[..., Page], codes: dict[str, str]
) -> None:
    page = projector(codes["Long sleep"], clock=True)
    before = seen(page)
    assert before, page.locator("body").inner_text()
    page.route("**/qr/now/", lambda route: route.abort())

    page.clock.fast_forward("08:00:00")

    expect(page.get_by_role("alert")).to_contain_text("too old")
    assert seen(page) is None
    page.unroute("**/qr/now/")
    page.clock.fast_forward(20_000)
    expect(page.get_by_role("alert")).to_have_count(0)
    assert seen(page)


def test_ana_withdraws_the_code_and_another_screen_shows_the_new_one(
    projector: Callable[..., Page], contexts: Contexts, codes: dict[str, str]
) -> None:
    code = codes["Leaked"]
    other, mine = projector(code), projector(code)
    leaked = str(seen(other))
    other.wait_for_selector('[data-live-state="live"]')

    with other.expect_response("**/qr/now/"):
        mine.get_by_role("link", name="Withdraw code").click()
        mine.get_by_role("button", name="Withdraw the code").click()
    expect(mine.get_by_role("status").first).to_contain_text("has stopped working")
    other.wait_for_function("old => document.querySelector('[data-display]').dataset.url !== old", arg=leaked)
    phone = contexts(viewport=PHONE).new_page()
    phone.goto(leaked)

    expect(phone.locator("input[name=entry]")).to_have_count(0)
    assert seen(other) not in (None, leaked)


def test_a_screen_opens_and_closes_by_itself(
    projector: Callable[..., Page], server: Server, codes: dict[str, str]
) -> None:
    code = codes["Follows"]
    page = projector(code)
    expect(page.get_by_role("heading", level=1)).to_have_text("Self check-in is off")
    page.evaluate("window.notReloaded = true")

    for kind, words in (("poster", "Scan the code"), ("off", "Self check-in is off")):
        run(server, switch(code, kind))
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("[data-display]")).to_contain_text(words)
        assert bool(seen(page)) is (kind == "poster")
    assert page.evaluate("window.notReloaded") is True


def switch(code: str, kind: str) -> str:
    return f"""
from events.models import CheckInSettings
print(CheckInSettings.objects.filter(event__code={code!r}).update(self_check_in={kind!r}))
"""


def test_without_scripts_the_code_is_there_and_looks_again(contexts: Contexts, codes: dict[str, str]) -> None:
    code = codes["Chess"]
    page = contexts(ana=True, java_script_enabled=False, viewport=PROJECTOR).new_page()

    page.goto(f"/events/{code}/qr/")

    assert seen(page)
    expect(page.get_by_role("button", name="Full screen")).to_have_count(0)


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_each_event_is_one_page_of_paper_whose_code_is_read(
    contexts: Contexts, codes: dict[str, str], paper: Literal["A4", "Letter"]
) -> None:
    chosen = [codes["Short"], codes["Long name " * 20]]
    page = contexts(ana=True, color_scheme="dark").new_page()
    page.goto(f"/events/codes/print/?event={chosen[0]}&event={chosen[1]}")
    expect(page.get_by_role("button", name="Print")).to_be_visible()

    document = pypdfium2.PdfDocument(page.pdf(format=paper))
    single = contexts(ana=True).new_page()
    single.goto(f"/events/{chosen[1]}/qr/print/")
    alone = pypdfium2.PdfDocument(single.pdf(format=paper))

    assert (len(document), len(alone)) == (2, 1)
    said = [qrreader.read(sheet.render(scale=2).to_pil()) for sheet in document]
    assert [bool(text) and f"/c/{code}" in str(text) for text, code in zip(said, chosen, strict=True)] == [True, True]
    words = document[0].get_textpage().get_text_range()
    assert all(part in words for part in ("Short", "Library", "Open your camera.", "Works until", "Come to the desk"))
    assert "Choose events" not in words


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, {"width": 1280, "height": 720}], ids=["phone", "wide"])
def test_axe_finds_nothing_to_object_to(
    contexts: Contexts,
    codes: dict[str, str],
    size: dict[str, int],
    scheme: Literal["light", "dark"],
) -> None:
    poster, rotating = codes["Short"], codes["Chess"]
    others = [codes[name] for name in ("Off", "Draft", "Cancelled", "Early", "Closed")]
    page = contexts(ana=True, viewport=size, color_scheme=scheme, bypass_csp=True).new_page()
    paths = [f"/events/{code}/qr/" for code in (poster, rotating, *others)]
    paths += [f"/events/{poster}/{act}/" for act in ("qr/print", "qr/withdraw", "screen")]
    paths += [f"/events/{rotating}/qr/print/", "/events/codes/print/", f"/events/{others[2]}/screen/"]
    found: list[tuple[str, str, str]] = []

    for path in paths:
        page.goto(path)
        broken = Axe().run(page).response["violations"]
        found += [(path, violation["id"], violation["nodes"][0]["html"][:120]) for violation in broken]

    assert found == []


def test_pages_obey_their_own_security_policy(contexts: Contexts, codes: dict[str, str]) -> None:
    code = codes["Chess"]
    page = contexts(ana=True, viewport=PROJECTOR).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))

    for path in (f"/events/{code}/qr/", f"/events/{code}/screen/", "/events/codes/print/"):
        page.goto(path)
        page.wait_for_timeout(500)
    # A page that is left closes its socket before it has opened.
    assert [text for text in complaints if "WebSocket is closed before" not in text] == []


def test_the_full_screen_button_fills_the_screen(projector: Callable[..., Page], codes: dict[str, str]) -> None:
    page = projector(codes["Short"])

    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement !== null")
    page.get_by_role("button", name="Leave full screen").click()
    page.wait_for_function("document.fullscreenElement === null")
