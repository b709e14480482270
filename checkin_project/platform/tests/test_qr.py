"""QR pictures are read by another program than the one that made them, as they come into a camera."""

import io
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from PIL import Image

from checkin_project.platform import qr
from checkin_project.platform.tests import qrreader

# As long as an event code's address gets.
LINK = "https://check-in.club.campus.example.org/c/AhU8k2x_Zp4TqW7sYb3NcVf5Rg6HjMk9LdQe1XoIwAyS2uC8vB4nE7r/"
PRINTED = qr.png(LINK, correction="Q", slanted=True, scale=20)
SHOWN = qr.png(LINK, slanted=True, scale=10)


@pytest.mark.parametrize("correction", ["L", "M", "Q", "H"])
@pytest.mark.parametrize("text", [LINK, "P0123456789ABCDEFGHJKMNPQRS", "Grüße, Zoë ✓", "1"])
def test_every_form_says_the_same_text(text: str, correction: qr.Correction) -> None:
    drawn = qr.drawing(text, correction=correction)

    assert qrreader.read(qr.png(text, correction=correction)) == text
    assert qrreader.read(qrreader.drawn(drawn.path, drawn.size)) == text


@pytest.mark.parametrize("width", [220, 400, 900])
@pytest.mark.parametrize("angle", [0, 7, 45, 90, 137, 180, 271])
@pytest.mark.parametrize("picture", [PRINTED, SHOWN], ids=["print", "screen"])
def test_it_is_read_small_and_large_and_turned(picture: bytes, angle: float, width: int) -> None:
    assert qrreader.read(qrreader.photo(picture, width=width, angle=angle)) == LINK


@pytest.mark.parametrize(("width", "blur"), [(400, 1), (400, 2), (900, 3), (900, 5)])
@pytest.mark.parametrize("picture", [PRINTED, SHOWN], ids=["print", "screen"])
def test_it_is_read_out_of_focus(picture: bytes, width: int, blur: float) -> None:
    assert qrreader.read(qrreader.photo(picture, width=width, blur=blur)) == LINK
    assert qrreader.read(qrreader.photo(picture, width=width, blur=blur, angle=12)) == LINK


@pytest.mark.parametrize("picture", [PRINTED, SHOWN], ids=["print", "screen"])
def test_it_is_read_washed_out_and_from_below(picture: bytes) -> None:
    assert qrreader.read(qrreader.photo(picture, contrast=0.15)) == LINK
    assert qrreader.read(qrreader.photo(picture, width=700, tilt=0.12)) == LINK
    assert qrreader.read(qrreader.photo(picture, width=700, tilt=0.08, contrast=0.4, blur=1, angle=5)) == LINK


def test_only_a_slanted_code_is_read_from_below() -> None:
    upright = qr.png(LINK[:60])
    slanted = qr.png(LINK[:60], slanted=True)

    assert qrreader.read(qrreader.photo(upright, width=700, tilt=0.12)) is None
    assert qrreader.read(qrreader.photo(slanted, width=700, tilt=0.12)) == LINK[:60]


def test_correction_that_costs_no_module_is_given() -> None:
    assert qr.matrix("x" * 40, slanted=True) == qr.matrix("x" * 40, slanted=True, correction="H")
    assert qr.matrix("1", correction="L") == qr.matrix("1", correction="H")
    assert len(qr.matrix(LINK)) < len(qr.matrix(LINK, correction="H"))


def test_paper_survives_a_stain_that_a_screens_code_does_not() -> None:
    def stained(picture: bytes) -> Image.Image:
        opened = Image.open(io.BytesIO(picture)).convert("L").resize((900, 900))
        opened.paste(255, (500, 450, 820, 770))
        return opened

    assert qrreader.read(stained(PRINTED)) == LINK
    assert qrreader.read(stained(SHOWN)) is None


def test_the_reader_of_these_tests_notices_a_lost_quiet_zone_and_too_much_blur() -> None:
    modules = qr.drawing(LINK, slanted=True).size
    framed = qrreader.without_quiet_zone(SHOWN, modules)

    assert qrreader.read(framed) is None
    assert qrreader.read(qrreader.photo(SHOWN, width=400, blur=9)) is None
    assert qrreader.read(Image.new("L", (300, 300), 255)) is None


def test_the_quiet_zone_is_four_modules_on_every_side() -> None:
    rows = qr.matrix("quiet")
    bare = qr.matrix("quiet", border=0)

    assert [row[4:-4] for row in rows[4:-4]] == bare
    assert not any(any(row) for row in [*rows[:4], *rows[-4:]])
    assert not any(any(row[:4] + row[-4:]) for row in rows)


def test_the_png_is_black_and_white_with_the_asked_pixels_per_module() -> None:
    opened = Image.open(io.BytesIO(qr.png("size", scale=7)))

    assert (opened.format, opened.mode, opened.size) == ("PNG", "1", (29 * 7, 29 * 7))
    assert [[not opened.getpixel((x * 7 + 3, y * 7 + 3)) for x in range(29)] for y in range(29)] == qr.matrix("size")


def test_the_svg_is_one_crisp_path_on_a_white_ground_without_styles() -> None:
    document = ElementTree.fromstring(qr.svg("Grüße <&>"))  # noqa: S314 - our own
    ground, modules = list(document)
    size = qr.drawing("Grüße <&>").size

    assert document.attrib == {"viewBox": f"0 0 {size} {size}", "shape-rendering": "crispEdges"}
    assert (ground.attrib["fill"], modules.attrib["fill"]) == ("#fff", "#000")
    assert qrreader.read(qrreader.drawn(modules.attrib["d"], size)) == "Grüße <&>"


def test_the_template_part_draws_it_with_words_for_those_who_cannot_see_it() -> None:
    part = render_to_string("_qr.html", {"qr": qr.drawing("part"), "label": "A <code>"})

    assert 'role="img" aria-label="A &lt;code&gt;"' in part
    assert f'd="{qr.drawing("part").path}"' in part
    assert "style=" not in part


def test_text_that_no_code_can_hold_is_an_error() -> None:
    with pytest.raises(ValueError, match="too long"):
        qr.svg("x" * 3000)
