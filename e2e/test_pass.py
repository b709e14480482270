"""A pass from the admin to the door, in a real browser: on a phone, on paper, and when it was replaced."""

import io
import re
from functools import partial
from typing import Any, Literal

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageFilter
from playwright.sync_api import FloatRect, Page, expect

from e2e.conftest import Contexts, Server, sign_in

pytestmark = pytest.mark.browser

MILLIMETRE = 96 / 25.4
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
# Names that have to fit on a card, in several scripts and at their longest.
NAMES = (
    ("W" * 100, "M" * 100),
    ("王小明", ""),
    ("محمد عبد الرحمن", "الشريف"),
    ("Maximiliano Bartholomew", "Featherstonehaugh-Cholmondeley"),
    ("สมชาย", "ศรีสุวรรณพงศ์ไพบูลย์"),
    ("Anna-Lena Charlotte", "von und zu Hohenstein"),
    ("Дмитрий", "Достоевский"),
    ("Bo", "Li"),
)


@pytest.fixture(scope="module")
def token(server: Server, code: str) -> str:
    return server.command("create_device", "Front door", "--kind=kiosk", f"--event={code}")


@pytest.fixture
def contexts(contexts: Contexts) -> Contexts:
    return partial(contexts, viewport=DESK, reduced_motion="reduce")


def _staff(contexts: Contexts, then: str = "/admin/members/member/", **options: Any) -> Page:
    page = contexts(**options).new_page()
    sign_in(page, then)
    return page


def _kiosk(contexts: Contexts, server: Server, token: str, code: str) -> Page:
    context = contexts()
    context.add_cookies([{"name": "device", "value": token, "url": server.url}])
    page = context.new_page()
    page.goto(f"/kiosk/{code}/")
    return page


def _scan(kiosk: Page, text: str) -> None:
    """As a wedge scanner does it: it types the code and ends the line."""
    expect(kiosk.get_by_role("alert")).to_have_count(0, timeout=15_000)
    kiosk.get_by_label("Welcome").press_sequentially(text)
    kiosk.keyboard.press("Enter")


def _absent(server: Server, *, has_pass: bool) -> list[tuple[int, str]]:
    """Ids and names of members who are not in yet, with or without a valid pass."""
    return server.rows(
        "SELECT id, first_name || ' ' || last_name FROM members WHERE v_number IS NOT NULL AND id NOT IN"
        " (SELECT member_id FROM attendance WHERE attended AND member_id IS NOT NULL)"
        " AND EXISTS (SELECT 1 FROM passes WHERE revoked_at IS NULL AND member_id = members.id) = ? ORDER BY id",
        has_pass,
    )


def _read(picture: bytes | Image.Image) -> list[str]:
    """What an independent reader finds."""
    image = Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else picture
    return [found.text for found in zxingcpp.read_barcodes(image.convert("L"))]


def _press(page: Page, name: str) -> None:
    page.locator(".object-tools").get_by_role("button", name=name).click()


def _choose(page: Page, action: str, *member_ids: int) -> None:
    page.goto("/admin/members/member/")
    for member_id in member_ids:
        page.locator(f'input[name="_selected_action"][value="{member_id}"]').check()
    page.locator('select[name="action"]').select_option(action)
    page.get_by_role("button", name="Go").click()


def _issued(server: Server, member_id: int) -> str:
    """The code of a member's pass, issued by the command line if need be."""
    return server.command(
        "shell",
        "-v0",
        "-c",
        "from django.utils import timezone; from members import passes; from members.models import Member\n"
        f"print(passes.issue(Member.objects.get(pk={member_id}), at=timezone.now())[1])",
    )


# --- From issuing to the door ---------------------------------------------------------------------


def test_ana_issues_a_pass_ben_shows_it_and_the_one_it_replaces_is_refused(
    contexts: Contexts, server: Server, token: str, code: str
) -> None:
    (member_id, name), *_others = _absent(server, has_pass=False)
    ana, phone = _staff(contexts), contexts(viewport=PHONE, device_scale_factor=2).new_page()
    kiosk = _kiosk(contexts, server, token, code)

    ana.goto(f"/admin/members/member/{member_id}/change/")
    _press(ana, "Issue a pass")
    expect(ana.get_by_text("1 pass issued.")).to_be_visible()
    link = str(ana.get_by_role("link", name="Open pass").get_attribute("href"))
    phone.goto(link)
    expect(phone.get_by_role("heading", name=name)).to_be_visible()
    (shown,) = _read(phone.screenshot())

    # A second pass before the first was used: the first is refused in words, on the phone and at the door.
    _press(ana, "Reissue the pass")
    ana.get_by_role("button", name="Reissue").click()
    expect(ana.get_by_text("1 pass reissued.")).to_be_visible()
    phone.reload()
    expect(phone.get_by_role("heading", name="This pass was replaced")).to_be_visible()
    _scan(kiosk, shown)
    expect(kiosk.get_by_role("alert")).to_contain_text("This pass was replaced by a newer one")

    phone.goto(str(ana.get_by_role("link", name="Open pass").get_attribute("href")))
    (new,) = _read(phone.screenshot())
    _scan(kiosk, new)
    expect(kiosk.get_by_role("alert")).to_contain_text(f"Checked in {name}")
    phone.reload()
    expect(phone.get_by_text("You are checked in")).to_be_visible()
    assert shown != new
    assert server.rows("SELECT attended FROM attendance WHERE member_id = ?", member_id) == [(1,)]


def test_after_a_bulk_reissue_old_passes_are_refused_and_new_ones_come_in(
    contexts: Contexts, server: Server, token: str, code: str
) -> None:
    (first, name), (second, _name), *_others = _absent(server, has_pass=False)
    old = [_issued(server, member_id) for member_id in (first, second)]
    ana, kiosk = _staff(contexts), _kiosk(contexts, server, token, code)

    _choose(ana, "reissue_pass", first, second)
    ana.get_by_role("button", name="Reissue").click()
    expect(ana.get_by_text("2 passes reissued.")).to_be_visible()

    for refused in old:
        _scan(kiosk, refused)
        expect(kiosk.get_by_role("alert")).to_contain_text("Code withdrawn")
    _scan(kiosk, _issued(server, first))
    expect(kiosk.get_by_role("alert")).to_contain_text(f"Checked in {name}")


def test_the_link_of_a_pass_is_copied_with_one_click(contexts: Contexts, server: Server) -> None:
    (member_id, _name), *_others = _absent(server, has_pass=True)
    page = _staff(contexts, permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/admin/members/member/{member_id}/change/")

    page.get_by_role("button", name="Copy the pass's link").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{server.url}/pass/{_issued(server, member_id)}/"


# --- The page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_code_on_the_screen_is_read_by_day_and_by_night_and_from_aslant(
    contexts: Contexts, server: Server, width: int, scheme: Literal["light", "dark"]
) -> None:
    (member_id, _name), *_others = _absent(server, has_pass=True)
    issued = _issued(server, member_id)
    page = contexts(viewport={"width": width, "height": 740}, color_scheme=scheme, device_scale_factor=2).new_page()
    page.goto(f"/pass/{issued}/")

    seen = Image.open(io.BytesIO(page.screenshot())).convert("L")
    blurred = seen.filter(ImageFilter.GaussianBlur(4))
    slanted = [seen.rotate(angle, expand=True, fillcolor=90) for angle in (9, 90, 183)]

    assert [_read(picture) for picture in (seen, blurred, *slanted)] == [[issued]] * 5


def test_the_screen_stays_on_where_the_browser_offers_it_and_says_so(contexts: Contexts, server: Server) -> None:
    (member_id, _name), *_others = _absent(server, has_pass=True)
    path = f"/pass/{_issued(server, member_id)}/"
    with_lock, without, no_scripts = contexts(), contexts(), contexts(java_script_enabled=False)
    with_lock.add_init_script(
        "Object.defineProperty(navigator, 'wakeLock', {value: {request: async () => new EventTarget()}})"
    )
    without.add_init_script("delete Navigator.prototype.wakeLock")

    for context, is_said in ((with_lock, True), (without, False), (no_scripts, False)):
        page = context.new_page()
        page.goto(path, wait_until="networkidle")
        expect(page.get_by_text("Turn your screen bright")).to_be_visible()
        expect(page.get_by_text("The screen stays on")).to_be_visible(visible=is_said)


def test_the_pictures_are_downloaded_under_the_members_name(contexts: Contexts, server: Server) -> None:
    (member_id, name), *_others = _absent(server, has_pass=True)
    issued = _issued(server, member_id)
    page = contexts(accept_downloads=True).new_page()
    page.goto(f"/pass/{issued}/")

    with page.expect_download() as download:
        page.get_by_role("link", name="Keep as a picture").click()

    assert download.value.suggested_filename.startswith(f"pass-{name.split()[0].lower()}")
    assert _read(download.value.path().read_bytes()) == [issued]


# --- Cards ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def card_holders(server: Server) -> list[int]:
    """Eleven members, one more than a sheet of A4 holds."""
    made = server.command(
        "shell",
        "-v0",
        "-c",
        f"from members.models import Member\nnames = {NAMES!r} + (('Kim', 'One'), ('Kim', 'Two'), ('Kim', 'Three'))\n"
        "print(*[Member.objects.create(first_name=first, last_name=last).pk for first, last in names])",
    )
    return [int(number) for number in made.split()]


def _sheets(contexts: Contexts, server: Server, member_ids: list[int], **options: Any) -> Page:
    for member_id in member_ids[:1]:
        _issued(server, member_id)
    page = _staff(contexts, **options)
    _choose(page, "print_cards", *member_ids)
    if "/passes/cards/" not in page.url:
        page.get_by_role("button", name="Issue and show the cards").click()
    page.wait_for_url("**/passes/cards/*")
    return page


def _millimetres(box: FloatRect | None) -> tuple[float, float]:
    assert box
    return round(box["width"] / MILLIMETRE, 1), round(box["height"] / MILLIMETRE, 1)


@pytest.mark.parametrize(("paper", "per_sheet", "points"), [("a4", 10, (595, 842)), ("letter", 8, (612, 792))])
def test_cards_keep_their_size_on_paper(
    contexts: Contexts, server: Server, card_holders: list[int], paper: str, per_sheet: int, points: tuple[int, int]
) -> None:
    page = _sheets(contexts, server, card_holders)
    page.goto(f"{page.url}&paper={paper}")

    page.emulate_media(media="print")
    cards = page.locator(".pass-card")
    printed = page.pdf(prefer_css_page_size=True)

    sizes = {_millimetres(cards.nth(number).bounding_box()) for number in range(cards.count())}
    assert (cards.count(), sizes) == (11, {(85.6, 54.0)})
    assert page.locator(".sheet").first.locator(".pass-card").count() == per_sheet
    pages = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert [(round(float(wide)), round(float(high))) for wide, high in pages] == [points] * 2
    expect(page.get_by_role("button", name="Print")).to_be_hidden()


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_the_marks_point_at_the_corners_of_the_cards(
    contexts: Contexts, server: Server, card_holders: list[int], paper: str
) -> None:
    page = _sheets(contexts, server, card_holders)
    page.goto(f"{page.url}&paper={paper}")

    edges = page.evaluate(
        """() => {
          const sheet = document.querySelector(".sheet");
          const middle = (line) => {
            const box = line.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
          };
          const lines = [...sheet.querySelectorAll("line")];
          const upright = lines.filter((line) => line.getAttribute("x1") === line.getAttribute("x2"));
          const flat = lines.filter((line) => !upright.includes(line));
          const cards = [...sheet.querySelectorAll(".pass-card")].map((card) => card.getBoundingClientRect());
          return [
            upright.map((line) => middle(line)[0]), cards.flatMap((card) => [card.left, card.right]),
            flat.map((line) => middle(line)[1]), cards.flatMap((card) => [card.top, card.bottom]),
          ].map((values) => [...new Set(values.map(Math.round))].sort((a, b) => a - b));
        }"""
    )

    across, card_sides, down, card_ends = edges
    assert (across, down) == (card_sides, card_ends)
    assert len(across) == 3


def test_every_name_fits_on_its_card(contexts: Contexts, server: Server, card_holders: list[int]) -> None:
    page = _sheets(contexts, server, card_holders)
    page.emulate_media(media="print")

    spilt = page.evaluate(
        """() => [...document.querySelectorAll(".pass-card")].filter((card) => {
          const edge = card.getBoundingClientRect();
          const isOutside = (part) => {
            const box = part.getBoundingClientRect();
            return box.right > edge.right - 8 || box.bottom > edge.bottom - 8 || box.top < edge.top + 8;
          };
          const [house, name, hint] = card.querySelectorAll("p");
          const boxes = [house, name, hint].map((part) => part.getBoundingClientRect());
          const isStacked = boxes[0].bottom <= boxes[1].top && boxes[1].bottom <= boxes[2].top;
          const isSpilt = [...card.querySelectorAll("p, svg")].some(isOutside);
          return isSpilt || name.scrollWidth > name.clientWidth || !isStacked;
        }).map((card) => card.textContent.trim())"""
    )
    # Of all but the absurd one every letter is there.
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".pass-card__name")]
          .filter((name) => name.scrollHeight > name.clientHeight + 2).map((name) => name.textContent[0])"""
    )

    assert (spilt, cut) == ([], ["W"])


def test_printed_codes_are_read_sharp_blurred_and_rotated(
    contexts: Contexts, server: Server, card_holders: list[int]
) -> None:
    page = _sheets(contexts, server, card_holders, device_scale_factor=300 / 96)
    page.emulate_media(media="print")

    cards = [Image.open(io.BytesIO(card.screenshot())).convert("L") for card in page.locator(".pass-card").all()]

    codes = [_read(card) for card in cards]
    assert len({code for (code,) in codes}) == 11
    issued = [_issued(server, member_id) for member_id in card_holders[1:3]]
    assert {(code,) for code in issued} <= {tuple(found) for found in codes}
    for card, found in zip(cards, codes, strict=True):
        blurred = card.filter(ImageFilter.GaussianBlur(4))  # a third of a millimetre
        turned = [blurred.rotate(angle, expand=True, fillcolor=255) for angle in (11, 90, 184)]
        assert [_read(picture) for picture in (blurred, *turned)] == [found] * 4


# --- Looks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_on_any_page(
    contexts: Contexts, server: Server, card_holders: list[int], width: int, scheme: Literal["light", "dark"]
) -> None:
    looks: dict[str, Any] = {"viewport": {"width": width, "height": 780}, "color_scheme": scheme, "bypass_csp": True}
    (member_id, _name), *_others = _absent(server, has_pass=True)
    found: list[tuple[str, str]] = []

    def check(page: Page, screen: str) -> None:
        found.extend((screen, violation["id"]) for violation in Axe().run(page).response["violations"])
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((screen, "scrolls sideways"))

    phone = contexts(**looks).new_page()
    phone.goto(f"/pass/{_issued(server, member_id)}/")
    phone.get_by_text("If no camera can read it").click()
    check(phone, "pass")
    phone.goto("/pass/PNONE/")
    check(phone, "unknown")
    staff = _sheets(contexts, server, card_holders, **looks)
    check(staff, "cards")
    staff.goto("/passes/cards/")
    check(staff, "no cards")
    staff.goto("/admin/members/pass/")
    check(staff, "list of passes")
    staff.goto(f"/admin/members/member/{member_id}/change/")
    check(staff, "member")
    _choose(staff, "reissue_pass", *card_holders)
    check(staff, "question")

    assert found == []
